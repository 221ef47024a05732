//! What a recipe wants of an index: the table `[source.index]`, and what it makes of a row.

use crate::size;
use serde_json::{Value, json};
use tokenmill_core::ledger::Removal;
use tokenmill_store::source::IndexRow;

/// Entries of a list of the table, at most.
pub const MAX_LIST: usize = 1_000;

/// The table `[source.index]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexSpec {
    /// Partitions that are read (`subset=…` in the path of an index file); files outside any partition are read.
    pub subsets: Vec<String>,
    /// Wanted main languages, as ISO 639-3 codes; empty for all pages, also those without a language.
    pub languages: Vec<String>,
    /// Wanted media types; empty for all.
    pub mime: Vec<String>,
    /// Wanted statuses; empty for all.
    pub status: Vec<u16>,
    /// Whether captures stay that were cut off.
    pub keeps_truncated: bool,
    /// Of which captures only the newest stays.
    pub unique: Key,
    /// Bytes between two wanted records that are rather read than asked around.
    pub gap: u64,
}

/// What makes two captures the same page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Nothing.
    Off,
    /// The URL as captured.
    Url,
    /// The canonical form that the index has of it.
    Surt,
}

impl Key {
    /// Every key by its name in a recipe.
    pub const ALL: [(&'static str, Key); 3] = [("off", Key::Off), ("url", Key::Url), ("surt", Key::Surt)];

    /// The name in a recipe.
    pub fn name(self) -> &'static str {
        Key::ALL.iter().find(|(_, key)| *key == self).map_or("off", |(name, _)| name)
    }
}

impl Default for IndexSpec {
    fn default() -> IndexSpec {
        IndexSpec {
            subsets: vec!["warc".to_owned()],
            languages: Vec::new(),
            mime: vec!["text/html".to_owned(), "application/xhtml+xml".to_owned()],
            status: vec![200],
            keeps_truncated: true,
            unique: Key::Off,
            gap: 64 << 10,
        }
    }
}

impl IndexSpec {
    /// Why a row is not wanted, if it is not.
    pub fn judge(&self, row: &IndexRow) -> Option<Removal> {
        let removed = |reason: &str, evidence: &str| {
            let evidence = Some(evidence.to_owned()).filter(|evidence| !evidence.is_empty());
            Some(Removal { step: "index".to_owned(), reason: reason.to_owned(), evidence, ..Removal::default() })
        };
        if !self.status.is_empty() && !self.status.iter().any(|status| row.status == Some(i64::from(*status))) {
            let value = row.status.map(|status| status as f32);
            let removal = removed("index_status", "");
            return removal.map(|removal| Removal { metric: "status".to_owned(), value, ..removal });
        }
        if !self.mime.is_empty() && !self.mime.iter().any(|mime| mime.eq_ignore_ascii_case(&row.mime)) {
            return removed("index_mime", &row.mime);
        }
        let language = main_language(&row.languages);
        if !self.languages.is_empty() && !self.languages.iter().any(|wanted| wanted == language) {
            return removed("index_language", &row.languages);
        }
        if !self.keeps_truncated && !row.truncated.is_empty() {
            return removed("index_truncated", &row.truncated);
        }
        None
    }

    /// The columns without which the judgement would be blind.
    pub fn needed(&self) -> Vec<&'static str> {
        let needs = [
            (!self.languages.is_empty(), "content_languages"),
            (!self.mime.is_empty(), "content_mime_type"),
            (!self.keeps_truncated, "content_truncated"),
            (self.unique != Key::Off, "fetch_time"),
        ];
        needs.into_iter().filter(|(is_needed, _)| *is_needed).map(|(_, column)| column).collect()
    }

    /// Whether a file with this address is in a partition that is read.
    pub fn reads(&self, uri: &str) -> bool {
        let subset = uri.split('/').find_map(|part| part.strip_prefix("subset="));
        subset.is_none_or(|subset| self.subsets.is_empty() || self.subsets.iter().any(|wanted| wanted == subset))
    }

