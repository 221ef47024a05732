//! The reader on whole files: formats, lies and limits. All bytes are made here.

mod damage;

use std::io::{self, Read};

use super::testing::{Random, gzip, http, record};
use super::*;

/// What came out of a file, in order.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// Target URI (or kind), block.
    records: Vec<(String, Vec<u8>)>,
    notes: Vec<Vec<&'static str>>,
    truncated: Vec<Option<Truncation>>,
    offsets: Vec<u64>,
    damaged: Vec<Damage>,
}

impl Outcome {
    fn names(&self) -> Vec<&str> {
        self.records.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn reasons(&self) -> Vec<&str> {
        self.damaged.iter().map(|damage| damage.reason).collect()
    }
}

fn read_with(file: impl Read, limits: Limits) -> Outcome {
    let mut reader = WarcReader::new(file, limits);
    let mut outcome = Outcome::default();
    while let Some(item) = reader.next().unwrap() {
        match item {
            Item::Record(record) => {
                let name = record.target_uri().map_or(format!("{:?}", record.kind), |uri| uri.into_owned());
                outcome.records.push((name, record.block.to_vec()));
                outcome.notes.push(record.notes.iter().map(Note::name).collect());
                outcome.truncated.push(record.truncated);
                outcome.offsets.push(record.offset);
            }
            Item::Damaged(damage) => outcome.damaged.push(damage),
        }
    }
    assert!(reader.next().unwrap().is_none(), "the end stays the end");
    outcome
}

fn read(file: &[u8]) -> Outcome {
    read_with(file, Limits::default())
}

/// Three responses named a, b, c.
fn three() -> Vec<Vec<u8>> {
    ["a", "b", "c"]
        .iter()
        .map(|uri| record("response", uri, "", &http(&format!("<p>{}</p>", uri.repeat(300)))))
        .collect()
}

#[test]
fn every_container_gives_the_same_records() {
    let records = three();
    let plain = records.concat();
    let expected = read(&plain);
    assert_eq!(expected.names(), ["a", "b", "c"]);
    assert!(expected.damaged.is_empty() && expected.notes.iter().all(Vec::is_empty));
    assert_eq!(expected.offsets, [0, records[0].len() as u64, (records[0].len() + records[1].len()) as u64]);
    let members: Vec<u8> = records.iter().flat_map(|record| gzip(record)).collect();
    let frames: Vec<u8> = records.iter().flat_map(|record| zstd_frame(record)).collect();
    let blocks: Vec<u8> = plain.chunks(100).flat_map(gzip).collect();
    for (name, file) in [
        ("members", members),
        ("one member", gzip(&plain)),
        ("blocks", blocks),
        ("frames", frames),
        ("one frame", zstd_frame(&plain)),
        ("line feeds", String::from_utf8(plain.clone()).unwrap().replace("\r\n\r\nWARC", "\n\nWARC").into_bytes()),
    ] {
        let outcome = read(&file);
        assert_eq!(outcome.records, expected.records, "{name}");
        assert!(outcome.damaged.is_empty() && outcome.notes == expected.notes, "{name}: {outcome:?}");
    }
}

fn zstd_frame(text: &[u8]) -> Vec<u8> {
    let mut encoder = ::zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    io::Write::write_all(&mut encoder, text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn zstd_dictionaries_are_found_in_the_file() {
    let records = three();
    let dictionary = records[0].repeat(3);
    let mut compressor = ::zstd::bulk::Compressor::with_dictionary(3, &dictionary).unwrap();
    let frames: Vec<u8> = records.iter().flat_map(|record| compressor.compress(record).unwrap()).collect();
    for stored in [dictionary.clone(), zstd_frame(&dictionary)] {
        let mut file = 0x184d_2a5du32.to_le_bytes().to_vec();
        file.extend((stored.len() as u32).to_le_bytes());
        file.extend(stored);
        file.extend(&frames);
        assert_eq!(read(&file).names(), ["a", "b", "c"]);
    }
    // Neither no dictionary nor one of the standard's form with nothing in it is an error of the input.
    let empty = [&0x184d_2a5du32.to_le_bytes()[..], &12u32.to_le_bytes(), b"\x37\xa4\x30\xecgarbage!"].concat();
    for file in [frames.clone(), [empty, frames].concat()] {
        let without = read(&file);
        assert!(without.records.is_empty() && !without.damaged.is_empty());
    }
}

#[test]
fn wrong_lengths_are_mended_in_plain_files() {
    let records = three();
    let block = http(&format!("<p>{}</p>", "b".repeat(300)));
    let stated = format!("Content-Length: {}\r\n", block.len());
    for wrong in
        ["0", "7", "330", "349", "356", "357", "400", "600", "999999999", "99999999999999999999", "-1", "x", ""]
    {
        let middle = String::from_utf8(records[1].clone()).unwrap();
        let middle = middle.replace(&stated, &format!("Content-Length: {wrong}\r\n")).into_bytes();
        for file in [
            [&records[0][..], &middle, &records[2]].concat(),
            [gzip(&records[0]), gzip(&middle), gzip(&records[2])].concat(),
        ] {
            let outcome = read(&file);
            assert_eq!(outcome.names(), ["a", "b", "c"], "length {wrong}");
            assert_eq!(
                outcome.records[1].1.escape_ascii().to_string(),
                block.escape_ascii().to_string(),
                "length {wrong}"
            );
            assert_eq!(outcome.notes[1], ["length_mismatch"], "length {wrong}");
            assert!(outcome.damaged.is_empty(), "length {wrong}: {outcome:?}");
        }
    }
}

#[test]
fn a_right_length_is_believed_against_record_starts_in_the_block() {
    let inner = record("response", "inner", "", b"x");
    let file = [record("resource", "outer", "", &inner), record("resource", "next", "", b"y")].concat();
    let outcome = read(&file);
    assert_eq!(outcome.names(), ["outer", "next"]);
    assert_eq!(outcome.records[0].1, inner);
}

#[test]
fn damaged_separators_cost_nothing() {
    let records = three();
    for at in 1..=4 {
        for byte in [b'X', b'\n', 0] {
            let mut first = records[0].clone();
            let end = first.len();
            first[end - at] = byte;
            let outcome = read(&[&first[..], &records[1], &records[2]].concat());
            assert_eq!(outcome.names(), ["a", "b", "c"], "{at} {byte}");
            assert_eq!(outcome.records[0].1, read(&records[0]).records[0].1, "{at} {byte}");
        }
    }
    let bare: Vec<u8> = records.iter().flat_map(|record| record[..record.len() - 4].to_vec()).collect();
    assert_eq!(read(&bare).names(), ["a", "b", "c"]);
}

/// An ARC file: version block and three captures.
fn arc(lengths: [i64; 4]) -> Vec<u8> {
    let mut file = format!("filedesc://x.arc 0.0.0.0 20100106234911 text/plain {}\n", 73 + lengths[0]).into_bytes();
    file.extend_from_slice(b"1 0 CommonCrawl\nURL IP-address Archive-date Content-type Archive-length\n\n");
    for (name, off) in ["a", "b", "c"].into_iter().zip(&lengths[1..]) {
        let block = http(&name.repeat(200));
        let length = block.len() as i64 + off;
        file.extend(format!("http://x.example/{name} b/ 1.2.3.4 20100106234911 text/html {length}\n").bytes());
        file.extend(block);
        file.push(b'\n');
    }
    file
}

#[test]
fn arc_files_are_read_whatever_their_lengths_say() {
    let expected = read(&arc([0; 4]));
    assert_eq!(expected.names()[1..], ["http://x.example/a b/", "http://x.example/b b/", "http://x.example/c b/"]);
    assert!(expected.notes.iter().all(Vec::is_empty) && expected.damaged.is_empty());
    for off in [-1, 1, 2, -40, 40, 200, -300, 100_000, i64::MAX / 2] {
        for which in 0..4 {
            let mut lengths = [0; 4];
            lengths[which] = off;
            let outcome = read(&arc(lengths));
            assert_eq!(outcome.names(), expected.names(), "{which} off by {off}");
            if which != 3 {
                // A line end at the end of a block cannot be told from the separator once the length is wrong.
                for (mended, sound) in outcome.records.iter().zip(&expected.records) {
                    assert_eq!(mended.1.trim_ascii_end(), sound.1.trim_ascii_end(), "{which} off by {off}");
                }
            }
            assert!(outcome.notes[which].len() <= 1 && outcome.damaged.len() <= usize::from(which == 3));
        }
    }
    let members: Vec<u8> = gzip(&arc([0; 4]));
    assert_eq!(read(&members).records, expected.records);
}

#[test]
fn arc_captures_look_like_responses() {
    let file = arc([0; 4]);
    let mut reader = WarcReader::new(&file[..], Limits::default());
    let Some(Item::Record(header)) = reader.next().unwrap() else { panic!("no header") };
    assert_eq!(header.kind, RecordKind::ArcHeader);
    let Some(Item::Record(record)) = reader.next().unwrap() else { panic!("no capture") };
    assert_eq!(record.kind, RecordKind::Response);
    assert_eq!(record.target_uri().as_deref(), Some("http://x.example/a b/"));
    assert_eq!(record.ip_address().as_deref(), Some("1.2.3.4"));
    assert_eq!(record.date().as_deref(), Some("2010-01-06T23:49:11Z"));
    assert_eq!(record.content_type().as_deref(), Some("text/html"));
    assert!(record.is_http() && record.http(&Limits::default()).status == 200);
    assert_eq!(record.record_id(), None);
}

#[test]
fn header_oddities_survive() {
    let file = b"warc/0.18\nWARC-Type: ReSource\nwarc-target-uri: <file:///a b\n c>\nWARC-Record-ID: <urn:uuid:1>\n\
        nonsense\nWARC-Date: 2017-03-06T04:02:06Z\nWARC-Truncated: time\nContent-Length: 2\n\nhi\n\n";
    let mut reader = WarcReader::new(&file[..], Limits::default());
    let Some(Item::Record(record)) = reader.next().unwrap() else { panic!("no record") };
    assert_eq!((record.kind, record.block), (RecordKind::Resource, &b"hi"[..]));
    assert_eq!(record.target_uri().as_deref(), Some("file:///a b c"));
    assert_eq!(record.record_id().as_deref(), Some("urn:uuid:1"));
    assert_eq!(record.truncated, Some(Truncation::Time));
    assert_eq!(record.headers().count(), 6);
    assert_eq!(record.notes.iter().collect::<Vec<_>>(), [Note::HeaderMalformed]);
}

#[test]
fn oversized_records_are_cut_and_the_next_is_found() {
    let limits = Limits { max_record: 1_000, ..Limits::default() };
    let records = [
        record("resource", "a", "", b"small"),
        record("resource", "b", "", &vec![b'x'; 3 << 20]),
        record("resource", "c", "", b"small"),
    ];
    let lying =
        b"WARC/1.0\r\nWARC-Type: resource\r\nWARC-Target-URI: b\r\nContent-Length: 99999999999\r\n\r\n".to_vec();
    let lying = [lying, vec![b'x'; 2_000_000], b"\r\n\r\n".to_vec()].concat();
    for middle in [&records[1], &lying] {
        let parts = [&records[0], middle, &records[2]];
        let plain: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let members: Vec<u8> = parts.iter().flat_map(|part| gzip(part)).collect();
        for file in [plain.clone(), members, gzip(&plain), zstd_frame(&plain)] {
            let outcome = read_with(&file[..], limits.clone());
            assert_eq!(outcome.names(), ["a", "b", "c"]);
            assert_eq!((outcome.records[1].1.len(), outcome.truncated[1]), (1_000, Some(Truncation::RecordLimit)));
            assert!(outcome.damaged.is_empty(), "{outcome:?}");
        }
    }
}

#[test]
fn members_beyond_the_window_are_streamed() {
    let mut random = Random(3);
    let noise: Vec<u8> = (0..3 << 20).map(|_| random.next() as u8).collect();
    let records =
        [record("resource", "a", "", b"x"), record("resource", "b", "", &noise), record("resource", "c", "", b"y")];
    let members: Vec<Vec<u8>> = records.iter().map(|record| gzip(record)).collect();
    let limits = Limits { window: 0, ..Limits::default() };
    let outcome = read_with(&members.concat()[..], limits.clone());
    assert_eq!(outcome.names(), ["a", "b", "c"], "{:?}", outcome.damaged);
    assert!(outcome.records[1].1 == noise);
    let mut damaged = members.clone();
    damaged[1][2 << 20] ^= 1;
    let outcome = read_with(&damaged.concat()[..], limits);
    assert_eq!(outcome.names(), ["a", "c"]);
    assert_eq!(outcome.damaged[0].bytes_skipped, members[1].len() as u64);
}

/// Fails now and then, as a network does.
struct Flaky<'a>(&'a [u8], Random);

impl Read for Flaky<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.1.below(4) == 0 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let n = (self.1.below(50) as usize).clamp(1, buf.len());
        self.0.read(&mut buf[..n])
    }
}

#[test]
fn input_errors_are_reported_and_the_call_may_be_repeated() {
    let records = three();
    for file in [records.concat(), records.iter().flat_map(|record| gzip(record)).collect(), gzip(&records.concat())] {
        let mut reader = WarcReader::new(Flaky(&file, Random(11)), Limits::default());
        let (mut n_records, mut n_errors) = (0, 0);
        loop {
            match reader.next() {
                Ok(Some(Item::Record(_))) => n_records += 1,
                Ok(Some(Item::Damaged(damage))) => panic!("{damage:?}"),
                Ok(None) => break,
                Err(_) => n_errors += 1,
            }
        }
        assert_eq!(n_records, 3);
        assert!(n_errors > 0);
    }
}
