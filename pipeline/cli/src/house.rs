//! Joins the house: the catalogues of all crates, the sections of the recipe, the assets, and run directories.

use crate::failure::Failure;
use crate::log;
use crate::progress::AssetBar;
use std::sync::Arc;
use tokenmill_core::{Catalog, Entry};
use tokenmill_engine::{House, Spec, Text, config};
use tokenmill_gpu_scoring::fleet::choose;
use tokenmill_store::assets::{Assets, default_cache};
use tokenmill_store::location::{Location, open_standing, open_store};
use tokenmill_store::{Section, SharedAssets, Store, StoreError, source};

/// Shown under the help of the program.
pub const AFTER_HELP: &str = "\
Start here:
  tokenmill run configs/quickstart.toml      a small crawl, to shards
  tokenmill inspect funnel runs/quickstart   what each step removed
  tokenmill inspect why runs/quickstart URL  the life of one document

Exit codes: 0 done, 1 problems found, 2 usage or recipe, 65 bad input (would fail again), 75 try again";

/// The tables of a recipe that add phases.
pub const SECTIONS: &[Section] = &[tokenmill_mix::TOKENS, tokenmill_mix::SHARDS];

/// The folders of the crates that have stages, and their stages.
pub const CATALOGUES: [(&str, &[Entry]); 3] = [
    ("classifiers", tokenmill_classifiers::catalog::CATALOG),
    ("gpu-scoring", tokenmill_gpu_scoring::CATALOG),
    ("stages", tokenmill_stages::catalog::CATALOG),
];

/// All stages of the program.
pub fn catalog() -> Result<Catalog, Failure> {
    Ok(Catalog::join(&CATALOGUES.map(|(_, entries)| entries))?)
}

/// What recipe verbs have in common.
#[derive(clap::Args)]
pub struct RecipeArgs {
    /// The recipe
    pub recipe: String,
    /// Override a key, for example `--set run.root=/data/runs` or `--set step.filter.length.min_chars=200`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// Read at most N documents of every input file
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

impl RecipeArgs {
    /// Reads the recipe with its overrides.
    pub fn read(&self) -> Result<Spec, Failure> {
        self.read_with(None)
    }

    /// Reads the recipe with its overrides and more of them.
    pub fn read_with(&self, more: impl IntoIterator<Item = String>) -> Result<Spec, Failure> {
        let mut sets = self.sets.clone();
        sets.extend(more);
        sets.extend(self.limit.map(|limit| format!("run.limit={limit}")));
        read_recipe(&self.recipe, &sets)
    }
}

/// Where encoders run.
#[derive(clap::Args)]
pub struct DeviceArg {
    /// Where encoder scorers run: `cpu`, `cuda` (all GPUs), `cuda:0,1`, or `auto` (GPUs if there are any)
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
}

impl DeviceArg {
    /// The override of the recipe.
    pub fn set(&self) -> Option<String> {
        self.device.as_ref().map(|device| format!("run.device={device}"))
    }
}

/// Says where encoders will run, if the recipe has any.
pub fn say_devices(spec: &Spec) -> Result<(), Failure> {
    if spec.scores().next().is_some() {
        log::note(&choose(&spec.device)?.describe());
    }
    Ok(())
}

/// Reads a recipe.
pub fn read_recipe(path: &str, sets: &[String]) -> Result<Spec, Failure> {
    parse_recipe(read_text(path, "recipe")?, sets)
}

/// Reads a file that the user has written; `what` is what messages call it: `recipe`, `mix`, `study`.
pub fn read_text(path: &str, what: &str) -> Result<Text, Failure> {
    let content = source::read(path).and_then(|content| {
        String::from_utf8(content).map_err(|_| StoreError::corrupt(path, format!("a {what} is UTF-8 text")))
    });
    let content = content.map_err(|error| match error {
        StoreError::Missing(_) => {
            let folder = match what {
                "mix" => "mixes to start from are in `configs/mixes/`",
                "study" => "studies to start from are in `configs/ablations/`",
                _ => "recipes to start from are in `configs/`",
            };
            Failure::usage(format!("cannot read the {what} `{path}`: it does not exist")).hint(folder)
        }
        error if Location::is_local(path) => Failure::usage(error.to_string()),
        error => error.into(),
    })?;
    Ok(Text { name: path.to_owned(), content })
}

/// Parses a recipe that has been read.
pub fn parse_recipe(text: Text, sets: &[String]) -> Result<Spec, Failure> {
    let catalog = catalog()?;
    Ok(config::parse(&text, sets, &House { catalog: &catalog, sections: SECTIONS })?)
}

/// How many threads work: as many as asked for, or one for each core.
pub fn threads(asked: Option<usize>) -> usize {
    asked.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1)
}

/// The assets, with progress on standard error when one is fetched.
pub fn assets() -> Result<Assets, Failure> {
    let bar = AssetBar::default();
    Ok(Assets::open(default_cache()?)?.with_events(move |event| bar.show(event)))
}

/// The assets in the form phases share.
pub fn shared_assets() -> Result<Arc<dyn SharedAssets>, Failure> {
    Ok(Arc::new(assets()?))
}

/// Opens a run directory that must exist.
pub fn open_run(folder: &str) -> Result<Box<dyn Store>, Failure> {
    open_standing(folder, "plan.json").map_err(|error| match error {
        StoreError::Missing(_) => Failure::usage(format!("`{folder}` is no run directory: it holds no `plan.json`"))
            .hint("a run directory is `<run.root>/<run.name>`, for example `runs/quickstart`"),
        error => error.into(),
    })
}

/// Opens or makes the run directory of a recipe, and checks that the store keeps its promises.
pub fn create_run(spec: &Spec) -> Result<Box<dyn Store>, Failure> {
    create_folder(&run_folder(spec))
}

/// Opens or makes a run directory, and checks that the store keeps its promises.
pub fn create_folder(folder: &str) -> Result<Box<dyn Store>, Failure> {
    let store = open_store(folder)?;
    store.self_test()?;
    Ok(store)
}

/// The run directory of a recipe.
pub fn run_folder(spec: &Spec) -> String {
    format!("{}/{}", spec.root.trim_end_matches('/'), spec.name)
}
