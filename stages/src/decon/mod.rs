//! Decontamination: keeps the items of benchmarks out of the training text.

pub mod benchmarks;
mod cut;
mod index;
mod items;
mod read;
mod search;
mod seeds;
mod words;

#[cfg(test)]
mod naive;
