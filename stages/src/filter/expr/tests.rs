//! Expressions on documents: values, the unknown, types, and what is asked for.

use super::*;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::combine::{Need, Slot, Used};
use tokenmill_core::spec::Value as ParamValue;
use tokenmill_core::{Analysis, Document};

fn built(keep: &str, score: &str) -> Result<Box<dyn Combine>, BuildError> {
    let mut params = Params::defaults(ENTRY.params);
    params.set("keep", ParamValue::Text(keep.to_owned()));
    params.set("score", ParamValue::Text(score.to_owned()));
    match build(&params, &MemoryAssets::default())? {
        Stage::Combine(stage) => Ok(stage),
        _ => panic!("a combine"),
    }
}

fn document() -> Document {
    Document {
        url: "https://WWW.Example.EDU/a?b".into(),
        record_id: "r1".into(),
        lang: "en".into(),
        date: "2024-05-06T07:08:09Z".into(),
        text: "One two\n\nthree à".into(),
        extra: r#"{"stars": 4, "tags": {"kind": "recipe", "x": [1]}, "ok": true}"#.into(),
        ..Document::default()
    }
}

/// Runs both expressions; `a.x` is 3, `a.share` 0.1, `a.label` "de", and every other metric absent.
fn said(keep: &str, score: &str) -> (Option<f32>, Option<f32>) {
    let stage = built(keep, score).unwrap_or_else(|error| panic!("{}", error.message));
    let mut measured = Numbers::new(3);
    measured.set(0, 3.0);
    measured.set(1, 0.1);
    measured.set_label(2, "de".into());
    let slot = |input: &Input| match &input.need {
        Need::Metric { name, .. } => {
            let metric = ["a.x", "a.share", "a.label"].iter().position(|known| known == name);
            metric.map(|metric| Slot { step: 0, metric })
        }
        _ => None,
    };
    let slots: Vec<_> = stage.inputs().iter().map(slot).collect();
    let mut numbers = Numbers::new(ENTRY.metrics.len());
    let (document, analysis) = (document(), Analysis::default());
    stage.combine(&Doc::new(&document, &analysis), &Given::new(&slots, &[measured]), &mut numbers);
    (numbers.get(HOLDS), numbers.get(SCORE))
}

#[test]
fn conditions() {
    for (source, holds) in [
        ("a.x == 3 and a.x != 4 and a.x >= 3 and a.x <= 3 and a.x > 2 and a.x < 4", true),
        ("a.share <= 0.1 and a.share >= 0.1 and a.share == 0.1", true),
        ("a.share in [0.1, 7]", true),
        ("a.label == 'de' and a.label in ['en', 'de'] and a.label not in ['fr']", true),
        ("url.host ends_with '.edu' and url contains 'Example' and url.host == 'www.example.edu'", true),
        ("url starts_with 'http:'", false),
        ("lang == 'en' or lang == 'de'", true),
        ("date >= '2024' and date < '2025'", true),
        ("truncated", false),
        ("truncated == false", true),
        ("text contains 'three'", true),
        ("text.bytes == 17 and text.chars == 16 and text.words == 4 and text.lines == 2", true),
        ("record_id == 'r1'", true),
        ("extra.stars > 3 and extra.tags.kind == 'recipe' and extra.ok", true),
        ("not (a.x > 2)", false),
        ("2 + 2 * 2 == 6 and 7 - 3 - 2 == 2 and 8 / 4 / 2 == 1 and -2 * -3 == 6", true),
        ("min(a.x, 2, 5) == 2 and max(a.x, 2) == 3 and abs(-4) == 4 and sqrt(16) == 4 and log(1) == 0", true),
        ("if(lang == 'en', a.x, 0) == 3 and if(a.x > 7, 'a', 'b') == 'b'", true),
        ("count(a.x > 2, lang == 'de', a.gone > 1, true) == 2", true),
        ("'it''s' contains ''''", true),
    ] {
        assert_eq!(said(source, "").0, Some(f32::from(holds)), "{source}");
    }
}

#[test]
fn what_is_missing_is_unknown() {
    for (source, holds) in [
        ("a.gone > 1", None),
        ("not (a.gone > 1)", None),
        ("a.gone != 1", None),
        ("a.gone in [1]", None),
        ("a.gone contains 'x'", None),
        ("a.gone > 1 and a.x > 1", None),
        ("a.gone > 1 and a.x > 3", Some(0.0)),
        ("a.x > 3 and a.gone > 1", Some(0.0)),
        ("a.gone > 1 or a.x > 1", Some(1.0)),
        ("a.gone > 1 or a.x > 3", None),
        ("missing(a.gone)", Some(1.0)),
        ("missing(a.label) or missing(a.x)", Some(0.0)),
        ("missing(a.gone + a.x)", Some(1.0)),
        ("default(a.gone, 0) == 0 and default(a.x, 0) == 3", Some(1.0)),
        ("default(a.gone > 1, false)", Some(0.0)),
        ("if(a.gone > 1, 1, 2) == 1", None),
        ("missing(title) and missing(kind) and missing(url.canonical) and not missing(lang)", Some(1.0)),
        ("title == ''", None),
        ("missing(extra.none) and missing(extra.tags) and not missing(extra.stars)", Some(1.0)),
        ("extra.stars == '4'", None),
        ("1 / (a.x - 3) > 0", None),
        ("missing(log(-1)) and missing(sqrt(-1)) and missing(log(0)) and missing(0 / 0)", Some(1.0)),
    ] {
        assert_eq!(said(source, "").0, holds, "{source}");
    }
}

