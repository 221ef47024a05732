//! Finds any of a list of phrases in a text, whatever their case and the white space between their words.

use regex::{Regex, RegexBuilder};
use tokenmill_core::BuildError;
use tokenmill_core::text::lines::Line;

/// Bytes that the compiled phrases may take: some ten thousand phrases.
const MAX_COMPILED: usize = 64 << 20;

/// A list of phrases, compiled into one automaton.
#[derive(Default)]
pub(crate) struct Phrases(Option<Regex>);

impl Phrases {
    /// From a parameter of the step; an empty list finds nothing.
    ///
    /// # Errors
    /// When a phrase is blank or holds a line feed, or there are too many phrases.
    pub(crate) fn new(param: &str, phrases: &[String]) -> Result<Phrases, BuildError> {
        let mut patterns = Vec::with_capacity(phrases.len());
        for phrase in phrases {
            if phrase.trim().is_empty() || phrase.contains('\n') {
                return Err(BuildError::new(format!(
                    "`{param}`: `{}` is no phrase to look for",
                    phrase.escape_debug()
                ))
                .hint("give phrases that hold a word and lie on one line"));
            }
            patterns.push(phrase.split_whitespace().map(regex::escape).collect::<Vec<_>>().join(r"[\s--\n]+"));
        }
        if patterns.is_empty() {
            return Ok(Phrases(None));
        }
        let regex = RegexBuilder::new(&patterns.join("|")).case_insensitive(true).size_limit(MAX_COMPILED).build();
        let regex = regex.map_err(|error| {
            BuildError::new(format!("`{param}` cannot be compiled: {error}")).hint("give fewer or shorter phrases")
        })?;
        Ok(Phrases(Some(regex)))
    }

    /// The byte range of the first phrase at or after byte `from`; white space at a phrase's ends does not count.
    pub(crate) fn find_at(&self, text: &str, from: usize) -> Option<std::ops::Range<usize>> {
        self.0.as_ref()?.find_at(text, from).map(|found| found.range())
    }

    /// How often phrases occur; those that overlap one before them do not count.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.0.as_ref().map_or(0, |regex| regex.find_iter(text).count())
    }

    /// The indexes of the lines that hold a phrase, in order; `lines` are those of `text`.
    pub(crate) fn lines<'a>(&'a self, text: &'a str, lines: &'a [Line]) -> impl Iterator<Item = usize> + 'a {
        let mut from = 0;
        std::iter::from_fn(move || {
            let phrase = self.find_at(text, from)?;
            let at = lines.partition_point(|line| (line.end as usize) < phrase.start);
            from = lines.get(at)?.end as usize;
            Some(at)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(list: &[&str]) -> Result<Phrases, BuildError> {
        Phrases::new("phrases", &list.iter().map(|phrase| (*phrase).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn case_and_white_space_do_not_matter() {
        let found = |text| phrases(&["use cookies", "Straße", "a.b"]).unwrap().find_at(text, 0);
        assert_eq!(found("We USE \u{a0}Cookies"), Some(3..16));
        assert_eq!(found("die STRASSE"), None);
        assert_eq!(found("die STRAẞE"), Some(4..12));
        assert_eq!(found("use\ncookies, axb"), None);
        assert_eq!(phrases(&["b"]).unwrap().find_at("bab", 1), Some(2..3));
        assert_eq!(phrases(&[]).unwrap().find_at("anything", 0), None);
    }

    #[test]
    fn phrases_that_cannot_be_found_are_errors() {
        for phrase in ["", " ", "two\nlines"] {
            assert!(phrases(&[phrase]).is_err());
        }
    }
}
