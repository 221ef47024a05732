//! Manifests that contradict themselves, MDS files, and exports that are finished, stopped, refused or damaged.

use super::dataset::*;
use super::export::{CARD, Card, Form, export};
use super::mds::{self, MdsWriter};
use super::megatron::{Dtype, Writer};
use super::sha256::Sha256Writer;
use super::{read, samples};
use crate::pack::{Long, Packing, pack};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::{LocalStore, MemStore, ObjectRef, Spool, Store, StoreError, commit};

const CONTEXT: u64 = 16;

/// Documents of `shard`, with ids that tell where they are from.
fn documents(shard: u32) -> Vec<Vec<u32>> {
    (0..60).map(|n| (0..n * 7 % 41).map(|id| shard * 20_000 + n * 100 + id).collect()).collect()
}

fn store_shard(store: &dyn Store, number: u32, packing: Packing) -> Shard {
    let documents = documents(number);
    let lengths: Vec<u64> = documents.iter().map(|ids| ids.len() as u64).collect();
    let packed = pack(&lengths, CONTEXT, packing, Long::Fragment);
    let mut writer = Writer::new(Sha256Writer::new(Spool::create(store).unwrap()), Dtype::U16);
    for piece in &packed.pieces {
        let start = piece.start as usize;
        writer.piece(&documents[piece.document as usize][start..start + piece.len as usize]).unwrap();
    }
    let mut idx = Sha256Writer::new(Spool::create(store).unwrap());
    let (bin, bin_sha256) = writer.finish(&mut idx).unwrap().finish();
    let (idx, idx_sha256) = idx.finish();
    let mut offsets = Sha256Writer::new(Spool::create(store).unwrap());
    samples::write(&mut offsets, &packed.offsets).unwrap();
    let (offsets, samples_sha256) = offsets.finish();
    let mut pieces = Spool::create(store).unwrap();
    pieces.write_all(format!("pieces {number}").as_bytes()).unwrap();
    let prefix = format!("p9/shards/{number}");
    Shard {
        n_documents: documents.len() as u64,
        n_pieces: packed.pieces.len() as u64,
        n_tokens: packed.n_tokens(),
        n_sequences: packed.n_sequences(),
        bin: bin.store_as(store, format!("{prefix}.bin")).unwrap(),
        idx: idx.store_as(store, format!("{prefix}.idx")).unwrap(),
        samples: offsets.store_as(store, format!("{prefix}.samples")).unwrap(),
        pieces: pieces.store(store, "p9/pieces", "parquet").unwrap(),
        sha256: ShardSha256 { bin: bin_sha256, idx: idx_sha256, samples: samples_sha256 },
        prefix,
    }
}

fn store_dataset(store: &dyn Store, packing: Packing) -> Dataset {
    let phase = |(name, numbers): (&str, &[u32])| {
        let shards: Vec<Shard> = numbers.iter().map(|number| store_shard(store, *number, packing)).collect();
        let sum = |count: fn(&Shard) -> u64| shards.iter().map(count).sum::<u64>();
        let (n_documents, n_tokens) = (sum(|shard| shard.n_documents), sum(|shard| shard.n_tokens));
        let group =
            |name: &str, n_documents, n_tokens| GroupCount { name: name.into(), n_documents, n_tokens, share: 0.5 };
        TrainingPhase {
            name: name.to_owned(),
            context: CONTEXT,
            n_documents,
            n_pieces: sum(|shard| shard.n_pieces),
            n_tokens,
            n_sequences: sum(|shard| shard.n_sequences),
            n_truncated: 0,
            groups: vec![group("web", n_documents - 1, n_tokens - 2), group("code", 1, 2)],
            shards,
        }
    };
    let phases: Vec<TrainingPhase> = [("main", &[0u32, 1][..]), ("anneal", &[2])].into_iter().map(phase).collect();
    let sum = |count: fn(&TrainingPhase) -> u64| phases.iter().map(count).sum::<u64>();
    Dataset {
        version: VERSION,
        format: FORMAT.to_owned(),
        dtype: "uint16".to_owned(),
        tokenizer: TokenizerCard {
            name: "t".into(),
            sha256: "0".repeat(64),
            vocab_size: 60_000,
            bos: None,
            eos: Some(1),
        },
        seed: 1,
        packing,
        long: Long::Fragment,
        n_documents: sum(|phase| phase.n_documents),
        n_tokens: sum(|phase| phase.n_tokens),
        n_sequences: sum(|phase| phase.n_sequences),
        phases,
        lineage: Lineage { sources: Vec::new(), phase: "p9".into(), objects: "0".repeat(32) },
    }
}

