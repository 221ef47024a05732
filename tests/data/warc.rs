//! Every file of the archive `warc`, sound and damaged, gives exactly the records that are known to be in it.
//!
//! The numbers come from the archive's description. Where that is silent they were counted by hand and with a second
//! reader of ten lines, and the reason stands beside them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use support::archive;
use tokenmill_store::warc::{Item, Limits, Note, RecordKind, Truncation, WarcReader, WarcRecord};

/// File, records by kind, stretches reported as damage. Letters: w warcinfo, q request, r response, m metadata,
/// v revisit, s resource, c conversion, a ARC file header, u unknown.
const EXPECTED: &[(&str, &str, usize)] = &[
    ("CorentinB__warc/test.warc.gz", "q1 r1 w1", 0),
    ("allenai__dolma/sample-0000.warc.gz", "m1 q22 r22 s2 w1", 0),
    // One member. The last three captures state 680 bytes and have 178, 207 and 200.
    ("archivesunleashed__aut/badexample.arc.gz", "a1 r5", 0),
    ("archivesunleashed__aut/example.arc.gz", "a1 r299", 0),
    ("archivesunleashed__aut/example.warc.gz", "m261 q261 r299 w1", 0),
    ("archivesunleashed__aut/issue-493.warc", "q15 r10 v5 w2", 0),
    ("archivesunleashed__aut/issue-514.warc", "m1 q2 r2 s2 w1", 0),
    ("chatnoir-eu__chatnoir-copycat/small-sample-1262850551027_8.arc", "a1 r8", 0),
    ("chatnoir-eu__chatnoir-resiliparse/block-sized-records.warc.gz", "u3", 0),
    ("chatnoir-eu__chatnoir-resiliparse/clipped.warc.gz", "r1", 0),
    ("chatnoir-eu__chatnoir-resiliparse/warcfile.warc", "m16 q17 r16 w1", 0),
    ("chatnoir-eu__chatnoir-resiliparse/warcfile.warc.gz", "m16 q17 r16 w1", 0),
    // Without separators. Five URL lines stand at the start of a line; three more follow a body without a line end,
    // where the stated lengths lead exactly, the last one to the end of the file.
    ("commoncrawl__ia-web-commons/IAH-20080430204825-00000-blackbook-truncated.arc", "a1 r8", 0),
    ("commoncrawl__ia-web-commons/IAH-urls-wget.warc", "q16 r16 s3 w1", 0),
    // The start of a member, then a whole one. Both hold a listing of a folder, no record.
    ("commoncrawl__ia-web-commons/double-single-inflate-error.gz", "", 2),
    ("commoncrawl__ia-web-commons/html-lang-attribute.warc", "r5", 0),
    ("commoncrawl__ia-web-commons/mutliple-headers.warc", "r1", 0),
    ("commoncrawl__whirlwind-python/whirlwind.warc", "m1 q1 r1 w1", 0),
    ("commoncrawl__whirlwind-python/whirlwind.warc.gz", "m1 q1 r1 w1", 0),
    ("commoncrawl__whirlwind-python/whirlwind.warc.wat", "m1 w1", 0),
    ("commoncrawl__whirlwind-python/whirlwind.warc.wet", "c1 w1", 0),
    ("commoncrawl__whirlwind-python/whirlwind.warc.wet.gz", "c1 w1", 0),
    // No crawl file but a list of languages.
    ("hplt_sample_cc100.langs", "", 1),
    ("hplt_sample_cc100.warc.gz", "r100", 0),
    ("iipc__jwarc/cc.warc.gz", "r1", 0),
    ("iipc__jwarc/gzip_extra_sl.warc.gz", "w1", 0),
    ("iipc__warc-specifications/20141129-heritrix-revisit-with-http-headers-and-new-warc-headers.warc.gz", "v1", 0),
    ("iipc__warc-specifications/hello-world.warc.gz", "m1 q1 r1 s2 w1", 0),
    ("made/example.bad-crc-middle.warc.gz", "q2 r1 v1 w1", 1),
    ("made/example.dict.warc.zst", "q2 r1 v1 w2", 0),
    ("made/example.per-record.warc.zst", "q2 r1 v1 w2", 0),
    ("made/example.single-member.warc.gz", "q2 r1 v1 w2", 0),
    // Zeros behind the last member.
    ("made/example.trailing-garbage.warc.gz", "q2 r1 v1 w2", 1),
    ("made/example.warc.zst", "q2 r1 v1 w2", 0),
    ("made/http-encodings.warc", "r15", 0),
    ("made/http-encodings.warc.gz", "r15", 0),
    ("made/wrong-content-length.warc", "r2", 0),
    ("postlight_parser_pages.warc.gz", "r163", 0),
    ("recipe_scrapers_pages.warc.gz", "r150", 0),
    // As warcio's example, but the response states one byte too few and a revisit two too many.
    ("webrecorder__warcio.js/example-bad-length.warc", "q2 r1 v1 w2", 0),
    ("webrecorder__warcio.js/example-iana.org-chunked.warc", "q1 r1 w1", 0),
    ("webrecorder__warcio.js/example-resource.warc.gz", "s1", 0),
    ("webrecorder__warcio.js/example-url-agnostic-revisit.warc.gz", "v1 w1", 0),
    ("webrecorder__warcio.js/example-wget-bad-target-uri.warc.gz", "m1 q1 r1 s2 w1", 0),
    ("webrecorder__warcio.js/example.warc", "m1 q2 r1 v1 w2", 0),
    ("webrecorder__warcio.js/example.warc.gz", "q2 r1 v1 w2", 0),
    ("webrecorder__warcio.js/post-test-more.warc", "q3 r3", 0),
    ("webrecorder__warcio.js/post-test.warc.gz", "q3 r3", 0),
    ("webrecorder__warcio.js/redirect.warc", "q1 r1", 0),
    // Four URL lines, whose lengths are -1, -1, 1 and `abc`.
    ("webrecorder__warcio/bad.arc", "a1 r3", 0),
    ("webrecorder__warcio/example-bad-non-chunked.warc.gz", "q2 r1 v1 w2", 0),
    // One member with six records, of which the last is a second response.
    ("webrecorder__warcio/example-bad.warc.gz.bad", "q2 r2 v1 w1", 0),
    // The same request four times with its digests written in four ways.
    ("webrecorder__warcio/example-digest.warc", "q4", 0),
    ("webrecorder__warcio/example-iana.org-chunked.warc", "q1 r1 w1", 0),
    ("webrecorder__warcio/example-resource.warc.gz", "s1 w2", 0),
    ("webrecorder__warcio/example-space-in-target-uri.warc.gz", "s1 w1", 0),
    ("webrecorder__warcio/example-space-in-url.arc", "a1 r1", 0),
    // As warcio's example without its last two records; the response states two bytes too few.
    ("webrecorder__warcio/example-trunc.warc", "q1 r1 w2", 0),
    ("webrecorder__warcio/example-wget-bad-target-uri.warc.gz", "m1 q1 r1 s2 w1", 0),
    // Members that end within the response: header, body, rest.
    ("webrecorder__warcio/example-wrong-chunks.warc.gz", "q1 r1", 0),
    ("webrecorder__warcio/example.arc", "a1 r1", 0),
    ("webrecorder__warcio/example.arc.gz", "a1 r1", 0),
    ("webrecorder__warcio/example.warc", "q2 r1 v1 w2", 0),
    ("webrecorder__warcio/example.warc.gz", "q2 r1 v1 w2", 0),
    ("webrecorder__warcio/post-test.warc.gz", "q3 r3", 0),
];

