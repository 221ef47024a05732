//! Fetching as a whole, with clients that hand out packages made here.

use super::cache::place;
use super::member::tests::{tgz_of, zip_of};
use super::sink::sha256;
use super::*;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const CONTENT: &[u8] = b"twelve bytes";

/// Clients that serve one content for everything, and count how often they are asked.
#[derive(Clone)]
struct Fake {
    content: Vec<u8>,
    offline: bool,
    asked: Arc<AtomicUsize>,
}

impl Fake {
    fn serving(content: &[u8]) -> Fake {
        Fake { content: content.to_vec(), offline: false, asked: Arc::default() }
    }

    fn offline() -> Fake {
        Fake { offline: true, ..Fake::serving(b"") }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn put(&self, folder: &Path, name: &str, bytes: Vec<u8>) -> Result<PathBuf, String> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.offline {
            return Err("no network".to_owned());
        }
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|error| error.to_string())?;
        Ok(path)
    }
}

impl Clients for Fake {
    fn wheel(&self, package: &str, version: &str, folder: &Path) -> Result<PathBuf, String> {
        self.put(folder, &format!("{package}-{version}.whl"), zip_of(&[("in/wheel", &self.content)]))
    }

    fn tarball(&self, _: &str, _: &str, folder: &Path) -> Result<PathBuf, String> {
        self.put(folder, "a.tgz", tgz_of(&[("package/file", &self.content)]))
    }

    fn unpacked_crate(&self, _: &str, _: &str, folder: &Path) -> Result<PathBuf, String> {
        self.put(folder, "file", self.content.clone())?;
        Ok(folder.to_owned())
    }

    fn download(&self, _: &str, sink: &mut dyn Write) -> Result<(), String> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        sink.write_all(&self.content).map_err(|error| error.to_string())
    }
}

/// A table with one asset, `thing`, that has these sources.
fn table(content: &[u8], sources: &str) -> String {
    format!(
        "[[asset]]\nname = \"thing\"\nversion = \"1\"\nkind = \"list\"\nlicence = \"MIT\"\nsha256 = \"{}\"\nbytes = {}\nsources = {sources}\n",
        sha256(content),
        content.len()
    )
}

fn open(cache: &TempDir, sources: &str, clients: &Fake) -> Assets {
    let assets = Assets::open(cache.path()).unwrap().with_table(&table(CONTENT, sources)).unwrap();
    assets.with_clients(clients.clone())
}

#[test]
fn every_kind_of_source_gives_the_file() {
    for source in ["pypi:p==1!in/wheel", "npm:p@1!package/file", "crate:p@1!file", "https://example.org/f"] {
        let cache = tempfile::tempdir().unwrap();
        let clients = Fake::serving(CONTENT);
        let assets = open(&cache, &format!("[\"{source}\"]"), &clients);
        let path = assets.path("thing").unwrap();
        assert_eq!(fs::read(&path).unwrap(), CONTENT, "{source}");
        assert_eq!(&*assets.read("thing").unwrap(), CONTENT);
        assert_eq!(clients.asked(), 1, "{source}");
        let left: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "only the lock and the file may stay: {left:?}");
    }
}

