//! Forms of the loss as a function of the mix, from the simplest to the richest.

mod bins;
mod design;
mod exponential;
mod linear;
mod model;
mod power;
mod trees;

pub use design::Design;
pub use exponential::Exponential;
pub use linear::Linear;
pub use model::{Data, Model};
pub use power::Power;
pub use trees::Trees;

use serde::{Deserialize, Serialize};

/// A form, in the order in which simpler ones are preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `sum_j c_j r_j`.
    Linear,
    /// `c + k exp(sum_j t_j r_j)`: data mixing laws, arXiv:2403.16952.
    Exponential,
    /// `E + (d + sum_j w_j r_j^b)^-a`.
    Power,
    /// `E + (d + sum_j w_j r_j^b_j)^-a + sum_j c_j r_j`.
    PowerOwn,
    /// Boosted regression trees, as in RegMix (arXiv:2407.01492).
    Trees,
    /// The power form with own exponents, and trees for what it leaves over.
    PowerTrees,
}

impl Form {
    /// All of them, simple ones first.
    pub const ALL: [Form; 6] =
        [Form::Linear, Form::Exponential, Form::Power, Form::PowerOwn, Form::Trees, Form::PowerTrees];

    /// Its name in settings and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Form::Linear => "linear",
            Form::Exponential => "exponential",
            Form::Power => "power",
            Form::PowerOwn => "power_own",
            Form::Trees => "trees",
            Form::PowerTrees => "power_trees",
        }
    }

    /// Its formula, with shares `r_j`.
    pub const fn formula(self) -> &'static str {
        match self {
            Form::Linear => "sum_j c_j r_j",
            Form::Exponential => "c + exp(sum_j t_j r_j)",
            Form::Power => "E + (d + sum_j w_j r_j^b)^-a",
            Form::PowerOwn => "E + (d + sum_j w_j r_j^b_j)^-a + sum_j c_j r_j",
            Form::Trees => "boosted trees",
            Form::PowerTrees => "power_own + boosted trees",
        }
    }

    /// The form of a name.
    pub fn named(name: &str) -> Option<Form> {
        Form::ALL.into_iter().find(|form| form.name() == name)
    }

    /// Whether it is a smooth formula, which has slopes and goes on sensibly beyond the mixes that were tried.
    pub const fn is_smooth(self) -> bool {
        !matches!(self, Form::Trees | Form::PowerTrees)
    }

    /// Parameters that are fitted to each target, without those of trees.
    pub const fn parameters(self, groups: usize) -> usize {
        match self {
            Form::Linear => groups,
            Form::Exponential => groups + 1,
            Form::Power => groups + 4,
            Form::PowerOwn | Form::PowerTrees => 3 * groups + 4,
            Form::Trees => 0,
        }
    }

    /// Runs that it needs at least: five for four parameters, where of the own exponents and slopes, which penalties hold, one
    /// in four counts; and trees need some dozens before they can say anything.
    pub const fn least_runs(self, groups: usize) -> usize {
        let held = match self {
            Form::PowerOwn | Form::PowerTrees => groups + groups / 2,
            _ => 0,
        };
        let least = (5 * (self.parameters(groups) - held)).div_ceil(4);
        if self.is_smooth() || least > 48 { least } else { 48 }
    }
}
