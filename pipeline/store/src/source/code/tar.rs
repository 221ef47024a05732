//! Files of a tar archive, one after another: ustar, GNU and pax, with a limit on everything that an archive can claim.
//!
//! The headers are parsed by the crate `tar`; the walk is our own, because that of the crate reads names of any length.

use super::limits::{MAX_FILE, MAX_TAR_EXTENSION};
use super::step::{Entry, Step};
use std::io::{self, Read};
use tar::{EntryType, Header};

const BLOCK: u64 = 512;

/// Reads a tar archive.
pub struct Tar<R> {
    input: R,
    /// Bytes up to the next header.
    ahead: u64,
    n_headers: u64,
}

/// What headers without a file say of the file behind them.
#[derive(Default)]
struct Said {
    path: Option<String>,
    bytes: Option<u64>,
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

impl<R: Read> Tar<R> {
    /// Reads an archive that is unpacked already.
    pub fn new(input: R) -> Tar<R> {
        Tar { input, ahead: 0, n_headers: 0 }
    }

    /// The next file; its content is read when `is_wanted` says so of its path.
    ///
    /// # Errors
    /// When the stream fails, is cut off, or is no tar archive.
    pub fn next(&mut self, entry: &mut Entry, is_wanted: &mut dyn FnMut(&str) -> bool) -> io::Result<Step> {
        let mut said = Said::default();
        loop {
            let Some(header) = self.header()? else { return Ok(Step::End) };
            let bytes = header.entry_size().map_err(|_| damaged("a size is no number"))?;
            match header.entry_type() {
                EntryType::GNULongName => {
                    let name = self.extension(bytes)?;
                    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
                    said.path = Some(String::from_utf8_lossy(&name[..end]).into_owned());
                    continue;
                }
                EntryType::XHeader => {
                    let records = self.extension(bytes)?;
                    said.read_pax(&records);
                    continue;
                }
                EntryType::GNULongLink | EntryType::XGlobalHeader => {
                    self.ahead = padded(bytes)?;
                    continue;
                }
                _ => {}
            }
            let bytes = said.bytes.unwrap_or(bytes);
            entry.path = said.path.take().unwrap_or_else(|| String::from_utf8_lossy(&header.path_bytes()).into_owned());
            entry.bytes = bytes;
            entry.content.clear();
            match header.entry_type() {
                EntryType::Regular | EntryType::Continuous if entry.path.ends_with('/') => {
                    self.ahead = padded(bytes)?;
                    return Ok(Step::Other("folder"));
                }
                EntryType::Regular | EntryType::Continuous => {}
                EntryType::GNUSparse => {
                    let mut is_extended = header.as_gnu().is_some_and(tar::GnuHeader::is_extended);
                    while is_extended {
                        let mut block = tar::GnuExtSparseHeader::new();
                        self.input.read_exact(block.as_mut_bytes())?;
                        is_extended = block.is_extended();
                    }
                    self.ahead = padded(bytes)?;
                    entry.unreadable = Some("it has holes");
                    return Ok(Step::File);
                }
                other => {
                    // Links and devices have no content, whatever size they state.
                    let has_content = !matches!(
                        other,
                        EntryType::Link
                            | EntryType::Symlink
                            | EntryType::Char
                            | EntryType::Block
                            | EntryType::Directory
                            | EntryType::Fifo
                    );
                    self.ahead = if has_content { padded(bytes)? } else { 0 };
                    return Ok(Step::Other(match other {
                        EntryType::Link | EntryType::Symlink => "link",
                        EntryType::Directory => "folder",
                        _ => "special_file",
                    }));
                }
            }
            self.ahead = padded(bytes)?;
            if bytes <= MAX_FILE && is_wanted(&entry.path) {
                self.input.by_ref().take(bytes).read_to_end(&mut entry.content)?;
                if entry.content.len() as u64 != bytes {
                    return Err(damaged("it is cut off"));
                }
                self.ahead -= bytes;
            }
            return Ok(Step::File);
        }
    }

    /// The next header that is not empty, or `None` at the end.
    fn header(&mut self) -> io::Result<Option<Header>> {
        if self.ahead > 0 {
            let passed = io::copy(&mut self.input.by_ref().take(self.ahead), &mut io::sink())?;
            if passed != self.ahead {
                return Err(damaged("it is cut off"));
            }
            self.ahead = 0;
        }
        let mut header = Header::new_old();
        let mut block = Vec::with_capacity(BLOCK as usize);
        self.input.by_ref().take(BLOCK).read_to_end(&mut block)?;
        // Some writers leave the empty blocks at the end out.
        let is_end = block.is_empty() || (block.len() as u64 == BLOCK && block.iter().all(|byte| *byte == 0));
        if is_end && (self.n_headers > 0 || !block.is_empty()) {
            // To the end of the stream, so that its digest is that of the whole.
            io::copy(&mut self.input, &mut io::sink())?;
            return Ok(None);
        }
        if block.len() as u64 != BLOCK {
            return Err(damaged(if self.n_headers == 0 { "it is no tar or zip archive" } else { "it is cut off" }));
        }
        header.as_mut_bytes().copy_from_slice(&block);
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        if header.cksum().ok() != Some(sum) {
            let what = if self.n_headers == 0 { "it is no tar or zip archive" } else { "a header is damaged" };
            return Err(damaged(what));
        }
        self.n_headers += 1;
        Ok(Some(header))
    }

