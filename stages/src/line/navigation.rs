//! Navigation phrases in short lines, as RefinedWeb cuts them: by where in the line they stand.

use crate::phrases::Phrases;
use std::ops::Range;
use tokenmill_core::text::lines::Line;
use tokenmill_core::{BuildError, Params};

/// Phrases that are cut at the start, at the end, or anywhere in a line.
pub(super) struct Navigation {
    starts: Phrases,
    ends: Phrases,
    parts: Phrases,
    /// All of them: a text is searched once, and only lines with a hit are looked at closely.
    any: Phrases,
}

impl Navigation {
    /// From the parameters `line_starts`, `line_ends` and `line_parts`.
    ///
    /// # Errors
    /// When a phrase cannot be looked for.
    pub(super) fn new(params: &Params) -> Result<Navigation, BuildError> {
        let phrases = |param| Phrases::new(param, params.texts(param));
        let names = ["line_starts", "line_ends", "line_parts"];
        let all: Vec<String> = names.iter().flat_map(|name| params.texts(name)).cloned().collect();
        Ok(Navigation {
            starts: phrases(names[0])?,
            ends: phrases(names[1])?,
            parts: phrases(names[2])?,
            any: Phrases::new("line_parts", &all)?,
        })
    }

    /// The indexes of lines that hold a phrase somewhere, in order.
    pub(super) fn lines<'a>(&'a self, text: &'a str, lines: &'a [Line]) -> impl Iterator<Item = usize> + 'a {
        self.any.lines(text, lines)
    }

    /// What to cut from one line: the phrases with the white space between them and the rest, from left to right; and
    /// whether anything but white space is left.
    pub(super) fn find(&self, text: &str, line: &Line, found: &mut Vec<Range<usize>>) -> bool {
        let (start, end) = (line.trimmed_start as usize, line.trimmed_end as usize);
        // Else a search that finds nothing would go on behind the line.
        let text = text.get(..end).unwrap_or("");
        let add = |phrase: Range<usize>, found: &mut Vec<Range<usize>>| {
            let from = found.last().map_or(start, |last| last.end);
            if phrase.start >= from {
                let before = &text[from..phrase.start];
                let after = &text[phrase.end..end];
                let n_before = before.len() - before.trim_end().len();
                // White space goes once: before the phrase, and after it only where the line starts with it.
                let n_after = if phrase.start == start { after.len() - after.trim_start().len() } else { 0 };
                found.push(phrase.start - n_before..phrase.end + n_after);
            }
        };
        if let Some(phrase) = self.starts.find_at(text, start).filter(|phrase| phrase.start == start) {
            add(phrase, found);
        }
        let mut from = start;
        while let Some(phrase) = self.parts.find_at(text, from) {
            from = phrase.end;
            add(phrase, found);
        }
        let mut from = start;
        while let Some(phrase) = self.ends.find_at(text, from) {
            if phrase.end == end {
                add(phrase, found);
                break;
            }
            from = phrase.start + text[phrase.start..].chars().next().map_or(1, char::len_utf8);
        }
        found.iter().map(|range| range.len()).sum::<usize>() < end - start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::refinedweb::ENTRY;
    use tokenmill_core::text::lines::split_lines;

    #[test]
    fn phrases_go_where_they_belong() {
        let navigation = Navigation::new(&Params::defaults(ENTRY.params)).unwrap();
        for (text, left) in [
            ("SIGN-IN  to your page", Some("to your page")),
            ("please sign-in", Some("please sign-in")),
            ("The harbour at dawn Read  more...", Some("The harbour at dawn")),
            ("Read more... about it", Some("Read more... about it")),
            ("read more... read more...", Some("read more...")),
            ("You have 2 items in cart now, or 3 items in cart", Some("You have 2 now, or 3")),
            ("sign-in items in cart read more…", None),
            ("  sign-in ", None),
        ] {
            let (mut lines, mut found) = (Vec::new(), Vec::new());
            split_lines(text, &mut lines);
            let leaves_something = navigation.find(text, &lines[0], &mut found);
            let mut out = text.to_owned();
            found.iter().rev().for_each(|range| out.replace_range(range.clone(), ""));
            assert_eq!(leaves_something.then_some(out.as_str()), left, "{text}");
        }
    }
}
