//! Telephone numbers: those with a country code by the plan behind it, others by plan, by shape, and by words before them.

mod digits;
pub(super) mod plan;

use super::clues;
use super::site::Site;
use digits::{Digits, Gap};
use plan::Plan;

/// Bytes behind a number in which a word counts, as in `555 0123 office`.
const AFTER: usize = 14;

/// What stands at a digit.
pub(super) enum Read {
    /// A number.
    Number(usize, usize),
    /// None, and no digit before this place starts one.
    Nothing(usize),
}

/// The number whose first digit stands here.
pub(super) fn number(site: &Site<'_>, digit: usize) -> Read {
    let mut start = digit;
    let parens = site.byte_before(start) == b'(';
    start -= usize::from(parens);
    let has_plus = site.byte_before(start) == b'+' || site.slice(start.saturating_sub(3), start) == "＋".as_bytes();
    start -= if !has_plus {
        0
    } else if site.byte_before(start) == b'+' {
        1
    } else {
        3
    };
    // `(+49) 30`.
    let around = has_plus && !parens && site.byte_before(start) == b'(';
    start -= usize::from(around);
    let digits = Digits::read(site, digit, parens || around);
    // A parenthesis that closes later is none of the number's.
    if (parens || around) && !digits.groups().first().is_some_and(|group| group.parens) {
        start += 1;
    }
    // The plus may belong to the first group alone, as in `C++11 202-555-0123`.
    let first_end = digits.groups().first().map_or(digits.end, |group| group.end);
    let nothing = Read::Nothing(if has_plus { first_end } else { digit + 1 });
    let min = if site.plan.is_some() { 5 } else { 7 };
    let is_long = digits.of(digits.groups().len()).len() >= min;
    if !is_long || !opens(site, start, has_plus) {
        return nothing;
    }
    let call = Call { site, digits: &digits, start, has_plus };
    for n_groups in (1..=digits.groups().len()).rev() {
        let Some(end) = digits.groups().get(n_groups - 1).map(|group| group.end) else { continue };
        let rest = digits.gap_after(n_groups);
        // A zero may start the next number.
        let is_whole = rest.is_none() || (rest == Some(Gap::Blank) && digits.digit_after(n_groups) == Some(b'0'));
        // What is left over must stand apart.
        let apart = rest.is_none_or(|gap| gap == Gap::Blank);
        if apart && closes(site, end, is_whole) && call.fits(n_groups, is_whole) && !(site.in_url(start)) {
            // Parentheses around the whole number are none of it.
            let is_enclosed = n_groups == 1 && digits.groups().first().is_some_and(|group| group.parens);
            return match is_enclosed {
                true => Read::Number(start + 1, end - 1),
                false => Read::Number(start, extension(site, end)),
            };
        }
    }
    nothing
}

fn opens(site: &Site<'_>, start: usize, has_plus: bool) -> bool {
    let before = site.byte_before(start);
    let behind = if start >= 2 { site.byte(start - 2) } else { 0 };
    // A plus parts a number from a word, as in `Tel+49 30 1234567`, but not from digits.
    let goes_on = if has_plus { before.is_ascii_digit() } else { !site.opens(start) };
    if goes_on {
        return false;
    }
    match before {
        b'$' | b'#' | b'%' | b'*' | b'^' | b'\\' | b'~' => false,
        b'=' | b'&' => has_plus,
        b'.' | b',' | b'/' | b':' | b'+' | b'\'' => !behind.is_ascii_digit(),
        // `Tel-`, but not the groups of a UUID, nor `GPN-`.
        b'-' => site.byte(start) == b'(' || !behind.is_ascii_alphanumeric() || site.clues(start).phone_ends_with(1),
        0xa2..=0xac => !matches!(site.char_before(start), Some('€' | '£' | '¥')),
        _ => !matches!(site.char_before(start), Some('£' | '¥')),
    }
}

fn closes(site: &Site<'_>, end: usize, is_whole: bool) -> bool {
    let next = site.byte(end);
    let after = site.byte(end + 1);
    let is_extension = extension(site, end) > end;
    let joined = match next {
        b'-' | b'.' | b',' | b':' | b'/' => after.is_ascii_digit(),
        b'%' | b'=' | b'$' | b'@' => true,
        0x80.. => matches!(site.char_at(end), Some('€' | '°' | '£' | '′')),
        _ => false,
    };
    !is_whole || is_extension || (site.closes(end) && !joined)
}

