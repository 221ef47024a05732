//! `filter.dirty_words`: counts dirty words, as C4 and Llama 3 do (arXiv:1910.10683, section 2.2; arXiv:2407.21783, section
//! 3.1.1), definition `dirty_words/v1`.

use super::lexicon::{Bounds, Lexicon};
use tokenmill_core::catalog::Shape;
use tokenmill_core::text::segment::is_unspaced;
use tokenmill_core::{Assets, BuildError, Default, Doc, Entry, Measure, Metric, Numbers, Param, Params, Rule, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "filter.dirty_words",
    version: 1,
    about: "Judges a document by the dirty words in it.",
    shape: Shape::Measure,
    needs_text: true,
    costly: false,
    params: PARAMS,
    metrics: &[
        Metric::number("n_dirty_words", "dirty words and phrases"),
        Metric::number("n_distinct_dirty_words", "different ones"),
        Metric::number("dirty_words_per_1000", "dirty words for every 1,000 words; absent without words"),
    ],
    asset_params: &["words_files"],
    page: include_str!("../../docs/filter/dirty_words.md"),
    build,
};

const PARAMS: &[Param] = &[
    Param { name: "words", default: Default::Texts(&[]), about: "words and phrases to count; case does not matter" },
    Param {
        name: "words_files",
        default: Default::Texts(&[]),
        about: "files with more, one on each line or as a JSON array; `dirty_words.en` and others are in assets.toml",
    },
    Param {
        name: "allowed",
        default: Default::Texts(&["sm", "グロ", "女の子", "性"]),
        about: "words and phrases of the lists that do not count; C4's for Japanese and Chinese",
    },
    Param {
        name: "match",
        default: Default::Text("auto"),
        about: "`auto`, `words` or `parts`: whole words where words are spaced, or always, or never",
    },
    Param { name: "max_dirty_words", default: Default::NoLimit, about: "dirty words, at most; C4 wants 0" },
    Param { name: "max_distinct_dirty_words", default: Default::NoLimit, about: "different dirty words, at most" },
    Param {
        name: "max_dirty_words_per_1000",
        default: Default::Limit(10.0),
        about: "dirty words for every 1,000 words, at most",
    },
];

const N_DIRTY_WORDS: usize = 0;
const N_DISTINCT_DIRTY_WORDS: usize = 1;
const DIRTY_WORDS_PER_1000: usize = 2;

struct DirtyWords {
    lexicon: Lexicon,
    rules: Vec<Rule>,
}

fn build(params: &Params, assets: &dyn Assets) -> Result<Stage, BuildError> {
    let mut words = params.texts("words").to_vec();
    for file in params.texts("words_files") {
        words.extend(read_list(file, &assets.bytes(file)?)?);
    }
    let bounds = match params.text("match") {
        "auto" => Bounds::Auto,
        "words" => Bounds::Always,
        "parts" => Bounds::Never,
        other => {
            return Err(BuildError::new(format!("`match` cannot be `{other}`")).hint("give `auto`, `words` or `parts`"));
        }
    };
    let limit = |name| params.limit(name);
    let rules = [
        Rule::at_most("too_many_dirty_words", N_DIRTY_WORDS, limit("max_dirty_words")),
        Rule::at_most("too_many_distinct_dirty_words", N_DISTINCT_DIRTY_WORDS, limit("max_distinct_dirty_words")),
        Rule::at_most("too_dense_dirty_words", DIRTY_WORDS_PER_1000, limit("max_dirty_words_per_1000")),
    ];
    Ok(Stage::Measure(Box::new(DirtyWords {
        lexicon: Lexicon::new(bounds, &words, params.texts("allowed"))?,
        rules: rules.into_iter().flatten().collect(),
    })))
}

