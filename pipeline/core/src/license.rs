//! Licences by their SPDX expressions: what kind of licence each asks one to keep.
//!
//! The identifiers are those of the SPDX licence list (version 3.25); which of them are permissive follows the list of
//! the Blue Oak Council (<https://blueoakcouncil.org/list>), as the data sets of BigCode do.

/// Expressions within each other, at most.
const MAX_DEPTH: usize = 16;

/// What a licence lets others do, in four groups and none, the freest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LicenseType {
    /// Anybody may use it in anything; at most its notice must be kept.
    Permissive,
    /// What is made of it must be open under the same terms, in whole or in part.
    Copyleft,
    /// There is a licence, and it is not known here.
    Unknown,
    /// It may be read, but not be used for everything: source-available and non-commercial licences.
    Restricted,
    /// No licence is named.
    None,
}

impl LicenseType {
    /// All types.
    pub const ALL: [LicenseType; 5] = [
        LicenseType::Permissive,
        LicenseType::Copyleft,
        LicenseType::Unknown,
        LicenseType::Restricted,
        LicenseType::None,
    ];

    /// The type by its name in recipes and columns.
    pub fn name(self) -> &'static str {
        match self {
            LicenseType::Permissive => "permissive",
            LicenseType::Copyleft => "copyleft",
            LicenseType::Unknown => "unknown",
            LicenseType::Restricted => "restricted",
            LicenseType::None => "none",
        }
    }

    /// The type of an SPDX licence expression: of `OR` the freest, of `AND` the strictest. `/` is read as `OR`, as old
    /// manifests of Cargo mean it. What cannot be read is unknown.
    pub fn of(expression: &str) -> LicenseType {
        if expression.trim().is_empty() {
            return LicenseType::None;
        }
        let mut parser = Parser { words: words(expression), at: 0 };
        match parser.any(0) {
            Some(found) if parser.at == parser.words.len() => found,
            _ => LicenseType::Unknown,
        }
    }
}

/// Whether a text can stand as a licence expression: of letters, digits and `.+-():/` and blanks, and not too long.
pub fn is_expression(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-' | '(' | ')' | ':' | '/' | ' ');
    (1..=200).contains(&text.len()) && text.chars().all(is_part) && text.contains(|c: char| c.is_ascii_alphabetic())
}

fn words(expression: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for word in expression.split_ascii_whitespace() {
        let mut rest = word;
        while !rest.is_empty() {
            let end = rest.find(['(', ')', '/']).unwrap_or(rest.len()).max(1);
            let (first, others) = rest.split_at(end);
            words.push(first);
            rest = others;
        }
    }
    words
}

struct Parser<'a> {
    words: Vec<&'a str>,
    at: usize,
}

impl Parser<'_> {
    fn takes(&mut self, wanted: &[&str]) -> bool {
        let found = self.words.get(self.at).is_some_and(|word| wanted.iter().any(|one| word.eq_ignore_ascii_case(one)));
        self.at += usize::from(found);
        found
    }

    fn any(&mut self, depth: usize) -> Option<LicenseType> {
        let mut freest = self.all(depth)?;
        while self.takes(&["or", "/"]) {
            freest = freest.min(self.all(depth)?);
        }
        Some(freest)
    }

    fn all(&mut self, depth: usize) -> Option<LicenseType> {
        let mut strictest = self.one(depth)?;
        while self.takes(&["and"]) {
            strictest = strictest.max(self.one(depth)?);
        }
        Some(strictest)
    }

    fn one(&mut self, depth: usize) -> Option<LicenseType> {
        if self.takes(&["("]) {
            let inner = if depth < MAX_DEPTH { self.any(depth + 1)? } else { return None };
            return self.takes(&[")"]).then_some(inner);
        }
        let id = *self.words.get(self.at)?;
        self.at += 1;
        // An exception permits more than the licence alone and never less.
        if self.takes(&["with"]) {
            self.words.get(self.at)?;
            self.at += 1;
        }
        Some(of_id(id))
    }
}

fn of_id(id: &str) -> LicenseType {
    let id = id.to_ascii_lowercase();
    let id = id.trim_end_matches('+');
    let is_listed = |list: &[&str]| list.contains(&id);
    let begins = |list: &[&str]| list.iter().any(|start| id.starts_with(start));
    if is_listed(PERMISSIVE) {
        LicenseType::Permissive
    } else if begins(RESTRICTED) {
        LicenseType::Restricted
    } else if begins(COPYLEFT) {
        LicenseType::Copyleft
    } else {
        LicenseType::Unknown
    }
}

