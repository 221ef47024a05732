//! Groups in which something is counted: where there is too much of it, all documents of the group go.

use super::Fate;
use crate::{Doc, DocId};
use std::collections::BTreeMap;

/// What a document adds to its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The group; uniformly distributed, because reducers own ranges of its upper 64 bits.
    pub group: u128,
    /// What is counted.
    pub amount: u64,
}

/// When a group goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TotalLimits {
    /// Documents that a group must have; smaller ones stay, because they say too little.
    pub min_documents: u64,
    /// What is counted, per 1,000 documents of the group, at most.
    pub max_per_1000: f32,
}

/// What is counted over all documents of a group.
pub trait Totals: Send + Sync {
    /// Group and amount of a document; `None` for one that takes no part and stays.
    fn count(&self, doc: &Doc<'_>) -> Option<Counted>;

    /// When a group goes.
    fn limits(&self) -> TotalLimits;

    /// Completes "removed because …" for the documents of such a group; snake_case.
    fn reason(&self) -> &'static str;
}

/// Documents of a group, and what was counted in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Documents.
    pub n_documents: u64,
    /// What was counted, over all of them.
    pub amount: u64,
}

impl Total {
    /// One document more.
    pub fn add(&mut self, amount: u64) {
        self.n_documents += 1;
        self.amount = self.amount.saturating_add(amount);
    }
}

impl TotalLimits {
    /// What becomes of all documents of a group, if they do not stay.
    pub fn judge(&self, total: Total) -> Option<Fate> {
        let rate = (total.amount as f64 * 1000.0 / total.n_documents.max(1) as f64) as f32;
        let is_judged = total.n_documents >= self.min_documents && rate > self.max_per_1000;
        let group_size = u32::try_from(total.n_documents).unwrap_or(u32::MAX);
        is_judged.then_some(Fate::GroupRemoved { rate, group_size })
    }
}

/// What becomes of each document, `None` for those that stay; in the order of the documents.
///
/// This is the rule on documents in memory; the engine does the same out of core.
pub fn settle_totals(limits: TotalLimits, documents: &[(DocId, Option<Counted>)]) -> Vec<Option<Fate>> {
    let mut totals: BTreeMap<u128, Total> = BTreeMap::new();
    let counted = documents.iter().filter_map(|(_, counted)| *counted);
    counted.for_each(|Counted { group, amount }| totals.entry(group).or_default().add(amount));
    let fate = |counted: Counted| limits.judge(totals.get(&counted.group).copied().unwrap_or_default());
    documents.iter().map(|(_, counted)| counted.and_then(fate)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_documents_of_a_group_go_when_there_is_too_much_in_it() {
        let limits = TotalLimits { min_documents: 2, max_per_1000: 500.0 };
        let counted = |group, amount| Some(Counted { group, amount });
        let documents = [counted(1, 0), counted(2, 1), counted(1, 3), counted(3, 9), None, counted(2, 0)];
        let documents: Vec<_> = (0u128..).map(DocId).zip(documents).collect();
        let gone = Some(Fate::GroupRemoved { rate: 1500.0, group_size: 2 });
        // Group 2 reaches the limit, which is kept; group 3 is too small to be judged.
        assert_eq!(settle_totals(limits, &documents), [gone, None, gone, None, None, None]);
    }

    #[test]
    fn sums_do_not_overflow() {
        let mut total = Total { n_documents: 3, amount: u64::MAX - 1 };
        total.add(7);
        assert_eq!(total, Total { n_documents: 4, amount: u64::MAX });
    }
}
