//! The same encoder in the plainest way, in double precision: what the kernels are tested against.

use crate::encoder::{
    Activation, Config, Dense, Embeddings, Encoder, Family, Head, HeadActivation, HeadKind, Layer, Norm, Pooling,
};
use rten_simd::SimdOp;

/// Does the same with each set of instructions that this machine has: the widest, narrower ones, and none.
pub fn on_each(op: impl SimdOp<Output = ()> + Copy) {
    op.dispatch();
    op.eval(rten_simd::isa::GenericIsa::new());
    #[cfg(target_arch = "x86_64")]
    if let Some(isa) = rten_simd::isa::Avx2Isa::new() {
        op.eval(isa);
    }
}

/// Numbers from −1 to 1 that follow from a seed.
pub fn numbers(seed: u64, n: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def1;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (state ^ (state >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed >> 40) as f64 / f64::from(1 << 23) - 1.0) as f32
    };
    (0..n).map(next).collect()
}

/// Sizes of a small encoder: words, width, layers, heads, width between.
pub type Sizes = (usize, usize, usize, usize, usize);

/// A random encoder with three heads: first token and tanh, mean and ReLU, mean alone.
pub fn encoder(
    (n_words, hidden, n_layers, n_heads, intermediate): Sizes,
    activation: Activation,
    max_tokens: usize,
) -> Encoder {
    let mut seed = 0;
    let mut random = |n: usize, scale: f32| {
        seed += 1;
        numbers(seed, n).into_iter().map(|x| x * scale).collect::<Vec<f32>>()
    };
    let mut dense = |n_in: usize, n_out: usize| Dense {
        n_in,
        n_out,
        weight: random(n_in * n_out, 1.7 / (n_in as f32).sqrt()),
        bias: random(n_out, 0.3),
    };
    let layers: Vec<[Dense; 4]> = (0..n_layers)
        .map(|_| {
            [dense(hidden, 3 * hidden), dense(hidden, hidden), dense(hidden, intermediate), dense(intermediate, hidden)]
        })
        .collect();
    let (first, second) = (dense(hidden, 7), dense(hidden, hidden));
    let outs = [dense(7, 2), dense(hidden, 3), dense(hidden, 1)];
    let mut norm = || Norm { gain: random(hidden, 0.5).iter().map(|x| 1.0 + x).collect(), bias: random(hidden, 0.4) };
    let layers = layers.into_iter().map(|[qkv, attention_out, up, down]| Layer {
        qkv,
        attention_out,
        attention_norm: norm(),
        up,
        down,
        output_norm: norm(),
    });
    let layers: Vec<Layer> = layers.collect();
    let norm = norm();
    let [out_a, out_b, out_c] = outs;
    let head = |name: &str, pooling, dense, out| Head {
        name: name.to_owned(),
        kind: HeadKind::Regression,
        pooling,
        dense,
        out,
    };
    Encoder {
        config: Config {
            family: Family::Roberta,
            n_words,
            hidden,
            n_layers,
            n_heads,
            intermediate,
            max_tokens,
            first_position: 2,
            epsilon: 1e-5,
            activation,
        },
        embeddings: Embeddings {
            words: random(n_words * hidden, 1.0),
            positions: random(max_tokens * hidden, 0.5),
            norm,
        },
        layers,
        heads: vec![
            head("a", Pooling::First, Some((first, HeadActivation::Tanh)), out_a),
            head("b", Pooling::Mean, Some((second, HeadActivation::Relu)), out_b),
            head("c", Pooling::Mean, None, out_c),
        ],
    }
}

/// The function between the matrices of a feed-forward layer.
pub fn activation(kind: Activation, x: f64) -> f64 {
    match kind {
        Activation::Gelu => 0.5 * x * (1.0 + libm::erf(x / std::f64::consts::SQRT_2)),
        Activation::GeluTanh => {
            0.5 * x * (1.0 + libm::tanh((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x)))
        }
        Activation::Relu => x.max(0.0),
    }
}

fn linear(dense: &Dense, x: &[f64]) -> Vec<f64> {
    let rows = dense.weight.chunks_exact(dense.n_in).zip(&dense.bias);
    rows.map(|(row, bias)| row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum::<f64>() + f64::from(*bias)).collect()
}

fn normal(norm: &Norm, epsilon: f32, x: &[f64]) -> Vec<f64> {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    let factor = 1.0 / (variance + f64::from(epsilon)).sqrt();
    let parts = x.iter().zip(&norm.gain).zip(&norm.bias);
    parts.map(|((x, gain), bias)| (x - mean) * factor * f64::from(*gain) + f64::from(*bias)).collect()
}

/// The features of one sequence.
pub fn features(encoder: &Encoder, ids: &[u32]) -> Vec<f64> {
    let config = &encoder.config;
    let (hidden, head_size) = (config.hidden, config.hidden / config.n_heads);
    if ids.is_empty() {
        return vec![0.0; encoder.n_features()];
    }
    let add = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<f64>>();
    let row =
        |table: &[f32], at: usize| table[at * hidden..][..hidden].iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
    let embedded = ids.iter().enumerate().map(|(at, id)| {
        let sum = add(&row(&encoder.embeddings.words, *id as usize), &row(&encoder.embeddings.positions, at));
        normal(&encoder.embeddings.norm, config.epsilon, &sum)
    });
    let mut states: Vec<Vec<f64>> = embedded.collect();
    for layer in &encoder.layers {
        let qkv: Vec<Vec<f64>> = states.iter().map(|x| linear(&layer.qkv, x)).collect();
        let mut next = Vec::new();
        for (query, state) in qkv.iter().zip(&states) {
            let mut context = vec![0.0; hidden];
            for head in 0..config.n_heads {
                let part = |x: &[f64], which: usize| x[which * hidden + head * head_size..][..head_size].to_vec();
                let dot = |key: &Vec<f64>| part(query, 0).iter().zip(part(key, 1)).map(|(q, k)| q * k).sum::<f64>();
                let scores: Vec<f64> = qkv.iter().map(|key| dot(key) / (head_size as f64).sqrt()).collect();
                let highest = scores.iter().copied().fold(f64::MIN, f64::max);
                let powers: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
                let sum: f64 = powers.iter().sum();
                for (power, value) in powers.iter().zip(&qkv) {
                    let out = &mut context[head * head_size..][..head_size];
                    out.iter_mut().zip(part(value, 2)).for_each(|(out, value)| *out += power / sum * value);
                }
            }
            let x = normal(&layer.attention_norm, config.epsilon, &add(state, &linear(&layer.attention_out, &context)));
            let between: Vec<f64> = linear(&layer.up, &x).iter().map(|x| activation(config.activation, *x)).collect();
            next.push(normal(&layer.output_norm, config.epsilon, &add(&x, &linear(&layer.down, &between))));
        }
        states = next;
    }
    let of_head = |head: &Head| {
        let pooled = match head.pooling {
            Pooling::First => states[0].clone(),
            Pooling::Mean => {
                (0..hidden).map(|at| states.iter().map(|x| x[at]).sum::<f64>() / states.len() as f64).collect()
            }
        };
        match &head.dense {
            None => pooled,
            Some((dense, HeadActivation::Tanh)) => linear(dense, &pooled).iter().map(|x| x.tanh()).collect(),
            Some((dense, HeadActivation::Relu)) => linear(dense, &pooled).iter().map(|x| x.max(0.0)).collect(),
        }
    };
    encoder.heads.iter().flat_map(of_head).collect()
}
