//! Repositories in every form give the same documents, and hostile ones cost little.
#![expect(clippy::disallowed_methods, reason = "tests make files as a user would")]

use super::*;
use crate::source::{Format, find};
use ::tar::{Builder, EntryType, Header};
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;

const MIT: &str = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and \
    associated documentation files. The above permission notice shall be included in all copies.\n";

const FILES: &[(&str, &[u8])] = &[
    (".gitignore", b"target\n"),
    ("LICENSE", MIT.as_bytes()),
    ("docs/empty.md", b" \n"),
    ("docs/größe.md", b"# Gr\xf6\xdfe und M\xe4rchen f\xfcr sch\xf6ne M\xe4dchen\n"),
    ("logo.png", b"\x89PNG\r\n\x1a\n\0\0"),
    ("src/gpl.c", b"/* SPDX-License-Identifier: GPL-2.0-only */\nint x;\n"),
    ("src/main.rs", b"fn main() {}\n"),
    ("third_party/x.c", b"int y;\n"),
    ("third_party/z/COPYING", b"GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n"),
    ("third_party/z/z.c", b"int z;\n"),
];

fn header(name: &str, kind: EntryType, bytes: u64) -> Header {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

fn tar_of(top: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, content) in files {
        tar.append(&header(&format!("{top}{name}"), EntryType::Regular, content.len() as u64), *content).unwrap();
    }
    tar.into_inner().unwrap()
}

fn zip_of(top: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(format!("{top}{name}"), SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Every document as `path license text`, or `path reason`, and what was counted.
fn read(path: &Path) -> (Vec<(String, DocId)>, Vec<&'static str>) {
    let input = find(&path.display().to_string()).unwrap();
    let mut reader = CodeReader::open(&input).unwrap();
    let (mut documents, mut others) = (Vec::new(), Vec::new());
    while let Some(event) = reader.next().unwrap() {
        match event {
            Event::Other(kind) => others.push(kind),
            Event::Document(Item { record, id, refusal, .. }) => {
                let Payload::Text(text) = record.payload else { panic!("text only") };
                let said = match refusal {
                    Some(refusal) => format!("{} {}", record.record_id, refusal.reason),
                    None => format!("{} {} {}", record.record_id, record.license, text.trim_end()),
                };
                documents.push((said, id));
            }
        }
    }
    assert!(reader.next().unwrap().is_none());
    assert!(reader.digest().is_some() || others.is_empty());
    (documents, others)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_folder_and_its_archives_give_the_same_documents() {
    let base = tempfile::tempdir().unwrap();
    for (name, content) in FILES {
        write(base.path(), &format!("repo/{name}"), content);
    }
    write(base.path(), "repo/.git/config", b"[core]\n");
    std::os::unix::fs::symlink("src", base.path().join("repo/link")).unwrap();
    let (documents, others) = read(&base.path().join("repo"));
    assert_eq!(others, ["hidden_folder", "link"]);
    let said: Vec<&str> = documents.iter().map(|(said, _)| said.as_str()).collect();
    let license = format!("repo/LICENSE MIT {}", MIT.trim_end());
    let expected = [
        "repo/.gitignore MIT target",
        &license,
        "repo/docs/empty.md empty",
        "repo/docs/größe.md MIT # Größe und Märchen für schöne Mädchen",
        "repo/logo.png not_text",
        "repo/src/gpl.c GPL-2.0-only /* SPDX-License-Identifier: GPL-2.0-only */\nint x;",
        "repo/src/main.rs MIT fn main() {}",
        "repo/third_party/x.c MIT int y;",
        "repo/third_party/z/COPYING GPL-3.0 GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007",
        "repo/third_party/z/z.c GPL-3.0 int z;",
    ];
    assert_eq!(said, expected);
    let gzip = |bytes: Vec<u8>| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&bytes).unwrap();
        gzip.finish().unwrap()
    };
    let tar = |top: &str| tar_of(top, FILES);
    for (name, bytes) in [
        ("repo.tar", tar("")),
        ("repo.tar.gz", gzip(tar("repo-1.0/"))),
        ("repo.tar.zst", zstd::encode_all(&tar("./")[..], 3).unwrap()),
        ("repo.zip", zip_of("repo-main/", FILES)),
    ] {
        assert_eq!(read(&write(base.path(), name, &bytes)).0, documents, "{name}");
    }
}

#[test]
fn what_leads_out_or_is_no_file_is_told() {
    let base = tempfile::tempdir().unwrap();
    let mut tar = Builder::new(Vec::new());
    for name in ["../../etc/passwd", "/etc/passwd", "a/.git/config", "ok.c"] {
        tar.append(&header(name, EntryType::Regular, 6), &b"int x;"[..]).unwrap();
    }
    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Directory, EntryType::Fifo] {
        tar.append(&header("x", kind, 0), &b""[..]).unwrap();
    }
    let (documents, others) = read(&write(base.path(), "r.tar", &tar.into_inner().unwrap()));
    let said: Vec<&str> = documents.iter().map(|(said, _)| said.as_str()).collect();
    assert_eq!(said, ["r/../../etc/passwd unsafe_path", "r//etc/passwd unsafe_path", "r/ok.c  int x;"]);
    assert_eq!(others, ["hidden_file", "link", "link", "folder", "special_file"]);
}

