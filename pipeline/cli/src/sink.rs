//! Where results go: standard output, a file, or object storage; compressed by the ending of the name.

use crate::failure::Failure;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use tokenmill_store::Store;
use tokenmill_store::location::{Location, open_store};

/// An output of lines or bytes. What is not finished is not there, where it goes to object storage.
pub struct Output {
    writer: Writer,
    name: String,
    upload: Option<Upload>,
}

/// A file to be stored when it is complete.
struct Upload {
    store: Box<dyn Store>,
    key: String,
    file: tempfile::TempPath,
}

enum Writer {
    Plain(Box<dyn Write>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl Output {
    /// Opens the output.
    pub fn create(path: &str) -> Result<Output, Failure> {
        if path == "-" {
            let writer = Writer::Plain(Box::new(BufWriter::new(io::stdout())));
            return Ok(Output { writer, name: "standard output".to_owned(), upload: None });
        }
        let failed = cannot_write(path);
        let (file, upload) = match Location::parse(path)? {
            Location::Local(path) => (File::create(path).map_err(failed)?, None),
            Location::S3 | Location::Web => {
                let (file, upload) = Upload::begin(path)?;
                (file, Some(upload))
            }
        };
        let file = BufWriter::with_capacity(1 << 18, file);
        let writer = if path.ends_with(".gz") {
            Writer::Gzip(flate2::write::GzEncoder::new(file, flate2::Compression::default()))
        } else if path.ends_with(".zst") {
            Writer::Zstd(zstd::Encoder::new(file, 3).map_err(cannot_write(path))?)
        } else {
            Writer::Plain(Box::new(file))
        };
        Ok(Output { writer, name: path.to_owned(), upload })
    }

    /// Writes one line.
    pub fn line(&mut self, line: &str) -> Result<(), Failure> {
        self.write(line.as_bytes())?;
        self.write(b"\n")
    }

    /// Writes bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let writer: &mut dyn Write = match &mut self.writer {
            Writer::Plain(writer) => writer,
            Writer::Gzip(writer) => writer,
            Writer::Zstd(writer) => writer,
        };
        writer.write_all(bytes).map_err(cannot_write(&self.name))
    }

    /// Writes everything out, and stores it where it is to be stored.
    pub fn finish(self) -> Result<(), Failure> {
        let finished = match self.writer {
            Writer::Plain(mut writer) => writer.flush(),
            Writer::Gzip(writer) => writer.finish().and_then(|mut file| file.flush()),
            Writer::Zstd(writer) => writer.finish().and_then(|mut file| file.flush()),
        };
        finished.map_err(cannot_write(&self.name))?;
        self.upload.map_or(Ok(()), |upload| Ok(upload.store.put_file(&upload.key, &upload.file)?))
    }
}

impl Upload {
    /// Starts a file in the scratch folder of the store that `uri` lies in.
    fn begin(uri: &str) -> Result<(File, Upload), Failure> {
        let (folder, key) = uri.rsplit_once('/').unwrap_or_default();
        if key.is_empty() || folder.ends_with('/') {
            return Err(Failure::usage(format!("`{uri}` names no object")));
        }
        let store = open_store(folder)?;
        let file = tempfile::NamedTempFile::new_in(store.scratch()).map_err(cannot_write(uri))?;
        let (file, path) = file.into_parts();
        Ok((file, Upload { store, key: key.to_owned(), file: path }))
    }
}

fn cannot_write(name: &str) -> impl FnOnce(io::Error) -> Failure {
    let name = name.to_owned();
    move |error| Failure::usage(format!("cannot write `{name}`: {error}"))
}
