//! Templates of measures and numbers: `{{convert|5|km|mi}}`, `{{val|1.2|e=5|u=m}}`, `{{chem|H|2|O}}`, dates.

use super::args::Args;

/// Units whose code in `{{convert}}` is not what readers see.
const UNITS: &[(&str, &str)] = &[
    ("sqmi", "sq mi"),
    ("sqft", "sq ft"),
    ("sqin", "sq in"),
    ("sqyd", "sq yd"),
    ("cuft", "cu ft"),
    ("cuin", "cu in"),
    ("cuyd", "cu yd"),
    ("cumi", "cu mi"),
    ("F", "°F"),
    ("C", "°C"),
    ("K", "K"),
    ("km2", "km<sup>2</sup>"),
    ("m2", "m<sup>2</sup>"),
    ("cm2", "cm<sup>2</sup>"),
    ("mm2", "mm<sup>2</sup>"),
    ("km3", "km<sup>3</sup>"),
    ("m3", "m<sup>3</sup>"),
    ("cm3", "cm<sup>3</sup>"),
    ("ft2", "sq ft"),
    ("um", "μm"),
    ("uL", "μL"),
    ("ug", "μg"),
    ("nmi", "nautical miles"),
    ("impgal", "imperial gallons"),
    ("USgal", "US gallons"),
    ("ST", "short tons"),
    ("LT", "long tons"),
    ("MT", "tonnes"),
    ("lbf", "lb<sub>f</sub>"),
    ("acre", "acres"),
    ("mpgus", "mpg"),
    ("mi/h", "mph"),
    ("kph", "km/h"),
    ("kmh", "km/h"),
    ("m3/s", "m<sup>3</sup>/s"),
    ("cuft/s", "cu ft/s"),
    ("/km2", "/km<sup>2</sup>"),
    ("/sqmi", "/sq mi"),
    ("PD/sqmi", "/sq mi"),
    ("kg/m3", "kg/m<sup>3</sup>"),
    ("PD/km2", "/km<sup>2</sup>"),
    ("m/s2", "m/s<sup>2</sup>"),
    ("hp", "horsepower"),
    ("oz", "ounces"),
];

/// Words between the two ends of a range.
const BETWEEN: &[(&str, &str)] = &[
    ("-", "–"),
    ("–", "–"),
    ("to", " to "),
    ("to-", " to "),
    ("and", " and "),
    ("or", " or "),
    ("x", " × "),
    ("by", " by "),
    ("×", " × "),
    ("xx", " × "),
    ("*", " × "),
    ("+/-", " ± "),
    ("±", " ± "),
    ("-to-", " to "),
    ("and(-)", " and "),
    ("to(-)", " to "),
    ("x(-)", " × "),
];

/// Units that are followed by a smaller one: `5|ft|11|in`.
const MIXED: &[&str] = &["ft", "mi", "lb", "st", "yd", "chain"];

/// Values of a call that are read, at most.
const MAX_VALUES: usize = 16;

/// The measure as it was given: `{{convert|5|to|10|km|mi}}` is `5 to 10 km`.
pub fn convert(args: &Args<'_>) -> String {
    let mut out = String::new();
    let mut at = 1;
    while at <= MAX_VALUES {
        let value = args.at(at);
        if !is_number(value) {
            break;
        }
        out.push_str(value);
        let next = args.at(at + 1);
        if let Some((_, between)) = BETWEEN.iter().find(|(code, _)| *code == next) {
            out.push_str(between);
            at += 2;
            continue;
        }
        if next.is_empty() {
            break;
        }
        let unit = unit(next);
        if !unit.starts_with(['°', '/']) {
            out.push(' ');
        }
        out.push_str(unit);
        at += 2;
        if !MIXED.contains(&next) || !is_number(args.at(at)) {
            break;
        }
        out.push(' ');
    }
    out
}

fn unit(code: &str) -> &str {
    UNITS.iter().find(|(known, _)| *known == code).map_or(code, |(_, shown)| shown)
}

fn is_number(value: &str) -> bool {
    value.len() <= 40
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && value.chars().all(|letter| letter.is_ascii_digit() || " .,+-−–/⁄eE".contains(letter))
}

/// `{{height|ft=5|in=7}}`, `{{height|m=1.7}}`.
pub fn height(args: &Args<'_>) -> String {
    let parts = ["m", "meter", "metre", "cm", "ft", "feet", "foot", "in", "inch", "inches"];
    let shown = parts.iter().map(|unit| (args.named(unit), *unit)).filter(|(value, _)| !value.is_empty());
    shown.map(|(value, unit)| format!("{value} {unit}")).collect::<Vec<_>>().join(" ")
}

/// `{{val|1.2|0.3|e=5|u=m}}`.
pub fn val(args: &Args<'_>) -> String {
    let mut out = format!("{}{}", args.named("p"), args.at(1));
    let uncertainty = args.at(2);
    if !uncertainty.is_empty() {
        let sign = if uncertainty.starts_with(['+', '-', '(']) { "" } else { "±" };
        out.push_str(sign);
        out.push_str(uncertainty);
    }
    if !args.named("e").is_empty() {
        let base = if out.is_empty() { "10" } else { "×10" };
        out.push_str(&power(base, args.named("e")));
    }
    let (unit_name, per) = (args.any(&["u", "ul"]), args.any(&["upl", "up"]));
    if !unit_name.is_empty() {
        // Units have their own symbols here: `C` is a coulomb.
        if !unit_name.starts_with(['°', '%']) {
            out.push(' ');
        }
        out.push_str(unit_name);
    }
    if !per.is_empty() {
        out.push('/');
        out.push_str(per);
    }
    out.push_str(args.named("s"));
    out
}

