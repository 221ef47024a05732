//! `compat = "datatrove"` against decisions of datatrove 0.10.1 on real texts: 174 pages and 2,500 messages.

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use support::archive;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::{Analysis, Doc, Document, Edits, Entry, Numbers, Params, Stage, Verdict, judge};
use tokenmill_stages::filter::{fineweb, gopher_quality, gopher_repetition};
use tokenmill_stages::line::c4;

/// The share of texts on which both must decide the same.
const AGREEMENT: f64 = 0.995;

fn rows(name: &str) -> Vec<Value> {
    let file = std::fs::File::open(archive("quality").join(name)).unwrap();
    BufReader::new(MultiGzDecoder::new(file))
        .lines()
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect()
}

/// Why a step removes a document, set to judge as datatrove does.
fn judged_by(entry: &'static Entry, params: &str) -> impl Fn(&Doc<'_>) -> Option<&'static str> {
    let params = format!("compat = \"datatrove\"\n{params}").parse().unwrap();
    let params = Params::from_table(entry.params, &params).unwrap();
    let stage = (entry.build)(&params, &MemoryAssets::default()).ok().unwrap();
    move |doc| {
        let mut numbers = Numbers::new(entry.metrics.len());
        match &stage {
            Stage::Measure(measure) => measure.measure(doc, &mut numbers),
            Stage::Edit(edit) => edit.edit(doc, &mut Edits::default(), &mut numbers),
            _ => panic!("`{}` is no filter", entry.name),
        }
        match judge(stage.rules(), &numbers) {
            Verdict::Keep => None,
            Verdict::Drop { reason, .. } => Some(reason),
        }
    }
}

/// datatrove's reasons and ours for the same.
const REASONS: [(&str, &str); 27] = [
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
    ("line_punct_ratio", "too_few_terminal_lines"),
    ("short_line_ratio", "too_many_short_lines"),
    ("char_dup_ratio", "duplicate_line_chars"),
    ("list_ratio", "too_many_line_feeds"),
];

#[expect(clippy::print_stdout, reason = "the figures of the pages come from here")]
fn check(set: &str, n_texts: usize) {
    let filters = [
        ("gopher_quality", &gopher_quality::ENTRY, ""),
        ("gopher_repetition", &gopher_repetition::ENTRY, ""),
        ("fineweb", &fineweb::ENTRY, ""),
        ("c4_nopunct", &c4::ENTRY, "require_terminal_punctuation = false"),
    ];
    let texts = rows(&format!("{set}.jsonl.gz"));
    let decisions = rows(&format!("datatrove_expected_{set}.jsonl.gz"));
    assert_eq!((texts.len(), decisions.len()), (n_texts, n_texts));
    for (name, entry, params) in filters {
        let filter = judged_by(entry, params);
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
