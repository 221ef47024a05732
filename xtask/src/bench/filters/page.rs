//! The first half of `docs/benchmarks/filters.md`: what filters cost.

use super::ours::{Run, Step, read_rows};
use super::{Bench, quality, text, texts};
use crate::error::Result;
use serde_json::Value;
use std::fmt::Write;

/// How the page ends.
pub const REPRODUCE: &str = "\n## To reproduce\n\n`cargo xtask bench filters` unpacks the archives, makes the sets of documents \
    (`xtask/src/bench/filters_data.py`), installs the pinned peers from PyPI, and measures with the example `filters` of the \
    program and `xtask/src/bench/filters_peers.py`. Everything that is drawn is drawn by a hash, so that the figures of \
    quality come out the same; those of speed differ with the machine and with what else it does.\n";

/// The head of the page.
pub fn head() -> String {
    format!(
        "<!-- written by `cargo xtask bench filters` -->\n# Filters\n\n{} All seconds are CPU seconds of one thread over \
         documents in memory, the best of three rounds, without reading files and building steps; MB are 10^6 bytes of text. \
         Peers run on the same documents in the same run, in CPU seconds of their loop. Both shared the machine with other \
         work: read ratios rather than rates.\n",
        crate::bench::report::machine()
    )
}

/// A step without parameters.
fn plain(name: &'static str) -> Vec<Step> {
    vec![(name, String::new())]
}

/// A number of what a peer said.
pub fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or(f64::NAN)
}

/// Rates of whole documents, with separators.
fn grouped(value: f64) -> String {
    crate::bench::dedup::page::grouped(value.round() as u64)
}

/// Languages of short documents.
pub fn languages(bench: &Bench<'_>) -> Result<String> {
    let mut out = "\n## Languages\n\n`lid.176.ftz` on sentences, the likeliest label. C++ is the official library with all texts \
                   in one call; the other binding is called for each text. Target: 4 times the C++. The limit is the table of \
                   vectors: every n-gram of letters is a row of it anywhere in memory, so it is reads from the cache that \
                   count, not bytes of text.\n\n| texts | documents | engine of `lang.id`, documents/s | `lang.id` with script, documents/s | \
                   C++, documents/s | `fasttext-predict` 0.9.2.4, documents/s | times C++ | other labels | largest difference of a probability |\n\
                   |---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    let model = bench.languages_model();
    for (set, name) in [("short", "4,000 sentences of `lid176ftz_expected`"), ("lingua", "30,000 sentences of lingua")]
    {
        let ours = bench.ask(set, &[("=fasttext", model.display().to_string())])?;
        let stage = bench.time(set, &[("lang.id", text("model", &model))])?;
        let said = bench.folder.join("labels.jsonl");
        let official = bench.peer("fasttext_wheel", &[&bench.official, &model, &bench.set(set), &said])?;
        let (differ, difference) = compare(&ours, &read_rows(&said)?);
        let binding = bench.peer("fasttext_predict", &[&model, &bench.set(set), &said])?;
        let (differ_too, difference_too) = compare(&ours, &read_rows(&said)?);
        let per = |peer: &Value| number(peer, "documents") / number(peer, "seconds");
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            out,
            "| {name} | {} | {} | {} | {} | {} | **{:.1}** | {} | {:.0e} |",
            grouped(ours.n_documents),
            grouped(ours.documents_per_second()),
            grouped(stage.documents_per_second()),
            grouped(per(&official)),
            grouped(per(&binding)),
            ours.documents_per_second() / per(&official),
            differ.max(differ_too),
            difference.max(difference_too)
        );
    }
    Ok(out)
}

/// Labels that differ, and the largest difference of a probability.
fn compare(ours: &Run, theirs: &[Value]) -> (usize, f64) {
    let (mut n_differ, mut most) = (0, 0f64);
    for (ours, theirs) in ours.said.iter().zip(theirs) {
        let numbers = &ours["steps"][0]["numbers"];
        n_differ += usize::from(numbers[1] != theirs[0]);
        most = most.max((numbers[0].as_f64().unwrap_or(0.0) - theirs[1].as_f64().unwrap_or(0.0)).abs());
    }
    (n_differ + ours.said.len().abs_diff(theirs.len()), most)
}

