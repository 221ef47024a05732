//! The columns of every table on disk, said once; the store turns them into Arrow, the CLI reads them by name.

/// The physical type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// UTF-8 text.
    Text,
    /// UTF-8 text with few distinct values; stored with a dictionary.
    Label,
    /// Sixteen bytes, a [`crate::DocId`].
    Id,
    /// Unsigned 64-bit.
    U64,
    /// Unsigned 32-bit.
    U32,
    /// 32-bit float.
    F32,
    /// True or false.
    Bool,
    /// A list of token ids.
    Tokens,
}

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name in the file.
    pub name: &'static str,
    /// Physical type.
    pub kind: Type,
    /// Whether a row may have no value.
    pub nullable: bool,
    /// Meaning, with units.
    pub about: &'static str,
}

const fn column(name: &'static str, kind: Type, about: &'static str) -> Column {
    Column { name, kind, nullable: false, about }
}

const fn optional(name: &'static str, kind: Type, about: &'static str) -> Column {
    Column { name, kind, nullable: true, about }
}

/// `docs/`: the documents that are alive at the end of a phase.
pub const DOCS: &[Column] = &[
    column("id", Type::Id, "document id"),
    column("row", Type::U32, "row of this document in the ledger of the same part"),
    column("record_id", Type::Text, "id as the source gives it: WARC-Record-ID or id column; may be empty"),
    column("url", Type::Text, "target URI as captured"),
    column("canonical_url", Type::Text, "canonical form of the URL, or empty when no step made one"),
    column("date", Type::Text, "capture date, RFC 3339 UTC, or empty"),
    column("lang", Type::Label, "language label given by a step or by the source, or empty"),
    column("kind", Type::Label, "page kind given by a step, or empty"),
    column("title", Type::Text, "title of the page, or empty"),
    column("truncated", Type::Bool, "whether the capture was cut off"),
    column("source", Type::Label, "name of the input file"),
    column("extra", Type::Text, "JSON object of the columns carried along, or empty"),
    column("robots", Type::Label, "what headers and tags of the page allow machines, such as `noindex noai`, or empty"),
    column("license", Type::Label, "licence: the address that the page names, or an SPDX expression; or empty"),
    column("text", Type::Text, "the text"),
];

/// `ledger/`: one row for every input document of the phase.
pub const LEDGER: &[Column] = &[
    column("id", Type::Id, "document id"),
    column("url_hash", Type::U64, "xxh3-64 of the URL as captured"),
    column("part", Type::Label, "name of the input that the row comes from"),
    column("row", Type::U32, "position in the input of the task"),
    column("kept", Type::Bool, "whether the document is in `docs/`"),
    column("step", Type::Label, "step that removed it, or empty"),
    column("reason", Type::Label, "removed because …, or empty"),
    column("metric", Type::Label, "metric whose value was judged, or empty"),
    optional("value", Type::F32, "value of the metric"),
    optional("limit", Type::F32, "limit that applied"),
    column("bytes", Type::U32, "bytes of text when the verdict fell (of the payload, when there was no text yet)"),
    optional("evidence", Type::Text, "what else explains the row: error text, kept twin"),
    column("lang", Type::Label, "language label at the end of the phase, or empty"),
    column("kind", Type::Label, "page kind at the end of the phase, or empty"),
    column("host", Type::Label, "host of the URL, in lower case and without `www.`, or empty"),
];

/// `removed/`: a sample of removed documents, with their text, for inspection.
pub const REMOVED: &[Column] = &[
    column("id", Type::Id, "document id"),
    column("url", Type::Text, "target URI as captured"),
    column("lang", Type::Label, "language label, or empty"),
    column("step", Type::Label, "step that removed it"),
    column("reason", Type::Label, "removed because …"),
    column("text", Type::Text, "text when the verdict fell, or empty"),
];

/// `groups/`: what each step removed of every source, language and domain, in one task.
pub const GROUPS: &[Column] = &[
    column("kind", Type::Label, "`source`, `language` or `domain`"),
    column("name", Type::Text, "folder of the input file, language label, or host without `www.`"),
    column("step", Type::Label, "the step, or empty for the documents that came in"),
    column("n", Type::U32, "documents that came in, or that the step removed"),
];

/// `tokens/`: the token store. The token ids of every document and what a mix may go by, sorted by key and id. One column
/// more for every score and label that the recipe has asked for, under the name of the metric.
pub const TOKENS: &[Column] = &[
    column("key", Type::U64, "place of the document in the shuffled order"),
    column("id", Type::Id, "document id"),
    column("lang", Type::Label, "language label, or empty"),
    column("kind", Type::Label, "page kind, or empty"),
    column("source", Type::Label, "name of the input file"),
    column("domain", Type::Text, "registrable domain of the URL, or empty"),
    column("n_tokens", Type::U32, "number of ids"),
    column("content", Type::U64, "xxh3-64 of the ids as little-endian 32-bit numbers"),
    column("tokens", Type::Tokens, "ids, without begin or end token"),
];

/// `weights/`: the tokens of every group of a mix by slices of the key range, in one task.
pub const WEIGHTS: &[Column] = &[
    column("group", Type::Label, "name of the group, or empty for documents in none"),
    column("slice", Type::U32, "highest bits of the key"),
    column("n_documents", Type::U64, "documents"),
    column("n_tokens", Type::U64, "tokens, with begin and end tokens"),
];

/// `pieces/`: what lies where in a shard, in its order: documents, or fragments of them.
pub const PIECES: &[Column] = &[
    column("id", Type::Id, "document id"),
    column("group", Type::Label, "group of the mix"),
    column("epoch", Type::U32, "how often the document was used up before"),
    column("start", Type::U64, "first token of the piece in its document, with begin and end tokens"),
    column("n_tokens", Type::U32, "tokens of the piece"),
    column("n_document", Type::U64, "tokens of the whole document, with begin and end tokens"),
    column("content", Type::U64, "xxh3-64 of the ids of the whole document, without begin and end tokens"),
];

/// Labels of documents by a language model: what `tokenmill annotate` writes.
pub const LABELS: &[Column] = &[
    column("id", Type::Text, "id as the source gives it, else the document id in hexadecimal digits"),
    column("url", Type::Text, "target URI as captured, or empty"),
    column("lang", Type::Label, "language label, or empty"),
    column("stratum", Type::Label, "stratum of the sample"),
    column("text", Type::Text, "the part of the text that the model has seen"),
    optional("label", Type::Label, "the label, a score in digits; absent when no answer could be read"),
    optional("score", Type::F32, "the score, where the label is one"),
    optional("unreadable", Type::Label, "why there is no label"),
    column("model", Type::Label, "model that was asked"),
    column("answered_by", Type::Label, "model that says it has answered, or empty"),
    column("prompt", Type::Label, "name of the prompt"),
    column("prompt_digest", Type::Label, "xxh3-128 of all that was sent but the text"),
    column("answer", Type::Text, "all that the model has said"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_in_each_table() {
        for table in [DOCS, LEDGER, REMOVED, GROUPS, TOKENS, WEIGHTS, PIECES, LABELS] {
            let mut names: Vec<_> = table.iter().map(|column| column.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.len());
        }
    }
}