/// All files under a folder.
#[expect(clippy::disallowed_methods, reason = "the files of an export")]
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(self::files(&path).into_iter().map(|(inner, content)| (format!("{name}/{inner}"), content)));
        } else {
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
    files
}

#[expect(clippy::disallowed_methods, reason = "damages an export")]
fn overwrite(path: &Path, content: &[u8]) {
    // A new file, since the old one may be a link into the run.
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, content).unwrap();
}

fn run_export(
    store: &dyn Store,
    dataset: &Dataset,
    out: &Path,
    form: Form,
) -> Result<super::export::ExportReport, StoreError> {
    let mut bytes = 0;
    let report = export(store, dataset, out, form, &mut |more| bytes += more)?;
    assert_eq!(bytes, dataset.n_tokens * 2);
    Ok(report)
}

#[test]
fn a_manifest_that_contradicts_itself_is_refused() {
    let store = MemStore::new().unwrap();
    let dataset = store_dataset(&store, Packing::BestFit);
    assert_eq!(dataset.check(), Ok(()));
    assert_eq!(dataset.n_shards(), 3);
    let json = commit::to_json(&dataset).unwrap();
    store.put("d.json", &json).unwrap();
    assert_eq!(Dataset::read(&store, "d.json").unwrap(), dataset);
    let text = String::from_utf8(json).unwrap();
    let damaged = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        Dataset::parse("d.json", text.replacen(from, to, 1).as_bytes()).unwrap_err().to_string()
    };
    assert!(damaged("\"version\": 2", "\"version\": 3").contains("hint: "));
    assert!(Dataset::parse("d.json", b"{\"format\": \"megatron\"}").unwrap_err().to_string().contains("version `0`"));
    assert!(Dataset::parse("d.json", b"[]").is_err());
    for (from, to) in [
        ("\"megatron\"", "\"arrow\""),
        ("\"uint16\"", "\"float16\""),
        ("\"uint16\"", "\"int32\""),
        ("\"best_fit\"", "\"worst_fit\""),
        ("\"n_documents\": 180", "\"n_documents\": 181"),
        ("\"name\": \"anneal\"", "\"name\": \"main\""),
        ("\"name\": \"anneal\"", "\"name\": \"../up\""),
        ("\"context\": 16", "\"context\": 8"),
        ("\"context\": 16", "\"context\": 0"),
        ("p9/shards/0.bin", "p9/shards/1.bin"),
        ("p9/pieces/", "../pieces/"),
        ("p9/pieces/", "/pieces/"),
        ("\"n_documents\": 1,", "\"n_documents\": 2,"),
        ("\"share\": 0.5", "\"share\": \"half\""),
    ] {
        damaged(from, to);
    }
    type Change = fn(&mut Dataset);
    let changes: [Change; 9] = [
        |d| d.n_tokens += 1,
        |d| d.n_sequences -= 1,
        |d| d.phases[0].n_pieces += 1,
        |d| d.phases[0].shards[0].bin.bytes += 2,
        |d| d.phases[0].shards[0].idx.bytes -= 1,
        |d| d.phases[0].shards[0].samples.bytes += 8,
        |d| d.phases[0].shards[0].sha256.idx.push('0'),
        |d| d.phases[1].shards[0].pieces.digest = "Z".repeat(32),
        |d| d.phases[1].groups[0].n_tokens = u64::MAX,
    ];
    for change in changes {
        let mut changed = dataset.clone();
        change(&mut changed);
        assert!(changed.check().is_err());
    }
}