#[test]
fn a_file_in_the_cache_needs_no_network() {
    let cache = tempfile::tempdir().unwrap();
    open(&cache, r#"["https://example.org/f"]"#, &Fake::serving(CONTENT)).path("thing").unwrap();
    let offline = Fake::offline();
    let assets = open(&cache, r#"["https://example.org/f"]"#, &offline);
    assert_eq!(&*assets.read("thing").unwrap(), CONTENT);
    assert_eq!(assets.sha256("thing").unwrap(), sha256(CONTENT));
    assert_eq!(offline.asked(), 0);
}

#[test]
fn sources_are_tried_in_order_and_every_failure_is_told() {
    let cache = tempfile::tempdir().unwrap();
    let sources = r#"["pypi:p==1!missing/member", "npm:p@1!package/file"]"#;
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = events.clone();
    let assets = open(&cache, sources, &Fake::serving(CONTENT)).with_events(move |event| {
        seen.lock().unwrap().push(match event {
            Event::Trying { source, .. } => format!("try {source}"),
            Event::Received { bytes, .. } => format!("{bytes}"),
            Event::Failed { why, .. } => (*why).to_owned(),
            Event::Fetched { asset, .. } => format!("got {}", asset.name),
        });
    });
    assets.path("thing").unwrap();
    let expected = [
        "try pypi:p==1!missing/member",
        "the package has no `missing/member`",
        "try npm:p@1!package/file",
        "12",
        "got thing",
    ];
    assert_eq!(*events.lock().unwrap(), expected);

    let offline = open(&tempfile::tempdir().unwrap(), sources, &Fake::offline());
    let error = offline.path("thing").unwrap_err();
    let message = error.to_string();
    assert!(message.contains("pypi:p==1!missing/member: no network"), "{message}");
    assert!(message.contains("npm:p@1!package/file: no network"), "{message}");
    let hint = error.hint().unwrap();
    assert!(hint.contains("`tokenmill assets fetch thing`") && hint.contains(&sha256(CONTENT)), "{hint}");
    assert!(hint.contains("12 bytes"), "{hint}");
}

#[test]
fn wrong_content_never_reaches_the_cache() {
    for (served, why) in
        [(&b"twelve bytez"[..], "another content"), (b"far too many bytes", "more than"), (b"few", "3 bytes")]
    {
        let cache = tempfile::tempdir().unwrap();
        let assets = open(&cache, r#"["https://example.org/f"]"#, &Fake::serving(served));
        let error = assets.path("thing").unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(status(&assets).state, State::Missing);
    }
}

#[test]
fn a_damaged_file_is_noticed_and_replaced() {
    let cache = tempfile::tempdir().unwrap();
    let assets = open(&cache, r#"["https://example.org/f"]"#, &Fake::serving(CONTENT));
    let path = assets.path("thing").unwrap();
    fs::write(&path, b"twelve bytez").unwrap();
    assert_eq!(status(&assets).state, State::Damaged);
    assert_eq!(&*assets.read("thing").unwrap(), CONTENT);
    assert_eq!(status(&assets).state, State::Ready);

    fs::write(&path, b"cut").unwrap();
    let error = open(&cache, "[]", &Fake::offline()).path("thing").unwrap_err().to_string();
    assert!(error.contains("another content"), "{error}");
}

#[test]
fn a_file_put_there_by_hand_is_used() {
    let cache = tempfile::tempdir().unwrap();
    let assets = open(&cache, "[]", &Fake::offline());
    let path = status(&assets).path;
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, CONTENT).unwrap();
    assert_eq!(assets.path("thing").unwrap(), path);
}

#[test]
fn many_at_once_fetch_once() {
    let cache = tempfile::tempdir().unwrap();
    let clients = Fake::serving(CONTENT);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            // One `Assets` each: nothing but the cache folder is shared, as between processes.
            scope.spawn(|| open(&cache, r#"["npm:p@1!package/file"]"#, &clients).path("thing").unwrap());
        }
    });
    assert_eq!(clients.asked(), 1);
}

#[test]
fn threads_share_one_copy() {
    let cache = tempfile::tempdir().unwrap();
    let assets = open(&cache, r#"["https://example.org/f"]"#, &Fake::serving(CONTENT));
    let (a, b) = (assets.read("thing").unwrap(), assets.read("thing").unwrap());
    assert!(Arc::ptr_eq(&a, &b));
}

#[test]
fn users_files_are_used_as_they_are_but_must_not_change() {
    let cache = tempfile::tempdir().unwrap();
    let assets = open(&cache, "[]", &Fake::offline());
    let path = cache.path().join("mine.bin");
    let name = path.to_str().unwrap();
    assert!(assets.read(name).unwrap_err().to_string().contains("there is no file"));
    fs::write(&path, b"one").unwrap();
    assert_eq!(assets.sha256(name).unwrap(), sha256(b"one"));
    assert_eq!(&*assets.read(name).unwrap(), b"one");
    fs::write(&path, b"two").unwrap();
    assert!(assets.read(name).unwrap_err().to_string().contains("changed while"));
}

#[test]
fn an_address_with_a_digest_needs_no_table() {
    let cache = tempfile::tempdir().unwrap();
    let clients = Fake::serving(CONTENT);
    let assets = Assets::open(cache.path()).unwrap().with_clients(clients.clone());
    let name = format!("https://example.org/a/thing.bin#sha256={}", sha256(CONTENT));
    assert_eq!(&*assets.read(&name).unwrap(), CONTENT);
    assert!(assets.path(&name).unwrap().ends_with("thing.bin"));
    assert_eq!((assets.sha256(&name).unwrap(), clients.asked()), (sha256(CONTENT), 1));
}

#[test]
fn the_core_trait_passes_on_message_and_hint() {
    let assets: &dyn tokenmill_core::Assets = &Assets::open("/nonexistent").unwrap();
    let error = assets.bytes("lid.176.fts").unwrap_err();
    assert_eq!(error.message, "unknown asset `lid.176.fts`");
    assert!(error.hint.unwrap().contains("lid.176.ftz"));
}

fn status(assets: &Assets) -> Status {
    let listed = assets.list().unwrap();
    let status = listed.into_iter().find(|status| status.asset.name == "thing").unwrap();
    assert!(status.path.ends_with(place(Path::new(""), &status.asset)));
    status
}
