//! Pages with code and mathematics survive by rules of their own, where rules for prose throw them away: the pages of the
//! archive `extraction`, extracted.

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use support::archive;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::{Analysis, Doc, Document, Numbers, Params, Stage, Verdict, judge};
use tokenmill_stages::catalog::CATALOG;
use tokenmill_stages::extract::decide::Decision;
use tokenmill_stages::extract::{Mode, Scratch, extract};

/// A stage at its defaults.
struct Built {
    stage: Stage,
    n_metrics: usize,
}

impl Built {
    fn new(name: &str) -> Built {
        let entry = CATALOG.iter().find(|entry| entry.name == name).unwrap();
        let stage = (entry.build)(&Params::defaults(entry.params), &MemoryAssets::default()).unwrap();
        Built { stage, n_metrics: entry.metrics.len() }
    }

    fn measure(&self, doc: &Doc<'_>) -> (Numbers, bool) {
        let Stage::Measure(stage) = &self.stage else { panic!("a measure") };
        let mut numbers = Numbers::new(self.n_metrics);
        stage.measure(doc, &mut numbers);
        let is_kept = judge(stage.rules(), &numbers) == Verdict::Keep;
        (numbers, is_kept)
    }
}

/// Pages of a kind, and how many of them the rules keep.
#[derive(Debug, Default)]
struct Count {
    n: usize,
    by_own_rules: usize,
    by_prose_rules: usize,
}

#[test]
fn code_and_mathematics_are_found_and_survive() {
    let (kind, quality, repetition) =
        (Built::new("page.kind"), Built::new("filter.gopher_quality"), Built::new("filter.gopher_repetition"));
    let own = BTreeMap::from([("code", Built::new("filter.code_page")), ("math", Built::new("filter.math_page"))]);
    let truth = std::fs::File::open(archive("extraction").join("ground_truth.jsonl.gz")).unwrap();
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut scratch = Scratch::default();
    // Of the pages chosen for their code or formulas, and of all others.
    let (mut n_chosen, mut n_found, mut n_others, mut n_others_found) = (0, 0, 0, 0);
    for line in BufReader::new(MultiGzDecoder::new(truth)).lines() {
        let page: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let id = page["id"].as_str().unwrap();
        let html = std::fs::read(archive("extraction").join("html").join(format!("{id}.html"))).unwrap();
        let extracted = extract(&String::from_utf8_lossy(&html), Mode::MainText(Decision::Learned), &mut scratch);
        let document = Document { text: extracted.text, ..Document::default() };
        let analysis = Analysis::default();
        let doc = Doc::new(&document, &analysis);
        let (numbers, _) = kind.measure(&doc);
        let kind = numbers.label(0).unwrap();
        let is_found = kind != "prose";
        if id.starts_with("mk_code") || id.starts_with("mk_math") {
            n_chosen += 1;
            n_found += usize::from(is_found);
        } else if page["page_type"] != "documentation" {
            n_others += 1;
            n_others_found += usize::from(is_found);
        }
        if let Some(rules) = own.get(kind) {
            let count = counts.entry(kind.to_owned()).or_default();
            count.n += 1;
            count.by_own_rules += usize::from(rules.measure(&doc).1);
            count.by_prose_rules += usize::from(quality.measure(&doc).1 && repetition.measure(&doc).1);
        }
    }
    assert!(n_found * 4 >= n_chosen * 3, "{n_found} of {n_chosen} pages with code or formulas were found");
    assert!(
        n_others_found * 33 <= n_others,
        "{n_others_found} of {n_others} other pages were taken for code or formulas"
    );
    for (kind, count) in counts {
        assert!(count.by_own_rules * 100 >= count.n * 85, "{kind}: {count:?}");
        assert!(count.by_own_rules > count.by_prose_rules, "{kind}: {count:?}");
    }
}
