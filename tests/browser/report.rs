//! The page about a run in a real browser: it is quiet, answers to clicks and keys, and shows what is hostile as text.

use std::path::PathBuf;

use serde_json::Value;
use support::{Browser, HOSTILE, HOSTILE_RUN, Page, Sandbox, hostile_run, keys, root, tokenmill};

/// The most that a picture in the documentation may weigh, in bytes.
const MAX_PICTURE: usize = 300 << 10;

fn page_of(sandbox: &Sandbox) -> PathBuf {
    sandbox.path().join("report.html")
}

/// A page of a run with duplicates, and a browser that has opened it.
fn opened(browser: &Browser) -> (Sandbox, Page) {
    let sandbox = Sandbox::of("dedup.toml");
    // Limits that remove some, so that there is something to see on both sides.
    sandbox.edit("min_chars = 200", "min_chars = 900");
    sandbox.run(&[]);
    let page = Page::of(&sandbox, "runs/mini", &[]);
    browser.open(&page_of(&sandbox));
    browser.until("document.querySelector('#lineage')");
    (sandbox, page)
}

/// The browser has complained about nothing, and has asked for nothing but the page itself.
fn assert_quiet(browser: &Browser) {
    assert_eq!(browser.console(), [""; 0]);
    let requests = browser.requests();
    let others: Vec<_> =
        requests.iter().filter(|url| !(url.starts_with("file://") && url.contains("report.html"))).collect();
    assert!(!requests.is_empty() && others.is_empty(), "{others:?}");
}

/// Makes the first slider of a number findable as `#slider`, and its card as `#card`.
fn find_card(browser: &Browser, title: &str) {
    browser.script(&format!(
        "const card = [...document.querySelectorAll('.metric')].find((one, at) => {{
           const metric = report.metrics[at]; return `${{metric.step}} ${{metric.metric}}` === '{title}'; }});
         card.id = 'card'; card.scrollIntoView();"
    ));
    browser.until("document.querySelector('#card input[type=range]')");
    browser.script("document.querySelector('#card input[type=range]').id = 'slider'");
}

