//! Mixes as a user makes them: planned, run, killed, audited and exported.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use support::{Mixes, RECIPES, Sandbox, digests, root};
use tokenmill_engine::plan::RunRecord;
use tokenmill_mix::plan::Mix;
use tokenmill_mix::shard::dataset::Dataset;
use tokenmill_mix::shard::export::{Card, Form};
use tokenmill_mix::shard::read::Reader;
use tokenmill_mix::shard::samples;
use tokenmill_mix::{INDEX_PHASE, TOKENS_PHASE};
use tokenmill_store::fault::POINTS;
use tokenmill_store::{LocalStore, Manifest};

const FOUND_PROBLEMS: i32 = 1;
const USAGE: i32 = 2;

/// How many kills must have hit a mix at work.
const MIN_KILLS: usize = 12;

/// What the last phase of that name has committed.
fn manifest(run: &Path, phase: &str) -> Manifest {
    let store = LocalStore::open(run).unwrap();
    let record = RunRecord::read(&store).unwrap();
    let phase = record.phases.iter().rfind(|standing| standing.name == phase).unwrap();
    phase.read_manifest(&store).unwrap().unwrap()
}

fn dataset(mixes: &Mixes) -> Dataset {
    let index = manifest(&mixes.run_folder(), INDEX_PHASE);
    let store = LocalStore::open(mixes.run_folder()).unwrap();
    Dataset::read(&store, &index.parts[0].objects["dataset"].key).unwrap()
}

/// The objects, without the plan and the mix as it was read.
fn objects(mixes: &Mixes) -> BTreeMap<String, String> {
    mixes.made().into_iter().filter(|(path, _)| path.contains('/')).collect()
}

fn quietly(mut command: Command) -> Command {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Puts other content into the place of a file, to which the program may have made other links.
fn overwrite(path: &Path, content: &[u8]) {
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, content).unwrap();
}

#[test]
fn one_thread_and_eight_threads_make_the_same_shards() {
    let mixes = Mixes::new();
    mixes.run(&["--threads", "1"]);
    let one = mixes.made();
    let dataset = dataset(&mixes);
    assert_eq!(dataset.phases.iter().map(|phase| phase.name.as_str()).collect::<Vec<_>>(), ["main", "long"]);
    assert!(dataset.phases.iter().all(|phase| phase.shards.len() >= 3 && phase.groups.len() >= 2));
    mixes.forget();
    mixes.run(&["--threads", "8"]);
    assert_eq!(one, mixes.made());
}

#[test]
fn a_second_mix_does_nothing_and_another_packing_takes_what_was_counted() {
    let mixes = Mixes::new();
    let plan = mixes.tokenmill(&["mix", "plan", "mix.toml"]).ok();
    assert!(plan.contains("phase main: ") && plan.contains("phase long: ") && plan.contains("latin/"), "{plan}");
    assert!(!mixes.made().keys().any(|path| path.ends_with(".bin")), "planning has made shards");
    let first = mixes.run(&[]);
    assert!(!first.contains("\n0 of "), "{first}");
    let made = mixes.made();
    let second = mixes.run(&[]);
    assert!(second.contains("\n0 of "), "{second}");
    assert_eq!(made, mixes.made());
    assert_eq!(plan, mixes.tokenmill(&["mix", "plan", "mix.toml"]).ok());
    // The plan may have changed what the run directory says of itself; it must go on as before.
    let third = mixes.run(&[]);
    assert!(third.contains("\n0 of "), "{third}");
    assert_eq!(made, mixes.made());

    let old = dataset(&mixes);
    mixes.write("mix.toml", "packing = \"best_fit\"", "packing = \"none\"");
    mixes.run(&[]);
    let new = dataset(&mixes);
    assert_eq!((old.n_documents, old.n_tokens), (new.n_documents, new.n_tokens));
    assert!(new.n_sequences > old.n_sequences, "{} {}", new.n_sequences, old.n_sequences);
    mixes.tokenmill(&["mix", "audit", "mix.toml"]).ok();
}

