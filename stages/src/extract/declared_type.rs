//! The kind of page that a page says it is, in linked data or to social networks.

/// Linked-data types and kinds of Open Graph, with the page type they stand for; the first found in this order wins, since
/// a page of a product also lists articles, and everything is a web page.
const TYPES: &[(&str, &str)] = &[
    ("QAPage", "forum"),
    ("DiscussionForumPosting", "forum"),
    ("Product", "product"),
    ("ProductGroup", "product"),
    ("Recipe", "article"),
    ("NewsArticle", "article"),
    ("BlogPosting", "article"),
    ("ReportageNewsArticle", "article"),
    ("ScholarlyArticle", "article"),
    ("TechArticle", "documentation"),
    ("APIReference", "documentation"),
    ("Article", "article"),
    ("HowTo", "article"),
    ("JobPosting", "listing"),
    ("CollectionPage", "collection"),
    ("SearchResultsPage", "listing"),
    ("ItemList", "listing"),
    ("OfferCatalog", "collection"),
    ("Service", "service"),
    ("FAQPage", "service"),
    ("LocalBusiness", "service"),
];
/// Kinds of Open Graph.
const OPEN_GRAPH: &[(&str, &str)] = &[
    ("article", "article"),
    ("product", "product"),
    ("product.item", "product"),
    ("og:product", "product"),
    ("product.group", "collection"),
];
/// Statements of linked data looked at on one page.
const MAX_STATEMENTS: usize = 200;

/// The best statement found so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeclaredType {
    linked: Option<usize>,
    open_graph: Option<&'static str>,
}

impl DeclaredType {
    /// Looks for `"@type": "…"` in linked data; the JSON around it is often broken.
    pub fn read_linked_data(&mut self, script: &str) {
        for (at, name) in script.match_indices("\"@type\"").take(MAX_STATEMENTS) {
            let value = script[at + name.len()..].trim_start().strip_prefix(':').map(str::trim_start);
            let Some(value) = value.map(|value| value.trim_start_matches('[').trim_start()) else { continue };
            let Some(kind) = value.strip_prefix('"').and_then(|value| value.split('"').next()) else { continue };
            let rank = TYPES.iter().position(|(known, _)| *known == kind);
            self.linked = self.linked.into_iter().chain(rank).min();
        }
    }

    /// Looks at `og:type`.
    pub fn read_open_graph(&mut self, kind: &str) {
        let kind = kind.trim();
        let known = OPEN_GRAPH.iter().find(|(known, _)| known.eq_ignore_ascii_case(kind));
        self.open_graph = self.open_graph.or(known.map(|(_, page_type)| *page_type));
    }

    /// The page type.
    pub fn get(self) -> Option<&'static str> {
        self.linked.map(|rank| TYPES[rank].1).or(self.open_graph)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_telling_statement_wins() {
        let mut declared = DeclaredType::default();
        assert_eq!(declared.get(), None);
        declared.read_open_graph("website");
        declared.read_open_graph("Article");
        assert_eq!(declared.get(), Some("article"));
        declared.read_linked_data(r#"{"@type":"WebPage","x":[{"@type" : ["Article"]},{"@type": "Product", broken"#);
        assert_eq!(declared.get(), Some("product"));
        declared.read_linked_data(r#""@type""#);
        assert_eq!(declared.get(), Some("product"));
    }
}
