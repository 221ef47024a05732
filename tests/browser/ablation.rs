//! The page about a study in a real browser: it shows what was found, answers to clicks and keys, is quick with many models,
//! and shows what is hostile as text.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::{Value, json};
use support::{Browser, HOSTILE, Page, Studies, keys};

/// Fourteen mixes, of which a law can be made, and some to judge it on.
const DESIGN: &str = "[design]\nmixes = 14\nheld_out = 3\nrepeats = 2\nmax_epochs = 100.0\n";

/// The page of a study that was run.
fn real() -> &'static str {
    static PAGE: OnceLock<String> = OnceLock::new();
    PAGE.get_or_init(|| {
        let studies = Studies::new(DESIGN);
        studies.tokenmill(&["ablate", "run", "study.toml"]).ok();
        studies.tokenmill(&["ablate", "report", "study.toml", "-o", "report"]).ok();
        std::fs::read_to_string(studies.file("report/report.html")).unwrap()
    })
}

/// A page in a folder of its own.
struct Opened {
    folder: tempfile::TempDir,
    browser: Browser,
}

impl Opened {
    fn file(&self) -> PathBuf {
        self.folder.path().join("report.html")
    }

    /// Opens a page of this size; with data, those stand in it in the place of its own.
    fn of(size: (u32, u32), data: Option<&Value>) -> Self {
        let opened = Self { folder: tempfile::tempdir().unwrap(), browser: Browser::start(size.0, size.1) };
        let html = data.map_or_else(|| real().to_owned(), |data| with_data(real(), data));
        std::fs::write(opened.file(), html).unwrap();
        opened.load();
        opened
    }

    fn load(&self) {
        self.browser.open(&self.file());
        self.browser.until("document.querySelector('#cost')");
    }

    fn count(&self, selector: &str) -> u64 {
        self.browser.script(&format!("return document.querySelectorAll(`{selector}`).length")).as_u64().unwrap()
    }

    /// Scrolls to a drawing and waits until it is there; nothing is drawn before it is about to be seen.
    fn drawn(&self, place: &str) {
        self.browser.script(&format!("document.querySelector('{place}').scrollIntoView({{ block: 'center' }})"));
        self.browser.until(&format!("document.querySelector('{place} svg')"));
    }

    /// The text of the first row of the table of models, and what its pager says.
    fn first(&self) -> (String, String) {
        let row = "#trials tbody tr:first-child th";
        let of =
            |selector: &str| self.browser.script(&format!("return document.querySelector('{selector}').textContent"));
        let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
        (text(of(row)), text(of("#trials .pager-status")))
    }

    /// The browser has complained about nothing, and has asked for nothing but the page itself.
    fn assert_quiet(&self) {
        assert_eq!(self.browser.console(), [""; 0]);
        let requests = self.browser.requests();
        let is_own = |url: &&String| url.starts_with("file://") && url.contains("report.html");
        let others: Vec<_> = requests.iter().filter(|url| !is_own(url)).collect();
        assert!(!requests.is_empty() && others.is_empty(), "{others:?}");
    }
}

/// The page with other data.
fn with_data(page: &str, data: &Value) -> String {
    let data = data.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let (head, rest) = page.rsplit_once("id=\"data\">").unwrap();
    let (_, tail) = rest.split_once("</script>").unwrap();
    format!("{head}id=\"data\">{data}</script>{tail}")
}

fn estimate(value: f64) -> Value {
    json!({"value": value, "low": value - 0.01, "high": value + 0.02})
}

/// Shares that sum to 1, different ones for every number.
fn shares(at: usize, n: usize) -> Vec<f64> {
    let parts: Vec<f64> = (0..n).map(|group| 1.0 + ((at * 7 + group * 3) % 11) as f64).collect();
    let sum: f64 = parts.iter().sum();
    parts.iter().map(|part| part / sum).collect()
}

