//! Numbering plans: which lengths a national number has behind which first digits.

use std::sync::LazyLock;

/// The plan behind one calling code.
#[derive(Debug)]
pub(in crate::pii) struct Plan {
    /// Calling code, as `44`.
    code: &'static str,
    /// Regions that share it (ISO 3166-1 alpha-2), the main one first.
    regions: Vec<&'static str>,
    /// What stands before a national number when it is dialled within the country; empty where nothing does.
    trunk: &'static str,
    /// Lengths, as bits, of numbers whose first digits are not listed.
    usual: u32,
    /// First digits, behind a 1, with the lengths behind them; sorted.
    prefixes: Vec<(u16, u32)>,
}

/// Digits of the longest listed prefix.
const MAX_PREFIX: usize = 4;

static PLANS: LazyLock<Vec<Plan>> =
    LazyLock::new(|| include_str!("plans.txt").lines().filter_map(Plan::read).collect());

/// The plan behind the first three digits of a number with its calling code; no code starts another.
static BY_CODE: LazyLock<Vec<Option<&'static Plan>>> = LazyLock::new(|| {
    let plan = |digits: u32| PLANS.iter().find(|plan| format!("{digits:03}").starts_with(plan.code));
    (0..1000).map(plan).collect()
});

static BY_LANGUAGE: LazyLock<Vec<(&'static str, Vec<&'static Plan>)>> = LazyLock::new(|| {
    let plans = |regions: &[&str]| regions.iter().filter_map(|region| of_region(region)).collect();
    LANGUAGES.iter().map(|(lang, regions)| (*lang, plans(regions))).collect()
});

/// Languages and the regions in which they are mostly spoken, the largest first.
const LANGUAGES: &[(&str, &[&str])] = &[
    ("af", &["ZA"]),
    ("ar", &["EG", "SA", "AE", "MA"]),
    ("be", &["BY"]),
    ("bg", &["BG"]),
    ("bn", &["BD", "IN"]),
    ("bs", &["BA"]),
    ("ca", &["ES"]),
    ("cs", &["CZ"]),
    ("da", &["DK"]),
    ("de", &["DE", "AT", "CH"]),
    ("el", &["GR", "CY"]),
    ("en", &["US", "GB", "AU", "IN", "NZ", "IE", "ZA", "SG"]),
    ("es", &["ES", "MX", "AR", "CO", "CL", "PE"]),
    ("et", &["EE"]),
    ("eu", &["ES"]),
    ("fa", &["IR"]),
    ("fi", &["FI"]),
    ("fr", &["FR", "BE", "CH", "US", "MA"]),
    ("gl", &["ES"]),
    ("he", &["IL"]),
    ("hi", &["IN"]),
    ("hr", &["HR"]),
    ("hu", &["HU"]),
    ("id", &["ID"]),
    ("is", &["IS"]),
    ("it", &["IT", "CH"]),
    ("ja", &["JP"]),
    ("kk", &["KZ"]),
    ("ko", &["KR"]),
    ("lt", &["LT"]),
    ("lv", &["LV"]),
    ("ms", &["MY"]),
    ("nb", &["NO"]),
    ("nl", &["NL", "BE"]),
    ("nn", &["NO"]),
    ("no", &["NO"]),
    ("pl", &["PL"]),
    ("pt", &["BR", "PT"]),
    ("ro", &["RO"]),
    ("ru", &["RU", "UA", "BY"]),
    ("sk", &["SK"]),
    ("sl", &["SI"]),
    ("sr", &["RS"]),
    ("sv", &["SE", "FI"]),
    ("th", &["TH"]),
    ("tr", &["TR"]),
    ("uk", &["UA"]),
    ("ur", &["PK"]),
    ("vi", &["VN"]),
    ("zh", &["CN", "TW", "HK", "SG"]),
];

/// The plan of a region, by its two letters.
pub(in crate::pii) fn of_region(region: &str) -> Option<&'static Plan> {
    PLANS.iter().find(|plan| plan.regions.contains(&region))
}

/// The plans of the regions in which a language is mostly spoken; none for a language that is not known.
pub(in crate::pii) fn of_language(lang: &str) -> &'static [&'static Plan] {
    let found = BY_LANGUAGE.binary_search_by_key(&lang, |(name, _)| name).ok();
    found.and_then(|at| BY_LANGUAGE.get(at)).map_or(&[], |(_, plans)| plans)
}

/// Plans whose national numbers are dialled with this prefix.
pub(super) fn with_trunk(trunk: &str) -> impl Iterator<Item = &'static Plan> {
    PLANS.iter().filter(move |plan| plan.trunk == trunk)
}