/// The phrases of a file: a JSON array of texts, or one on each line.
fn read_list(file: &str, bytes: &[u8]) -> Result<Vec<String>, BuildError> {
    let text = str::from_utf8(bytes).map_err(|error| BuildError::new(format!("`{file}` is not UTF-8: {error}")))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('[') {
        let list = serde_json::from_str(text);
        return list.map_err(|error| BuildError::new(format!("`{file}` is no JSON array of texts: {error}")));
    }
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

impl Measure for DirtyWords {
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers) {
        let mut found = Vec::new();
        self.lexicon.find(doc, &mut found);
        numbers.set(N_DIRTY_WORDS, found.len() as f32);
        if !found.is_empty() {
            let per_word = found.len() as f64 / n_words(doc).max(1) as f64;
            numbers.set(DIRTY_WORDS_PER_1000, (per_word * 1000.0) as f32);
            found.sort_unstable();
            found.dedup();
        } else if !doc.words().is_empty() {
            numbers.set(DIRTY_WORDS_PER_1000, 0.0);
        }
        numbers.set(N_DISTINCT_DIRTY_WORDS, found.len() as f32);
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

/// Words of a text; where a script has no spaces, two letters count as one.
fn n_words(doc: &Doc<'_>) -> usize {
    let words = doc.words().iter().map(|word| {
        let is_ascii = word.n_chars == word.end - word.start;
        let n_unspaced = if is_ascii { 0 } else { doc.word(word).chars().filter(|c| is_unspaced(*c)).count() };
        n_unspaced.div_ceil(2).max(1)
    });
    words.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::spec::Value;
    use tokenmill_core::{Analysis, Document};

    fn with(set: &[(&'static str, Value)]) -> Result<Stage, BuildError> {
        let mut assets = MemoryAssets::default();
        assets.0.insert("lines".to_owned(), b"\xef\xbb\xbfdang\r\n\n two  words \n".as_slice().into());
        assets.0.insert("json".to_owned(), b" [\"heck\", \"\\u6f22\"]\n".as_slice().into());
        assets.0.insert("object".to_owned(), b"[{}]".as_slice().into());
        assets.0.insert("bytes".to_owned(), b"\xff".as_slice().into());
        let mut params = Params::defaults(ENTRY.params);
        set.iter().for_each(|(name, value)| params.set(name, value.clone()));
        build(&params, &assets)
    }

    fn files(names: &[&str]) -> (&'static str, Value) {
        ("words_files", Value::Texts(names.iter().map(|name| (*name).to_owned()).collect()))
    }

    fn measured(stage: &Stage, text: &str) -> [Option<f32>; 3] {
        let document = Document { text: text.to_owned(), ..Document::default() };
        let mut numbers = Numbers::new(ENTRY.metrics.len());
        let Stage::Measure(stage) = stage else { panic!("a measure") };
        stage.measure(&Doc::new(&document, &Analysis::default()), &mut numbers);
        [0, 1, 2].map(|metric| numbers.get(metric))
    }

    #[test]
    fn files_hold_lines_or_an_array() {
        let stage = with(&[files(&["lines", "json"])]).unwrap();
        assert_eq!(measured(&stage, "dang heck two words dang"), [Some(4.0), Some(3.0), Some(800.0)]);
        assert_eq!(measured(&stage, ""), [Some(0.0), Some(0.0), None]);
        for name in ["object", "bytes", "none"] {
            assert!(with(&[files(&[name])]).is_err(), "{name}");
        }
    }

    #[test]
    fn two_letters_without_spaces_are_a_word() {
        let stage = with(&[files(&["json"])]).unwrap();
        assert_eq!(measured(&stage, "漢字漢字漢 a, b")[2], Some(600.0));
    }

    #[test]
    fn ways_to_match_are_named() {
        let of = |way: &str| with(&[files(&["lines"]), ("match", Value::Text(way.to_owned()))]);
        assert_eq!(measured(&of("parts").unwrap(), "dangle")[0], Some(1.0));
        assert_eq!(measured(&of("words").unwrap(), "dangle")[0], Some(0.0));
        assert!(of("some").is_err());
    }
}
