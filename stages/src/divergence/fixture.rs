//! The small reference that the page of `filter.token_divergence` is tested with, and the text it is made of.

use super::{MAX_SAMPLE_WORDS, Sample};
use std::path::Path;
use tokenmill_core::hash::hash64;

/// Where it lies, from the root of the repository.
const PATH: &str = "stages/docs/assets/harbour.ref";

/// Sentences with places for words; a document is a dozen of them.
const SENTENCES: &[&str] = &[
    "The {thing} at the end of the {place} has been there for as long as anybody can remember.",
    "In the {season} the {people} come back from the {place}, and the {thing} is opened again.",
    "It was built by {name} in {year}, when there were more {people} in the town than there are now.",
    "Nobody knows who put the {thing} on the {place}, but it is said that {name} had a hand in it.",
    "Most of the {people} who work on the {place} live in the old town and walk to work in the morning.",
    "When the wind comes from the north, the {thing} cannot be used, and the {people} wait for the next day.",
    "The {people} of the town have asked for a new {thing} since {year}, but there has never been enough money.",
    "A small museum by the {place} shows how the {people} used to live, and what they did with the {thing}.",
    "You can see the {thing} from the {place} if the weather is good, and hear it when it is not.",
    "For many years {name} was the only one of the {people} who could read, and so the letters went to that house.",
    "After the war the {place} was made larger, and a second {thing} was put up on the other side of the water.",
    "There is a story about {name} and the {thing} that every child in the town has heard more than once.",
    "That was before the {place} was closed in {year}; since then the {people} have had to go by boat.",
    "The {thing} has to be painted every second {season}, because the salt in the air is hard on the wood.",
    "If you ask the {people}, they will tell you that the best time of the year is the {season}.",
    "{name} wrote in {year} that the {place} was the finest in the country, which was not quite true.",
];
const THINGS: &[&str] = &["lighthouse", "crane", "bell", "ferry", "bridge", "clock", "lamp", "boat", "gate"];
const PLACES: &[&str] = &["harbour", "market", "river", "beach", "hill", "island", "square", "coast"];
const PEOPLE: &[&str] = &["fishermen", "visitors", "sailors", "farmers", "children", "merchants", "pilots"];
const SEASONS: &[&str] = &["spring", "summer", "autumn", "winter"];
const NAMES: &[&str] = &["Ada", "Marten", "Osk", "Wend", "Brill", "Tarrow", "Ilse", "Corvin", "Hale", "Sutter", "Penn"];

fn document(seed: u64) -> String {
    let mut text = String::new();
    for at in 0..12u64 {
        let draw = |purpose: &str| hash64(hash64(seed, &at.to_le_bytes()), purpose.as_bytes()) as usize;
        let of = |list: &[&'static str], purpose| list[draw(purpose) % list.len()];
        let sentence = SENTENCES[draw("sentence") % SENTENCES.len()]
            .replace("{thing}", of(THINGS, "thing"))
            .replace("{place}", of(PLACES, "place"))
            .replace("{people}", of(PEOPLE, "people"))
            .replace("{season}", of(SEASONS, "season"))
            // A name in two is heard for the first time, as in any newspaper.
            .replace("{name}", &format!("{}{}", of(NAMES, "name"), ["", "son", "strand"][draw("family") % 3]))
            .replace("{year}", &(1600 + draw("year") % 400).to_string());
        text.push_str(&sentence);
        text.push(' ');
    }
    text
}

/// With `TOKENMILL_BLESS` set, the file is written.
#[test]
#[expect(clippy::disallowed_methods, reason = "fixtures are files of the source tree")]
fn the_fixture_is_what_is_made_of_its_text() {
    let mut sample = Sample::new(MAX_SAMPLE_WORDS);
    (0..300).for_each(|seed| sample.add(&document(seed)));
    let made = sample.build("en").unwrap().to_bytes();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PATH);
    if std::env::var_os("TOKENMILL_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &made).unwrap();
    }
    assert!(std::fs::read(&path).is_ok_and(|found| found == made), "run with `TOKENMILL_BLESS=1`, and bless the pages");
}
