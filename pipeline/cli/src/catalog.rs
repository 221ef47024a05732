//! `tokenmill catalog`: writes what is generated from the catalogue (a developer's verb; `cargo xtask bless` calls it).

use crate::failure::Failure;
use crate::house::{CATALOGUES, SECTIONS, catalog};
use std::fmt::Write;
use std::process::ExitCode;
use tokenmill_core::hash::digest_hex;
use tokenmill_core::{Catalog, Default, Entry, MetricKind, Param};

/// Print the catalogue of stages
#[derive(clap::Args)]
pub struct Args {
    /// Form of the output
    #[arg(long, value_enum, default_value = "markdown")]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// `docs/stages.md`
    Markdown,
    /// `configs/schema.json`
    Schema,
    /// `catalog.lock`
    Lock,
}

/// Prints the catalogue.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let catalog = catalog()?;
    match args.format {
        Format::Markdown => print!("{}", markdown(&catalog)),
        Format::Schema => println!("{}", schema(&catalog)),
        Format::Lock => print!("{}", lock(&catalog)),
    }
    Ok(ExitCode::SUCCESS)
}

const GENERATED: &str = "generated from the catalogue by `cargo xtask bless`; edit the stages, not this file";

fn markdown(catalog: &Catalog) -> String {
    let mut out = format!("<!-- {GENERATED} -->\n# Stages\n");
    // Writing to a String cannot fail, here and below.
    for entry in catalog.entries() {
        let _ = writeln!(
            out,
            "\n## `{}` v{}\n\n{} ({}; [page]({}))",
            entry.name,
            entry.version,
            entry.about,
            entry.shape.name(),
            page_path(entry)
        );
        params_markdown(&mut out, entry.params);
        if !entry.metrics.is_empty() {
            let _ = writeln!(out, "\n| metric | kind | meaning |\n|---|---|---|");
        }
        for metric in entry.metrics {
            let kind = if metric.kind == MetricKind::Number { "number" } else { "label" };
            let _ = writeln!(out, "| `{}` | {kind} | {} |", metric.name, metric.about);
        }
    }
    for section in SECTIONS {
        let _ = writeln!(out, "\n# Section `[{}]`\n\n{}", section.name, section.about);
        params_markdown(&mut out, section.params);
    }
    out
}

fn page_path(entry: &Entry) -> String {
    let has_it = |entries: &[Entry]| entries.iter().any(|other| other.name == entry.name);
    let folder = CATALOGUES.iter().find(|(_, entries)| has_it(entries)).map_or("", |(folder, _)| folder);
    format!("../{folder}/{}", tokenmill_core::page::path(entry.name))
}

fn params_markdown(out: &mut String, params: &[Param]) {
    if !params.is_empty() {
        let _ = writeln!(out, "\n| parameter | default | meaning |\n|---|---|---|");
    }
    for param in params {
        let _ = writeln!(out, "| `{}` | `{}` | {} |", param.name, param.default.value().to_toml(), param.about);
    }
}

