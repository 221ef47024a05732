//! Plans that are worked out by hand, and those that cannot be had.

use super::super::{Schedule, UNUSED, schedule};
use super::{mix, supply};

const TWO: &str = "[[group]]\nname = \"a\"\nwhere = { kind = [\"a\"] }\nmax_epochs = 2\n[[group]]\nname = \"b\"\n";

/// Names, starts and ends of all takes of a phase.
fn takes(schedule: &Schedule, phase: usize) -> Vec<(&str, u64, u64)> {
    schedule.phases[phase].takes.iter().map(|take| (take.group.as_str(), take.start, take.end)).collect()
}

fn planned(rest: &str, there: &[(&str, u64)]) -> Schedule {
    schedule(&mix(rest), &supply(there)).unwrap()
}

fn refused(rest: &str, there: &[(&str, u64)]) -> (String, String) {
    let error = schedule(&mix(rest), &supply(there)).unwrap_err();
    (error.message, error.hint.unwrap_or_default())
}

#[test]
fn phases_cut_streams_one_after_the_other() {
    let phases = "[[phase]]\nname = \"p\"\ntokens = 100\nshares = { a = 0.25, b = 0.75 }\n\
                  [[phase]]\nname = \"q\"\ntokens = 10\nweights = { a = 2, b = 3 }\n\
                  [[phase]]\nname = \"r\"\ntokens_by_group = { b = 5 }\n";
    let plan = planned(&format!("{TWO}{phases}"), &[("a", 20), ("b", 1000)]);
    assert_eq!(takes(&plan, 0), [("a", 0, 25), ("b", 0, 75)]);
    assert_eq!(takes(&plan, 1), [("a", 25, 29), ("b", 75, 81)]);
    assert_eq!(takes(&plan, 2), [("b", 81, 86)]);
    assert_eq!(plan.phases[2].budget, 5);
    let a = &plan.phases[1].takes[0];
    assert_eq!((a.available, a.wanted, a.cap), (20, 4, Some(40)));
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Schedule>(&text).unwrap(), plan);
}

#[test]
fn natural_is_all_documents_once() {
    let all = "[[phase]]\nname = \"p\"\ntokens = \"all\"\n";
    let plan = planned(&format!("{TWO}{all}"), &[("a", 20), ("b", 1001)]);
    assert_eq!(takes(&plan, 0), [("a", 0, 20), ("b", 0, 1001)]);
    // What earlier phases have left, where a cap of one epoch ends the stream.
    let groups = TWO.replace("= 2", "= 1").replace("\"b\"\n", "\"b\"\nmax_epochs = 1\n");
    let first = "[[phase]]\nname = \"o\"\ntokens_by_group = { a = 5, b = 1 }\n";
    let plan = planned(&format!("{groups}{first}{all}"), &[("a", 20), ("b", 1001)]);
    assert_eq!(takes(&plan, 1), [("a", 5, 20), ("b", 1, 1001)]);
    // A fifth of one group and all of the other.
    let plan = planned(&format!("{}{all}", TWO.replace("= 2", "= 0.2")), &[("a", 20), ("b", 1001)]);
    assert_eq!(takes(&plan, 0), [("a", 0, 4), ("b", 0, 1001)]);
    // A budget in natural proportions.
    let plan = planned(&format!("{TWO}{}", all.replace("\"all\"", "100")), &[("a", 100), ("b", 300)]);
    assert_eq!(takes(&plan, 0), [("a", 0, 25), ("b", 0, 75)]);
}

#[test]
fn all_is_the_largest_budget_that_keeps_the_shares() {
    let all = "[[phase]]\nname = \"p\"\ntokens = \"all\"\nshares = { a = 0.25, b = 0.75 }\n";
    // Two epochs of a; b has room for more.
    let plan = planned(&format!("{TWO}{all}"), &[("a", 20), ("b", 1000)]);
    assert_eq!(takes(&plan, 0), [("a", 0, 40), ("b", 0, 120)]);
    // Four epochs of b, the default.
    let plan = planned(&format!("{TWO}{all}"), &[("a", 2000), ("b", 30)]);
    assert_eq!(takes(&plan, 0), [("a", 0, 40), ("b", 0, 120)]);
    let endless = TWO.replace("= 2", "= \"off\"").replace("\"b\"\n", "\"b\"\nmax_epochs = \"off\"\n");
    let (message, hint) = refused(&format!("{endless}{all}"), &[("a", 20), ("b", 1000)]);
    assert!(message.contains("repeated for ever") && hint.contains("max_epochs"), "{message}\n{hint}");
}

