//! The stage on the tiny model of its page: order, windows, names, and what it refuses.

use super::*;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::score::Scores;

fn assets() -> MemoryAssets {
    let files: [(&str, &[u8]); 3] = [
        ("config.json", include_bytes!("../../docs/assets/encoder/config.json")),
        ("model.safetensors", include_bytes!("../../docs/assets/encoder/model.safetensors")),
        ("tokenizer.json", include_bytes!("../../docs/assets/encoder/tokenizer.json")),
    ];
    MemoryAssets(files.into_iter().map(|(name, bytes)| (format!("encoder/{name}"), bytes.into())).collect())
}

fn built(recipe: &str) -> Result<Box<dyn Score>, BuildError> {
    match build(&Params::from_table(ENTRY.params, &recipe.parse().unwrap())?, &assets())? {
        Stage::Score(stage) => Ok(stage),
        _ => panic!("a score"),
    }
}

/// Pushes all texts and takes the scores whenever some are ready.
fn scores(stage: &dyn Score, threads: usize, texts: &[&str]) -> Vec<Scores> {
    let mut scoring = stage.begin(&Place { device: "cpu", threads }).unwrap();
    let mut scores = Vec::new();
    for text in texts {
        scoring.push(text).unwrap();
        scores.extend(scoring.ready().unwrap());
    }
    scores.extend(scoring.finish().unwrap());
    scores
}

const LONG: &str = "the heart pumps the blood through the veins and the body gets it back again and again";

#[test]
fn scores_come_in_order_whatever_stands_beside_a_document() {
    let stage = built("").unwrap();
    let texts = ["", "a", LONG, "blood", "the", "Heart!"];
    let many: Vec<&str> = texts.iter().copied().cycle().take(3000).collect();
    let alone: Vec<Scores> = texts.iter().flat_map(|text| scores(&*stage, 1, &[text])).collect();
    assert_eq!(alone.len(), texts.len());
    for (at, other) in alone.iter().enumerate().skip(1) {
        assert_ne!(alone[0][1], other[1], "text {at} scores like an empty one");
    }
    for threads in [1, 3] {
        let together = scores(&*built("").unwrap(), threads, &many);
        assert_eq!(together.len(), many.len());
        assert!(together.iter().zip(alone.iter().cycle()).all(|(one, other)| one == other));
    }
    assert!(scores(&*stage, 1, &[]).is_empty());
}

#[test]
fn many_tasks_share_the_workers() {
    let stage = built("").unwrap();
    let expected = scores(&*stage, 2, &[LONG, "a"]);
    std::thread::scope(|scope| {
        for task in 0..6 {
            let (stage, expected) = (&stage, &expected);
            scope.spawn(move || {
                let texts: Vec<&str> = [LONG, "a"].into_iter().cycle().take(400 + task).collect();
                let found = scores(&**stage, 2, &texts);
                assert!(found.len() == texts.len() && found.iter().zip(expected.iter().cycle()).all(|(a, b)| a == b));
            });
        }
    });
}

#[test]
fn windows_are_joined() {
    let by = |windows: &str| {
        let stage = built(&format!("windows = \"{windows}\"\nmax_tokens = 8\nmax_windows = 3")).unwrap();
        scores(&*stage, 1, &[LONG]).remove(0).into_iter().map(Option::unwrap).collect::<Vec<f32>>()
    };
    let (first, mean, max) = (by("first"), by("mean"), by("max"));
    assert_eq!((first[0], mean[0], max[0]), (8.0, 24.0, 24.0));
    assert!(max[1] >= first[1] && max[1] >= mean[1], "{first:?} {mean:?} {max:?}");
    assert!(mean[1] != first[1] && mean[1] != max[1]);
    // A short text has one window, and all joins are the same.
    let short = |windows: &str| scores(&*built(&format!("windows = \"{windows}\"")).unwrap(), 1, &["a"]);
    assert_eq!((short("first"), short("mean")), (short("max"), short("max")));
}

#[test]
fn what_is_wrong_is_said() {
    for (recipe, message, hint) in [
        ("numbers = []", "`numbers` is empty", "name the scores"),
        ("numbers = [\"scores\"]", "model `encoder` gives no score `scores`", "did you mean `score`? it gives score"),
        ("numbers = [\"n_tokens\"]", "`numbers`: there are two numbers called `n_tokens`", ""),
        ("windows = \"last\"", "`windows` is `last`", "it is `first` or `mean` or `max`"),
        ("precision = \"fp8\"", "`precision` is `fp8`", "it is `f32` or `int8`"),
        ("max_tokens = 2", "`max_tokens` leaves no room: 2 tokens are put around every text", ""),
        ("max_tokens = -1", "`max_tokens` must not be negative", ""),
        ("max_windows = 0", "`max_windows` must not be `0`", ""),
        ("model = \"other\"", "unknown asset `other/config.json`", ""),
    ] {
        let error = built(recipe).err().unwrap();
        assert!(error.message.starts_with(message), "{}", error.message);
        assert!(error.hint.unwrap_or_default().starts_with(hint), "{recipe}");
    }
    let stage = built("").unwrap();
    let error = stage.begin(&Place { device: "tpu", threads: 1 }).err().unwrap();
    assert_eq!(error.message, "`tpu` is no device");
}