/// A model of a study of mixes, the better the smaller its number.
fn trial(at: usize, role: &str, n_groups: usize) -> Value {
    let (loss, tokens) = (2.5 + at as f64 / 1_000.0, 1_000_000_u64);
    let curve: Vec<(u64, f64)> = (1..=100).map(|step| (step * tokens / 100, loss + 3.0 / step as f64)).collect();
    json!({
        "name": format!("model-{at:04}"), "role": role, "arm": null, "proxy": "tiny", "state": "done", "reason": null,
        "weights": shares(at, n_groups), "seed": at, "tokens": tokens, "losses": vec![loss; n_groups], "objective": loss,
        "predicted": loss + 0.001, "curve": curve, "epochs": vec![0.5; n_groups], "scores": {"cloze": 0.25}, "seconds": 12.5,
    })
}

/// The data of a study of so many models and groups, with everything that a study can have.
fn analysis(n_trials: usize, n_groups: usize) -> Value {
    let groups: Vec<String> = (0..n_groups).map(|at| format!("group-{at}")).collect();
    let role = |at: usize| ["held_out", "repeat", "candidate", "candidate"][at % 4];
    let mut trials: Vec<Value> = (0..n_trials).map(|at| trial(at, role(at), n_groups)).collect();
    for (at, state, reason) in
        [(0, "diverged", "loss is nan"), (1, "failed", "it said last:\nno memory"), (2, "waiting", "")]
    {
        let none = json!({"state": state, "reason": reason, "objective": null, "predicted": null, "seconds": null});
        let trial = trials[at].as_object_mut().unwrap();
        trial.extend(none.as_object().unwrap().clone());
        trial.insert("losses".to_owned(), json!(vec![Value::Null; n_groups]));
    }
    let mix = |(at, name): (usize, &str)| {
        json!({"name": name, "weights": shares(at, n_groups), "objective": estimate(2.4 + at as f64 / 100.0),
            "losses": vec![2.4; n_groups], "kl": 0.125})
    };
    let mixes: Vec<Value> = ["proposed", "prior", "third", "fourth"].into_iter().enumerate().map(mix).collect();
    let sensitivity = |group: &String| {
        let points: Vec<(f64, Value)> =
            (0..=10).map(|at| (f64::from(at) / 20.0, estimate(2.5 + f64::from(at) / 50.0))).collect();
        json!({"group": group, "at": 0.2, "most": 0.5, "points": points})
    };
    let form = |name: &str, error: Option<f64>, chosen: bool| {
        json!({"name": name, "error": error, "standard_error": error.map(|error| error / 10.0), "spearman": error.map(|_| 0.9),
            "chosen": chosen, "left_out": error.is_none().then_some("too few mixes")})
    };
    let difference = |measure: &str, value: f64| {
        json!({"proxy": "tiny", "arm": "new", "baseline": "old", "measure": measure, "p": 0.01, "n": 5, "paired": true,
            "difference": {"value": value, "low": value - 0.02, "high": value + 0.02}})
    };
    json!({
        "name": "sample", "question": "mix", "groups": groups, "objective": vec![1.0 / n_groups as f64; n_groups],
        "trials": trials, "no_laws": null, "cautions": ["The law is a guess."],
        "costs": [{"proxy": "tiny", "parameters": 5000, "embedding": 8000, "n_trials": n_trials, "tokens": 9_000_000, "flops": 1.5e12,
            "head_share": 0.5}],
        "laws": {
            "proxy": "tiny", "reason": "`exponential` has the least error.", "mix_toml": "[mix]\nname = \"proposed\"\n",
            "forms": [form("exponential", Some(0.1), true), form("linear", Some(0.3), false), form("trees", None, false)],
            "held_out": {"n": 8, "spearman": 0.875, "mean_error": 0.0031},
            "noise": {"n": 4, "deviation": 0.004, "spread": 0.03},
            "mixes": mixes,
            "sensitivities": groups.iter().map(sensitivity).collect::<Vec<_>>(),
            "agreements": [{"small": "tiny", "large": "less tiny", "n": 12, "spearman": 0.91}],
        },
        "differences": [difference("objective", -0.05), difference("group-0", 0.05), difference("group-1", 0.0),
            difference("cloze", 0.1)],
    })
}

