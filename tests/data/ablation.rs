//! Laws on the tables of RegMix and Chinchilla, and the sources of the quickstart study.

use std::collections::BTreeMap;
use std::path::Path;

use support::{archive, root, tokenmill};

/// Columns by name, each with its value by row.
fn table(path: &Path) -> BTreeMap<String, BTreeMap<String, f64>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let mut columns: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for cells in lines {
        for (name, cell) in head.iter().zip(&cells).skip(1) {
            columns.entry((*name).to_owned()).or_default().insert(cells[0].to_owned(), cell.parse().unwrap());
        }
    }
    columns
}

/// Pearson's correlation of the ranks; no two losses are equal here.
fn spearman(a: &BTreeMap<String, f64>, b: &BTreeMap<String, f64>) -> f64 {
    let ranks = |values: &BTreeMap<String, f64>| {
        let mut order: Vec<(&String, f64)> = values.iter().map(|(row, value)| (row, *value)).collect();
        order.sort_by(|a, b| a.1.total_cmp(&b.1));
        order.into_iter().enumerate().map(|(rank, (row, _))| (row.clone(), rank as f64)).collect::<BTreeMap<_, _>>()
    };
    let (a, b) = (ranks(a), ranks(b));
    let n = b.len() as f64;
    let squares: f64 = b.iter().map(|(row, rank)| (a[row] - rank).powi(2)).sum();
    1.0 - 6.0 * squares / (n * (n * n - 1.0))
}

#[test]
fn the_law_of_regmix_predicts_its_other_mixes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| archive("mixing").join("regmix").join(name).display().to_string();
    let output = folder.path().join("p.csv").display().to_string();
    let (mixes, losses) = (at("train_mixture_1m.csv"), at("train_pile_loss_1m.csv"));
    let others = at("test_mixture_1m.csv");
    let arguments = ["ablate", "fit", &mixes, &losses, "--predict", &others, "-o", &output, "--resamples", "0"];
    let said = tokenmill(&arguments).ok();
    assert!(said.contains("512 runs, 17 groups, 13 losses"), "{said}");
    let (predicted, actual) = (table(Path::new(&output)), table(Path::new(&at("test_pile_loss_1m.csv"))));
    let ranks: BTreeMap<&str, f64> =
        actual.iter().map(|(name, losses)| (name.as_str(), spearman(&predicted[name], losses))).collect();
    assert_eq!(ranks.len(), 13);
    let mean = ranks.values().sum::<f64>() / 13.0;
    let pile_cc = ranks["metric/the_pile_pile_cc_val_loss"];
    // LightGBM reaches .9904 and .9896.
    assert!(pile_cc >= 0.995 && mean >= 0.992, "{pile_cc} {mean}\n{said}");
}

#[test]
fn chinchillas_law_is_that_of_its_replication() {
    let runs = archive("mixing").join("chinchilla/svg_extracted_data.csv").display().to_string();
    let said = tokenmill(&["ablate", "scaling", &runs, "--drop-shortest", "5"]).ok();
    let value = |name: &str| -> f64 {
        let line = said.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    for (name, published) in [("E", 1.8172), ("alpha", 0.3478), ("beta", 0.3658)] {
        assert!((value(name) / published - 1.0).abs() < 0.01, "{name} is {}\n{said}", value(name));
    }
}

#[test]
fn the_sources_of_the_quickstart_have_their_text() {
    let folder = tempfile::tempdir().unwrap();
    let set = format!("run.root={}", folder.path().display());
    for (name, least) in [("encyclopedia", 1_000_000), ("languages", 150_000), ("program", 1_000_000)] {
        let recipe = root().join(format!("configs/ablations/sources/{name}.toml")).display().to_string();
        let said = tokenmill(&["run", &recipe, "--set", &set]).ok();
        let line = said.lines().find(|line| line.contains("tokens in a token store")).unwrap();
        let digits: String = line.split("tokens").next().unwrap().chars().filter(char::is_ascii_digit).collect();
        assert!(digits.parse::<u64>().unwrap() >= least, "{line}");
    }
}