#[test]
fn dying_at_every_step_of_a_commit_loses_no_document() {
    let mixes = Mixes::new();
    mixes.run(&["--threads", "2"]);
    let expected = mixes.made();
    for point in POINTS {
        let mut n_deaths = 0;
        for pass in [1, 3, 8] {
            mixes.forget();
            let mut command = quietly(mixes.command(&["mix", "run", "mix.toml", "--threads", "2"]));
            let status = command.env("TOKENMILL_FAILPOINT", format!("{point}:{pass}")).status().unwrap();
            n_deaths += usize::from(status.code().is_none());
            mixes.run(&["--threads", "2"]);
            assert_eq!(mixes.made(), expected, "after a death at pass {pass} of `{point}`");
        }
        assert!(n_deaths > 0, "no mix passes `{point}`");
    }
}

#[test]
fn kills_at_random_moments_lose_no_document() {
    let mixes = Mixes::new();
    mixes.run(&["--threads", "2"]);
    let expected = mixes.made();
    mixes.forget();
    let start = Instant::now();
    mixes.run(&["--threads", "2"]);
    let full = start.elapsed();
    let (mut random, mut n_kills) = (0x5eed_u64, 0);
    while n_kills < MIN_KILLS {
        mixes.forget();
        // Several kills in a row on one run directory, each of which finds the work of the last.
        for _ in 0..4 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let delay: Duration = full.mul_f64(0.1 + 0.9 * (random >> 40) as f64 / (1_u64 << 24) as f64);
            let mut child = quietly(mixes.command(&["mix", "run", "mix.toml", "--threads", "2"])).spawn().unwrap();
            std::thread::sleep(delay);
            // A mix that has ended by itself was not hit, nor was one that had not begun its first task.
            let was_running = child.try_wait().unwrap().is_none();
            let had_begun = mixes.run_folder().join("plan.json").exists();
            child.kill().unwrap();
            child.wait().unwrap();
            n_kills += usize::from(was_running && had_begun);
            if !was_running {
                break;
            }
        }
        mixes.run(&["--threads", "2"]);
        assert_eq!(mixes.made(), expected, "after {n_kills} kills");
    }
    mixes.tokenmill(&["mix", "audit", "mix.toml"]).ok();
    mixes.tokenmill(&["audit", "runs/final"]).ok();
}

#[test]
fn tasks_done_one_by_one_in_any_order_make_the_same_shards() {
    let mixes = Mixes::new();
    mixes.run(&[]);
    let at_once = objects(&mixes);
    mixes.forget();
    let number = |text: String| -> usize { text.trim().parse().unwrap_or_else(|_| panic!("no number: {text}")) };
    let mut n_tasks = number(mixes.tokenmill(&["task", "--begin", "mix.toml"]).ok());
    let mut n_phases = 0;
    while n_tasks > 0 {
        let phase = n_phases.to_string();
        // Backwards, and the first one twice.
        for index in (0..n_tasks).rev().chain([0]) {
            mixes.tokenmill(&["task", "--plan", "runs/final", "--phase", &phase, "--index", &index.to_string()]).ok();
        }
        n_tasks = number(mixes.tokenmill(&["task", "--plan", "runs/final", "--phase", &phase, "--finish"]).ok());
        n_phases += 1;
    }
    assert_eq!(n_phases, 5);
    mixes.tokenmill(&["status", "runs/final"]).ok();
    assert_eq!(at_once, objects(&mixes));
    mixes.tokenmill(&["mix", "audit", "runs/final"]).ok();
}

/// Steps that measure what a classifier says, under the names that the columns begin with.
fn classifying(mix: &Mix, scores: &[String]) -> String {
    let columns: Vec<String> = mix.scores().into_iter().chain(mix.labels()).collect();
    let steps: BTreeSet<&str> = columns.iter().filter_map(|column| Some(column.rsplit_once('.')?.0)).collect();
    let step = |name: &&str| {
        let model = "fixtures/../../classifiers/tests/fixtures/softmax.ftz";
        format!("[[step]]\nuse = \"classify.fasttext\"\nname = \"{name}\"\nmodel = \"{model}\"\n")
    };
    let steps: String = steps.iter().map(step).collect();
    format!(
        "[run]\nname = \"r\"\nroot = \"runs\"\n[source]\nkind = \"warc\"\npaths = [\"fixtures/mini-crawl/part-*\"]\n\
         [[step]]\nuse = \"extract.main_text\"\n{steps}\
         [tokens]\ntokenizer = \"gpt2=fixtures/mini.tiktoken\"\nscores = {scores:?}\nlabels = {:?}\n",
        mix.labels()
    )
}