#[test]
fn sliders_say_what_another_limit_keeps() {
    let browser = Browser::start(1280, 900);
    let (_sandbox, page) = opened(&browser);
    find_card(&browser, "filter.length n_chars");
    let metric = page.data["metrics"].as_array().unwrap().iter().find(|one| one["metric"] == "n_chars").unwrap();
    let curve = &metric["curves"][0];
    let (n, removed) = (curve["n"].as_u64().unwrap(), curve["below"].as_u64().unwrap());
    assert!(removed > 0 && removed < n);
    let share = |kept: u64| format!("{:.1}\u{202f}%", 100.0 * kept as f64 / n as f64);
    let at_first = browser.text("#card .said");
    assert_eq!(at_first, format!("{} kept of the {n} documents that reached the step.", share(n - removed)));

    // A click into the middle of the slider, then keys.
    browser.click("#slider");
    let value = || browser.script("return Number(document.querySelector('#slider').value)").as_u64().unwrap() as usize;
    let bins: Vec<u64> = curve["bins"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
    let kept = |at: usize| n - curve["under"].as_u64().unwrap() - bins[..at].iter().sum::<u64>();
    let middle = value();
    assert!(middle.abs_diff(bins.len() / 2) <= 2, "{middle} of {}", bins.len());
    let said = browser.text("#card .said");
    assert!(said.starts_with(&format!("≈ {} would be kept", share(kept(middle)))), "{said}");
    browser.press(&keys::LEFT.repeat(40));
    assert_eq!(value(), middle - 40);
    assert!(browser.text("#card .said").starts_with(&format!("≈ {}", share(kept(middle - 40)))));
    browser.press(keys::RIGHT);
    assert_eq!(value(), middle - 39);
    browser.click("#card .reset");
    assert_eq!(browser.text("#card .said"), at_first);
    assert_quiet(&browser);
}

#[test]
fn filters_sorting_and_pages_work_by_clicks_and_keys() {
    let browser = Browser::start(1280, 900);
    let (_sandbox, page) = opened(&browser);
    let shown = |what: &str| {
        let script =
            format!("return [...document.querySelectorAll('{what}')].filter((one) => one.checkVisibility()).length");
        browser.script(&script).as_u64().unwrap()
    };
    let n_cards = shown(".metric");
    browser.press("/");
    assert_eq!(browser.script("return document.activeElement.id"), "filter");
    browser.press("n_chars");
    let n_length =
        page.data["metrics"].as_array().unwrap().iter().filter(|one| one["metric"] == "n_chars").count() as u64;
    assert!(n_length > 0 && n_length < n_cards);
    assert_eq!(shown(".metric"), n_length);
    // In the field, the key is a character.
    browser.press("/");
    assert_eq!(browser.script("return document.activeElement.value"), "n_chars/");
    browser.press(keys::ESCAPE);
    assert_eq!(shown(".metric"), n_cards);

    browser.script(
        "const table = [...document.querySelectorAll('#groups .table')].find((one) => one.querySelector('h3').textContent === 'Domains');
         table.id = 'domains'; table.scrollIntoView();",
    );
    let domains = page.data["groups"]["domain"]["rows"].as_array().unwrap();
    let names =
        || browser.script("return [...document.querySelectorAll('#domains tbody th')].map((one) => one.textContent)");
    assert!(domains.len() > 25, "more than one page");
    assert_eq!(names().as_array().unwrap().len(), 25);
    browser.click("#domains .pager button:last-child");
    assert_eq!(names()[0], domains[25]["name"]);
    browser.click("#domains thead th:first-child button");
    let mut sorted: Vec<&str> = domains.iter().map(|row| row["name"].as_str().unwrap()).collect();
    sorted.sort_unstable();
    assert_eq!(
        names().as_array().unwrap()[..],
        sorted[..25].iter().map(|name| Value::from(*name)).collect::<Vec<_>>()[..]
    );
    assert_eq!(browser.script("return document.querySelector('#domains th').getAttribute('aria-sort')"), "ascending");
    browser.type_into("#domains input", "gazette");
    let found = names();
    let is_gazette = |name: &Value| name.as_str().unwrap().contains("gazette");
    assert!(!found.as_array().unwrap().is_empty() && found.as_array().unwrap().iter().all(is_gazette), "{found}");
    assert_quiet(&browser);
}

#[test]
fn steps_open_and_everything_is_reached_by_the_keyboard() {
    let browser = Browser::start(1280, 900);
    let (_sandbox, _page) = opened(&browser);
    // The first stop leads past the head of the page.
    browser.press(keys::TAB);
    assert_eq!(browser.script("return document.activeElement.className"), "skip");
    browser.press(keys::TAB);
    assert_eq!(browser.script("return document.activeElement.id"), "filter");
    assert_ne!(browser.script("return getComputedStyle(document.activeElement).outlineStyle"), "none");
    browser.press(keys::TAB);
    browser.press(keys::ENTER);
    assert_eq!(browser.script("return document.documentElement.dataset.theme"), "dark");

    browser.script(
        "[...document.querySelectorAll('.funnel a')].find((one) => one.textContent === 'filter.length').id = 'link'",
    );
    browser.click("#link");
    browser.until("document.querySelector('details.step[open] .sample blockquote')");
    let step = browser.text("details.step[open]");
    assert!(step.contains("too few chars: n chars") && step.contains("limit 900"), "{step}");
    browser.press(keys::ENTER);
    browser.until("!document.querySelector('details.step[open]')");
    browser.click(".choice label:last-child");
    assert!(browser.text(".funnel tbody").contains("KiB"));
    // Tables have heads that say what they are, every control has a name, and every part a heading.
    for nothing in [
        "th:not([scope])",
        "table:not(:has(caption))",
        "section:not([aria-labelledby])",
        "input:not([aria-label]):not(label input)",
        "svg:not([aria-hidden])",
    ] {
        assert_eq!(browser.script(&format!("return document.querySelectorAll('{nothing}').length")), 0, "{nothing}");
    }
    assert_quiet(&browser);
}

#[test]
fn what_is_hostile_stays_text() {
    let sandbox = hostile_run();
    Page::of(&sandbox, HOSTILE_RUN, &[]);
    let browser = Browser::start(1280, 900);
    browser.open(&page_of(&sandbox));
    browser.until("document.querySelector('#lineage')");
    browser.script("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
    browser.until("document.querySelector('.sample blockquote')");
    assert!(!browser.has_dialogue());
    for (element, n) in [("img", 0), ("script", 2), ("style", 1), ("iframe", 0), ("[onerror]", 0), ("[onload]", 0)] {
        assert_eq!(browser.script(&format!("return document.querySelectorAll('{element}').length")), n, "{element}");
    }
    let text = browser.script("return document.body.textContent");
    let text = text.as_str().unwrap();
    for hostile in HOSTILE {
        let tame = hostile.replace(['\u{202e}', '\u{2066}', '\u{202a}'], "\u{fffd}");
        assert!(text.contains(&tame), "{hostile:?}");
    }
    assert_eq!(browser.text("h1"), HOSTILE_RUN.trim_start_matches("runs/"));
    assert_quiet(&browser);
    // The policy holds even against a script of the page's own that is not the one it names.
    browser.script("const one = document.createElement('script'); one.textContent = 'window.ran = true'; document.body.append(one);");
    assert_eq!(browser.script("return window.ran === undefined"), true);
}

/// Contrast of two colours as WCAG counts it: 4.5 is what small text needs.
const CONTRAST: &str = "
    const light = (name) => {
      const probe = document.createElement('i'); probe.style.color = `var(${name})`; document.body.append(probe);
      const parts = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3); probe.remove();
      const [r, g, b] = parts.map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    return [['--ink', '--paper'], ['--soft', '--paper'], ['--soft', '--raised'], ['--accent', '--paper'], ['--accent', '--accent-soft'],
      ['--warn', '--warn-soft']].map(([ink, paper]) => {
        const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x); return [ink, paper, (a + 0.05) / (b + 0.05)]; });";

/// The pictures of the documentation are made here, with `TOKENMILL_BLESS=1`.
#[test]
fn the_page_is_legible_in_light_and_in_dark() {
    let folder = tempfile::tempdir().unwrap();
    let set = format!("run.root={}", folder.path().display());
    tokenmill(&["run", "configs/quickstart.toml", "--set", &set]).ok();
    let (run, page) = (folder.path().join("quickstart"), folder.path().join("report.html"));
    tokenmill(&["inspect", "report", &run.display().to_string(), "-o", &page.display().to_string()]).ok();
    let browser = Browser::start(1280, 1040);
    let mut pictures = Vec::new();
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        browser.open(&page);
        browser.until("document.querySelector('#lineage')");
        for pair in browser.script(CONTRAST).as_array().unwrap() {
            assert!(pair[2].as_f64().unwrap() >= 4.5, "{scheme}: {pair}");
        }
        let ground = browser.script("return getComputedStyle(document.body).backgroundColor");
        let picture = browser.screenshot();
        assert!(picture.starts_with(b"\x89PNG") && picture.len() < MAX_PICTURE, "{} bytes", picture.len());
        if std::env::var_os("TOKENMILL_BLESS").is_some() {
            std::fs::create_dir_all(root().join("docs/img")).unwrap();
            std::fs::write(root().join(format!("docs/img/report-{scheme}.png")), &picture).unwrap();
        }
        pictures.push((ground, picture));
    }
    assert_ne!(pictures[0].0, pictures[1].0);
    assert_ne!(pictures[0].1, pictures[1].1);
    // The button has the last word over the system, and is nowhere wider than a telephone.
    browser.click("#theme");
    assert_eq!(browser.script("return getComputedStyle(document.body).backgroundColor"), pictures[0].0);
    assert_quiet(&browser);
    let narrow = Browser::start(360, 800);
    narrow.open(&page);
    narrow.until("document.querySelector('#lineage')");
    assert_eq!(narrow.script("return document.documentElement.scrollWidth"), 360);
}

