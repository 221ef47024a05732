//! Names of character encodings: those of the Encoding Standard, common misspellings, and those nobody decodes.

use encoding_rs::{Encoding, UTF_8};

/// What a stated name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// An encoding that can be decoded.
    Known(&'static Encoding),
    /// A real encoding outside the [Encoding Standard](https://encoding.spec.whatwg.org/).
    Unsupported,
    /// No encoding at all: a typing error, or nothing.
    Unknown,
}

/// Spellings that the Encoding Standard does not list.
const ALIASES: &[(&str, &str)] = &[
    ("cp1250", "windows-1250"),
    ("cp932", "shift_jis"),
    ("cp936", "gbk"),
    ("cp949", "euc-kr"),
    ("cp950", "big5"),
    ("eucjp", "euc-jp"),
    ("euckr", "euc-kr"),
    ("iso8859", "iso-8859-1"),
    ("latin1", "iso-8859-1"),
    ("maccyrillic", "x-mac-cyrillic"),
    ("macroman", "macintosh"),
    ("shiftjis", "shift_jis"),
    ("tis620", "windows-874"),
    ("unicode", "utf-8"),
    ("utf8mb4", "utf-8"),
    ("utf8sig", "utf-8"),
    ("win1251", "windows-1251"),
    ("win1252", "windows-1252"),
];

/// Beginnings of names (without punctuation) of encodings that are not supported.
const UNSUPPORTED: &[&str] = &[
    "johab",
    "cp1361",
    "ms1361",
    "euctw",
    "xeuctw",
    "cnsbig5",
    "ibm",
    "cp437",
    "cp85",
    "cp86",
    "cp775",
    "cp737",
    "utf32",
    "ucs4",
    "iso10646ucs4",
    "utf7",
    "iso2022kr",
    "csiso2022kr",
    "iso2022cn",
    "hzgb2312",
    "hz",
    "viscii",
    "tcvn",
    "tscii",
    "ebcdic",
    "cp037",
    "cp500",
    "iscii",
    "armscii",
    "geostd8",
    "mik",
    "scsu",
    "bocu1",
];

/// Looks up a stated name. One that could be read as ASCII cannot be stated in UTF-16, so that name means UTF-8.
pub fn label(name: &str) -> Label {
    match lookup(name) {
        Label::Known(encoding) if !encoding.is_ascii_compatible() && encoding.name().starts_with("UTF-16") => {
            Label::Known(UTF_8)
        }
        label => label,
    }
}

fn lookup(name: &str) -> Label {
    let name = name.trim().trim_matches(['"', '\'', ';', ',']);
    if let Some(encoding) = Encoding::for_label_no_replacement(name.as_bytes()) {
        return Label::Known(encoding);
    }
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == plain).map(|(_, known)| *known);
    // `ISO_8859_1`, `windows1251`, `utf_8` and the like differ in punctuation only.
    let respelled = || respell(&plain).and_then(|name| Encoding::for_label_no_replacement(name.as_bytes()));
    match alias.and_then(|known| Encoding::for_label_no_replacement(known.as_bytes())).or_else(respelled) {
        Some(encoding) => Label::Known(encoding),
        None if Encoding::for_label(name.as_bytes()).is_some() => Label::Unsupported,
        None if UNSUPPORTED.iter().any(|known| plain.starts_with(known)) => Label::Unsupported,
        None => Label::Unknown,
    }
}

/// Puts the usual punctuation into a name that consists of letters and digits.
fn respell(plain: &str) -> Option<String> {
    for (prefix, respelled) in
        [("iso8859", "iso-8859-"), ("windows", "windows-"), ("cp", "windows-"), ("utf", "utf-"), ("koi8", "koi8-")]
    {
        if let Some(rest) = plain.strip_prefix(prefix) {
            return Some(format!("{respelled}{rest}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, EUC_KR, IBM866, SHIFT_JIS, WINDOWS_874, WINDOWS_1251, WINDOWS_1252};

    #[test]
    fn names_and_misspellings_are_known() {
        for (name, encoding) in [
            ("UTF-8", UTF_8),
            ("utf8", UTF_8),
            (" 'utf_8';", UTF_8),
            ("latin1", WINDOWS_1252),
            ("ISO_8859_1", WINDOWS_1252),
            ("Latin-1", WINDOWS_1252),
            ("windows1251", WINDOWS_1251),
            ("cp-1251", WINDOWS_1251),
            ("CP949", EUC_KR),
            ("CP932", SHIFT_JIS),
            ("big5-hkscs", BIG5),
            ("TIS-620", WINDOWS_874),
            ("ibm866", IBM866),
            ("cp866", IBM866),
            ("utf-16", UTF_8),
        ] {
            assert_eq!(label(name), Label::Known(encoding), "{name}");
        }
    }

    #[test]
    fn what_nobody_decodes_is_unsupported() {
        for name in ["Johab", "EUC-TW", "IBM855", "UTF-32", "UTF-32LE", "iso-2022-kr", "hz-gb-2312", "cp437", "utf-7"] {
            assert_eq!(label(name), Label::Unsupported, "{name}");
        }
    }

    #[test]
    fn nonsense_is_unknown() {
        for name in ["", "none", "text/html", "x", "utf"] {
            assert_eq!(label(name), Label::Unknown, "{name}");
        }
    }
}