#[test]
fn megatron_sets_stand_on_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let local = LocalStore::open(folder.path().join("run")).unwrap();
    let memory = MemStore::new().unwrap();
    let mut all = Vec::new();
    for (store, name, n_linked) in [(&local as &dyn Store, "local", 12), (&memory, "memory", 0)] {
        let dataset = store_dataset(store, Packing::BestFit);
        let out = folder.path().join(name);
        let report = run_export(store, &dataset, &out, Form::Megatron).unwrap();
        assert_eq!((report.n_files, report.n_linked, report.n_stood), (13, n_linked, 0));
        let exported = LocalStore::open(&out).unwrap();
        let moved = Dataset::read(&exported, "dataset.json").unwrap();
        assert_eq!((moved.n_tokens, moved.phases[0].shards[1].prefix.as_str()), (dataset.n_tokens, "main-00001"));
        let shard = &moved.phases[1].shards[0];
        let (bin, idx) = (exported.read(&shard.bin.key).unwrap(), exported.read(&shard.idx.key).unwrap());
        let mut ids: Vec<u32> = read::Reader::new(&bin, &idx).unwrap().documents().flatten().collect();
        let mut expected: Vec<u32> = documents(2).into_iter().flatten().collect();
        ids.sort_unstable();
        expected.sort_unstable();
        assert_eq!(ids, expected);
        // Again: nothing is done. After damage, what was damaged is.
        assert_eq!(run_export(store, &dataset, &out, Form::Megatron).unwrap().n_stood, 12);
        let before = files(&out);
        overwrite(&out.join("main-00000.bin"), b"damaged");
        assert_eq!(run_export(store, &dataset, &out, Form::Megatron).unwrap().n_stood, 11);
        assert_eq!(files(&out), before);
        all.push(before.into_iter().filter(|(name, _)| !name.starts_with('.')).collect::<BTreeMap<_, _>>());
    }
    assert_eq!(all[0], all[1]);
    let card: Card = serde_json::from_slice(&all[0][CARD]).unwrap();
    for file in card.files {
        let content = &all[0][&file.name];
        assert_eq!(file.bytes, content.len() as u64);
        assert!(file.sha256.is_none_or(|digest| digest == super::sha256::sha256_hex(&[content])));
    }
}

#[test]
fn olmo_has_the_bytes_of_the_bin_and_where_documents_are() {
    let (store, folder) = (MemStore::new().unwrap(), tempfile::tempdir().unwrap());
    let dataset = store_dataset(&store, Packing::None);
    run_export(&store, &dataset, folder.path(), Form::Olmo).unwrap();
    let files = files(folder.path());
    let shard = &dataset.phases[0].shards[1];
    assert!(files["main-00001.npy"] == store.read(&shard.bin.key).unwrap());
    let mut lines = String::new();
    flate2::read::MultiGzDecoder::new(&files["main-00001.csv.gz"][..]).read_to_string(&mut lines).unwrap();
    let (_, lengths) = read::piece_lengths(&store.read(&shard.idx.key).unwrap()).unwrap();
    let mut start = 0;
    let mut expected = String::new();
    for length in lengths.into_iter().filter(|length| *length > 0) {
        expected += &format!("{start},{}\n", start + length);
        start += length;
    }
    assert_eq!(lines, expected);
    assert_eq!(files.len(), 7);
}

#[test]
fn mds_samples_are_the_sequences() {
    for packing in [Packing::BestFit, Packing::Concat, Packing::None] {
        let (store, folder) = (MemStore::new().unwrap(), tempfile::tempdir().unwrap());
        let dataset = store_dataset(&store, packing);
        run_export(&store, &dataset, folder.path(), Form::Mds).unwrap();
        let files = files(folder.path());
        let index: serde_json::Value = serde_json::from_slice(&files["main/index.json"]).unwrap();
        assert_eq!((&index["version"], index["shards"].as_array().unwrap().len()), (&2.into(), 1));
        assert_eq!(index["shards"][0]["samples"], dataset.phases[0].n_sequences);
        assert_eq!(index["shards"][0]["raw_data"]["bytes"], files["main/shard.00000.mds"].len());
        let found = mds::read(&files["main/shard.00000.mds"], Dtype::U16).unwrap();
        let mut found = found.iter();
        for shard in &dataset.phases[0].shards {
            let offsets = samples::read(&store.read(&shard.samples.key).unwrap()).unwrap();
            let (_, pieces) = read::piece_lengths(&store.read(&shard.idx.key).unwrap()).unwrap();
            let bin = store.read(&shard.bin.key).unwrap();
            for sequence in samples::Sequences::new(&offsets, &pieces) {
                let (cu_seqlens, ids) = found.next().unwrap();
                let start = sequence.start as usize * 2;
                assert_eq!(*ids, bin[start..start + sequence.length as usize * 2]);
                assert!(cu_seqlens.iter().map(|end| u64::from(*end)).eq(sequence.cu_seqlens));
            }
        }
        assert!(found.next().is_none());
    }
}

