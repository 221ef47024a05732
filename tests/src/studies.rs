//! A folder with text of three kinds, and studies of it with a trainer that takes no time: its losses follow a law.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::Ran;
use crate::sandbox::Sandbox;

/// Text to a token store: one document a line.
const RECIPE: &str = r#"
[run]
name = "text"
seed = 7
root = "runs"

[source]
kind = "lines"
paths = ["a.txt", "b.txt", "c.txt"]

[tokens]
tokenizer = "gpt2=fixtures/mini.tiktoken"
"#;

/// Everything of a study but its question and its trainer.
const HEAD: &str = r#"
[study]
name = "study"
root = "runs"
seed = 5
validation_tokens = 500

[[source]]
name = "a"
recipe = "recipe.toml"
set = ["run.name=a", "source.paths=[\"a.txt\"]"]

[[source]]
name = "b"
recipe = "recipe.toml"
set = ["run.name=b", "source.paths=[\"b.txt\"]"]

[[source]]
name = "c"
recipe = "recipe.toml"
set = ["run.name=c", "source.paths=[\"c.txt\"]"]

[[group]]
name = "a"
where = { source = ["a"] }

[[group]]
name = "b"
where = { source = ["b"] }

[[group]]
name = "c"
where = { source = ["c"] }

[[proxy]]
name = "tiny"
layers = 1
hidden = 16
heads = 2
context = 32
batch = 4
tokens = 4_000

"#;

/// A trainer that writes down that it ran, and whose losses are `1.5 + (0.1 + share)^-0.4` and a little chance by its seed.
/// `TROUBLE` names a trial and what goes wrong with it.
const TRAINER: &str = r#"
[trainer]
name = "law"
command = ["sh", "train.sh", "${train...}", "out=${out}"]
train = ["${group}=${weight}"]
log = { train = '^step (?<step>\d+) loss (?<loss>\S+)', valid = '^valid (?<group>\S+) (?<loss>\S+)$', score = '^score (?<name>\S+) (?<value>\S+)$' }
checkpoint = "model"

[trainer.files]
"train.sh" = '''
echo "${trial}" >> ../../../../trained
what=$$(sed -n "s/^${trial} //p" ../../../../trouble)
echo "step 1 loss 9.5"
case "$$what" in
  fail) echo "CUDA out of memory" >&2; exit 3;;
  nan) echo "step 2 loss nan"; sleep 60;;
  slow) sleep 60;;
esac
echo "step 2 loss 5.25"
echo "begun at ${start}" > model
echo "$$* seed=${seed} what=$$what" | awk '{
  for (i = 1; i <= NF; i++) { split($$i, pair, "="); given[pair[1]] = pair[2] }
  for (n = split("a b c", groups, " "); n > 0; n--) {
    g = groups[n]; if (g == "c" && given["what"] == "mute") continue
    chance = ((given["seed"] % 1000) / 1000 - 0.5) * 0.002
    printf "valid %s %.6f\n", g, 1.5 + (0.1 + given[g])^-0.4 + chance
  }
}'
echo "score hellaswag 0.3"
'''
"#;

/// The folder; it is removed with everything in it when the test ends.
pub struct Studies {
    sandbox: Sandbox,
}

impl Studies {
    /// Writes the text, the recipe, and a study that asks `question`, with the trainer that takes no time.
    ///
    /// # Panics
    /// When the file system fails.
    pub fn new(question: &str) -> Self {
        Self::with(&format!("{question}\n{TRAINER}"))
    }

    /// The same with a trainer of the caller's own, or that of the program.
    ///
    /// # Panics
    /// When the file system fails.
    pub fn with(rest: &str) -> Self {
        let sandbox = Sandbox::new();
        let put = |name: &str, content: String| std::fs::write(sandbox.path().join(name), content).expect("a file");
        put("recipe.toml", RECIPE.to_owned());
        put("study.toml", format!("{HEAD}{rest}"));
        for (name, words) in
            [("a", "the cat sat on a mat "), ("b", "fn main let x = 1; "), ("c", "und der hund ist da ")]
        {
            let line = |n: usize| format!("{} {}\n", n * 7919 % 1000, words.repeat(2 + n % 5));
            put(&format!("{name}.txt"), (0..150).map(line).collect());
        }
        Self { sandbox }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.sandbox.path()
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.sandbox.path().join(name)
    }

    /// Runs the program here.
    pub fn tokenmill(&self, arguments: &[&str]) -> Ran {
        self.sandbox.tokenmill(arguments)
    }

    /// The program as a command to be run here.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.sandbox.command(arguments)
    }

    /// Says what goes wrong: lines of a trial and `fail`, `nan`, `slow` or `mute`.
    ///
    /// # Panics
    /// When the file system fails.
    pub fn trouble(&self, lines: &str) {
        std::fs::write(self.file("trouble"), lines).expect("a file");
    }

    /// The trials that the trainer was started for, in order.
    pub fn trained(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.file("trained")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}
