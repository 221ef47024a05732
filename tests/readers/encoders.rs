//! Encoders say what transformers and ONNX Runtime say: random ones at a realistic width, and public ones from packages.

#![expect(clippy::print_stdout, reason = "how far both are apart is worth reading")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use support::{readers, root, said};
use tokenmill_gpu_scoring::batcher::pack;
use tokenmill_gpu_scoring::cpu::{CpuDevice, CpuEncoder, Precision};
use tokenmill_gpu_scoring::device::Device;
use tokenmill_gpu_scoring::encoder::Encoder;
use tokenmill_gpu_scoring::tokenize::{Tokenizer, Windows};
use tokenmill_store::assets::Assets;

/// A model in a folder, with what somebody else has found out about it.
pub struct Model {
    folder: PathBuf,
    encoder: Arc<Encoder>,
}

impl Model {
    /// Reads the model as the step does.
    pub fn open(folder: PathBuf) -> Model {
        let name = folder.display().to_string();
        let encoder = Encoder::load(&name, &assets(&folder)).unwrap_or_else(|error| panic!("{error:?}"));
        Model { folder, encoder: Arc::new(encoder) }
    }

    fn expected(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.folder.join("expected.json")).unwrap()).unwrap()
    }

    /// The ids of texts, by the model's own tokenizer.
    pub fn ids(&self, texts: &[String], max_tokens: usize) -> Vec<Vec<u32>> {
        let name = self.folder.display().to_string();
        let tokenizer = Tokenizer::load(&name, &assets(&self.folder), self.encoder.config.n_words).unwrap();
        let windows = Windows { max_tokens, max_windows: 1 };
        texts.iter().flat_map(|text| tokenizer.windows(text, windows).unwrap()).collect()
    }

    /// The logits of a head for sequences of ids.
    pub fn logits(&self, ids: &[Vec<u32>], precision: Precision, head: &str) -> Vec<Vec<f32>> {
        let packed = CpuEncoder::new(Arc::clone(&self.encoder), precision).unwrap();
        let mut device = CpuDevice::new(Arc::new(packed)).unwrap();
        let place = self.encoder.heads.iter().position(|known| known.name == head).expect("a head of that name");
        let begin: usize = self.encoder.heads[..place].iter().map(|head| head.n_features()).sum();
        let head = &self.encoder.heads[place];
        let mut logits = Vec::new();
        for batch in pack(ids, device.budget()) {
            device.start(&batch).unwrap();
            let features = device.finish().unwrap();
            let rows = features.chunks_exact(self.encoder.n_features());
            logits.extend(rows.map(|row| head.logits(&row[begin..begin + head.n_features()])));
        }
        logits
    }
}

/// Assets with an empty cache: names are paths.
fn assets(folder: &Path) -> Assets {
    Assets::open(folder.join("no-cache")).unwrap()
}

/// Rows of numbers.
pub fn rows(value: &Value) -> Vec<Vec<f32>> {
    let row = |row: &Value| row.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect();
    value.as_array().unwrap_or_else(|| panic!("no list: {value}")).iter().map(row).collect()
}

/// The ids of a list of lists.
pub fn ids(value: &Value) -> Vec<Vec<u32>> {
    let row = |row: &Value| row.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect();
    value.as_array().unwrap().iter().map(row).collect()
}

/// A list of texts.
pub fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The largest difference of two tables of the same shape; what is no number is infinitely far.
pub fn difference(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    assert_eq!(a.iter().map(Vec::len).collect::<Vec<_>>(), b.iter().map(Vec::len).collect::<Vec<_>>());
    let differences = a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |worst, difference| if difference.is_nan() { f32::INFINITY } else { worst.max(difference) })
}

