//! Which group a document is in.

use super::super::{Facts, Grouper};
use super::mix;

const GROUPS: &str = r#"
[[group]]
name = "math"
where = { kind = ["math"], score = { q = { min = 0.7 } } }
[[group]]
name = "general"
where = { lang = ["en"], label = { topic = ["science", "arts"] } }
not = { label = { topic = ["arts"] }, score = { q = { max = 0.5 } } }
[[group]]
name = "graded"
where = { domain = ["a.org"] }
split = "score.q"
edges = [0.2, 0.5]
[[group]]
name = "multilingual"
where = { source = ["web"] }
split = "lang"
[[phase]]
name = "p"
tokens = "all"
"#;

#[test]
fn the_first_group_whose_conditions_hold_gets_the_document() {
    let grouper = Grouper::new(&mix(GROUPS));
    let plain = Facts { source: "web", lang: "en", kind: "prose", domain: "b.org", scores: &[None], labels: &[""] };
    let cases = [
        (Facts { kind: "math", scores: &[Some(0.7)], ..plain }, "math"),
        // Just below the limit, without a score, and with one that is no number.
        (Facts { kind: "math", scores: &[Some(0.699_999_9)], ..plain }, "multilingual/en"),
        (Facts { kind: "math", ..plain }, "multilingual/en"),
        (Facts { kind: "math", scores: &[Some(f32::NAN)], ..plain }, "multilingual/en"),
        (Facts { labels: &["science"], ..plain }, "general"),
        (Facts { labels: &["arts"], scores: &[Some(0.5)], ..plain }, "multilingual/en"),
        // All conditions of `not` must hold; a missing score fulfils none.
        (Facts { labels: &["arts"], scores: &[Some(0.51)], ..plain }, "general"),
        (Facts { labels: &["arts"], ..plain }, "general"),
        (Facts { labels: &["sports"], ..plain }, "multilingual/en"),
        (Facts { domain: "a.org", scores: &[Some(0.1)], ..plain }, "graded/..0.2"),
        (Facts { domain: "a.org", scores: &[Some(0.2)], ..plain }, "graded/0.2..0.5"),
        (Facts { domain: "a.org", scores: &[Some(0.5)], ..plain }, "graded/0.5.."),
        (Facts { domain: "a.org", scores: &[Some(f32::NAN)], ..plain }, "graded/none"),
        (Facts { domain: "a.org", ..plain }, "graded/none"),
        (Facts { lang: "de", ..plain }, "multilingual/de"),
        (Facts { lang: "", ..plain }, "multilingual/none"),
        (Facts { source: "books", ..plain }, ""),
        // Too few columns are missing values, and no panic.
        (Facts { kind: "math", scores: &[], labels: &[], ..plain }, "multilingual/en"),
    ];
    let mut name = "left over".to_owned();
    for (facts, expected) in cases {
        assert_eq!(grouper.group(&facts, &mut name), !expected.is_empty(), "{facts:?}");
        assert_eq!(name, expected, "{facts:?}");
    }
}
