//! The short version of `cargo xtask soak`.

use support::{Crawl, Gateway, Goal, soak};

#[test]
#[expect(clippy::print_stdout, reason = "what was survived belongs into the output of a run")]
fn kills_and_faults_lose_nothing_and_double_nothing() {
    let mut crawl = Crawl::new(Gateway::shared(), "soak", "tests/recipes/dedup.toml", &[]);
    let survived = soak(&mut crawl, &Goal { kills: 30, faults: 300, seed: 20_240_801 }, |_| {});
    println!("{survived:?}");
    assert!(survived.kills >= 30 && survived.faults() >= 300, "{survived:?}");
}
