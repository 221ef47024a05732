//! The plan of the house: which crate may depend on which, and which heavy crates stay behind one door.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Problem;
use crate::error::{Error, Result};
use crate::repo::{self, Repo};

/// Our crates and those of ours that each may use. Every arrow leads down; on one floor nobody knows a neighbour.
const FLOORS: [(&str, &[&str]); 10] = [
    ("tokenmill-core", &[]),
    ("tokenmill-store", &["tokenmill-core"]),
    ("tokenmill-engine", &["tokenmill-core", "tokenmill-store"]),
    ("tokenmill-stages", &["tokenmill-core"]),
    ("tokenmill-classifiers", &["tokenmill-core"]),
    ("tokenmill-gpu-scoring", &["tokenmill-core"]),
    ("tokenmill-mix", &["tokenmill-core", "tokenmill-store"]),
    ("tokenmill", ALL),
    ("tokenmill-tests", ALL),
    ("xtask", &[]),
];

const ALL: &[&str] = &[
    "tokenmill-core",
    "tokenmill-store",
    "tokenmill-engine",
    "tokenmill-stages",
    "tokenmill-classifiers",
    "tokenmill-gpu-scoring",
    "tokenmill-mix",
];

/// Foreign crates that only these of ours may name, because they are slow to build or because a law says so.
const DOORS: [(&str, &[&str]); 20] = [
    ("polars", &["tokenmill"]),
    ("clap", &["tokenmill"]),
    ("indicatif", &["tokenmill"]),
    ("parquet", &["tokenmill-store"]),
    ("aws-sdk-s3", &["tokenmill-store"]),
    ("aws-config", &["tokenmill-store"]),
    ("aws-credential-types", &["tokenmill-store"]),
    ("aws-smithy-http-client", &["tokenmill-store"]),
    ("aws-smithy-runtime-api", &["tokenmill-store"]),
    ("tokio", &["tokenmill-store"]),
    ("ureq", &["tokenmill-store"]),
    ("libdeflate-sys", &["tokenmill-store"]),
    ("fastokens", &["tokenmill-mix", "tokenmill-gpu-scoring"]),
    ("html5ever", &["tokenmill-stages"]),
    ("rayon", &["tokenmill-engine", "tokenmill"]),
    ("cudarc", &["tokenmill-gpu-scoring"]),
    // The same input must give the same bytes.
    ("rand", &[]),
    // Marks of attempts and lengths of pauses; see the ADR on object storage.
    ("getrandom", &["tokenmill-store"]),
    ("fastrand", &[]),
    ("chrono", &[]),
];

pub fn check(repo: &Repo) -> Result<Vec<Problem>> {
    let json = repo::output(repo.cargo(&["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: Value =
        serde_json::from_str(&json).map_err(|error| Error::new(format!("cannot read cargo's metadata: {error}")))?;
    Ok(compare(&dependencies(&metadata)))
}

/// Crate to the crates it names, whether for use, for building or for tests.
fn dependencies(metadata: &Value) -> BTreeMap<String, Vec<String>> {
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages = list(&metadata["packages"]);
    packages.iter().map(|package| (name(package), list(&package["dependencies"]).iter().map(name).collect())).collect()
}

fn compare(dependencies: &BTreeMap<String, Vec<String>>) -> Vec<Problem> {
    let floors: BTreeMap<&str, &[&str]> = FLOORS.into_iter().collect();
    let doors: BTreeMap<&str, &[&str]> = DOORS.into_iter().collect();
    let mut problems = Vec::new();
    for (house, names) in dependencies {
        let Some(below) = floors.get(house.as_str()) else {
            problems.push(Problem::new(house, 0, "the crate is not in the plan of the house; add it to `houses.rs`"));
            continue;
        };
        for name in names {
            let is_ours = floors.contains_key(name.as_str());
            if is_ours && !below.contains(&name.as_str()) {
                problems.push(Problem::new(house, 0, format!("may not depend on `{name}`: arrows lead down only")));
            }
            if let Some(holders) = doors.get(name.as_str())
                && !holders.contains(&house.as_str())
            {
                let who =
                    if holders.is_empty() { "no crate".to_owned() } else { format!("only `{}`", holders.join("`, `")) };
                problems.push(Problem::new(house, 0, format!("may not depend on `{name}`: {who} may")));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(house: &str, names: &[&str]) -> Vec<String> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let problems = compare(&BTreeMap::from([(house.to_owned(), names)]));
        problems.into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn arrows_lead_down() {
        assert!(messages("tokenmill-engine", &["tokenmill-core", "tokenmill-store", "serde"]).is_empty());
        let up = messages("tokenmill-engine", &["tokenmill-stages"]);
        assert_eq!(up, ["may not depend on `tokenmill-stages`: arrows lead down only"]);
        assert_eq!(messages("tokenmill-core", &["tokenmill-store"]).len(), 1);
    }

    #[test]
    fn heavy_crates_stay_behind_their_doors() {
        assert!(messages("tokenmill", &["polars"]).is_empty());
        assert_eq!(messages("tokenmill-stages", &["polars"]), ["may not depend on `polars`: only `tokenmill` may"]);
        assert_eq!(messages("tokenmill-mix", &["rand"]), ["may not depend on `rand`: no crate may"]);
    }

    #[test]
    fn a_new_crate_needs_a_place_in_the_plan() {
        assert_eq!(messages("tokenmill-extra", &[]).len(), 1);
    }

    #[test]
    fn metadata_is_read_as_cargo_writes_it() {
        let metadata = serde_json::json!({"packages": [{"name": "a", "dependencies": [{"name": "b", "kind": "dev"}]}]});
        assert_eq!(dependencies(&metadata), BTreeMap::from([("a".to_owned(), vec!["b".to_owned()])]));
    }
}
