//! What was measured of an encoder: MB per CPU-second by kind of text, and ids that are other than ours.

use crate::error::{Error, Result};
use serde_json::Value;

/// An encoder, measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoder {
    /// What the page calls it.
    pub name: String,
    /// MB per CPU-second of the first pass: of every kind of text, and of all together.
    pub cold: Vec<f64>,
    /// The same of the second pass.
    pub warm: Vec<f64>,
    /// Ids of all kinds; 0 where they were not counted.
    pub n_ids: u64,
    /// Texts of the corpus, and hostile texts, with other ids than ours.
    pub n_other: [u64; 2],
}

/// A line of `encode_speed`.
struct Line<'a> {
    file: &'a str,
    engine: &'a str,
    n_ids: u64,
    cold: f64,
    warm: f64,
}

impl Line<'_> {
    fn parse(line: &str) -> Option<Line<'_>> {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[file, engine, _, ids, _, cold, warm] = fields.as_slice() else { return None };
        Some(Line {
            file,
            engine,
            n_ids: ids.strip_suffix(" ids")?.parse().ok()?,
            cold: cold.strip_prefix("cold ")?.parse().ok()?,
            warm: warm.strip_prefix("warm ")?.strip_suffix(" MB/s")?.parse().ok()?,
        })
    }
}

impl Encoder {
    /// From the lines of `encode_speed` about one engine.
    ///
    /// # Errors
    /// When one of the kinds, or the sum of all, is missing.
    pub fn of_lines(name: &str, lines: &str, engine: &str, kinds: &[&str]) -> Result<Encoder> {
        let mut encoder =
            Encoder { name: name.to_owned(), cold: Vec::new(), warm: Vec::new(), n_ids: 0, n_other: [0, 0] };
        let files = kinds.iter().map(|kind| format!("/{kind}.txt")).chain(["all".to_owned()]);
        for file in files {
            let mut parsed = lines.lines().filter_map(Line::parse);
            let line = parsed.find(|line| line.engine == engine && line.file.ends_with(&file));
            let line = line.ok_or_else(|| Error::new(format!("`encode_speed` says nothing of `{file}`, {engine}")))?;
            encoder.cold.push(line.cold);
            encoder.warm.push(line.warm);
            encoder.n_ids = line.n_ids;
        }
        Ok(encoder)
    }

    /// From the figures of `tokens_peers.py`.
    ///
    /// # Errors
    /// When one of the kinds is missing.
    pub fn of_figures(name: &str, figures: &Value, kinds: &[&str]) -> Result<Encoder> {
        let number = |kind: &str, what: &str| {
            let number = figures[kind][what].as_f64();
            number.ok_or_else(|| Error::new(format!("`tokens_peers.py` gives no `{what}` of `{kind}`")))
        };
        let rates = |pass: &str| -> Result<Vec<f64>> {
            let (mut rates, mut bytes, mut seconds) = (Vec::new(), 0.0, 0.0);
            for kind in kinds {
                let (these_bytes, these_seconds) = (number(kind, "bytes")?, number(kind, pass)?);
                rates.push(these_bytes / 1e6 / these_seconds.max(1e-9));
                bytes += these_bytes;
                seconds += these_seconds;
            }
            rates.push(bytes / 1e6 / seconds.max(1e-9));
            Ok(rates)
        };
        Ok(Encoder { name: name.to_owned(), cold: rates("cold")?, warm: rates("warm")?, n_ids: 0, n_other: [0, 0] })
    }
}

/// Texts with different hashes, of 8 bytes each; `None` when there are not as many.
pub fn differences(ours: &[u8], theirs: &[u8]) -> Option<u64> {
    if ours.len() != theirs.len() || !ours.len().is_multiple_of(8) {
        return None;
    }
    Some(ours.chunks(8).zip(theirs.chunks(8)).filter(|(ours, theirs)| ours != theirs).count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_encode_speed_are_read() {
        let lines = "\
                     /x/code.txt\tours\t2.0 MB\t500 ids\t00ff\tcold 100.5\twarm 250.0 MB/s\n\
                     /x/code.txt\tfastokens\t2.0 MB\t500 ids\t00ff\tcold 80.0\twarm 200.0 MB/s\n\
                     all\tours\t2.0 MB\t501 ids\t00ff\tcold 100.0\twarm 249.0 MB/s\n\
                     all\tfastokens\t2.0 MB\t501 ids\t00ff\tcold 79.0\twarm 199.0 MB/s\n";
        let encoder = Encoder::of_lines("them", lines, "fastokens", &["code"]).unwrap();
        assert_eq!((encoder.cold, encoder.warm, encoder.n_ids), (vec![80.0, 79.0], vec![200.0, 199.0], 501));
        assert!(Encoder::of_lines("them", lines, "fastokens", &["chinese"]).is_err());
        assert!(Encoder::of_lines("them", "", "ours", &[]).is_err());
    }

    #[test]
    fn the_rate_of_all_is_that_of_all_bytes() {
        let figures = serde_json::json!({
            "a": {"bytes": 1e6, "cold": 1.0, "warm": 0.5},
            "b": {"bytes": 5e6, "cold": 1.0, "warm": 1.0},
        });
        let encoder = Encoder::of_figures("it", &figures, &["a", "b"]).unwrap();
        assert_eq!((encoder.cold, encoder.warm), (vec![1.0, 5.0, 3.0], vec![2.0, 5.0, 4.0]));
        assert!(Encoder::of_figures("it", &figures, &["c"]).is_err());
    }

    #[test]
    fn hashes_are_compared_text_by_text() {
        let (ours, theirs) = ([1u8; 24], [[1u8; 8], [2; 8], [1; 8]].concat());
        assert_eq!(differences(&ours, &theirs), Some(1));
        assert_eq!(differences(&ours, &ours), Some(0));
        assert_eq!(differences(&ours, &theirs[..16]), None);
        assert_eq!(differences(&ours[..7], &theirs[..7]), None);
    }
}
