//! The file of a reference: what it says, its bytes, and a reader that trusts none of them.
//!
//! Little-endian: the eight bytes `tm-diver`, version (u32), length of the language (u8) and the language, documents
//! (u64), words (u64), number of levels (u8) and the levels, number of words in the vocabulary (u32) and these in
//! ascending order, each as the difference to the hash before it and its count (two LEB128 numbers); then xxh3-64 of
//! all bytes before. A level is log2 of its words (u8), documents (u32), and six percentiles (f32).

use super::MIN_LEVEL;
use tokenmill_core::BuildError;
use tokenmill_core::hash::hash64;

const MAGIC: &[u8; 8] = b"tm-diver";
const VERSION: u32 = 1;
/// Most words of a vocabulary: 3 MB of memory, and about 1 MB of file.
pub(super) const MAX_VOCABULARY: usize = 1 << 17;
/// The longest level has 2^16 words.
pub(super) const MAX_LEVEL: u8 = 16;
const MAX_LANG_BYTES: usize = 32;

/// The percentiles of a level, in thousandths.
pub const PERCENTILES: [usize; 6] = [500, 750, 950, 990, 995, 999];

/// A reference: the words of a sample of one language, and how far its own documents diverge from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The language, as the maker named it.
    pub lang: String,
    /// Documents of the sample.
    pub n_documents: u64,
    /// Normal words of the sample, those outside the vocabulary included.
    pub n_words: u64,
    /// Divergences by length, in steps of two from 2^5 words on.
    pub levels: Vec<Level>,
    /// Hash and count of every word of the vocabulary, by hash.
    pub vocabulary: Vec<(u64, u32)>,
}

/// How far documents of the sample diverge from the others, by their first 2^k words.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// k
    pub log2_words: u8,
    /// Documents that have so many words.
    pub n_documents: u32,
    /// [`PERCENTILES`] of their divergences, in bits.
    pub percentiles: [f32; 6],
}

impl Reference {
    /// The bytes of the file: the same for the same reference.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(VERSION.to_le_bytes());
        out.push(self.lang.len() as u8);
        out.extend(self.lang.as_bytes());
        out.extend(self.n_documents.to_le_bytes());
        out.extend(self.n_words.to_le_bytes());
        out.push(self.levels.len() as u8);
        for level in &self.levels {
            out.push(level.log2_words);
            out.extend(level.n_documents.to_le_bytes());
            level.percentiles.iter().for_each(|value| out.extend(value.to_le_bytes()));
        }
        out.extend((self.vocabulary.len() as u32).to_le_bytes());
        let mut before = 0;
        for (word, count) in &self.vocabulary {
            push_number(word.wrapping_sub(before), &mut out);
            push_number(u64::from(*count), &mut out);
            before = *word;
        }
        out.extend(hash64(0, &out).to_le_bytes());
        out
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is not such a file, is damaged, or says what cannot be.
    pub fn from_bytes(bytes: &[u8]) -> Result<Reference, BuildError> {
        let Some((content, sum)) = bytes.strip_prefix(MAGIC).and(bytes.split_last_chunk()) else {
            return Err(BuildError::new("not a reference of words").hint("`tokenmill reference` makes them"));
        };
        if hash64(0, content) != u64::from_le_bytes(*sum) {
            return Err(BuildError::new("the file is damaged: its checksum is wrong"));
        }
        let mut rest = Bytes(content.get(MAGIC.len()..).unwrap_or_default());
        let reference = rest.reference().map_err(|what| BuildError::new(format!("the file is damaged: {what}")))?;
        reference.check().map_err(|what| BuildError::new(format!("the file is damaged: {what}")))?;
        Ok(reference)
    }

    /// Whether it can be what it says.
    fn check(&self) -> Result<(), &'static str> {
        if !is_language(&self.lang) {
            return Err("its language has no name");
        }
        if self.levels.is_empty() || self.vocabulary.is_empty() {
            return Err("it says nothing");
        }
        for (level, log2_words) in self.levels.iter().zip(MIN_LEVEL..) {
            let sorted = level.percentiles.is_sorted() && level.percentiles.iter().all(|value| value.is_finite());
            if level.log2_words != log2_words || log2_words > MAX_LEVEL || !sorted || level.unit() <= 0.0 {
                return Err("a level is none");
            }
        }
        let n_known: u64 = self.vocabulary.iter().map(|(_, count)| u64::from(*count)).sum();
        let is_sorted = self.vocabulary.is_sorted_by(|a, b| a.0 < b.0);
        if n_known > self.n_words || !is_sorted || self.vocabulary.iter().any(|(word, count)| *word == 0 || *count == 0)
        {
            return Err("its vocabulary is none");
        }
        Ok(())
    }
}

/// Whether a text can name a language: letters, digits, `-` and `_`.
pub(super) fn is_language(lang: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_LANG_BYTES).contains(&lang.len()) && lang.bytes().all(is_part)
}

