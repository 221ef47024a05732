//! Earlier runs that an exchange is settled against: what recipes say of them.

use crate::{Default, Param};

/// The parameter of all exchanges that can be settled against earlier runs. Part of no fingerprint but that of the
/// phases that read those runs.
pub const AGAINST: Param = Param {
    name: "against",
    default: Default::Texts(&[]),
    about: "run directories of earlier crawls, with a step of the same name: what this step has kept there counts as kept \
            already, so that new documents go for it; their text is not read, and may be gone",
};

/// The parameter that keeps what a later run compares its documents with.
pub const KEEP_SKETCHES: Param = Param {
    name: "keep_sketches",
    default: Default::Int(0),
    about: "shingles of every kept document that are stored for later runs `against` this one, 4 bytes each; 0: none are. \
            Setting it later adds one phase to a finished run",
};

/// The parameters by which two runs may differ: they say which of the documents of one run is kept, not which documents are
/// the same.
pub const MAY_DIFFER: &[&str] = &["keep", "score", AGAINST.name, KEEP_SKETCHES.name];