#[test]
fn a_study_that_was_run_has_its_parts() {
    let opened = Opened::of((1280, 900), None);
    let browser = &opened.browser;
    let page = Page::read(&opened.file());
    assert_eq!(browser.text("h1"), page.data["name"].as_str().unwrap());
    let (allowed, expected) = page.policy();
    assert_eq!(allowed, expected);
    let n = page.data["trials"].as_array().unwrap().len();
    assert!(browser.text("#summary .states").starts_with(&format!("{n} models: ")));
    for section in ["summary", "mix", "predictions", "forms", "curves", "mixes", "sensitivity", "trials", "cost"] {
        assert_eq!(opened.count(&format!("#{section}")), 1, "{section}");
    }
    for place in ["#mix .bars", "#predictions .plot", "#curves .plot", "#sensitivity .plot"] {
        opened.drawn(place);
    }
    let done = |role: &str| {
        let is_it =
            |trial: &&Value| trial["role"] == role && trial["objective"].is_number() && trial["predicted"].is_number();
        page.data["trials"].as_array().unwrap().iter().filter(is_it).count() as u64
    };
    for role in ["candidate", "held_out"] {
        assert_eq!(opened.count(&format!("#predictions .plot .mark.{role}")), done(role), "{role}");
    }
    assert_eq!(opened.count("#sensitivity article"), page.data["groups"].as_array().unwrap().len() as u64);
    opened.assert_quiet();
}

#[test]
fn parts_without_data_are_not_there() {
    let mut data = analysis(8, 3);
    data["laws"] = Value::Null;
    data["no_laws"] = "too few mixes".into();
    data["differences"] = json!([]);
    let opened = Opened::of((1280, 900), Some(&data));
    for section in ["mix", "predictions", "forms", "mixes", "sensitivity", "agreement", "differences"] {
        assert_eq!(opened.count(&format!("#{section}")), 0, "{section}");
    }
    let cautions = opened.browser.text("#summary .cautions");
    assert!(
        cautions.contains("There is no law: too few mixes") && cautions.contains("The law is a guess."),
        "{cautions}"
    );
    assert_eq!(opened.browser.text("#summary .states"), "8 models: 5 done, 1 diverged, 1 failed, 1 waiting.");
    opened.assert_quiet();
}

#[test]
fn models_are_sorted_and_filtered_by_clicks_and_keys() {
    let opened = Opened::of((1280, 900), Some(&analysis(60, 3)));
    let browser = &opened.browser;
    let head = |title: &str| {
        browser.script(&format!(
            "[...document.querySelectorAll('#trials thead button')].find((one) => one.textContent === '{title}').id = 'head'"
        ));
        browser.click("#head");
    };
    head("Objective");
    assert_eq!(opened.first(), ("model-0059".to_owned(), "1–25 of 60".to_owned()));
    // The other way round by the keyboard; models without an objective stay last.
    browser.press(keys::ENTER);
    assert_eq!(opened.first().0, "model-0003");
    assert_eq!(
        browser.script("return document.querySelector('#trials th[aria-sort]').getAttribute('aria-sort')"),
        "ascending"
    );

    let choose = |title: &str, text: &str| {
        browser.script(&format!(
            "const list = document.querySelector('#trials select[aria-label=\"{title}\"]');
             list.value = [...list.options].find((one) => one.textContent.startsWith('{text}')).value;
             list.dispatchEvent(new Event('change'));"
        ));
    };
    choose("Any state", "failed");
    assert_eq!(opened.first(), ("model-0001".to_owned(), "1–1 of 1 found".to_owned()));
    browser.click("#trials td.reason summary");
    assert!(browser.text("#trials td.reason pre").contains("no memory"));
    choose("Any state", "Any");
    choose("Any role", "held out");
    assert_eq!(opened.first().1, "1–15 of 15 found");
    choose("Any role", "Any");
    browser.type_into("#trials input[type=search]", "0042");
    assert_eq!(opened.first(), ("model-0042".to_owned(), "1–1 of 1 found".to_owned()));

    // Other columns.
    browser.click("#trials .choice label:nth-of-type(2)");
    let heads =
        browser.script("return [...document.querySelectorAll('#trials thead th')].map((one) => one.textContent)");
    assert_eq!(heads, json!(["Model", "group-0", "group-1", "group-2"]));

    // The field above is reached by a key, and asks all tables.
    browser.press("/");
    browser.press("model-0001");
    browser.press(keys::ESCAPE);
    browser.press("/");
    assert_eq!(browser.script("return document.activeElement.id"), "filter");
    browser.press("linear");
    assert_eq!(browser.script("return document.querySelectorAll('#forms tbody tr').length"), 1);
    opened.assert_quiet();
}

