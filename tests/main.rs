//! All tests of the whole house in one program; `clusters`, `data`, `gateway`, `readers` and
//! `services` run only when asked for.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on must fail")]
#![allow(clippy::disallowed_methods, reason = "tests look at files as a user would, and wait where they must")]

mod ablate;
mod annotate;
mod calibrate;
mod cc_index;
mod classifier_recipes;
mod cli;
mod code;
mod contributing;
mod determinism;
mod ensemble;
mod exchange;
mod faults;
mod forget;
mod image;
mod incremental;
mod inspect;
mod inspect_doc;
mod jsonl;
mod lang_table;
mod mini_crawl;
mod mixes;
mod operations;
mod own_rules;
mod reference;
mod references;
mod release;
mod report;
mod retune;
mod scores;
mod submit;
mod tasks;
mod train;
mod wikipedia;

/// In a real browser: `cargo xtask test --services`.
mod browser {
    mod ablation;
    mod report;
}

/// On a real Slurm and a real Ray, and with what stands in for AWS and Kubernetes: `cargo xtask test --services`.
mod clusters {
    mod aws_batch;
    mod kubernetes;
    mod ray;
    mod slurm;
}

/// On real data sets: `cargo xtask test --data`.
mod data {
    mod ablation;
    mod cc_index;
    mod datatrove;
    mod decon;
    mod divergence;
    mod extraction;
    mod heuristics;
    mod kinds;
    mod lid;
    mod lists;
    mod neardup;
    mod pii;
    mod tok;
    mod warc;
    mod web_en;
    mod wikipedia;
    mod wikitext;
}

/// With a real S3 server on this machine: `cargo xtask test --services`.
mod gateway {
    mod kill;
    mod on_ceph;
    mod release;
    mod s3;
    mod soak;
}

/// With other programs and a network: `cargo xtask test --services`.
mod services {
    mod assets;
    mod megatron;
    mod quickstart;
    mod reader;
    mod recipes;
    mod tokenizers;
    mod training;
}

/// With torch and other projects' readers of shards: `cargo xtask test --services`.
mod readers {
    mod encoder_training;
    mod encoders;
    mod formats;
    mod package;
    mod release;
}
