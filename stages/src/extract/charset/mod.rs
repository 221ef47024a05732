//! Bytes of a page to text: byte order mark, header, the page's own statement, then detection, each checked against the
//! bytes, because all of them lie at times.

mod labels;
mod prescan;
mod traits;

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use labels::{Label, label};
use traits::Trait;

/// Share of malformed sequences among the non-ASCII bytes above which a stated encoding is taken for a lie.
const MAX_MALFORMED_SHARE: f32 = 0.05;
/// Non-ASCII UTF-8 characters that prove a page to be UTF-8 even if it claims a legacy encoding of two bytes; fewer
/// could be valid by accident.
const MIN_UTF8_CHARACTERS: usize = 4;

/// Where the encoding was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Byte order mark, or the pattern of its NUL bytes.
    Marks,
    /// `charset` of the HTTP header.
    Header,
    /// `meta` or XML declaration.
    Page,
    /// The bytes themselves.
    Content,
}

/// A decoded page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The text, without byte order mark and NUL characters.
    pub text: Cow<'a, str>,
    /// Name of the encoding in the Encoding Standard.
    pub encoding: &'static str,
    /// Who was believed.
    pub origin: Origin,
}

/// The page is in an encoding that cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// Its name as stated, or as recognised.
    pub label: String,
}

/// Decodes a page. `header` is the `charset` parameter of the content type, or empty; `top_level_domain`, lower case
/// and without dot, helps detection among encodings of one script.
///
/// # Errors
/// When the page states, or its bytes show, an encoding outside of the Encoding Standard.
pub fn decode<'a>(bytes: &'a [u8], header: &str, top_level_domain: Option<&str>) -> Result<Decoded<'a>, Unsupported> {
    if let Some(found) = traits::of_marks(bytes) {
        return decode_as_trait(bytes, found, Origin::Marks);
    }
    let stated = prescan::stated_charset(bytes);
    let claims = [(header, Origin::Header), (stated.as_deref().unwrap_or_default(), Origin::Page)];
    let labels = claims.map(|(name, _)| label(name));

    let n_utf8 = traits::valid_utf8_characters(bytes);
    if let Some(n_characters) = n_utf8 {
        let is_two_byte =
            |claim: &Label| matches!(claim, Label::Known(encoding) if !encoding.is_single_byte() && *encoding != UTF_8);
        if n_characters == 0
            && let Some(found) = traits::of_escapes(bytes)
        {
            return decode_as_trait(bytes, found, Origin::Content);
        }
        let is_proof = n_characters >= MIN_UTF8_CHARACTERS || n_characters == 0;
        if is_proof || !labels.iter().any(is_two_byte) {
            let claim = labels.iter().position(|claim| *claim == Label::Known(UTF_8));
            return Ok(decoded(bytes, UTF_8, claim.map_or(Origin::Content, |at| claims[at].1)));
        }
    }
    if let Some(at) = labels.iter().position(|claim| *claim == Label::Unsupported) {
        return Err(Unsupported { label: claims[at].0.to_owned() });
    }
    let claim = believed(bytes, &labels).map(|at| (labels[at], claims[at].1));
    Ok(match claim {
        Some((Label::Known(encoding), origin)) => decoded(bytes, encoding, origin),
        _ => detected(bytes, top_level_domain),
    })
}

/// The claim to follow: the first whose encoding fits the bytes. Servers add Latin-1 to everything they send, so the
/// page is asked first where the header says so.
fn believed(bytes: &[u8], labels: &[Label; 2]) -> Option<usize> {
    let order = if labels[0] == Label::Known(WINDOWS_1252) && labels[1] != Label::Unknown { [1, 0] } else { [0, 1] };
    order.into_iter().find(|&at| match labels[at] {
        Label::Known(encoding) => traits::malformed_share(bytes, encoding) <= MAX_MALFORMED_SHARE,
        Label::Unsupported | Label::Unknown => false,
    })
}

fn decode_as_trait(bytes: &[u8], found: Trait, origin: Origin) -> Result<Decoded<'_>, Unsupported> {
    match found {
        Trait::Encoding(encoding) => Ok(decoded(bytes, encoding, origin)),
        Trait::Unsupported(name) => Err(Unsupported { label: name.to_owned() }),
    }
}

fn detected<'a>(bytes: &'a [u8], top_level_domain: Option<&str>) -> Decoded<'a> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let domain = top_level_domain.filter(|domain| domain.bytes().all(|byte| byte.is_ascii_lowercase()));
    let guess = detector.guess(domain.map(str::as_bytes), Utf8Detection::Deny);
    decoded(bytes, guess, Origin::Content)
}

