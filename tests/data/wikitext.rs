//! Real articles: what is left of their markup, what of them is kept, and the recipe over a real dump.

use support::{archive, root, tokenmill_in};
use tokenmill_stages::extract::wikitext::{Converted, Kind, Options, Sections, Templates, convert};
use tokenmill_store::source::find;
use tokenmill_store::wiki::{WikiPage, WikiReader};

const DUMP: &str = "enwiki_articles1_shortened.xml.bz2";

/// The articles of the slice, with their titles and their wikitext.
fn articles() -> Vec<(String, String, Converted)> {
    let groups = ["references", "external_links", "see_also", "further_reading"].map(str::to_owned);
    let sections = Sections::new(&groups);
    let options = Options { templates: Templates::default(), sections, title: true, tables: true };
    let path = archive("quality").join(DUMP);
    let mut reader = WikiReader::open(&find(&path.display().to_string()).unwrap()).unwrap();
    let (mut page, mut articles) = (WikiPage::default(), Vec::new());
    while reader.next(&mut page).unwrap() {
        if page.namespace == 0 && !page.is_redirect {
            articles.push((page.title.clone(), page.text.clone(), convert(&page.text, &page.title, "", &options)));
        }
    }
    articles
}

/// A text without its formulas, in which braces are TeX.
fn without_formulas(text: &str) -> String {
    let prose = |line: &str| line.replace("$$", "$").split('$').step_by(2).collect::<String>();
    text.lines().map(prose).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_markup_is_left_of_real_articles() {
    let articles = articles();
    assert_eq!(articles.len(), 106);
    for (title, _, page) in &articles {
        let prose = without_formulas(&page.text);
        for markup in
            ["[[", "]]", "{{", "}}", "<ref", "</", "<br", "''", "|-", "|}", "{|", "&nbsp;", "&amp;", "__TOC__", "<!--"]
        {
            assert!(
                !prose.contains(markup),
                "`{markup}` is left in `{title}`: {:?}",
                prose.find(markup).map(|at| &prose[at.saturating_sub(40)..])
            );
        }
        for line in page.text.lines() {
            let is_markup =
                ["File:", "Image:", "Category:", "thumb|", "== "].iter().any(|start| line.starts_with(start));
            assert!(!is_markup, "a line of `{title}` is markup: {line}");
        }
        assert!(page.text.starts_with(&format!("{title}\n\n")), "{title}");
        assert!(!page.text.contains("\n\n\n"), "{title}");
    }
}

#[test]
fn prose_formulas_code_and_tables_of_real_articles_are_kept() {
    let articles = articles();
    let text = |title: &str| &articles.iter().find(|(found, ..)| found == title).unwrap().2.text;
    for (title, wanted) in [
        ("Arithmetic mean", "$$A=\\frac{1}{n}\\sum_{i=1}^n a_i.$$"),
        ("Albedo", "Fresh asphalt\t0.04\nWorn asphalt\t0.12\n"),
        ("Anarchism", "from the Greek ἀναρχία, i.e. anarchy (from ἄναρχος, anarchos, meaning \"one without rulers\""),
        ("Ampere", "(roughly 6.241×10^18 times the elementary charge)"),
        ("Alkane", "C_6: 5 isomers: hexane, 2-methylpentane"),
        ("Alkali metal", "\"inverse sodium hydride\", H^+Na^−"),
        ("ASCII", "000 0001\t001\t1\t01\tSOH"),
    ] {
        assert!(text(title).contains(wanted), "`{wanted}` is not in `{title}`");
    }
    // Euclid's algorithm in BASIC, by the lines of its listing.
    assert!(text("Algorithm").contains("\n  5 REM Euclid's algorithm for greatest common divisor\n  6 PRINT "));
    let n_bytes: usize = articles.iter().map(|(_, wikitext, _)| wikitext.len()).sum();
    let n_kept: usize = articles.iter().map(|(.., page)| page.text.len()).sum();
    let share = n_kept as f64 / n_bytes as f64;
    assert!((0.45..0.6).contains(&share), "{share}");
    let meanings = articles.iter().filter(|(.., page)| page.kind == Kind::Disambiguation).count();
    assert_eq!(meanings, 8);
}

#[test]
fn the_recipe_reads_a_real_dump() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = std::fs::read_to_string(root().join("configs/wikipedia.toml")).unwrap();
    let (steps, _) = recipe.split_once("[shards]").unwrap();
    std::fs::write(folder.path().join("wikipedia.toml"), steps).unwrap();
    let paths = format!("source.paths=[\"{}\"]", archive("quality").join(DUMP).display());
    let said = tokenmill_in(folder.path(), &["run", "wikipedia.toml", "--set", &paths]).ok();
    let audited = tokenmill_in(folder.path(), &["audit", "runs/wikipedia"]).ok();
    assert!(audited.contains("sound"), "{audited}");
    let head = tokenmill_in(folder.path(), &["inspect", "head", "runs/wikipedia", "-n", "1000"]).ok();
    let urls: Vec<&str> = head.lines().filter_map(|line| line.strip_prefix("url: ")).collect();
    assert!((85..=96).contains(&urls.len()), "{} articles:\n{said}", urls.len());
    assert!(urls.contains(&"https://en.wikipedia.org/wiki/Animalia_(book)"), "{urls:?}");
    assert!(said.contains("disambiguation") && said.contains("mostly_lists"), "{said}");
}
