//! `pii.redact`: replaces personal data by placeholders.

use super::placeholder::Placeholder;
use super::{Detector, Found, Kind, Kinds};
use std::cell::RefCell;
use tokenmill_core::catalog::Shape;
use tokenmill_core::{
    Assets, BuildError, Default, Doc, Edit, Edits, Entry, Metric, Numbers, Param, Params, Rule, Stage,
};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "pii.redact",
    version: 2,
    about: "Replaces e-mail addresses, telephone numbers, cards and other personal data by placeholders.",
    shape: Shape::Edit,
    needs_text: true,
    costly: false,
    params: &[
        Param {
            name: "kinds",
            default: Default::Texts(&["email", "phone", "ip", "card", "iban", "national_id", "crypto", "secret"]),
            about: "what is replaced",
        },
        Param {
            name: "placeholder",
            default: Default::Text("typed"),
            about: "`typed`: the kind; `stable`: the kind and a keyed digest of the value; `fixed`: a value of nobody",
        },
        Param {
            name: "key_file",
            default: Default::Text(""),
            about: "a file that holds the secret key of stable placeholders, 16 bytes or more; only its digest is recorded",
        },
        Param {
            name: "default_region",
            default: Default::Text(""),
            about: "region (ISO 3166-1) of telephone numbers without a country code; by the language when empty",
        },
        Param {
            name: "max_spans",
            default: Default::NoLimit,
            about: "places, at most; beyond it the document is removed",
        },
        Param {
            name: "max_spans_per_1000_words",
            default: Default::NoLimit,
            about: "places per 1,000 words, at most; beyond it the document is removed",
        },
    ],
    metrics: &[
        Metric::number("n_spans", "places that are replaced"),
        Metric::number("spans_per_1000_words", "places per 1,000 words (words/v2)"),
        Metric::number("n_email", "e-mail addresses"),
        Metric::number("n_phone", "telephone numbers"),
        Metric::number("n_ip", "public IPv4 and IPv6 addresses"),
        Metric::number("n_card", "payment cards"),
        Metric::number("n_iban", "bank accounts (IBAN)"),
        Metric::number("n_national_id", "national identification numbers"),
        Metric::number("n_crypto", "addresses and keys of cryptocurrencies"),
        Metric::number("n_secret", "keys, tokens and passwords"),
    ],
    asset_params: &["key_file"],
    page: include_str!("../../docs/pii/redact.md"),
    build,
};

const N_SPANS: usize = 0;
const SPANS_PER_1000_WORDS: usize = 1;
/// The first of the counts by kind, in the order of [`Kind::ALL`].
const N_KIND: usize = 2;

/// Bytes of the shortest key; a shorter one could be guessed from its digest or from placeholders.
const MIN_KEY: usize = 16;

struct Redact {
    kinds: Kinds,
    detector: Detector,
    placeholder: Placeholder,
    rules: Vec<Rule>,
}

fn build(params: &Params, assets: &dyn Assets) -> Result<Stage, BuildError> {
    let kinds = Kinds::new("kinds", params.texts("kinds"))?;
    let rules = [
        Rule::at_most("too_much_personal_data", N_SPANS, params.limit("max_spans")),
        Rule::at_most("too_dense_personal_data", SPANS_PER_1000_WORDS, params.limit("max_spans_per_1000_words")),
    ];
    Ok(Stage::Edit(Box::new(Redact {
        kinds,
        detector: Detector::new(kinds, params.text("default_region"))?,
        placeholder: placeholder(params, assets)?,
        rules: rules.into_iter().flatten().collect(),
    })))
}

fn placeholder(params: &Params, assets: &dyn Assets) -> Result<Placeholder, BuildError> {
    let file = params.text("key_file");
    match params.text("placeholder") {
        "stable" if file.is_empty() => Err(BuildError::new("`placeholder = \"stable\"` needs a `key_file`")
            .hint("write 32 random bytes into a file, keep it secret, and give its path")),
        "stable" => {
            let bytes = assets.bytes(file)?;
            let key = bytes.trim_ascii().to_vec();
            if key.len() < MIN_KEY {
                return Err(BuildError::new(format!("`{file}` holds {} bytes, which is no secret", key.len()))
                    .hint(format!("give a key of {MIN_KEY} random bytes or more")));
            }
            Ok(Placeholder::Stable { key })
        }
        _ if !file.is_empty() => Err(BuildError::new("`key_file` is of no use without `placeholder = \"stable\"`")
            .hint("remove it, or ask for stable placeholders")),
        "typed" => Ok(Placeholder::Typed),
        "fixed" => Ok(Placeholder::Fixed),
        other => Err(BuildError::new(format!("`placeholder` must not be `{}`", other.escape_debug()))
            .hint("give `typed`, `stable` or `fixed`")),
    }
}