#[test]
fn ten_megabytes_are_there_at_once() {
    let sandbox = Sandbox::of("dedup.toml");
    sandbox.run(&[]);
    let page = Page::of(&sandbox, "runs/mini", &[]);
    let mut data = page.data.clone();
    let samples = data["samples"].as_array().unwrap().clone();
    let mut n_bytes = page.html.len();
    while n_bytes < 10 << 20 {
        n_bytes += serde_json::to_string(&samples).unwrap().len();
        data["samples"].as_array_mut().unwrap().extend(samples.iter().cloned());
    }
    let escaped =
        |value: &Value| value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let (head, rest) = page.html.split_once("id=\"data\">").unwrap();
    let (_, tail) = rest.split_once("</script>").unwrap();
    let large = format!("{head}id=\"data\">{}</script>{tail}", escaped(&data));
    assert!(large.len() > 10 << 20);
    std::fs::write(page_of(&sandbox), large).unwrap();
    let browser = Browser::start(1280, 900);
    // The first load warms the browser up, and other tests work beside this one: the best of some loads is the page's own.
    let load = || {
        browser.open(&page_of(&sandbox));
        let ended = "performance.getEntriesByType('navigation')[0].loadEventEnd";
        browser.until(&format!("document.querySelector('#lineage') && {ended} > 0"));
        browser.script(&format!("return {ended}")).as_f64().unwrap()
    };
    let loads: Vec<f64> = (0..5).map(|_| load()).collect();
    assert!(loads.iter().any(|load| *load < 1_000.0), "{loads:?} ms");
    assert_quiet(&browser);
}
