//! What is read, in which shares, and what is refused.

use super::super::feed::Feed;
use super::super::random::Random;
use super::super::share::Shares;
use super::super::stream::Stream;
use super::super::{Dtype, TrainGroup};
use super::*;

#[test]
fn every_group_has_its_share_after_every_draw() {
    let mut random = Random::new(1, "weights");
    for _ in 0..200 {
        let n = 2 + random.next() as usize % 6;
        let weights: Vec<f64> = (0..n).map(|_| (random.next() % 10) as f64).chain([1.0]).collect();
        let (mut shares, mut taken) = (Shares::new(&weights), vec![0u32; weights.len()]);
        let sum: f64 = weights.iter().sum();
        for drawn in 1..=500 {
            taken[shares.next()] += 1;
            for (weight, taken) in weights.iter().zip(&taken) {
                let behind = weight / sum * f64::from(drawn) - f64::from(*taken);
                assert!(behind > -1.0 && behind < 2.0, "{weights:?}: {behind} after {drawn}");
                assert!(*weight > 0.0 || *taken == 0);
            }
        }
    }
    let mut halves = Shares::new(&[2.0, 1.0, 1.0]);
    assert_eq!([(); 8].map(|()| halves.next()), [0, 1, 2, 0, 0, 1, 2, 0]);
}

#[test]
fn shards_are_one_row_that_begins_again() -> Outcome {
    let folder = tempfile::tempdir()?;
    let paths = [
        shard(folder.path(), "0.bin", 0..3)?,
        shard(folder.path(), "1.bin", 3..4)?,
        shard(folder.path(), "2.bin", [])?,
        shard(folder.path(), "3.bin", 4..19)?,
    ];
    let job = job(&paths[0])?;
    let mut stream = Stream::new(&job, "a", &paths)?;
    let (mut inputs, mut targets) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        stream.next(&mut inputs, &mut targets)?;
    }
    // Two sequences of 8 and the token behind them; tokens 17 and 18 are not enough for a third.
    assert_eq!(inputs, (0..16).chain(0..8).collect::<Vec<u32>>());
    assert_eq!(targets, (1..17).chain(1..9).collect::<Vec<u32>>());
    assert_eq!((stream.epochs(), stream.at()), (1.5, 1));
    Ok(())
}

#[test]
fn groups_are_counted_and_those_without_weight_are_not_read() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = shard(folder.path(), "a.bin", (0..321).map(|place| place % 32))?;
    let mut job = job(&path)?;
    let group = |name: &str, weight: f64, path: &Path| TrainGroup {
        group: name.to_owned(),
        weight,
        shards: vec![path.to_owned()],
    };
    job.train = vec![group("a", 3.0, &path), group("b", 1.0, &path), group("c", 0.0, Path::new("not there"))];
    // 80 sequences, of which 60 and 20 go to groups of 40.
    let log = log_of(&job)?;
    assert!(log.contains("\nepochs a 1.50\nepochs b 0.50\nparameters "), "{log}");
    Ok(())
}

#[test]
fn the_place_depends_on_seed_and_group_and_not_on_the_mix() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut job = job(&shard(folder.path(), "a.bin", (0..8001).map(|place| place % 32))?)?;
    let place = |job: &Job| -> Outcome<u64> { Ok(Feed::new(job)?.streams()[0].at()) };
    let first = place(&job)?;
    job.train.push(TrainGroup { group: "b".to_owned(), weight: 5.0, ..job.train[0].clone() });
    assert_eq!(place(&job)?, first);
    job.train.swap(0, 1);
    assert_ne!(place(&job)?, first);
    job.seed = 2;
    assert_ne!(Feed::new(&job)?.streams()[1].at(), first);
    Ok(())
}

#[test]
fn bad_data_is_named() -> Outcome {
    let folder = tempfile::tempdir()?;
    let good = job(&shard(folder.path(), "good.bin", (0..100).map(|place| place % 32))?)?;
    let problem = |job: &Job| log_of(job).err().map(|error| error.to_string()).unwrap_or_default();
    let with = |path: &Path| -> Job {
        let mut job = good.clone();
        job.train[0].shards = vec![path.to_owned()];
        job
    };
    let found = problem(&with(&shard(folder.path(), "vocab.bin", (0..100).map(|place| place % 33))?));
    assert!(found.contains("group `a`: token id `32` is not below the `vocab` of `32`"), "{found}");
    let found = problem(&with(&shard(folder.path(), "short.bin", 0..8)?));
    assert!(found.contains("group `a`: its shards have `8` tokens, a sequence needs `9`"), "{found}");
    let found = problem(&with(Path::new("not there")));
    assert!(found.contains("`not there` could not be opened"), "{found}");
    let mut wide = good.clone();
    wide.dtype = Dtype::I32;
    let found = problem(&wide);
    assert!(found.contains("check `dtype`"), "{found}");
    Ok(())
}

#[test]
fn a_job_that_cannot_be_run_is_refused() -> Outcome {
    let good = job(Path::new("a.bin"))?;
    let refused = |change: fn(&mut Job)| {
        let mut job = good.clone();
        change(&mut job);
        job.check().is_err()
    };
    assert!(refused(|job| job.context = 0));
    assert!(refused(|job| job.report_every = 0));
    assert!(refused(|job| job.model.heads = 3));
    assert!(refused(|job| job.optimiser.lr = f64::NAN));
    assert!(refused(|job| job.optimiser.warmup = 1.5));
    assert!(refused(|job| job.train[0].weight = -1.0));
    assert!(refused(|job| job.train[0].weight = 0.0));
    assert!(refused(|job| job.train[0].group = "a b".to_owned()));
    assert!(refused(|job| job.train.push(job.train[0].clone())));
    let mut json = serde_json::to_value(&good)?;
    json["modle"] = 1.into();
    assert!(Job::from_json(&json.to_string()).is_err());
    assert_eq!(good.model.ffn(), 48);
    Ok(())
}