/// Spearman's correlation.
fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let ranks = |values: &[f32]| {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|x, y| values[*x].total_cmp(&values[*y]));
        let mut ranks = vec![0.0; values.len()];
        order.into_iter().enumerate().for_each(|(rank, at)| ranks[at] = rank as f64);
        ranks
    };
    let n = a.len() as f64;
    let squares: f64 = ranks(a).iter().zip(ranks(b)).map(|(a, b)| (a - b) * (a - b)).sum();
    1.0 - 6.0 * squares / (n * (n * n - 1.0))
}

/// Runs the script beside this file.
fn make(arguments: &[&str], folder: &Path) {
    let mut python = readers();
    python.arg(root().join("tests/readers/encoders.py")).arg(arguments[0]).arg(folder).args(&arguments[1..]);
    said(&mut python);
}

#[test]
fn random_encoders_say_what_transformers_says() {
    let folder = tempfile::tempdir().unwrap();
    let seed = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() % 1_000_000_000;
    make(&["random", &seed.to_string()], folder.path());
    for name in ["bert", "roberta", "xlm-roberta", "distilbert"] {
        let model = Model::open(folder.path().join(name));
        let expected = model.expected();
        let found = model.logits(&ids(&expected["ids"]), Precision::F32, "");
        let off = difference(&found, &rows(&expected["logits"][""]));
        println!("{name}, seed {seed}: {off:e}");
        assert!(off <= 1e-4, "{name} differs by {off}; repeat with `encoders.py random FOLDER {seed}`");
    }
}

#[test]
fn the_trunk_of_a_public_model_says_what_transformers_says() {
    let folder = tempfile::tempdir().unwrap();
    make(&["trunk"], folder.path());
    let model = Model::open(folder.path().join("trunk"));
    let expected = model.expected();
    let ids = ids(&expected["ids"]);
    assert_eq!(model.ids(&texts(&expected["texts"]), 128), ids);
    for head in ["first", "mean"] {
        let off = difference(&model.logits(&ids, Precision::F32, head), &rows(&expected["logits"][head]));
        println!("{head}: {off:e}");
        assert!(off <= 1e-4, "{head} differs by {off}");
    }
}

/// The model exists in 8 bits only. Multiplied out it must be what transformers says of the same weights; next to ONNX
/// Runtime, which rounds all activations of a sequence to one scale of 8 bits, there are differences, and the same ranking.
#[test]
fn a_public_classifier_scores_like_its_reference() {
    let folder = tempfile::tempdir().unwrap();
    make(&["heads"], folder.path());
    let model = Model::open(folder.path().join("heads"));
    let expected = model.expected();
    let ids = ids(&expected["ids"]);
    assert_eq!(model.ids(&texts(&expected["texts"]), 128), ids);
    let probability =
        |logits: &[Vec<f32>]| -> Vec<f32> { logits.iter().map(|row| 1.0 / (1.0 + (-row[0]).exp())).collect() };
    for head in ["main", "aux"] {
        let ours = model.logits(&ids, Precision::F32, head);
        let off = difference(&ours, &rows(&expected["logits"][head]));
        assert!(off <= 1e-4, "{head} differs from transformers by {off}");
        let peer = probability(&rows(&expected["peer"][head]));
        for precision in [Precision::F32, Precision::Int8] {
            let ours = probability(&model.logits(&ids, precision, head));
            let worst = ours.iter().zip(&peer).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let n_flips = ours.iter().zip(&peer).filter(|(a, b)| (**a > 0.5) != (**b > 0.5)).count();
            let rank = correlation(&ours, &peer);
            println!(
                "{head}, {precision:?}: {worst} from ONNX Runtime, {n_flips} labels, ranks {rank}; float32 {off:e}"
            );
            assert!(worst <= 0.2 && n_flips * 20 <= peer.len() && rank >= 0.95, "{head}: {worst}, {n_flips}, {rank}");
        }
        assert!(
            peer.iter().any(|score| *score > 0.5) && peer.iter().any(|score| *score < 0.5),
            "{head} tells nothing apart"
        );
    }
}
