//! The room against `golden.jsonl`, which holds what datatrove says of our own texts.

use super::quality::{ExactWords, Quality, quality};
use super::{c4, fineweb, repetition, sentences, words};
use serde_json::Value;
use tokenmill_core::{Analysis, Doc, Document, Edits};

/// The filter's parameters by default.
pub(super) const DEFAULTS: c4::Options = c4::Options {
    needs_punctuation: true,
    without_citations: true,
    min_words: 3,
    max_word_chars: 1_000,
    lorem_ipsum: true,
    curly_bracket: true,
};

fn rows() -> Vec<Value> {
    include_str!("golden.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn with_doc<T>(text: &str, use_it: impl FnOnce(&Doc<'_>) -> T) -> T {
    let document = Document { text: text.to_owned(), ..Document::default() };
    use_it(&Doc::new(&document, &Analysis::default()))
}

/// The text of a row, and what is expected under a name; rows without words were not judged.
fn expected<'a>(row: &'a Value, name: &str) -> Option<(&'a str, Option<&'a str>)> {
    Some((row["text"].as_str().unwrap(), row.get(name)?.as_str()))
}

#[test]
fn words_are_those_of_spacy() {
    for row in rows() {
        let text = row["text"].as_str().unwrap();
        let words = with_doc(text, |doc| {
            words::with_tokens(doc, |tokens| tokens.iter().map(|token| token.of(text)).collect::<Vec<_>>())
        });
        let expected: Vec<_> = row["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        assert_eq!(words, expected, "{text:?}");
    }
}

#[test]
fn tokens_know_their_characters() {
    let text = "naïve, 10% № ３…";
    let facts = |token: &words::Token| (token.n_chars, token.has_letter, token.is_symbol);
    let found = with_doc(text, |doc| words::with_tokens(doc, |tokens| tokens.iter().map(facts).collect::<Vec<_>>()));
    let expected = [
        (5, true, false),
        (1, false, true),
        (2, false, false),
        (1, false, true),
        (1, false, false),
        (1, false, false),
        (1, false, true),
    ];
    assert_eq!(found, expected);
}

#[test]
fn sentences_are_as_many_as_spacy_finds() {
    for row in rows() {
        let text = row["text"].as_str().unwrap();
        assert_eq!(sentences::n_sentences(text) as u64, row["n_sentences"].as_u64().unwrap(), "{text:?}");
    }
}

#[test]
fn repetition_is_what_datatrove_measures() {
    for row in rows() {
        let text = row["text"].as_str().unwrap();
        let Some(found) = with_doc(text, repetition::repetition) else {
            assert!(text.is_empty());
            continue;
        };
        let found = [
            found.duplicate_paragraphs,
            found.duplicate_paragraph_chars,
            found.duplicate_lines,
            found.duplicate_line_chars,
        ]
        .into_iter()
        .chain(found.top)
        .chain(found.duplicate);
        let expected = row["repetition"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32);
        assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{text:?}");
    }
}

#[test]
fn fineweb_removes_what_datatrove_removes() {
    for row in rows() {
        let Some((text, reason)) = expected(&row, "fineweb") else { continue };
        let found = with_doc(text, |doc| fineweb::fineweb(doc, 30)).unwrap();
        let objections = [
            ("line_punct_ratio", found.punctuated_lines < 0.12),
            ("short_line_ratio", found.short_lines > 0.67),
            ("char_dup_ratio", found.duplicate_line_chars > 0.01),
            ("list_ratio", found.line_feeds_per_word > 0.3),
        ];
        let first = objections.iter().find(|(_, objects)| *objects).map(|(reason, _)| *reason);
        assert_eq!(first, reason, "{text:?}");
    }
}

#[test]
fn c4_leaves_what_datatrove_leaves() {
    let mut n_kept = 0;
    for (name, needs_punctuation) in [("c4", true), ("c4_nopunct", false)] {
        let options = c4::Options { needs_punctuation, ..DEFAULTS };
        for row in rows() {
            let Some((text, reason)) = expected(&row, name) else { continue };
            let mut edits = Edits::default();
            let page = c4::edit_page(text, &options, &mut edits);
            let found = page.removed.or((page.n_sentences < 2).then_some("too_few_sentences"));
            assert_eq!(found, reason, "{text:?}");
            if let Some(expected) = row[format!("{name}_text")].as_str() {
                let mut left = String::new();
                edits.apply(text, &mut left);
                assert_eq!(left, expected, "{text:?}");
                n_kept += 1;
            }
        }
    }
    assert_eq!(n_kept, 19);
}

#[test]
fn quality_counts() {
    let stop_words = ExactWords::new(&["the", "of", "and"].map(str::to_owned));
    let text = "The end of the # road…\n\n- isn't far, - and...\n";
    let expected = Quality {
        n_tokens: 15,
        n_words: 9,
        n_word_chars: 26,
        n_letter_tokens: 9,
        n_stop_words: 3,
        n_hashes: 1,
        n_ellipses: 2,
        n_lines: 3,
        n_bullet_lines: 1,
        n_ellipsis_lines: 2,
    };
    assert_eq!(with_doc(text, |doc| quality(doc, &stop_words)), expected);
}

#[test]
fn any_text_is_split_into_its_own_characters() {
    const CHARS: [char; 24] = [
        'a', 'N', 't', '7', '0', '\'', '’', '.', '…', '-', ',', ':', ')', '(', '+', '$', '@', '/', ' ', '\n', '\u{1c}',
        'é', '漢', '🙂',
    ];
    for seed in 0..3_000u64 {
        let hash = |at: u64| tokenmill_core::hash::hash64(seed, &at.to_le_bytes());
        let text: String = (1..hash(0) % 40).map(|at| CHARS[(hash(at) % CHARS.len() as u64) as usize]).collect();
        let joined: String = with_doc(&text, |doc| {
            words::with_tokens(doc, |tokens| tokens.iter().map(|token| token.of(&text)).collect())
        });
        let expected: String = text.chars().filter(|c| !super::lines::is_space(*c)).collect();
        assert_eq!(joined, expected, "{text:?}");
    }
}

#[test]
fn the_room_of_a_giant_is_given_back() {
    let mut tokens = Vec::with_capacity(1_000_000);
    words::split("one", &[], &mut tokens);
    assert!(tokens.capacity() < 1_000_000);
}
