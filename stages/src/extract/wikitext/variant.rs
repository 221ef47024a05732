//! Words in the variants of a language: `-{zh-hans:软件;zh-hant:軟體}-`.

/// Variants in order of preference, where a page has several forms of a word: the plainest script that most readers have.
const PREFERRED: &[&str] = &["zh-hans", "zh-cn", "zh", "zh-hant", "zh-tw", "sr-ec", "sr-cyrl"];

/// What is read of the inside of `-{…}-`; `parts` are its pieces between `|`.
pub fn choose<'a>(flags: Option<&str>, content: &'a str) -> &'a str {
    let flags = flags.unwrap_or_default();
    let has = |flag: &str| flags.split(';').any(|given| given.trim().eq_ignore_ascii_case(flag));
    // Rules for the page or its title, which show nothing where they stand.
    if has("H") || has("T") || has("-") {
        return "";
    }
    if has("R") {
        return content.trim();
    }
    let forms: Vec<(&str, &str)> = content.split(';').filter_map(|form| form.split_once(':')).collect();
    let is_code =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let forms: Vec<(&str, &str)> =
        forms.into_iter().map(|(name, form)| (name.trim(), form.trim())).filter(|(name, _)| is_code(name)).collect();
    let preferred = PREFERRED.iter().find_map(|wanted| forms.iter().find(|(name, _)| name == wanted));
    match preferred.or(forms.first()) {
        // `a=>zh-cn:b` converts one way only.
        Some((_, form)) => form.rsplit("=>").next().unwrap_or(form),
        None => content.trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_is_read() {
        assert_eq!(choose(None, "zh-hant:軟體;zh-hans:软件;"), "软件");
        assert_eq!(choose(None, "sr-el: Beograd; sr-ec: Београд"), "Београд");
        assert_eq!(choose(None, " as it is "), "as it is");
        assert_eq!(choose(Some("R"), "a:b"), "a:b");
        assert_eq!(choose(Some("H"), "zh-cn:x"), "");
        assert_eq!(choose(Some("A"), "zh-cn:x;zh-tw:y"), "x");
        assert_eq!(choose(None, "see https://a.example/;b"), "see https://a.example/;b");
    }
}
