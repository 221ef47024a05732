//! A mirror of a small crawl with an index, and a server of files that notes what is asked of it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use support::{fixture, tokenmill_in};
use tokenmill_core::{Document, date};
use tokenmill_store::source::{DocsReader, IndexRow};
use tokenmill_store::testing::cc_index::{rows_of, write};
use tokenmill_store::{LocalStore, Manifest, Store};

/// Where crawl files lie below the root of a mirror.
pub const WARC: &str = "crawl-data/C-1/segments/1/warc";
/// Where its index lies.
pub const TABLE: &str = "cc-index/table/cc-main/warc/crawl=C-1";

/// The files of the fixture crawl whose records lie at places of their own.
const FILES: [&str; 5] =
    ["part-00000.warc.gz", "part-00001.warc.gz", "part-00002.warc.gz", "part-00003.warc", "part-00005.arc.gz"];

/// What a document comes from: crawl file, URL, time.
pub type Capture = (String, String, u64);

/// The capture that a row of the index is about.
pub fn capture(row: &IndexRow) -> Capture {
    (row.file.clone(), row.url.clone(), row.time)
}

/// A folder with a mirror, recipes and runs.
pub struct Mirror {
    folder: tempfile::TempDir,
    /// All rows of the index.
    pub rows: Vec<IndexRow>,
}

impl Mirror {
    /// The fixture crawl, with its index in two files.
    pub fn new() -> Mirror {
        let languages = languages();
        let language = |url: &str| languages.get(url).cloned().unwrap_or_default();
        let paths: Vec<PathBuf> = FILES.iter().map(|name| fixture(&format!("mini-crawl/{name}"))).collect();
        Mirror::of(&paths, &language)
    }

