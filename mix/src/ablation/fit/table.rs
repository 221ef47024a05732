//! Reads the tables of an ablation: the mixes that were tried, and the losses that came out.

use super::error::FitError;
use super::read::{Sheet, unit};
use std::collections::BTreeMap;

/// Runs: mixes with the losses of the models that were trained on them.
#[derive(Clone, Debug, PartialEq)]
pub struct Runs {
    /// Names of the runs, in the order of the table of mixes.
    pub ids: Vec<String>,
    /// Names of the groups that were mixed.
    pub groups: Vec<String>,
    /// Names of what was measured, the smaller the better.
    pub targets: Vec<String>,
    /// Of each run, the share of each group; they sum to 1.
    pub weights: Vec<Vec<f64>>,
    /// Of each run, the loss of each target, in nats per token or any other unit.
    pub losses: Vec<Vec<f64>>,
    /// Runs that are not used, with the reason.
    pub left_out: Vec<(String, String)>,
}

/// Mixes whose losses are to be predicted.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixes {
    /// Names of the mixes.
    pub ids: Vec<String>,
    /// Of each mix, the share of each group, in the order of the fit; they sum to 1.
    pub weights: Vec<Vec<f64>>,
}

impl Runs {
    /// Joins a table of mixes and one of losses on their first columns; the rows may be in any order.
    ///
    /// A mix without losses (a run that has not ended) and one whose losses are not all finite (a run that blew up) are left
    /// out and listed. Weights are divided by their sum, which must be within 2 % of 1.
    ///
    /// # Errors
    /// On what is no such table, with its line; on losses of a mix that is not there; if no run is left.
    pub fn read(mixes: &str, losses: &str) -> Result<Runs, FitError> {
        let mixes = Sheet::read("mixes", mixes)?;
        let losses = Sheet::read("losses", losses)?;
        let known: BTreeMap<&str, usize> = mixes.ids.iter().map(String::as_str).zip(0..).collect();
        let mut row_of = vec![None; mixes.ids.len()];
        for (row, id) in losses.ids.iter().enumerate() {
            let Some(mix) = known.get(id.as_str()) else {
                return Err(losses.error(row, format!("run `{}` is not in the table of mixes", id.escape_debug())));
            };
            row_of[*mix] = Some(row);
        }
        let mut runs = Runs {
            ids: Vec::new(),
            groups: mixes.columns.clone(),
            targets: losses.columns.clone(),
            weights: Vec::new(),
            losses: Vec::new(),
            left_out: Vec::new(),
        };
        for (mix, (id, row)) in mixes.ids.iter().zip(&row_of).enumerate() {
            let weights = unit(&mixes.rows[mix]).map_err(|message| mixes.error(mix, message))?;
            let reason = match row {
                None => Some("it has no losses".to_owned()),
                Some(row) => {
                    let wrong = losses.rows[*row].iter().position(|loss| !loss.is_finite());
                    wrong.map(|column| format!("its loss `{}` is not a finite number", losses.columns[column]))
                }
            };
            match (reason, row) {
                (None, Some(row)) => {
                    runs.ids.push(id.clone());
                    runs.weights.push(weights);
                    runs.losses.push(losses.rows[*row].clone());
                }
                (reason, _) => runs.left_out.push((id.clone(), reason.unwrap_or_default())),
            }
        }
        if runs.ids.is_empty() {
            return Err(FitError::TooFew("no run has both a mix and finite losses".to_owned()));
        }
        Ok(runs)
    }

    /// The losses of one target, run by run.
    pub fn target(&self, target: usize) -> Vec<f64> {
        self.losses.iter().map(|losses| losses[target]).collect()
    }
}

