//! A dump of a small wiki, made here as dumps are made, from the recipe for Wikipedia to audited shards.

use bzip2::Compression;
use bzip2::read::BzEncoder;
use std::io::Read;
use std::path::{Path, PathBuf};
use support::{Ran, digests, fixture, root, tokenmill, tokenmill_in};
use tempfile::TempDir;

const HEAD: &str = "<mediawiki xmlns=\"http://www.mediawiki.org/xml/export-0.11/\" version=\"0.11\" xml:lang=\"de\">\n<siteinfo>\
    <sitename>Wikipedia</sitename><dbname>dewiki</dbname><base>https://de.example/wiki/Wikipedia:Hauptseite</base>\
    <namespaces><namespace key=\"6\" case=\"first-letter\">Bilddatei</namespace>\
    <namespace key=\"14\" case=\"first-letter\">Schublade</namespace></namespaces></siteinfo>\n";
const END: &str = "</mediawiki>\n";

/// Sentences of which articles are made; two articles with the same beginning are near duplicates.
const SENTENCES: [&str; 8] = [
    "Die Mühle steht auf einem Damm quer über dem Bach und mahlt seit dem Mittelalter das Getreide der Umgebung.",
    "Bei hohem Wasser lässt ein Tor die See in den Teich dahinter, und bei Ebbe treibt das Wasser ein großes Rad.",
    "Zwei Gezeiten am Tag geben etwa zehn Stunden Arbeit, deren Beginn sich täglich um fünfzig Minuten verschiebt.",
    "Der letzte Müller gab den Betrieb nach dem Krieg auf, als der Strom aus der Stadt billiger geworden war.",
    "Ein Verein hat das Gebäude gekauft, das Rad erneuert und zeigt Besuchern im Sommer die alten Steine.",
    "Im Obergeschoss liegen Säcke, Waagen und Siebe, mit denen das Mehl nach seiner Feinheit sortiert wurde.",
    "Der Teich ist heute ein Rastplatz für Wasservögel, von denen im Herbst mehrere Tausend gezählt werden.",
    "Eine Brücke aus Holz führt zum anderen Ufer, an dem früher die Boote der Bauern aus dem Marschland lagen.",
];

fn page(title: &str, namespace: i32, id: u32, more: &str, text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<page><title>{title}</title><ns>{namespace}</ns><id>{id}</id>{more}<revision><id>{}</id>\
         <timestamp>2024-05-06T07:08:09Z</timestamp><contributor><username>x</username><id>3</id></contributor>\
         <model>wikitext</model><format>text/x-wiki</format><text bytes=\"1\" xml:space=\"preserve\">{text}</text></revision></page>\n",
        id + 1000
    )
}

/// An article of its own: sentences in an order that no other has, and markup of every kind.
fn article(number: usize) -> String {
    let sentence = |at: usize| SENTENCES[(number * 3 + at * (1 + 2 * number)) % 8];
    let own: String = (0..80).map(|at| format!("wort{}x{} ", number, at * at)).collect();
    format!(
        "{{{{Infobox Mühle|Name=Mühle {number}|Bild=[[Bilddatei:M.jpg|mini|Ein Bild]]}}}}\n[[Bilddatei:N|mini|Noch eins]]\n\
         Die '''Mühle {number}''' ({{{{IPA|x}}}}) liegt am [[Bach (Fluss)|Bach]].<ref name=\"a\">{{{{Literatur|Titel=T}}}}</ref> {}\n\n\
         {own}\n\n== Technik ==\nSie leistet <math>P = \\rho g Q h</math> mit 10<sup>{number}</sup> Litern: \
         <syntaxhighlight lang=\"c\">int p(int q) {{\n    return {number} * q;\n}}</syntaxhighlight>\n{}\n\
         {{| class=\"wikitable\"\n! Jahr !! Mehl\n|-\n| 19{number:02} || {number} t\n|}}\n\
         == Weblinks ==\n* [http://muehle.example Seite]\n[[Schublade:Mühlen]]\n[[en:Mill {number}]]\n",
        sentence(0),
        sentence(1)
    )
}

