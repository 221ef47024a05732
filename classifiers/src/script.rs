//! The script of a text: the one that most of its letters are of (Unicode Standard Annex 24).

use std::sync::{Arc, LazyLock, OnceLock};
use unicode_script::{Script, UnicodeScript};

/// Scripts are numbered in one byte.
const N_SCRIPTS: usize = 256;

/// The script of every character of the Basic Multilingual Plane, as [`look_up`] says.
static PLANE: LazyLock<Vec<Script>> =
    LazyLock::new(|| (0..0x1_0000).map(|c| char::from_u32(c).map_or(Script::Common, look_up)).collect());

/// The codes of the scripts that have been seen, by number.
static CODES: [OnceLock<Arc<str>>; N_SCRIPTS] = [const { OnceLock::new() }; N_SCRIPTS];

/// ISO 15924 code of the script that most letters of `text` are of, of equally frequent ones that which was so frequent first;
/// `None` without letters.
pub fn of(text: &str) -> Option<Arc<str>> {
    let mut counts = [0u32; N_SCRIPTS];
    let mut best = Script::Common;
    for c in text.chars() {
        let script = PLANE.get(c as usize).copied().unwrap_or_else(|| look_up(c));
        if script != Script::Common {
            counts[script as usize] += 1;
            if counts[script as usize] > counts[best as usize] {
                best = script;
            }
        }
    }
    (best != Script::Common).then(|| CODES[best as usize].get_or_init(|| best.short_name().into()).clone())
}

/// The script of a letter; `Common` for what is no letter or belongs to no one script.
fn look_up(c: char) -> Script {
    let script = c.script();
    let is_real = !matches!(script, Script::Common | Script::Inherited | Script::Unknown);
    if is_real && c.is_alphabetic() { script } else { Script::Common }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_letters_decide() {
        for (text, expected) in [
            ("The lighthouse, 灯塔!", Some("Latn")),
            ("灯塔 a 看守人", Some("Hani")),
            ("Маяк 42", Some("Cyrl")),
            ("हिन्दी भाषा", Some("Deva")),
            ("aб", Some("Latn")),
            ("aббa", Some("Cyrl")),
            ("𐌰𐌱", Some("Goth")),
            ("42 … !", None),
            ("", None),
        ] {
            assert_eq!(of(text).as_deref(), expected, "{text}");
        }
    }
}