/// Identifiers in lower case.
#[rustfmt::skip]
const PERMISSIVE: &[&str] = &[
    "0bsd", "aal", "adsl", "afl-1.1", "afl-1.2", "afl-2.0", "afl-2.1", "afl-3.0", "amdplpa", "aml", "ampas", "antlr-pd",
    "apache-1.0", "apache-1.1", "apache-2.0", "apafml", "artistic-1.0", "artistic-2.0", "bitstream-vera", "blessing",
    "blueoak-1.0.0", "boehm-gc", "bsd-1-clause", "bsd-2-clause", "bsd-2-clause-patent", "bsd-2-clause-views",
    "bsd-3-clause", "bsd-3-clause-attribution", "bsd-3-clause-clear", "bsd-3-clause-lbnl", "bsd-3-clause-modification",
    "bsd-3-clause-open-mpi", "bsd-4-clause", "bsd-4-clause-uc", "bsd-source-code", "bsl-1.0", "bzip2-1.0.5",
    "bzip2-1.0.6", "cc-by-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-pddc", "cc0-1.0",
    "cdla-permissive-1.0", "cdla-permissive-2.0", "clartistic", "cnri-python", "curl", "dsdp", "ecl-1.0", "ecl-2.0",
    "efl-2.0", "entessa", "fsfap", "fsful", "fsfullr", "ftl", "gd", "hpnd", "hpnd-sell-variant", "ibm-pibs", "icu",
    "ijg", "imagemagick", "info-zip", "intel", "isc", "jasper-2.0", "libpng", "libpng-2.0", "libtiff",
    "linux-openib", "lpl-1.02", "mit", "mit-0", "mit-cmu", "mit-modern-variant", "mit-advertising", "mit-enna",
    "mit-feh", "mitnfa", "mpich2", "ms-pl", "mulanpsl-1.0", "mulanpsl-2.0", "multics", "naumen", "ncsa", "net-snmp",
    "netcdf", "nist-pd", "nlod-2.0", "ntp", "oldap-2.7", "oldap-2.8", "openssl", "pddl-1.0", "php-3.0", "php-3.01",
    "plexus", "postgresql", "psf-2.0", "psfrag", "public-domain", "python-2.0", "python-2.0.1", "qhull", "ruby",
    "sgi-b-2.0", "smlnj", "spencer-86", "spencer-94", "ssh-short", "tcl", "tcp-wrappers", "tu-berlin-2.0",
    "unicode-3.0", "unicode-dfs-2015", "unicode-dfs-2016", "unlicense", "upl-1.0", "vsl-1.0", "w3c",
    "w3c-20150513", "wtfpl", "x11", "xerox", "xnet", "zed", "zend-2.0", "zlib", "zlib-acknowledgement", "zpl-2.0",
    "zpl-2.1",
];

/// Beginnings of identifiers in lower case; behind [`PERMISSIVE`].
const COPYLEFT: &[&str] = &[
    "agpl-",
    "apl-",
    "cc-by-sa-",
    "cddl-",
    "cecill-",
    "copyleft-",
    "cpal-",
    "cpl-",
    "ecos-",
    "epl-",
    "eupl-",
    "gfdl-",
    "gpl-",
    "lgpl-",
    "lgpllr",
    "ms-rl",
    "mpl-",
    "npl-",
    "odbl-",
    "ofl-",
    "osl-",
    "parity-",
    "qpl-",
    "sleepycat",
    "spl-1.0",
];

/// Beginnings of identifiers in lower case.
const RESTRICTED: &[&str] = &[
    "busl-",
    "cc-by-nc-",
    "cc-by-nd-",
    "commons-clause",
    "elastic-",
    "json",
    "licenseref-commons-clause",
    "licenseref-proprietary",
    "polyform-",
    "prosperity-",
    "proprietary",
    "see-license-in",
    "sspl-",
    "unlicensed",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_have_a_type() {
        use LicenseType::{Copyleft, None, Permissive, Restricted, Unknown};
        for (expression, expected) in [
            ("MIT", Permissive),
            ("mit OR apache-2.0", Permissive),
            ("MIT/Apache-2.0", Permissive),
            ("MIT OR Apache-2.0 OR LGPL-2.1-or-later", Permissive),
            ("GPL-3.0-only", Copyleft),
            ("GPL-2.0+", Copyleft),
            ("MIT AND GPL-2.0-only", Copyleft),
            ("(MIT OR GPL-2.0-only) AND MPL-2.0", Copyleft),
            ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", Permissive),
            ("GPL-2.0-only WITH Classpath-exception-2.0", Copyleft),
            ("LicenseRef-unknown", Unknown),
            ("MIT AND LicenseRef-mine", Unknown),
            ("MIT OR LicenseRef-mine", Permissive),
            ("Unlicense", Permissive),
            ("UNLICENSED", Restricted),
            ("CC-BY-NC-SA-4.0", Restricted),
            ("CC-BY-SA-4.0", Copyleft),
            ("SSPL-1.0 AND MIT", Restricted),
            ("MIT OR", Unknown),
            ("(MIT", Unknown),
            ("MIT GPL-2.0", Unknown),
            ("", None),
            (" ", None),
        ] {
            assert_eq!(LicenseType::of(expression), expected, "{expression}");
        }
        let deep = "(".repeat(100_000) + "MIT";
        assert_eq!(LicenseType::of(&deep), Unknown);
    }

    #[test]
    fn tables_are_in_lower_case_and_do_not_contradict_each_other() {
        for id in PERMISSIVE {
            assert_eq!(*id, id.to_ascii_lowercase());
            assert!(!COPYLEFT.iter().chain(RESTRICTED).any(|start| id.starts_with(start)), "{id}");
        }
        let names = LicenseType::ALL.map(LicenseType::name);
        assert!((1..names.len()).all(|at| !names[..at].contains(&names[at])));
    }

    #[test]
    fn other_texts_are_no_expressions() {
        assert!(is_expression("(MIT OR Apache-2.0) AND BSD-3-Clause"));
        for text in ["", "SEE LICENSE IN <file>", "MIT\n", "2.0", &"MIT OR ".repeat(40)] {
            assert!(!is_expression(text), "{text}");
        }
    }
}
