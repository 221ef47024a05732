//! What a page allows machines to do with it: directives of `X-Robots-Tag` headers and of `<meta name="robots">`, in one form.
//!
//! The form is a list of directives in lower case, each once, with a space between them: `noindex noai googlebot:nofollow`.
//! `noai` and `noimageai` are those of DeviantArt (2022); `tdm-reservation` stands for that header or meta tag with the value 1
//! (W3C TDM Reservation Protocol).

/// Bytes of directives of a page, at most.
const MAX_BYTES: usize = 512;

/// The directive that reserves the rights of text and data mining.
pub const TDM_RESERVATION: &str = "tdm-reservation";

/// Adds the directives of a header or meta tag, addressed to `agent` or to everybody when that is empty or `robots`. A header may
/// itself begin with an agent: `googlebot: noindex`. Dates have commas and colons of their own, and what is behind them is left out.
pub fn add(directives: &mut String, agent: &str, value: &str) {
    let mut agent = agent.trim().to_ascii_lowercase();
    if !agent.is_empty() && !is_agent(&agent) {
        return;
    }
    for item in value.split(',') {
        let mut item = item.trim().to_ascii_lowercase();
        if let Some((name, rest)) = item.split_once(':')
            && !has_value(name)
        {
            if !is_agent(name.trim()) {
                continue;
            }
            (agent, item) = (name.trim().to_owned(), rest.trim().to_owned());
        }
        let directive: String = item.split_whitespace().collect::<Vec<_>>().join("");
        let is_everybody = agent.is_empty() || agent == "robots" || agent == "*";
        add_one(directives, &if is_everybody { directive } else { format!("{agent}:{directive}") });
    }
}

/// Whether a word can be the name of a crawler, in lower case.
fn is_agent(word: &str) -> bool {
    let may_be_in = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    word == "*" || (word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(may_be_in))
}

/// Directives that have a value behind a colon, as in `max-snippet: 20`.
fn has_value(name: &str) -> bool {
    name.starts_with("max-") || name == "unavailable_after"
}

/// Adds a directive that is not there yet.
pub fn add_one(directives: &mut String, directive: &str) {
    let is_known = directives.split(' ').any(|known| known == directive);
    if directive.ends_with(':') || directive.is_empty() || is_known || directives.len() + directive.len() >= MAX_BYTES {
        return;
    }
    if !directives.is_empty() {
        directives.push(' ');
    }
    directives.push_str(directive);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(tags: &[(&str, &str)]) -> String {
        let mut directives = String::new();
        tags.iter().for_each(|(agent, value)| add(&mut directives, agent, value));
        directives
    }

    #[test]
    fn directives_have_one_form() {
        for (tags, expected) in [
            (&[("robots", "NoIndex, nofollow")][..], "noindex nofollow"),
            (&[("", "noai, noimageai"), ("Robots", "noai")], "noai noimageai"),
            (&[("", "googlebot: noindex, nofollow")], "googlebot:noindex googlebot:nofollow"),
            (&[("GPTBot", "noindex")], "gptbot:noindex"),
            (&[("", "max-snippet: 20, noindex")], "max-snippet:20 noindex"),
            (&[("", " , ,"), ("bot", "")], ""),
            (&[("", "unavailable_after: Wed, 25 Jun 2025 15:00:00 GMT, noai")], "unavailable_after:wed noai"),
            (&[("", "*: noai"), ("", "a bot: noindex"), ("x noindex y", "nofollow")], "noai"),
        ] {
            assert_eq!(form(tags), expected);
        }
    }

    #[test]
    fn endless_lists_are_cut() {
        let value: Vec<String> = (0..10_000).map(|n| format!("no{n}")).collect();
        assert!(form(&[("robots", &value.join(","))]).len() <= MAX_BYTES);
    }
}