/// A JSON schema of recipes, for editors.
fn schema(catalog: &Catalog) -> String {
    let table = |params: &[Param]| {
        let property = |param: &Param| {
            let mut schema = param_type(&param.default);
            schema["description"] = param.about.into();
            schema["default"] = serde_json::to_value(param.default.value().to_toml()).unwrap_or_default();
            (param.name.to_owned(), schema)
        };
        params.iter().map(property).collect::<serde_json::Map<_, _>>()
    };
    let step = |entry: &&'static Entry| {
        let mut properties = table(entry.params);
        properties.insert("use".into(), serde_json::json!({"const": entry.name, "description": entry.about}));
        properties.insert("name".into(), serde_json::json!({"type": "string"}));
        properties.insert("when".into(), serde_json::json!({"$ref": "#/$defs/when"}));
        let lang = serde_json::json!({"type": "object", "additionalProperties": {"type": "object"}, "description":
            "parameters for single languages, by label; they win over those of `lang_table`"});
        properties.insert("lang".into(), lang);
        properties.insert(
            "lang_table".into(),
            serde_json::json!({"type": "string", "description":
            "a file of parameters by language and stage, such as configs/lang/fineweb2.toml"}),
        );
        serde_json::json!({"type": "object", "required": ["use"], "properties": properties, "additionalProperties": false})
    };
    let mut steps: Vec<_> = catalog.entries().iter().map(step).collect();
    steps.push(serde_json::json!({"type": "object", "properties": {"checkpoint": {"const": true}}, "required": ["checkpoint"], "additionalProperties": false}));
    let texts = serde_json::json!({"type": ["string", "array"], "items": {"type": "string"}});
    let mut properties = serde_json::json!({
        "run": {"type": "object", "required": ["name"], "additionalProperties": false, "properties": {
            "name": {"type": "string"}, "seed": {"type": "integer", "minimum": 0}, "root": {"type": "string"},
            "removed": {"type": "number", "minimum": 0, "maximum": 1}, "limit": {"type": "integer", "minimum": 0},
            "memory": {"type": "string", "pattern": "^[0-9.]+ *([KMGT]iB|[KMG]?B)?$", "default": "1GiB",
                "description": "what sorting may hold in memory, over all threads"},
            "device": {"type": "string", "default": "auto",
                "description": "where encoders run: `auto`, `cpu`, `cuda` or `cuda:0,1`"},
            "alarm": {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"const": "off"}], "default": 0.95,
                "description": "warn of a step that removes so much of one source, language or domain"},
            "alarm_documents": {"type": "integer", "minimum": 0, "default": 1000,
                "description": "documents of such a group that must reach the step"}}},
        "source": {"type": "object", "required": ["kind", "paths"], "additionalProperties": false, "properties": {
            "kind": {"enum": tokenmill_store::source::Format::ALL.map(|(name, _)| name)},
            "paths": texts,
            "base": {"type": "string", "default": "",
                "description": "below what the files lie that a list (`.paths`, `.paths.gz`) or an index names"},
            "index": {"type": "object", "additionalProperties": false, "properties": {
                "subsets": {"type": ["string", "array"], "items": {"type": "string"}, "default": ["warc"],
                    "description": "partitions of the index that are read"},
                "languages": {"type": ["string", "array"], "items": {"type": "string", "pattern": "^[a-z]{3}$"},
                    "default": [], "description": "wanted main languages, as ISO 639-3 codes; none for all pages"},
                "mime": {"type": ["string", "array"], "items": {"type": "string"},
                    "default": ["text/html", "application/xhtml+xml"],
                    "description": "wanted media types; none for all"},
                "status": {"type": ["integer", "array"], "items": {"type": "integer"}, "default": [200],
                    "description": "wanted HTTP statuses; none for all"},
                "truncated": {"enum": ["keep", "drop"], "default": "keep", "description": "captures that were cut off"},
                "unique": {"enum": ["off", "url", "surt"], "default": "off",
                    "description": "of the captures of a URL, or of its canonical form in the index, the newest stays"},
                "gap": {"type": "string", "default": "64KiB",
                    "description": "bytes between two wanted records that are rather read than asked around"}}},
            "columns": {"type": "object", "additionalProperties": false, "properties": {
                "text": {"type": "string"}, "id": {"type": "string"}, "url": {"type": "string"}, "date": {"type": "string"},
                "lang": {"type": "string"}, "extra": texts}}}},
        "step": {"type": "array", "items": {"oneOf": steps}},
    });
    for section in SECTIONS {
        properties[section.name] = serde_json::json!({
            "type": "object", "description": section.about, "properties": table(section.params), "additionalProperties": false});
    }
    let schema = serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": GENERATED,
        "title": "tokenmill recipe",
        "type": "object",
        "required": ["run", "source"],
        "additionalProperties": false,
        "properties": properties,
        "$defs": {"when": {"type": "object", "additionalProperties": false, "properties": {"lang": texts, "kind": texts}}},
    });
    serde_json::to_string_pretty(&schema).unwrap_or_default()
}

fn param_type(default: &Default) -> serde_json::Value {
    match default {
        Default::Bool(_) => serde_json::json!({"type": "boolean"}),
        Default::Int(_) => serde_json::json!({"type": "integer"}),
        Default::Float(_) => serde_json::json!({"type": "number"}),
        Default::Limit(_) | Default::NoLimit => serde_json::json!({"anyOf": [{"type": "number"}, {"const": "off"}]}),
        Default::Text(_) => serde_json::json!({"type": "string"}),
        Default::Texts(_) => serde_json::json!({"type": "array", "items": {"type": "string"}}),
    }
}

/// One line per stage: name, version, digest of its expectations. Changed expectations without a raised version are a
/// mistake that `cargo xtask tidy` finds.
fn lock(catalog: &Catalog) -> String {
    let mut out = format!("# {GENERATED}\n");
    for entry in catalog.entries() {
        let expectations: String = tokenmill_core::page::blocks(entry.page)
            .into_iter()
            .filter_map(|block| match block {
                tokenmill_core::page::Block::Fence { info: "expect", raw, .. } => Some(raw),
                _ => None,
            })
            .collect();
        let _ = writeln!(out, "{} {} {}", entry.name, entry.version, digest_hex(expectations.as_bytes()));
    }
    out
}
