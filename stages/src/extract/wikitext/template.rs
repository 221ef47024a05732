//! Templates: which leave a text, and which text.

use super::args::{Args, trim};
use super::quantity;
use super::template_names::{NAMES, by_beginning};
use std::collections::BTreeMap;
use tokenmill_core::BuildError;

/// What becomes of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Nothing is left.
    Drop,
    /// The value at a place.
    Text(usize),
    /// The last value.
    Last,
    /// All values, with this between them.
    Join(&'static str),
    /// All values, as a list.
    Items,
    /// The first value, as a paragraph of its own.
    Block,
    /// The first value if it is at a place: the name has another meaning in other wikis, where values have names.
    IfPlaced,
    /// A fixed text.
    Const(&'static str),
    /// This, and the first value.
    Before(&'static str),
    /// The first value between these.
    Around(&'static str, &'static str),
    /// The first value, or the name.
    OrName,
    /// A script of its own: raised or lowered.
    Script(bool),
    /// This to the power of the first value.
    Power(&'static str),
    /// The first value to the power of the second.
    PowerOf,
    /// Two numbers, one above the other.
    Fraction,
    /// A measure.
    Convert,
    /// A height.
    Height,
    /// A number with its power and unit.
    Val,
    /// Atoms and their counts.
    Chem,
    /// The same in one value.
    ChemFormula,
    /// Year, month, day.
    Date,
    /// A name that tables sort by its last part.
    SortName,
    /// A Japanese name: a translation, the name, its reading.
    Nihongo,
    /// A ship: its prefix is the name of the template.
    SpacedNames,
    /// From one year to another.
    Reign,
    /// The page only lists what its title could mean.
    Disambiguation,
}

/// The rules of all templates by name.
#[derive(Debug)]
pub struct Templates(BTreeMap<String, Rule>);

impl Default for Templates {
    fn default() -> Templates {
        let named = |(rule, names): &(Rule, &[&str])| {
            let rule = *rule;
            names.iter().map(move |name| ((*name).to_owned(), rule)).collect::<Vec<_>>()
        };
        Templates(NAMES.iter().flat_map(named).collect())
    }
}

/// The largest place that a recipe can name.
const MAX_PLACE: usize = 16;

/// What a call leaves.
#[derive(Debug, PartialEq, Eq)]
pub enum Left {
    /// Nothing.
    Nothing,
    /// A text within the line.
    Inline(String),
    /// Paragraphs of their own.
    Block(String),
    /// Nothing, but the page is one that only lists meanings.
    Disambiguation,
}

impl Templates {
    /// The rules that are built in and those of a recipe: `name=2` keeps the second value, `name=0` keeps nothing.
    ///
    /// # Errors
    /// When one is not written so.
    pub fn new(given: &[String]) -> Result<Templates, BuildError> {
        let mut templates = Templates::default();
        for rule in given {
            let read = rule.rsplit_once('=').and_then(|(name, place)| Some((name.trim(), place.trim().parse().ok()?)));
            match read {
                Some((name, place)) if !name.is_empty() && place <= MAX_PLACE => {
                    let rule = if place == 0 { Rule::Drop } else { Rule::Text(place) };
                    templates.0.insert(normal(name), rule);
                }
                _ => {
                    let message = format!("`{rule}` in `templates` is no rule for a template");
                    return Err(
                        BuildError::new(message).hint("write `name=1` to keep its first value, `name=0` for none")
                    );
                }
            }
        }
        Ok(templates)
    }

    /// What a call leaves; `parts` begins with its name.
    pub fn read<'a>(&self, title: &str, mut parts: impl Iterator<Item = &'a str>) -> Left {
        let name = parts.next().unwrap_or("").trim();
        if let Some((function, first)) = function(name) {
            return call(&function, first, &parts.collect::<Vec<_>>());
        }
        let name = normal(name);
        if matches!(name.as_str(), "pagename" | "fullpagename" | "basepagename" | "subpagename" | "pagenamee") {
            return Left::Inline(title.to_owned());
        }
        let rule = self.0.get(&name).copied().or_else(|| by_beginning(&name)).unwrap_or(Rule::Drop);
        if rule == Rule::Drop {
            return Left::Nothing;
        }
        apply(rule, &name, &Args::new(parts))
    }
}

/// A name as it is compared: without its namespace, in lower case, underscores as spaces.
fn normal(name: &str) -> String {
    let lower = name.trim().to_lowercase().replace('_', " ");
    let plain = ["template:", "vorlage:", "modèle:", "plantilla:", "шаблон:", "msg:", ":"]
        .iter()
        .find_map(|prefix| lower.strip_prefix(prefix))
        .map(|rest| rest.trim_start().to_owned());
    plain.unwrap_or(lower)
}

/// Splits the call of a function, as in `#if: x`.
fn function(name: &str) -> Option<(String, &str)> {
    let (function, first) = name.split_once(':')?;
    let lower = function.trim().to_lowercase();
    let lower = lower.trim_start_matches("safesubst").trim_start_matches("subst").to_owned();
    let is_known = lower.starts_with('#')
        || matches!(
            lower.as_str(),
            "lc" | "uc"
                | "lcfirst"
                | "ucfirst"
                | "formatnum"
                | "nowiki"
                | "defaultsort"
                | "displaytitle"
                | "int"
                | "ns"
                | "plural"
                | "grammar"
                | "gender"
                | "padleft"
                | "padright"
                | "fullurl"
                | "localurl"
                | "anchorencode"
                | "urlencode"
                | "sortierung"
                | "clé de tri"
                | "ordenar"
                | "tag"
                | "bidi"
                | "digits"
                | "pagesize"
                | "canonicalurl"
                | "filepath"
        );
    is_known.then_some((lower, first))
}

/// Functions that can be told from what stands there.
fn call(function: &str, first: &str, rest: &[&str]) -> Left {
    let at = |index: usize| rest.get(index).map_or("", |part| trim(part));
    let text = match function {
        "#if" => at(usize::from(trim(first).is_empty())).to_owned(),
        "#ifeq" => at(if trim(first) == at(0) { 1 } else { 2 }).to_owned(),
        "#iferror" => if at(1).is_empty() { trim(first) } else { at(1) }.to_owned(),
        "lc" => trim(first).to_lowercase(),
        "uc" => trim(first).to_uppercase(),
        "lcfirst" | "ucfirst" | "formatnum" | "bidi" | "digits" => trim(first).to_owned(),
        _ => String::new(),
    };
    if text.is_empty() { Left::Nothing } else { Left::Inline(text) }
}

fn apply(rule: Rule, name: &str, args: &Args<'_>) -> Left {
    let value = |place: usize| match args.at(place) {
        "" if place > 1 && name == "sort" => args.at(1),
        "" => args.any(&["text", "texte", "txt", "quote", "content", "fr", "lt", "zitat", "текст"]),
        value => value,
    };
    // A list keeps the line it begins on.
    let raw = |place: usize| if args.at(place).is_empty() { value(place) } else { args.raw(place).trim_end() };
    let around = |before: &str, after: &str| match value(1) {
        "" => String::new(),
        value => format!("{before}{value}{after}"),
    };
    let text = match rule {
        Rule::Drop => String::new(),
        Rule::Disambiguation => return Left::Disambiguation,
        Rule::Block => {
            let text = args.any(&["text", "quote", "texte", "content", "zitat", "текст"]);
            let text = if text.is_empty() { args.raw(1) } else { text };
            return block(if text.trim().is_empty() { args.last() } else { text });
        }
        Rule::Items => {
            let items: String = args.all().map(|item| format!("\n* {}", item.trim_start_matches('*'))).collect();
            return block(&items);
        }
        Rule::Text(place) => raw(place).to_owned(),
        Rule::Last => args.last().to_owned(),
        Rule::Join(between) => args.all().collect::<Vec<_>>().join(between),
        Rule::IfPlaced => args.at(1).to_owned(),
        Rule::Const(text) => text.to_owned(),
        Rule::Before(before) => around(before, ""),
        Rule::Around(before, after) => around(before, after),
        Rule::OrName if args.at(1).is_empty() => {
            let mut letters = name.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
        }
        Rule::OrName => args.at(1).to_owned(),
        Rule::Script(is_raised) => {
            let tag = if is_raised { "sup" } else { "sub" };
            around(&format!("<{tag}>"), &format!("</{tag}>"))
        }
        // `XIX{{e}}` in French.
        Rule::Power(_) if args.at(1).is_empty() => if name == "e" { "e" } else { "" }.to_owned(),
        Rule::Power(base) => quantity::power(base, args.at(1)),
        Rule::PowerOf => quantity::power(args.at(1), args.at(2)),
        Rule::Fraction => quantity::fraction(args),
        Rule::Convert => quantity::convert(args),
        Rule::Height => quantity::height(args),
        Rule::Val => quantity::val(args),
        Rule::Chem => quantity::chem(args),
        Rule::ChemFormula => quantity::chem_formula(args.at(1)),
        Rule::Date => quantity::date(args),
        Rule::SortName => [args.at(1), args.at(2)].join(" ").trim().to_owned(),
        Rule::Nihongo => {
            let inner: Vec<&str> = [args.at(2), args.at(3)].into_iter().filter(|part| !part.is_empty()).collect();
            match (args.at(1), inner.is_empty()) {
                (first, true) => first.to_owned(),
                ("", false) => inner.join(", "),
                (first, false) => format!("{first} ({})", inner.join(", ")),
            }
        }
        Rule::SpacedNames => around(&format!("{} ", name.to_uppercase()), ""),
        Rule::Reign => match (args.at(1), args.at(2)) {
            ("", "") => String::new(),
            (from, "") => format!("r. {from}"),
            (from, to) => format!("r. {from}–{to}"),
        },
    };
    if text.is_empty() { Left::Nothing } else { Left::Inline(text) }
}

fn block(text: &str) -> Left {
    if text.trim().is_empty() { Left::Nothing } else { Left::Block(text.trim_end().to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(call: &str) -> Left {
        Templates::new(&["Own box=2".into(), "nowrap=0".into()]).unwrap().read("Mill", call.split('|'))
    }

    fn inline(text: &str) -> Left {
        Left::Inline(text.into())
    }

    #[test]
    fn no_name_has_two_rules() {
        let mut seen = BTreeMap::new();
        for (rule, names) in NAMES {
            for name in *names {
                assert_eq!(normal(name), *name);
                if let Some(other) = seen.insert(*name, *rule) {
                    panic!("`{name}` is in the lists of {other:?} and {rule:?}");
                }
            }
        }
    }

    #[test]
    fn known_templates_leave_their_text() {
        for (call, expected) in [
            ("lang|fr|moulin", "moulin"),
            ("Lang-de|Mühle", "Mühle"),
            ("small\n|a", "a"),
            ("sort|5|five", "five"),
            ("sort|5", "5"),
            ("transl|grc|ALA|mylē", "mylē"),
            ("hlist|a| b|", "a, b"),
            ("convert|5|km|mi", "5 km"),
            ("e|6", "×10<sup>6</sup>"),
            ("e", "e"),
            ("nihongo|Mill|水車|suisha", "Mill (水車, suisha)"),
            ("yes", "Yes"),
            ("no|never", "never"),
            ("USS|Mill", "USS Mill"),
            ("abs|x", "|x|"),
            ("reign|1100|1135", "r. 1100–1135"),
            ("!", "|"),
            ("PAGENAME", "Mill"),
            ("#if: |a|b", "b"),
            ("#if: x |a|b", "a"),
            ("#ifeq:a|a|b|c", "b"),
            ("uc:mill", "MILL"),
            ("Template:Own_box|a|b", "b"),
            ("citation|Le texte", "Le texte"),
        ] {
            assert_eq!(read(call), inline(expected), "{call}");
        }
        assert_eq!(read("quote|a\n\nb|author"), Left::Block("a\n\nb".into()));
        assert_eq!(read("ubl|a|b"), Left::Block("\n* a\n* b".into()));
    }

    #[test]
    fn all_others_are_dropped() {
        for call in [
            "Infobox mill|x=y",
            "cite book|title=T",
            "citation|title=T",
            "IPA-en|mɪl",
            "nowrap|a",
            "",
            "#invoke:x|y",
            "DEFAULTSORT:x",
        ] {
            assert_eq!(read(call), Left::Nothing, "{call}");
        }
        assert_eq!(read("Disambig"), Left::Disambiguation);
        assert_eq!(read("Road disambiguation"), Left::Disambiguation);
    }

    #[test]
    fn rules_of_a_recipe_must_be_written_so() {
        for wrong in ["name", "=1", "name=x", "name=17"] {
            assert!(Templates::new(&[wrong.into()]).is_err(), "{wrong}");
        }
    }
}
