//! `filter.class_share`: keeps a share of the documents of each class, so that classes of which the web has too much count less.

use tokenmill_core::catalog::Shape;
use tokenmill_core::combine::{Given, Input, Need, Used};
use tokenmill_core::hash::{hash64, mix64};
use tokenmill_core::numbers::Measured;
use tokenmill_core::{
    Assets, BuildError, Combine, Default, Doc, Entry, Keep, Metric, Numbers, Param, Params, Rule, Stage,
};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "filter.class_share",
    version: 1,
    about: "Keeps a given share of the documents of each class, chosen by hash.",
    shape: Shape::Combine,
    needs_text: false,
    costly: false,
    params: &[
        Param {
            name: "label",
            default: Default::Text(""),
            about: "the class, a label of an earlier step, as in `topics.top_label`; nothing is measured when empty",
        },
        Param {
            name: "shares",
            default: Default::Texts(&[]),
            about: "shares that are kept, as in `[\"sports = 0.25\", \"celebrities = 0.1\"]`",
        },
        Param { name: "other", default: Default::Float(1.0), about: "share that is kept of all other classes" },
        Param { name: "seed", default: Default::Int(0), about: "another one chooses other documents" },
    ],
    metrics: &[
        Metric::number("share", "the share that is kept of the class; absent when there is no class"),
        Metric::number(
            "lot",
            "the lot of the document, above 0 and at most 1, even among all; absent when there is no class",
        ),
        Metric::number("room", "share less lot: not below 0 for documents that stay"),
    ],
    asset_params: &[],
    page: include_str!("../../docs/filter/class_share.md"),
    build,
};

const SHARE: usize = 0;
const LOT: usize = 1;
const ROOM: usize = 2;

struct ClassShare {
    inputs: Vec<Input>,
    /// In the order of the names.
    shares: Vec<(String, f32)>,
    other: f32,
    seed: u64,
    rules: Vec<Rule>,
}

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let mut shares = Vec::new();
    for written in params.texts("shares") {
        let share =
            written.rsplit_once('=').and_then(|(class, share)| Some((class.trim(), share.trim().parse().ok()?)));
        let (class, share) = share.ok_or_else(|| {
            BuildError::new(format!("`{written}` is no share of a class")).hint("write `class = 0.25`")
        })?;
        shares.push((class.to_owned(), checked(class, share)?));
    }
    shares.sort_by(|one, other| one.0.cmp(&other.0));
    if let Some(twice) = shares.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(BuildError::new(format!("`{}` has two shares", twice[0].0)));
    }
    let other = checked("other", params.number("other"))?;
    let name = params.text("label");
    let need = Need::Metric { name: name.to_owned(), kind: Used::Label };
    let input = Input { need, param: "label", span: 0..name.len() };
    let inputs = if name.is_empty() { Vec::new() } else { vec![input] };
    let rules = vec![Rule { reason: "class_over_its_share", metric: ROOM, keep: Keep::AtLeast(0.0) }];
    let seed = mix64(params.int("seed") as u64, hash64(0, b"class_share"));
    Ok(Stage::Combine(Box::new(ClassShare { inputs, shares, other, seed, rules })))
}

fn checked(class: &str, share: f64) -> Result<f32, BuildError> {
    let is_share = (0.0..=1.0).contains(&share);
    let fault = || BuildError::new(format!("the share of `{class}` is {share}")).hint("shares are from 0 to 1");
    if is_share { Ok(share as f32) } else { Err(fault()) }
}

impl ClassShare {
    /// The lot of a document: one of 2^24 even ones, which an `f32` can tell apart.
    fn lot(&self, id: u128) -> f32 {
        let hash = hash64(self.seed, &id.to_le_bytes());
        ((hash >> 40) + 1) as f32 / (1_u32 << 24) as f32
    }
}

impl Combine for ClassShare {
    fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    fn combine(&self, doc: &Doc<'_>, given: &Given<'_>, numbers: &mut Numbers) {
        let Measured::Label(class) = given.get(0) else { return };
        let at = self.shares.binary_search_by(|(known, _)| known.as_str().cmp(class));
        let share = at.map_or(self.other, |at| self.shares[at].1);
        let lot = self.lot(doc.id().0);
        numbers.set(SHARE, share);
        numbers.set(LOT, lot);
        numbers.set(ROOM, share - lot);
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::combine::Slot;
    use tokenmill_core::rule::{Verdict, judge};
    use tokenmill_core::{Analysis, DocId, Document};

    fn built(recipe: &str) -> Result<Box<dyn Combine>, BuildError> {
        match build(&Params::from_table(ENTRY.params, &recipe.parse().unwrap())?, &MemoryAssets::default())? {
            Stage::Combine(stage) => Ok(stage),
            _ => panic!("it combines"),
        }
    }

    /// The numbers of 2,000 documents that stay.
    fn kept(recipe: &str, class: Option<&str>) -> Vec<u128> {
        let stage = built(recipe).unwrap();
        let mut given = Numbers::new(1);
        class.into_iter().for_each(|class| given.set_label(0, class.into()));
        let (slots, given) = ([Some(Slot { step: 0, metric: 0 })], [given]);
        let stays = |id: &u128| {
            let document = Document { id: DocId(*id), ..Document::default() };
            let mut numbers = Numbers::new(ENTRY.metrics.len());
            stage.combine(&Doc::new(&document, &Analysis::default()), &Given::new(&slots, &given), &mut numbers);
            judge(stage.rules(), &numbers) == Verdict::Keep
        };
        (0..2_000).filter(stays).collect()
    }

    #[test]
    fn as_many_stay_of_a_class_as_its_share_says() {
        let recipe = "label = \"t.top\"\nshares = [\"sports = 0.25\", \"a = b = 0.0\"]\nother = 0.5";
        // Four standard deviations.
        assert!(kept(recipe, Some("sports")).len().abs_diff(500) < 78);
        assert!(kept(recipe, Some("cooking")).len().abs_diff(1_000) < 90);
        assert!(kept(recipe, Some("a = b")).is_empty());
        assert_eq!(kept(recipe, None).len(), 2_000);
        assert_eq!(kept("label = \"t.top\"", Some("sports")).len(), 2_000);
    }

    #[test]
    fn a_smaller_share_is_a_part_of_a_larger_one_and_a_seed_chooses_others() {
        let kept =
            |share: &str, seed: u8| kept(&format!("label = \"t.top\"\nother = {share}\nseed = {seed}"), Some("x"));
        let (small, large) = (kept("0.1", 0), kept("0.3", 0));
        assert!(!small.is_empty() && small.iter().all(|id| large.contains(id)));
        assert_ne!(small, kept("0.1", 1));
    }

    #[test]
    fn wrong_parameters_say_what_is_right() {
        for (recipe, expected) in [
            ("shares = [\"sports\"]", "`sports` is no share"),
            ("shares = [\"sports = many\"]", "is no share"),
            ("shares = [\"sports = 1.5\"]", "the share of `sports` is 1.5"),
            ("shares = [\"sports = nan\"]", "the share of `sports`"),
            ("shares = [\"a = 0.1\", \"a=0.2\"]", "`a` has two shares"),
            ("other = -0.1", "the share of `other`"),
        ] {
            let error = built(recipe).err().unwrap();
            assert!(error.message.contains(expected), "{}", error.message);
        }
    }
}