/// All heuristics, alone and on a shared analysis.
pub fn heuristics(bench: &Bench<'_>) -> Result<String> {
    let steps = bench.heuristics();
    let analysis = bench.time("english", &plain("=analysis"))?;
    let words = bench.time("english", &plain("=words"))?;
    let mut out = format!(
        "\n## Heuristics\n\n{} English documents of about 3 KB, {:.1} MB: messages of 20 Newsgroups and articles of WikiText-2. \
         Alone, a step pays for the words, lines and hashes it needs; together they pay once. Target: 60 MB/s together, aim: 150. \
         The limit is one pass over the text, which memory gives at some GB/s; below it stands the analysis, which \
         everything else needs.\n\n| | MB/s | removed |\n|---|---|---|\n| words alone | {:.0} | |\n| whole shared analysis: words, their \
         hashes, normal words, lines, counts | {:.0} | |\n",
        grouped(analysis.n_documents),
        analysis.bytes / 1e6,
        words.rate(),
        analysis.rate()
    );
    let mut alone = 0.0;
    for step in &steps {
        let run = bench.ask("english", std::slice::from_ref(step))?;
        alone += run.seconds;
        let _ = writeln!(out, "| `{}` alone | {:.1} | {} |", step.0, run.rate(), run.n_removed());
    }
    let together = bench.ask("english", &steps)?;
    let _ = writeln!(
        out,
        "| all {} one after the other, nothing shared | {:.1} | |",
        steps.len(),
        together.bytes / 1e6 / alone
    );
    let _ = writeln!(
        out,
        "| **all {} on one analysis** | **{:.1}** | {} |",
        steps.len(),
        together.rate(),
        together.n_removed()
    );
    out += &like_datatrove(bench)?;
    Ok(out)
}

/// The four filters that datatrove has too.
fn like_datatrove(bench: &Bench<'_>) -> Result<String> {
    let peer = bench.peer("datatrove_heuristics", &[bench.set("sample")])?;
    let pairs: [(&str, Step); 4] = [
        ("gopher_quality", ("filter.gopher_quality", String::new())),
        ("gopher_repetition", ("filter.gopher_repetition", String::new())),
        ("c4", ("line.c4", "require_terminal_punctuation = false".to_owned())),
        ("fineweb", ("filter.fineweb", String::new())),
    ];
    let mut out = format!(
        "\nThe four that datatrove 0.10.1 has, on {} of these documents ({:.2} MB; it is slow). Together, it shares the words of a \
         document, too.\n\n| | tokenmill MB/s | datatrove MB/s | times | tokenmill with `compat = \"datatrove\"` MB/s |\n|---|---|---|---|---|\n",
        number(&peer, "documents"),
        number(&peer, "bytes") / 1e6
    );
    let compat = |step: &Step| (step.0, format!("{}\ncompat = \"datatrove\"", step.1));
    let mut row = |name: &str, key: &str, steps: &[Step]| -> Result<()> {
        let ours = bench.time("sample", steps)?.rate();
        let like = bench.time("sample", &steps.iter().map(compat).collect::<Vec<_>>())?.rate();
        let theirs = number(&peer, "bytes") / 1e6 / number(&peer["seconds"], key);
        let _ = writeln!(out, "| {name} | {ours:.1} | {theirs:.3} | {:.0} | {like:.1} |", ours / theirs);
        Ok(())
    };
    for (key, step) in &pairs {
        row(&format!("`{}`", step.0), key, std::slice::from_ref(step))?;
    }
    row("all four together", "together", &pairs.map(|(_, step)| step))?;
    Ok(out)
}

