//! Loose documents: what `apply`, `extract` and `tokenize` write for JSON lines.

use serde_json::Value;
use support::{Sandbox, fixture};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn documents() -> Vec<Value> {
    lines(&std::fs::read_to_string(fixture("mini.jsonl")).unwrap())
}

#[test]
fn apply_says_something_of_every_document_in_order() {
    let sandbox = Sandbox::new();
    let stages = "filter.gopher_repetition,filter.length";
    let said = lines(&sandbox.tokenmill(&["apply", "--use", stages, "fixtures/mini.jsonl", "-o", "-"]).ok());
    let documents = documents();
    assert_eq!(said.len(), documents.len());
    for (document, said) in documents.iter().zip(&said) {
        assert_eq!(document["id"], said["id"]);
        assert!(said["steps"]["filter.length"]["metrics"]["n_chars"].is_number(), "{said}");
    }
}

#[test]
fn repetition_goes_and_prose_stays() {
    let sandbox = Sandbox::new();
    let said =
        sandbox.tokenmill(&["apply", "--use", "filter.gopher_repetition", "fixtures/mini.jsonl", "-o", "-"]).ok();
    let said = lines(&said);
    let kept = |id: &str| said.iter().find(|line| line["id"] == id).unwrap()["kept"].as_bool().unwrap();
    for spam in ["spam-repetition", "spam-lines"] {
        assert!(!kept(spam), "`{spam}` is kept");
    }
    let prose = ["article", "news", "recipe", "forum", "product", "math"];
    for id in prose.iter().flat_map(|kind| (0..3).map(move |copy| format!("{kind}-{copy}"))) {
        assert!(kept(&id), "`{id}` is removed");
    }
    for lang in ["de", "fr", "es", "it", "pl", "ru", "ar"] {
        assert!(kept(&format!("{lang}-0")), "`{lang}-0` is removed");
    }
}

#[test]
fn quality_keeps_english_prose_and_removes_keyword_lists() {
    let sandbox = Sandbox::new();
    let said = sandbox.tokenmill(&["apply", "--use", "filter.gopher_quality", "fixtures/mini.jsonl", "-o", "-"]).ok();
    for line in lines(&said) {
        let id = line["id"].as_str().unwrap();
        let is_prose = ["article-", "news-", "recipe-", "forum-", "product-", "docs-", "math-", "table-"];
        if is_prose.iter().any(|kind| id.starts_with(kind)) {
            assert_eq!(line["kept"], true, "{line}");
        }
        if ["keyword-list", "short", "soft-404", "empty", "blank", "one-word", "long-line"].contains(&id) {
            assert_eq!(line["kept"], false, "{line}");
        }
    }
}

#[test]
fn tokenize_gives_ids_for_every_document() {
    let sandbox = Sandbox::new();
    let arguments = ["tokenize", "--tokenizer", "gpt2=fixtures/mini.tiktoken", "fixtures/mini.jsonl", "-o", "-"];
    let said = lines(&sandbox.tokenmill(&arguments).ok());
    for (document, said) in documents().iter().zip(&said) {
        let (text, ids) = (document["text"].as_str().unwrap(), said["ids"].as_array().unwrap());
        assert_eq!(text.is_empty(), ids.is_empty(), "{}", document["id"]);
        assert!(ids.len() <= text.len(), "more ids than bytes in {}", document["id"]);
        assert!(ids.iter().all(|id| id.as_u64().unwrap() < 512), "an id beyond the vocabulary in {}", document["id"]);
    }
}

#[test]
fn extract_gives_the_text_and_leaves_the_chrome() {
    let sandbox = Sandbox::new();
    let pages = lines(&sandbox.tokenmill(&["extract", "fixtures/mini-crawl/part-00003.warc", "-o", "-"]).ok());
    assert!(pages.len() >= 10, "{} pages", pages.len());
    for page in &pages {
        let text = page["text"].as_str().unwrap();
        assert!(text.len() > 400, "only {} bytes of {}", text.len(), page["url"]);
        for chrome in ["We use cookies", "Wir verwenden Cookies", "dataLayer", "advertisement"] {
            assert!(!text.contains(chrome), "`{chrome}` in the text of {}", page["url"]);
        }
        // Old sites put everything into one table, where only the words tell a footer from the text.
        let is_old =
            ["slowroads", "figures", "zarechye"].iter().any(|host| page["url"].as_str().unwrap().contains(host));
        assert!(is_old || !text.contains("All rights reserved"), "the footer is in the text of {}", page["url"]);
    }
}
