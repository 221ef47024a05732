//! The reader on damaged files: what is whole comes out, what is not is reported, nothing panics or loops.

use super::super::testing::{Random, gzip, http, record};
use super::*;

#[test]
fn a_damaged_member_costs_its_record_only() {
    let records = three();
    let members: Vec<Vec<u8>> = records.iter().map(|record| gzip(record)).collect();
    let (first, second) = (members[0].len(), members[1].len());
    let whole = read(&members.concat());
    let mut n_harmless = 0;
    // Past the ten bytes of the header, of which some may be anything.
    for at in 10..second {
        let mut file = members.concat();
        file[first + at] ^= 0x55;
        let outcome = read(&file);
        if outcome.records == whole.records {
            n_harmless += 1;
            continue;
        }
        assert_eq!(outcome.names(), ["a", "c"], "byte {at}");
        let damage = &outcome.damaged[0];
        let place = (outcome.damaged.len(), damage.offset, damage.bytes_skipped);
        assert_eq!(place, (1, first as u64, second as u64), "byte {at}: {:?}", outcome.damaged);
        assert!(damage.reason.starts_with("gzip_"), "{damage:?}");
    }
    assert!(n_harmless <= 1, "only damage to the end of the deflate data leaves its text whole");
}

#[test]
fn a_member_whose_checksum_is_wrong_is_saved_by_its_own_digest() {
    // SHA-1 of "hello" in hexadecimal, a published value.
    let digest = "WARC-Block-Digest: sha1:aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\r\n";
    for (block, names) in [(b"hello", &["a", "b", "c"][..]), (b"jello", &["a", "c"])] {
        let mut members = [gzip(&record("resource", "a", "", b"x")), gzip(&record("resource", "b", digest, block))];
        let crc = members[1].len() - 8;
        members[1][crc] ^= 1;
        let file = [&members.concat()[..], &gzip(&record("resource", "c", "", b"x"))].concat();
        let outcome = read(&file);
        assert_eq!(outcome.names(), names);
        assert_eq!(outcome.notes[1].contains(&"member_damaged"), names.len() == 3);
        assert_eq!(outcome.damaged.len(), 3 - names.len());
    }
}

#[test]
fn a_cut_member_does_not_swallow_its_neighbour() {
    let records = three();
    let members: Vec<Vec<u8>> = records.iter().map(|record| gzip(record)).collect();
    for keep in 1..members[1].len() {
        let file = [&members[0][..], &members[1][..keep], &members[2]].concat();
        assert_eq!(read(&file).names(), ["a", "c"], "{keep} bytes kept");
    }
}

#[test]
fn damage_at_the_front_does_not_hide_the_format() {
    let records = three();
    for file in [
        records.iter().flat_map(|record| gzip(record)).collect::<Vec<u8>>(),
        records.iter().flat_map(|record| zstd_frame(record)).collect(),
        records.concat(),
    ] {
        for at in 0..3 {
            let mut file = file.clone();
            file[at] ^= 0xff;
            let outcome = read(&file);
            assert_eq!(outcome.names(), ["b", "c"], "byte {at}");
            assert_eq!(outcome.damaged.len(), 1);
        }
    }
}

#[test]
fn records_before_damage_come_out_of_single_members_too() {
    let records: Vec<Vec<u8>> = (0..40)
        .map(|i| {
            let mut random = Random(i + 1);
            let body: String = (0..3_000).map(|_| char::from(b'a' + random.below(26) as u8)).collect();
            record("response", &format!("u{i}"), "", &http(&body))
        })
        .collect();
    let plain = records.concat();
    for (name, file) in [("gzip", gzip(&plain)), ("zstd", zstd_frame(&plain))] {
        let mut damaged = file.clone();
        let middle = file.len() / 2;
        damaged[middle..middle + 40].fill(0xff);
        for (what, file) in [("damaged", &damaged[..]), ("cut", &file[..middle])] {
            let outcome = read(file);
            let n = outcome.records.len();
            let expected: Vec<String> = (0..n).map(|i| format!("u{i}")).collect();
            assert_eq!(outcome.names(), expected, "{name} {what}");
            // A zstd block holds 128 KiB of text: all of this file, so what is before the damage is in the same block.
            assert!(n >= if name == "gzip" { 15 } else { 0 }, "{name} {what}: {n}");
        }
    }
}

