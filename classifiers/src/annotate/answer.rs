//! The form of an answer, and reading one strictly: what is not exactly in its form is no label.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// What an answer must look like.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// One JSON object, or a last line.
    pub form: Form,
    /// What the value is called: a key of the object, or the word before the colon.
    pub key: String,
    /// Whether the model gives its reason before it gives the value.
    #[serde(default = "yes")]
    pub reason: bool,
    /// The lowest score.
    pub min: Option<i64>,
    /// The highest score.
    pub max: Option<i64>,
    /// The labels and what they mean, instead of scores.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

/// The forms of an answer.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Nothing but one JSON object.
    Json,
    /// Any text whose last line is `key: value`.
    LastLine,
}

/// A label that was read from an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The label; a score in digits.
    pub label: String,
    /// The score, where it is one.
    pub score: Option<f32>,
}

/// Why an answer has no label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unreadable {
    /// There is no text in it.
    #[error("it is empty")]
    Empty,
    /// It ended at the limit of tokens, before it could be read.
    #[error("it was cut off at the limit of tokens")]
    Cut,
    /// The service will not answer about the document.
    #[error("refused")]
    Refused,
    /// The object has a key twice, or one that nobody asked for.
    #[error("it has other keys than were asked for, or one twice")]
    OtherKeys,
    /// It is not one JSON object and nothing else.
    #[error("it is not one JSON object")]
    NoObject,
    /// Its last line is not `key: value`.
    #[error("its last line is not of the form that was asked for")]
    NoLine,
    /// The object has no such key.
    #[error("the key is missing")]
    NoKey,
    /// The value is no whole number, or no text.
    #[error("the value has another type")]
    OtherType,
    /// The score is below the lowest or above the highest.
    #[error("the score is out of range")]
    OutOfRange,
    /// There is no such label.
    #[error("the label is none of the set")]
    UnknownLabel,
}

impl Answer {
    /// Says what is wrong with the form itself.
    ///
    /// # Errors
    /// When it has no key, or neither or both of a range of scores and a set of labels.
    pub fn check(&self) -> Result<(), String> {
        let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_word(&self.key) || self.key == "reason" {
            return Err(format!("`answer.key` is `{}`; it must be a word other than `reason`", self.key));
        }
        match (self.min, self.max, self.labels.len()) {
            (Some(min), Some(max), 0) if min < max => Ok(()),
            (None, None, 2..) => match self.labels.keys().find(|label| !is_word(label)) {
                Some(label) => Err(format!("the label `{label}` must consist of letters, digits and `_`")),
                None => Ok(()),
            },
            _ => Err("give either `answer.min` below `answer.max`, or two `[answer.labels]` or more".to_owned()),
        }
    }

    /// The form in words, for the model.
    pub fn describe(&self) -> String {
        let value = match (self.min, self.max) {
            (Some(min), Some(max)) => format!("<whole number from {min} to {max}>"),
            _ => "<one of the labels>".to_owned(),
        };
        let key = &self.key;
        match self.form {
            Form::Json => {
                let reason = if self.reason { "\"reason\": \"<one or two sentences>\", " } else { "" };
                let value = if self.labels.is_empty() { value } else { format!("\"{value}\"") };
                format!("Answer with one JSON object and nothing else, in this form:\n{{{reason}\"{key}\": {value}}}")
            }
            Form::LastLine => {
                let reason = if self.reason { "Give your reason in one or two sentences. Then end" } else { "Answer" };
                format!("{reason} with a line of this form and nothing after it:\n{key}: {value}")
            }
        }
    }

    /// Reads an answer. Thoughts that a model puts before it (up to the last `</think>`, unless an object begins before it) and a code fence around an object are no part of
    /// it; anything else that the form does not have makes it unreadable.
    ///
    /// # Errors
    /// Why there is no label.
    pub fn read(&self, said: &str) -> Result<Given, Unreadable> {
        let said = said.trim_start();
        let said = match said.rsplit_once("</think>") {
            Some((_, rest)) if !said.starts_with('{') => rest,
            None if said.starts_with("<think>") => "",
            _ => said,
        };
        let said = said.trim();
        if said.is_empty() {
            return Err(Unreadable::Empty);
        }
        match self.form {
            Form::Json => {
                let Pairs(pairs) = serde_json::from_str(inside_fence(said)).map_err(|_| Unreadable::NoObject)?;
                let n_of = |name: &str| pairs.iter().filter(|(key, _)| key == name).count();
                let (_, value) = pairs.iter().find(|(key, _)| *key == self.key).ok_or(Unreadable::NoKey)?;
                let n_reasons = if self.reason { n_of("reason") } else { 0 };
                if n_reasons > 1 || pairs.len() != 1 + n_reasons {
                    return Err(Unreadable::OtherKeys);
                }
                self.value(value)
            }
            Form::LastLine => {
                let last = said.lines().next_back().unwrap_or_default();
                // Emphasis is how models write a line that matters.
                let last = last.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '`'));
                let (key, value) = last.split_once(':').ok_or(Unreadable::NoLine)?;
                let bare = |text: &'_ str| text.trim_matches(|c: char| c.is_whitespace() || c == '*').to_owned();
                if !bare(key).eq_ignore_ascii_case(&self.key) {
                    return Err(Unreadable::NoLine);
                }
                let value = bare(value);
                match self.labels.is_empty() {
                    true => self.value(&serde_json::from_str(&value).map_err(|_| Unreadable::OtherType)?),
                    false => self.value(&value.into()),
                }
            }
        }
    }

    fn value(&self, value: &Value) -> Result<Given, Unreadable> {
        let Some((min, max)) = self.min.zip(self.max) else {
            let said = value.as_str().ok_or(Unreadable::OtherType)?.trim();
            let label = self.labels.keys().find(|label| label.eq_ignore_ascii_case(said));
            let label = label.ok_or(Unreadable::UnknownLabel)?.clone();
            return Ok(Given { label, score: None });
        };
        let whole = |number: f64| (number.fract() == 0.0 && number.abs() < 1e9).then_some(number as i64);
        let score = value.as_i64().or_else(|| whole(value.as_f64()?)).ok_or(Unreadable::OtherType)?;
        if !(min..=max).contains(&score) {
            return Err(Unreadable::OutOfRange);
        }
        Ok(Given { label: score.to_string(), score: Some(score as f32) })
    }
}

