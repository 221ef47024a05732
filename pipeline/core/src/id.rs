//! Document identity: 128 bits that follow from the data alone and stay the same in every run.

use crate::hash::hash128;
use std::fmt;

/// The identity of one capture of one document.
///
/// Derived, in order of preference, from the WARC-Record-ID (or the id a data set gives its rows), from target URI +
/// date + payload digest, or from the name of the source and the position in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DocId(pub u128);

impl DocId {
    /// From an id the source itself gives: a WARC-Record-ID or the id column of a data set.
    pub fn from_record_id(record_id: &str) -> DocId {
        DocId(hash128(record_id.as_bytes()))
    }

    /// From what was captured where and when; the parts are joined by NUL, which none of them can hold.
    pub fn from_capture(uri: &str, date: &str, payload_digest: &str) -> DocId {
        DocId(hash128(format!("{uri}\0{date}\0{payload_digest}").as_bytes()))
    }

    /// From a place: name of the source (not its machine path) and a stable position in it.
    pub fn from_position(source: &str, position: u64) -> DocId {
        DocId(hash128(format!("{source}\0{position}").as_bytes()))
    }

    /// Sixteen bytes, most significant first, so that byte order is numeric order.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// Inverse of [`DocId::to_bytes`]; `None` unless there are 16 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<DocId> {
        Some(DocId(u128::from_be_bytes(bytes.try_into().ok()?)))
    }

    /// Reads the 32 hexadecimal digits that `Display` writes.
    pub fn parse(text: &str) -> Option<DocId> {
        (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok()).flatten().map(DocId)
    }
}

impl serde::Serialize for DocId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for DocId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<DocId, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        DocId::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no document id")))
    }
}

impl fmt::Display for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_round_trip() {
        let id = DocId::from_record_id("<urn:uuid:1>");
        assert_eq!(DocId::parse(&id.to_string()), Some(id));
        assert_eq!(DocId::from_bytes(&id.to_bytes()), Some(id));
        assert_eq!(DocId::parse("xyz"), None);
        assert_eq!(DocId::from_bytes(&[1, 2]), None);
    }

    #[test]
    fn ids_are_frozen() {
        assert_eq!(DocId::from_record_id("<urn:uuid:1>").to_string(), "a786a9cd6ff3a0658fb4d15f3e8ff0e8");
        assert_eq!(
            DocId::from_capture("http://a/", "2024-01-01T00:00:00Z", "sha1:X").to_string(),
            "2ef308637b7f7e1054cc697adb4a41c6"
        );
        assert_eq!(DocId::from_position("a.warc.gz", 17).to_string(), "50f3ca078da349bfdf7dda0e3de1937c");
    }
}
