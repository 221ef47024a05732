//! The first line of every source file is a caption: `//!` and one sentence about its idea.

use super::Problem;
use super::sources::Sources;

pub fn check(sources: &Sources) -> Vec<Problem> {
    let missing = |(path, text): (&str, &str)| {
        let first = text.lines().next().unwrap_or_default();
        let caption = first.strip_prefix("//! ").unwrap_or_default().trim();
        // Two words are a name and not a sentence.
        let is_sentence = caption.split_whitespace().count() >= 3;
        (!is_sentence).then(|| Problem::new(path, 1, "the first line must be `//!` and a sentence about the file"))
    };
    sources.ending(".rs").filter_map(missing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caption_is_needed_and_must_say_something() {
        let sources = Sources::of(&[
            ("good.rs", "//! Splits text into words.\nfn f() {}\n"),
            ("late.rs", "use std::io;\n//! Splits text into words.\n"),
            ("bare.rs", "//! placeholder\n"),
            ("empty.rs", ""),
        ]);
        let paths: Vec<_> = check(&sources).into_iter().map(|problem| problem.path).collect();
        assert_eq!(paths, ["bare.rs", "empty.rs", "late.rs"]);
    }
}
