//! The recipe of an annotation.

use crate::failure::Failure;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tokenmill_classifiers::annotate::estimate::Price;
use tokenmill_classifiers::annotate::{Choice, Prompt};
use tokenmill_store::location::Location;
use tokenmill_store::source;

/// All of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What is made.
    pub labels: Labels,
    /// Which documents are labelled.
    pub sample: SampleTable,
    /// Who is asked.
    pub endpoint: Endpoint,
    /// What else is in the body of every request.
    #[serde(default = "request", deserialize_with = "with_defaults")]
    pub request: Map<String, Value>,
    /// What tokens cost.
    #[serde(default)]
    pub price: Price,
}

fn request() -> Map<String, Value> {
    [("temperature".to_owned(), json!(0)), ("max_tokens".to_owned(), json!(300))].into_iter().collect()
}

/// What the recipe says, and for what it does not say the defaults.
fn with_defaults<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    let mut fields = Map::deserialize(deserializer)?;
    for (name, value) in request() {
        if name != "max_tokens" || !fields.contains_key("max_completion_tokens") {
            fields.entry(name).or_insert(value);
        }
    }
    if fields.get("temperature").is_some_and(|value| value == "default") {
        fields.remove("temperature");
    }
    Ok(fields)
}

/// What is made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// The table: a Parquet file.
    pub output: String,
    /// The file with the prompt.
    pub prompt: String,
    /// The file that every answer goes to as soon as it is there; without one, the output with `.journal`.
    pub journal: Option<String>,
    /// Whether the table has the text.
    #[serde(default = "yes")]
    pub text: bool,
    /// Share of the documents that may be without a readable answer.
    pub max_unreadable: Option<f64>,
    /// How often a model is asked again whose answer cannot be read.
    #[serde(default = "one")]
    pub reask: usize,
}

fn yes() -> bool {
    true
}

fn one() -> usize {
    1
}

/// Which documents are labelled.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleTable {
    /// Files with documents, or run directories.
    pub inputs: Vec<String>,
    /// What strata are made by: `lang`, `site`, `host`, `kind`, columns of the input, or metrics of the run; none is one stratum.
    #[serde(default)]
    pub by: Vec<String>,
    /// Edges between ranges of the numbers that strata are made by.
    #[serde(default)]
    pub edges: BTreeMap<String, Vec<f64>>,
    /// Documents of every stratum.
    pub per_stratum: usize,
    /// Documents of all strata, at most.
    #[serde(default = "max_documents")]
    pub max_documents: usize,
    /// Languages to take; all when empty. Documents that do not say their language are taken.
    #[serde(default)]
    pub lang: Vec<String>,
    /// Characters of the shortest text that is taken.
    #[serde(default = "one")]
    pub min_chars: usize,
    /// Characters of a text that are shown to the model, from its start.
    #[serde(default = "max_chars")]
    pub max_chars: usize,
    /// Other seeds choose others.
    #[serde(default)]
    pub seed: u64,
    /// The column with the text.
    #[serde(default = "text")]
    pub text: String,
}

fn max_documents() -> usize {
    100_000
}

fn max_chars() -> usize {
    8_000
}

fn text() -> String {
    "text".to_owned()
}

/// Who is asked, and with how much patience.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// The address below which `/chat/completions` is.
    pub url: String,
    /// The model.
    pub model: String,
    /// The environment variable with the key, if one is needed.
    pub key_env: Option<String>,
    /// Requests under way at once.
    #[serde(default = "concurrency")]
    pub concurrency: usize,
    /// How long one may take.
    #[serde(default = "timeout")]
    pub timeout_seconds: f64,
    /// How often one is sent again when the service fails for the moment.
    #[serde(default = "retries")]
    pub retries: u32,
    /// The pause before the first of these; every further one is twice as long, up to a minute.
    #[serde(default = "first_pause")]
    pub first_pause_seconds: f64,
}

fn concurrency() -> usize {
    8
}

fn timeout() -> f64 {
    120.0
}

fn retries() -> u32 {
    8
}

fn first_pause() -> f64 {
    1.0
}

/// More threads than this wait for one another.
const MAX_CONCURRENCY: usize = 1_024;

/// Characters of a document beyond which no model reads.
const MAX_CHARS: usize = 1_000_000;

