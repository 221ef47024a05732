//! What stands for itself on a page, put aside while the markup around it is read: formulas, listings, literal text.
//!
//! MediaWiki calls the marks that hold the places strip markers. Here they are control characters around a number; control
//! characters of the page itself have no meaning, and are left out.

use std::borrow::Cow;

/// Begins the mark of a piece.
pub const OPEN: char = '\u{1}';
/// Ends it.
pub const CLOSE: char = '\u{2}';
/// Stands where a template was dropped from the middle of a line, so that the punctuation around it can be tidied.
pub const GAP: char = '\u{3}';

/// A page without the marks that are ours.
pub fn unmarked(wikitext: &str) -> Cow<'_, str> {
    let marks = [OPEN, CLOSE, GAP];
    if wikitext.contains(marks) { Cow::Owned(wikitext.replace(marks, "")) } else { Cow::Borrowed(wikitext) }
}

/// Something put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// TeX, without delimiters, and whether it asks for a line of its own.
    Math(String, bool),
    /// A listing.
    Code(String),
    /// Code within a line.
    InlineCode(String),
    /// Text without markup, in which entities still count.
    Text(String),
}

/// Puts a piece aside and writes its mark.
pub fn put(out: &mut String, pieces: &mut Vec<Piece>, piece: Piece) {
    out.push(OPEN);
    out.push_str(&pieces.len().to_string());
    out.push(CLOSE);
    pieces.push(piece);
}

/// The piece whose mark begins `text`, and the length of the mark.
pub fn at<'a>(text: &str, pieces: &'a [Piece]) -> Option<(&'a Piece, usize)> {
    let inner = text.strip_prefix(OPEN)?;
    // No page has so many pieces that a number were longer.
    let digits = inner.bytes().take(10).position(|byte| byte == CLOSE as u8)?;
    let number: usize = inner[..digits].parse().ok()?;
    pieces.get(number).map(|piece| (piece, digits + 2))
}
