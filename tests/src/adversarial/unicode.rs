//! Texts that try the classes of characters: every code point, blocks, boundaries, scripts, emoji, what looks invalid.

use super::random::Random;

/// Representatives of every class that a splitting pattern knows, and of what is easily taken for one.
pub const SOUP: &[&str] = &[
    "a", "z", "S", "T", "é", "É", "ß", "ſ", "\u{212a}", "ǅ", "ʰ", "ª", "中", "가", "あ", "א", "ع", "क", "ก", "𝔸", "𐐀",
    "𐐨", "ᾳ", "ﬁ", "1", "9", "²", "½", "Ⅷ", "٣", "०", "①", "𝟘", "㊿", " ", " ", "  ", "\t", "\n", "\r", "\r\n",
    "\u{b}", "\u{c}", "\u{85}", "\u{a0}", "\u{1680}", "\u{2007}", "\u{2028}", "\u{2029}", "\u{202f}", "\u{3000}",
    "\u{180e}", "\u{200b}", "\u{200d}", "\u{feff}", "\u{301}", "\u{903}", "\u{20dd}", "\u{fe0f}", "'", "'", "’", "!",
    "/", "_", "-", "<", "|", "€", "👍", "\u{378}", "\u{e000}",
];

/// First and last code points of blocks with letters, marks, digits, symbols, surrogates' neighbours, and nothing.
const BLOCKS: &[(u32, u32)] = &[
    (0x0, 0x7F),
    (0x80, 0x24F),
    (0x250, 0x2FF),
    (0x300, 0x36F),
    (0x370, 0x3FF),
    (0x400, 0x52F),
    (0x530, 0x58F),
    (0x590, 0x5FF),
    (0x600, 0x6FF),
    (0x700, 0x8FF),
    (0x900, 0x97F),
    (0x980, 0xDFF),
    (0xE00, 0xEFF),
    (0xF00, 0xFFF),
    (0x1000, 0x109F),
    (0x10A0, 0x10FF),
    (0x1100, 0x11FF),
    (0x1200, 0x139F),
    (0x13A0, 0x18AF),
    (0x1900, 0x1CFF),
    (0x1D00, 0x1FFF),
    (0x2000, 0x206F),
    (0x2070, 0x209F),
    (0x20A0, 0x20FF),
    (0x2100, 0x218F),
    (0x2460, 0x24FF),
    (0x2500, 0x2BFF),
    (0x2C00, 0x2DFF),
    (0x3000, 0x30FF),
    (0x3400, 0x9FFF),
    (0xA000, 0xABFF),
    (0xAC00, 0xD7FF),
    (0xE000, 0xFAFF),
    (0xFB00, 0xFFFF),
    (0x10000, 0x10FFF),
    (0x11000, 0x12FFF),
    (0x16800, 0x1BFFF),
    (0x1C000, 0x1EFFF),
    (0x1F000, 0x1FBFF),
    (0x20000, 0x10FFFF),
];

const EMOJI: &[&str] = &[
    "😀",
    "👍",
    "👍🏽",
    "🏽",
    "👩",
    "👩🏽\u{200d}🚀",
    "👨\u{200d}👩\u{200d}👧\u{200d}👦",
    "❤\u{fe0f}",
    "❤",
    "☺\u{fe0e}",
    "🇩🇪",
    "🇺",
    "🇸",
    "1\u{fe0f}\u{20e3}",
    "#\u{20e3}",
    "🏴\u{e0067}\u{e0062}\u{e007f}",
    "\u{200d}",
    "\u{fe0f}",
    "✈\u{fe0f}",
    "™",
    "©",
    "🫨",
    "🪿",
    "🩷",
    " ",
    "a",
    "\n",
    "!",
];

const ODD: &[&str] = &[
    "\u{fffd}",
    "\u{fffd}\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{feff}",
    "\u{0}",
    "\u{1}",
    "\u{1b}[0m",
    "\u{7f}",
    "\u{80}",
    "\u{9f}",
    "\u{ad}",
    "\u{d7ff}",
    "\u{e000}",
    "\u{f8ff}",
    "\u{fdd0}",
    "\u{1fffe}",
    "\u{10ffff}",
    "\u{f0000}",
    "\u{e0001}",
    "Ã©",
    "â€™",
    "ï»¿",
    "Ð¿Ñ€",
    "\\ud83d\\ude00",
    "\\x80",
    "%C3%A9",
    "&#xD800;",
    "&amp;nbsp;",
    "\u{202e}",
    "\u{2066}",
    "e\u{301}\u{302}\u{303}",
    "a\u{e0020}",
    "\u{1d173}",
];

