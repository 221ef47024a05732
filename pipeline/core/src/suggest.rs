//! What a misspelt name was meant to be.

/// The known name that is closest to `given`, if one is close.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().map(|name| (strsim::damerau_levenshtein(given, name), name));
    let (distance, name) = scored.min()?;
    (distance <= 1 + name.chars().count() / 3).then_some(name)
}

/// "did you mean …", or the list of what there is.
pub fn suggest(given: &str, known: &[&str]) -> String {
    match nearest(given, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known are: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_are_close_or_complete() {
        assert_eq!(suggest("mim_words", &["max_words", "min_words"]), "did you mean `min_words`?");
        assert_eq!(suggest("zzz", &["a", "b"]), "known are: a, b");
    }
}
