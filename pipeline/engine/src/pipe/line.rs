//! A document as a line of JSON, and a line of JSON as an answer about it.

use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;
use tokenmill_core::{DocId, Document, Pipe};

/// The reason of a removal for which the command gives none.
const NO_REASON: &str = "removed_by_command";
/// Bytes of a reason, at most.
const MAX_REASON: usize = 64;

/// What a command answers about a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Completes "removed because …"; `None` when the document stays.
    pub removed_because: Option<String>,
    /// The new text, where the command gives one.
    pub text: Option<String>,
    /// The numbers that the step declares, in their order.
    pub numbers: Vec<Option<f32>>,
}

/// Writes a document as a line, over what `out` held.
pub fn write_document(document: &Document, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    out.clear();
    let id = document.id.to_string();
    let fields = [
        ("{\"id\":", id.as_str()),
        (",\"url\":", &document.url),
        (",\"lang\":", &document.lang),
        (",\"kind\":", &document.kind),
        (",\"date\":", &document.date),
        (",\"title\":", &document.title),
        (",\"text\":", &document.text),
    ];
    for (key, value) in fields {
        out.extend_from_slice(key.as_bytes());
        serde_json::to_writer(&mut *out, value)?;
    }
    out.extend_from_slice(b",\"extra\":");
    // The object as it is, so that no number changes its digits; a line feed between its parts would end the line.
    match document.extra.as_str() {
        "" => out.extend_from_slice(b"{}"),
        extra if extra.contains(['\n', '\r']) => {
            out.extend(extra.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')))
        }
        extra => out.extend_from_slice(extra.as_bytes()),
    }
    out.write_all(b"}\n").map_err(serde_json::Error::io)
}

/// A line as commands write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    keep: bool,
    reason: Option<String>,
    text: Option<String>,
    numbers: Option<BTreeMap<String, Option<f64>>>,
}

/// Reads the answer about the document `id`; an error says what is wrong with it.
pub fn read_answer(line: &[u8], id: DocId, pipe: &Pipe) -> Result<Answer, String> {
    if !line.trim_ascii_start().starts_with(b"{") {
        return Err("is no JSON object".to_owned());
    }
    let written: Written<'_> = serde_json::from_slice(line).map_err(|error| format!("is no answer: {error}"))?;
    if written.id != id.to_string() {
        return Err(format!("is about `{}`: answers come in the order of the documents, one for each", written.id));
    }
    if written.text.is_some() && !pipe.may_edit {
        return Err("holds a `text`, which needs `may_edit = true`".to_owned());
    }
    let mut numbers = vec![None; pipe.numbers.len()];
    for (name, number) in written.numbers.into_iter().flatten() {
        let place = pipe.numbers.iter().position(|known| *known == name);
        let place = place.ok_or_else(|| format!("holds the number `{name}`, which `numbers` does not name"))?;
        numbers[place] = number.map(|number| number as f32);
        if numbers[place].is_some_and(|number| !number.is_finite()) {
            return Err(format!("holds a number `{name}` that is too large for 32 bits"));
        }
    }
    let reason = written.reason.filter(|reason| !written.keep && !reason.is_empty());
    let removed_because = (!written.keep).then(|| reason.unwrap_or_else(|| NO_REASON.to_owned()));
    if let Some(reason) = removed_because.as_ref().filter(|reason| !is_reason(reason)) {
        return Err(format!(
            "gives the reason `{}`: use snake_case, at most {MAX_REASON} bytes",
            reason.escape_debug()
        ));
    }
    let text = written.text.filter(|_| written.keep);
    Ok(Answer { removed_because, text, numbers })
}