/// End of an extension behind a number: ` x123`, ` ext. 12`.
fn extension(site: &Site<'_>, end: usize) -> usize {
    let mut at = end;
    at += usize::from(site.byte(at) == b',');
    at += usize::from(site.byte(at) == b' ');
    let rest = site.slice(at, at + 10);
    let lower = |name: &[u8]| rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
    let names: [&[u8]; 4] = [b"extension", b"ext.", b"ext", b"x"];
    let Some(name) = names.into_iter().find(|name| lower(name)) else { return end };
    at += name.len();
    at += usize::from(site.byte(at) == b' ');
    let n = site.slice(at, at + 7).iter().take_while(|byte| byte.is_ascii_digit()).count();
    if (1..=6).contains(&n) && site.closes(at + n) { at + n } else { end }
}

struct Call<'a> {
    site: &'a Site<'a>,
    digits: &'a Digits,
    start: usize,
    has_plus: bool,
}

impl Call<'_> {
    /// Whether the first groups are a number.
    fn fits(&self, n_groups: usize, is_whole: bool) -> bool {
        let digits = self.digits.of(n_groups);
        let groups = self.digits.groups().get(..n_groups).unwrap_or_default();
        if self.has_plus {
            return is_international(self.digits, n_groups);
        }
        let mut sizes = [0; 8];
        let mut n = 0;
        for (size, group) in sizes.iter_mut().zip(groups) {
            *size = group.until - n;
            n = group.until;
        }
        let sizes = &sizes[..n_groups];
        let shape = Shape { digits, sizes, groups: self.digits };
        let is_joined = self.follows_digits();
        let clues = self.site.clues(self.start);
        if shape.is_date() || shape.is_ean() || shape.is_address() || shape.is_postcode() || clues.other() {
            return false;
        }
        if shape.is_american() && (is_whole || !is_joined) {
            return true;
        }
        if is_joined && !matches!(groups.first(), Some(group) if group.parens) {
            return false;
        }
        let called = clues.phone() || self.is_followed_by_word(n_groups);
        if self.is_dialled_abroad(&shape, called) {
            return true;
        }
        if let Some(plan) = self.site.plan {
            let fits = plan.dials(digits) || plan.has(digits);
            return fits && (called || (is_whole && shape.is_distinct(plan)));
        }
        if called && !clues.article() {
            let at_once = clues.phone_at_once() || !shape.is_quantity();
            return at_once && shape.is_plausible(is_whole);
        }
        is_whole && self.is_distinct_somewhere(&shape)
    }

    /// `00` or `011`, a country code, and a number of its plan.
    fn is_dialled_abroad(&self, shape: &Shape<'_>, called: bool) -> bool {
        let grouped = shape.sizes.len() >= 3 || called;
        let after = |prefix: &[u8]| shape.digits.strip_prefix(prefix).is_some_and(plan::is_international);
        grouped && (after(b"00") || (shape.sizes.first() == Some(&3) && after(b"011")))
    }

    /// Whether digits and one blank stand before, which no number ends with: then this is the middle of something.
    fn follows_digits(&self) -> bool {
        let byte = |back: usize| self.start.checked_sub(back).map_or(0, |at| self.site.byte(at));
        let blank = match (byte(2), byte(1)) {
            (0xc2, 0xa0) => 2,
            (_, b' ' | b')') => 1,
            _ => return false,
        };
        let is_end = self.start == self.site.done.get() + blank;
        !is_end && (byte(blank + 1).is_ascii_digit() || byte(blank + 1) == b')')
    }

    fn is_followed_by_word(&self, n_groups: usize) -> bool {
        let Some(end) = self.digits.groups().get(n_groups - 1).map(|group| group.end) else { return false };
        let window = self.site.slice(end, end + AFTER);
        let line = window.split(|byte| *byte == b'\n').next().unwrap_or_default();
        clues::after(line).phone()
    }

    /// Whether shape and plan leave no doubt in a region of the language, or anywhere.
    fn is_distinct_somewhere(&self, shape: &Shape<'_>) -> bool {
        let plans = self.site.plans;
        plans.iter().any(|plan| (plan.dials(shape.digits) || plan.has(shape.digits)) && shape.is_distinct(plan))
            || (shape.has_many_groups() && plan::with_trunk("0").any(|plan| plan.dials(shape.digits)))
            || (plans.is_empty() && shape.is_brazilian())
    }
}