/// The bytes that mosaicml-streaming 0.13's `MDSWriter` makes of the same samples, with the same size limit.
#[test]
fn mds_files_are_those_of_mosaicml() {
    let mut writer = MdsWriter::new(Dtype::I32, 1_600);
    let mut files = Vec::new();
    for n_ids in [3u32, 5, 300, 70] {
        let ids: Vec<u8> = (0..n_ids).flat_map(|id| (id * 1_000).to_le_bytes()).collect();
        files.extend(writer.sequence(&ids, &[0, 2, u64::from(n_ids)]).unwrap());
    }
    assert!(writer.sequence(&[], &[0, 0]).is_err());
    let (last, index) = writer.finish();
    files.extend(last);
    let found: Vec<String> = files.iter().map(|file| digest_of(&[&file.head[..], &file.samples].concat())).collect();
    assert_eq!(found, GOLDEN);
    let index: serde_json::Value = serde_json::from_str(&index).unwrap();
    let stated = |n: usize| index["shards"][n]["raw_data"]["hashes"]["sha256"].as_str().unwrap();
    assert_eq!([stated(0), stated(1)], GOLDEN);
    for file in &files {
        let file = [&file.head[..], &file.samples].concat();
        for end in 0..file.len() {
            assert!(mds::read(&file[..end], Dtype::I32).is_err());
        }
    }
}

fn digest_of(content: &[u8]) -> String {
    super::sha256::sha256_hex(&[content])
}

const GOLDEN: [&str; 2] = [
    "ccd34fa7b1f1bf20dbe57211dfeece262835df52451222aecd4c295719bbaa93",
    "9024874fb6f193638ba9ba845dbdd281d0e1081a180b08930c1a3bafdd46bef3",
];

#[test]
fn other_peoples_folders_are_left_alone() {
    let (store, folder) = (MemStore::new().unwrap(), tempfile::tempdir().unwrap());
    let dataset = store_dataset(&store, Packing::BestFit);
    let refused = |out: &Path, dataset: &Dataset, form| {
        let before = files(out);
        let error = run_export(&store, dataset, out, form).unwrap_err().to_string();
        assert!(error.contains("hint: "), "{error}");
        assert_eq!(files(out), before);
        error
    };
    let out = folder.path().join("mine");
    tokenmill_store::place::write_with(&out.join("thesis.tex"), |file| {
        file.write_all(b"x").map_err(StoreError::io("write", "x"))
    })
    .unwrap();
    assert!(refused(&out, &dataset, Form::Olmo).contains("not empty"));
    let out = folder.path().join("olmo");
    run_export(&store, &dataset, &out, Form::Olmo).unwrap();
    assert!(refused(&out, &dataset, Form::Mds).contains("form `olmo`"));
    let other = Dataset { seed: 2, ..dataset.clone() };
    assert!(refused(&out, &other, Form::Olmo).contains("another dataset"));
    overwrite(&out.join(CARD), b"{}");
    assert!(refused(&out, &dataset, Form::Olmo).contains("not one of ours"));
}

#[test]
fn damaged_runs_are_not_exported() {
    let folder = tempfile::tempdir().unwrap();
    for (number, form) in [Form::Megatron, Form::Olmo, Form::Mds].into_iter().enumerate() {
        let store = MemStore::new().unwrap();
        let dataset = store_dataset(&store, Packing::BestFit);
        let shard = &dataset.phases[0].shards[1];
        for (which, object) in [&shard.bin, &shard.idx, &shard.samples].into_iter().enumerate() {
            // OLMo's form has no use for the sequences.
            if form == Form::Olmo && which == 2 {
                continue;
            }
            damage(&store, object, folder.path(), &format!("{number}-{which}"), &dataset, form);
        }
    }
}

fn damage(store: &MemStore, object: &ObjectRef, folder: &Path, name: &str, dataset: &Dataset, form: Form) {
    let whole = store.read(&object.key).unwrap();
    assert_eq!(digest_hex(&whole), object.digest);
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    let out = folder.join(name);
    for damaged in [&flipped, &whole[..whole.len() - 2], &[&whole[..], b"\0\0"].concat()] {
        store.put(&object.key, damaged).unwrap();
        let error = run_export(store, dataset, &out, form).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    }
    store.put(&object.key, &whole).unwrap();
    run_export(store, dataset, &out, form).unwrap();
    let card: Card = serde_json::from_slice(&files(&out)[CARD]).unwrap();
    assert!(!card.files.is_empty());
}
