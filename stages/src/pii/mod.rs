//! Personal data in text: one detector for all kinds, and the stages that are built on it.
//!
//! One scan looks for what a kind cannot do without (an `@`, a digit, a prefix of a key); only there the exact and costly
//! validators run. They read bytes with limits and never slice text, so that a panic cannot carry a value into a message.

mod card;
mod clues;
mod crypto;
mod detector;
mod digests;
mod email;
mod iban;
mod ip;
mod kind;
mod national;
mod phone;
mod placeholder;
pub mod redact;
mod secret;
mod site;

#[cfg(test)]
mod tests;

pub(crate) use detector::{Detector, Found};
pub(crate) use kind::{Kind, Kinds};
