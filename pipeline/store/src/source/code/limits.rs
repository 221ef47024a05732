//! What a repository may cost at most: it comes from anybody.

/// Files of a repository. The largest open ones have half a million; an archive may name billions in a few bytes.
pub const MAX_FILES: u64 = 1_000_000;

/// Bytes of one file. RefinedCode (OpenCoder, arXiv:2411.04905) leaves files out from 8 MB: hardly one is written by hand.
pub const MAX_FILE: u64 = 8 << 20;

/// Bytes of a path, as `PATH_MAX` of Linux has it.
pub const MAX_PATH: usize = 4096;

/// Folders within each other.
pub const MAX_DEPTH: usize = 64;

/// Bytes that an archive may unpack to. The largest working trees of open repositories have a few GiB.
pub const MAX_UNPACKED: u64 = 32 << 30;

/// How many times its own size an archive may unpack to, once it has unpacked to [`FREE_UNPACKED`]. Source code has some
/// five to ten, with many copies some fifty; a bomb has a thousand and more.
pub const MAX_RATIO: u64 = 200;

/// Bytes below which [`MAX_RATIO`] does not count, because small archives may well be uniform.
pub const FREE_UNPACKED: u64 = 64 << 20;

/// Bytes of a web server's archive of unknown size.
pub const MAX_ARCHIVE: u64 = 64 << 30;

/// Bytes of a licence or a manifest that are read; the longest licence of the SPDX list has some 50 KiB.
pub const MAX_LICENSE: u64 = 256 << 10;

/// Folders with a licence or a manifest; those of further ones are not looked at.
pub const MAX_LICENSED_FOLDERS: usize = 100_000;

/// Bytes at the beginning of a file in which its own licence is looked for.
pub const MAX_HEADER: usize = 4 << 10;

/// Bytes of a header of a tar archive that has no file: a long name, or pax records.
pub const MAX_TAR_EXTENSION: u64 = 64 << 10;