#[test]
fn what_was_found_is_said_in_words() {
    let opened = Opened::of((1280, 900), Some(&analysis(60, 3)));
    let browser = &opened.browser;
    let findings = browser.text("#summary .findings");
    assert!(findings.contains("0.0100 nats per token below the prior"), "{findings}");
    assert!(findings.contains("2.5 times what chance does"), "{findings}");
    assert!(findings.contains("new is better than old by 0.0500 nats per token"), "{findings}");
    let caption = browser.text("#predictions figcaption");
    assert!(caption.contains("rank correlation 0.88, mean error 0.0031 nats per token, 8 mixes"), "{caption}");
    assert!(browser.text("#forms tbody tr:first-child").contains("exponential chosen"));
    let words = browser.script(
        "return [...document.querySelectorAll('#differences tbody tr')].map((one) => one.lastElementChild.textContent)",
    );
    assert_eq!(words, json!(["better", "worse", "not told apart", "higher"]));
    opened.drawn("#differences .plot");
    assert_eq!(opened.count("#differences .plot circle.better"), 1);

    // The file of the mix opens by a click, and is copied.
    browser.click("#mix summary");
    browser.click("#mix .copy");
    browser.until("document.querySelector('#mix .copying [role=status]').textContent !== ''");
    assert_eq!(browser.script("return String(getSelection()).trim()"), "[mix]\nname = \"proposed\"");
    assert_eq!(browser.text("#mix .copying [role=status]"), "Copied");
    opened.assert_quiet();
}

#[test]
fn lines_and_marks_answer_to_the_pointer() {
    let opened = Opened::of((1280, 900), Some(&analysis(60, 3)));
    let browser = &opened.browser;
    // What stands beside the pointer at once: scrolling hides it, and the page may still be about to tell that it was scrolled.
    let point = |place: &str, at: &str| {
        opened.drawn(place);
        let tip = browser.script(&format!(
            "const svg = document.querySelector('{place} svg'); const frame = svg.getBoundingClientRect(); const [x, y] = {at};
             svg.dispatchEvent(new PointerEvent('pointermove', {{ clientX: x, clientY: y, bubbles: true }}));
             return document.querySelector('#tip').hidden ? '' : document.querySelector('#tip').textContent;"
        ));
        tip.as_str().unwrap().to_owned()
    };
    let tip = point("#curves .plot", "[frame.left + frame.width * 0.9, frame.bottom - 70]");
    assert!(tip.starts_with("model-00") && tip.contains("group-2"), "{tip}");
    assert_ne!(browser.script("return document.querySelector('#curves .lit').getAttribute('d')"), "");
    let mark = "(() => { const one = document.querySelectorAll('#predictions .plot .mark')[5].getBoundingClientRect();
                return [one.x + one.width / 2, one.y + one.height / 2]; })()";
    let tip = point("#predictions .plot", mark);
    assert!(tip.contains("predicted "), "{tip}");
    browser.script("scrollBy(0, 200)");
    browser.until("document.querySelector('#tip').hidden");
    opened.assert_quiet();
}

