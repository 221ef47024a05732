//! The training run from its first step to its report.

use super::adam::Adam;
use super::checkpoint;
use super::error::TrainError;
use super::feed::{Batch, Feed};
use super::job::{Job, ValidGroup};
use super::model::Model;
use super::schedule::learning_rate;
use super::stream::Stream;
use std::io::Write;
use std::time::Instant;

/// Trains as `job` says and writes to `log`: a line for every `report_every` steps and for the last, with the mean loss
/// of the steps since the line before; then the loss of every validation group, the epochs of every group that was
/// trained on, the size of the model, and `done`.
///
/// # Errors
/// When the job cannot be run, a file cannot be read or written or does not fit it, or the loss becomes infinite.
pub fn train(job: &Job, log: &mut dyn Write) -> Result<(), TrainError> {
    job.check()?;
    let model = Model::new(job)?;
    let mut adam = Adam::new(job.optimiser, &model.weights);
    let mut feed = Feed::new(job)?;
    // A group that cannot be tested is better found before an hour of training than after it.
    let mut valid = Vec::with_capacity(job.valid.len());
    for group in &job.valid {
        valid.push((group, Stream::new(job, &group.group, &group.shards)?));
    }
    if let Some(path) = &job.start {
        checkpoint::load(path, job, &model, &mut adam, &mut feed)?;
    }
    steps(job, &model, &mut adam, &mut feed, log)?;
    if let Some(path) = &job.save {
        checkpoint::save(path, job, &model, &adam, &feed)?;
    }
    for (group, stream) in &mut valid {
        let loss = validate(job, &model, group, stream)?;
        writeln!(log, "valid {} {loss:.6}", group.group)?;
    }
    for stream in feed.streams() {
        writeln!(log, "epochs {} {:.2}", stream.group(), stream.epochs())?;
    }
    let (all, inner) = model.n_parameters();
    writeln!(log, "parameters {all} {inner}")?;
    writeln!(log, "done")?;
    log.flush()?;
    Ok(())
}

fn steps(job: &Job, model: &Model, adam: &mut Adam, feed: &mut Feed, log: &mut dyn Write) -> Result<(), TrainError> {
    let steps = job.steps();
    let tokens_of_step = (job.batch * job.context) as u64;
    let (mut sum, mut n, mut clock) = (0.0, 0u64, now());
    for step in 1..=steps {
        let batch = feed.next()?;
        let lr = learning_rate(&job.optimiser, step, steps);
        let (loss, gradients) = model.gradients(&batch.inputs, &batch.targets)?;
        if !loss.is_finite() || !adam.step(&model.weights, &gradients, lr)?.is_finite() {
            return Err(TrainError::Diverged { step });
        }
        (sum, n) = (sum + loss, n + 1);
        if step % job.report_every == 0 || step == steps {
            let (tokens, loss) = (step * tokens_of_step, sum / n as f64);
            let speed = (n * tokens_of_step) as f64 / clock.elapsed().as_secs_f64().max(1e-9);
            writeln!(
                log,
                "step {step}/{steps} tokens {tokens} loss {loss:.4} lr {lr:.1e} tokens_per_second {speed:.0}"
            )?;
            log.flush()?;
            (sum, n, clock) = (0.0, 0, now());
        }
    }
    Ok(())
}

/// The mean cross-entropy of a token, in nats.
fn validate(job: &Job, model: &Model, group: &ValidGroup, stream: &mut Stream) -> Result<f64, TrainError> {
    let wanted = (group.tokens / job.context as u64).clamp(1, stream.n_sequences());
    let (mut sum, mut n, mut left) = (0.0, 0, wanted);
    while left > 0 {
        let mut batch = Batch::default();
        for _ in 0..left.min(job.batch as u64) {
            stream.next(&mut batch.inputs, &mut batch.targets)?;
        }
        left -= left.min(job.batch as u64);
        sum += model.loss(&batch.inputs, &batch.targets)?.sum;
        n += batch.targets.len();
    }
    Ok(sum / n as f64)
}

#[expect(clippy::disallowed_methods, reason = "the speed in the log is progress, not output")]
fn now() -> Instant {
    Instant::now()
}