/// The paragraph that every response of `made/http-encodings.warc` holds forty times.
const PARAGRAPH: &str = "Grüße aus Köln, dies ist der Text.";

/// Reads a file, handing over each record; gives the number of damaged stretches.
fn each(name: &str, mut take: impl FnMut(&WarcRecord<'_>)) -> usize {
    let file = std::fs::File::open(archive("warc").join(name)).expect("the archive holds the file");
    let mut reader = WarcReader::new(file, Limits::default());
    let mut n_damaged = 0;
    while let Some(item) = reader.next().expect("the disk works") {
        match item {
            Item::Record(record) => take(&record),
            Item::Damaged(_) => n_damaged += 1,
        }
    }
    n_damaged
}

/// Header fields and block of every record, joined.
fn contents(name: &str) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    each(name, |record| {
        let mut bytes = Vec::new();
        for (name, value) in record.headers() {
            bytes.extend([name, b": ", &value, b"\n"].concat());
        }
        bytes.extend_from_slice(record.block);
        all.push(bytes);
    });
    all
}

fn letter(kind: RecordKind) -> char {
    match kind {
        RecordKind::Warcinfo => 'w',
        RecordKind::Request => 'q',
        RecordKind::Response => 'r',
        RecordKind::Metadata => 'm',
        RecordKind::Revisit => 'v',
        RecordKind::Resource => 's',
        RecordKind::Conversion => 'c',
        RecordKind::Continuation => 'n',
        RecordKind::ArcHeader => 'a',
        RecordKind::Unknown => 'u',
    }
}

