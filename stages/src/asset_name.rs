//! What an asset is called in labels: the end of what a recipe refers to it by.

/// The folder and the name of an asset, each empty if there is none; the name without what says how the file is written.
///
/// An asset is referred to by a name, a path, or an address with its digest (`https://…#sha256=…`).
pub(crate) fn folder_and_name(reference: &str) -> (&str, &str) {
    let is_address = reference.starts_with("https://");
    let path = if is_address { reference.split(['#', '?']).next().unwrap_or(reference) } else { reference };
    let mut pieces = path.rsplit(['/', '\\']);
    let name = pieces.next().unwrap_or(path);
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let name =
        [".jsonl", ".json", ".ndjson", ".txt"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    (pieces.next().unwrap_or(""), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_ends_of_references() {
        for (reference, expected) in [
            ("gsm8k", ("", "gsm8k")),
            ("a/arc_easy.jsonl", ("a", "arc_easy")),
            ("He.jsonl.gz", ("", "He")),
            ("b\\x.v2.txt", ("b", "x.v2")),
            ("/lists/C#?.txt", ("lists", "C#?")),
            ("https://example.org/m/spam.txt?v=1/2#sha256=00ff", ("m", "spam")),
            ("https://example.org/ut1/adult/domains#sha256=00ff", ("adult", "domains")),
        ] {
            assert_eq!(folder_and_name(reference), expected, "{reference}");
        }
    }
}