/// LEB128: seven bits a byte, the lowest first; the high bit says that more follow.
fn push_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// What is left to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (head, tail) = self.0.split_first_chunk().ok_or("it ends too early")?;
        self.0 = tail;
        Ok(*head)
    }

    fn u8(&mut self) -> Result<u8, &'static str> {
        self.array().map(|[byte]| byte)
    }

    fn number(&mut self) -> Result<u64, &'static str> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let part = u64::from(byte & 0x7f);
            if part << shift >> shift != part || (byte == 0 && shift > 0) {
                break;
            }
            number |= part << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err("a number is none")
    }

    fn reference(&mut self) -> Result<Reference, &'static str> {
        if u32::from_le_bytes(self.array()?) != VERSION {
            return Err("its version is unknown");
        }
        let n_lang = usize::from(self.u8()?);
        let (lang, rest) = self.0.split_at_checked(n_lang).ok_or("it ends too early")?;
        self.0 = rest;
        let lang = str::from_utf8(lang).map_err(|_| "its language has no name")?.to_owned();
        let (n_documents, n_words) = (u64::from_le_bytes(self.array()?), u64::from_le_bytes(self.array()?));
        let n_levels = self.u8()?;
        let levels = (0..n_levels).map(|_| self.level()).collect::<Result<_, _>>()?;
        let n_vocabulary = u32::from_le_bytes(self.array()?) as usize;
        // Every word takes two bytes or more.
        if n_vocabulary > MAX_VOCABULARY.min(self.0.len() / 2) {
            return Err("its vocabulary is too large");
        }
        let mut vocabulary = Vec::with_capacity(n_vocabulary);
        let mut before = 0u64;
        for _ in 0..n_vocabulary {
            before = before.checked_add(self.number()?).ok_or("its vocabulary is none")?;
            vocabulary.push((before, u32::try_from(self.number()?).map_err(|_| "a count is too large")?));
        }
        if !self.0.is_empty() {
            return Err("it goes on after its end");
        }
        Ok(Reference { lang, n_documents, n_words, levels, vocabulary })
    }

    fn level(&mut self) -> Result<Level, &'static str> {
        let (log2_words, n_documents) = (self.u8()?, u32::from_le_bytes(self.array()?));
        let mut percentiles = [0.0; 6];
        for value in &mut percentiles {
            *value = f32::from_le_bytes(self.array()?);
        }
        Ok(Level { log2_words, n_documents, percentiles })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference() -> Reference {
        let level = |log2_words| Level { log2_words, n_documents: 70, percentiles: [3.0, 4.0, 4.25, 4.5, 4.5, 5.0] };
        let vocabulary = (1..60u64).map(|i| (hash64(i, b""), 2 + i as u32 * i as u32)).collect::<Vec<_>>();
        let mut vocabulary = [vocabulary, vec![(3, 7), (u64::MAX, 1)]].concat();
        vocabulary.sort_unstable();
        let lang = "zh_Hant".to_owned();
        Reference { lang, n_documents: 80, n_words: 200_000, levels: vec![level(5), level(6)], vocabulary }
    }

    /// With a right checksum, so that all else must be noticed by itself.
    fn summed(content: &[u8]) -> Vec<u8> {
        [content, &hash64(0, content).to_le_bytes()].concat()
    }

    fn refusal(change: impl Fn(&mut Reference)) -> String {
        let mut changed = reference();
        change(&mut changed);
        Reference::from_bytes(&changed.to_bytes()).unwrap_err().message
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = reference().to_bytes();
        assert_eq!(Reference::from_bytes(&bytes).unwrap(), reference());
        assert_eq!(Reference::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        let hash = format!("{:016x}", hash64(0, &bytes));
        assert_eq!(hash, FROZEN, "the format has changed: raise its version");
    }

    const FROZEN: &str = "3a1c759983b3b143";

    #[test]
    fn damage_of_every_byte_is_noticed() {
        let bytes = reference().to_bytes();
        for at in 0..bytes.len() {
            for change in [1, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= change;
                assert!(Reference::from_bytes(&damaged).is_err(), "byte {at}");
            }
            assert!(Reference::from_bytes(&bytes[..at]).is_err(), "{at} bytes");
        }
        assert!(Reference::from_bytes(&[&bytes[..], b"x"].concat()).is_err());
    }

    #[test]
    fn damage_under_a_right_checksum_does_no_harm() {
        let bytes = reference().to_bytes();
        let content = &bytes[..bytes.len() - 8];
        for at in 0..content.len() {
            for change in [1, 0x80, 0xff] {
                let mut damaged = content.to_vec();
                damaged[at] ^= change;
                // What is read is sound, and is what the file says.
                if let Ok(read) = Reference::from_bytes(&summed(&damaged)) {
                    assert_eq!(read.to_bytes(), summed(&damaged), "byte {at}");
                }
            }
            assert!(Reference::from_bytes(&summed(&content[..at])).is_err(), "{at} bytes");
        }
        assert!(Reference::from_bytes(&summed(&[content, b"x"].concat())).is_err());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(refusal(|file| file.lang.clear()).contains("language"));
        assert!(refusal(|file| file.lang = "e n".to_owned()).contains("language"));
        assert!(refusal(|file| file.levels.clear()).contains("nothing"));
        assert!(refusal(|file| file.levels[1].log2_words = 7).contains("level"));
        assert!(refusal(|file| file.levels[0].percentiles[1] = 3.0).contains("level"));
        assert!(refusal(|file| file.levels[0].percentiles[5] = f32::NAN).contains("level"));
        assert!(refusal(|file| file.levels[0].percentiles[5] = f32::INFINITY).contains("level"));
        assert!(refusal(|file| file.n_words = 1000).contains("vocabulary"));
        assert!(refusal(|file| file.vocabulary[4].1 = 0).contains("vocabulary"));
        assert!(refusal(|file| file.vocabulary.swap(3, 4)).contains("vocabulary"));
        assert!(Reference::from_bytes(b"").unwrap_err().message.contains("not a reference"));
    }
}
