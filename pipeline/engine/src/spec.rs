//! What will run: every default written out, steps in phases, conditions and per-language parameters resolved.

use crate::alarm::AlarmLimits;
use crate::index::IndexSpec;
use crate::size;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tokenmill_core::catalog::Shape;
use tokenmill_core::exchange::{AGAINST, KEEP_SKETCHES};
use tokenmill_core::pipe::NUMBERS;
use tokenmill_core::{Assets, BuildError, Entry, MetricKind, Params, Value as ParamValue};
use tokenmill_store::Section;
use tokenmill_store::source::{ColumnMap, Format};

/// A resolved recipe.
#[derive(Clone)]
pub struct Spec {
    /// Name of the run.
    pub name: String,
    /// Seed of every sample and shuffle.
    pub seed: u64,
    /// Where runs live: the run directory is `<root>/<name>`.
    pub root: String,
    /// Share of removed documents whose text is kept for inspection.
    pub removed: f64,
    /// At most this many documents of every input file.
    pub limit: Option<u64>,
    /// Where documents come from.
    pub source: SourceSpec,
    /// Bytes that sorting may hold in memory, over all threads; never changes an output.
    pub memory: u64,
    /// Where encoders run, as `run.device` says: `auto`, `cpu`, `cuda` or `cuda:0,1`. What is stored is a fact, wherever it
    /// was computed, so another device does nothing again.
    pub device: String,
    /// When the end of a run warns of a group that lost almost all its documents, if ever; never changes an output.
    pub alarm: Option<AlarmLimits>,
    /// The steps, cut where documents must be stored or compared.
    pub blocks: Vec<Block>,
    /// What follows the steps.
    pub section: Option<(Section, Params)>,
}

/// Where documents come from.
#[derive(Clone, Debug)]
pub struct SourceSpec {
    /// Format of the files.
    pub format: Format,
    /// Name of the format.
    pub kind: &'static str,
    /// Paths and patterns.
    pub paths: Vec<String>,
    /// Column names, for tables.
    pub columns: ColumnMap,
    /// Below what the files lie that lists or an index name; empty for the root of where those come from.
    pub base: String,
    /// What is wanted of an index, where the paths name one and not the crawl files themselves.
    pub index: Option<IndexSpec>,
}

/// Steps that run as one map phase, and the exchanges that settle on what it leaves, or the pipe or the models that it goes through.
#[derive(Clone, Default)]
pub struct Block {
    /// Steps on single documents.
    pub steps: Vec<StepSpec>,
    /// Exchanges, in the order in which they settle, or one pipe, or models; the next block applies what they decide.
    pub exchanges: Vec<StepSpec>,
    /// Whether there is no text yet: the block only looks ahead, and the next one reads the source from the start.
    pub is_scan: bool,
}

/// One step.
#[derive(Clone)]
pub struct StepSpec {
    /// Unique in the recipe; the name of the stage unless given.
    pub name: String,
    /// The stage.
    pub entry: &'static Entry,
    /// Parameters.
    pub params: Params,
    /// Parameters for single languages.
    pub by_lang: BTreeMap<String, Params>,
    /// Which documents it sees.
    pub when: When,
}

/// Which documents a step sees; an empty list means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// Language labels.
    pub lang: Vec<String>,
    /// Page kinds.
    pub kind: Vec<String>,
}

impl When {
    /// Whether a document with this language and kind is seen.
    pub fn matches(&self, lang: &str, kind: &str) -> bool {
        let fits = |list: &[String], value: &str| list.is_empty() || list.iter().any(|item| item == value);
        fits(&self.lang, lang) && fits(&self.kind, kind)
    }
}

impl Spec {
    /// Whether the map phase of the `index`-th block reads the source, not the documents of a phase before.
    pub fn reads_source(&self, index: usize) -> bool {
        self.before(index).is_none_or(|before| before.is_scan)
    }

    /// The steps that the map phase of the `index`-th block walks each document through.
    pub fn chain(&self, index: usize) -> Vec<StepSpec> {
        let before = self.before(index);
        // What a scan has seen is seen again, because it has stored nothing but keys.
        let again = before.filter(|before| before.is_scan).map_or(&[][..], |scan| &scan.steps);
        let decided = before.map_or(&[][..], |before| &before.exchanges);
        let own = self.blocks.get(index).map_or(&[][..], |block| &block.steps);
        again.iter().chain(decided).chain(own).cloned().collect()
    }