#[test]
fn a_damaged_header_costs_its_record_only() {
    let records = three();
    let mut middle = records[1].clone();
    middle[2] = b'?';
    let outcome = read(&[&records[0][..], &middle, &records[2]].concat());
    assert_eq!(outcome.names(), ["a", "c"]);
    assert_eq!(outcome.reasons(), ["not_a_record"]);
    assert_eq!(outcome.damaged[0].bytes_skipped, middle.len() as u64);
    assert_eq!(outcome.damaged[0].offset, records[0].len() as u64);
    let endless = [b"WARC/1.0\r\nA: ".to_vec(), vec![b'x'; 600 << 10]].concat();
    let outcome = read(&[&records[0][..], &endless, &records[2]].concat());
    assert_eq!((outcome.names(), outcome.reasons()), (vec!["a", "c"], vec!["record_header_too_long"]));
}

#[test]
fn a_cut_file_gives_the_part_of_its_last_record() {
    let records = three();
    let plain = records.concat();
    let cut = plain.len() - 50;
    let outcome = read(&plain[..cut]);
    assert_eq!(outcome.names(), ["a", "b", "c"]);
    assert_eq!(outcome.truncated[2], Some(Truncation::EndOfInput));
    assert!(plain[..cut].ends_with(&outcome.records[2].1));
    let header_only = records[0].len() + records[1].len() + 20;
    let outcome = read(&plain[..header_only]);
    assert_eq!((outcome.names(), outcome.reasons()), (vec!["a", "b"], vec!["record_header_cut"]));
    let member = gzip(&records[0]);
    let outcome = read(&member[..member.len() - 3]);
    assert_eq!((outcome.names(), &outcome.truncated[..]), (vec!["a"], &[None][..]), "only the checksum is missing");
}

#[test]
fn garbage_is_accounted_for() {
    let records = three();
    let members: Vec<Vec<u8>> = records.iter().map(|record| gzip(record)).collect();
    let zeros = vec![0u8; 700];
    let outcome = read(&[&members[0][..], &zeros, &members[1]].concat());
    assert_eq!((outcome.names(), outcome.reasons()), (vec!["a", "b"], vec!["not_a_gzip_member"]));
    assert_eq!((outcome.damaged[0].offset, outcome.damaged[0].bytes_skipped), (members[0].len() as u64, 700));
    let outcome = read(&[&records[0][..], &zeros, &records[1]].concat());
    assert_eq!((outcome.names(), outcome.reasons()), (vec!["a", "b"], vec!["not_a_record"]));
    assert_eq!((outcome.damaged[0].offset, outcome.damaged[0].bytes_skipped), (records[0].len() as u64, 700));
    let outcome = read(b"just some text\n");
    assert_eq!((outcome.records.len(), outcome.damaged[0].bytes_skipped), (0, 15));
    assert_eq!(read(b""), Outcome::default());
    assert_eq!(read(b"\r\n\n"), Outcome::default());
}

/// Files of every kind, some sound, for the tests below.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let records = three();
    vec![
        ("plain", records.concat()),
        ("members", records.iter().flat_map(|record| gzip(record)).collect()),
        ("one member", gzip(&records.concat())),
        ("blocks", records.concat().chunks(90).flat_map(gzip).collect()),
        ("frames", records.iter().flat_map(|record| zstd_frame(record)).collect()),
        ("arc", arc([0; 4])),
        ("arc members", gzip(&arc([0, 1, 0, 0]))),
    ]
}

