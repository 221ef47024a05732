//! The text of the card.

use super::super::escape::{code, prose};
use super::super::privacy;
use super::super::survey::Census;
use super::{CardFacts, count, percent, steps};
use crate::plan::human_bytes;
use std::fmt::Write;

/// Lines of a table of what pages say of themselves.
const MAX_LINES: usize = 50;

/// Lines of the table of languages.
const MAX_LANGUAGES: usize = 2_000;

/// Paths of the source that are listed.
const MAX_PATHS: usize = 50;

/// The card behind its metadata.
pub fn text(facts: &CardFacts<'_>) -> String {
    let mut out = String::new();
    head(&mut out, facts);
    columns(&mut out, facts);
    languages(&mut out, facts);
    source(&mut out, facts);
    steps::funnel(&mut out, facts);
    steps::duplicates(&mut out, facts);
    steps::personal_data(&mut out, facts);
    licences(&mut out, facts);
    steps::parameters(&mut out, facts);
    assets(&mut out, facts);
    again(&mut out, facts);
    limits(&mut out, facts);
    take_down(&mut out, facts);
    out
}

// Writing to a String cannot fail, here and below.

fn head(out: &mut String, facts: &CardFacts<'_>) {
    let _ = writeln!(out, "# {}\n", prose(facts.name()));
    let tokens = facts.n_tokens().map(|n| format!(", {} tokens", count(n))).unwrap_or_default();
    let _ = writeln!(
        out,
        "Text of {} documents ({} of text{tokens}), made by the run {} of {}. This card is generated from what the run has \
         recorded.\n",
        count(facts.n_documents()),
        human_bytes(facts.text_bytes()),
        code(&facts.origin.name),
        code(&facts.options.data.program),
    );
    let config = facts.survey.configs.names().first().map(String::as_str).unwrap_or_default();
    let _ = writeln!(
        out,
        "```python\nfrom datasets import load_dataset\n\ndataset = load_dataset(\"path/to/this/folder\", {}, split=\"train\")\n```\n",
        super::super::escape::yaml(config)
    );
    let bytes: u64 = facts.files.iter().map(|file| file.bytes).sum();
    let _ = writeln!(
        out,
        "Files: {}, of {} in all; configurations: {}. `release.json` has the sha256 and xxh3-128 of each file, and the sums \
         that prove that no document was lost or doubled on the way from the run to the files.\n",
        count(facts.files.len() as u64),
        human_bytes(bytes),
        count(facts.survey.configs.names().len() as u64)
    );
}

fn columns(out: &mut String, facts: &CardFacts<'_>) {
    out.push_str("## Columns\n\n| column | type | meaning |\n|---|---|---|\n");
    for (field, about) in facts.columns.all() {
        let dtype = super::super::columns::dtype(field.kind);
        let about = if about.contains('`') { about } else { prose(&about) };
        let _ = writeln!(out, "| {} | {dtype} | {about} |", code(&field.name));
    }
    out.push('\n');
}

fn languages(out: &mut String, facts: &CardFacts<'_>) {
    out.push_str("## Languages\n\n| language | documents | share | bytes of text |");
    out.push_str(if facts.columns.has_tokens { " tokens |\n|---|--:|--:|--:|--:|\n" } else { "\n|---|--:|--:|--:|\n" });
    let mut rows: Vec<_> = facts.survey.languages.iter().collect();
    rows.sort_by_key(|(label, counts)| (std::cmp::Reverse(counts.n_documents), label.as_str()));
    let all = facts.n_documents();
    for (label, counts) in rows.iter().take(MAX_LANGUAGES) {
        let label = if label.is_empty() { "not known".to_owned() } else { code(label) };
        let _ = write!(
            out,
            "| {label} | {} | {} | {} |",
            count(counts.n_documents),
            percent(counts.n_documents, all),
            human_bytes(counts.text_bytes)
        );
        out.push_str(&if facts.columns.has_tokens {
            format!(" {} |\n", count(counts.n_tokens))
        } else {
            "\n".to_owned()
        });
    }
    if rows.len() > MAX_LANGUAGES {
        let _ = writeln!(out, "\nAnd {} more labels.", count((rows.len() - MAX_LANGUAGES) as u64));
    }
    out.push('\n');
    if !facts.survey.kinds.counts.is_empty() {
        census(out, "kind of page", &facts.survey.kinds, all);
    }
}

fn source(out: &mut String, facts: &CardFacts<'_>) {
    out.push_str("## Source\n\n");
    let first = facts.origin.phases.iter().find_map(|phase| phase.tally.as_ref());
    let n_in = first.map_or(0, |tally| tally.n_in);
    let _ = writeln!(
        out,
        "Kind {}, {} inputs, {} documents read.",
        code(facts.spec.source.kind),
        count(facts.origin.parts.len() as u64),
        count(n_in)
    );
    let mut dumps: Vec<&str> =
        facts.origin.parts.iter().map(|part| part.dump.as_str()).filter(|dump| !dump.is_empty()).collect();
    dumps.sort_unstable();
    dumps.dedup();
    if !dumps.is_empty() {
        let dumps: Vec<String> = dumps.into_iter().map(code).collect();
        let _ = writeln!(out, "Crawls: {}.", dumps.join(", "));
    }
    if !facts.spec.source.paths.is_empty() {
        out.push_str("Places, of which those that are not public are cut down to their last part:\n\n");
    }
    for path in facts.spec.source.paths.iter().take(MAX_PATHS) {
        let _ = writeln!(out, "- {}", code(&privacy::place(path)));
    }
    if facts.spec.source.paths.len() > MAX_PATHS {
        let _ = writeln!(out, "- and {} more", count((facts.spec.source.paths.len() - MAX_PATHS) as u64));
    }
    if let Some(limit) = facts.spec.limit {
        let _ = writeln!(out, "\nOf every input, the first {} documents were read.", count(limit));
    }
    out.push('\n');
}