    fn before(&self, index: usize) -> Option<&Block> {
        index.checked_sub(1).and_then(|before| self.blocks.get(before))
    }

    /// All steps, in order.
    pub fn steps(&self) -> impl Iterator<Item = &StepSpec> {
        self.blocks.iter().flat_map(|block| block.steps.iter().chain(&block.exchanges))
    }

    /// The steps that put documents through a model.
    pub fn scores(&self) -> impl Iterator<Item = &StepSpec> {
        self.steps().filter(|step| step.entry.shape == Shape::Score)
    }

    /// The assets that the recipe names, each with the step or section that names it.
    pub fn asset_names(&self) -> Vec<(String, String)> {
        let steps = self.steps().map(|step| (&step.name, step.entry.asset_params, &step.params));
        let section = self.section.iter().map(|(section, params)| (section.name, section.asset_params, params));
        let steps = steps.map(|(name, asset_params, params)| (name.as_str(), asset_params, params));
        let mut names = Vec::new();
        for (name, asset_params, params) in steps.chain(section) {
            names.extend(assets_of(asset_params, params).map(|asset| (name.to_owned(), asset)));
        }
        names
    }
}

/// The assets that some parameters name.
pub(crate) fn assets_of<'a>(asset_params: &'a [&'a str], params: &'a Params) -> impl Iterator<Item = String> + 'a {
    let names = asset_params.iter().flat_map(|param| {
        // A parameter with a `/` behind its name stands for a folder with a model.
        let (param, end) = param.strip_suffix('/').map_or((*param, ""), |param| (param, "/"));
        let one = Some(params.text(param)).filter(|name| !name.is_empty());
        let one =
            one.map(|name| if end.is_empty() { name.to_owned() } else { format!("{}/", name.trim_end_matches('/')) });
        one.into_iter().chain(params.texts(param).iter().cloned())
    });
    names.filter(|name| !name.is_empty())
}

/// The canonical text of some steps: the part of a phase's fingerprint that the recipe decides.
///
/// # Errors
/// When an asset has no known digest.
pub fn canonical_steps(steps: &[StepSpec], assets: &dyn Assets) -> Result<Value, BuildError> {
    let canonical = |step: &StepSpec| {
        let mut object = Map::new();
        object.insert("name".into(), step.name.clone().into());
        object.insert("use".into(), step.entry.name.into());
        object.insert("version".into(), step.entry.version.into());
        object.insert("params".into(), own_params(step, &step.params));
        let by_lang = step.by_lang.iter().map(|(lang, params)| (lang.clone(), own_params(step, params)));
        object.insert("lang".into(), Value::Object(by_lang.collect()));
        object.insert("when".into(), json!({"lang": step.when.lang, "kind": step.when.kind}));
        let all_params = std::iter::once(&step.params).chain(step.by_lang.values());
        let mut digests = Map::new();
        for asset in all_params.flat_map(|params| assets_of(step.entry.asset_params, params)) {
            let digest = assets.digest(&asset)?;
            digests.insert(asset, digest.into());
        }
        object.insert("assets".into(), Value::Object(digests));
        Ok(Value::Object(object))
    };
    steps.iter().map(canonical).collect::<Result<Vec<_>, BuildError>>().map(Value::Array)
}

/// The parameters that can change what the stage says of a document. What an exchange reads of other runs or keeps for them
/// matters to the phases that do so, and they add it themselves.
fn own_params(step: &StepSpec, params: &Params) -> Value {
    let mut canonical = canonical_params(params);
    if let (Some(_), Some(canonical)) = (step.entry.shape.exchange(), canonical.as_object_mut()) {
        canonical.retain(|name, _| ![AGAINST.name, KEEP_SKETCHES.name].contains(&name.as_str()));
    }
    canonical
}

/// Parameters as JSON, by name.
pub fn canonical_params(params: &Params) -> Value {
    let value = |value: &ParamValue| match value {
        ParamValue::Bool(flag) => json!(flag),
        ParamValue::Int(number) => json!(number),
        ParamValue::Float(number) => json!(number),
        ParamValue::Off => json!("off"),
        ParamValue::Text(text) => json!(text),
        ParamValue::Texts(texts) => json!(texts),
    };
    Value::Object(params.iter().map(|(name, param)| (name.to_owned(), value(param))).collect())
}

