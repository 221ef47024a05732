//! The life of a text, line by line and masked: what the page shows, what was extracted, what was cut, what is left.

use super::story::Story;
use super::tame;
use crate::inspect::mask::Mask;
use crate::inspect::trail::{Piece, Trail};
use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::ops::Range;

/// The shortest value that is masked wherever it stands: shorter ones are everyday numbers and words.
const MIN_VALUE: usize = 5;

/// A stretch of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bit {
    /// What stands or stood there, masked; empty for what was put in.
    pub text: String,
    /// What became of it; `None` where it stayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
}

/// A cut or a replacement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// The step.
    pub step: String,
    /// Why.
    pub reason: String,
    /// What stands there instead, masked; empty for a cut.
    pub now: String,
}

/// One line of the sheet; a side without a line has nothing there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Line {
    /// As the page shows it.
    pub page: Option<Bit>,
    /// As it was extracted, with all cuts.
    pub extracted: Option<Vec<Bit>>,
    /// What is left of it.
    pub left: Option<String>,
}

/// All lines.
#[derive(Serialize)]
pub struct Sheet {
    /// Whether there is a page beside the text.
    pub has_page: bool,
    /// The lines.
    pub lines: Vec<Line>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

impl Sheet {
    /// Lays out a story; nothing that the mask takes out is in it.
    pub fn of(story: &Story, mask: &Mask) -> Sheet {
        let text = story.text.as_ref().map(|trail| Text::new(trail, mask, &story.lang));
        let extracted: Vec<(Vec<Bit>, String)> = text.as_ref().map(Text::lines).unwrap_or_default();
        let has_page = story.page.is_some();
        let by = story.extracted_by.as_deref().unwrap_or_default();
        let page = story.page.as_deref().map(|page| {
            let page = mask.mask_as(page, &story.lang);
            text.as_ref().map_or(page.clone(), |text| text.mask_values(page))
        });
        let page: Vec<String> = page.unwrap_or_default().lines().map(tame).collect();
        let whole = |bits: &[Bit]| bits.iter().map(|bit| bit.text.as_str()).collect::<String>();
        let taken: Vec<String> = extracted.iter().map(|(bits, _)| whole(bits)).collect();
        let of_page = |at: usize, is_taken: bool| {
            let cut =
                (!is_taken).then(|| Cut { step: by.to_owned(), reason: "not_taken".to_owned(), now: String::new() });
            Some(Bit { text: page[at].clone(), cut: cut.filter(|_| !page[at].is_empty()) })
        };
        let of_text = |at: usize| {
            let (bits, left) = &extracted[at];
            (Some(bits.clone()), Some(left.clone()))
        };
        let mut lines = Vec::new();
        if !has_page {
            lines.extend((0..extracted.len()).map(|at| {
                let (extracted, left) = of_text(at);
                Line { page: None, extracted, left }
            }));
        } else {
            for op in capture_diff_slices(Algorithm::Myers, &page, &taken) {
                let is_equal = matches!(op, DiffOp::Equal { .. });
                let (old, new) = (op.old_range(), op.new_range());
                for at in 0..old.len().max(new.len()) {
                    let (extracted, left) = if at < new.len() { of_text(new.start + at) } else { (None, None) };
                    let page = if at < old.len() { of_page(old.start + at, is_equal) } else { None };
                    lines.push(Line { page, extracted, left });
                }
            }
        }
        let notes = story.notes.iter().map(|note| tame(&mask.mask(note))).collect();
        Sheet { has_page, lines, notes }
    }
}

/// A text with its cuts, and what must not be shown of it.
struct Text<'a> {
    trail: &'a Trail,
    mask: &'a Mask,
    lang: &'a str,
    /// Places in the text as it was extracted, from left to right, and what stands there instead.
    hidden: Vec<(Range<usize>, String)>,
}

