//! What a recipe can ask for at which place, and what it is told where it cannot.

use crate::chain::Chain;
use crate::config::{ConfigError, House, Text, parse};
use crate::spec::Spec;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::catalog::Shape;
use tokenmill_core::combine::{Given, Input, Need, Slot, Used};
use tokenmill_core::numbers::Measured;
use tokenmill_core::{
    Assets, BuildError, Catalog, Combine, Default, Doc, Document, Entry, Extract, Measure, Metric, Numbers, Param,
    Params, Record, Rejection, Rule, Stage,
};

/// Asks for one thing, as a number or a label, and passes on what it got.
struct Ask(Vec<Input>);

impl Combine for Ask {
    fn inputs(&self) -> &[Input] {
        &self.0
    }
    fn combine(&self, _: &Doc<'_>, given: &Given<'_>, numbers: &mut Numbers) {
        match given.get(0) {
            Measured::Number(number) => numbers.set(0, number + 100.0),
            _ => numbers.set(0, -1.0),
        }
    }
    fn rules(&self) -> &[Rule] {
        &[]
    }
    fn own_names(&self) -> &[&'static str] {
        &["lang", "url.host"]
    }
}

struct Count;

impl Measure for Count {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        numbers.set(0, doc.text().len() as f32);
        numbers.set_label(1, "x".into());
    }
    fn rules(&self) -> &[Rule] {
        &[]
    }
}

struct Pages;

impl Extract for Pages {
    fn extract(&self, _: &Record<'_>, _: &mut Document, _: &mut Numbers) -> Result<(), Rejection> {
        Ok(())
    }
}

fn build_ask(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let name = params.text("of").to_owned();
    let kind = if params.flag("as_label") { Used::Label } else { Used::Number };
    let need = match name.strip_prefix("extra.") {
        Some(column) => Need::Extra(column.to_owned()),
        None if name == "text" => Need::Text,
        None => Need::Metric { name, kind },
    };
    let span = 0..params.text("of").len();
    let inputs = if span.is_empty() { Vec::new() } else { vec![Input { need, param: "of", span }] };
    Ok(Stage::Combine(Box::new(Ask(inputs))))
}

const METRICS: &[Metric] = &[Metric::number("n_bytes", ""), Metric::label("label", "")];

const fn entry(
    name: &'static str,
    shape: Shape,
    build: fn(&Params, &dyn Assets) -> Result<Stage, BuildError>,
) -> Entry {
    Entry {
        name,
        version: 1,
        about: "",
        shape,
        needs_text: false,
        costly: false,
        params: &[],
        metrics: METRICS,
        asset_params: &[],
        page: "",
        build,
    }
}

const ENTRIES: &[Entry] = &[
    Entry {
        params: &[
            Param { name: "of", default: Default::Text(""), about: "" },
            Param { name: "as_label", default: Default::Bool(false), about: "" },
        ],
        metrics: &[Metric::number("got", "")],
        ..entry("ask", Shape::Combine, build_ask)
    },
    entry("count", Shape::Measure, |_, _| Ok(Stage::Measure(Box::new(Count)))),
    Entry { metrics: &[], ..entry("pages", Shape::Extract, |_, _| Ok(Stage::Extract(Box::new(Pages)))) },
];

/// A recipe of steps that are written `stage name key=value …`, `|` for a checkpoint.
fn spec(kind: &str, steps: &[&str]) -> Result<Spec, ConfigError> {
    let mut recipe = format!("[run]\nname = \"r\"\n[source]\nkind = \"{kind}\"\npaths = [\"x\"]\n");
    recipe.push_str("columns = { extra = [\"stars\"] }\n");
    for step in steps {
        let mut words = step.split(' ');
        recipe.push_str("[[step]]\n");
        match words.next() {
            Some("|") => recipe.push_str("checkpoint = true\n"),
            stage => recipe.push_str(&format!("use = {:?}\nname = {:?}\n", stage.unwrap(), words.next().unwrap())),
        }
        words.for_each(|word| recipe.push_str(&format!("{}\n", word.replace('=', " = "))));
    }
    let catalog = Catalog::join(&[ENTRIES]).unwrap();
    parse(&Text { name: "r.toml".into(), content: recipe }, &[], &House { catalog: &catalog, sections: &[] })
}

