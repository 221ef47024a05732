//! Texts that try the rules: contractions, white space, digits, runs, code, and the names of special tokens.

use super::random::Random;
use super::unicode::SOUP;

const APOSTROPHES: &[&str] =
    &["'", "'", "'", "'", "'", "''", "’", "‘", "ʼ", "ʹ", "＇", "`", "´", "′", "\"", "'\u{301}"];
const ENDINGS: &[&str] = &["s", "t", "m", "d", "ll", "ve", "re", "l", "v", "r", "ſ", "e", "lſ", "\u{212a}", "x"];
const SPACE: &[&str] = &[
    " ", " ", " ", " ", "  ", "   ", "    ", "\t", "\t\t", "\n", "\n", "\n\n", "\r\n", "\r", "\n\r", "\r\n\r\n",
    "\u{b}", "\u{c}", "\u{85}", "\u{a0}", "\u{1680}", "\u{2000}", "\u{2003}", "\u{2028}", "\u{2029}", "\u{202f}",
    "\u{205f}", "\u{3000}", "\u{180e}", "\u{200b}",
];
const DIGITS: &[&str] = &[
    "0", "1", "2", "3", "7", "9", "12", "123", "1234", "12345", "٠", "٣", "۴", "०", "৯", "๓", "０", "９", "²", "½",
    "Ⅷ", "①", "𝟘", "𝟗", "〇",
];
const SPECIALS: &[&str] = &[
    "<|endoftext|>",
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|python_tag|>",
    "<|image|>",
    "<|reserved_special_token_0|>",
    "<|reserved_special_token_245|>",
    "<|finetune_right_pad_id|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|endofprompt|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|im_sep|>",
    "<|startoftext|>",
    "<|channel|>",
    "<|message|>",
    "<s>",
    "</s>",
    "<unk>",
    "<pad>",
    "[INST]",
    "[/INST]",
    "<think>",
    "<0x0A>",
];
const CODE: &[&str] = &[
    "def f(x):\n",
    "    return x\n",
    "\t\tif (a == b) {\n",
    "}\n",
    "};\r\n",
    "// ",
    "/* ",
    " */\n",
    "#include <stdio.h>\n",
    "->",
    "=>",
    "::",
    "!==",
    "&&",
    "||",
    "<<=",
    "...",
    "camelCase",
    "snake_case",
    "HTTPServer2",
    "__init__",
    "self.",
    "0xFF",
    "1e-9",
    "3.14159",
    "'s'",
    "'\\n'",
    "\"it's\"",
    "`${x}`",
    "https://example.com/a?b=c&d=%20#e",
    "\\begin{equation}\n",
    "$x^2$",
    "<div class=\"a\">",
    "</div>\n",
    "{\"k\": [1, 2]}",
    ";\n\n\n",
    "\n/",
    "/\n/\n",
    "    ",
    "\t",
];

/// A word, an apostrophe of some kind, an ending in some case, and a neighbour, some times over.
pub fn contractions(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.between(1, 5) {
        text.push_str(random.pick(&[
            "it", "I", "we", "DON", "x1", "中", "é", "", " ", "\n", "!", "1", "e\u{301}", "אב", "'", "ſ", "aB", "ʰ",
        ]));
        text.push_str(random.pick(APOSTROPHES));
        let ending = random.pick(ENDINGS);
        let upper = random.below(4);
        text.extend(
            ending
                .chars()
                .enumerate()
                .map(|(i, c)| if (upper >> i.min(1)) & 1 == 1 { c.to_ascii_uppercase() } else { c }),
        );
        text.push_str(
            random.pick(&["", "", " ", "s", "S", "ſ", "'s", "'S", "x", "1", "\n", ".", "中", "\u{301}", "é", "A"]),
        );
    }
    text
}

/// Runs of white space of every kind, within text and at its ends.
pub fn white_space(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.between(1, 7) {
        let n = random.between(1, 6);
        text.push_str(&random.join(n, SPACE));
        text.push_str(random.pick(&["", "", "a", "B", "1", "!", "!\n", "/", "'s", "中", "\u{301}", "👍", "."]));
    }
    if random.once_in(3) { text.trim().to_owned() } else { text }
}

/// Digits of many scripts in runs of every length.
pub fn digits(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.between(1, 6) {
        let n = random.between(1, 10);
        let same = random.pick(DIGITS);
        text.push_str(&if random.once_in(2) { same.repeat(n) } else { random.join(n, DIGITS) });
        text.push_str(
            random.pick(&["", " ", "  ", ",", ".", "a", "%", "\n", "-", "e5", "st", "\u{301}", "\u{a0}", "'s"]),
        );
    }
    text
}

/// The names of special tokens, whole, cut and doubled, within other text.
pub fn specials(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.between(1, 5) {
        let name = random.pick(SPECIALS);
        match random.below(5) {
            0 => text.push_str(&name[..random.between(1, name.len())]),
            1 => text.push_str(&name[random.below(name.len())..]),
            2 => text.push_str(&name.replace('|', random.pick(&["", "||", " | ", "｜"]))),
            _ => text.push_str(name),
        }
        text.push_str(random.pick(&["", "", " ", "\n", "a", "Hello", "<|", "|>", "1", "  ", "\n\n"]));
    }
    text
}

/// Pieces of program text, mark-up and addresses.
pub fn code(random: &mut Random) -> String {
    let n = random.between(1, 14);
    random.join(n, CODE)
}

/// A unit of one to three representatives many times over, with something before and behind.
pub fn runs(random: &mut Random) -> String {
    let n = random.between(1, 3);
    let unit = random.join(n, SOUP);
    let times = 1 << random.between(3, 11);
    let times = times + random.below(times);
    format!(
        "{}{}{}",
        random.pick(&["", "x", " ", "\n"]),
        unit.repeat(times),
        random.pick(&["", "y", " ", "\n", " z", "\n  "])
    )
}
