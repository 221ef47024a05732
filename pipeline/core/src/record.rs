//! One input record as a source hands it over: headers and an undecoded payload, or ready text.

/// A borrowed input record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// WARC-Record-ID or id column; empty when there is none.
    pub record_id: &'a str,
    /// Target URI as captured; empty when there is none.
    pub url: &'a str,
    /// RFC 3339 UTC, or empty.
    pub date: &'a str,
    /// Language stated by the source, or empty.
    pub lang: &'a str,
    /// Whether the capture was cut off (by the crawler or by our limits).
    pub truncated: bool,
    /// JSON object of the columns carried along, or empty.
    pub extra: &'a str,
    /// Directives of `X-Robots-Tag` and the like in the form of [`crate::robots`], or empty.
    pub robots: &'a str,
    /// Licence that the source knows of: an SPDX expression or an address; empty when it knows none.
    pub license: &'a str,
    /// What there is to read.
    pub payload: Payload<'a>,
}

impl Record<'static> {
    /// A record of which nothing is known.
    pub const EMPTY: Record<'static> = Record {
        record_id: "",
        url: "",
        date: "",
        lang: "",
        truncated: false,
        extra: "",
        robots: "",
        license: "",
        payload: Payload::Text(""),
    };
}

/// The content of a record.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// Text that needs no extraction (WET, JSONL, Parquet).
    Text(&'a str),
    /// Bytes of a web page, transfer and content encodings already undone.
    Page {
        /// The body.
        body: &'a [u8],
        /// MIME type of the Content-Type header, lower case, or empty.
        mime: &'a str,
        /// `charset` of the Content-Type header, or empty.
        charset: &'a str,
    },
}

impl Payload<'_> {
    /// Size in bytes.
    pub fn len(&self) -> usize {
        match self {
            Payload::Text(text) => text.len(),
            Payload::Page { body, .. } => body.len(),
        }
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
