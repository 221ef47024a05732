//! What spaCy, datatrove and Python think of a character, as bits.

/// Letters to spaCy: of the scripts it knows.
pub(super) const ALPHA: u16 = 1 << 0;
/// Letters that are or may be small.
pub(super) const LOWER: u16 = 1 << 1;
/// Letters that are or may be capitals.
pub(super) const UPPER: u16 = 1 << 2;
/// Split off at the start of a word, whatever follows.
pub(super) const PREFIX: u16 = 1 << 3;
/// Split off at the end of a word, whatever stands before it.
pub(super) const SUFFIX: u16 = 1 << 4;
/// Split a word, whatever stands around them.
pub(super) const INFIX: u16 = 1 << 5;
/// May stand before a period that splits a word.
pub(super) const PERIOD_BETWEEN_LEFT: u16 = 1 << 6;
/// May stand behind a period that splits a word.
pub(super) const PERIOD_BETWEEN_RIGHT: u16 = 1 << 7;
/// A period behind one of these ends a word.
pub(super) const PERIOD_AFTER: u16 = 1 << 8;
/// `str.isalpha` of Python.
pub(super) const LETTER: u16 = 1 << 9;
/// `\w` of Python's regular expressions.
pub(super) const WORD: u16 = 1 << 10;
/// `\d` of Python's regular expressions.
pub(super) const DECIMAL: u16 = 1 << 11;
/// Unicode categories P*.
pub(super) const PUNCTUATION: u16 = 1 << 12;
/// `PUNCTUATION_SET` of datatrove; a word of these alone is a symbol.
pub(super) const SYMBOL: u16 = 1 << 13;
/// `TERMINAL_PUNCTUATION` of datatrove.
pub(super) const TERMINAL: u16 = 1 << 14;
/// A word of one of these ends a sentence.
pub(super) const SENTENCE_END: u16 = 1 << 15;

/// The names of the bits in `english.txt`, from the lowest.
pub(super) const NAMES: [&str; 16] = [
    "alpha",
    "lower",
    "upper",
    "prefix",
    "suffix",
    "infix",
    "period_between_left",
    "period_between_right",
    "period_after",
    "letter",
    "word",
    "decimal",
    "punctuation",
    "symbol",
    "terminal",
    "sentence_end",
];

/// Characters that are looked up in a table; the planes beyond hold ideographs in a few ranges.
const N_TABLE: u32 = 0x2_0000;

/// The bits of every character.
#[derive(Default)]
pub(super) struct Chars {
    table: Vec<u16>,
    beyond: Vec<(u32, u32, u16)>,
}

impl Chars {
    /// Adds a bit to the characters `first..=last`.
    pub(super) fn add(&mut self, first: u32, last: u32, bit: u16) {
        self.table.resize(N_TABLE as usize, 0);
        for number in first..=last.min(N_TABLE - 1) {
            self.table[number as usize] |= bit;
        }
        if last >= N_TABLE {
            self.beyond.push((first, last, bit));
        }
    }

    /// All bits of a character.
    #[inline]
    pub(super) fn of(&self, c: char) -> u16 {
        let number = u32::from(c);
        match self.table.get(number as usize) {
            Some(bits) => *bits,
            None => {
                let holding = self.beyond.iter().filter(|(first, last, _)| (*first..=*last).contains(&number));
                holding.fold(0, |bits, (_, _, bit)| bits | bit)
            }
        }
    }

    /// Whether a character has one of these bits; no character has none.
    #[inline]
    pub(super) fn is(&self, c: Option<char>, bits: u16) -> bool {
        c.is_some_and(|c| self.of(c) & bits != 0)
    }
}
