//! Cuts stretches out of a text with some characters on each side, as GPT-3 does.

use std::ops::Range;
use tokenmill_core::text::n_chars;

/// Bytes by which a cut may grow to end at white space.
const MAX_SNAP: usize = 40;

/// The parts of a text to cut.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cuts {
    /// From left to right, without overlap.
    pub ranges: Vec<Range<usize>>,
    /// Pieces into which the text falls, those that are too short included.
    pub n_pieces: usize,
}

/// Cuts `stretches` (bytes) with `margin` characters on each side, and pieces of less than `min_piece` characters.
pub(super) fn cuts(text: &str, mut stretches: Vec<Range<usize>>, margin: usize, min_piece: usize) -> Cuts {
    stretches.iter_mut().for_each(|stretch| *stretch = widened(text, stretch, margin));
    stretches.sort_unstable_by_key(|stretch| stretch.start);
    let mut cuts = Cuts::default();
    let mut done = 0;
    for stretch in stretches.into_iter().chain(std::iter::once(text.len()..text.len())) {
        if stretch.start < done {
            if let Some(last) = cuts.ranges.last_mut() {
                last.end = last.end.max(stretch.end);
                done = last.end;
            }
            continue;
        }
        let piece = text[done..stretch.start].trim();
        cuts.n_pieces += usize::from(!piece.is_empty());
        let is_kept = !piece.is_empty() && n_chars(piece) >= min_piece;
        match cuts.ranges.last_mut() {
            Some(last) if !is_kept => last.end = stretch.end,
            _ if !is_kept => cuts.ranges.push(0..stretch.end),
            _ if stretch.is_empty() => {}
            _ => cuts.ranges.push(stretch.clone()),
        }
        done = stretch.end;
    }
    cuts
}

/// A stretch with `margin` characters on each side, to the end of the word there, and with the white space around it.
fn widened(text: &str, stretch: &Range<usize>, margin: usize) -> Range<usize> {
    let before = &text[..stretch.start];
    let start =
        margin.checked_sub(1).map_or(before.len(), |n| before.char_indices().rev().nth(n).map_or(0, |(at, _)| at));
    let end = text[stretch.end..].char_indices().nth(margin).map_or(text.len(), |(at, _)| stretch.end + at);
    let first = text.floor_char_boundary(start.saturating_sub(MAX_SNAP));
    let splits_word = |at: usize| {
        let is_blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
        !is_blank(text[..at].chars().next_back()) && !is_blank(text[at..].chars().next())
    };
    let start = match text[first..start].char_indices().rfind(|(_, c)| c.is_whitespace()) {
        _ if !splits_word(start) => start,
        Some((at, c)) => first + at + c.len_utf8(),
        None if first == 0 => 0,
        None => start,
    };
    let last = text.ceil_char_boundary((end + MAX_SNAP).min(text.len()));
    let end = match text[end..last].find(char::is_whitespace) {
        _ if !splits_word(end) => end,
        Some(at) => end + at,
        None if last == text.len() => last,
        None => end,
    };
    text[..start].trim_end().len()..text.len() - text[end..].trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::hash::hash64;

    /// What is left of a text in which `<` and `>` stand around the stretches, with bars where something was cut.
    fn left(marked: &str, margin: usize, min_piece: usize) -> (String, usize) {
        let text: String = marked.chars().filter(|c| !"<>".contains(*c)).collect();
        let (mut stretches, mut n_marks) = (Vec::new(), 0);
        for (at, mark) in marked.match_indices(['<', '>']) {
            match mark {
                "<" => stretches.push(at - n_marks..0),
                _ => stretches.last_mut().unwrap().end = at - n_marks,
            }
            n_marks += 1;
        }
        let cuts = cuts(&text, stretches, margin, min_piece);
        let (mut out, mut done) = (String::new(), 0);
        for range in cuts.ranges {
            out.push_str(&text[done..range.start]);
            out.push('|');
            done = range.end;
        }
        out.push_str(&text[done..]);
        (out, cuts.n_pieces)
    }

    #[test]
    fn stretches_go_with_their_margins_and_whole_words() {
        for (marked, margin, expected, n_pieces) in [
            ("one two <three> four five", 0, "one two|four five", 2),
            ("one two <three> four five", 1, "one two|four five", 2),
            ("one two <three> four five", 2, "one|five", 2),
            ("one two <three> four five", 99, "|", 0),
            ("<one> two", 0, "|two", 1),
            ("one <two>", 0, "one|", 1),
            ("<one two>", 0, "|", 0),
            ("one «<two>»! three", 0, "one|three", 2),
            ("a <b> c <d> e", 1, "a|c|e", 3),
            ("a <b> c <d> e", 2, "|", 0),
            ("a <b> c <d> e", 0, "a|c|e", 3),
            ("äöü <b> äöü äöü", 3, "|äöü", 1),
        ] {
            assert_eq!(left(marked, margin, 0), (expected.to_owned(), n_pieces), "{marked} {margin}");
        }
    }

    #[test]
    fn short_pieces_go_too_but_count() {
        for (marked, expected, n_pieces) in [
            ("a <b> long piece <d> long piece", "|long piece|long piece", 3),
            ("long piece <b> a <c> long piece", "long piece|long piece", 3),
            ("long piece <b> a", "long piece|", 2),
            ("a <b> c", "|", 2),
        ] {
            assert_eq!(left(marked, 0, 5), (expected.to_owned(), n_pieces), "{marked}");
        }
    }

    #[test]
    fn random_cuts_are_in_order_and_hold_all_stretches() {
        let text = "wörter ohne Sinn, aber mit Lücken\n\n漢字漢字漢字 und mehr davon. ".repeat(4);
        for seed in 0..2_000u64 {
            let below = |at: u8, n: usize| (hash64(seed, &[at]) % n as u64) as usize;
            let stretches: Vec<_> = (0..below(0, 5) as u8)
                .map(|at| {
                    let start = text.floor_char_boundary(below(at * 2 + 1, text.len()));
                    start..text.ceil_char_boundary((start + 1 + below(at * 2 + 2, 20)).min(text.len()))
                })
                .collect();
            let cuts = cuts(&text, stretches.clone(), below(20, 12), below(21, 30));
            assert!(cuts.ranges.windows(2).all(|pair| pair[0].end <= pair[1].start), "{cuts:?}");
            assert!(
                cuts.ranges.iter().all(|range| text.is_char_boundary(range.start) && text.is_char_boundary(range.end))
            );
            let is_inside = |stretch: &Range<usize>| {
                cuts.ranges.iter().any(|range| range.start <= stretch.start && stretch.end <= range.end)
            };
            assert!(stretches.iter().all(is_inside), "{stretches:?} {cuts:?}");
        }
    }
}
