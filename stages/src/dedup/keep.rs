//! Which document of a group is kept: a rank that follows from the document alone.

use tokenmill_core::{BuildError, Default, Doc, Param, Params, date};

/// The parameter of both stages.
pub(super) const PARAM: Param = Param {
    name: "keep",
    default: Default::Text("newest"),
    about: "`newest` or `oldest` by capture date; a truncated capture is kept only when no whole one is there, and one \
            without a date only when no dated one is; then the smallest id decides",
};

/// Truncated captures come after all others.
const TRUNCATED: u64 = 1 << 63;
/// Captures without a date come after all dated ones.
const UNDATED: u64 = 1 << 62;
/// More than any date, see [`date::micros`].
const LATEST: u64 = 1 << 59;

/// The order in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preference {
    Newest,
    Oldest,
}

impl Preference {
    /// Reads the parameter.
    pub(super) fn of(params: &Params) -> Result<Preference, BuildError> {
        match params.text(PARAM.name) {
            "newest" => Ok(Preference::Newest),
            "oldest" => Ok(Preference::Oldest),
            other => Err(BuildError::new(format!("`keep` must be `newest` or `oldest`, not `{other}`"))),
        }
    }

    /// The rank of a document: the smallest is kept.
    pub(super) fn rank(self, doc: &Doc<'_>) -> u64 {
        let truncated = if doc.document().truncated { TRUNCATED } else { 0 };
        let by_date = match (date::micros(doc.date().as_bytes()), self) {
            (None, _) => UNDATED,
            (Some(micros), Preference::Newest) => LATEST - micros,
            (Some(micros), Preference::Oldest) => micros,
        };
        truncated | by_date
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::{Analysis, Document};

    #[test]
    fn whole_captures_come_first_then_dated_ones_then_by_date() {
        let rank = |preference: Preference, date: &str, truncated| {
            let document = Document { date: date.into(), truncated, ..Document::default() };
            preference.rank(&Doc::new(&document, &Analysis::default()))
        };
        let order =
            [("2024-01-02", false), ("2024-01-01", false), ("", false), ("2024-01-03", true), ("no date", true)];
        let ranks = order.map(|(date, truncated)| rank(Preference::Newest, date, truncated));
        assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
        assert!(rank(Preference::Oldest, "2024-01-01", false) < rank(Preference::Oldest, "2024-01-02", false));
        assert!(rank(Preference::Oldest, "9999-12-31", false) < rank(Preference::Oldest, "", false));
    }
}