/// A day.
const MAX_SECONDS: f64 = 86_400.0;

impl Recipe {
    /// Reads a recipe, changes it by the command line, and checks it.
    pub fn read(path: &str, change: impl FnOnce(&mut Recipe)) -> Result<Recipe, Failure> {
        let mut recipe: Recipe = read_toml(path)?;
        change(&mut recipe);
        recipe.check().map_err(|what| Failure::usage(format!("{path}: {what}")))?;
        Ok(recipe)
    }

    fn check(&self) -> Result<(), String> {
        let Recipe { labels, sample, endpoint, price, .. } = self;
        if !labels.output.ends_with(".parquet") {
            return Err(format!("`{}` must end in `.parquet`", labels.output));
        }
        let absolute = |name: &str| std::path::absolute(name).ok();
        if labels.journal.as_ref().is_some_and(|journal| absolute(journal) == absolute(&labels.output)) {
            return Err("`labels.journal` and `labels.output` must be two files".to_owned());
        }
        if labels.max_unreadable.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return Err("`labels.max_unreadable` is a share, from 0 to 1".to_owned());
        }
        if sample.per_stratum == 0 || sample.max_documents == 0 || sample.max_chars == 0 {
            return Err("`per_stratum`, `max_documents` and `max_chars` must be above 0".to_owned());
        }
        if sample.max_chars > MAX_CHARS {
            return Err(format!("`sample.max_chars` must be at most {MAX_CHARS}"));
        }
        if let Some(name) =
            sample.by.iter().enumerate().find_map(|(at, name)| sample.by[..at].contains(name).then_some(name))
        {
            return Err(format!("`sample.by` has `{name}` twice"));
        }
        if let Some((name, _)) = sample.edges.iter().find(|(_, edges)| !edges.is_sorted_by(|a, b| a < b)) {
            return Err(format!("the edges of `{name}` must rise"));
        }
        if let Some(name) = sample.edges.keys().find(|name| !sample.by.contains(name)) {
            return Err(format!("`sample.edges` has `{name}`, but `sample.by` has not"));
        }
        if !(1..=MAX_CONCURRENCY).contains(&endpoint.concurrency) {
            return Err(format!("`endpoint.concurrency` must be from 1 to {MAX_CONCURRENCY}"));
        }
        let seconds = [endpoint.timeout_seconds, endpoint.first_pause_seconds];
        if endpoint.timeout_seconds == 0.0 || seconds.iter().any(|seconds| !(0.0..=MAX_SECONDS).contains(seconds)) {
            return Err("`timeout_seconds` must be above 0, and both times at most a day".to_owned());
        }
        if !endpoint.url.starts_with("http://") && !endpoint.url.starts_with("https://") {
            return Err(format!("`{}` is no address; give one such as `http://localhost:8000/v1`", endpoint.url));
        }
        let authority = endpoint.url.split("://").nth(1).unwrap_or_default().split(['/', '?', '#']).next();
        if authority.is_some_and(|authority| authority.contains('@')) {
            return Err(
                "`endpoint.url` must not hold a user or password; `endpoint.key_env` names a variable with the key"
                    .to_owned(),
            );
        }
        if endpoint.model.trim().is_empty() {
            return Err("`endpoint.model` must not be empty".to_owned());
        }
        let limits = ["max_tokens", "max_completion_tokens"];
        if let Some(name) = limits
            .iter()
            .find(|name| self.request.get(**name).is_some_and(|limit| limit.as_u64().is_none_or(|limit| limit == 0)))
        {
            return Err(format!("`request.{name}` must be a whole number above 0"));
        }
        if let Some(key) = ["model", "messages", "stream", "n"].iter().find(|key| self.request.contains_key(**key)) {
            return Err(format!("`request.{key}` is not yours to set"));
        }
        let amounts = [price.input_per_million, price.output_per_million, price.max_cost.unwrap_or(0.0)];
        if amounts.iter().any(|amount| !(0.0..1e12).contains(amount)) {
            return Err("prices must not be below 0".to_owned());
        }
        if price.max_cost.is_some() && price.is_free() {
            return Err("`price.max_cost` needs `price.input_per_million` and `price.output_per_million`".to_owned());
        }
        Ok(())
    }

    /// The prompt.
    pub fn prompt(&self) -> Result<Prompt, Failure> {
        let path = &self.labels.prompt;
        let prompt: Prompt = read_toml(path)?;
        prompt.check().map_err(|what| Failure::usage(format!("{path}: {what}")))?;
        Ok(prompt)
    }

    /// How documents are chosen.
    pub fn choice(&self) -> Choice {
        let SampleTable { per_stratum, max_documents, seed, .. } = self.sample;
        Choice { per_stratum, max_documents, seed }
    }

    /// Where answers are kept: on this machine, because only a local file can be appended to and locked.
    pub fn journal(&self) -> Result<PathBuf, Failure> {
        let name = self.labels.journal.clone().unwrap_or_else(|| format!("{}.journal", self.labels.output));
        match Location::parse(&name)? {
            Location::Local(path) => Ok(path),
            Location::S3 | Location::Web => Err(Failure::usage(format!("the journal cannot be at `{name}`"))
                .hint("set `labels.journal` to a local file; the table may be on object storage")),
        }
    }

    /// The address that is asked.
    pub fn address(&self) -> String {
        let url = &self.endpoint.url;
        // The version of an interface may stand in a query.
        let (path, query) = url.split_at(url.find('?').unwrap_or(url.len()));
        let path = path.trim_end_matches('/').trim_end_matches("/chat/completions");
        format!("{path}/chat/completions{query}")
    }

    /// The key, which is never shown.
    pub fn key(&self) -> Result<Option<String>, Failure> {
        let Some(name) = &self.endpoint.key_env else { return Ok(None) };
        match std::env::var(name).map(|key| key.trim().to_owned()) {
            Ok(key) if !key.is_empty() => Ok(Some(key)),
            _ => Err(Failure::usage(format!("the variable `{name}` is not set"))
                .hint("`endpoint.key_env` names it; it holds the key of the service")),
        }
    }

    /// The longest answer, in tokens.
    pub fn max_output_tokens(&self) -> f64 {
        let limit = ["max_completion_tokens", "max_tokens"].iter().find_map(|key| self.request.get(*key)?.as_f64());
        limit.unwrap_or(1_000.0)
    }

    /// How long a request may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs_f64(self.endpoint.timeout_seconds)
    }
}