/// Personal data: speed, and places found.
pub fn personal_data(bench: &Bench<'_>) -> Result<String> {
    let all = bench.time("english", &plain("pii.redact"))?;
    let some = bench.time("english", &[("pii.redact", "kinds = [\"email\", \"ip\"]".to_owned())])?;
    let peer = bench.peer("datatrove_pii", &[bench.set("english")])?;
    let theirs = number(&peer, "bytes") / 1e6 / number(&peer, "seconds");
    let mut out = format!(
        "\n## Personal data\n\nSpeed on the English documents of above.\n\n| | MB/s |\n|---|---|\n| `pii.redact`, all kinds | {:.1} |\n\
         | `pii.redact`, e-mail addresses and IP addresses | **{:.1}** |\n| datatrove 0.10.1 `PIIFormatter`, the same two | {theirs:.1} |\n\
         | times datatrove | **{:.1}** |\n\nPlaces in the archive `pii`: one counts as found when a place of the same kind overlaps \
         it. The rules were made with these sets in view: the figures say what was reached, not how unseen texts fare. In \
         pii-anon an eighth of the addresses are private or reserved, which are no personal data to us, and most telephone \
         numbers are not annotated; of the phone row, only the recall says something.\n\n\
         | set | kind | annotated | precision | recall | F1 |\n|---|---|---|---|---|---|\n",
        all.rate(),
        some.rate(),
        some.rate() / theirs
    );
    for (set, name) in [("presidio", "presidio, synthetic"), ("pii_anon", "pii-anon, technology")] {
        let rows = bench.rows(set)?;
        let found = bench.ask(set, &plain("pii.redact"))?;
        let pairs = rows.iter().zip(&found.said).map(|(row, said)| (&row["gold"], &said["steps"][0]["spans"]));
        for (kind, places) in quality::places(pairs).into_iter().filter(|(_, places)| places.n_gold() > 0.0) {
            let [precision, recall, f1] = places.scores();
            let _ = writeln!(
                out,
                "| {name} | {kind} | {} | {precision:.3} | {recall:.3} | {f1:.3} |",
                grouped(places.n_gold())
            );
        }
    }
    Ok(out)
}

/// Rules on URLs.
pub fn urls(bench: &Bench<'_>) -> Result<String> {
    let list = |name: &str| bench.archives.join("lists/datatrove_url_filter").join(name);
    let words = text("strict_file", &list("banned_subwords.txt"))
        + &text("hard_file", &list("banned_words.txt"))
        + &text("soft_file", &list("soft_banned_words.txt"));
    let million = ("url.blocklist", texts("categories", &[bench.data("million")]));
    let same = ("url.blocklist", texts("categories", &[bench.data("datatrove_domains"), bench.data("datatrove_urls")]));
    let peer = bench.peer("datatrove_urls", &[bench.set("urls"), bench.folder.join("data")])?;
    let theirs = number(&peer, "documents") / number(&peer, "seconds");
    let mut out = format!(
        "\n## URLs\n\n{} URLs of web pages and of the lists of UT1. A lookup in a list of millions is one or two reads from \
         memory that no cache holds, so about ten million a second is what the machine can give.\n\n| | URLs/s | removed |\n|---|---|---|\n",
        grouped(number(&peer, "documents"))
    );
    let rows: [(&str, Vec<Step>); 6] = [
        ("`url.canonical`", plain("url.canonical")),
        ("`url.words`, its own words", plain("url.words")),
        ("`url.words`, the words of datatrove", vec![("url.words", words.clone())]),
        ("`url.blocklist`, a million domains", vec![million.clone()]),
        ("**all three together, a million domains**", {
            vec![("url.canonical", String::new()), ("url.words", words.clone()), million]
        }),
        ("words and blocklist with all lists of datatrove", vec![("url.words", words), same]),
    ];
    let mut last = 0.0;
    for (name, steps) in rows {
        let run = bench.ask("urls", &steps)?;
        last = run.documents_per_second();
        let _ = writeln!(out, "| {name} | {} | {} |", grouped(last), run.n_removed());
    }
    let _ = writeln!(
        out,
        "| datatrove 0.10.1 `URLFilter`, all its lists ({} domains) | {} | {} |\n| times datatrove, the same lists | **{:.0}** | |",
        grouped(number(&peer, "n_domains")),
        grouped(theirs),
        peer["removed"],
        last / theirs
    );
    Ok(out)
}

/// Words of scripts without spaces.
pub fn words(bench: &Bench<'_>) -> Result<String> {
    let mut out = "\n## Words\n\nSplitting alone (`split_words`). Chinese has no spaces: its words are found by the dictionary of ICU4X, \
                   which is one state of an automaton for each character. One pass over the text is the limit.\n\n\
                   | texts | MB | MB/s | million characters/s |\n|---|---|---|---|\n"
        .to_owned();
    for (set, name) in [("chinese", "1,000 Chinese web pages"), ("english", "English documents of above")] {
        let run = bench.time(set, &plain("=words"))?;
        let n_chars: usize =
            bench.rows(set)?.iter().map(|row| row["text"].as_str().map_or(0, |text| text.chars().count())).sum();
        let _ = writeln!(
            out,
            "| {name} | {:.1} | {:.0} | {:.0} |",
            run.bytes / 1e6,
            run.rate(),
            n_chars as f64 / 1e6 / run.seconds
        );
    }
    Ok(out)
}