const WORDS: &[&str] = &[
    "the",
    "The",
    "THE",
    "iPhone",
    "McDonald",
    "naïve",
    "NAÏVE",
    "straße",
    "STRASSE",
    "ﬁne",
    "Œuvre",
    "łódź",
    "ŁÓDŹ",
    "çığ",
    "İSTANBUL",
    "ı",
    "ǅ",
    "ǆ",
    "Привет",
    "мир",
    "МИР",
    "Ελλάδα",
    "ΣΊΣΥΦΟΣ",
    "Ճապոն",
    "ქართული",
    "Ქართული",
    "שלום",
    "שָׁלוֹם",
    "مرحبا",
    "السَّلَام",
    "हिन्दी",
    "বাংলা",
    "தமிழ்",
    "ไทย",
    "ຄຳ",
    "မြန်မာ",
    "አማርኛ",
    "中文",
    "汉字",
    "日本語",
    "カタカナ",
    "한국어",
    "ᏣᎳᎩ",
    "𝒳𝓎𝔷",
];

const JOINTS: &[&str] = &[
    "", "", " ", " ", "  ", "-", "_", ".", ", ", "\n", "、", "。", "·", "'", "’", "/", "1", "２", "\u{200d}", "\u{301}",
];

/// Every code point of the first two planes, a few dozen a text, each in some company.
pub fn code_points(random: &mut Random) -> Vec<String> {
    let all: Vec<char> = (0..0x20000).filter_map(char::from_u32).collect();
    let with_company = |random: &mut Random, c: char| match random.below(12) {
        0 => format!("a{c}"),
        1 => format!("{c}a"),
        2 => format!(" {c}"),
        3 => format!("1{c}1"),
        4 => format!("\n{c}"),
        5 => format!("{c}'s"),
        6 => format!("{c}{c}"),
        7 => format!("A{c}b"),
        8 => format!("!{c}\n"),
        9 => format!("'{c}"),
        10 => format!(" \u{301}{c}X"),
        _ => format!("  {c} "),
    };
    let mut texts = Vec::new();
    for _ in 0..4 {
        texts.extend(all.chunks(64).map(|part| part.iter().map(|c| with_company(random, *c)).collect::<String>()));
    }
    texts
}

/// Characters of one to three blocks, in runs and alone.
pub fn blocks(random: &mut Random) -> String {
    let chosen = [random.pick(BLOCKS), random.pick(BLOCKS), random.pick(BLOCKS)];
    let mut text = String::new();
    for _ in 0..random.between(1, 40) {
        let (low, high) = random.pick(&chosen);
        let code = low + random.below((high - low + 1) as usize) as u32;
        if let Some(character) = char::from_u32(code) {
            let times = if random.once_in(6) { random.between(2, 9) } else { 1 };
            text.extend(std::iter::repeat_n(character, times));
        }
    }
    text
}

/// Representatives of all classes in any order: the boundaries of every class with every other.
pub fn soup(random: &mut Random) -> String {
    let few: Vec<&str> = (0..random.between(2, 8)).map(|_| random.pick(SOUP)).collect();
    let n = random.between(1, 24);
    if random.once_in(3) { random.join(n, SOUP) } else { random.join(n, &few) }
}

/// Emoji with modifiers, joiners, selectors and flags, whole and in pieces.
pub fn emoji(random: &mut Random) -> String {
    let n = random.between(1, 20);
    random.join(n, EMOJI)
}

/// What looks like broken encoding: replacement characters, noncharacters, controls, mojibake, escapes, random bytes.
pub fn odd(random: &mut Random) -> String {
    if random.once_in(3) {
        let bytes: Vec<u8> = (0..random.between(1, 40)).map(|_| random.bits() as u8).collect();
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    let mut text = String::new();
    for _ in 0..random.between(1, 12) {
        text.push_str(if random.once_in(2) { random.pick(ODD) } else { random.pick(SOUP) });
    }
    text
}

/// Words of many scripts and cases, with and without something between them.
pub fn scripts(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.between(1, 16) {
        text.push_str(random.pick(WORDS));
        text.push_str(random.pick(JOINTS));
    }
    text
}
