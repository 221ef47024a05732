//! URL stages on real lists: every entry is found, words agree with the definition, registrable domains with the list.

use flate2::read::MultiGzDecoder;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use support::archive;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::spec::Value;
use tokenmill_core::text::domain::registrable_domain;
use tokenmill_core::{Analysis, Doc, Document, Entry, Numbers, Params, Stage};
use tokenmill_stages::url::url_list::Builder;
use tokenmill_stages::url::words;

/// The UT1 lists of one kind: category and content.
fn ut1(kind: &str) -> Vec<(String, Vec<u8>)> {
    let mut lists = Vec::new();
    for folder in std::fs::read_dir(archive("lists").join("ut1")).unwrap() {
        let folder = folder.unwrap();
        let Ok(file) = std::fs::File::open(folder.path().join(kind).with_extension("gz")) else { continue };
        let mut content = Vec::new();
        MultiGzDecoder::new(file).read_to_end(&mut content).unwrap();
        lists.push((folder.file_name().into_string().unwrap(), content));
    }
    lists.sort();
    lists
}

fn lines(content: &[u8]) -> impl Iterator<Item = &str> {
    str::from_utf8(content).unwrap().lines()
}

#[test]
fn every_domain_of_ut1_is_found() {
    let mut n_domains = 0;
    for (category, content) in ut1("domains") {
        let mut builder = Builder::default();
        let counts = builder.add_file(&category, &content, 0).unwrap();
        assert_eq!((counts.n_entries, counts.n_bad), (lines(&content).count(), 0), "{category}");
        let list = builder.build();
        for domain in lines(&content) {
            for url in [format!("http://{domain}/"), format!("HTTPS://a.B.{}:8080?c", domain.to_uppercase())] {
                let found = list.find(&url);
                let covers = |entry: &str| domain.trim_start_matches('.').ends_with(entry);
                assert!(found.is_some_and(|found| covers(&found.entry)), "{category}: {url}");
            }
        }
        n_domains += counts.n_entries;
    }
    assert_eq!(n_domains, 240_972);
}

#[test]
fn every_url_of_ut1_is_found() {
    let mut n_urls = 0;
    for (category, content) in ut1("urls") {
        let mut builder = Builder::default();
        let counts = builder.add_file(&category, &content, 0).unwrap();
        assert_eq!((counts.n_entries, counts.n_bad), (lines(&content).count(), 0), "{category}");
        let list = builder.build();
        for url in lines(&content) {
            assert!(list.find(&format!("http://www.{url}")).is_some(), "{category}: {url}");
            let under = format!("https://{}/under?it", url.trim_end_matches('/'));
            assert!(list.find(&under).is_some() || url.contains(['?', '#']), "{category}: {under}");
        }
        n_urls += counts.n_entries;
    }
    assert_eq!(n_urls, 43_299);
}

/// All lists in one: the domains of one category hide no other's, and what nobody lists is not found.
#[test]
fn all_domains_of_ut1_together() {
    let lists = ut1("domains");
    let mut builder = Builder::default();
    let mut first_list = BTreeMap::new();
    for (number, (category, content)) in (0..).zip(&lists) {
        builder.add_file(category, content, number).unwrap();
        for domain in lines(content) {
            first_list.entry(domain.trim_start_matches('.')).or_insert(number);
        }
    }
    let list = builder.build();
    assert!(list.n_bytes() < first_list.len() * 13, "{}", list.n_bytes());
    for domain in first_list.keys() {
        for host in [(*domain).to_owned(), format!("x{domain}"), format!("{domain}.example"), format!("y.{domain}")] {
            let ends = host.char_indices().filter(|(at, _)| *at == 0 || host[..*at].ends_with('.'));
            let shortest = ends.map(|(at, _)| &host[at..]).filter_map(|end| first_list.get_key_value(end)).next_back();
            let found = list.find(&format!("http://{host}"));
            let found = found.as_ref().map(|found| (found.entry.as_str(), found.list));
            assert_eq!(found, shortest.map(|(domain, number)| (*domain, *number)), "{host}");
        }
    }
}

fn measure(stage: &Stage, entry: &Entry, url: &str) -> Numbers {
    let document = Document { url: url.to_owned(), ..Document::default() };
    let mut numbers = Numbers::new(entry.metrics.len());
    let Stage::Measure(stage) = stage else { panic!("a measure") };
    stage.measure(&Doc::new(&document, &Analysis::default()), &mut numbers);
    numbers
}

