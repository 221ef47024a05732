//! What the tests of the whole house share: where fixtures, data and services are, and how to run the program.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on must fail")]
#![allow(clippy::disallowed_methods, reason = "tests look at files as a user would, and wait where they must")]

mod adversarial;
mod browser;
mod chat;
mod console;
mod crawl;
mod data;
mod gateway;
mod http;
mod mixed;
mod mixes;
mod page;
mod processes;
mod program;
mod proxy;
mod python;
mod ray;
mod sandbox;
mod scheduler;
mod signed;
mod slurm;
mod small_disk;
mod soak;
mod studies;
mod tree;
mod waiting;
mod walkthrough;

pub use adversarial::adversarial;
pub use browser::{Browser, keys};
pub use chat::{Books, ChatServer, Mind, Mishap, Plan, answer};
pub use console::{Example, examples, with_outputs};
pub use crawl::{Crawl, ok};
pub use data::{archive, fixture};
pub use gateway::Gateway;
pub use mixed::Mixed;
pub use mixes::Mixes;
pub use page::{HOSTILE, HOSTILE_RUN, Page, hostile_run};
pub use processes::{Process, signal};
pub use program::{Ran, binary, target, tokenmill, tokenmill_in};
pub use proxy::{FaultProxy, Faults};
pub use python::{clusters, package, python, readers, said, unittest};
pub use ray::Ray;
pub use sandbox::{RECIPES, Sandbox};
pub use scheduler::{Job, LOST, Scheduler, Start};
pub use signed::{Answer, signed};
pub use slurm::Slurm;
pub use small_disk::SmallDisk;
pub use soak::{Goal, Survived, soak};
pub use studies::Studies;
pub use tree::{digests, root};
pub use waiting::{Waiting, comes_true};
pub use walkthrough::{Action, actions, follow};
