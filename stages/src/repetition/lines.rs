//! Lines and paragraphs that a document says again.

use super::counter::Counter;
use tokenmill_core::hash::{hash64, mix64};
use tokenmill_core::text::lines::Line;
use tokenmill_core::text::n_chars;

/// Copies after the first, of lines and of paragraphs.
///
/// Lines are trimmed and not blank. A paragraph is a run of such lines between blank ones; two are equal when their
/// lines are. Characters are those of the trimmed lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Repeats {
    /// Characters of all lines, which are also those of all paragraphs.
    pub n_chars: usize,
    /// Lines.
    pub lines: Copies,
    /// Paragraphs.
    pub paragraphs: Copies,
}

/// How many pieces there are, and how many of them are copies of an earlier one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Copies {
    /// All pieces.
    pub n_all: usize,
    /// Copies after the first.
    pub n_copies: usize,
    /// Characters in these copies.
    pub n_copy_chars: usize,
}

impl Copies {
    fn note(&mut self, hash: u64, n_chars: usize, counter: &mut Counter) {
        let place = counter.add(hash);
        let is_copy = counter.count(place) > 1;
        self.n_all += 1;
        self.n_copies += usize::from(is_copy);
        self.n_copy_chars += if is_copy { n_chars } else { 0 };
    }
}

/// The paragraph that is being read; its hash starts at a number of its own, so that no paragraph equals a line.
#[derive(Default)]
struct Open {
    n_lines: usize,
    n_chars: usize,
    hash: u64,
}

/// Counts the repeats of `text`.
pub(crate) fn repeats(text: &str, lines: &[Line], counter: &mut Counter) -> Repeats {
    counter.clear(2 * lines.len());
    let mut found = Repeats::default();
    let mut open = Open::default();
    for line in lines {
        if line.is_blank() {
            close(&mut open, &mut found, counter);
            continue;
        }
        let trimmed = line.trimmed(text);
        let (hash, n_chars) = (hash64(0, trimmed.as_bytes()), n_chars(trimmed));
        found.n_chars += n_chars;
        found.lines.note(hash, n_chars, counter);
        open.n_lines += 1;
        open.n_chars += n_chars;
        open.hash = mix64(open.hash, hash);
    }
    close(&mut open, &mut found, counter);
    found
}

fn close(open: &mut Open, found: &mut Repeats, counter: &mut Counter) {
    if open.n_lines > 0 {
        found.paragraphs.note(open.hash, open.n_chars, counter);
        *open = Open::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::text::lines::split_lines;

    fn of(text: &str) -> Repeats {
        let mut lines = Vec::new();
        split_lines(text, &mut lines);
        repeats(text, &lines, &mut Counter::default())
    }

    #[test]
    fn copies_after_the_first_count() {
        let found = of("één\n b \nb\n\nb\n c");
        assert_eq!(found.n_chars, 7);
        assert_eq!(found.lines, Copies { n_all: 5, n_copies: 2, n_copy_chars: 2 });
        assert_eq!(found.paragraphs, Copies { n_all: 2, n_copies: 0, n_copy_chars: 0 });
    }

    #[test]
    fn paragraphs_are_equal_when_their_trimmed_lines_are() {
        let found = of("one\ntwo\n \n\none \n two\n\none two\n\none");
        assert_eq!(found.paragraphs, Copies { n_all: 4, n_copies: 1, n_copy_chars: 6 });
        assert_eq!(found.lines, Copies { n_all: 6, n_copies: 3, n_copy_chars: 9 });
    }

    #[test]
    fn one_line_is_no_copy_of_its_own_paragraph() {
        assert_eq!(of("alone").lines.n_copies + of("alone").paragraphs.n_copies, 0);
        assert_eq!(of(" \n\n"), Repeats::default());
    }
}
