//! `pii.redact` against annotated texts and official numbers: F1 by kind, and what must be refused.
//!
//! A place counts as found when a place of the same kind overlaps it; F1 is taken over all places of a set. The rules were
//! made with these sets in view, so the figures guard what was reached; they do not say how unseen texts fare.

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use support::archive;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::{Analysis, Doc, Document, Edit, Edits, Numbers, Params, Stage, Value as ParamValue};
use tokenmill_stages::catalog::CATALOG;

/// Kind, first byte, and one past the last.
type Place = (String, usize, usize);

fn redact(region: &str) -> Box<dyn Edit> {
    let entry = CATALOG.iter().find(|entry| entry.name == "pii.redact").unwrap();
    let mut params = Params::defaults(entry.params);
    params.set("default_region", ParamValue::Text(region.to_owned()));
    match (entry.build)(&params, &MemoryAssets::default()) {
        Ok(Stage::Edit(stage)) => stage,
        _ => panic!("an edit that can be built"),
    }
}

fn found(stage: &dyn Edit, text: &str, lang: &str) -> Vec<Place> {
    let document = Document { text: text.to_owned(), lang: lang.to_owned(), ..Document::default() };
    let (mut edits, mut numbers) = (Edits::default(), Numbers::new(10));
    stage.edit(&Doc::new(&document, &Analysis::default()), &mut edits, &mut numbers);
    edits.spans().iter().map(|span| (span.reason.to_owned(), span.start, span.end)).collect()
}

fn packed(name: &str) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(archive("pii").join(name)).unwrap();
    MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

/// What is annotated in a text, of the kinds that have a name here, in bytes.
fn annotated(text: &str, spans: &Value, start: &str, end: &str) -> Vec<Place> {
    let bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let place = |span: &Value| {
        let kind = match span["entity_type"].as_str().unwrap() {
            "EMAIL_ADDRESS" => "email",
            "PHONE_NUMBER" => "phone",
            "IP_ADDRESS" => "ip",
            "CREDIT_CARD" => "card",
            "IBAN_CODE" => "iban",
            "US_SSN" | "SOCIAL_SECURITY_NUMBER" => "national_id",
            "API_KEY" | "PASSWORD" => "secret",
            _ => return None,
        };
        let at = |key: &str| bytes[span[key].as_u64().unwrap() as usize];
        Some((kind.to_owned(), at(start), at(end)))
    };
    spans.as_array().unwrap().iter().filter_map(place).collect()
}

/// F1, precision and recall of each kind.
fn scores(texts: impl Iterator<Item = (String, String, Vec<Place>)>) -> BTreeMap<String, [f64; 3]> {
    let stage = redact("");
    let mut counts: BTreeMap<String, [f64; 3]> = BTreeMap::new();
    let overlaps = |a: &Place, b: &Place| a.0 == b.0 && a.1 < b.2 && b.1 < a.2;
    for (text, lang, gold) in texts {
        let found = found(&*stage, &text, &lang);
        for place in &gold {
            let hit = found.iter().any(|other| overlaps(place, other));
            counts.entry(place.0.clone()).or_default()[if hit { 0 } else { 2 }] += 1.0;
        }
        for place in found.iter().filter(|place| !gold.iter().any(|other| overlaps(place, other))) {
            counts.entry(place.0.clone()).or_default()[1] += 1.0;
        }
    }
    let score = |[hits, wrong, missed]: [f64; 3]| {
        let (precision, recall) = (hits / (hits + wrong).max(1.0), hits / (hits + missed).max(1.0));
        [2.0 * precision * recall / (precision + recall).max(f64::MIN_POSITIVE), precision, recall]
    };
    counts.into_iter().map(|(kind, counts)| (kind, score(counts))).collect()
}

/// Compares F1, or what else stands at this place among the scores.
fn assert_scores(scores: &BTreeMap<String, [f64; 3]>, which: usize, least: &[(&str, f64)]) {
    for (kind, least) in least {
        assert!(scores[*kind][which] >= *least, "{kind}: {:?} of {scores:?}", scores[*kind]);
    }
}

