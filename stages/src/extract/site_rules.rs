//! What somebody who knows a site says about its pages, in CSS selectors: what the content is, and what is not.
//!
//! Only pages of a site with rules pay for it: they are parsed by `scraper`, cut down, and read again as any page.

use scraper::{ElementRef, Html, Selector};
use tokenmill_core::BuildError;

/// Larger pages are read without their rules: `scraper` bounds neither depth nor attributes.
const MAX_RULED_BYTES: usize = 4 * 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Keep,
    Drop,
}

/// One rule: `example.org keep article.post`.
#[derive(Clone, Debug)]
struct Rule {
    domain: String,
    action: Action,
    selector: Selector,
}

/// The rules of all sites.
#[derive(Clone, Debug, Default)]
pub struct SiteRules(Vec<Rule>);

/// A page with the rules applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruled {
    /// What is left of the page; the usual decision follows.
    Page(String),
    /// What the rules keep, and nothing else.
    Content(String),
}

impl SiteRules {
    /// Reads rules, one on each line: a domain, which stands for its subdomains too, `keep` or `drop`, and a selector.
    /// Empty lines and comments after `#` at the beginning of a line are passed over.
    ///
    /// # Errors
    /// When a line is no rule.
    pub fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Result<SiteRules, BuildError> {
        let lines = lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut rules = lines.map(rule).collect::<Result<Vec<Rule>, BuildError>>()?;
        // Rules of one site together, in the order in which they were given.
        rules.sort_by(|a, b| a.domain.cmp(&b.domain));
        Ok(SiteRules(rules))
    }

    /// Applies the rules of a site; `None` if it has none, or its page is too large or has nothing of what is to be kept.
    pub fn apply(&self, host: &str, html: &str) -> Option<Ruled> {
        if self.0.is_empty() || html.len() > MAX_RULED_BYTES {
            return None;
        }
        let rules = self.of(host)?;
        let mut page = Html::parse_document(html);
        let of = |action| rules.iter().filter(move |rule| rule.action == action);
        let dropped: Vec<_> =
            of(Action::Drop).flat_map(|rule| page.select(&rule.selector).map(|found| found.id())).collect();
        for id in dropped {
            if let Some(mut node) = page.tree.get_mut(id) {
                node.detach();
            }
        }
        if of(Action::Keep).next().is_none() {
            return Some(Ruled::Page(page.html()));
        }
        let is_kept = |element: &ElementRef<'_>| of(Action::Keep).any(|rule| rule.selector.matches(element));
        // In the order of the page, the outermost of nested ones only.
        let mut content = String::new();
        let elements = page.root_element().descendent_elements();
        for element in elements.filter(|element| is_kept(element)) {
            if !element.ancestors().filter_map(ElementRef::wrap).any(|around| is_kept(&around)) {
                content += &element.html();
            }
        }
        (!content.is_empty()).then_some(Ruled::Content(content))
    }

    /// The rules of the longest listed domain that a host is or lies under.
    fn of(&self, host: &str) -> Option<&[Rule]> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let mut domain = host.as_str();
        loop {
            let first = self.0.partition_point(|rule| rule.domain.as_str() < domain);
            let end = first + self.0[first..].iter().take_while(|rule| rule.domain == domain).count();
            if end > first {
                return Some(&self.0[first..end]);
            }
            (_, domain) = domain.split_once('.')?;
        }
    }
}

fn rule(line: &str) -> Result<Rule, BuildError> {
    let wrong = |what: String| {
        BuildError::new(format!("site rule `{}`: {what}", line.escape_debug()))
            .hint("give a domain, `keep` or `drop`, and a CSS selector, as in `example.org drop .related`")
    };
    let mut parts = line.splitn(3, char::is_whitespace);
    let (domain, action, selector) =
        (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let action = match action {
        "keep" => Action::Keep,
        "drop" => Action::Drop,
        other => return Err(wrong(format!("`{other}` is neither `keep` nor `drop`"))),
    };
    if domain.contains(['/', ':']) || domain.is_empty() {
        return Err(wrong(format!("`{domain}` is no domain")));
    }
    let selector = Selector::parse(selector.trim()).map_err(|error| wrong(error.to_string()))?;
    Ok(Rule { domain: domain.to_ascii_lowercase(), action, selector })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        "<body><div class=post><p>one</p><div class='post ad'>x</div></div><i>y</i><div class=post>two</div>";

    fn apply(rules: &[&str], host: &str) -> Option<Ruled> {
        SiteRules::parse(rules.iter().copied()).unwrap().apply(host, PAGE)
    }

    #[test]
    fn the_longest_domain_rules() {
        let rules = ["# a comment", "", "example.org drop i", "blog.example.org keep i"];
        assert_eq!(apply(&rules, "a.BLOG.example.org."), Some(Ruled::Content("<i>y</i>".to_owned())));
        let Some(Ruled::Page(left)) = apply(&rules, "example.org") else { panic!("a page") };
        assert!(left.contains("one") && !left.contains("<i>"));
        assert_eq!(apply(&rules, "notexample.org"), None);
        assert_eq!(apply(&[], "example.org"), None);
    }

    #[test]
    fn what_is_kept_is_kept_once_and_in_order_without_what_is_dropped() {
        let kept = apply(&["a.b drop .ad", "a.b keep .post"], "a.b");
        assert_eq!(
            kept,
            Some(Ruled::Content("<div class=\"post\"><p>one</p></div><div class=\"post\">two</div>".to_owned()))
        );
        assert_eq!(apply(&["a.b keep .absent"], "a.b"), None);
    }

    #[test]
    fn lines_that_are_no_rules_are_errors() {
        for (line, error) in [
            ("example.org", "neither `keep` nor `drop`"),
            ("example.org hide p", "`hide` is neither"),
            ("https://example.org keep p", "is no domain"),
            ("example.org keep p[", "site rule"),
        ] {
            let found = SiteRules::parse([line].into_iter()).unwrap_err().to_string();
            assert!(found.contains(error), "{found}");
        }
    }
}