#[test]
fn mixes_of_the_house_ask_for_columns_that_a_recipe_can_keep() {
    let sandbox = Sandbox::new();
    let check = |recipe: &str| {
        std::fs::write(sandbox.path().join("recipe.toml"), recipe).unwrap();
        sandbox.tokenmill(&["check", "recipe.toml"])
    };
    let (mut n_mixes, mut n_columns) = (0, 0);
    for entry in std::fs::read_dir(root().join("configs/mixes")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let mix = Mix::parse(&text, &path.to_string_lossy()).unwrap_or_else(|error| panic!("{error:?}"));
        check(&classifying(&mix, &mix.scores())).code(0);
        let wrong = [mix.scores(), vec!["topics.nothing".to_owned()]].concat();
        let refused = check(&classifying(&mix, &wrong)).code(USAGE).stderr;
        assert!(refused.contains("`topics.nothing`"), "{refused}");
        n_mixes += 1;
        n_columns += mix.scores().len() + mix.labels().len();
    }
    assert!(n_mixes >= 6 && n_columns >= 2, "{n_mixes} mixes, {n_columns} columns");
}

#[test]
fn the_mix_of_the_quickstart_reads_the_run_of_the_quickstart() {
    let read = |file: &str| std::fs::read_to_string(root().join(file)).unwrap();
    let recipe: toml::Table = read("configs/quickstart.toml").parse().unwrap();
    let run = |key: &str| recipe["run"][key].as_str().unwrap().to_owned();
    let mix = Mix::parse(&read("configs/mixes/quickstart.toml"), "quickstart").unwrap();
    assert_eq!(mix.sources[0].run, format!("{}/{}", run("root"), run("name")));
    assert!(recipe.contains_key("shards") || recipe.contains_key("tokens"));
    // Both may be run from one folder.
    assert_ne!(mix.sources[0].run, format!("{}/{}", mix.root, mix.name));
}

#[test]
fn what_cannot_be_mixed_is_refused_with_the_reason() {
    let mixes = Mixes::new();
    let refused = |from: &str, to: &str| {
        mixes.write("wrong.toml", from, to);
        let ran = mixes.tokenmill(&["mix", "plan", "wrong.toml"]).code(USAGE);
        assert!(ran.stdout.is_empty(), "{}", ran.stdout);
        assert!(ran.stderr.contains("error: ") && ran.stderr.contains("\nhint: "), "{}", ran.stderr);
        ran.stderr
    };
    let filled = "tokens = 30_000\ncontext = 512\nweights = { latin = 3, others = 1 }\non_shortfall = \"fill\"";
    let too_much = refused(filled, "tokens = \"1B\"\ncontext = 512");
    assert!(too_much.contains("`main`") && too_much.contains("epochs"), "{too_much}");
    let no_column = refused("filter.length.n_words", "filter.length.n_word");
    assert!(no_column.contains("`filter.length.n_word`") && no_column.contains("n_words`"), "{no_column}");
    let no_run = refused("run = \"runs/crawl\"", "run = \"runs/nowhere\"");
    assert!(no_run.contains("runs/nowhere"), "{no_run}");
    let misspelt = refused("shard_tokens", "shard_token");
    assert!(misspelt.contains("wrong.toml:") && misspelt.contains("`shard_tokens`"), "{misspelt}");

    // A run that has not kept its tokens is no source.
    let recipe = std::fs::read_to_string(mixes.path().join("recipe.toml")).unwrap();
    let (steps, _) = recipe.split_once("[tokens]").unwrap();
    std::fs::write(mixes.path().join("plain.toml"), steps.replace("\"crawl\"", "\"plain\"")).unwrap();
    mixes.tokenmill(&["run", "plain.toml"]).ok();
    let no_tokens = refused("run = \"runs/crawl\"", "run = \"runs/plain\"");
    assert!(no_tokens.contains("token store") && no_tokens.contains("`[tokens]`"), "{no_tokens}");

    // What is refused when it is planned is refused when it is run.
    mixes.write("wrong.toml", "on_shortfall = \"fill\"", "max_tokens = 1");
    mixes.tokenmill(&["mix", "run", "wrong.toml"]).code(USAGE);
    assert!(!mixes.made().keys().any(|path| path.ends_with(".bin")));
}