#[test]
fn every_file_gives_its_records() {
    let mut wrong = Vec::new();
    for &(name, expected, expected_damaged) in EXPECTED {
        let mut kinds = BTreeMap::new();
        let n_damaged = each(name, |record| *kinds.entry(letter(record.kind)).or_insert(0) += 1);
        let found: Vec<String> = kinds.iter().map(|(kind, n): (&char, &usize)| format!("{kind}{n}")).collect();
        if (found.join(" ").as_str(), n_damaged) != (expected, expected_damaged) {
            wrong.push(format!("{name}: {} and {n_damaged} damaged, not {expected}", found.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_of_the_archive_is_left_out() {
    let root = archive("warc");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the archive can be listed") {
            let path = entry.expect("the archive can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(relative(&path, &root));
            }
        }
    }
    found.sort();
    let expected: Vec<String> = EXPECTED.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(found, expected);
}

fn relative(path: &Path, root: &PathBuf) -> String {
    path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned()
}

#[test]
fn every_http_encoding_gives_the_paragraph_forty_times() {
    for name in ["made/http-encodings.warc", "made/http-encodings.warc.gz"] {
        let mut n_cases = 0;
        each(name, |record| {
            let uri = record.target_uri().expect("every response has a URI").into_owned();
            let response = record.http(&Limits::default());
            // The character encoding is another room's work.
            let text = match uri.rsplit('/').next() {
                Some("latin1-undeclared") => response.body.iter().map(|&b| char::from(b)).collect(),
                Some("utf16le-bom") => {
                    let units: Vec<u16> =
                        response.body.chunks(2).map(|two| u16::from_le_bytes([two[0], two[1]])).collect();
                    String::from_utf16(&units).expect("UTF-16")
                }
                _ => String::from_utf8(response.body.to_vec()).expect("UTF-8"),
            };
            assert_eq!(text.replace('\0', "").matches(PARAGRAPH).count(), 40, "{uri}");
            assert_eq!(response.status, 200, "{uri}");
            n_cases += 1;
        });
        assert_eq!(n_cases, 15, "{name}");
    }
}

#[test]
fn every_container_of_the_example_gives_the_same_bytes() {
    let plain = contents("webrecorder__warcio/example.warc");
    for name in [
        "made/example.warc.zst",
        "made/example.per-record.warc.zst",
        "made/example.dict.warc.zst",
        "made/example.single-member.warc.gz",
        "made/example.trailing-garbage.warc.gz",
    ] {
        assert_eq!(contents(name), plain, "{name}");
    }
    let damaged = contents("made/example.bad-crc-middle.warc.gz");
    assert_eq!(damaged[0], plain[0]);
    assert_eq!(damaged[1..], plain[2..]);
}

#[test]
fn arc_and_warc_of_one_crawl_hold_the_same_pages() {
    let pages = |name: &str| {
        let mut pages = Vec::new();
        each(name, |record| {
            if record.kind == RecordKind::Response {
                pages.push((record.target_uri().map(|uri| uri.into_owned()), record.date(), record.block.len()));
            }
        });
        pages.sort();
        pages
    };
    let warc = pages("archivesunleashed__aut/example.warc.gz");
    assert_eq!(warc.len(), 299);
    assert_eq!(warc, pages("archivesunleashed__aut/example.arc.gz"));
}

#[test]
fn what_is_odd_is_noted() {
    let notes = |name: &str| {
        let mut all = Vec::new();
        each(name, |record| all.extend(record.notes.iter()));
        all
    };
    assert_eq!(notes("made/wrong-content-length.warc"), [Note::LengthMismatch]);
    assert_eq!(notes("webrecorder__warcio/example-digest.warc"), [Note::PayloadDigestMismatch]);
    assert_eq!(notes("webrecorder__warcio/example-trunc.warc"), [Note::LengthMismatch]);
    // The digests of some nine hundred real records.
    for name in [
        "archivesunleashed__aut/example.warc.gz",
        "allenai__dolma/sample-0000.warc.gz",
        "chatnoir-eu__chatnoir-resiliparse/warcfile.warc",
        "commoncrawl__ia-web-commons/IAH-urls-wget.warc",
        "commoncrawl__whirlwind-python/whirlwind.warc.gz",
        "iipc__jwarc/cc.warc.gz",
        "webrecorder__warcio.js/redirect.warc",
    ] {
        assert_eq!(notes(name), [], "{name}");
    }
    let mut clipped = Vec::new();
    each("chatnoir-eu__chatnoir-resiliparse/clipped.warc.gz", |record| {
        clipped.push((record.block.len(), record.truncated));
    });
    // 75,657 bytes can be inflated, 450 of them are the header.
    assert_eq!(clipped, [(75_207, Some(Truncation::EndOfInput))]);
}
