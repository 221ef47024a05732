//! No unfinished work: no ignored tests, no placeholders, no notes to oneself.

use super::Problem;
use super::sources::Sources;

// Written in two halves, so that this file does not break its own rule.
const MARKS: [(&str, &str); 6] = [
    (concat!("#[", "ignore"), "a test that does not run protects nothing; fix it or remove it"),
    (concat!("to", "do!("), "finish it or leave it out"),
    (concat!("unimplemented", "!("), "finish it or leave it out"),
    (concat!("dbg", "!("), "remove what was for debugging"),
    (concat!("TO", "DO"), "write an issue instead of a note"),
    (concat!("FIX", "ME"), "write an issue instead of a note"),
];

pub fn check(sources: &Sources) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in sources.ending(".rs").chain(sources.ending(".md")).chain(sources.ending(".toml")) {
        for (index, line) in text.lines().enumerate() {
            for (mark, advice) in MARKS {
                if line.contains(mark) {
                    problems.push(Problem::new(path, index + 1, format!("`{mark}` stands here; {advice}")));
                }
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_found_with_its_line() {
        for (mark, _) in MARKS {
            let text = format!("//! A file with a mark in it.\n{mark}\n");
            let problems = check(&Sources::of(&[("a.rs", &text)]));
            assert_eq!(problems.len(), 1, "{mark}");
            assert_eq!(problems[0].line, 2);
        }
        assert!(check(&Sources::of(&[("a.rs", "//! Nothing to see here.\n")])).is_empty());
    }
}