    /// Everything that can change which rows are wanted, for the fingerprint.
    pub fn canonical(&self) -> Value {
        json!({
            "languages": self.languages,
            "mime": self.mime,
            "status": self.status,
            "keeps_truncated": self.keeps_truncated,
            "unique": self.unique.name(),
        })
    }

    /// What is wanted, for people.
    pub fn notes(&self) -> Vec<String> {
        let list = |items: &[String]| if items.is_empty() { "all".to_owned() } else { items.join(", ") };
        let status: Vec<String> = self.status.iter().map(u16::to_string).collect();
        let truncated = if self.keeps_truncated { "keep" } else { "drop" };
        vec![
            format!(
                "wanted     languages {}  mime {}  status {}",
                list(&self.languages),
                list(&self.mime),
                list(&status)
            ),
            format!("           truncated {truncated}  unique {}  subsets {}", self.unique.name(), list(&self.subsets)),
        ]
    }

    /// The table, every default written out.
    pub fn to_toml(&self) -> toml::Table {
        let status: Vec<i64> = self.status.iter().map(|status| i64::from(*status)).collect();
        let truncated = if self.keeps_truncated { "keep" } else { "drop" };
        toml::Table::from_iter([
            ("subsets".to_owned(), self.subsets.clone().into()),
            ("languages".to_owned(), self.languages.clone().into()),
            ("mime".to_owned(), self.mime.clone().into()),
            ("status".to_owned(), status.into()),
            ("truncated".to_owned(), truncated.into()),
            ("unique".to_owned(), self.unique.name().into()),
            ("gap".to_owned(), gap_text(self.gap).into()),
        ])
    }
}

/// A gap as it is written in a recipe; nothing is `0B`.
fn gap_text(gap: u64) -> String {
    if gap == 0 { "0B".to_owned() } else { size::to_text(gap) }
}

/// The main language of a page: the first of the list.
pub fn main_language(languages: &str) -> &str {
    languages.split(',').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> IndexRow {
        IndexRow { status: Some(200), mime: "text/html".into(), languages: "deu,eng".into(), ..IndexRow::default() }
    }

    fn reason(spec: &IndexSpec, row: &IndexRow) -> String {
        spec.judge(row).map(|removal| removal.reason).unwrap_or_default()
    }

    #[test]
    fn every_rule_has_a_kept_and_a_removed_row() {
        let spec = IndexSpec { languages: vec!["deu".into()], keeps_truncated: false, ..IndexSpec::default() };
        assert_eq!(reason(&spec, &row()), "");
        for (changed, expected) in [
            (IndexRow { status: Some(404), ..row() }, "index_status"),
            (IndexRow { status: None, ..row() }, "index_status"),
            (IndexRow { mime: "Application/XHTML+xml".into(), ..row() }, ""),
            (IndexRow { mime: "image/png".into(), ..row() }, "index_mime"),
            (IndexRow { mime: String::new(), ..row() }, "index_mime"),
            (IndexRow { languages: "eng,deu".into(), ..row() }, "index_language"),
            (IndexRow { languages: String::new(), ..row() }, "index_language"),
            (IndexRow { truncated: "length".into(), ..row() }, "index_truncated"),
        ] {
            assert_eq!(reason(&spec, &changed), expected, "{changed:?}");
        }
        let all = IndexSpec { mime: Vec::new(), status: Vec::new(), ..IndexSpec::default() };
        assert_eq!(reason(&all, &IndexRow::default()), "");
        assert_eq!(spec.judge(&IndexRow { status: Some(404), ..row() }).unwrap().value, Some(404.0));
    }

    #[test]
    fn partitions_are_told_by_their_folder() {
        let spec = IndexSpec::default();
        for (uri, expected) in [
            ("s3://b/crawl=C/subset=warc/part-0.parquet", true),
            ("s3://b/crawl=C/subset=robotstxt/part-0.parquet", false),
            ("/data/part-0.parquet", true),
        ] {
            assert_eq!(spec.reads(uri), expected, "{uri}");
        }
        assert_eq!(spec.needed(), ["content_mime_type"]);
    }
}