impl<'a> Text<'a> {
    fn new(trail: &'a Trail, mask: &'a Mask, lang: &'a str) -> Text<'a> {
        let masked = mask.trail(trail.base(), lang);
        let places =
            |piece: &Piece| Some((piece.was.clone(), piece.edit.as_ref().filter(|made| made.conceals)?.now.clone()));
        let mut hidden: Vec<(Range<usize>, String)> = masked
            .pieces()
            .iter()
            .chain(trail.pieces())
            .filter_map(places)
            .filter(|(was, _)| !was.is_empty())
            .collect();
        hidden.sort_by_key(|(was, _)| (was.start, was.end));
        // What both have found is one place.
        let mut joined: Vec<(Range<usize>, String)> = Vec::new();
        for (was, now) in hidden {
            match joined.last_mut().filter(|(last, _)| was.start < last.end) {
                Some((last, _)) => last.end = last.end.max(was.end),
                None => joined.push((was, now)),
            }
        }
        Text { trail, mask, lang, hidden: joined }
    }

    /// A stretch of the text as it was extracted, masked. What is hidden across its border is shown where it begins.
    fn shown(&self, range: Range<usize>) -> String {
        let base = self.trail.base();
        let mut out = String::new();
        let mut at = range.start;
        let first = self.hidden.partition_point(|(was, _)| was.end <= range.start);
        for (was, now) in self.hidden[first..].iter().take_while(|(was, _)| was.start < range.end) {
            out.push_str(base.get(at..was.start.max(at)).unwrap_or_default());
            if was.start >= range.start {
                out.push_str(now);
            }
            at = was.end.min(range.end);
        }
        out.push_str(base.get(at..range.end).unwrap_or_default());
        out
    }

    /// The lines of the text as it was extracted, with their cuts, and what is left of each.
    fn lines(&self) -> Vec<(Vec<Bit>, String)> {
        let base = self.trail.base();
        let mut lines = vec![(Vec::new(), String::new())];
        for piece in self.trail.pieces() {
            let cut = piece.edit.as_ref().map(|made| {
                let now = if made.conceals { made.now.clone() } else { self.mask.mask_as(&made.now, self.lang) };
                (made, tame(&now).replace('\n', " ⏎ "))
            });
            let mut at = piece.was.start;
            let text = base.get(piece.was.clone()).unwrap_or_default();
            let n_parts = text.split('\n').count();
            for (number, part) in text.split('\n').enumerate() {
                let range = at..at + part.len();
                at = range.end + 1;
                let is_last = number + 1 == n_parts;
                if let Some((bits, left)) = lines.last_mut() {
                    match &cut {
                        None if part.is_empty() => {}
                        None => {
                            let text = tame(&self.shown(range));
                            left.push_str(&text);
                            bits.push(Bit { text, cut: None });
                        }
                        Some((made, now)) => {
                            // What stands there instead belongs to the end of what stood there.
                            let now = if is_last { now.clone() } else { String::new() };
                            let text = if made.conceals { String::new() } else { tame(&self.shown(range)) };
                            left.push_str(&now);
                            if !text.is_empty() || !now.is_empty() {
                                let cut = Cut { step: made.step.clone(), reason: made.reason.clone(), now };
                                bits.push(Bit { text, cut: Some(cut) });
                            }
                        }
                    }
                }
                if !is_last {
                    lines.push((Vec::new(), String::new()));
                }
            }
        }
        while lines.last().is_some_and(|(bits, _)| bits.is_empty()) {
            lines.pop();
        }
        lines
    }

    /// A text in which no hidden value of this one is left, however it came there.
    fn mask_values(&self, text: String) -> String {
        let base = self.trail.base();
        let values = self.hidden.iter().filter_map(|(was, now)| Some((base.get(was.clone())?, now)));
        values.filter(|(value, _)| value.len() >= MIN_VALUE).fold(text, |text, (value, now)| text.replace(value, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::parse_recipe;
    use tokenmill_core::Edits;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_engine::Text as File;

    fn mask() -> Mask {
        let recipe = "[run]\nname = \"x\"\n[source]\nkind = \"jsonl\"\npaths = [\"x\"]\n[[step]]\nuse = \"pii.redact\"";
        let spec = parse_recipe(File { name: "x".to_owned(), content: recipe.to_owned() }, &[]).unwrap();
        Mask::of(&spec, &MemoryAssets::default()).unwrap()
    }

    fn cut(trail: &mut Trail, what: &str, with: &str, conceals: bool) {
        let now = trail.now();
        let start = now.find(what).unwrap();
        let mut edits = Edits::default();
        edits.replace(start, start + what.len(), with, "why");
        edits.apply(&now, &mut String::new());
        trail.edit("step", edits.spans(), conceals);
    }

    #[test]
    fn lines_stand_beside_each_other_and_nothing_hidden_is_shown() {
        let mut trail = Trail::new("Title\nWrite to ann@example.org now.\nAccept\u{7} cookies".to_owned());
        cut(&mut trail, "ann@example.org", "<EMAIL>", true);
        cut(&mut trail, "Accept\u{7} cookies", "", false);
        let page = "Menu\nTitle\nWrite to ann@example.org now.\nann @example.org\nAccept\u{7} cookies".to_owned();
        let story =
            Story { page: Some(page), text: Some(trail), extracted_by: Some("main".into()), ..Story::default() };
        let sheet = Sheet::of(&story, &mask());
        let json = serde_json::to_string(&sheet).unwrap();
        assert!(!json.contains("ann@example") && !json.contains('\u{7}') && !json.contains("\\u0007"), "{json}");
        assert_eq!(sheet.lines[0].page.as_ref().unwrap().cut.as_ref().unwrap().reason, "not_taken");
        assert_eq!(sheet.lines[1].left.as_deref(), Some("Title"));
        assert_eq!(sheet.lines[2].left.as_deref(), Some("Write to <EMAIL> now."));
        let bits = sheet.lines[2].extracted.as_ref().unwrap();
        assert_eq!((bits.len(), bits[1].text.as_str(), bits[1].cut.as_ref().unwrap().now.as_str()), (3, "", "<EMAIL>"));
        let last = sheet.lines.last().unwrap();
        assert_eq!((last.left.as_deref(), last.extracted.as_ref().unwrap().len()), (Some(""), 1));
    }

    #[test]
    fn a_value_that_a_cut_splits_is_hidden_all_the_same() {
        let mut trail = Trail::new("To ann@example.org\nrest".to_owned());
        cut(&mut trail, "To ann@exam", "", false);
        let story = Story { text: Some(trail), ..Story::default() };
        let json = serde_json::to_string(&Sheet::of(&story, &mask())).unwrap();
        assert!(!json.contains("ann@") && !json.contains("ple.org") && json.contains("<EMAIL>"), "{json}");
    }
}
