//! Where pieces end: the splitting patterns of the families, each written out by hand.
//!
//! A piece is what merging never leaves. Every function here takes the bytes of a text (UTF-8) and where a piece
//! begins, and says where it ends; the piece is never empty. Lookahead, possessive and lazy parts of the patterns are
//! spelt out; the tests compare with the patterns themselves.

pub mod gpt2;
pub mod llama3;
pub mod o200k;
mod runs;
#[cfg(test)]
pub mod tests;

use super::class::Classes;

/// Finds the ends of pieces.
pub trait Splitter {
    /// Where the piece that begins at `at` ends. `at` is the beginning of a character of `bytes`.
    fn end(&self, bytes: &[u8], at: usize) -> usize;
}

/// Every pattern needs the classes of characters only.
#[derive(Clone, Copy)]
pub struct Tables {
    classes: &'static Classes,
}

impl Tables {
    /// The tables of this process.
    pub fn shared() -> Tables {
        Tables { classes: Classes::shared() }
    }
}

/// Length of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` at `at`; 0 when there is none. With `any_case`, upper case
/// and the long s (`ſ`, which equals `s` when case is ignored) count too.
#[inline]
fn contraction(bytes: &[u8], at: usize, any_case: bool) -> usize {
    if bytes.get(at) != Some(&b'\'') {
        return 0;
    }
    let letter = |n: usize| {
        let byte = bytes.get(at + n).copied().unwrap_or(0);
        if any_case { byte.to_ascii_lowercase() } else { byte }
    };
    match (letter(1), letter(2)) {
        (b's' | b't' | b'm' | b'd', _) => 2,
        (b'r' | b'v', b'e') | (b'l', b'l') => 3,
        (0xC5, 0xBF) if any_case => 3,
        _ => 0,
    }
}