    /// The content of a header that has no file.
    fn extension(&mut self, bytes: u64) -> io::Result<Vec<u8>> {
        if bytes > MAX_TAR_EXTENSION {
            return Err(damaged("a name is too long"));
        }
        let mut content = Vec::new();
        self.input.by_ref().take(bytes).read_to_end(&mut content)?;
        self.ahead = padded(bytes)?.saturating_sub(content.len() as u64);
        Ok(content)
    }
}

/// The place that content of so many bytes takes.
fn padded(bytes: u64) -> io::Result<u64> {
    bytes.checked_next_multiple_of(BLOCK).ok_or_else(|| damaged("a size is too large"))
}

impl Said {
    /// Reads records of the form `LENGTH KEY=VALUE\n` (POSIX.1-2017, pax); what is malformed ends them.
    fn read_pax(&mut self, mut records: &[u8]) {
        while let Some(blank) = records.iter().position(|byte| *byte == b' ') {
            let length = std::str::from_utf8(&records[..blank]).ok().and_then(|length| length.parse::<usize>().ok());
            let Some(record) = length.and_then(|length| records.get(blank + 1..length)) else { return };
            records = records.get(blank + 1 + record.len()..).unwrap_or_default();
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            if let Some(path) = record.strip_prefix(b"path=") {
                self.path = Some(String::from_utf8_lossy(path).into_owned());
            } else if let Some(size) = record.strip_prefix(b"size=") {
                self.bytes = std::str::from_utf8(size).ok().and_then(|size| size.parse().ok());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, kind: EntryType, bytes: u64) -> Vec<u8> {
        let mut header = Header::new_ustar();
        header.set_path(name).unwrap();
        header.set_entry_type(kind);
        header.set_size(bytes);
        header.set_cksum();
        header.as_bytes().to_vec()
    }

    fn content(text: &[u8]) -> Vec<u8> {
        let mut block = text.to_vec();
        block.resize(text.len().next_multiple_of(512), 0);
        block
    }

    fn file(name: &str, text: &str) -> Vec<u8> {
        [header(name, EntryType::Regular, text.len() as u64), content(text.as_bytes())].concat()
    }

    fn read(bytes: Vec<u8>) -> Vec<String> {
        let mut tar = Tar::new(&bytes[..]);
        let mut entry = Entry::default();
        let mut out = Vec::new();
        loop {
            out.push(match tar.next(&mut entry, &mut |path| !path.starts_with("skip")) {
                Ok(Step::End) => return out,
                Ok(Step::Other(kind)) => kind.to_owned(),
                Ok(Step::File) => format!("{} {}", entry.path, String::from_utf8_lossy(&entry.content)),
                Err(error) => {
                    out.push(error.to_string());
                    return out;
                }
            });
        }
    }

    #[test]
    fn files_are_read_and_the_rest_is_passed() {
        let long = "a/".repeat(200) + "b";
        let pax = format!("{} path={long}\n", long.len() + 10);
        let pax = pax.replacen(&(long.len() + 10).to_string(), &pax.len().to_string(), 1);
        let archive = [
            header("dir/", EntryType::Directory, 0),
            file("dir/one", "1"),
            header("to", EntryType::Symlink, 0),
            file("skip", &"s".repeat(1000)),
            [header("L", EntryType::GNULongName, long.len() as u64), content(long.as_bytes())].concat(),
            file("short", "2"),
            [header("x", EntryType::XHeader, pax.len() as u64), content(pax.as_bytes())].concat(),
            file("short", "3"),
            file("empty", ""),
        ];
        let expected = ["folder", "dir/one 1", "link", "skip ", &format!("{long} 2"), &format!("{long} 3"), "empty "];
        assert_eq!(read([&archive.concat()[..], &[0; 1024]].concat()), expected);
        assert_eq!(read(archive.concat()), expected, "without the end");
        assert!(read(vec![0; 1024]).is_empty(), "an archive of nothing");
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        let large = [header("large", EntryType::Regular, MAX_FILE + 1), content(&vec![b'x'; MAX_FILE as usize + 1])];
        assert_eq!(read([large.concat(), file("b", "2")].concat()), ["large ", "b 2"]);
    }

    #[test]
    fn damage_is_said() {
        let good = file("a", "text");
        let long = header("L", EntryType::GNULongName, 1 << 40);
        for (bytes, expected) in [
            (b"<html>".to_vec(), "it is no tar or zip archive"),
            (vec![b'x'; 2048], "it is no tar or zip archive"),
            (Vec::new(), "it is no tar or zip archive"),
            (good[..600].to_vec(), "it is cut off"),
            (good[..514].to_vec(), "it is cut off"),
            ([&good[..], &[b'x'; 512]].concat(), "a header is damaged"),
            ([good.clone(), long].concat(), "a name is too long"),
            (header("a", EntryType::Regular, u64::MAX >> 1), "it is cut off"),
        ] {
            assert_eq!(read(bytes).last().map(String::as_str), Some(expected));
        }
    }
}