    /// A mirror of these crawl files, with its index in two files.
    pub fn of(paths: &[PathBuf], language: &dyn Fn(&str) -> String) -> Mirror {
        let folder = tempfile::tempdir().unwrap();
        let crawl = folder.path().join("mirror").join(WARC);
        std::fs::create_dir_all(&crawl).unwrap();
        let (mut rows, mut list) = (Vec::new(), String::new());
        for path in paths {
            let file = path.file_name().unwrap().to_string_lossy();
            let name = format!("{WARC}/{file}");
            std::fs::copy(path, crawl.join(&*file)).unwrap();
            rows.extend(rows_of(path, &name, language));
            list += &format!("{name}\n");
        }
        std::fs::write(folder.path().join("mirror/warc.paths"), list).unwrap();
        let mirror = Mirror { folder, rows };
        mirror.write_index(&mirror.rows);
        mirror
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the rows as two files of the index, each sorted by URL as Common Crawl does, and one of another partition.
    pub fn write_index(&self, rows: &[IndexRow]) {
        let table = self.path().join("mirror").join(TABLE);
        let mut rows = rows.to_vec();
        rows.sort_by(|a, b| (&a.surt, a.time, &a.file, a.offset).cmp(&(&b.surt, b.time, &b.file, b.offset)));
        let (first, second) = rows.split_at(rows.len() / 2);
        write(&table.join("subset=warc/part-00000.parquet"), first, &[]);
        write(&table.join("subset=warc/part-00001.parquet"), second, &[]);
        write(&table.join("subset=robotstxt/part-00000.parquet"), &rows[..1], &[]);
    }

    /// Writes a recipe `NAME.toml` with this source.
    pub fn recipe(&self, name: &str, source: &str) {
        let recipe = format!(
            "[run]\nname = \"{name}\"\nroot = \"runs\"\nremoved = 1.0\n\n[source]\n{source}\n\n\
             [[step]]\nuse = \"url.canonical\"\n\n[[step]]\nuse = \"extract.main_text\"\n"
        );
        std::fs::write(self.path().join(format!("{name}.toml")), recipe).unwrap();
    }

    /// Writes a recipe that reads the index; `table` are the lines of `[source.index]`.
    pub fn index_recipe(&self, name: &str, base: &str, table: &str) {
        let paths = format!("mirror/{TABLE}/*/*.parquet");
        let source = format!("kind = \"cc_index\"\npaths = [\"{paths}\"]\nbase = \"{base}\"\n[source.index]\n{table}");
        self.recipe(name, &source);
    }

    /// Runs a recipe to its end, and audits it.
    pub fn run(&self, name: &str, more: &[&str]) -> String {
        let recipe = format!("{name}.toml");
        let said = tokenmill_in(self.path(), &[&["run", &recipe], more].concat()).ok();
        let audited = tokenmill_in(self.path(), &["audit", &format!("runs/{name}")]).ok();
        assert!(audited.contains("sound: in = kept + dropped"), "{audited}");
        said
    }

    /// Runs the program here.
    pub fn ok(&self, arguments: &[&str]) -> String {
        tokenmill_in(self.path(), arguments).ok()
    }

    /// The documents of a run: everything that is known of them but their row, by the capture they come from.
    pub fn documents(&self, name: &str) -> BTreeMap<Capture, String> {
        let store = LocalStore::open(self.path().join("runs").join(name)).unwrap();
        let (mut documents, mut document, mut source) = (BTreeMap::new(), Document::default(), String::new());
        for part in manifest(&store, "map").parts {
            let mut reader = DocsReader::open(&store, &part.objects["docs"].key).unwrap();
            while reader.next(&mut document, &mut source).unwrap() {
                let time = date::micros(document.date.as_bytes()).unwrap_or(0);
                let capture = (source.clone(), document.url.clone(), time);
                assert!(documents.insert(capture, format!("{document:?}")).is_none(), "{} twice", document.id);
            }
        }
        documents
    }

    /// What the phase of that name has committed in a run.
    pub fn manifest(&self, run: &str, phase: &str) -> Manifest {
        manifest(&LocalStore::open(self.path().join("runs").join(run)).unwrap(), phase)
    }
}

fn manifest(store: &dyn Store, phase: &str) -> Manifest {
    let record = tokenmill_engine::plan::RunRecord::read(store).unwrap();
    let phase = record.phases.into_iter().rfind(|record| record.name == phase).unwrap();
    phase.read_manifest(store).unwrap().unwrap()
}

/// ISO 639-3 codes by URL, from the fixture's list of captures.
fn languages() -> BTreeMap<String, String> {
    let codes = BTreeMap::from([
        ("ar", "ara"),
        ("de", "deu,eng"),
        ("en", "eng"),
        ("es", "spa"),
        ("fr", "fra"),
        ("it", "ita"),
        ("ja", "jpn"),
        ("pl", "pol"),
        ("ru", "rus"),
        ("zh", "zho"),
    ]);
    let text = std::fs::read_to_string(fixture("mini-crawl/index.tsv")).unwrap();
    let field = |line: &str, at: usize| line.split('\t').nth(at).unwrap_or_default().to_owned();
    let code = |line: &str| codes.get(&*field(line, 5)).copied().unwrap_or_default().to_owned();
    text.lines().skip(1).map(|line| (field(line, 1), code(line))).collect()
}

/// Ranges by file, in the order in which they were asked for.
type Asked = Mutex<Vec<(String, Range<u64>)>>;

/// Serves the files below a folder and notes the ranges that are asked for.
pub struct Server {
    pub base: String,
    asked: Arc<Asked>,
}

impl Server {
    /// Serves until the test ends.
    pub fn start(folder: &Path) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let (folder, asked) = (folder.to_path_buf(), Arc::new(Mutex::new(Vec::new())));
        let noted = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, noted) = (folder.clone(), noted.clone());
                std::thread::spawn(move || serve(stream, &folder, &noted));
            }
        });
        Server { base, asked }
    }

    /// The ranges so far.
    pub fn asked(&self) -> Vec<(String, Range<u64>)> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, folder: &Path, noted: &Asked) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let fields: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let name = first.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    let Ok(content) = std::fs::read(folder.join(&name)) else {
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
    };
    let range = fields.iter().find_map(|line| line.to_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
    let range = range.and_then(|range| {
        let (start, end) = range.split_once('-')?;
        Some(start.parse::<u64>().ok()?..end.parse::<u64>().ok()? + 1)
    });
    let (status, shown, body) = match &range {
        _ if first.starts_with("HEAD") => ("200 OK", String::new(), &content[..]),
        None => ("200 OK", String::new(), &content[..]),
        Some(range) => {
            let shown = format!("Content-Range: bytes {}-{}/{}\r\n", range.start, range.end - 1, content.len());
            ("206 Partial Content", shown, &content[range.start as usize..range.end as usize])
        }
    };
    let head = format!(
        "HTTP/1.1 {status}\r\n{shown}Content-Length: {}\r\nETag: \"1\"\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes());
    if !first.starts_with("HEAD") {
        noted.lock().unwrap().push((name, range.unwrap_or(0..content.len() as u64)));
        let _ = stream.write_all(body);
    }
}
