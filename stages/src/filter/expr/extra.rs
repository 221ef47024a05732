//! Looks up values in the extra columns of a document, a JSON object, in one pass and without building it.

use super::eval::Value;
use super::types::Type;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// What was found at one path; reused for the next document.
#[derive(Debug, Default)]
pub struct Found {
    kind: Option<Kind>,
    text: String,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Number(f64),
    Truth(bool),
    Text,
}

impl Found {
    /// The value, if it is a text.
    pub fn text(&self) -> Option<&str> {
        matches!(self.kind, Some(Kind::Text)).then_some(&self.text)
    }

    /// The value, unless it is of another type than is wanted.
    pub fn value(&self, wanted: Option<Type>) -> Value<'_> {
        match (self.kind, wanted) {
            (Some(Kind::Number(number)), Some(Type::Number) | None) => Value::Number(number),
            (Some(Kind::Truth(truth)), Some(Type::Truth) | None) => Value::Truth(truth),
            (Some(Kind::Text), Some(Type::Text) | None) => Value::Text(&self.text),
            _ => Value::Missing,
        }
    }
}

/// Fills `found`, one for every path, with what stands in `json` there. Nothing is found in what is no JSON.
pub fn find(json: &str, paths: &[Vec<String>], found: &mut Vec<Found>) {
    found.resize_with(paths.len(), Found::default);
    found.iter_mut().for_each(|found| found.kind = None);
    let all = u64::MAX >> (u64::BITS as usize - paths.len().clamp(1, super::types::MAX_PATHS));
    let mut reader = serde_json::Deserializer::from_str(json);
    let walked = Walk { paths, found, here: all, depth: 0 }.deserialize(&mut reader);
    if walked.is_err() || reader.end().is_err() {
        found.iter_mut().for_each(|found| found.kind = None);
    }
}

/// A value, and the paths that lead to it or through it: a bit each.
struct Walk<'a> {
    paths: &'a [Vec<String>],
    found: &'a mut [Found],
    here: u64,
    depth: usize,
}

impl Walk<'_> {
    /// Sets what was found for the paths that end here.
    fn set(self, kind: Kind, text: &str) {
        for (at, (path, found)) in self.paths.iter().zip(self.found).enumerate() {
            if self.here >> at & 1 == 1 && path.len() == self.depth {
                found.kind = Some(kind);
                found.text.clear();
                found.text.push_str(text);
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.here == 0 {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(drop);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<(), E> {
        self.set(Kind::Truth(truth), "");
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.set(Kind::Number(number as f64), "");
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.set(Kind::Number(number as f64), "");
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.set(Kind::Number(number), "");
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.set(Kind::Text, text);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Walk { paths, found, here, depth } = self;
        while let Some(here) = entries.next_key_seed(Key { paths, here, depth })? {
            entries.next_value_seed(Walk { paths, found: &mut *found, here, depth: depth + 1 })?;
        }
        Ok(())
    }
}

/// A key: which of the paths go on with it.
struct Key<'a> {
    paths: &'a [Vec<String>],
    here: u64,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<u64, E> {
        let goes_on = |(at, path): (usize, &Vec<String>)| {
            let fits = self.here >> at & 1 == 1 && path.get(self.depth).is_some_and(|part| part == key);
            u64::from(fits) << at
        };
        Ok(self.paths.iter().enumerate().map(goes_on).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str, paths: &[&[&str]]) -> Vec<String> {
        let paths: Vec<Vec<String>> =
            paths.iter().map(|path| path.iter().map(|part| (*part).to_owned()).collect()).collect();
        let mut found = vec![Found { kind: Some(Kind::Text), text: "old".into() }];
        find(json, &paths, &mut found);
        found.iter().map(|found| format!("{:?}", found.value(None))).collect()
    }

    #[test]
    fn values_are_found_along_paths() {
        let json = r#"{"a": 1, "b": {"c": "x", "d": [1, {"e": 2}], "e.f": true}, "g": null, "h\u0061": -2.5, "i": {}}"#;
        let paths: [&[&str]; 9] =
            [&["a"], &["b", "c"], &["b"], &["b", "d"], &["b", "e.f"], &["g"], &["ha"], &["i"], &["a", "b"]];
        let expected = [
            "Number(1.0)",
            "Text(\"x\")",
            "Missing",
            "Missing",
            "Truth(true)",
            "Missing",
            "Number(-2.5)",
            "Missing",
            "Missing",
        ];
        assert_eq!(found(json, &paths), expected);
    }

    #[test]
    fn what_is_no_object_holds_nothing() {
        for json in ["", "7", "[]", "null", r#"{"a": 1"#, r#"{"a": 1} x"#, "\"a\""] {
            assert_eq!(found(json, &[&["a"]]), ["Missing"], "{json}");
        }
        let deep = format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
        assert_eq!(found(&deep, &[&["a"]]), ["Missing"]);
    }

    #[test]
    fn values_have_the_type_that_is_wanted() {
        let mut out = Vec::new();
        find(r#"{"a": "1", "b": 1}"#, &[vec!["a".into()], vec!["b".into()]], &mut out);
        assert_eq!(out[0].value(Some(Type::Number)), Value::Missing);
        assert_eq!(out[0].value(Some(Type::Text)), Value::Text("1"));
        assert_eq!(out[1].value(Some(Type::Text)), Value::Missing);
    }

    #[test]
    fn all_paths_have_a_bit() {
        let paths: Vec<Vec<String>> = (0..64).map(|n| vec![format!("k{n}")]).collect();
        let json = format!("{{{}}}", (0..64).map(|n| format!("\"k{n}\": {n}")).collect::<Vec<_>>().join(","));
        let mut out = Vec::new();
        find(&json, &paths, &mut out);
        for (n, found) in out.iter().enumerate() {
            assert_eq!(found.value(None), Value::Number(n as f64));
        }
    }
}
