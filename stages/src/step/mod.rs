//! Steps whose work is not done in this crate.

pub mod pipe;
