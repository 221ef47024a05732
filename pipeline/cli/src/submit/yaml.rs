//! YAML as Kubernetes reads it, from values that JSON can hold.

use serde_json::Value;

/// A document in block style.
pub fn document(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(_) | Value::Array(_) if !is_empty(value) => block(value, 0, &mut text),
        _ => text.push_str(&format!("{}\n", scalar(value))),
    }
    text
}

fn block(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                text.push_str(&format!("{indent}{}:", string(name)));
                entry(field, depth + 1, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                if is_empty(item) || !(item.is_object() || item.is_array()) {
                    text.push_str(&format!("{indent}- {}\n", scalar(item)));
                    continue;
                }
                // The first line of the item stands behind the hyphen.
                let mut inner = String::new();
                block(item, depth + 1, &mut inner);
                text.push_str(&format!("{indent}- {}", inner.trim_start_matches(' ')));
            }
        }
        _ => {}
    }
}

/// What stands behind a name and its colon.
fn entry(value: &Value, depth: usize, text: &mut String) {
    if is_empty(value) || !(value.is_object() || value.is_array()) {
        text.push_str(&format!(" {}\n", scalar(value)));
        return;
    }
    text.push('\n');
    block(value, depth, text);
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        // Numbers, truth values, null, `{}` and `[]` are the same in JSON and YAML.
        other => other.to_string(),
    }
}

/// A string, bare where no reader of YAML 1.1 or 1.2 can take it for something else; else in the quotes of JSON, which YAML
/// reads, too.
fn string(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let is_bare = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_word);
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    if is_bare && !words.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blocks_are_indented_and_strings_quoted_where_they_must() {
        let value = json!({
            "kind": "Job",
            "args": ["task", "--plan", "3", "yes", "s3://b/x", "a: b"],
            "rules": [{"action": "Ignore", "values": [2, 65]}, {"nested": {"on": true}}],
            "none": {},
            "list": [[1, 2], []],
        });
        let expected = "\
kind: Job
args:
  - task
  - \"--plan\"
  - \"3\"
  - \"yes\"
  - \"s3://b/x\"
  - \"a: b\"
rules:
  - action: Ignore
    values:
      - 2
      - 65
  - nested:
      \"on\": true
none: {}
list:
  - - 1
    - 2
  - []
";
        assert_eq!(document(&value), expected);
    }
}