#[test]
fn an_audit_finds_what_was_changed() {
    let mixes = Mixes::new();
    mixes.run(&[]);
    let sound = mixes.tokenmill(&["mix", "audit", "runs/final"]).ok();
    assert!(sound.contains("sound: ") && !sound.contains("problem: "), "{sound}");
    assert_eq!(sound, mixes.tokenmill(&["mix", "audit", "mix.toml"]).ok());
    let found = |what: &str| {
        let ran = mixes.tokenmill(&["mix", "audit", "mix.toml"]).code(FOUND_PROBLEMS);
        assert!(ran.stdout.contains("problem: "), "{what}: {}", ran.stdout);
    };
    let dataset = dataset(&mixes);
    let shards = &dataset.phases[0].shards;
    for (ending, object) in shards[1].files() {
        let path = mixes.run_folder().join(&object.key);
        let content = std::fs::read(&path).unwrap();
        let mut flipped = content.clone();
        flipped[content.len() / 2] ^= 1;
        overwrite(&path, &flipped);
        found(&format!("a changed byte of `{ending}`"));
        overwrite(&path, &content[..content.len() - 8]);
        found(&format!("a cut-off `{ending}`"));
        std::fs::remove_file(&path).unwrap();
        found(&format!("a missing `{ending}`"));
        std::fs::write(&path, &content).unwrap();
    }
    // The table of another shard is a sound table.
    let [own, other] = [&shards[1], &shards[2]].map(|shard| mixes.run_folder().join(&shard.pieces.key));
    let content = std::fs::read(&own).unwrap();
    overwrite(&own, &std::fs::read(other).unwrap());
    found("the pieces of another shard");
    overwrite(&own, &content);
    assert_eq!(sound, mixes.tokenmill(&["mix", "audit", "mix.toml"]).ok());

    // The token store has other documents than those that were mixed.
    let recipe = std::fs::read_to_string(mixes.path().join("recipe.toml")).unwrap();
    std::fs::write(mixes.path().join("recipe.toml"), recipe.replace("min_chars = 200", "min_chars = 900")).unwrap();
    mixes.tokenmill(&["run", "recipe.toml"]).ok();
    found("another token store");
}

/// Shards that a recipe has made are audited against its own token store.
#[test]
fn shards_of_recipes_hold_every_document_once() {
    for recipe in RECIPES {
        let sandbox = Sandbox::of(recipe);
        sandbox.run(&["--set", "shards.shard_tokens=20000", "--set", "shards.packing=\"best_fit\""]);
        let audit = sandbox.tokenmill(&["mix", "audit", "runs/mini"]).ok();
        assert!(audit.contains("sound: "), "{recipe}: {audit}");
        let tokens = manifest(&sandbox.run_folder(), TOKENS_PHASE);
        let sum = |name: &str| -> u64 { tokens.parts.iter().map(|part| part.tally[name].as_u64().unwrap()).sum() };
        let index = manifest(&sandbox.run_folder(), INDEX_PHASE);
        let tally = &index.parts[0].tally;
        assert_eq!(tally["n_out"].as_u64(), Some(sum("n_out")), "{recipe}");
        // Every document has an end token.
        assert_eq!(tally["n_tokens"].as_u64(), Some(sum("n_tokens") + sum("n_out")), "{recipe}");
    }
}

