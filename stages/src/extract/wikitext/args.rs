//! What a template is called with: values by place and by name.

use super::piece::GAP;

/// Longest name of a value, in bytes; what is longer is text with an equals sign.
const MAX_NAME: usize = 40;

/// The values of a call.
#[derive(Debug, Default)]
pub struct Args<'a> {
    /// Those without a name, in order; a name that is a number is a place.
    placed: Vec<Option<&'a str>>,
    named: Vec<(&'a str, &'a str)>,
}

impl<'a> Args<'a> {
    /// Reads the parts of a call behind its name.
    pub fn new(parts: impl Iterator<Item = &'a str>) -> Args<'a> {
        let mut args = Args::default();
        let mut next = 1;
        for part in parts {
            match named(part) {
                None => {
                    args.place(next, part);
                    next += 1;
                }
                Some((name, value)) => match name.parse() {
                    Ok(place) => args.place(place, value),
                    Err(_) => args.named.push((name, value)),
                },
            }
        }
        args
    }

    fn place(&mut self, place: usize, value: &'a str) {
        // A place far behind the others would need memory for the gap.
        if (1..=self.placed.len() + 16).contains(&place) {
            if self.placed.len() < place {
                self.placed.resize(place, None);
            }
            self.placed[place - 1] = Some(value);
        }
    }

    /// The value at a place, counted from 1, without white space around it; empty when there is none.
    pub fn at(&self, place: usize) -> &'a str {
        trim(self.raw(place))
    }

    /// The same as it stands there.
    pub fn raw(&self, place: usize) -> &'a str {
        place.checked_sub(1).and_then(|at| *self.placed.get(at)?).unwrap_or("")
    }

    /// The value of a name, trimmed; empty when there is none.
    pub fn named(&self, name: &str) -> &'a str {
        // The last one counts, as in MediaWiki.
        self.named.iter().rev().find(|(given, _)| given.eq_ignore_ascii_case(name)).map_or("", |(_, value)| trim(value))
    }

    /// The first of these names that has a value.
    pub fn any(&self, names: &[&str]) -> &'a str {
        names.iter().map(|name| self.named(name)).find(|value| !value.is_empty()).unwrap_or("")
    }

    /// All values at places that are not empty, trimmed.
    pub fn all(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.placed.iter().filter_map(|value| value.map(trim)).filter(|value| !value.is_empty())
    }

    /// The last value at a place that is not empty.
    pub fn last(&self) -> &'a str {
        self.all().last().unwrap_or("")
    }
}

/// Without white space, and without the marks of templates that left nothing.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|letter: char| letter.is_whitespace() || letter == GAP)
}

/// Splits `name = value`, if the name can be one.
fn named(part: &str) -> Option<(&str, &str)> {
    let at = part.bytes().take(2 * MAX_NAME).position(|byte| byte == b'=')?;
    let name = part[..at].trim();
    let is_name = !name.is_empty()
        && name.len() <= MAX_NAME
        && name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '_' | '-'));
    is_name.then(|| (name, &part[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_place_and_name() {
        let args = Args::new("a|lang = de|| c |4=d|x y=1|<b s=t>|lang=fr|999999999=far".split('|'));
        assert_eq!((args.at(1), args.at(2), args.at(3), args.at(4)), ("a", "", "c", "<b s=t>"));
        assert_eq!(args.named("Lang"), "fr");
        assert_eq!(args.any(&["none", "x y"]), "1");
        assert_eq!(args.all().collect::<Vec<_>>(), ["a", "c", "<b s=t>"]);
        assert_eq!((args.last(), args.at(0), args.at(99)), ("<b s=t>", "", ""));
    }
}
