//! WARC, WET and ARC files: every readable record of every file, however damaged.
//!
//! | room | idea |
//! |---|---|
//! | `window`, `text` | the two buffers: bytes of the file, decompressed bytes |
//! | `member`, `gzip`, `zstd`, `resync` | decompression, and finding the next good member after a damaged one |
//! | `stream` | a file as one text with seams |
//! | `start`, `arc`, `fields` | what a record looks like |
//! | `framing`, `reader` | where a record ends; the loop |
//! | `record`, `digest`, `verify`, `notes` | what is handed out |
//! | [`http`], `chunked`, `encoding` | the HTTP response inside a record |
//!
//! Three laws: damage is never an error, every byte is in a record or in a [`Damage`], and no size that a file claims
//! is believed without a limit.

mod arc;
mod chunked;
pub mod digest;
mod encoding;
mod fields;
mod framing;
mod gzip;
pub mod http;
mod limits;
mod member;
mod notes;
mod reader;
mod record;
mod resync;
mod start;
mod stream;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod text;
mod verify;
mod window;
mod zstd;

pub use fields::Headers;
pub use http::HttpResponse;
pub use limits::Limits;
pub use notes::{Note, Notes};
pub use reader::{Item, ReadError, WarcReader};
pub use record::{RecordKind, Truncation, WarcRecord};
pub use stream::Damage;
