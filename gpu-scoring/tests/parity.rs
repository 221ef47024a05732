//! Tiny models of every architecture give the logits and scores that transformers gives.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on must fail")]
#![allow(clippy::disallowed_methods, reason = "the models lie in files")]

#[path = "parity/bad.rs"]
mod bad;
#[path = "parity/fixture.rs"]
mod fixture;

use fixture::{ALL, Fixture};
use std::sync::Arc;
use tokenmill_gpu_scoring::batcher::pack;
use tokenmill_gpu_scoring::cpu::{CpuDevice, CpuEncoder, Precision};
use tokenmill_gpu_scoring::device::Device;
use tokenmill_gpu_scoring::tokenize::{Tokenizer, Windows};

/// The features of each sequence, in batches of at most so many tokens.
fn features(fixture: &Fixture, precision: Precision, ids: &[Vec<u32>], budget: usize) -> Vec<Vec<f32>> {
    let encoder = Arc::new(fixture.encoder());
    let packed = CpuEncoder::new(Arc::clone(&encoder), precision).expect("weights are packed");
    let mut device = CpuDevice::new(Arc::new(packed)).unwrap();
    let mut all = vec![Vec::new(); ids.len()];
    for batch in pack(ids, budget.min(device.budget())) {
        device.start(&batch).expect("the batch is accepted");
        let features = device.finish().expect("the batch is encoded");
        assert_eq!(features.len(), batch.len() * encoder.n_features());
        for (place, features) in batch.places.iter().zip(features.chunks_exact(encoder.n_features())) {
            all[*place] = features.to_vec();
        }
    }
    all
}

/// The largest difference of any logit, and of any score, to what is expected.
fn differences(fixture: &Fixture, features: &[Vec<f32>]) -> (f32, f32) {
    let (mut of_logits, mut of_scores) = (0f32, 0f32);
    let mut n_scores = 0;
    let encoder = fixture.encoder();
    for (at, features) in features.iter().enumerate() {
        let mut rest = features.as_slice();
        for head in &encoder.heads {
            let (own, others) = rest.split_at(head.n_features());
            rest = others;
            let logits = head.logits(own);
            let expected = fixture.logits(&head.name, at);
            assert_eq!(logits.len(), expected.len());
            // `max` would pass over what is no number.
            let worst = |worst: f32, difference: f32| if difference <= worst { worst } else { difference };
            of_logits = logits.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(of_logits, worst);
            for (name, output) in head.outputs() {
                let difference = (head.score(&logits, output) - fixture.score(&name, at)).abs();
                of_scores = worst(of_scores, difference);
                n_scores += usize::from(at == 0);
            }
        }
    }
    assert_eq!(n_scores, fixture.n_scores(), "a score has another name");
    (of_logits, of_scores)
}

#[test]
fn logits_and_scores_are_those_of_transformers() {
    for name in ALL {
        let fixture = Fixture::open(name);
        // One by one, a few at a time, and all together.
        for budget in [1, 70, usize::MAX] {
            let features = features(&fixture, Precision::F32, &fixture.ids(), budget);
            let (of_logits, of_scores) = differences(&fixture, &features);
            assert!(of_logits <= 1e-5 && of_scores <= 1e-5, "{name}: logits {of_logits}, scores {of_scores}");
        }
    }
}

#[test]
fn neighbours_in_a_batch_do_not_matter() {
    for name in ALL {
        let fixture = Fixture::open(name);
        let ids = fixture.ids();
        let alone = features(&fixture, Precision::F32, &ids, 1);
        let reversed: Vec<Vec<u32>> = ids.iter().rev().cloned().collect();
        let mut together = features(&fixture, Precision::F32, &reversed, usize::MAX);
        together.reverse();
        let (of_logits, _) = differences(&fixture, &together);
        assert!(of_logits <= 1e-5, "{name}: {of_logits}");
        let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5;
        let is_near = alone.iter().flatten().zip(together.iter().flatten()).all(near);
        assert!(is_near, "{name}: a sequence has other features beside others than alone");
        assert_eq!(together, {
            let mut again = features(&fixture, Precision::F32, &reversed, usize::MAX);
            again.reverse();
            again
        });
    }
}

#[test]
fn eight_bits_are_near() {
    for name in ALL {
        let fixture = Fixture::open(name);
        let features = features(&fixture, Precision::Int8, &fixture.ids(), usize::MAX);
        let (of_logits, of_scores) = differences(&fixture, &features);
        assert!(of_logits > 0.0, "{name}: nothing was rounded");
        // Rows of two dozen random weights are the worst case: rounding errors of long rows cancel out.
        assert!(of_logits <= 0.3 && of_scores <= 0.3, "{name}: logits {of_logits}, scores {of_scores}");
    }
}

#[test]
fn ids_are_those_of_the_tokenizers_library() {
    for name in ALL {
        let fixture = Fixture::open(name);
        let config = fixture.encoder().config;
        let tokenizer = Tokenizer::load(name, &fixture.assets(), config.n_words).expect("a tokenizer");
        for (text, expected) in fixture.texts().iter().zip(fixture.ids()) {
            let windows = Windows { max_tokens: config.max_tokens, max_windows: 1 };
            assert_eq!(tokenizer.windows(text, windows).expect("a sequence"), [expected], "{name}: {text:?}");
        }
    }
}

#[test]
fn a_sequence_without_tokens_has_zeros() {
    let fixture = Fixture::open("heads");
    let ids = [vec![0, 5, 2], vec![], vec![0, 9, 2]];
    let features = features(&fixture, Precision::F32, &ids, usize::MAX);
    assert!(features[1].iter().all(|feature| *feature == 0.0));
    assert!([0, 2].iter().all(|at| features[*at].iter().any(|feature| *feature != 0.0)));
}