fn decoded<'a>(bytes: &'a [u8], encoding: &'static Encoding, origin: Origin) -> Decoded<'a> {
    let (text, encoding, _) = encoding.decode(bytes);
    let text = match text {
        text if !text.contains('\0') => text,
        text => Cow::Owned(text.replace('\0', "")),
    };
    Decoded { text, encoding: encoding.name(), origin }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{EUC_KR, GBK, ISO_8859_2, KOI8_R, SHIFT_JIS, WINDOWS_1251};

    const GERMAN: &str = "Grüße aus Köln, dies ist der Text. ";

    fn text(bytes: &[u8], header: &str) -> String {
        decode(bytes, header, None).unwrap().text.into_owned()
    }

    #[test]
    fn marks_win_over_every_claim() {
        assert_eq!(text("\u{feff}ä".as_bytes(), "iso-8859-1"), "ä");
        let utf16: Vec<u8> =
            [0xFFu8, 0xFE].into_iter().chain(GERMAN.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let page = decode(&utf16, "utf-8", None).unwrap();
        assert_eq!((page.text.as_ref(), page.origin), (GERMAN, Origin::Marks));
    }

    #[test]
    fn valid_utf8_wins_over_a_claim_of_one_byte_encodings() {
        let page = decode(GERMAN.as_bytes(), "iso-8859-1", None).unwrap();
        assert_eq!((page.text.as_ref(), page.encoding), (GERMAN, "UTF-8"));
        assert_eq!(decode(GERMAN.as_bytes(), "utf-8", None).unwrap().origin, Origin::Header);
    }

    #[test]
    fn a_character_valid_by_accident_does_not() {
        let (bytes, ..) = GBK.encode("一");
        assert!(std::str::from_utf8(&bytes).is_ok());
        assert_eq!(text(&bytes, "gbk"), "一");
    }

    #[test]
    fn a_false_utf8_claim_is_corrected() {
        let (bytes, ..) = WINDOWS_1252.encode(GERMAN);
        let many = bytes.repeat(20);
        assert_eq!(text(&many, "utf-8"), GERMAN.repeat(20));
        assert_eq!(text(&many, ""), GERMAN.repeat(20));
        let page = [b"<meta charset=utf-8>".as_slice(), &many].concat();
        assert!(text(&page, "").ends_with(GERMAN));
    }

    #[test]
    fn one_broken_character_does_not_make_a_page_latin() {
        let bytes = [GERMAN.repeat(40).as_bytes(), b"\xff"].concat();
        assert_eq!(text(&bytes, "utf-8"), format!("{}\u{fffd}", GERMAN.repeat(40)));
    }

    #[test]
    fn the_page_is_believed_over_a_header_of_latin1() {
        let (bytes, ..) = WINDOWS_1251.encode("<meta charset=windows-1251>Привет, мир");
        assert!(text(&bytes, "iso-8859-1").ends_with("Привет, мир"));
        let (bytes, ..) = ISO_8859_2.encode("<meta charset=windows-1251>žluťoučký");
        assert!(text(&bytes, "iso-8859-2").ends_with("žluťoučký"));
    }

    #[test]
    fn undeclared_pages_are_detected() {
        for (encoding, sample) in [
            (KOI8_R, "Это обычный русский текст, который написан для проверки. "),
            (SHIFT_JIS, "これは日本語で書かれた普通の文章です。"),
            (EUC_KR, "이것은 한국어로 쓰인 보통 글입니다. "),
        ] {
            let sample = sample.repeat(5);
            let (bytes, ..) = encoding.encode(&sample);
            assert_eq!(text(&bytes, ""), sample, "{}", encoding.name());
        }
        assert_eq!(text(b"\x1b$BF|K\\\x1b(B", ""), "日本");
    }

    #[test]
    fn the_unsupported_is_named() {
        for (bytes, header, label) in [
            (b"\x88a\xe4".as_slice(), "Johab", "Johab"),
            (b"<meta charset=ibm855>\x88\xe4\xff", "", "ibm855"),
            (b"\x1b$)C\x0e!!", "", "iso-2022-kr"),
            (b"\0\0\0<\0\0\0b\0\0\0>\0\0\0a\0\0\0b", "", "utf-32"),
        ] {
            assert_eq!(decode(bytes, header, None), Err(Unsupported { label: label.to_owned() }));
        }
    }

    #[test]
    fn nul_characters_vanish() {
        assert_eq!(text(b"a\0b\0", ""), "ab");
        assert_eq!(text(b"", "utf-8"), "");
    }

    #[test]
    fn an_odd_domain_is_ignored() {
        let (bytes, ..) = KOI8_R.encode("Это обычный русский текст");
        for domain in ["ru", "RU", "xn--p1ai", "", "b.c"] {
            assert!(decode(&bytes, "", Some(domain)).is_ok());
        }
    }
}