/// Whether digits are a calling code and a number of its plan. A national prefix behind the code, as in `+44 (0)20`, is
/// overlooked in plans that have one.
pub(super) fn is_international(digits: &[u8]) -> bool {
    let Some([a, b, c]) = digits.get(..3) else { return false };
    let code = [a, b, c].iter().fold(0, |code, digit| code * 10 + usize::from(**digit - b'0'));
    let plan = BY_CODE.get(code).copied().flatten();
    plan.is_some_and(|plan| {
        let number = &digits[plan.code.len()..];
        let trunk = number.strip_prefix(b"0").filter(|rest| plan.trunk == "0" && rest.len() >= 8);
        plan.has(number) || trunk.is_some_and(|rest| plan.has(rest))
    })
}

impl Plan {
    fn read(line: &'static str) -> Option<Plan> {
        let mut fields = line.split(' ').filter(|_| !line.starts_with('#'));
        let (code, regions, trunk) = (fields.next()?, fields.next()?, fields.next()?);
        let usual = lengths(fields.next()?);
        let lists = fields.filter_map(|field| field.split_once('='));
        let mut prefixes: Vec<_> = lists
            .flat_map(|(list, bits)| list.split(',').map(move |prefix| (key(prefix.as_bytes()), lengths(bits))))
            .collect();
        prefixes.sort_unstable();
        let trunk = if trunk == "-" { "" } else { trunk };
        Some(Plan { code, regions: regions.split(',').collect(), trunk, usual, prefixes })
    }

    /// Whether a national number, without what is dialled before it, has a length of the plan.
    pub(super) fn has(&self, number: &[u8]) -> bool {
        let listed = (1..=MAX_PREFIX.min(number.len())).rev().find_map(|len| {
            let found = self.prefixes.binary_search_by_key(&key(&number[..len]), |(prefix, _)| *prefix).ok();
            found.and_then(|at| self.prefixes.get(at)).map(|(_, bits)| *bits)
        });
        // Where a zero is dialled before a number, none starts with it.
        let usual = if self.trunk == "0" && number.starts_with(b"0") { 0 } else { self.usual };
        number.len() < 32 && listed.unwrap_or(usual) >> number.len() & 1 == 1
    }

    /// Whether digits are a number as it is dialled within the country; with the national prefix if it has one.
    pub(super) fn dials(&self, digits: &[u8]) -> bool {
        digits.strip_prefix(self.trunk.as_bytes()).is_some_and(|number| self.has(number))
    }

    /// Whether it is the plan of North America.
    pub(super) fn is_nanp(&self) -> bool {
        self.code == "1"
    }

    /// Whether it is this region's.
    pub(super) fn is_of(&self, region: &str) -> bool {
        self.regions.first() == Some(&region)
    }

    /// What stands before a national number.
    pub(super) fn trunk(&self) -> &'static str {
        self.trunk
    }
}

/// Digits behind a 1, so that none is lost: `021` is 1021.
fn key(digits: &[u8]) -> u16 {
    digits.iter().fold(1, |key, digit| key * 10 + u16::from(digit.wrapping_sub(b'0') % 10))
}

/// Bits of a list of lengths: `7-9,11`.
fn lengths(list: &str) -> u32 {
    list.split(',').fold(0, |bits, range| {
        let (low, high) = range.split_once('-').unwrap_or((range, range));
        let number = |text: &str| text.parse::<u32>().unwrap_or(0).min(31);
        (number(low)..=number(high)).fold(bits, |bits, length| bits | 1 << length)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_read() {
        assert_eq!(PLANS.len(), 215);
        for plan in PLANS.iter() {
            assert!(plan.usual & 1 == 0 && plan.usual > 0, "{plan:?}");
            assert!(plan.prefixes.windows(2).all(|pair| pair[0].0 < pair[1].0), "{plan:?}");
            assert!(PLANS.iter().filter(|other| other.code.starts_with(plan.code)).count() == 1, "{plan:?}");
        }
        assert!(LANGUAGES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(LANGUAGES.iter().all(|(lang, regions)| of_language(lang).len() == regions.len()));
        assert!(of_region("GB").is_some_and(|plan| plan.code == "44" && plan.trunk == "0" && plan.is_of("GB")));
        assert!(of_region("XX").is_none() && of_language("").is_empty());
    }

    #[test]
    fn lengths_go_by_the_first_digits() {
        let fits = |digits: &str| is_international(digits.as_bytes());
        for number in ["12025550123", "442079460958", "4402079460958", "4930123456", "33123456789", "85221234567"] {
            assert!(fits(number), "{number}");
        }
        for number in ["1202555012", "120255501234", "33012345678", "3312345678", "999123456789", "", "1", "0"] {
            assert!(!fits(number), "{number}");
        }
        assert_eq!(lengths("7-9,11"), 0b1011_1000_0000);
    }
}