fn pack(part: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    BzEncoder::new(part.as_bytes(), Compression::best()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// The streams of the dump: its head, groups of pages, its end.
fn streams() -> Vec<Vec<u8>> {
    let articles: Vec<String> =
        (1..=12).map(|at| page(&format!("Mühle {at}"), 0, at as u32, "", &article(at))).collect();
    let others = [
        page("Wassermühle 1", 0, 90, "<redirect title=\"Mühle 1\" />", "#WEITERLEITUNG [[Mühle 1]]"),
        page("Diskussion:Mühle 1", 1, 91, "", "Zu kurz."),
        page("Vorlage:IPA", 10, 92, "", "{{{1}}}"),
        page("Mühle", 0, 93, "", "'''Mühle''' steht für:\n* [[Mühle 1]]\n* [[Mühle 2]]\n{{Begriffsklärung}}"),
        page("Mühle 13", 0, 94, "", "Ein '''Stub'''."),
        page("Liste der Mühlen", 0, 95, "", &SENTENCES.map(|text| format!("* {text}\n")).concat()),
        // As a bot would have written it.
        page("Mühle 14", 0, 96, "", &article(3).replace("Mühle 3", "Mühle 14")),
    ];
    let groups = articles.chunks(4).map(<[String]>::concat).chain([others.concat()]);
    [HEAD.to_owned()].into_iter().chain(groups).chain([END.to_owned()]).map(|part| pack(&part)).collect()
}

struct Wiki(TempDir);

impl Wiki {
    fn new(dump: &[u8]) -> Wiki {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("dewiki-pages-articles1.xml.bz2"), dump).unwrap();
        Wiki(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// The recipe as it stands in `configs/`, with the tokenizer of the fixtures; runs are below `name`.
    fn run(&self, name: &str, arguments: &[&str]) -> Ran {
        let recipe = root().join("configs/wikipedia.toml").display().to_string();
        let tokenizer = format!("shards.tokenizer=gpt2={}", fixture("mini.tiktoken").display());
        let runs = format!("run.root={name}");
        let fixed = [
            "run",
            &recipe,
            "--set",
            "source.paths=[\"*-pages-articles*.xml*.bz2\"]",
            "--set",
            &runs,
            "--set",
            &tokenizer,
        ];
        tokenmill_in(self.path(), &[&fixed, arguments].concat())
    }

    fn run_folder(&self, name: &str) -> PathBuf {
        self.path().join(name).join("wikipedia")
    }

    fn documents(&self, name: &str) -> String {
        let run = self.run_folder(name).display().to_string();
        tokenmill(&["inspect", "head", &run, "-n", "1000"]).ok()
    }

    /// The whole text of all documents.
    fn texts(&self, name: &str) -> String {
        let run = self.run_folder(name).display().to_string();
        let documents = self.documents(name);
        let ids = documents.lines().filter_map(|line| line.strip_prefix("id: "));
        ids.map(|id| tokenmill(&["inspect", "doc", &run, id]).ok()).collect()
    }
}

fn n_kept(documents: &str) -> usize {
    documents.lines().filter(|line| line.starts_with("url: ")).count()
}

#[test]
fn the_recipe_makes_audited_shards_of_a_dump() {
    let wiki = Wiki::new(&streams().concat());
    let said = wiki.run("runs", &[]).ok();
    let run = wiki.run_folder("runs").display().to_string();
    let audited = tokenmill(&["audit", &run]).ok();
    assert!(audited.contains("sound: in = kept + dropped"), "{audited}");
    for reason in ["disambiguation", "too_few_chars", "mostly_lists", "near_duplicate"] {
        assert!(said.contains(reason), "nothing is removed because {reason}:\n{said}");
    }
    let documents = wiki.documents("runs");
    assert_eq!(n_kept(&documents), 12, "{said}\n{documents}");
    let texts = wiki.texts("runs");
    for wanted in [
        "url: https://de.example/wiki/M%C3%BChle_12",
        "lang: de",
        "Die Mühle 12 liegt am Bach.",
        "mit 10^12 Litern",
        "$P = \\rho g Q h$",
        "    return 12 * q;",
        "Jahr\tMehl",
    ] {
        assert!(texts.contains(wanted), "`{wanted}` is missing:\n{texts}");
    }
    for markup in ["[[", "{{", "<ref", "''", "|-", "Bilddatei", "Schublade", "Weblinks", "Infobox", "en:Mill"] {
        assert!(!texts.contains(markup), "`{markup}` is left:\n{texts}");
    }
}

#[test]
fn threads_and_compression_do_not_change_documents() {
    let wiki = Wiki::new(&streams().concat());
    wiki.run("one", &["--threads", "1"]).ok();
    wiki.run("four", &["--threads", "4"]).ok();
    let made = |name: &str| {
        let mut made = digests(&wiki.run_folder(name));
        made.retain(|path, _| !path.split('/').any(|part| part.starts_with('.')));
        made
    };
    let (one, four) = (made("one"), made("four"));
    let objects = |made: &std::collections::BTreeMap<String, String>| -> Vec<String> {
        made.iter()
            .filter(|(path, _)| path.ends_with(".parquet") || path.ends_with(".bin"))
            .map(|(_, digest)| digest.clone())
            .collect()
    };
    assert!(!objects(&one).is_empty());
    assert_eq!(objects(&one), objects(&four));
    let plain = Wiki::new(&zstd::encode_all(&*unpacked(), 3).unwrap());
    plain.run("runs", &[]).ok();
    assert_eq!(plain.documents("runs"), wiki.documents("one"));
}

fn unpacked() -> Vec<u8> {
    let mut bytes = Vec::new();
    bzip2::read::MultiBzDecoder::new(&*streams().concat()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// A damaged stream costs its own pages, and says so in the ledger.
#[test]
fn damage_in_the_middle_of_a_dump_is_a_row_of_the_ledger() {
    let mut streams = streams();
    let middle = streams[2].len() / 2;
    streams[2][middle] ^= 0x55;
    let wiki = Wiki::new(&streams.concat());
    let said = wiki.run("runs", &["--set", "run.removed=1.0"]).ok();
    assert!(said.contains("damaged_dump"), "{said}");
    let documents = wiki.documents("runs");
    for (number, is_there) in [(1, true), (5, false), (8, false), (9, true), (12, true)] {
        let url = format!("url: https://de.example/wiki/M%C3%BChle_{number}\n");
        assert_eq!(documents.contains(&url), is_there, "{number}:\n{documents}");
    }
    let run = wiki.run_folder("runs").display().to_string();
    assert!(tokenmill(&["audit", &run]).ok().contains("sound"));
}

#[test]
fn a_file_that_is_no_dump_gives_no_documents_and_a_reason() {
    let wiki = Wiki::new(b"<html>Not found</html>");
    let said = wiki.run("runs", &[]);
    assert!(said.stdout.contains("damaged_dump") || said.code == Some(0), "{said:?}");
    assert_eq!(n_kept(&wiki.documents("runs")), 0);
}

/// Articles have no text before the extraction, and the check of a recipe says so.
#[test]
fn a_recipe_without_the_extraction_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let recipe =
        "[run]\nname = \"w\"\n[source]\nkind = \"wikipedia\"\npaths = [\"x\"]\n[[step]]\nuse = \"filter.length\"\n";
    std::fs::write(folder.path().join("w.toml"), recipe).unwrap();
    let said = tokenmill_in(folder.path(), &["check", "w.toml"]).code(2).stderr;
    assert!(said.contains("`filter.length` needs text"), "{said}");
}