#[test]
fn what_is_hostile_stays_text() {
    let mut data = analysis(40, HOSTILE.len());
    data["name"] = HOSTILE[2].into();
    data["groups"] = json!(HOSTILE);
    data["cautions"] = json!(HOSTILE);
    data["laws"]["reason"] = HOSTILE[3].into();
    data["laws"]["mix_toml"] = HOSTILE.concat().into();
    for (at, hostile) in HOSTILE.iter().enumerate() {
        let trial = &mut data["trials"][at + 3];
        trial["name"] = (*hostile).into();
        trial["reason"] = format!("{hostile}\n{hostile}").into();
        trial["scores"] = json!({ (*hostile): 1.0, "__proto__": 2.0 });
        data["laws"]["sensitivities"][at]["group"] = (*hostile).into();
    }
    data["differences"][0]["measure"] = HOSTILE[0].into();
    data["differences"][1]["arm"] = HOSTILE[1].into();
    let opened = Opened::of((1280, 900), Some(&data));
    let browser = &opened.browser;
    for place in ["#mix .bars", "#predictions .plot", "#curves .plot", "#sensitivity .plot", "#differences .plot"] {
        opened.drawn(place);
    }
    browser.script("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
    assert!(!browser.has_dialogue());
    for (element, n) in [("img", 0), ("script", 2), ("style", 1), ("iframe", 0), ("[onerror]", 0), ("[onload]", 0)] {
        assert_eq!(opened.count(element), n, "{element}");
    }
    let text = browser.script("return document.querySelector('main').textContent");
    let text = text.as_str().unwrap();
    for hostile in HOSTILE {
        let tame = hostile.replace(['\u{202e}', '\u{2066}', '\u{202a}'], "\u{fffd}");
        assert!(text.contains(&tame), "{hostile:?}");
    }
    assert!(!text.contains('\u{202e}'));
    assert_eq!(browser.text("h1"), HOSTILE[2]);
    opened.assert_quiet();
}

#[test]
fn everything_has_a_name_and_the_keyboard_reaches_it() {
    let opened = Opened::of((1280, 900), Some(&analysis(60, 3)));
    let browser = &opened.browser;
    browser.press(keys::TAB);
    assert_eq!(browser.script("return document.activeElement.className"), "skip");
    browser.press(keys::TAB);
    assert_eq!(browser.script("return document.activeElement.id"), "filter");
    browser.press(keys::TAB);
    browser.press(keys::ENTER);
    assert_eq!(browser.script("return document.documentElement.dataset.theme"), "dark");
    for place in ["#mix .bars", "#predictions .plot", "#curves .plot", "#sensitivity .plot", "#differences .plot"] {
        opened.drawn(place);
    }
    for nothing in [
        "th:not([scope])",
        "table:not(:has(caption))",
        "section:not([aria-labelledby])",
        "input:not([aria-label]):not(label input)",
        "select:not([aria-label])",
        "svg:not([aria-hidden])",
    ] {
        assert_eq!(opened.count(nothing), 0, "{nothing}");
    }
    // A model is found among the lines without a pointer, too.
    browser.script(
        "const list = document.querySelector('#curves select'); list.selectedIndex = 3; list.dispatchEvent(new Event('change'))",
    );
    assert_ne!(browser.script("return document.querySelector('#curves .lit').getAttribute('d')"), "");
    opened.assert_quiet();
}

#[test]
fn a_page_of_twenty_groups_is_no_wider_than_a_telephone() {
    for (scheme, n_groups) in [("light", 3), ("dark", 20)] {
        let opened = Opened::of((360, 800), Some(&analysis(60, n_groups)));
        opened.browser.prefer(scheme);
        opened.drawn("#curves .plot");
        assert_eq!(opened.browser.script("return document.documentElement.scrollWidth"), 360, "{n_groups} groups");
        opened.assert_quiet();
    }
}

#[test]
fn two_thousand_models_are_there_at_once() {
    let opened = Opened::of((1280, 900), Some(&analysis(2_000, 20)));
    let browser = &opened.browser;
    // The first load warms the browser up, and other tests work beside this one: the best of some loads is the page's own.
    let load = || {
        opened.load();
        let ended = "performance.getEntriesByType('navigation')[0].loadEventEnd";
        browser.until(&format!("{ended} > 0"));
        browser.script(&format!("return {ended}")).as_f64().unwrap()
    };
    let loads: Vec<f64> = (0..5).map(|_| load()).collect();
    assert!(loads.iter().any(|load| *load < 1_000.0), "{loads:?} ms");
    opened.drawn("#curves .plot");
    let drawing = "const start = performance.now(); document.querySelector('#curves .plot').again();
                   document.body.getBoundingClientRect(); return performance.now() - start";
    let drawings: Vec<f64> = (0..3).map(|_| browser.script(drawing).as_f64().unwrap()).collect();
    assert!(drawings.iter().any(|drawing| *drawing < 1_000.0), "{drawings:?} ms");
    opened.assert_quiet();
}
