//! What the walk through a repository comes upon, whatever the repository is packed in.

/// One file of a repository; its buffers are reused.
#[derive(Debug, Default)]
pub struct Entry {
    /// Its path as it is written.
    pub path: String,
    /// Its size in bytes, as stated.
    pub bytes: u64,
    /// Its content, if it was asked for and is not too large.
    pub content: Vec<u8>,
    /// Why there is no content, although it was asked for.
    pub unreadable: Option<&'static str>,
}

/// One step of the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A file.
    File,
    /// What is no file: counted under this name.
    Other(&'static str),
    /// There is nothing more.
    End,
}