/// The keys and values of an object, with those that come twice.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Pairs;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// What a fence of three backticks encloses, if there is one around everything.
fn inside_fence(said: &str) -> &str {
    let inside =
        said.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")).and_then(|rest| rest.split_once('\n'));
    inside.map_or(said, |(_, inside)| inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(form: Form) -> Answer {
        let (min, max) = (Some(0), Some(5));
        Answer { form, key: "score".into(), reason: true, min, max, labels: BTreeMap::new() }
    }

    fn labels(form: Form) -> Answer {
        let labels = ["news", "how_to"].map(|label| (label.to_owned(), "…".to_owned())).into();
        Answer { key: "kind".into(), min: None, max: None, labels, ..scores(form) }
    }

    #[test]
    fn objects_are_read_strictly() {
        for (said, expected) in [
            (r#"{"reason": "so", "score": 3}"#, Ok("3")),
            ("```json\n{\"score\": 4.0}\n```", Ok("4")),
            ("<think>maybe {\"score\": 1}</think>\n {\"score\":0} ", Ok("0")),
            ("", Err(Unreadable::Empty)),
            ("<think>and so on", Err(Unreadable::Empty)),
            ("so it is</think>{\"score\": 2}", Ok("2")),
            ("<think>a</think>b</think>{\"score\": 2}", Ok("2")),
            (r#"{"reason": "it says </think>", "score": 2}"#, Ok("2")),
            (r#"{"score": 3, "score": 4}"#, Err(Unreadable::OtherKeys)),
            (r#"{"score": 3, "other": 4}"#, Err(Unreadable::OtherKeys)),
            (r#"{"reason": "a", "score": 3, "reason": "b"}"#, Err(Unreadable::OtherKeys)),
            (r#"The answer is {"score": 3}"#, Err(Unreadable::NoObject)),
            (r#"{"score": 3} {"score": 4}"#, Err(Unreadable::NoObject)),
            (r#"[{"score": 3}]"#, Err(Unreadable::NoObject)),
            (r#"{"score": 3"#, Err(Unreadable::NoObject)),
            (r#"{"Score": 3}"#, Err(Unreadable::NoKey)),
            (r#"{"score": "3"}"#, Err(Unreadable::OtherType)),
            (r#"{"score": 3.5}"#, Err(Unreadable::OtherType)),
            (r#"{"score": null}"#, Err(Unreadable::OtherType)),
            (r#"{"score": 6}"#, Err(Unreadable::OutOfRange)),
            (r#"{"score": -1}"#, Err(Unreadable::OutOfRange)),
            (r#"{"score": 1e300}"#, Err(Unreadable::OtherType)),
        ] {
            let read = scores(Form::Json).read(said);
            assert_eq!(read.as_ref().map(|given| given.label.as_str()).map_err(|why| *why), expected, "{said}");
        }
        let read = labels(Form::Json).read(r#"{"kind": "News"}"#).unwrap();
        assert_eq!(read, Given { label: "news".into(), score: None });
        assert_eq!(labels(Form::Json).read(r#"{"kind": "newsy"}"#), Err(Unreadable::UnknownLabel));
        assert_eq!(labels(Form::Json).read(r#"{"kind": 1}"#), Err(Unreadable::OtherType));
    }

    #[test]
    fn a_last_line_is_the_last_line() {
        for (said, expected) in [
            ("Clear.\nscore: 3", Ok("3")),
            ("score: 1\n\n**Score: 2**\n", Ok("2")),
            ("**score:** 5", Ok("5")),
            ("score: 3.0", Ok("3")),
            ("score: 3.5", Err(Unreadable::OtherType)),
            ("score: 3\nThat is all.", Err(Unreadable::NoLine)),
            ("3", Err(Unreadable::NoLine)),
            ("my score: 3", Err(Unreadable::NoLine)),
            ("score: 3/5", Err(Unreadable::OtherType)),
            ("score: 9", Err(Unreadable::OutOfRange)),
        ] {
            let read = scores(Form::LastLine).read(said);
            assert_eq!(read.as_ref().map(|given| given.label.as_str()).map_err(|why| *why), expected, "{said}");
        }
        assert_eq!(labels(Form::LastLine).read("kind: HOW_TO").unwrap().label, "how_to");
        assert_eq!(labels(Form::LastLine).read("kind: recipe"), Err(Unreadable::UnknownLabel));
    }

    #[test]
    fn a_form_that_cannot_be_is_refused() {
        assert!(scores(Form::Json).check().is_ok() && labels(Form::LastLine).check().is_ok());
        for wrong in [
            Answer { max: Some(0), ..scores(Form::Json) },
            Answer { max: None, ..scores(Form::Json) },
            Answer { min: Some(1), max: Some(2), ..labels(Form::Json) },
            Answer { key: "reason".into(), ..scores(Form::Json) },
            Answer { key: "a b".into(), ..scores(Form::Json) },
            Answer { labels: [("one".into(), String::new())].into(), ..labels(Form::Json) },
            Answer { labels: ["a b", "c"].map(|name| (name.into(), String::new())).into(), ..labels(Form::Json) },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
