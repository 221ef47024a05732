//! Repositories of code as a source: a folder or an archive is one repository, and every text file in it a document.
//!
//! - A document's id is that of repository, path and content, so the same file of the same repository has one id, whatever
//!   the repository is packed in. Its URL is `repo://REPOSITORY/PATH`: unique, and nobody's on the web.
//! - `extra` says `repo`, `path`, `license`, `license_type` ([`LicenseType`]) and `license_from`: the file that names the
//!   licence, or `header` for the file itself. The column `license` has the licence, too.
//! - A folder is read in the order of paths, an archive in its own. Links are not followed, and hidden folders such as
//!   `.git` are passed over, so submodules are as empty as they stand.
//! - An archive that packs everything into one folder, as those of hosts do, is read as if that folder were not there.

mod archive;
mod folder;
mod limits;
mod path;
mod spdx;
mod step;
mod survey;
mod tar;
mod text;

pub(super) use folder::folder_meta;

use super::{Event, Input, Item, Refusal, SplitReader};
use crate::StoreError;
use crate::location::Location;
use crate::warc::Notes;
use archive::{Archive, Broken};
use folder::Folder;
use limits::{MAX_FILE, MAX_LICENSE};
use path::{Taken, address, repository, take};
use serde::Serialize;
use step::{Entry, Step};
use survey::Survey;
use tokenmill_core::hash::digest_hex;
use tokenmill_core::license::LicenseType;
use tokenmill_core::{DocId, Payload, Record};

/// The columns that documents carry along.
pub const CARRIED: [&str; 5] = ["repo", "path", "license", "license_type", "license_from"];

/// Reads one repository.
pub struct CodeReader {
    tree: Tree,
    repository: String,
    survey: Survey,
    /// The folder that an archive packs everything into.
    top: String,
    entry: Entry,
    row: Row,
    is_over: bool,
}

enum Tree {
    Folder(Box<Folder>),
    Archive(Box<Archive>),
}

/// The fields of the file in hand.
#[derive(Default)]
struct Row {
    record_id: String,
    url: String,
    extra: String,
    license: String,
    text: String,
}

/// What the column `extra` says.
#[derive(Serialize)]
struct Extra<'a> {
    repo: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    license: &'a str,
    license_type: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    license_from: &'a str,
}