#[test]
fn exports_are_complete_and_readable() {
    let mixes = Mixes::new();
    mixes.run(&[]);
    let dataset = dataset(&mixes);
    for form in Form::names() {
        let export = || mixes.tokenmill(&["mix", "export", "runs/final", form, "--form", form]);
        export().ok();
        let folder = mixes.path().join(form);
        let mut there = digests(&folder);
        let card: Card = serde_json::from_slice(&std::fs::read(folder.join("export.json")).unwrap()).unwrap();
        there.remove("export.json").unwrap();
        assert_eq!((card.form.name(), card.files.len()), (form, there.len()), "{there:?}");
        for file in &card.files {
            let found = there.get(&file.name).unwrap_or_else(|| panic!("`{}` is missing", file.name));
            assert!(file.sha256.as_ref().is_none_or(|sha256| sha256 == found), "{}", file.name);
            assert_eq!(std::fs::metadata(folder.join(&file.name)).unwrap().len(), file.bytes);
        }
        match form {
            "megatron" => megatron(&mixes, &dataset, &folder),
            "olmo" => olmo(&mixes, &dataset, &folder),
            _ => mds(&dataset, &folder),
        }
        // Once more is nothing new; a folder with something else in it is left alone.
        export().ok();
        let mut again = digests(&folder);
        again.remove("export.json");
        assert_eq!(again, there);
        let other = if form == "mds" { "megatron" } else { "mds" };
        mixes.tokenmill(&["mix", "export", "mix.toml", form, "--form", other]).code(USAGE);
    }
    let unknown = mixes.tokenmill(&["mix", "export", "runs/final", "out", "--form", "npz"]).code(USAGE).stderr;
    assert!(unknown.contains("`megatron`") && !mixes.path().join("out").exists(), "{unknown}");
}

/// The ids of a shard in the run, as they lie there.
fn bin(mixes: &Mixes, key: &str) -> Vec<u8> {
    std::fs::read(mixes.run_folder().join(key)).unwrap()
}

fn megatron(mixes: &Mixes, run: &Dataset, folder: &Path) {
    let json = std::fs::read(folder.join("dataset.json")).unwrap();
    let exported = Dataset::parse("dataset.json", &json).unwrap();
    assert_eq!((exported.n_documents, exported.n_tokens), (run.n_documents, run.n_tokens));
    let width = if exported.dtype == "uint16" { 2 } else { 4 };
    for (phase, in_run) in exported.phases.iter().zip(&run.phases) {
        for (shard, in_run) in phase.shards.iter().zip(&in_run.shards) {
            let read = |ending: &str| std::fs::read(folder.join(format!("{}.{ending}", shard.prefix))).unwrap();
            let (ids, index) = (read("bin"), read("idx"));
            assert!(ids == bin(mixes, &in_run.bin.key), "{}", shard.prefix);
            let reader = Reader::new(&ids, &index).unwrap();
            assert_eq!(reader.n_documents() as u64, shard.n_pieces);
            assert_eq!(reader.documents().map(|ids| ids.len()).sum::<usize>() * width, ids.len());
            let offsets = samples::read(&read("samples")).unwrap();
            assert_eq!((offsets.len() as u64 - 1, offsets.last()), (shard.n_sequences, Some(&shard.n_tokens)));
            assert!(offsets.windows(2).all(|pair| pair[1] - pair[0] <= phase.context));
        }
    }
}

fn olmo(mixes: &Mixes, run: &Dataset, folder: &Path) {
    for phase in &run.phases {
        for (number, shard) in phase.shards.iter().enumerate() {
            let prefix = format!("{}-{number:05}", phase.name);
            assert!(std::fs::read(folder.join(format!("{prefix}.npy"))).unwrap() == bin(mixes, &shard.bin.key));
            let packed = std::fs::read(folder.join(format!("{prefix}.csv.gz"))).unwrap();
            let mut lines = String::new();
            MultiGzDecoder::new(&packed[..]).read_to_string(&mut lines).unwrap();
            let mut end = 0;
            for line in lines.lines() {
                let (from, to) = line.split_once(',').unwrap();
                assert_eq!(from.parse(), Ok(end));
                end = to.parse::<u64>().unwrap();
            }
            assert_eq!((lines.lines().count() as u64, end), (shard.n_pieces, shard.n_tokens));
        }
    }
}

fn mds(run: &Dataset, folder: &Path) {
    for phase in &run.phases {
        let index = std::fs::read(folder.join(&phase.name).join("index.json")).unwrap();
        let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
        let mut n_samples = 0;
        for file in index["shards"].as_array().unwrap() {
            let name = file["raw_data"]["basename"].as_str().unwrap();
            let bytes = std::fs::metadata(folder.join(&phase.name).join(name)).unwrap().len();
            assert_eq!(file["raw_data"]["bytes"].as_u64(), Some(bytes));
            n_samples += file["samples"].as_u64().unwrap();
        }
        assert_eq!(n_samples, phase.n_sequences);
    }
}
