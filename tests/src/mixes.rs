//! A folder with a finished run that has kept its tokens, and a mix of it: nothing is fetched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::Ran;
use crate::sandbox::Sandbox;
use crate::tree::digests;

/// The quickstart's crawl to a token store, with a model of languages that lies in the repository.
const RECIPE: &str = r#"
[run]
name = "crawl"
seed = 7
root = "runs"

[source]
kind = "warc"
paths = ["fixtures/mini-crawl/part-*"]

[[step]]
use = "url.canonical"

[[step]]
use = "extract.main_text"

[[step]]
use = "lang.id"
model = "fixtures/../../classifiers/tests/fixtures/tree-pruned.ftz"
min_score = 0.0

[[step]]
use = "page.kind"

[[step]]
use = "filter.length"
min_chars = 200

[tokens]
tokenizer = "gpt2=fixtures/mini.tiktoken"
scores = ["filter.length.n_words", "lang.id.score"]
labels = ["lang.id.script"]
"#;

/// Two phases of training; every kind of column decides about something.
const MIX: &str = r#"
[mix]
name = "final"
root = "runs"
seed = 11

[[source]]
name = "web"
run = "runs/crawl"

[[group]]
name = "latin"
where = { label = { "lang.id.script" = ["Latn"] } }
split = "score.filter.length.n_words"
edges = [150, 300]
temperature = 2.0

[[group]]
name = "others"

[[phase]]
name = "main"
tokens = 30_000
context = 512
weights = { latin = 3, others = 1 }
on_shortfall = "fill"

[[phase]]
name = "long"
tokens = 12_000
context = 1024
weights = { latin = 1, others = 1 }
on_shortfall = "fill"

[shards]
packing = "best_fit"
shard_tokens = 4_000
"#;

/// The folder; it is removed with everything in it when the test ends.
pub struct Mixes {
    sandbox: Sandbox,
}

impl Default for Mixes {
    fn default() -> Self {
        Self::new()
    }
}

impl Mixes {
    /// Runs the recipe, and writes `mix.toml`.
    ///
    /// # Panics
    /// With all output when the recipe fails.
    pub fn new() -> Self {
        let sandbox = Sandbox::new();
        std::fs::write(sandbox.path().join("recipe.toml"), RECIPE).expect("a recipe");
        std::fs::write(sandbox.path().join("mix.toml"), MIX).expect("a mix");
        sandbox.run(&[]);
        Self { sandbox }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.sandbox.path()
    }

    /// Runs the program here.
    pub fn tokenmill(&self, arguments: &[&str]) -> Ran {
        self.sandbox.tokenmill(arguments)
    }

    /// The program as a command to be run here.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.sandbox.command(arguments)
    }

    /// Runs the mix to its end, with further arguments.
    ///
    /// # Panics
    /// With all output when it fails.
    pub fn run(&self, arguments: &[&str]) -> String {
        self.tokenmill(&[&["mix", "run", "mix.toml"], arguments].concat()).ok()
    }

    /// Writes the mix with some text replaced, under another name.
    ///
    /// # Panics
    /// When the mix does not hold the text.
    pub fn write(&self, file: &str, from: &str, to: &str) {
        assert!(MIX.contains(from), "`{from}` is not in the mix");
        std::fs::write(self.path().join(file), MIX.replace(from, to)).expect("a mix");
    }

    /// The run directory of the mix.
    pub fn run_folder(&self) -> PathBuf {
        self.path().join("runs/final")
    }

    /// Removes the run of the mix.
    ///
    /// # Panics
    /// When that fails.
    pub fn forget(&self) {
        if self.run_folder().exists() {
            std::fs::remove_dir_all(self.run_folder()).expect("the run can be removed");
        }
    }

    /// Everything that the mix has made for good, as path and digest.
    pub fn made(&self) -> BTreeMap<String, String> {
        let mut made = digests(&self.run_folder());
        made.retain(|path, _| !path.split('/').any(|part| part.starts_with('.')));
        made
    }
}