#[test]
fn bombs_end_at_their_limit() {
    let base = tempfile::tempdir().unwrap();
    let mut tar = Builder::new(zstd::Encoder::new(Vec::new(), 1).unwrap());
    tar.append(&header("a.c", EntryType::Regular, 6), &b"int x;"[..]).unwrap();
    let zeros = std::io::Read::take(std::io::repeat(b'\n'), 256 << 20);
    tar.append(&header("b.c", EntryType::Regular, 256 << 20), zeros).unwrap();
    let bytes = tar.into_inner().unwrap().finish().unwrap();
    assert!(bytes.len() < 1 << 20);
    let said = |path: &Path| -> Vec<String> { read(path).0.into_iter().map(|(said, _)| said).collect() };
    let found = said(&write(base.path(), "bomb.tar.zst", &bytes));
    assert_eq!(found, ["bomb/a.c  int x;", "bomb/b.c too_large", "bomb archive_too_large"]);
    // The files of a zip archive, each below the limit.
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..20 {
        zip.start_file(format!("{number}.c"), SimpleFileOptions::default()).unwrap();
        zip.write_all(&vec![b' '; MAX_FILE as usize]).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    let found = said(&write(base.path(), "bomb.zip", &bytes));
    assert_eq!(found.len(), 9, "{found:?}");
    assert_eq!(found[8], "bomb archive_too_large");
}

#[test]
fn damaged_archives_are_read_as_far_as_they_go() {
    let base = tempfile::tempdir().unwrap();
    let noise: Vec<u8> =
        (0..100_000u64).flat_map(|n| format!("{}\n", tokenmill_core::hash::mix64(n, 1)).into_bytes()).collect();
    let files: &[(&str, &[u8])] = &[("a.c", b"int x;"), ("noise.txt", &noise)];
    let whole = zstd::encode_all(&tar_of("", files)[..], 3).unwrap();
    let zip = zip_of("", files);
    let said = |name: &str, bytes: &[u8]| -> Vec<String> {
        let documents = read(&write(base.path(), name, bytes)).0;
        documents.into_iter().map(|(said, _)| said.chars().take(30).collect()).collect()
    };
    assert_eq!(said("r.tar.zst", &whole[..whole.len() / 2]), ["r/a.c  int x;", "r damaged_archive"]);
    assert_eq!(said("r.zip", &zip[..zip.len() / 2]), ["r damaged_archive"]);
    assert_eq!(said("r.zip", b"not an archive"), ["r damaged_archive"]);
    assert_eq!(said("r.zip", b""), ["r damaged_archive"]);
    let mut flipped = zip.clone();
    flipped[zip.len() / 2] ^= 0x55;
    assert_eq!(said("r.zip", &flipped), ["r/a.c  int x;", "r/noise.txt unreadable"]);
}

#[test]
fn folders_are_inputs_that_change_with_their_files() {
    let base = tempfile::tempdir().unwrap();
    write(base.path(), "repos/one/a.c", b"int x;");
    write(base.path(), "repos/two.zip", &zip_of("", FILES));
    write(base.path(), "repos/three/b/c.c", b"int xyz;");
    let pattern = base.path().join("repos/*").display().to_string();
    let inputs = Format::Code.inputs(std::slice::from_ref(&pattern), "").unwrap();
    assert_eq!(inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>(), ["one", "three", "two.zip"]);
    assert_eq!((inputs[0].bytes, inputs[1].bytes), (6, 8));
    assert_eq!(Format::Jsonl.inputs(&[pattern], "").unwrap().len(), 1, "files only");
    let one = Format::Code.inputs(&[base.path().join("repos/one/").display().to_string()], "").unwrap();
    assert_eq!((one[0].name.as_str(), one[0].version.as_str()), ("one", inputs[0].version.as_str()));
    assert!(inputs.iter().all(|input| input.is_unchanged().unwrap()));
    write(base.path(), "repos/one/b.c", b"");
    assert!(!inputs[0].is_unchanged().unwrap());
    assert!(inputs[1].is_unchanged().unwrap());
}