#[test]
fn splits_follow_temperature_and_weights() {
    let group = "[[group]]\nname = \"m\"\nsplit = \"lang\"\nmax_epochs = 10\n";
    let phase = "[[phase]]\nname = \"p\"\ntokens = 1000\n";
    let there = [("m/de", 900), ("m/fr", 100), ("m/xx", 0)];
    assert_eq!(takes(&planned(&format!("{group}{phase}"), &there), 0), [("m/de", 0, 900), ("m/fr", 0, 100)]);
    let square = planned(&format!("{group}temperature = 2\n{phase}"), &there);
    assert_eq!(takes(&square, 0), [("m/de", 0, 750), ("m/fr", 0, 250)]);
    let uniform = planned(&format!("{group}temperature = inf\n{phase}"), &there);
    assert_eq!(takes(&uniform, 0), [("m/de", 0, 500), ("m/fr", 0, 500)]);
    // A third of the larger one: 300 and 100.
    let less = planned(&format!("{group}weights = {{ de = 0.333333333, zz = 0.1 }}\n{phase}"), &there);
    assert_eq!(takes(&less, 0), [("m/de", 0, 750), ("m/fr", 0, 250)]);
    // All once, but for what has a factor.
    let all = planned(&format!("{group}weights = {{ de = 0.2 }}\n{}", phase.replace("1000", "\"all\"")), &there);
    assert_eq!(takes(&all, 0), [("m/de", 0, 180), ("m/fr", 0, 100)]);
    let none = planned(&format!("{group}weights = {{ de = 0 }}\n{phase}"), &there);
    assert_eq!(takes(&none, 0), [("m/fr", 0, 1000)]);
}

#[test]
fn plans_that_cannot_be_had_say_why_and_what_could() {
    let phase = "[[phase]]\nname = \"p\"\ntokens = 1000\nshares = { a = 0.25, b = 0.75 }\n";
    let asked = format!("{TWO}{phase}");
    let (message, hint) = refused(&asked, &[("b", 1000)]);
    assert!(message.contains("asks for group `a`, which has no documents"), "{message}");
    assert!(hint.contains("conditions"), "{hint}");
    let there = [("a", 100), ("b", 1000)];
    let (message, hint) = refused(&asked, &there);
    assert!(message.contains("250 tokens of `a`, which has 100: that is 2.50 epochs and the cap is 2.00"), "{message}");
    assert!(hint.contains("`tokens = 800`"), "{hint}");
    assert!(schedule(&mix(&asked.replace("1000", "800")), &supply(&there)).is_ok());
    assert!(schedule(&mix(&asked.replace("1000", "803")), &supply(&there)).is_err());
    let (message, _) = refused(&asked, &[("other", 5)]);
    assert!(message.contains("`other`, which is no group"), "{message}");
    let (message, _) = refused(&asked, &[("a/de", 5)]);
    assert!(message.contains("`a/de`, which is no group"), "{message}");
    let (message, _) = refused(&format!("{TWO}[[phase]]\nname = \"p\"\ntokens = 5\n"), &[("a", 0), (UNUSED, 7)]);
    assert!(message.contains("all groups are empty"), "{message}");
    let (message, _) = refused(&asked, &[("a", u64::MAX), ("b", u64::MAX)]);
    assert!(message.contains("counts up to"), "{message}");
    // Earlier phases count.
    let twice = format!("{asked}{}", phase.replace("\"p\"", "\"q\""));
    let (message, hint) = refused(&twice, &[("a", 200), ("b", 1000)]);
    assert!(message.contains("`q`") && message.contains("2.50 epochs, counted from the first phase,"), "{message}");
    assert!(hint.contains("`tokens = 600`"), "{hint}");
}