/// `base` to the power of `exponent`, as markup.
pub fn power(base: &str, exponent: &str) -> String {
    format!("{base}<sup>{exponent}</sup>")
}

/// `{{frac|1|2}}` is `1/2`, `{{frac|3|1|2}}` is `3 1/2`, `{{frac|2}}` is `1/2`.
pub fn fraction(args: &Args<'_>) -> String {
    match (args.at(1), args.at(2), args.at(3)) {
        ("", ..) => String::new(),
        (denominator, "", _) => format!("1/{denominator}"),
        (numerator, denominator, "") => format!("{numerator}/{denominator}"),
        (whole, numerator, denominator) => format!("{whole} {numerator}/{denominator}"),
    }
}

/// `{{chem|H|2|O}}`: numbers behind a symbol are subscripts, and what has a sign is a charge.
pub fn chem(args: &Args<'_>) -> String {
    let mut out = String::new();
    for part in args.all() {
        let bare = part.trim_matches('\'');
        // A count may be a letter: `CnH2n`. Symbols begin with a capital one.
        let is_count = bare.starts_with(|letter: char| letter.is_ascii_digit() || letter.is_ascii_lowercase());
        let is_charge = bare.ends_with(['+', '-', '−']) && bare.len() <= 6;
        match out.is_empty() {
            false if is_charge => out.push_str(&format!("<sup>{part}</sup>")),
            false if is_count => out.push_str(&format!("<sub>{part}</sub>")),
            _ => out.push_str(part),
        }
    }
    out
}

/// `{{chem2|H2O}}`: numbers behind a letter or a bracket are subscripts.
pub fn chem_formula(formula: &str) -> String {
    let mut out = String::new();
    let mut is_sub = false;
    let mut before = ' ';
    for letter in formula.chars().take(200) {
        let begins = letter.is_ascii_digit() && !is_sub && (before.is_alphabetic() || matches!(before, ')' | ']'));
        if begins {
            out.push_str("<sub>");
            is_sub = true;
        } else if is_sub && !letter.is_ascii_digit() {
            out.push_str("</sub>");
            is_sub = false;
        }
        out.push(letter);
        before = letter;
    }
    if is_sub {
        out.push_str("</sub>");
    }
    out
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Year, month and day, as templates of dates have them: `{{birth date|1815|12|10}}`.
pub fn date(args: &Args<'_>) -> String {
    let (year, month, day) = (args.at(1), args.at(2), args.at(3));
    let month =
        month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1))).map_or(month, |name| name);
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // `{{date|1|janvier|2000}}` has the day first.
    if !is_number(year) || year.len() < 3 {
        return args.all().take(3).collect::<Vec<_>>().join(" ");
    }
    let parts = [if is_number(day) { day } else { "" }, month, year];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Args<'_> {
        Args::new(text.split('|'))
    }

    #[test]
    fn measures_are_told_as_they_were_given() {
        for (given, expected) in [
            ("5|km|mi", "5 km"),
            ("5|to|10|km|mi|abbr=on", "5 to 10 km"),
            ("1,200|-|1,500|sqmi", "1,200–1,500 sq mi"),
            ("5|ft|11|in|cm", "5 ft 11 in"),
            ("30|C|F", "30°C"),
            ("2|x|3|x|4|m", "2 × 3 × 4 m"),
            ("12|km2", "12 km<sup>2</sup>"),
            ("51|/km2", "51/km<sup>2</sup>"),
            ("about|x", ""),
            ("5", "5"),
        ] {
            assert_eq!(convert(&of(given)), expected, "{given}");
        }
        assert_eq!(height(&of("ft=5|in=7")), "5 ft 7 in");
    }

    #[test]
    fn numbers_keep_their_powers_and_units() {
        assert_eq!(val(&of("1.5|e=-6|u=m")), "1.5×10<sup>-6</sup> m");
        assert_eq!(val(&of("6.674|0.002|e=-11")), "6.674±0.002×10<sup>-11</sup>");
        assert_eq!(val(&of("30000|u=C")), "30000 C");
        assert_eq!(val(&of("12|u=%")), "12%");
        assert_eq!(fraction(&of("3|1|2")), "3 1/2");
        assert_eq!((fraction(&of("2")), fraction(&of("1|3"))), ("1/2".into(), "1/3".into()));
    }

    #[test]
    fn formulas_of_chemistry_get_their_indices() {
        assert_eq!(chem(&of("H|2|O")), "H<sub>2</sub>O");
        assert_eq!(chem(&of("SO|4|2-")), "SO<sub>4</sub><sup>2-</sup>");
        assert_eq!(chem(&of("C|''n''|H|2''n''+2")), "C<sub>''n''</sub>H<sub>2''n''+2</sub>");
        assert_eq!(chem_formula("Ca(OH)2"), "Ca(OH)<sub>2</sub>");
        assert_eq!(chem_formula("2 H2O"), "2 H<sub>2</sub>O");
    }

    #[test]
    fn dates_are_written_out() {
        assert_eq!(date(&of("1815|12|10|df=yes")), "10 December 1815");
        assert_eq!(date(&of("1815|7")), "July 1815");
        assert_eq!(date(&of("10 December 1815")), "10 December 1815");
        assert_eq!(date(&of("1|janvier|2000")), "1 janvier 2000");
    }
}
