//! Assets: models, lists and vocabularies, fetched at first use, verified by digest, kept in a cache folder.
//!
//! ```text
//! name, path or https://…#sha256=…  >  reference  >  table entry  >  cache: verified?  >  fetch from its sources
//! ```
//! A file in the cache is used without a network. A fetch writes to a temporary file, checks size and sha256, and
//! renames; processes that want the same file at once wait for one of them to fetch it.
#![expect(clippy::disallowed_methods, reason = "this room reads packages, and reads and writes the cache folder")]

mod cache;
mod clients;
mod command;
mod error;
mod https;
mod member;
mod open;
mod reference;
mod sink;
mod source;
mod table;
#[cfg(test)]
mod tests;

pub use cache::default_cache;
pub use clients::{Clients, UserClients};
pub use error::{AssetError, Tried};
pub(crate) use https::{agent, agent_for};
pub use open::{Assets, Event, State, Status};
pub use source::Source;
pub use table::{Asset, BUILT_IN};
