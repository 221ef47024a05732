//! The metadata of the card, as the Hub reads it (<https://huggingface.co/docs/hub/datasets-cards>).

use super::super::columns::dtype;
use super::super::escape::yaml;
use super::super::language::hub_code;
use super::CardFacts;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Upper bounds of the Hub's categories of size, with what it calls them.
const SIZES: [(u64, &str); 9] = [
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
    (10_000_000_000, "1B<n<10B"),
    (100_000_000_000, "10B<n<100B"),
];

/// What the Hub calls a data set of so many documents.
fn size_category(n_documents: u64) -> &'static str {
    let found = SIZES.iter().find(|(below, _)| n_documents < *below).map(|(_, name)| *name);
    found.unwrap_or(if n_documents < 1_000_000_000_000 { "100B<n<1T" } else { "n>1T" })
}

/// The metadata between its two lines of dashes.
pub fn text(facts: &CardFacts<'_>) -> String {
    let mut out = String::from("---\n");
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(out, "license: {}", yaml(&facts.options.card.license));
    let languages: BTreeSet<String> = facts.survey.languages.keys().filter_map(|label| hub_code(label)).collect();
    if !languages.is_empty() {
        out.push_str("language:\n");
        for code in languages {
            let _ = writeln!(out, "- {}", yaml(&code));
        }
    }
    let _ = writeln!(out, "pretty_name: {}", yaml(facts.name()));
    let _ = writeln!(out, "size_categories:\n- {}", yaml(size_category(facts.n_documents())));
    out.push_str("task_categories:\n- text-generation\n");
    configs(&mut out, facts);
    infos(&mut out, facts);
    out.push_str("---\n");
    out
}

/// Which files each configuration has.
fn configs(out: &mut String, facts: &CardFacts<'_>) {
    out.push_str("configs:\n");
    for name in facts.survey.configs.names() {
        let path = format!("data/{name}/train-*.{}", facts.options.data.format.name());
        let _ =
            writeln!(out, "- config_name: {}\n  data_files:\n  - split: train\n    path: {}", yaml(name), yaml(&path));
    }
}

/// What each configuration holds.
fn infos(out: &mut String, facts: &CardFacts<'_>) {
    out.push_str("dataset_info:\n");
    for (number, name) in facts.survey.configs.names().iter().enumerate() {
        let _ = writeln!(out, "- config_name: {}\n  features:", yaml(name));
        for (field, _) in facts.columns.all() {
            let _ = writeln!(out, "  - name: {}\n    dtype: {}", yaml(&field.name), dtype(field.kind));
        }
        let files = || facts.files.iter().filter(|file| file.config == number);
        let memory: u64 = files().map(|file| file.memory_bytes).sum();
        let documents: u64 = files().map(|file| file.n_documents).sum();
        let bytes: u64 = files().map(|file| file.bytes).sum();
        let _ = writeln!(out, "  splits:\n  - name: train\n    num_bytes: {memory}\n    num_examples: {documents}");
        let _ = writeln!(out, "  download_size: {bytes}\n  dataset_size: {memory}");
    }
}

#[cfg(test)]
mod tests {
    use super::size_category;

    #[test]
    fn sizes_have_the_names_of_the_hub() {
        for (n, name) in [
            (0, "n<1K"),
            (999, "n<1K"),
            (1_000, "1K<n<10K"),
            (50_000_000_000, "10B<n<100B"),
            (100_000_000_000, "100B<n<1T"),
            (1_000_000_000_000, "n>1T"),
        ] {
            assert_eq!(size_category(n), name);
        }
    }
}