impl Tree {
    fn next(
        &mut self,
        entry: &mut Entry,
        is_wanted: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Result<Step, Broken>, StoreError> {
        entry.unreadable = None;
        match self {
            Tree::Folder(folder) => folder.next(entry, is_wanted).map(Ok),
            Tree::Archive(archive) => archive.next(entry, is_wanted),
        }
    }
}

impl CodeReader {
    /// Opens a repository and looks through it for licences.
    ///
    /// # Errors
    /// When it is missing or the machine fails; an archive that is damaged is read as far as it goes.
    pub fn open(input: &Input) -> Result<CodeReader, StoreError> {
        let (mut entry, mut survey) = (Entry::default(), Survey::default());
        let mut tree = match Location::parse(&input.uri)? {
            Location::Local(path) if path.is_dir() => Tree::Folder(Box::new(Folder::open(&path)?)),
            _ => Tree::Archive(Box::new(Archive::open(input)?)),
        };
        let is_archive = matches!(tree, Tree::Archive(_));
        loop {
            let mut is_wanted = |path: &str| matches!(take(path), Taken::Yes(path) if Survey::wants(&path));
            match tree.next(&mut entry, &mut is_wanted)? {
                Ok(Step::File) => {}
                Ok(Step::Other(_)) => continue,
                Ok(Step::End) | Err(_) => break,
            }
            if let Taken::Yes(path) = take(&entry.path) {
                if is_archive {
                    survey.path(&path);
                }
                if entry.content.len() as u64 <= MAX_LICENSE {
                    survey.file(&path, &entry.content);
                }
            }
        }
        match &mut tree {
            Tree::Folder(folder) => folder.rewind(),
            Tree::Archive(archive) => archive.rewind()?,
        }
        let (repository, top) = (repository(&input.name).to_owned(), survey.top());
        Ok(CodeReader { tree, repository, survey, top, entry, row: Row::default(), is_over: false })
    }
}

impl SplitReader for CodeReader {
    fn next(&mut self) -> Result<Option<Event<'_>>, StoreError> {
        if self.is_over {
            return Ok(None);
        }
        self.row = Row::default();
        let step = self.tree.next(&mut self.entry, &mut |path| matches!(take(path), Taken::Yes(_)))?;
        let refusal = match step {
            Ok(Step::Other(kind)) => return Ok(Some(Event::Other(kind))),
            Ok(Step::End) => {
                self.is_over = true;
                return Ok(None);
            }
            Ok(Step::File) => match take(&self.entry.path) {
                Taken::Hidden => return Ok(Some(Event::Other("hidden_file"))),
                Taken::Unsafe => {
                    self.row.record_id = format!("{}/{}", self.repository, self.entry.path);
                    let path: String = self.entry.path.chars().take(200).collect();
                    Some(Refusal::because("unsafe_path", path))
                }
                Taken::Yes(path) => self.file(&path),
            },
            Err(broken) => {
                self.is_over = true;
                self.row.record_id.clone_from(&self.repository);
                Some(Refusal::because(broken.reason, broken.evidence))
            }
        };
        let row = &self.row;
        let id = match refusal {
            Some(_) => DocId::from_record_id(&row.record_id),
            None => DocId::from_capture(&row.record_id, "", &digest_hex(row.text.as_bytes())),
        };
        let record = Record {
            record_id: &row.record_id,
            url: &row.url,
            date: "",
            lang: "",
            truncated: false,
            extra: &row.extra,
            robots: "",
            license: &row.license,
            payload: Payload::Text(&row.text),
        };
        Ok(Some(Event::Document(Item { record, id, refusal, notes: Notes::default() })))
    }

    fn bytes_read(&self) -> u64 {
        match &self.tree {
            Tree::Folder(folder) => folder.bytes_read(),
            Tree::Archive(archive) => archive.bytes_read(),
        }
    }

    fn digest(&self) -> Option<String> {
        match &self.tree {
            Tree::Folder(folder) => folder.digest(),
            Tree::Archive(archive) => archive.digest(),
        }
    }
}

impl CodeReader {
    /// Fills the row from the file in hand; says why it is no document.
    fn file(&mut self, path: &str) -> Option<Refusal> {
        let short = path.strip_prefix(&self.top).unwrap_or(path);
        self.row.record_id = format!("{}/{short}", self.repository);
        self.row.url = address(&self.repository, short);
        if let Some(why) = self.entry.unreadable {
            return Some(Refusal::because("unreadable", why));
        }
        if self.entry.bytes > MAX_FILE {
            return Some(Refusal {
                reason: "too_large",
                metric: "bytes",
                value: Some(self.entry.bytes as f32),
                limit: Some(MAX_FILE as f32),
                ..Refusal::default()
            });
        }
        let text = match text::decode(std::mem::take(&mut self.entry.content)) {
            Ok(text) if text.trim().is_empty() => return Some(Refusal { reason: "empty", ..Refusal::default() }),
            Ok(text) => text,
            Err(why) => return Some(Refusal::because("not_text", why)),
        };
        let own = spdx::of_header(&text).map(|license| (license, "header".to_owned()));
        let (license, from) = own.or_else(|| self.survey.license(path)).unwrap_or_default();
        let from = from.strip_prefix(&self.top).unwrap_or(&from);
        let license_type = LicenseType::of(&license).name();
        let extra = Extra { repo: &self.repository, path: short, license: &license, license_type, license_from: from };
        self.row.extra = serde_json::to_string(&extra).unwrap_or_default();
        self.row.license = license;
        self.row.text = text;
        None
    }
}

#[cfg(test)]
mod tests;
