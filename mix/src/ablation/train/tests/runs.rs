//! What a run learns, and that it gives the same bits again.

use super::super::model::Model;
use super::super::schedule::learning_rate;
use super::*;

fn pattern() -> impl Iterator<Item = u16> {
    (0..400).map(|place| [3, 7, 1, 30, 12, 5, 9][place % 7])
}

#[test]
fn a_pattern_is_learned() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut job = job(&shard(folder.path(), "a.bin", pattern())?)?;
    job.tokens = 4000;
    for tied in [true, false] {
        job.model.tied = tied;
        let log = log_of(&job)?;
        assert!(number(&log, "valid a ")? < 0.2, "{log}");
        assert!(log.starts_with("step 10/125 tokens 320 loss "), "{log}");
        assert!(log.ends_with("\ndone\n"), "{log}");
    }
    Ok(())
}

#[test]
fn an_untrained_model_knows_nothing() -> Outcome {
    let folder = tempfile::tempdir()?;
    let job = job(&shard(folder.path(), "a.bin", pattern())?)?;
    let model = Model::new(&job)?;
    let ids: Vec<u32> = (0..32).collect();
    // Others than themselves, which share their embedding.
    let targets: Vec<u32> = (0..32).map(|id| (id + 5) % 32).collect();
    let loss = model.loss(&ids, &targets)?.sum / 32.0;
    assert!((loss - 32f64.ln()).abs() < 0.1, "{loss}");
    let block = 16 * 16 * 4 + 16 * 48 * 3 + 2 * 16;
    assert_eq!(model.n_parameters(), (32 * 16 + 2 * block + 16, 2 * block + 16));
    Ok(())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "looks at the files of a run")]
fn the_same_job_gives_the_same_bits_and_another_seed_others() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut job = job(&shard(folder.path(), "a.bin", pattern())?)?;
    let run = |job: &mut Job, name: &str| -> Outcome<(String, Vec<u8>)> {
        let path = folder.path().join(name);
        job.save = Some(path.clone());
        Ok((without_speed(&log_of(job)?), std::fs::read(path)?))
    };
    let first = run(&mut job, "first")?;
    assert!(first == run(&mut job, "second")?);
    job.seed = 2;
    let other = run(&mut job, "other")?;
    assert!(first.0 != other.0 && first.1 != other.1);
    assert!(!folder.path().join("first.part").exists());
    Ok(())
}

#[test]
fn a_checkpoint_goes_on_as_if_the_run_had_not_ended() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut job = job(&shard(folder.path(), "a.bin", (0..3000).map(|place| (place * place % 31) as u16))?)?;
    (job.optimiser.decay, job.optimiser.warmup) = (super::super::Decay::Constant, 0.0);
    job.tokens = 1280;
    let whole = log_of(&job)?;
    let path = folder.path().join("half");
    (job.tokens, job.save) = (640, Some(path.clone()));
    log_of(&job)?;
    (job.start, job.save) = (Some(path.clone()), None);
    let resumed = log_of(&job)?;
    assert_eq!(number(&whole, "valid a ")?, number(&resumed, "valid a ")?);
    job.model.hidden = 32;
    let error = log_of(&job).err().ok_or("another model was taken")?.to_string();
    assert!(error.contains("has the shape"), "{error}");
    Ok(())
}

#[test]
fn a_learning_rate_that_is_far_too_high_is_found_out() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut job = job(&shard(folder.path(), "a.bin", pattern())?)?;
    (job.optimiser.lr, job.optimiser.warmup) = (1e30, 0.0);
    let error = log_of(&job).err().ok_or("it did not diverge")?;
    assert!(matches!(error, TrainError::Diverged { step: 2..=4 }), "{error}");
    assert!(error.to_string().starts_with("diverged at step "));
    Ok(())
}

#[test]
fn the_learning_rate_rises_and_falls() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut plan = job(&shard(folder.path(), "a.bin", pattern())?)?.optimiser;
    (plan.lr, plan.warmup) = (1.0, 0.1);
    assert_eq!([1, 10].map(|step| learning_rate(&plan, step, 100)), [0.1, 1.0]);
    assert!((learning_rate(&plan, 55, 100) - 0.55).abs() < 1e-9);
    assert!((learning_rate(&plan, 100, 100) - 0.1).abs() < 1e-9);
    (plan.decay, plan.final_lr) = (super::super::Decay::Linear, 0.0);
    assert_eq!(learning_rate(&plan, 100, 100), 0.0);
    Ok(())
}
