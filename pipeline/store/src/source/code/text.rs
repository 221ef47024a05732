//! Bytes of a file to text, or the reason why they are none.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// One of so many characters may be a control character; sources hold a form feed or an escape now and then.
const MIN_CHARACTERS_PER_CONTROL: usize = 200;

/// The text of a file: UTF-8, UTF-16 behind its mark, else in the encoding that the bytes look most like (chardetng, the
/// detector of Firefox). The mark is left out.
///
/// # Errors
/// What shows that it is no text.
pub fn decode(bytes: Vec<u8>) -> Result<String, &'static str> {
    let wide = [(&b"\xff\xfe"[..], UTF_16LE), (b"\xfe\xff", UTF_16BE)];
    if let Some((_, encoding)) = wide.into_iter().find(|(mark, _)| bytes.starts_with(mark)) {
        return decoded(&bytes, encoding);
    }
    if memchr::memchr(0, &bytes).is_some() {
        return Err("it has NUL bytes");
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(mut text) => {
            if text.starts_with('\u{feff}') {
                text.drain(..'\u{feff}'.len_utf8());
            }
            return checked(text);
        }
        Err(error) => error.into_bytes(),
    };
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&bytes, true);
    decoded(&bytes, detector.guess(None, Utf8Detection::Deny))
}

fn decoded(bytes: &[u8], encoding: &'static Encoding) -> Result<String, &'static str> {
    let (text, _, is_malformed) = encoding.decode(bytes);
    if is_malformed { Err("it is in no encoding that is known") } else { checked(text.into_owned()) }
}

fn checked(text: String) -> Result<String, &'static str> {
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c');
    let n_controls = text.chars().filter(|c| is_control(*c)).count();
    if text.starts_with("version https://git-lfs.github.com/spec/") && text.len() < 1024 {
        return Err("it is a pointer of Git LFS");
    }
    if text.contains('\0') || n_controls * MIN_CHARACTERS_PER_CONTROL > text.len() {
        return Err("it has control characters");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_decoded_and_other_files_are_not() {
        let wide = |text: &str, mark: &[u8]| {
            let units = text.encode_utf16().flat_map(u16::to_le_bytes);
            mark.iter().copied().chain(units).collect::<Vec<u8>>()
        };
        let latin = b"/* Gr\xf6\xdfe und M\xe4rchen f\xfcr sch\xf6ne M\xe4dchen */ int gr\xf6sse = 1;\n";
        assert_eq!(decode(latin.to_vec()).unwrap(), "/* Größe und Märchen für schöne Mädchen */ int grösse = 1;\n");
        assert_eq!(decode(b"\xef\xbb\xbfint x;".to_vec()).unwrap(), "int x;");
        assert_eq!(decode("größe".into()).unwrap(), "größe");
        assert_eq!(decode(wide("größe 漢", b"\xff\xfe")).unwrap(), "größe 漢");
        assert_eq!(decode(b"a\x0cb\n".to_vec()).unwrap(), "a\x0cb\n");
        for (bytes, why) in [
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "it has NUL bytes"),
            (wide("int x;", b""), "it has NUL bytes"),
            (wide("a\0b", b"\xff\xfe"), "it has control characters"),
            ((1..=255).collect::<Vec<u8>>(), "it has control characters"),
            (b"\xff\xfe\x00\xd8\x41\x00".to_vec(), "it is in no encoding that is known"),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n".to_vec(),
                "it is a pointer of Git LFS",
            ),
        ] {
            assert_eq!(decode(bytes).unwrap_err(), why);
        }
    }
}