#[test]
fn presidio_texts() {
    let file = std::fs::read_to_string(archive("pii").join("presidio_synth_dataset_v2.json")).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&file).unwrap();
    assert_eq!(rows.len(), 1_500);
    let scores = scores(rows.iter().map(|row| {
        let text = row["full_text"].as_str().unwrap();
        (text.to_owned(), String::new(), annotated(text, &row["spans"], "start_position", "end_position"))
    }));
    assert_scores(
        &scores,
        0,
        &[("email", 0.97), ("ip", 0.99), ("card", 0.99), ("iban", 0.99), ("phone", 0.85), ("national_id", 0.95)],
    );
}

/// An eighth of the annotated addresses are private or reserved, so not public; of the telephone numbers most are not
/// annotated, so that only recall says something.
#[test]
fn pii_anon_texts() {
    let texts = packed("pii_anon_test_technology.jsonl.gz");
    let scores = scores(texts.lines().map(|line| {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = row["text"].as_str().unwrap();
        let lang = row["language"].as_str().unwrap().to_owned();
        (text.to_owned(), lang, annotated(text, &row["annotations"], "start", "end"))
    }));
    assert_scores(&scores, 0, &[("email", 0.99), ("ip", 0.93), ("national_id", 0.99), ("secret", 0.95)]);
    assert_scores(&scores, 1, &[("ip", 0.999)]);
    assert_scores(&scores, 2, &[("phone", 0.99)]);
}

#[test]
fn phone_numbers_of_all_regions() {
    let texts = packed("phone_examples.jsonl.gz");
    let stage = redact("");
    let (mut n_valid, mut n_found, mut n_refused) = (0, 0, 0);
    for line in texts.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let valid = row["valid"].as_bool().unwrap();
        let number = |key: &str| row[key].as_str().unwrap();
        let region = redact(number("region"));
        let texts = ["e164", "intl"].map(|key| format!("Call {} today", number(key)));
        let is_found = texts.iter().all(|text| found(&*stage, text, "").iter().any(|place| place.0 == "phone"));
        if valid {
            n_valid += 1;
            n_found += usize::from(is_found);
        } else {
            n_refused += 1;
            for text in texts.iter().chain([&format!("Phone: {}", number("national"))]) {
                let places = found(if text.starts_with("Phone") { &*region } else { &*stage }, text, "");
                assert!(places.is_empty(), "{text}: {places:?}");
            }
        }
    }
    assert_eq!((n_valid, n_refused), (616, 122));
    assert!(n_found >= 600, "{n_found}");
}

/// Numbers of python-stdnum: kind, word before it.
const IDS: &[(&str, &str)] = &[
    ("be.nn", ""),
    ("br.cpf", ""),
    ("ca.sin", "SIN "),
    ("de.idnr", "Steuer-ID "),
    ("dk.cpr", "CPR "),
    ("in_.aadhaar", "Aadhaar "),
    ("is_.kennitala", "kennitala "),
    ("it.codicefiscale", "codice fiscale "),
    ("kr.rrn", ""),
    ("mx.curp", ""),
    ("ro.cnp", "CNP "),
    ("si.emso", "EMŠO "),
];

#[test]
fn official_numbers() {
    let texts = packed("id_numbers.jsonl.gz");
    let stage = redact("");
    let mut n = 0;
    for line in texts.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let Some((_, word)) = IDS.iter().find(|(kind, _)| row["kind"] == *kind) else { continue };
        let value = row["value"].as_str().unwrap();
        // Numbers of firms, and forms that nobody writes.
        if ["00743110157", "2110525629", "450401-3150"].contains(&value) {
            continue;
        }
        let is_found = found(&*stage, &format!("{word}{value}"), "").iter().any(|place| place.0 == "national_id");
        assert_eq!(Some(is_found), row["valid"].as_bool(), "{word}{value}");
        n += 1;
    }
    assert!(n >= 20, "{n}");
}