/// datatrove's own lists on real URLs: the counts are those of the definition.
#[test]
fn words_of_datatrove_are_counted_as_defined() {
    let names = [("strict", "banned_subwords"), ("hard", "banned_words"), ("soft", "soft_banned_words")];
    let mut params = Params::defaults(words::ENTRY.params);
    let mut assets = MemoryAssets::default();
    let mut listed = Vec::new();
    for ((strength, name), file_param) in names.into_iter().zip(["strict_file", "hard_file", "soft_file"]) {
        let content = std::fs::read(archive("lists").join("datatrove_url_filter").join(name).with_extension("txt"));
        let content = content.unwrap();
        let entries = lines(&content).filter(|line| !line.starts_with('#'));
        let squeezed = |line: &str| line.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "");
        listed.push(entries.map(squeezed).collect::<BTreeSet<String>>());
        params.set(strength, Value::Texts(Vec::new()));
        params.set(file_param, Value::Text(name.to_owned()));
        assets.0.insert(name.to_owned(), content.into());
    }
    let stage = (words::ENTRY.build)(&params, &assets).unwrap();
    let (mut n_urls, mut n_hit) = (0, [0; 3]);
    for (_, content) in ut1("urls") {
        for url in lines(&content).filter(|url| !url.contains(['%', '#']) && url.is_ascii()) {
            let lower = url.to_lowercase();
            let squeezed = lower.replace(|c: char| !c.is_alphanumeric() && !"/?&=;".contains(c), "");
            let in_url: BTreeSet<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
            let n_of = |words: &BTreeSet<String>| words.iter().filter(|word| in_url.contains(word.as_str())).count();
            let is_strict = listed[0].iter().any(|word| squeezed.contains(word));
            let soft = listed[2].difference(&listed[1]).cloned().collect();
            let numbers = measure(&stage, &words::ENTRY, &format!("https://{url}"));
            assert_eq!(numbers.get(0).map(|n| n > 0.0), Some(is_strict), "{url}");
            assert_eq!(numbers.get(1), Some(n_of(&listed[1]) as f32), "{url}");
            assert_eq!(numbers.get(2), Some(n_of(&soft) as f32), "{url}");
            n_urls += 1;
            (0..3).for_each(|at| n_hit[at] += usize::from(numbers.get(at) > Some(0.0)));
        }
    }
    assert_eq!((n_urls, n_hit), (42_124, [50, 232, 427]));
}

/// The algorithm of publicsuffix.org on the list of the archive, which is not of the same day as the crate's.
#[test]
fn registrable_domains_follow_the_public_suffix_list() {
    let list = std::fs::read_to_string(archive("lists").join("public_suffix_list.dat")).unwrap();
    let rules = list.lines().filter_map(|line| line.split_whitespace().next());
    let rules: BTreeSet<&str> = rules.filter(|rule| !rule.starts_with("//") && rule.is_ascii()).collect();
    let registrable = |host: &str| {
        let labels: Vec<&str> = host.split('.').collect();
        let ends = (0..labels.len()).map(|at| (at, labels[at..].join("."), labels[at + 1..].join(".")));
        let mut n_suffix = 1;
        for (at, end, parent) in ends.collect::<Vec<_>>().into_iter().rev() {
            if rules.contains(end.as_str()) || (at + 1 < labels.len() && rules.contains(format!("*.{parent}").as_str()))
            {
                n_suffix = n_suffix.max(labels.len() - at);
            }
            if rules.contains(format!("!{end}").as_str()) {
                n_suffix = labels.len() - at - 1;
                break;
            }
        }
        labels[labels.len().saturating_sub(n_suffix + 1)..].join(".")
    };
    let (mut n_hosts, mut n_other) = (0, Vec::new());
    for (_, content) in ut1("domains") {
        for domain in lines(&content).map(|domain| domain.trim_start_matches('.')) {
            let host = format!("www.{domain}");
            if domain.contains("xn--") || domain.ends_with(|c: char| c.is_ascii_digit()) {
                continue;
            }
            n_hosts += 1;
            if registrable_domain(&host) != registrable(&host) {
                n_other.push(host);
            }
        }
    }
    assert!(n_hosts > 200_000);
    assert!(n_other.len() < n_hosts / 10_000, "{} of {n_hosts}: {:?}", n_other.len(), &n_other[..20]);
}
