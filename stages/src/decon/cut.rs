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
    for stretch in stretches.into_iter().chain([text.len()..text.len()]) {
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

/// A stretch with `margin` characters on each side, and to the end of the word there.
fn widened(text: &str, stretch: &Range<usize>, margin: usize) -> Range<usize> {
    let before = &text[..stretch.start];
    let start = margin.checked_sub(1).map_or(before.len(), |n| before.char_indices().rev().nth(n).map_or(0, |(at, _)| at));
    let end = text[stretch.end..].char_indices().nth(margin).map_or(text.len(), |(at, _)| stretch.end + at);
    let first = text.floor_char_boundary(start.saturating_sub(MAX_SNAP));
    let word_start = text[first..start].char_indices().rev().find(|(_, c)| c.is_whitespace());
    let start = match word_start {
        Some((at, c)) => first + at + c.len_utf8(),
        None if first == 0 => 0,
        None => start,
    };
    let last = text.ceil_char_boundary((end + MAX_SNAP).min(text.len()));
    let end = match text[end..last].find(char::is_whitespace) {
        Some(at) => end + at,
        None if last == text.len() => last,
        None => end,
    };
    start..end
}