#[test]
fn what_is_at_hand_is_found() {
    for steps in [
        &["count c", "ask a of=\"c.n_bytes\""][..],
        &["count c-1.x", "ask a of=\"c-1.x.n_bytes\""],
        &["count c", "ask a of=\"c.label\" as_label=true"],
        &["count c", "ask a of=\"c.n_bytes\"", "ask b of=\"a.got\""],
        &["ask a of=\"extra.stars\""],
        &["count c", "|", "ask a of=\"text\""],
        &["count c", "ask a lang={de={of=\"c.n_bytes\"}}"],
    ] {
        assert!(spec("jsonl", steps).is_ok(), "{steps:?}: {}", spec("jsonl", steps).err().unwrap());
    }
    assert!(spec("warc", &["pages p", "ask a of=\"text\""]).is_ok());
}

#[test]
fn numbers_arrive_where_they_are_asked_for() {
    let spec = spec("jsonl", &["count c", "count d", "ask a of=\"d.n_bytes\"", "ask b of=\"a.got\""]).unwrap();
    let chain = Chain::build(&spec.chain(0), &[], &MemoryAssets::default()).unwrap();
    let slots = |at: usize| chain.steps[at].built("").slots.clone();
    assert_eq!(
        (slots(2), slots(3)),
        (vec![Some(Slot { step: 1, metric: 0 })], vec![Some(Slot { step: 2, metric: 0 })])
    );
    let mut worker = crate::chain::Worker::new(&chain, false);
    worker.document.text.push_str("seven b");
    assert_eq!(worker.walk(&chain, None).removal, None);
    assert_eq!(worker.numbers[3].get(0), Some(207.0));
    let mut document = Document { text: "seven b".into(), ..Document::default() };
    let said = crate::apply::apply(&chain, &mut document, None);
    assert!(
        matches!(&said[3], crate::apply::Said::Judged { numbers, .. } if numbers.get(0) == Some(207.0)),
        "{said:?}"
    );
}

#[test]
fn what_is_not_at_hand_is_explained() {
    for (kind, steps, message, hint) in [
        (
            "jsonl",
            &["count c", "ask a of=\"c.n_byts\""][..],
            "nothing here is called `c.n_byts`",
            "did you mean `c.n_bytes`",
        ),
        ("jsonl", &["count c", "ask a of=\"n_bytes\""], "`n_bytes`", "did you mean `c.n_bytes`"),
        ("jsonl", &["count c", "ask a of=\"lnag\""], "`lnag`", "did you mean `lang`"),
        ("jsonl", &["count c-1", "ask a of=\"c\""], "`c`", "backquotes, with them: `c-1.n_bytes`"),
        ("jsonl", &["count c", "ask a of=\"c.zzzzzzzzzzzz\""], "`c.zzzzzzzzzzzz`", "`c` measures n_bytes, label"),
        ("jsonl", &["ask a of=\"zzzzzzzz.zzzzzzz\""], "nothing here", "columns are lang, url.host"),
        ("jsonl", &["ask a of=\"c.n_bytes\"", "count c"], "comes after this one", "behind `c`"),
        ("jsonl", &["ask a of=\"c.n_bytes\"", "|", "count c"], "comes after this one", "behind `c`"),
        ("jsonl", &["ask a of=\"a.got\""], "nothing here is called `a.got`", ""),
        ("jsonl", &["count c", "|", "ask a of=\"c.n_bytes\""], "measured in an earlier phase", "phase of `c`"),
        ("jsonl", &["count c", "ask a of=\"c.label\""], "`c.label` is a label and no number", "== 'x'"),
        ("jsonl", &["count c", "ask a of=\"c.n_bytes\" as_label=true"], "`c.n_bytes` is a number and no text", "> 0"),
        ("jsonl", &["ask a of=\"extra.moons\""], "`moons` is not carried along", "lists stars"),
        ("warc", &["pages p", "ask a of=\"extra.stars\""], "no extra column `stars`", "crawl files have none"),
        ("warc", &["ask a of=\"text\"", "pages p"], "there is no text yet", "behind the extraction"),
        ("jsonl", &["ask a"], "asks for nothing and judges nothing", "tell it what to look at"),
        ("jsonl", &["count c", "ask a of=\"c.n_bytes\" lang={de={of=\"c.x\"}}"], "`c.x`", ""),
    ] {
        let error = spec(kind, steps).err().unwrap_or_else(|| panic!("{steps:?} is no mistake"));
        assert!(error.message.starts_with("step `a`: ") && error.message.contains(message), "{steps:?}: {error}");
        assert!(error.hint.as_deref().unwrap_or_default().contains(hint), "{steps:?}: {error}");
    }
    let error = spec("jsonl", &["ask a of=\"c.x\""]).err().unwrap();
    assert!(error.message.ends_with("\n  of = c.x\n       ^^^"), "{error}");
}