fn licences(out: &mut String, facts: &CardFacts<'_>) {
    out.push_str("## Licences and wishes of the pages\n\n");
    out.push_str(
        "Copyright of the texts is with their authors. What pages say of their licence is in the column `license`, as an \
         address, unchecked; whoever uses a text must look for themselves.\n\n",
    );
    census(out, "licence", &facts.survey.licenses, facts.n_documents());
    out.push_str("What headers and tags of the pages in this data set allow machines:\n\n");
    census(out, "tags", &facts.survey.robots, facts.n_documents());
}

fn census(out: &mut String, what: &str, census: &Census, n_documents: u64) {
    let ranked = census.ranked();
    let named: u64 = ranked.iter().map(|(_, n)| n).sum::<u64>() + census.n_others;
    let _ = writeln!(out, "| {what} | documents |\n|---|--:|");
    for (text, n) in ranked.iter().take(MAX_LINES) {
        let _ = writeln!(out, "| {} | {} |", code(text), count(*n));
    }
    let n_rest = ranked.iter().skip(MAX_LINES).map(|(_, n)| n).sum::<u64>() + census.n_others;
    if n_rest > 0 {
        let _ = writeln!(out, "| others | {} |", count(n_rest));
    }
    let _ = writeln!(out, "| none named | {} |\n", count(n_documents.saturating_sub(named)));
}

fn assets(out: &mut String, facts: &CardFacts<'_>) {
    out.push_str("## Models, lists and vocabularies\n\n");
    if facts.assets.is_empty() {
        out.push_str("None.\n\n");
        return;
    }
    out.push_str("| used by | name | what | licence | sha256 |\n|---|---|---|---|---|\n");
    let or_unknown = |text: &str| if text.is_empty() { "not known".to_owned() } else { prose(text) };
    for asset in facts.assets {
        let digest = asset.sha256.as_deref().map_or_else(|| "not at hand".to_owned(), code);
        let mark = if asset.is_proven || asset.sha256.is_none() { "" } else { " (as it is now)" };
        let (user, name) = (code(&asset.user), code(&privacy::asset(&asset.name)));
        let _ = writeln!(
            out,
            "| {user} | {name} | {} | {} | {digest}{mark} |",
            or_unknown(&asset.kind),
            or_unknown(&asset.licence)
        );
    }
    out.push('\n');
}

fn again(out: &mut String, facts: &CardFacts<'_>) {
    let _ = writeln!(
        out,
        "## How to make it again\n\n`recipe.toml` is the recipe with every default written out, as {} has run it. Give it your \
         own places of inputs and files, then:\n\n```sh\ntokenmill run recipe.toml\ntokenmill audit runs/NAME\ntokenmill release \
         runs/NAME -o FOLDER --size {} --format {} --by {}\n```\n",
        code(&facts.options.data.program),
        facts.options.data.size,
        facts.options.data.format.name(),
        facts.options.data.by.name()
    );
    out.push_str(
        "A phase with an equal fingerprint gives equal bytes:\n\n| phase | tasks | fingerprint |\n|---|--:|---|\n",
    );
    for phase in &facts.origin.phases {
        let (name, fingerprint) = (code(&phase.record.name), code(&phase.record.fingerprint));
        let _ = writeln!(out, "| {name} | {} | {fingerprint} |", count(phase.n_parts as u64));
    }
    out.push('\n');
}

fn limits(out: &mut String, facts: &CardFacts<'_>) {
    out.push_str("## Known limits\n\n");
    let mut lines = vec![
        "Nobody has read these documents. Rules and models have chosen them, and both are wrong at times: there will be machine \
         translations, advertisements, falsehoods and insults among them.",
        "A language label is a model's or the source's guess about the whole document; short and mixed texts have wrong ones.",
        "Texts were taken out of pages by a program: tables, formulas and code may be damaged.",
        "What a page says of its licence may be about a part of it, or untrue.",
    ];
    lines.extend(facts.options.card.limits.iter().map(String::as_str));
    for line in lines {
        let _ = writeln!(out, "- {line}");
    }
    out.push('\n');
}

fn take_down(out: &mut String, facts: &CardFacts<'_>) {
    out.push_str("## Take-down\n\n");
    match facts.options.card.contact.as_deref().filter(|contact| !contact.trim().is_empty()) {
        Some(contact) => {
            let _ = writeln!(out, "To have a document removed, write to {} with its `url` or `id`.", prose(contact));
        }
        None => out.push_str(
            "[contact missing: say here whom to write to, with the `url` or `id` of a document, to have it removed; \
             `tokenmill release --contact` fills it in]\n",
        ),
    }
}