#[test]
fn what_is_missing_is_filled_in() {
    let phase = "[[phase]]\nname = \"p\"\ntokens = 1000\nshares = { a = 0.5, b = 0.5 }\non_shortfall = \"fill\"\n";
    let asked = mix(&format!("{TWO}{phase}"));
    let there = supply(&[("a", 100), ("b", 1000)]);
    let plan = schedule(&asked, &there).unwrap();
    assert_eq!(takes(&plan, 0), [("a", 0, 200), ("b", 0, 800)]);
    assert_eq!(plan.phases[0].takes[0].wanted, 500);
    let table = plan.table(&asked, &there);
    let a = table.lines().find(|line| line.starts_with("  a ")).unwrap();
    let cells: Vec<&str> = a.split_whitespace().collect();
    assert_eq!(cells, ["a", "100", "500", "200", "20.00", "%", "2.00", "2.00", "2.00", "300"], "{table}");
    assert!(table.contains("300 tokens were asked for and are not there"), "{table}");
    let error = schedule(&asked, &supply(&[("a", 100), ("b", 100)])).unwrap_err();
    assert!(error.message.contains("1_000 tokens, and its groups have 600"), "{error}");
    // Those of the same split come first.
    let split = "[[group]]\nname = \"m\"\nwhere = { lang = [\"de\"] }\nsplit = \"lang\"\ntemperature = inf\nmax_epochs = 1\n[[group]]\nname = \"b\"\n";
    let phase = phase.replace("a =", "m =");
    let plan = planned(&format!("{split}{phase}"), &[("m/de", 450), ("m/fr", 30), ("b", 1000)]);
    assert_eq!(takes(&plan, 0), [("m/de", 0, 450), ("m/fr", 0, 30), ("b", 0, 520)]);
    let plan = planned(&format!("{split}{phase}"), &[("m/de", 600), ("m/fr", 30), ("b", 1000)]);
    assert_eq!(takes(&plan, 0), [("m/de", 0, 470), ("m/fr", 0, 30), ("b", 0, 500)]);
}

#[test]
fn extreme_shares_are_exact() {
    let phase = "[[phase]]\nname = \"p\"\ntokens = \"100T\"\nshares = { a = 1e-9, b = 0.999999999 }\n";
    let plan = planned(&format!("{TWO}{phase}"), &[("a", 100_000), ("b", 50_000_000_000_000)]);
    assert_eq!(takes(&plan, 0), [("a", 0, 100_000), ("b", 0, 99_999_999_900_000)]);
}

#[test]
fn the_table_shows_every_group_and_what_is_unused() {
    let group = "[[group]]\nname = \"m\"\nwhere = { source = [\"web\"] }\nsplit = \"lang\"\nweights = { dee = 0.5 }\n[[group]]\nname = \"idle\"\n";
    let asked = mix(&format!("{group}[[phase]]\nname = \"main\"\ntokens = 10_000\nshares = {{ m = 1 }}\n"));
    let names: Vec<String> = (0..60).map(|index| format!("m/l{index:02}")).collect();
    let mut there: Vec<(&str, u64)> = names.iter().zip(1..).map(|(name, n)| (name.as_str(), 1000 + n)).collect();
    there.extend([("idle", 5000), (UNUSED, 123_456)]);
    let there = supply(&there);
    let table = schedule(&asked, &there).unwrap().table(&asked, &there);
    assert!(table.contains("phase main: 10K tokens, context 8192"), "{table}");
    assert!(table.contains("\n    m/l59 ") && !table.contains("m/l00") && table.contains("\n    21 more "), "{table}");
    assert!(table.contains("124 documents with 123.4K tokens are unused"), "{table}");
    assert!(table.contains("no phase takes anything of idle"), "{table}");
    assert!(table.contains("weights of group m name what no document has: dee"), "{table}");
    let widths: Vec<usize> = table.lines().skip(1).take(4).map(|line| line.chars().count()).collect();
    assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "columns are not aligned:\n{table}");
}
