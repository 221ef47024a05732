//! An exchange of similar documents.
//!
//! | phase | what it does | its tasks |
//! |---|---|---|
//! | `shuffle` | ships the keys of documents that are still alive | one per group of parts |
//! | `pair` | makes a chain of all documents with the same key | one per range of keys |
//! | `cluster` | joins what is connected | one: it needs a bit for every document, and four bytes for each with a pair |
//! | `detail` | ships a larger sketch of every document that has a pair, which reads its text again, at home | one per group of parts |
//! | `verify` | walks every cluster in order of rank and decides | one per range of clusters |
//! | `home` | sorts the decisions by the place of the document | one per group of parts |
//! | `keep` | if asked, stores a larger sketch of every document that is kept, for later runs | one per group of parts |

mod cluster;
mod detail;
mod keep;
pub mod layout;
mod pair;
mod union;
mod verify;
mod walk;

pub use cluster::ClusterPhase;
pub use detail::DetailPhase;
pub use keep::{KeepPhase, TABLE as KEPT};
pub use layout::STORED_ID as KEPT_ID;
pub use pair::PairPhase;
pub use verify::VerifyPhase;
pub use walk::Place;

use super::shuffle::{Ship, Shipment};
use super::{keys_table, sketch_table};
use layout::{Band, KEYED, MEMBER, Member, SHIPPED};
use tokenmill_store::sort::Sorter;
use tokenmill_store::{Cost, Rows, StoreError};

/// Ships every key of every document.
pub struct ShipBands {
    /// The exchange step.
    pub step: String,
}

impl Ship<SHIPPED> for ShipBands {
    fn tables(&self) -> Vec<String> {
        vec![sketch_table(&self.step), keys_table(&self.step)]
    }

    fn cost(&self) -> Cost {
        crate::exchange::cost::shuffle_similar()
    }

    fn ship(&self, part: &mut Shipment<'_>, number: u32, rows: &mut Sorter<SHIPPED>) -> Result<(), StoreError> {
        let mut bands = Rows::<KEYED>::open(part.context.store, &part.tables[1])?.peekable();
        for member in Rows::<MEMBER>::open(part.context.store, &part.tables[0])? {
            let Member { row, id } = Member::of_bytes(&member?);
            let alive = part.is_alive(row, id)?;
            let is_of_member = |band: &Result<[u8; KEYED], StoreError>| {
                band.as_ref().map_or(true, |band| Band::of_keys(band, 0).row == row)
            };
            while let Some(band) = bands.next_if(is_of_member) {
                let band = band?;
                if alive {
                    rows.push(Band::of_keys(&band, number).to_bytes())?;
                }
            }
        }
        match bands.next() {
            None => Ok(()),
            Some(_) => Err(StoreError::corrupt(&part.tables[1].key, "there are keys of a document that takes no part")),
        }
    }
}
