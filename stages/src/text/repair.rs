//! Undoes one wrong decoding of a line: `cafÃ©` was UTF-8 that somebody read as Windows-1252.
//!
//! All characters beyond ASCII of a line are turned back into the bytes of one encoding, and must be valid UTF-8 together: text
//! that was decoded rightly hardly ever is. Short evidence is looked at twice, because a letter and a quotation mark can be
//! valid by chance.

use super::codecs::{CODECS, Codec};

/// Wrong decodings on top of each other that are undone.
const MAX_ROUNDS: usize = 3;

/// The line as it was meant, written into `out`; false when nothing is wrong with it.
pub(super) fn repair(line: &str, out: &mut String) -> bool {
    let mut before = String::new();
    let mut is_changed = false;
    for round in 0..MAX_ROUNDS {
        let text = if round == 0 { line } else { before.as_str() };
        if text.is_ascii() {
            break;
        }
        let mut fixed = String::new();
        if !CODECS.iter().any(|codec| undo(text, codec, &mut fixed)) {
            break;
        }
        is_changed = true;
        before = fixed;
    }
    if is_changed {
        out.clear();
        out.push_str(&before);
    }
    is_changed
}

/// Undoes one decoding by one encoding; false when the line cannot come from it, or the evidence is too thin.
fn undo(line: &str, codec: &Codec, out: &mut String) -> bool {
    let mut bytes = Vec::new();
    let mut evidence = Evidence::default();
    out.clear();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        bytes.clear();
        let Some(byte) = codec.byte(c) else { return false };
        bytes.push(byte);
        let mut run = [c; 2];
        while let Some(next) = chars.next_if(|next| !next.is_ascii()) {
            let Some(byte) = codec.byte(next) else { return false };
            if bytes.len() == 1 {
                run[1] = next;
            }
            bytes.push(byte);
        }
        // The no-break space that ends `Ã\u{a0}` (à) and `Р\u{a0}` (Р) is often made a blank on its way. Behind à comes a word,
        // so the blank may be one with the next. A blank behind a letter is a guess, and no evidence.
        let mut is_guessed = false;
        if let Some(last @ (0xc3 | 0xd0)) = bytes.last().copied()
            && chars.peek() == Some(&' ')
            && codec.byte('\u{a0}') == Some(0xa0)
        {
            is_guessed = true;
            bytes.push(0xa0);
            if last == 0xd0 || chars.clone().nth(1) == Some(' ') {
                chars.next();
            }
        }
        let Ok(decoded) = std::str::from_utf8(&bytes) else { return false };
        evidence.add(run, decoded, is_guessed);
        out.push_str(decoded);
    }
    evidence.is_enough()
}

/// What speaks for a wrong decoding.
#[derive(Default)]
struct Evidence {
    /// Characters that come out.
    n: usize,
    /// Runs that nobody writes on purpose.
    n_sure: usize,
    /// Characters that nobody can have meant.
    n_odd: usize,
}

impl Evidence {
    fn add(&mut self, run: [char; 2], decoded: &str, is_guessed: bool) {
        self.n_odd += decoded.chars().filter(|c| is_odd(*c)).count();
        if is_guessed {
            return;
        }
        self.n += decoded.chars().count();
        // Quotation marks, dashes and blanks follow a letter in good text, too.
        let follows_letters = matches!(
            run[1],
            '\u{a0}'
                | '«'
                | '»'
                | '‘'
                | '’'
                | '‚'
                | '“'
                | '”'
                | '„'
                | '‹'
                | '›'
                | '–'
                | '—'
                | '…'
                | '·'
                | '°'
                | '²'
                | '³'
                | '®'
                | '™'
        );
        let is_long = decoded.chars().any(|c| c.len_utf8() > 2);
        self.n_sure += usize::from(is_long || !(follows_letters || run[1].is_alphabetic()));
    }

    fn is_enough(&self) -> bool {
        self.n_odd == 0 && (self.n_sure > 0 || self.n > 2)
    }
}

/// Whether nobody writes a character: scripts of few, private use, and what is not assigned. Control characters may be half of
/// a mistake that is undone in the next round.
fn is_odd(c: char) -> bool {
    matches!(u32::from(c), 0x700..=0x8ff | 0xe000..=0xf8ff | 0xfff0..=0xffff | 0xf_0000..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(line: &str) -> String {
        let mut out = String::new();
        if repair(line, &mut out) { out } else { line.to_owned() }
    }

    /// UTF-8 read by an encoding.
    fn misread(text: &str, encoding: &'static encoding_rs::Encoding) -> String {
        encoding.decode_without_bom_handling(text.as_bytes()).0.into_owned()
    }

    #[test]
    fn wrong_decodings_are_undone() {
        for (line, meant) in [
            ("Le cafÃ© est fermÃ©", "Le café est fermé"),
            ("â€œThatâ€™s itâ€\u{9d}, she said â€“ twice", "“That’s it”, she said – twice"),
            ("voilÃ  la mÃ¨re", "voilà la mère"),
            ("ÐŸÑ€Ð¸Ð²ÐµÑ‚, Ð¼Ð¸Ñ€", "Привет, мир"),
            ("Р СѓСЃСЃРєРёР№ СЏР·С‹Рє", "Русский язык"),
            ("caf√© √† la carte", "café à la carte"),
            ("Ã¼ber", "über"),
        ] {
            assert_eq!(repaired(line), meant);
        }
    }

    #[test]
    fn every_encoding_and_two_on_top_of_each_other() {
        let text = "Świętość wyższa niż góry — “łódź” žluťoučký kůň";
        for encoding in [encoding_rs::WINDOWS_1252, encoding_rs::WINDOWS_1250] {
            let once = misread(text, encoding);
            assert_eq!(repaired(&once), text, "{once}");
            assert_eq!(repaired(&misread(&once, encoding)), text);
        }
    }

    #[test]
    fn good_text_stays() {
        for line in [
            "plain",
            "Le café est fermé à huit heures, voilà «à demain»",
            "à\u{a0}» dit-il",
            "A “MENÜ” de luxe – SEÑOR… É…",
            "IRMÃ”",
            "NÃO É NADA",
            "A IRMÃ MAIS VELHA SAI DE MANHÃ E VOLTA AMANHÃ CEDO",
            "the √ of 2",
            "Straße, Größe, Ärger",
            "Привет, мир «Россия»",
            "灯塔看守人，每天",
            "½ of 10 µm ± 2°",
            "Ελληνικά",
            "Nº 5 ® ™",
            "naïve façade",
            "Ø 5 mm",
        ] {
            assert_eq!(repaired(line), line);
        }
    }

    #[test]
    fn mixed_lines_stay() {
        let line = "He wrote cafÃ© instead of café";
        assert_eq!(repaired(line), line);
    }
}