/// Reads a damaged file: no panic, an end, nothing twice, and not more text than can be.
fn survives(name: &str, file: &[u8]) -> Outcome {
    let limits = Limits { max_record: 50_000, max_body: 50_000, ..Limits::default() };
    let mut reader = WarcReader::new(file, limits.clone());
    let mut outcome = Outcome::default();
    while let Some(item) = reader.next().unwrap() {
        match item {
            Item::Record(record) => {
                assert!(record.block.len() <= limits.max_record, "{name}");
                let response = record.http(&limits);
                assert!(response.body.len() <= limits.max_body, "{name}");
                let name = record.target_uri().unwrap_or_default().into_owned();
                let _ = (record.date(), record.record_id(), record.headers().count());
                outcome.records.push((name, record.block.to_vec()));
            }
            Item::Damaged(damage) => outcome.damaged.push(damage),
        }
        assert!(outcome.records.len() + outcome.damaged.len() <= file.len() + 2, "{name} does not end");
    }
    outcome
}

#[test]
fn every_cut_gives_the_records_before_it() {
    for (name, file) in samples() {
        let whole = survives(name, &file).records;
        for cut in 0..file.len() {
            let records = survives(name, &file[..cut]).records;
            assert!(records.len() <= whole.len(), "{name} cut at {cut}");
            let complete = records.len().saturating_sub(1);
            assert_eq!(records[..complete], whole[..complete], "{name} cut at {cut}");
        }
    }
}

#[test]
fn every_flipped_byte_leaves_the_other_records() {
    for (name, file) in samples() {
        let whole = survives(name, &file).records;
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1 << (at % 8);
            let records = survives(name, &damaged).records;
            let kept = whole.iter().filter(|record| records.contains(record)).count();
            let lost = whole.len() - kept;
            // Where one member holds everything, what follows the damage is lost; in blocks, what shares them.
            let bearable = match name {
                "one member" | "arc members" => whole.len(),
                "blocks" => 2,
                _ => 1,
            };
            assert!(lost <= bearable, "{name} byte {at}: {lost} lost, {records:?}");
        }
    }
}

#[test]
fn random_damage_never_panics_or_loops() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for (name, file) in samples() {
        for _ in 0..400 {
            let mut damaged = file.clone();
            for _ in 0..=random.below(6) {
                if damaged.is_empty() {
                    break;
                }
                let at = random.below(damaged.len() as u64) as usize;
                let n = (random.below(60) as usize).min(damaged.len() - at);
                match random.below(5) {
                    0 => damaged[at] = random.next() as u8,
                    1 => drop(damaged.drain(at..at + n)),
                    2 => damaged[at..at + n].fill(random.next() as u8),
                    3 => {
                        let from = random.below((damaged.len() - n) as u64 + 1) as usize;
                        let piece = damaged[from..from + n].to_vec();
                        damaged.splice(at..at, piece);
                    }
                    _ => damaged.truncate(at + 1),
                }
            }
            survives(name, &damaged);
        }
    }
}

#[test]
fn crowds_of_tiny_members_and_false_starts_take_linear_time() {
    let tiny: Vec<u8> = gzip(b"x").repeat(20_000);
    let outcome = survives("tiny members", &tiny);
    assert!(outcome.records.is_empty());
    let broken: Vec<u8> = gzip(b"WARC/1.0\r\nA: b\r\n")[..20].repeat(20_000);
    survives("broken members", &broken);
    survives("false starts", &b"WARC/1.0\r\nWARC-Type: x\r\n".repeat(50_000));
    survives("record starts", &b"WARC/1.0\r\nWARC-Type: x\r\nContent-Length: 99999\r\n".repeat(20_000));
    survives("version words", &b"WARC/1.0 ".repeat(100_000));
    survives("url lines", &b"http://a/ 1.2.3.4 20100106234911 text/html 99999\n".repeat(20_000));
    survives("damaged url lines", &b"http://a/ 1.2.3.4 null text/html 99999\n".repeat(20_000));
    let mut split = record("response", "a", "", &http(&"x".repeat(3_000)));
    split.extend(record("response", "b", "", b"y"));
    let split: Vec<u8> = split.chunks(1).flat_map(gzip).collect();
    let outcome = survives("split", &split);
    assert_eq!(outcome.names(), ["a", "b"], "{:?}", outcome.damaged);
}