impl Mixes {
    /// Reads mixes over the groups of a fit; columns are matched by name, in any order.
    ///
    /// # Errors
    /// On what is no such table, with its line; on a group that is missing; on one that the fit does not know, unless its
    /// weights are all 0.
    pub fn read(text: &str, groups: &[String]) -> Result<Mixes, FitError> {
        let sheet = Sheet::read("mixes", text)?;
        let place: BTreeMap<&str, usize> = sheet.columns.iter().map(String::as_str).zip(0..).collect();
        let find = |group: &String| {
            let missing = || sheet.head_error(format!("group `{}` of the fit has no column", group.escape_debug()));
            place.get(group.as_str()).copied().ok_or_else(missing)
        };
        let columns = groups.iter().map(find).collect::<Result<Vec<usize>, FitError>>()?;
        let mut known = vec![false; sheet.columns.len()];
        columns.iter().for_each(|column| known[*column] = true);
        let mut weights = Vec::with_capacity(sheet.rows.len());
        for (row, all) in sheet.rows.iter().enumerate() {
            if let Some(column) = (0..all.len()).find(|column| !known[*column] && all[*column] != 0.0) {
                let name = sheet.columns[column].escape_debug();
                return Err(sheet.error(row, format!("group `{name}` has a weight, and no run of the fit has it")));
            }
            let own: Vec<f64> = columns.iter().map(|column| all[*column]).collect();
            weights.push(unit(&own).map_err(|message| sheet.error(row, message))?);
        }
        Ok(Mixes { ids: sheet.ids, weights })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXES: &str = "index,web,code\n1,0.5,0.5\n2,0.201,0.8\n3,1,0\n4,0,1\n";

    fn message(mixes: &str, losses: &str) -> String {
        Runs::read(mixes, losses).unwrap_err().to_string()
    }

    #[test]
    fn tables_are_joined_in_any_order() {
        let runs = Runs::read(MIXES, "run,a,b\n3,3,nan\n1,1.5,2\n2,2.5,1e0\n").unwrap();
        assert_eq!(runs.ids, ["1", "2"]);
        assert_eq!(runs.groups, ["web", "code"]);
        assert_eq!(runs.targets, ["a", "b"]);
        assert_eq!(runs.losses, [[1.5, 2.0], [2.5, 1.0]]);
        assert!((runs.weights[1][0] - 0.201 / 1.001).abs() < 1e-15);
        assert_eq!(runs.target(1), [2.0, 1.0]);
        let left: Vec<_> = runs.left_out.iter().map(|(id, why)| format!("{id}: {why}")).collect();
        assert_eq!(left, ["3: its loss `b` is not a finite number", "4: it has no losses"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(message(MIXES, "run,a\n9,1\n"), "losses, line 2: run `9` is not in the table of mixes");
        assert_eq!(message(MIXES, "run,a\n1,x\n"), "losses, line 2: `x` in column `a` is not a number");
        assert_eq!(message(MIXES, "run,a\n1,\n"), "no run has both a mix and finite losses");
        assert_eq!(message("i,a,b\n1,0.5,0.4\n", "i,x\n1,1\n"), "mixes, line 2: the weights sum to 0.9000, not to 1");
        assert_eq!(message("i,a,b\n1,1.5,-0.5\n", "i,x\n1,1\n"), "mixes, line 2: the weight 1.5 is not from 0 to 1");
        assert_eq!(message("i,a,b\n1,nan,1\n", "i,x\n1,1\n"), "mixes, line 2: the weight NaN is not from 0 to 1");
        assert_eq!(message("i,a\n1,1\n1,1\n", "i,x\n1,1\n"), "mixes, line 3: `1` is there a second time");
        assert_eq!(message("i,a,a\n1,1,0\n", "i,x\n1,1\n"), "mixes, line 1: column `a` is there a second time");
        assert_eq!(message("i\n1\n", "i,x\n1,1\n"), "mixes, line 1: there is no column but the first");
        assert!(message("i,a\n1,1,2\n", "i,x\n1,1\n").starts_with("mixes, line 2: "));
        assert!(message("", "").starts_with("mixes, line 1: "));
    }

    #[test]
    fn mixes_are_matched_by_name() {
        let groups = ["web".to_owned(), "code".to_owned()];
        let mixes = Mixes::read("id,code,none,web\nx,0.25,0,0.75\n", &groups).unwrap();
        assert_eq!(mixes.weights, [[0.75, 0.25]]);
        let error = |text: &str| Mixes::read(text, &groups).unwrap_err().to_string();
        assert_eq!(error("id,web\nx,1\n"), "mixes, line 1: group `code` of the fit has no column");
        assert_eq!(
            error("id,code,web,art\nx,0.25,0.5,0.25\n"),
            "mixes, line 2: group `art` has a weight, and no run of the fit has it"
        );
    }
}