/// Against truth tables written out: 0 false, 1 true, 2 unknown.
#[test]
fn logic_has_three_values() {
    let operand = ["a.x > 3", "a.x > 2", "a.gone > 2"];
    let value = |holds: Option<f32>| holds.map_or(2, |holds| holds as usize);
    let and = [[0, 0, 0], [0, 1, 2], [0, 2, 2]];
    let or = [[0, 1, 2], [1, 1, 1], [2, 1, 2]];
    for left in 0..3 {
        for right in 0..3 {
            let (l, r) = (operand[left], operand[right]);
            assert_eq!(value(said(&format!("{l} and {r}"), "").0), and[left][right], "{l} and {r}");
            assert_eq!(value(said(&format!("{l} or {r}"), "").0), or[left][right], "{l} or {r}");
            // De Morgan.
            let (a, b) = (format!("not ({l} and {r})"), format!("not ({l}) or not ({r})"));
            assert_eq!(said(&a, "").0, said(&b, "").0);
        }
    }
}

#[test]
fn scores() {
    for (source, score) in [
        ("a.x * 2 + a.share", Some(6.1)),
        ("count(a.x > 1, lang == 'en') + if(truncated, 10, 0)", Some(2.0)),
        ("a.x + a.gone", None),
        ("a.x + default(a.gone, 1)", Some(4.0)),
        ("1e38 * 10 * a.x", None),
        ("a.x / 0", None),
    ] {
        assert_eq!(said("", source), (None, score), "{source}");
    }
}

#[test]
fn the_rules_are_those_of_the_parameters() {
    let reasons = |keep: &str, score: &str| -> Vec<&str> {
        built(keep, score).unwrap().rules().iter().map(|rule| rule.reason).collect()
    };
    assert_eq!(reasons("true", "1"), ["expression_false"]);
    assert!(reasons(" \n", "1").is_empty());
    let mut params = Params::defaults(ENTRY.params);
    params.set("min_score", ParamValue::Float(1.0));
    assert!(build(&params, &MemoryAssets::default()).is_err(), "a limit without a score");
    params.set("score", ParamValue::Text("1".into()));
    assert!(build(&params, &MemoryAssets::default()).is_ok());
}

#[test]
fn types_must_fit() {
    for (source, place, message, hint) in [
        ("a.x + 1", "a.x + 1", "a number stands where a condition is needed", "compare it"),
        ("a.x", "a.x", "`a.x` is a value, no condition", "`a.x > 0`"),
        ("lang", "lang", "a text stands where a condition is needed", "lang == 'en'"),
        ("lang > 3", "3", "a number stands where a text is needed", ""),
        ("text.words == 'a'", "'a'", "a text stands where a number is needed", ""),
        ("url contains 3", "3", "a number stands where a text is needed", ""),
        ("(a.x > 1) + 1 > 1", "(a.x > 1)", "a condition stands where a number is needed", "count"),
        ("true < false", "true < false", "conditions have no order", ""),
        ("a.x in [1, 'a']", "'a'", "cannot stand in a list", ""),
        ("lang in [lang]", "lang]", "cannot stand in a list", ""),
        ("default(lang, 0) == 'a'", "0", "a number stands where a text is needed", ""),
        ("if(1, 2, 3) > 1", "1", "a number stands where a condition is needed", ""),
        ("not 1", "1", "a number stands where a condition is needed", ""),
    ] {
        let error = built(source, "").err().unwrap_or_else(|| panic!("{source} is no mistake"));
        assert!(error.message.contains(message), "{source}: {}", error.message);
        assert!(error.hint.unwrap_or_default().contains(hint), "{source}");
        let shown: Vec<&str> = error.message.lines().collect();
        let column = shown[2].find('^').unwrap() - "  keep = ".len();
        assert_eq!(&shown[1], &format!("  keep = {source}"));
        assert!(source[column..].starts_with(place.trim_end_matches(']')), "{source}: {}", error.message);
    }
    assert!(built("", "lang").is_err_and(|error| error.message.contains("`score`")));
}

#[test]
fn what_is_needed_is_asked_for_once() {
    let stage = built("a.x > 1 and a.x < 9 and b.y == 'l' and missing(c.z)", "`d-e.f` + text.words + extra.g").unwrap();
    let asked: Vec<_> =
        stage.inputs().iter().map(|input| (input.param, input.need.clone(), input.span.start)).collect();
    let metric = |name: &str, kind| Need::Metric { name: name.to_owned(), kind };
    let expected = [
        ("keep", metric("a.x", Used::Number), 0),
        ("keep", metric("b.y", Used::Label), 24),
        ("keep", metric("c.z", Used::Either), 47),
        ("score", metric("d-e.f", Used::Number), 0),
        ("score", Need::Text, 10),
        ("score", Need::Extra("g".into()), 23),
    ];
    assert_eq!(asked, expected);
    // What stands in backquotes is never a column.
    assert_eq!(built("`lang` == 'en'", "").unwrap().inputs()[0].need, metric("lang", Used::Label));
}