/// Whether `+`, a country code and a number stand there; a zero in parentheses is not dialled from abroad.
fn is_international(digits: &Digits, n_groups: usize) -> bool {
    let mut dialled = [0u8; 18];
    let (mut n, mut from) = (0, 0);
    for group in digits.groups().iter().take(n_groups) {
        let part = digits.of(n_groups).get(from..group.until).unwrap_or_default();
        from = group.until;
        if group.parens && part == b"0" && n > 0 {
            continue;
        }
        for digit in part {
            let Some(slot) = dialled.get_mut(n) else { return false };
            *slot = *digit;
            n += 1;
        }
    }
    n >= 7 && plan::is_international(&dialled[..n])
}

/// How a number is written.
struct Shape<'a> {
    digits: &'a [u8],
    /// Digits of each group.
    sizes: &'a [usize],
    groups: &'a Digits,
}

impl Shape<'_> {
    fn gap(&self, group: usize) -> Option<Gap> {
        self.groups.groups().get(group).filter(|_| group < self.sizes.len()).map(|group| group.gap)
    }

    fn has_parens(&self) -> bool {
        self.groups.groups().first().is_some_and(|group| group.parens)
    }

    fn number(&self, from: usize, len: usize) -> u32 {
        self.digits.iter().skip(from).take(len).fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
    }

    /// `2019-04-12`, `12.04.2019`, `20190412`, `1998-2003`, and whatever begins so.
    fn is_date(&self) -> bool {
        let year = |from| (1800..2100).contains(&self.number(from, 4));
        let month = |from| (1..=12).contains(&self.number(from, 2));
        let day = |from| (1..=31).contains(&self.number(from, 2));
        match self.sizes {
            [4, 2, 2, ..] => year(0) && month(4) && day(6),
            [2, 2, 4, ..] => year(4) && day(0) && day(2),
            [1, 2, 4] | [2, 1, 4] | [1, 1, 4] => year(self.digits.len() - 4),
            [4, 1 | 2, 1 | 2, ..] => year(0) && self.gap(1) == self.gap(2),
            [8] => year(0) && month(4) && day(6) || (year(4) && day(0) && month(2)),
            [4, 4] => year(0) && year(4),
            _ => false,
        }
    }

    /// Four numbers with dots, as in an address of a host that is not public.
    fn is_address(&self) -> bool {
        let all_dots = (1..self.sizes.len()).all(|group| self.gap(group) == Some(Gap::Dot));
        self.sizes.len() == 4 && all_dots && self.sizes.iter().all(|size| *size <= 3) && self.sizes != [2, 2, 2, 2]
    }

    /// `12345-6789` of the United States, and the number of a firm or an account with its check digit: `1234567-8`.
    fn is_postcode(&self) -> bool {
        matches!(self.sizes, [5, 4] | [_, 1])
    }

    /// Thousands, millions, parted as they are in much of Europe.
    fn is_quantity(&self) -> bool {
        let [first, rest @ ..] = self.sizes else { return false };
        let is_plain = |group| matches!(self.gap(group), Some(Gap::Blank | Gap::Dot));
        *first <= 3 && rest.len() >= 2 && rest.iter().all(|size| *size == 3) && (1..self.sizes.len()).all(is_plain)
    }

    /// A book or another article, by its thirteen digits.
    fn is_ean(&self) -> bool {
        let sum: u32 =
            self.digits.iter().zip([1, 3].iter().cycle()).map(|(digit, by)| u32::from(digit - b'0') * by).sum();
        self.digits.len() == 13 && sum.is_multiple_of(10)
    }

    /// Three, three and four digits as they are written in North America; an exchange that starts with 0 or 1 has none.
    fn is_american(&self) -> bool {
        let (first, sizes) = match self.sizes {
            [1, rest @ ..] if self.digits.first() == Some(&b'1') => (1, rest),
            sizes => (0, sizes),
        };
        let starts = |at: usize| matches!(self.digits.get(at), Some(b'2'..=b'9'));
        let after = self.gap(first + 1);
        let area_in_parens = self.groups.groups().get(first).is_some_and(|group| group.parens);
        let is_marked = |gap| matches!(gap, Some(Gap::Hyphen | Gap::Dot));
        let written = match sizes {
            [3, 3, 4] => {
                area_in_parens
                    || (is_marked(self.gap(first + 2))
                        && (after == self.gap(first + 2) || after == Some(Gap::Blank) || after == Some(Gap::Slash)))
            }
            _ => false,
        };
        written && starts(first) && (starts(first + 3) || area_in_parens)
    }

    /// Two digits in parentheses and eight or nine.
    fn is_brazilian(&self) -> bool {
        self.has_parens() && matches!(self.sizes, [2, 4 | 5, 4]) && self.gap(2) == Some(Gap::Hyphen)
    }

    /// A zero, and three groups or more that are parted alike, as no other number is written.
    fn has_many_groups(&self) -> bool {
        let alike = (2..self.sizes.len()).all(|group| self.gap(group) == self.gap(self.sizes.len() - 1));
        let [first, rest @ ..] = self.sizes else { return false };
        alike
            && self.sizes != [3, 3, 3]
            && rest.len() >= 2
            && (2..=5).contains(first)
            && rest.iter().all(|size| (2..=4).contains(size))
            && (9..=11).contains(&self.digits.len())
            && matches!(self.digits, [b'0', b'1'..=b'9', ..])
    }

    /// Whether a number of this plan would be written so, and little else.
    fn is_distinct(&self, plan: &Plan) -> bool {
        let two_parts = matches!(self.sizes, [2..=6, 4..=9])
            && (self.has_parens() || matches!(self.gap(1), Some(Gap::Slash | Gap::Hyphen)));
        match plan.trunk() {
            "0" if self.digits.starts_with(b"0") => self.has_many_groups() || two_parts && self.digits.len() >= 9,
            "8" => matches!(self.sizes, [1, 3, 3, 2, 2]),
            "06" => self.digits.starts_with(b"06") && self.sizes.len() >= 3,
            _ if plan.is_nanp() => false,
            _ if plan.is_of("BR") => self.is_brazilian(),
            _ if plan.is_of("CN") => self.digits.len() == 11 && self.digits.starts_with(b"1"),
            // Four groups are no number with its thousands parted.
            "" => self.sizes.len() >= 4 && self.digits.len() == 9 && self.sizes != [1, 2, 3, 3],
            _ => false,
        }
    }

    /// Whether it can be a number where a word says that one comes.
    fn is_plausible(&self, is_whole: bool) -> bool {
        let n = self.digits.len();
        let marks = |gap: Gap| (1..self.sizes.len()).any(|group| self.gap(group) == Some(gap));
        let n_marks = [Gap::Hyphen, Gap::Dot, Gap::Slash].into_iter().filter(|gap| marks(*gap)).count();
        let is_decimal = self.sizes.len() == 2 && marks(Gap::Dot);
        let is_run = self.digits.windows(2).all(|pair| pair[0] == pair[1]);
        let fits =
            if self.sizes.len() == 1 { (7..=11).contains(&n) } else { (7..=12).contains(&n) && self.sizes.len() <= 6 };
        fits && n_marks <= 1
            && !is_decimal
            && !is_run
            && self.sizes != [1, 3, 3]
            && !self.digits.starts_with(b"000")
            && (is_whole || n >= 9)
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::tests::assert_finds;

    #[test]
    fn numbers_with_a_country_code_need_nothing_else() {
        assert_finds(
            "phone",
            "",
            &[
                "⟦+1 202-555-0123⟧ ⟦+12025550123⟧ ⟦+1 (202) 555-0123⟧",
                "from ⟦+44 20 7946 0958⟧, or (⟦+44 (0)20 7946 0958⟧).",
                "⟦+49 (0)30 12345-67⟧ ⟦(+49) 30 1234567⟧ ⟦+49-30-1234567⟧ ⟦+49/30/1234567⟧",
                "tel:⟦+33-1-23-45-67-89⟧ ⟦+33.1.23.45.67.89⟧ https://wa.me/⟦+447700900123⟧",
                "电话⟦+86 138 1234 5678⟧。 ⟦＋81 3-1234-5678⟧",
                "⟦+61 2 1234 5678 x12⟧ ⟦+61 2 1234 5678 ext. 12⟧ ⟦+61 2 1234 5678⟧ x",
                "⟦00 44 20 7946 0958⟧ ⟦011 44 20 7946 0958⟧ ⟦001-202-555-0123⟧",
                "end ⟦+353 1 234 5678⟧",
                "⟦+1(202)555-0123⟧ ⟦+7(495)123-45-67⟧ ⟦+44(0)20 7946 0958⟧",
                "Tel⟦+49 30 1234567⟧ Mobile⟦+86 138 1234 5678⟧ Tel⟦(+49) 30 1234567⟧",
                "7+49 30 1234567",
                "C++11 ⟦202-555-0123⟧, grade A+5 ⟦202-555-0123⟧",
            ],
        );
    }

    #[test]
    fn a_wrong_length_is_refused() {
        assert_finds(
            "phone",
            "",
            &[
                "+1 202-555-012 +1202555012 +33 12345678 +44 20 7946 095 +999 123 456 789",
                "call +33 12345678, phone: +1 201555012, tel. +7 301 123 45 6",
                "+1 202-555-01234",
            ],
        );
    }

    #[test]
    fn national_numbers_by_shape() {
        assert_finds(
            "phone",
            "",
            &[
                "⟦202-555-0123⟧ ⟦(202) 555-0123⟧ ⟦(202)555-0123⟧ ⟦202.555.0123⟧ ⟦1-202-555-0123⟧ ⟦202 555-0123⟧",
                "⟦01 23 45 67 89⟧ ⟦01.23.45.67.89⟧ ⟦020 7946 0958⟧ ⟦0490 75 40 81⟧",
                "⟦202-555-0123x45⟧ (⟦202-555-0123⟧)",
                "BBS-⟦(202) 555-0123⟧, Suite 12 ⟦202-555-0123⟧, 20 ⟦(202) 555-0123⟧",
            ],
        );
        for (lang, text) in [
            ("de", "⟦030/1234567⟧ ⟦(030) 1234567⟧ ⟦0171-1234567⟧"),
            ("ru", "⟦8 (495) 123-45-67⟧, ⟦8-800-555-35-35⟧"),
            ("pt", "⟦(11) 91234-5678⟧"),
            ("zh", "⟦13812345678⟧"),
            ("es", "⟦912 34 56 78⟧"),
            ("ja", "⟦03(1234)5678⟧ ⟦090－1234－5678⟧"),
        ] {
            assert_finds("phone", lang, &[text]);
        }
    }

    #[test]
    fn national_numbers_by_words() {
        assert_finds(
            "phone",
            "en",
            &[
                "Phone: ⟦555 0123⟧. Phone:\n⟦467 3395⟧\n",
                "call me on ⟦9472 7916⟧? fax ⟦20 79 46 09⟧",
                "mobile ⟦07700900123⟧, mob-⟦9876543210⟧ Tel.⟦5550123⟧",
                "⟦416 60 039⟧ office",
                "电话：⟦62345678⟧",
            ],
        );
    }

    #[test]
    fn other_numbers_are_left() {
        assert_finds(
            "phone",
            "en",
            &[
                "1234567 12345678901 374 780 163 71-33-52-22",
                "call before 2019-04-12 or 12.04.2019, 20190412, in 1998-2003",
                "ISBN 0-306-40615-2, phone book ISBN 978-3-16-148410-0, doi 10.1000/202-555-0123",
                "phone bill: $1234567, order 1234567, Fax account no. 12345678",
                "hotel 1234567, microtel 7654321",
                "https://example.org/202-555-0123 x202-555-0123 202-555-0123-4 202-555-01234",
                "550e8400-e29b-41d4-a716-446655440000",
                "call 3.1415926535, 40.7128, -74.0060, 1.234.567,89",
                "tel 00000000",
                "a direct cost of some 12 345 678 pounds",
                "call 1 234 567",
                "010 499 966, iPhone 2016/5/15, phones GPN-2000-001672, text 000 0011",
                "doi=10.1016/j.cell.2008.10.015",
                "phone Cambridge MA 02142-1324, tel. 10.64.192.192, FO-nummer 0119343-0 fax",
            ],
        );
    }
}
