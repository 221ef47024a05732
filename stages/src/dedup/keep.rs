//! Which document of a group is kept: a rank that follows from the document alone.

use tokenmill_core::{BuildError, Default, Doc, Param, Params, date};

/// The parameter of all stages that keep one of several.
pub(super) const PARAM: Param = Param {
    name: "keep",
    default: Default::Text("newest"),
    about: "`newest` or `oldest` by capture date, `longest` by bytes of text, `score` by the column named in `score`, or \
            `smallest_id`; a truncated capture is kept only when no whole one is there, and one without a date or score \
            only when none with it is; then the longer text, then the smallest id decides",
};

/// The parameter for `keep = "score"`.
pub(super) const SCORE: Param = Param {
    name: "score",
    default: Default::Text(""),
    about: "for `keep = \"score\"`: the carried column (`source.columns.extra`) whose highest number is kept",
};

/// Truncated captures come after all others.
const TRUNCATED: u64 = 1 << 63;
/// Documents without the date or score that decides come after all that have it.
const WITHOUT: u64 = 1 << 62;
/// Bits of the length of a text, which decides between equals; longer texts count as of this length.
const LENGTH_BITS: u32 = 24;
/// More seconds than any date has, in the bits that are left, see [`date::micros`].
const LATEST: u64 = (1 << (62 - LENGTH_BITS)) - 1;

/// The order in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Preference {
    Newest,
    Oldest,
    Longest,
    Score(String),
    SmallestId,
}

impl Preference {
    /// Reads the parameters.
    pub(super) fn of(params: &Params) -> Result<Preference, BuildError> {
        let score = params.text(SCORE.name);
        let preference = match params.text(PARAM.name) {
            "newest" => Preference::Newest,
            "oldest" => Preference::Oldest,
            "longest" => Preference::Longest,
            "smallest_id" => Preference::SmallestId,
            "score" if score.is_empty() => {
                return Err(BuildError::new("`keep = \"score\"` needs `score`, a column name"));
            }
            "score" => Preference::Score(score.to_owned()),
            other => {
                let known = "`newest`, `oldest`, `longest`, `score` or `smallest_id`";
                return Err(BuildError::new(format!("`keep` must be {known}, not `{other}`")));
            }
        };
        if !score.is_empty() && !matches!(preference, Preference::Score(_)) {
            return Err(BuildError::new("`score` is only read with `keep = \"score\"`"));
        }
        Ok(preference)
    }

    /// The rank of a document: the smallest is kept.
    pub(super) fn rank(&self, doc: &Doc<'_>) -> u64 {
        let truncated = if doc.document().truncated { TRUNCATED } else { 0 };
        const LONGEST: u64 = (1 << LENGTH_BITS) - 1;
        let shortness = LONGEST - (doc.text().len() as u64).min(LONGEST);
        let seconds = || date::micros(doc.date().as_bytes()).map(|micros| micros / 1_000_000);
        let first = match self {
            Preference::Newest => seconds().map(|seconds| LATEST - seconds.min(LATEST)),
            Preference::Oldest => seconds(),
            Preference::Score(column) => number_of(&doc.document().extra, column).map(descending),
            Preference::Longest => Some(0),
            Preference::SmallestId => return truncated,
        };
        truncated | first.map_or(WITHOUT, |first| first.min(LATEST) << LENGTH_BITS) | shortness
    }
}

/// A number in the JSON object of the columns carried along.
fn number_of(extra: &str, column: &str) -> Option<f32> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(extra).ok()?;
    let number = object.get(column)?.as_f64()? as f32;
    number.is_finite().then_some(number)
}

/// A number whose order is the reverse of that of `score`.
fn descending(score: f32) -> u64 {
    // Flipped so that the order of the bits is that of the numbers, of which -0 and 0 are one.
    let bits = (score + 0.0).to_bits();
    let ascending = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
    u64::from(!ascending)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::{Analysis, Document};

    fn rank(preference: &Preference, document: &Document) -> u64 {
        preference.rank(&Doc::new(document, &Analysis::default()))
    }

    fn dated(date: &str, truncated: bool) -> Document {
        Document { date: date.into(), truncated, ..Document::default() }
    }

    #[test]
    fn whole_captures_come_first_then_dated_ones_then_by_date() {
        let order =
            [("2024-01-02", false), ("2024-01-01", false), ("", false), ("2024-01-03", true), ("no date", true)];
        let ranks = order.map(|(date, truncated)| rank(&Preference::Newest, &dated(date, truncated)));
        assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
        let oldest =
            ["2024-01-01", "2024-01-02", "9999-12-31", ""].map(|date| rank(&Preference::Oldest, &dated(date, false)));
        assert!(oldest.is_sorted_by(|a, b| a < b), "{oldest:?}");
    }

    #[test]
    fn the_longer_text_decides_between_equals() {
        let document = |text: &str| Document { text: text.into(), ..dated("2024-01-01", false) };
        for preference in [Preference::Newest, Preference::Oldest, Preference::Longest] {
            assert!(rank(&preference, &document("longer")) < rank(&preference, &document("long")), "{preference:?}");
        }
        assert_eq!(
            rank(&Preference::SmallestId, &document("longer")),
            rank(&Preference::SmallestId, &document("long"))
        );
    }

    #[test]
    fn the_highest_score_comes_first() {
        let scored = |extra: &str| Document { extra: extra.into(), ..Document::default() };
        let order =
            ["{\"q\":1e9}", "{\"q\":2}", "{\"q\":0.5}", "{\"q\":0}", "{\"q\":-0.5}", "{\"q\":-3}", "{\"q\":\"x\"}"];
        let score = Preference::Score("q".into());
        let ranks = order.map(|extra| rank(&score, &scored(extra)));
        assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
        assert_eq!(rank(&score, &scored("")), rank(&score, &scored("{}")));
    }
}
