//! Exchanges of equal keys: `shuffle` the keys, `settle` groups or `total` what was counted in them, bring decisions `home`.

pub mod layout;
mod settle;
mod total;

pub use settle::SettlePhase;
pub use total::TotalPhase;

use super::shuffle::{Ship, Shipment};
use super::sketch_table;
use layout::{SHIPPED, SKETCHED, Shipped};
use tokenmill_store::sort::Sorter;
use tokenmill_store::{Cost, Rows, StoreError};

/// Ships one row for every document.
pub struct ShipKeys {
    /// The exchange step.
    pub step: String,
}

impl Ship<SHIPPED> for ShipKeys {
    fn tables(&self) -> Vec<String> {
        vec![sketch_table(&self.step)]
    }

    fn cost(&self) -> Cost {
        crate::exchange::cost::shuffle_equal()
    }

    fn ship(&self, part: &mut Shipment<'_>, number: u32, rows: &mut Sorter<SHIPPED>) -> Result<(), StoreError> {
        for row in Rows::<SKETCHED>::open(part.context.store, &part.tables[0])? {
            let shipped = Shipped::of_sketch(&row?, number);
            if part.is_alive(shipped.row, shipped.id)? {
                rows.push(shipped.to_bytes())?;
            }
        }
        Ok(())
    }
}
