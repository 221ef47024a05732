//! `compat = "datatrove"` against decisions of datatrove 0.10.1 on real texts: 174 pages and 2,500 messages.

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use support::archive;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::{Analysis, Doc, Document, Edits, Entry, Numbers, Params, Stage, Verdict, judge};
use tokenmill_stages::datatrove::{c4, fineweb};
use tokenmill_stages::filter::{gopher_quality, gopher_repetition};

/// The share of texts on which both must decide the same.
const AGREEMENT: f64 = 0.995;

fn rows(name: &str) -> Vec<Value> {
    let file = std::fs::File::open(archive("quality").join(name)).unwrap();
    BufReader::new(MultiGzDecoder::new(file))
        .lines()
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect()
}

/// A step with its defaults, as datatrove would judge.
fn measured_by(entry: &'static Entry) -> impl Fn(&Doc<'_>) -> Option<&'static str> {
    let params = Params::from_table(entry.params, &"compat = \"datatrove\"".parse().unwrap()).unwrap();
    let Ok(Stage::Measure(measure)) = (entry.build)(&params, &MemoryAssets::default()) else { panic!("no measure") };
    move |doc| {
        let mut numbers = Numbers::new(entry.metrics.len());
        measure.measure(doc, &mut numbers);
        match judge(measure.rules(), &numbers) {
            Verdict::Keep => None,
            Verdict::Drop { reason, .. } => Some(reason),
        }
    }
}

fn by_fineweb(doc: &Doc<'_>) -> Option<&'static str> {
    let Some(found) = fineweb::fineweb(doc, fineweb::SHORT_LINE) else { return Some("empty") };
    let objections = [
        ("line_punct_ratio", found.punctuated_lines < 0.12),
        ("short_line_ratio", found.short_lines > 0.67),
        ("char_dup_ratio", found.duplicate_line_chars > 0.01),
        ("list_ratio", found.line_feeds_per_word > 0.3),
    ];
    objections.into_iter().find(|(_, objects)| *objects).map(|(reason, _)| reason)
}

fn by_c4(doc: &Doc<'_>) -> Option<&'static str> {
    let options = c4::Options { needs_punctuation: false, ..c4::Options::default() };
    let page = c4::edit_page(doc.text(), &options, &mut Edits::default());
    page.removed.or((page.n_sentences < 5).then_some("too_few_sentences"))
}

/// datatrove's reasons and ours for the same.
const REASONS: [(&str, &str); 23] = [
    ("gopher_short_doc", "too_few_words"),
    ("gopher_long_doc", "too_many_words"),
    ("gopher_below_avg_threshold", "words_too_short"),
    ("gopher_above_avg_threshold", "words_too_long"),
    ("gopher_too_many_hashes", "too_many_hashes"),
    ("gopher_too_many_ellipsis", "too_many_ellipses"),
    ("gopher_too_many_bullets", "too_many_bullet_lines"),
    ("gopher_too_many_end_ellipsis", "too_many_ellipsis_lines"),
    ("gopher_below_alpha_threshold", "too_few_alphabetic_words"),
    ("gopher_enough_stop_words", "too_few_stop_words"),
    ("dup_para_frac", "duplicate_paragraphs"),
    ("dup_para_char_frac", "duplicate_paragraph_chars"),
    ("dup_line_frac", "duplicate_lines"),
    ("dup_line_char_frac", "duplicate_line_chars"),
    ("top_2_gram", "frequent_2gram"),
    ("top_3_gram", "frequent_3gram"),
    ("top_4_gram", "frequent_4gram"),
    ("duplicated_5_n_grams", "duplicate_5grams"),
    ("duplicated_6_n_grams", "duplicate_6grams"),
    ("duplicated_7_n_grams", "duplicate_7grams"),
    ("duplicated_8_n_grams", "duplicate_8grams"),
    ("duplicated_9_n_grams", "duplicate_9grams"),
    ("duplicated_10_n_grams", "duplicate_10grams"),
];

#[expect(clippy::print_stdout, reason = "the figures of the pages come from here")]
fn check(set: &str, n_texts: usize) {
    let (quality, repetition) = (measured_by(&gopher_quality::ENTRY), measured_by(&gopher_repetition::ENTRY));
    type Filter<'a> = (&'a str, &'a dyn Fn(&Doc<'_>) -> Option<&'static str>);
    let filters: [Filter<'_>; 4] = [
        ("gopher_quality", &quality),
        ("gopher_repetition", &repetition),
        ("fineweb", &by_fineweb),
        ("c4_nopunct", &by_c4),
    ];
    let texts = rows(&format!("{set}.jsonl.gz"));
    let decisions = rows(&format!("datatrove_expected_{set}.jsonl.gz"));
    assert_eq!((texts.len(), decisions.len()), (n_texts, n_texts));
    for (name, filter) in filters {
        let (mut n_same, mut n_same_reason) = (0, 0);
        for (row, decision) in texts.iter().zip(&decisions) {
            let document = Document { text: row["text"].as_str().unwrap().to_owned(), ..Document::default() };
            let found = filter(&Doc::new(&document, &Analysis::default()));
            let expected = decision[name].as_str();
            let expected =
                REASONS.iter().find(|(theirs, _)| Some(*theirs) == expected).map_or(expected, |(_, ours)| Some(ours));
            n_same += usize::from(found.is_some() == expected.is_some());
            n_same_reason += usize::from(found == expected);
            if found != expected {
                println!("{set} {}: {name} {expected:?}, found {found:?}", decision["i"]);
            }
        }
        println!("{set}: {name} agrees on {n_same} of {n_texts}, with the same reason on {n_same_reason}");
        assert!(n_same as f64 >= AGREEMENT * n_texts as f64, "{set}: {name} agrees on {n_same} of {n_texts} only");
        assert!(n_same_reason as f64 >= AGREEMENT * n_texts as f64, "{set}: {name}: {n_same_reason} same reasons only");
    }
}

#[test]
fn pages_are_judged_as_datatrove_does() {
    check("dclm_human_labels", 174);
}

#[test]
fn messages_are_judged_as_datatrove_does() {
    check("20news_train_sample", 2_500);
}