fn is_reason(reason: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    reason.len() <= MAX_REASON && reason.starts_with(|c: char| c.is_ascii_lowercase()) && reason.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pipe() -> Pipe {
        let numbers = vec!["a".to_owned(), "b".to_owned()];
        Pipe { command: Vec::new(), files: Vec::new(), may_edit: true, numbers, max_output_ratio: 1.0 }
    }

    fn read(line: &str) -> Result<Answer, String> {
        read_answer(line.replace("ID", &DocId(7).to_string()).as_bytes(), DocId(7), &pipe())
    }

    #[test]
    fn documents_are_one_line_each() {
        let mut out = b"old".to_vec();
        let document = Document {
            id: DocId(7),
            url: "http://a/\"".into(),
            text: "a\nb\u{2028}\0é".into(),
            extra: "{\"x\":\n 1.10}".into(),
            ..Document::default()
        };
        write_document(&document, &mut out).unwrap();
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert!(str::from_utf8(&out).unwrap().contains("\"extra\":{\"x\": 1.10}"));
        let read: Value = serde_json::from_slice(&out).unwrap();
        let expected = json!({"id": DocId(7).to_string(), "url": "http://a/\"", "lang": "", "kind": "", "date": "",
            "title": "", "text": "a\nb\u{2028}\0é", "extra": {"x": 1.1}});
        assert_eq!(read, expected);
    }

    #[test]
    fn answers_are_read() {
        let kept = Answer { numbers: vec![None, None], ..Answer::default() };
        assert_eq!(read(r#"{"id":"ID","keep":true}"#), Ok(kept.clone()));
        assert_eq!(
            read("  {\"keep\":true,\"id\":\"ID\",\"reason\":null,\"text\":null,\"numbers\":{}}\r\n"),
            Ok(kept.clone())
        );
        assert_eq!(read(r#"{"id":"ID","keep":true,"reason":"Whatever!"}"#), Ok(kept.clone()));
        let numbers = Answer { numbers: vec![None, Some(0.5)], ..kept.clone() };
        assert_eq!(read(r#"{"id":"ID","keep":true,"numbers":{"b":0.5,"a":null}}"#), Ok(numbers));
        let removed = |reason: &str| Answer { removed_because: Some(reason.into()), ..kept.clone() };
        assert_eq!(read(r#"{"id":"ID","keep":false,"reason":"too_red","text":"x"}"#), Ok(removed("too_red")));
        assert_eq!(read(r#"{"id":"ID","keep":false,"reason":""}"#), Ok(removed("removed_by_command")));
        assert_eq!(read(r#"{"id":"ID","keep":true,"text":"x"}"#).unwrap().text.as_deref(), Some("x"));
    }

    #[test]
    fn wrong_answers_are_told_apart() {
        for (line, why) in [
            ("", "no JSON object"),
            ("hello", "no JSON object"),
            (r#"["ID",true,null,null,null]"#, "no JSON object"),
            (r#"{"id":"ID"}"#, "missing field `keep`"),
            (r#"{"id":"ID","keep":1}"#, "expected a boolean"),
            (r#"{"id":"ID","keep":true} {}"#, "trailing"),
            (r#"{"id":"ID","kep":true,"keep":true}"#, "unknown field `kep`"),
            (r#"{"id":"ID","keep":true,"keep":true}"#, "duplicate field"),
            (r#"{"id":"x","keep":true}"#, "is about `x`"),
            (r#"{"id":"ID","keep":true,"numbers":{"c":1}}"#, "`numbers` does not name"),
            (r#"{"id":"ID","keep":true,"numbers":{"a":1e39}}"#, "too large"),
            (r#"{"id":"ID","keep":true,"numbers":{"a":NaN}}"#, "is no answer"),
            (r#"{"id":"ID","keep":true,"text":"\ud800"}"#, "is no answer"),
            (r#"{"id":"ID","keep":false,"reason":"Too red"}"#, "snake_case"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(why), "{line}: {error}");
        }
        assert!(read_answer(b"{\"id\":\"\xff\"}", DocId(7), &pipe()).is_err());
        let strict = Pipe { may_edit: false, ..pipe() };
        let line = format!("{{\"id\":\"{}\",\"keep\":true,\"text\":\"x\"}}", DocId(7));
        assert!(read_answer(line.as_bytes(), DocId(7), &strict).unwrap_err().contains("may_edit"));
    }
}