impl Spec {
    /// The recipe with every default written out; reading it back gives the same spec.
    pub fn to_toml(&self) -> String {
        let mut run = toml::Table::new();
        run.insert("name".into(), self.name.clone().into());
        run.insert("seed".into(), toml::Value::Integer(self.seed as i64));
        run.insert("root".into(), self.root.clone().into());
        run.insert("removed".into(), self.removed.into());
        run.insert("memory".into(), size::to_text(self.memory).into());
        run.insert("device".into(), self.device.clone().into());
        match self.alarm {
            None => drop(run.insert("alarm".into(), "off".into())),
            Some(AlarmLimits { share, documents }) => {
                run.insert("alarm".into(), share.into());
                run.insert("alarm_documents".into(), toml::Value::Integer(documents as i64));
            }
        }
        if let Some(limit) = self.limit {
            run.insert("limit".into(), toml::Value::Integer(limit as i64));
        }
        let mut columns = toml::Table::new();
        let map = &self.source.columns;
        for (key, name) in
            [("text", &map.text), ("id", &map.id), ("url", &map.url), ("date", &map.date), ("lang", &map.lang)]
        {
            columns.insert(key.into(), name.clone().into());
        }
        columns.insert("extra".into(), map.extra.clone().into());
        let mut source = toml::Table::new();
        source.insert("kind".into(), self.source.kind.into());
        source.insert("paths".into(), self.source.paths.clone().into());
        source.insert("columns".into(), columns.into());
        source.insert("base".into(), self.source.base.clone().into());
        if let Some(index) = &self.source.index {
            source.insert("index".into(), index.to_toml().into());
        }
        let mut steps: Vec<toml::Value> = Vec::new();
        for (at, block) in self.blocks.iter().enumerate() {
            // A step behind exchanges starts a block by itself; exchanges behind exchanges do not.
            let starts_by_itself = at > 0 && !self.blocks[at - 1].exchanges.is_empty() && !block.steps.is_empty();
            let is_end = block.steps.is_empty() && block.exchanges.is_empty();
            if at > 0 && !starts_by_itself && !is_end {
                steps.push(toml::Table::from_iter([("checkpoint".to_owned(), toml::Value::Boolean(true))]).into());
            }
            steps.extend(block.steps.iter().chain(&block.exchanges).map(|step| step.to_toml().into()));
        }
        let mut root = toml::Table::new();
        root.insert("run".into(), run.into());
        root.insert("source".into(), source.into());
        root.insert("step".into(), steps.into());
        if let Some((section, params)) = &self.section {
            root.insert(section.name.into(), params_table(params).into());
        }
        root.to_string()
    }
}

impl StepSpec {
    /// The metrics of the step, in the order of its numbers.
    pub fn metrics(&self) -> impl Iterator<Item = (&str, MetricKind)> {
        let declared = if self.entry.shape.declares_numbers() { self.params.texts(NUMBERS) } else { &[] };
        let own = self.entry.metrics.iter().map(|metric| (metric.name, metric.kind));
        own.chain(declared.iter().map(|name| (name.as_str(), MetricKind::Number)))
    }

    /// Says of an error of the stage which step it is about.
    pub fn blame(&self, error: BuildError) -> BuildError {
        BuildError { message: format!("step `{}`: {}", self.name, error.message), ..error }
    }

    fn to_toml(&self) -> toml::Table {
        let mut table = params_table(&self.params);
        table.insert("use".into(), self.entry.name.into());
        table.insert("name".into(), self.name.clone().into());
        let mut when = toml::Table::new();
        for (key, values) in [("lang", &self.when.lang), ("kind", &self.when.kind)] {
            if !values.is_empty() {
                when.insert(key.into(), values.clone().into());
            }
        }
        if !when.is_empty() {
            table.insert("when".into(), when.into());
        }
        if !self.by_lang.is_empty() {
            // Only what was given, so that an override of the step reaches its languages as it does in the recipe.
            let given = |params: &Params| -> toml::Table {
                params.given().map(|(name, value)| (name.to_owned(), value.to_toml())).collect()
            };
            let tables = self.by_lang.iter().map(|(lang, params)| (lang.clone(), given(params).into()));
            table.insert("lang".into(), toml::Value::Table(tables.collect()));
        }
        table
    }
}

fn params_table(params: &Params) -> toml::Table {
    params.iter().map(|(name, value)| (name.to_owned(), value.to_toml())).collect()
}
