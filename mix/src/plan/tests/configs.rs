//! The mixes that come with the program are read and planned.

use super::super::{Available, Mix, Shortfall, Supply, schedule};
use super::supply;
use std::path::Path;

/// What a large lab might have, for every group that one of the mixes names; in thousand million tokens.
const THERE: &[(&str, u64)] = &[
    ("general", 12_000),
    ("recent", 400),
    ("weak", 2_000),
    ("math", 1_600),
    ("code", 2_500),
    ("multilingual", 3_000),
    ("candidate", 15),
    ("long", 900),
    ("english", 9_000),
];

#[test]
#[expect(clippy::disallowed_methods, reason = "mixes are files of the source tree")]
fn mixes_of_the_house_are_planned() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/mixes");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let names: Vec<String> =
        files.iter().map(|file| file.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let expected = ["anneal-30-70", "llama3-final", "long-context", "multilingual", "quickstart", "upsample-late"];
    assert_eq!(names, expected);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let mix =
            Mix::parse(&text, &file.to_string_lossy()).unwrap_or_else(|error| panic!("{error}\n{:?}", error.hint));
        assert_eq!(Mix::parse(&mix.to_toml(), "resolved").unwrap(), mix);
        assert_eq!(file.file_stem().unwrap().to_string_lossy(), mix.name);
        let billions = |name: &str| {
            let known = THERE.iter().find(|(known, _)| *known == name);
            known.unwrap_or_else(|| panic!("{}: what is there of `{name}`?", mix.name)).1 * 1_000_000_000
        };
        let mut there: Vec<(String, u64)> = Vec::new();
        for group in &mix.groups {
            let tokens = if mix.name == "quickstart" { 40_000 } else { billions(&group.name) };
            match &group.split {
                None => there.push((group.name.clone(), tokens)),
                Some(_) => {
                    let parts = [("de", 50), ("fr", 30), ("ja", 15), ("sw", 5)];
                    there.extend(parts.map(|(value, share)| (format!("{}/{value}", group.name), tokens / 100 * share)));
                }
            }
        }
        let there = supply(&there.iter().map(|(name, tokens)| (name.as_str(), *tokens)).collect::<Vec<_>>());
        let plan = schedule(&mix, &there).unwrap_or_else(|error| panic!("{}: {error}\n{:?}", mix.name, error.hint));
        for (phase, asked) in plan.phases.iter().zip(&mix.phases) {
            assert_eq!(phase.takes.iter().map(|take| take.end - take.start).sum::<u64>(), phase.budget);
            let met = phase.takes.iter().all(|take| take.wanted == take.end - take.start);
            assert!(met || asked.on_shortfall == Shortfall::Fill, "{}", mix.name);
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the guide is a file of the source tree")]
fn the_example_of_the_guide_is_what_the_program_prints() {
    let guide = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/mixes.md")).unwrap();
    let block = |begin: &str| guide.split(begin).nth(1).unwrap().split("```").next().unwrap().to_owned();
    let text = format!("[mix]{}", block("```toml\n[mix]"));
    let mix = Mix::parse(&text, "docs/mixes.md").unwrap();
    let documents = [
        ("books", 60, 600),
        ("english", 2000, 1_900_000),
        ("languages/de", 150, 140_000),
        ("languages/fr", 60, 60_000),
    ];
    let available = |(name, millions, n_documents): (&str, u64, u64)| {
        (name.to_owned(), Available { n_documents, n_tokens: millions * 1_000_000 })
    };
    let there = documents.into_iter().chain([("languages/sw", 8, 9_000)]).map(available);
    let there = Supply(there.collect());
    let table = schedule(&mix, &there).unwrap().table(&mix, &there);
    assert_eq!(table, format!("phase main: {}", block("```text\nphase main: ")));
    // The prose below the table.
    let more = Mix::parse(&text.replace("\"1B\"", "\"1.1B\""), "docs/mixes.md").unwrap();
    assert!(schedule(&more, &there).unwrap_err().message.contains("4.25 epochs"));
}