/// Buffers of one thread.
#[derive(std::default::Default)]
struct Scratch {
    found: Vec<Found>,
    normal: Vec<u8>,
    with: String,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Edit for Redact {
    fn edit(&self, doc: &Doc<'_>, edits: &mut Edits, numbers: &mut Numbers) {
        SCRATCH.with_borrow_mut(|Scratch { found, normal, with }| {
            self.detector.find(doc.text(), doc.lang(), found);
            let mut counts = [0usize; Kind::ALL.len()];
            for place in found.iter() {
                let Some(value) = doc.text().get(place.start..place.end) else { continue };
                self.placeholder.write(place.kind, value, normal, with);
                edits.replace(place.start, place.end, with, place.kind.name());
                if let Some(at) = Kind::ALL.iter().position(|kind| *kind == place.kind) {
                    counts[at] += 1;
                }
            }
            numbers.set(N_SPANS, found.len() as f32);
            // Words are not counted where nothing was found.
            let density = match found.len() {
                0 => 0.0,
                n => (n as f64 * 1000.0 / doc.words().len().max(1) as f64) as f32,
            };
            numbers.set(SPANS_PER_1000_WORDS, density);
            for (at, kind) in Kind::ALL.into_iter().enumerate().filter(|(_, kind)| self.kinds.has(*kind)) {
                debug_assert!(ENTRY.metrics[N_KIND + at].name.ends_with(kind.name()));
                numbers.set(N_KIND + at, counts[at] as f32);
            }
        });
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }

    fn conceals(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::spec::Value;
    use tokenmill_core::{Analysis, Document};

    fn built(settings: &[(&'static str, &str)], key: &str) -> Result<Stage, BuildError> {
        let mut assets = MemoryAssets::default();
        assets.0.insert("key".to_owned(), key.as_bytes().into());
        let mut params = Params::defaults(ENTRY.params);
        for (name, value) in settings {
            params.set(name, Value::Text((*value).to_owned()));
        }
        build(&params, &assets)
    }

    fn redacted(stage: &Stage, text: &str) -> String {
        let document = Document { text: text.to_owned(), ..Document::default() };
        let (mut edits, mut numbers, mut out) = (Edits::default(), Numbers::new(ENTRY.metrics.len()), String::new());
        let Stage::Edit(stage) = stage else { panic!("an edit") };
        stage.edit(&Doc::new(&document, &Analysis::default()), &mut edits, &mut numbers);
        edits.apply(text, &mut out);
        out
    }

    #[test]
    fn stable_placeholders_are_the_same_in_all_documents() {
        let settings = [("placeholder", "stable"), ("key_file", "key")];
        let stage = built(&settings, "0123456789abcdef0123456789abcdef\n").unwrap();
        let one = redacted(&stage, "From ann@example.org");
        assert_eq!(one, format!("From {}", redacted(&stage, "Ann@example.org")));
        assert_ne!(one, redacted(&built(&settings, "another key of many bytes").unwrap(), "From ann@example.org"));
        assert!(matches!(&stage, Stage::Edit(stage) if stage.conceals()));
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        for settings in [
            &[("placeholder", "stable")][..],
            &[("placeholder", "stable"), ("key_file", "no such")],
            &[("placeholder", "stable"), ("key_file", "key")],
            &[("key_file", "key")],
            &[("placeholder", "<X>")],
            &[("default_region", "de")],
        ] {
            let error = built(settings, "short\n").err().unwrap();
            assert!(!error.message.contains("short"), "{}", error.message);
        }
    }

    #[test]
    fn a_second_pass_finds_nothing_in_placeholders() {
        let text = "ann@example.org, +44 20 7946 0958, 81.2.69.142, 4111111111111111, SSN 536-22-8726";
        for placeholder in ["typed", "fixed"] {
            let stage = built(&[("placeholder", placeholder)], "").unwrap();
            let once = redacted(&stage, text);
            assert_ne!(once, text);
            assert_eq!(redacted(&stage, &once), once);
        }
    }
}