fn read_toml<T: serde::de::DeserializeOwned>(path: &str) -> Result<T, Failure> {
    let text = String::from_utf8(source::read(path)?).map_err(|_| Failure::usage(format!("`{path}` is no text")))?;
    toml::from_str(&text).map_err(|error| Failure::usage(format!("{path}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: &str = "[labels]\noutput = \"l.parquet\"\nprompt = \"p.toml\"\n[sample]\ninputs = [\"a.jsonl\"]\nper_stratum = 5\n\
                         [endpoint]\nurl = \"http://h/v1/\"\nmodel = \"m\"\n";

    fn read(text: &str) -> Result<Recipe, String> {
        let recipe: Recipe = toml::from_str(text).map_err(|error| error.to_string())?;
        recipe.check().map(|()| recipe)
    }

    #[test]
    fn a_short_recipe_has_all_defaults() {
        let recipe = read(SHORT).map(|recipe| (recipe.address(), recipe.max_output_tokens(), recipe.journal().ok()));
        assert_eq!(recipe, Ok(("http://h/v1/chat/completions".into(), 300.0, Some("l.parquet.journal".into()))));
    }

    #[test]
    fn a_field_of_the_request_replaces_itself_alone() {
        let fields = |request: &str| read(&format!("{SHORT}[request]\n{request}")).map(|recipe| json!(recipe.request));
        for (request, expected) in [
            ("top_p = 1", json!({"top_p": 1, "temperature": 0, "max_tokens": 300})),
            ("max_tokens = 9", json!({"temperature": 0, "max_tokens": 9})),
            ("temperature = 'default'\nmax_completion_tokens = 9", json!({"max_completion_tokens": 9})),
        ] {
            assert_eq!(fields(request), Ok(expected));
        }
    }

    #[test]
    fn a_query_stays_behind_the_path() {
        let address = |url: &str| read(&SHORT.replace("http://h/v1/", url)).map(|recipe| recipe.address());
        for (url, expected) in [
            ("http://h/v1/?api-version=1", "http://h/v1/chat/completions?api-version=1"),
            ("http://h/v1/chat/completions?a=b/c", "http://h/v1/chat/completions?a=b/c"),
        ] {
            assert_eq!(address(url), Ok(expected.to_owned()));
        }
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        for (from, to, expected) in [
            ("l.parquet", "l.csv", "`.parquet`"),
            ("per_stratum = 5", "per_stratum = 0", "above 0"),
            ("per_stratum = 5", "per_stratum = 5\nedges = { x = [1.0] }", "`sample.by` has not"),
            ("per_stratum = 5", "per_stratum = 5\nby = [\"x\"]\nedges = { x = [2.0, 1.0] }", "must rise"),
            ("model", "concurrency = 0\nmodel", "from 1 to"),
            ("model", "timeout_seconds = 0\nmodel", "above 0"),
            ("model", "first_pause_seconds = nan\nmodel", "at most a day"),
            ("http://h", "h", "no address"),
            ("[labels]", "[request]\nmessages = 1\n[labels]", "not yours"),
            ("[labels]", "[price]\nmax_cost = -1\n[labels]", "prices"),
            ("[labels]", "[price]\nmax_cost = 5\n[labels]", "needs `price.input"),
            ("[labels]", "[request]\nmax_tokens = 1.5\n[labels]", "whole number"),
            ("[labels]", "[labels]\njournal = \"./l.parquet\"", "two files"),
            ("http://h", "http://user:pass@h", "user or password"),
            ("model = \"m\"", "model = \" \"", "must not be empty"),
            ("per_stratum = 5", "per_stratum = 5\nby = [\"x\", \"x\"]", "twice"),
            ("per_stratum = 5", "per_stratum = 5\nmax_chars = 1000001", "at most 1000000"),
            ("output", "outptu", "unknown field `outptu`"),
        ] {
            let error = read(&SHORT.replacen(from, to, 1)).err().unwrap_or_default();
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }

    /// Every prompt of ours can be answered rightly, and not by anything.
    #[test]
    fn prompts_of_the_house_read_good_answers_and_no_others() {
        let prompts = [
            include_str!("../../../../configs/prompts/quality.toml"),
            include_str!("../../../../configs/prompts/multilingual-quality.toml"),
            include_str!("../../../../configs/prompts/code.toml"),
            include_str!("../../../../configs/prompts/reasoning.toml"),
            include_str!("../../../../configs/prompts/topics.toml"),
            include_str!("../../../../configs/prompts/formats.toml"),
        ];
        for text in prompts {
            let prompt: Result<Prompt, _> = toml::from_str(text);
            assert!(prompt.is_ok(), "{prompt:?}");
            let Ok(prompt) = prompt else { continue };
            assert_eq!(prompt.check(), Ok(()), "{}", prompt.name);
            let (answer, message) = (&prompt.answer, prompt.message("some text"));
            let scores = answer
                .min
                .zip(answer.max)
                .map(|(min, max)| (min..=max).map(|score| (score.to_string(), score.to_string())));
            let labels = answer.labels.keys().map(|label| (label.clone(), format!("\"{label}\"")));
            let good: Vec<(String, String)> = scores.into_iter().flatten().chain(labels).collect();
            assert!(good.len() == 6 || good.len() == 24, "{}: {}", prompt.name, good.len());
            for (label, value) in &good {
                let said = format!("{{\"reason\": \"It is so.\", \"{}\": {value}}}", answer.key);
                assert_eq!(answer.read(&said).map(|given| given.label), Ok(label.clone()), "{}", prompt.name);
                assert!(answer.labels.is_empty() || message.contains(&format!("\n- {label}: ")), "{label}");
                assert!(!answer.labels.is_empty() || prompt.instructions.contains(&format!("\n{label}: ")), "{label}");
            }
            for bad in ["6", "-1", "\"other\"", "null", "2.5"] {
                assert!(answer.read(&format!("{{\"{}\": {bad}}}", answer.key)).is_err(), "{}: {bad}", prompt.name);
            }
            assert!(answer.read(&good[0].0).is_err() && message.contains("some text"), "{}", prompt.name);
        }
    }
}
