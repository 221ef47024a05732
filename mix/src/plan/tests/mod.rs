//! Tests of mixes: reading, groups, plans, tables, and the mixes that come with the program.

mod configs;
mod groups;
mod plan;
mod properties;
mod read;

use super::{Available, Mix, Supply};

/// A small mix around some lines of groups and phases.
fn mix(rest: &str) -> Mix {
    Mix::parse(&with_head(rest), "MIX.toml").unwrap()
}

/// What is wrong with it, and what to do.
fn error(rest: &str) -> (String, String) {
    let error = Mix::parse(&with_head(rest), "MIX.toml").unwrap_err();
    (error.message, error.hint.unwrap_or_default())
}

fn with_head(rest: &str) -> String {
    format!("[mix]\nname = \"m\"\n[[source]]\nname = \"web\"\nrun = \"runs/web\"\n{rest}")
}

/// Documents of a thousand tokens.
fn supply(groups: &[(&str, u64)]) -> Supply {
    let of = |(name, n_tokens): &(&str, u64)| {
        ((*name).to_owned(), Available { n_documents: n_tokens.div_ceil(1000), n_tokens: *n_tokens })
    };
    Supply(groups.iter().map(of).collect())
}
