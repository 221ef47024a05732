//! Whole encoders against the reference, alone and in company.

use super::reference::{Sizes, encoder, features, numbers};
use super::*;
use crate::batcher::pack;
use crate::encoder::Activation;

const SMALL: Sizes = (50, 24, 2, 3, 40);

fn device(encoder: &Arc<Encoder>, precision: Precision) -> CpuDevice {
    CpuDevice::new(Arc::new(CpuEncoder::new(Arc::clone(encoder), precision).unwrap())).unwrap()
}

fn sequence(seed: u64, n: usize, n_words: usize) -> Vec<u32> {
    numbers(seed, n).into_iter().map(|x| ((x + 1.0) * 0.499 * n_words as f32) as u32).collect()
}

fn run(device: &mut CpuDevice, sequences: &[Vec<u32>]) -> Vec<f32> {
    let batches = pack(sequences, device.budget());
    assert_eq!(batches.len(), 1);
    device.start(&batches[0]).unwrap();
    device.finish().unwrap()
}

fn difference(encoder: &Encoder, sequences: &[Vec<u32>], found: &[f32]) -> f64 {
    let expected: Vec<f64> = sequences.iter().flat_map(|ids| features(encoder, ids)).collect();
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).map(|(found, expected)| (f64::from(*found) - expected).abs()).fold(0.0, f64::max)
}

#[test]
fn features_are_those_of_the_reference() {
    // Heads of odd sizes, and more of each dimension than a tile has.
    let sizes: [Sizes; 4] = [SMALL, (9, 8, 1, 1, 5), (100, 110, 2, 10, 130), (30, 96, 1, 4, 1100)];
    for (n_words, hidden, n_layers, n_heads, intermediate) in sizes {
        for activation in [Activation::Gelu, Activation::GeluTanh, Activation::Relu] {
            let sizes = (n_words, hidden, n_layers, n_heads, intermediate);
            let encoder = Arc::new(encoder(sizes, activation, 80));
            let lengths = [3, 0, 1, 17, 80, 64, 0, 33];
            let sequences: Vec<_> =
                lengths.iter().enumerate().map(|(at, n)| sequence(at as u64, *n, n_words)).collect();
            let found = run(&mut device(&encoder, Precision::F32), &sequences);
            let worst = difference(&encoder, &sequences, &found);
            assert!(worst < 1e-5, "{hidden} {activation:?}: {worst}");
            let found = run(&mut device(&encoder, Precision::Int8), &sequences);
            let worst = difference(&encoder, &sequences, &found);
            assert!(worst < 0.2, "{hidden} {activation:?}: {worst}");
            assert!(worst > 1e-5, "int8 is not float32");
        }
    }
}

#[test]
fn neighbours_and_earlier_batches_change_no_bit() {
    let encoder = Arc::new(encoder((60, 48, 2, 4, 100), Activation::Gelu, 200));
    let sequences: Vec<_> =
        [5, 130, 1, 64, 31, 200].iter().enumerate().map(|(at, n)| sequence(at as u64, *n, 60)).collect();
    for precision in [Precision::F32, Precision::Int8] {
        let mut used = device(&encoder, precision);
        let together = run(&mut used, &sequences);
        assert_eq!(together, run(&mut used, &sequences), "a second time");
        let alone: Vec<f32> =
            sequences.iter().rev().map(|one| run(&mut used, std::slice::from_ref(one))).rev().flatten().collect();
        let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&together), bits(&alone));
    }
}

#[test]
fn empty_batches_give_nothing_and_empty_sequences_zeros() {
    let encoder = Arc::new(encoder(SMALL, Activation::Relu, 20));
    let mut device = device(&encoder, Precision::F32);
    device.start(&Batch::default()).unwrap();
    assert!(device.finish().unwrap().is_empty());
    assert_eq!(run(&mut device, &[vec![], vec![]]), vec![0.0; 2 * encoder.n_features()]);
}

#[test]
fn bad_batches_are_refused_and_the_device_goes_on() {
    let encoder = Arc::new(encoder(SMALL, Activation::Relu, 20));
    let mut device = device(&encoder, Precision::F32);
    let batch = |ids: Vec<u32>, boundaries: Vec<u32>| {
        let places = (1..boundaries.len()).collect();
        Batch { ids, boundaries, places }
    };
    for (bad, said) in [
        (batch(vec![50], vec![0, 1]), "id 50 is beyond the vocabulary of 50"),
        (batch(vec![1; 21], vec![0, 21]), "a sequence has 21 tokens; the encoder takes 20"),
        (batch(vec![1; 5000], (0..=5000).collect()), "a batch has 5000 tokens; at most 1024"),
        (batch(vec![1, 2], vec![0, 2, 1, 2]), "do not fit"),
        (batch(vec![1, 2], vec![1, 2]), "do not fit"),
        (batch(vec![1, 2], vec![0, 3]), "do not fit"),
        (batch(vec![1, 2], vec![]), "do not fit"),
    ] {
        let error = device.start(&bad).unwrap_err();
        assert!(error.0.contains(said), "{error}");
        assert!(device.finish().is_err(), "nothing is under way");
    }
    device.start(&batch(vec![1, 2], vec![0, 2])).unwrap();
    assert!(device.start(&batch(vec![1], vec![0, 1])).is_err(), "one at a time");
    assert_eq!(device.finish().unwrap().len(), encoder.n_features());
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let mut encoder = encoder(SMALL, Activation::Relu, 20);
    encoder.layers[1].up.weight.pop();
    assert!(CpuEncoder::new(Arc::new(encoder), Precision::F32).is_err());
}
