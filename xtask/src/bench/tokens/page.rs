//! The section `tokens` of the page.

use super::encoders::Encoder;
use super::{KINDS, VOCABULARY};
use crate::bench::dedup::page::grouped;
use serde_json::Value;
use std::fmt::Write;

/// A number of one kind of the corpus.
fn of_kind(corpus: &Value, kind: &str, what: &str) -> u64 {
    corpus["kinds"][kind][what].as_u64().unwrap_or(0)
}

/// A number of all kinds of the corpus.
fn of_all(corpus: &Value, what: &str) -> u64 {
    KINDS.iter().map(|(kind, _)| of_kind(corpus, kind, what)).sum()
}

/// Bytes of text of a token, on all kinds.
pub fn bytes_per_token(corpus: &Value, n_tokens: &Value) -> f64 {
    let n_tokens: u64 = KINDS.iter().filter_map(|(kind, _)| n_tokens[*kind].as_u64()).sum();
    of_all(corpus, "bytes") as f64 / n_tokens.max(1) as f64
}

/// The section.
pub fn section(encoders: &[Encoder], corpus: &Value, n_tokens: &Value, n_hostile: u64) -> String {
    let (name, sha256) = VOCABULARY;
    let mut out = format!(
        "## Encoding\n\n{} The vocabulary is `{name}` of `tokenmill assets`, sha256 `{sha256}`. All encoders ran in the same run \
         on one thread, each on texts in memory: cold is the first pass of an encoder over a kind of text, with nothing \
         remembered, warm the second. MB are 10^6 bytes of text; seconds are CPU time. Building an encoder is not counted; \
         that an encoder for Python makes a list of its ids is. Target: 80 MB per CPU-second cold on all kinds and 42 on Chinese, aim: \
         250 and 125.\n\n\
         | MB per CPU-second, cold / warm |",
        crate::bench::report::machine()
    );
    KINDS.iter().for_each(|(_, title)| out += &format!(" {title} |"));
    out += &format!(" all |\n|{}\n", "---|".repeat(KINDS.len() + 2));
    for encoder in encoders {
        out += &format!("| {} |", encoder.name);
        for (at, (cold, warm)) in encoder.cold.iter().zip(&encoder.warm).enumerate() {
            let mark = if at == KINDS.len() { "**" } else { "" };
            out += &format!(" {mark}{cold:.1}{mark} / {warm:.1} |");
        }
        out.push('\n');
    }
    out += &format!(
        "\nIds are compared text by text, by xxh3-64 of the ids: those of `Tokenizer::encode`, which recipes use, with those of \
         every peer. tiktoken is the reference. Hostile texts are those of the tests (`tests/src/adversarial`).\n\n\
         | texts with other ids than ours | of {} of the corpus | of {} hostile ones |\n|---|---|---|\n",
        grouped(of_all(corpus, "texts")),
        grouped(n_hostile)
    );
    for encoder in encoders.iter().skip(1) {
        // Writing to a String cannot fail, here and below.
        let _ =
            writeln!(out, "| {} | {} | {} |", encoder.name, grouped(encoder.n_other[0]), grouped(encoder.n_other[1]));
    }
    out += "\nThe corpus is made of packages of Debian 12; a text is a file, or a part of one of at most 32 KiB.\n\n\
            | kind | texts | MB | bytes of a token |\n|---|---|---|---|\n";
    let mut row = |title: &str, texts: u64, bytes: u64, tokens: f64| {
        let _ = writeln!(
            out,
            "| {title} | {} | {:.1} | {:.2} |",
            grouped(texts),
            bytes as f64 / 1e6,
            bytes as f64 / tokens.max(1.0)
        );
    };
    for (kind, title) in KINDS {
        let tokens = n_tokens[kind].as_f64().unwrap_or(0.0);
        row(title, of_kind(corpus, kind, "texts"), of_kind(corpus, kind, "bytes"), tokens);
    }
    let bytes = of_all(corpus, "bytes");
    row("all", of_all(corpus, "texts"), bytes, bytes as f64 / bytes_per_token(corpus, n_tokens));
    let packages = corpus["made_of"].as_object().into_iter().flatten().filter(|(name, _)| !name.ends_with(".py"));
    let packages: Vec<String> =
        packages.map(|(name, version)| format!("{name} {}", version.as_str().unwrap_or_default())).collect();
    let _ = writeln!(out, "\nPackages: {}.", packages.join(", "));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_has_every_encoder_and_package() {
        let corpus = serde_json::json!({
            "made_of": {"manpages-de": "4.18-1", "tokens_corpus.py": "abc"},
            "kinds": {"english": {"texts": 1_500, "bytes": 3_000_000}, "chinese": {"texts": 1, "bytes": 1_000_000}},
        });
        let n_tokens = serde_json::json!({"english": 750_000, "chinese": 250_000, "adversarial": 9});
        assert!((bytes_per_token(&corpus, &n_tokens) - 4.0).abs() < 1e-9);
        let encoder = |name: &str, n_other| Encoder {
            name: name.to_owned(),
            cold: vec![100.0, 90.0, 80.0, 70.0, 88.0],
            warm: vec![200.0, 190.0, 180.0, 170.0, 188.0],
            n_ids: 0,
            n_other,
        };
        let text = section(&[encoder("ours", [0, 0]), encoder("them", [0, 1_234])], &corpus, &n_tokens, 46_000);
        assert!(text.contains("| ours | 100.0 / 200.0 |") && text.contains(" **88.0** / 188.0 |"), "{text}");
        assert!(text.contains("| them | 0 | 1,234 |") && !text.contains("| ours | 0 |"), "{text}");
        assert!(text.contains("of 1,501 of the corpus | of 46,000 hostile ones"), "{text}");
        assert!(
            text.contains("| English | 1,500 | 3.0 | 4.00 |") && text.contains("| all | 1,501 | 4.0 | 4.00 |"),
            "{text}"
        );
        assert!(text.contains("Packages: manpages-de 4.18-1."), "{text}");
    }
}
