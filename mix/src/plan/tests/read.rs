//! What is written is read, written back, or refused at its place.

use super::super::{Budget, Epochs, Mix, Proportions, Shortfall, SplitBy};
use super::{error, mix, with_head};
use crate::pack::Packing;

const FULL: &str = r#"
[mix]
name = "full"
root = "/data/runs"
seed = 20240801
[[source]]
name = "web"
run = "runs/web-en"
[[source]]
name = "code"
run = "runs/code"
[[group]]
name = "general"
where = { source = ["web"], lang = "en", kind = ["prose"], domain = ["a.org"], label = { topic = ["science", "arts"] }, score = { "quality.fasttext.score" = { min = 0.5, max = 1 } } }
not = { label = { topic = ["arts"] } }
split = "label.topic"
temperature = 3.3
weights = { arts = 0.2 }
max_epochs = 0.2
[[group]]
name = "graded"
split = "score.edu"
edges = [-1, 0.2, 3.5]
temperature = inf
max_epochs = "off"
[[phase]]
name = "main"
tokens = "15T"
context = 8192
shares = { general = 0.333333, graded = 0.666667 }
[[phase]]
name = "end"
tokens = "all"
context = 131072
weights = { general = 3 }
on_shortfall = "fill"
[[phase]]
name = "fixed"
tokens_by_group = { general = "1.5M", graded = 7 }
[[phase]]
name = "rest"
tokens = 1_000
mix = "natural"
[shards]
packing = "concat"
long = "truncate"
shard_tokens = "256M"
bos = true
eos = false
"#;

#[test]
fn everything_is_read() {
    let mix = Mix::parse(FULL, "MIX.toml").unwrap();
    let general = &mix.groups[0];
    assert_eq!(general.conditions.lang, ["en"]);
    assert_eq!(general.conditions.label["topic"], ["science", "arts"]);
    assert_eq!(general.conditions.score["quality.fasttext.score"].max, Some(1.0));
    assert_eq!(general.max_epochs, Epochs(Some(200_000_000)));
    assert_eq!(general.split.as_ref().unwrap().weights["arts"], 0.2);
    assert_eq!(mix.groups[1].split.as_ref().unwrap().by, SplitBy::Score("edu".into(), vec![-1.0, 0.2, 3.5]));
    assert_eq!(mix.phases[0].budget, Budget::Tokens(15_000_000_000_000));
    assert_eq!(mix.phases[1].on_shortfall, Shortfall::Fill);
    assert_eq!(mix.phases[2].budget, Budget::Tokens(1_500_007));
    assert_eq!(mix.phases[3].proportions, Proportions::Natural);
    assert_eq!((mix.shards.packing, mix.shards.shard_tokens), (Packing::Concat, 256_000_000));
    assert_eq!(mix.scores(), ["edu", "quality.fasttext.score"]);
    assert_eq!(mix.labels(), ["topic"]);
}

#[test]
fn what_is_resolved_reads_back_as_equal() {
    let full = Mix::parse(FULL, "MIX.toml").unwrap();
    let small = mix("[[group]]\nname = \"all\"\n[[phase]]\nname = \"one\"\ntokens = \"all\"\n");
    for mix in [full, small] {
        let text = mix.to_toml();
        assert_eq!(Mix::parse(&text, "resolved").unwrap(), mix, "{text}");
        assert_eq!(Mix::parse(&text, "resolved").unwrap().to_toml(), text);
        for default in ["packing = ", "max_epochs = ", "on_shortfall = ", "context = ", "seed = ", "root = "] {
            assert!(text.contains(default), "{default} is not in\n{text}");
        }
    }
}

#[test]
fn an_error_has_its_place_and_the_nearest_name() {
    let (message, hint) = error("[[group]]\nname = \"a\"\nmax_epoch = 3\n");
    let place = " --> MIX.toml:8:1\n  |\n8 | max_epoch = 3\n  | ^^^^^^^^^";
    assert_eq!(message, format!("unknown key `max_epoch` in `group`\n{place}"));
    assert_eq!(hint, "did you mean `max_epochs`?");
}

/// What is refused: the rest of a mix, a part of the message, its line and column, a part of the hint.
const REFUSED: &[(&str, &str, &str, &str)] = &[
    ("[[group]\n", "this is not TOML", ":6:", ""),
    ("", "no `[[group]]`", "", "[[group]]"),
    ("[[group]]\nname = \"a\"\n", "no `[[phase]]`", "", "[[phase]]"),
    ("[group]\nname = \"a\"\n", "written as `[[group]]`", ":6:1", ""),
    ("[[group]]\n", "`group.name` is missing", ":6:1", "text"),
    ("[[group]]\nname = \"a/b\"\n", "`a/b` cannot be a name", ":7:8", "letters"),
    ("[[group]]\nname = 3\n", "`group.name` must be text, not `3`", ":7:8", ""),
    ("[[group]]\nname = \"a\"\n[[group]]\nname = \"a\"\n", "`a` is already taken", ":9:8", ""),
    ("[[group]]\nname = \"a\"\nwhere = { source = [\"wab\"] }\n", "no source `wab`", ":8:21", "did you mean `web`?"),
    ("[[group]]\nname = \"a\"\nwhere = { lang = [] }\n", "no document fulfils", ":8:18", "leave the key out"),
    ("[[group]]\nname = \"a\"\nwhere = { langs = [\"en\"] }\n", "unknown key `langs`", ":8:11", "did you mean `lang`?"),
    ("[[group]]\nname = \"a\"\nnot = {}\n", "leaves no document", ":8:7", ""),
    ("[[group]]\nname = \"a\"\nwhere = { score = { q = {} } }\n", "`min`, `max` or both", ":8:25", ""),
    (
        "[[group]]\nname = \"a\"\nwhere = { score = { q = { min = 2, max = 1 } } }\n",
        "no score is from 2 to 1",
        ":8:25",
        "",
    ),
    ("[[group]]\nname = \"a\"\nwhere = { score = { q = { mini = 2 } } }\n", "unknown key `mini`", ":8:27", "`min`"),
    ("[[group]]\nname = \"a\"\nsplit = \"long\"\n", "cannot be split by `long`", ":8:9", "did you mean `lang`?"),
    ("[[group]]\nname = \"a\"\nsplit = \"zzzzzz\"\n", "cannot be split by `zzzzzz`", ":8:9", "label.<name>"),
    ("[[group]]\nname = \"a\"\ntemperature = 3\n", "about the parts of a group that is split", ":8:15", "split = "),
    ("[[group]]\nname = \"a\"\nsplit = \"lang\"\ntemperature = 0\n", "must be a number from 0.01", ":9:15", ""),
    ("[[group]]\nname = \"a\"\nsplit = \"lang\"\ntemperature = nan\n", "must be a number from 0.01", ":9:15", ""),
    ("[[group]]\nname = \"a\"\nsplit = \"lang\"\nedges = [1]\n", "only a split by score", ":9:9", ""),
    ("[[group]]\nname = \"a\"\nsplit = \"score.q\"\n", "`group.edges` is missing", ":6:1", "ascending"),
    ("[[group]]\nname = \"a\"\nsplit = \"score.q\"\nedges = [1, 1]\n", "must be a list of ascending", ":9:9", ""),
    (
        "[[group]]\nname = \"a\"\nsplit = \"source\"\nweights = { wib = 1 }\n",
        "no subgroup is called `wib`",
        ":9:13",
        "`web`",
    ),
    (
        "[[group]]\nname = \"a\"\nsplit = \"lang\"\nweights = { de = -1 }\n",
        "`group.weights.de` must be a factor",
        ":9:18",
        "",
    ),
    ("[[group]]\nname = \"a\"\nmax_epochs = 0\n", "must be a number of epochs", ":8:14", ""),
    ("[[group]]\nname = \"a\"\nmax_epochs = \"of\"\n", "must be a number of epochs", ":8:14", ""),
];

#[test]
fn what_is_wrong_is_refused_at_its_place() {
    let phase = "[[group]]\nname = \"math\"\n[[phase]]\nname = \"p\"\n";
    let phases = [
        ("", "`phase.tokens` is missing", ":8:1", "\"all\""),
        ("tokens = \"15X\"\n", "`phase.tokens` must be a whole number", ":10:10", ""),
        ("tokens = 0\n", "`phase.tokens` must be a whole number", ":10:10", ""),
        ("tokens = 5\ncontext = 0\n", "needs a context of at least 1 token", ":11:11", "none"),
        ("tokens = 5\ncontext = 1\n", "1 tokens hold no document", ":11:11", ""),
        ("tokens = 5\ncontext = \"8K\"\n", "`phase.context` must be a whole number of tokens", ":11:11", ""),
        ("tokens = 5\ncontext = 100_000_000\n", "takes a context of at most", ":11:11", "concat"),
        ("tokens = 5\ncontext = 2000\n[shards]\nshard_tokens = 1000\n", "holds no sequence", ":11:11", "shard_tokens"),
        ("tokens = 5\nshares = { mth = 1 }\n", "no group `mth`", ":11:12", "did you mean `math`?"),
        ("tokens = 5\nshares = { math = 0.9 }\n", "the shares sum to 0.900000", ":11:10", "weights"),
        ("tokens = 5\nshares = { math = 1.1 }\n", "must be a share from 0 to 1", ":11:19", ""),
        ("tokens = 5\nweights = { math = 0 }\n", "no group has a weight above 0", ":11:11", ""),
        ("tokens = 5\nshares = { math = 1 }\nweights = { math = 1 }\n", "exclude each other", ":12:11", ""),
        ("tokens = 5\ntokens_by_group = { math = 6 }\n", "sums to 6 tokens", ":10:10", "leave `tokens` out"),
        ("tokens_by_group = { math = 0 }\n", "cannot have 0 tokens", ":10:19", ""),
        ("tokens = 5\nmix = \"naturl\"\n", "`naturl` is no value of `phase.mix`", ":11:7", "did you mean `natural`?"),
        ("tokens = 5\non_shortfall = \"filled\"\n", "no value of", ":11:16", "did you mean `fill`?"),
        ("tokens = 5\n[shards]\npacking = \"best-fit\"\n", "no value of `shards.packing`", ":12:11", "`best_fit`"),
        ("tokens = 5\n[shards]\nshard_tokens = 0\n", "`shards.shard_tokens` must be", ":12:16", ""),
        ("tokens = 5\n[shard]\n", "unknown key `shard`", ":11:2", "did you mean `shards`?"),
    ];
    let phases = phases.map(|(rest, message, place, hint)| (format!("{phase}{rest}"), message, place, hint));
    let others = REFUSED.iter().map(|(rest, message, place, hint)| ((*rest).to_owned(), *message, *place, *hint));
    for (rest, message, place, hint) in others.chain(phases) {
        let (said, hinted) = error(&rest);
        assert!(said.contains(message), "{rest}\n{said}");
        assert!(place.is_empty() || said.contains(&format!("--> MIX.toml{place}")), "{rest}\n{said}");
        assert!(hinted.contains(hint), "{rest}\n{said}\n{hinted}");
    }
}

#[test]
fn bytes_of_any_kind_never_panic() {
    let text = with_head(FULL);
    for cut in (0..FULL.len()).filter(|cut| FULL.is_char_boundary(*cut)) {
        let _ = Mix::parse(&FULL[..cut], "MIX.toml");
        let _ = Mix::parse(&format!("{}\u{1}ß{}", &FULL[..cut], &FULL[cut..]), "MIX.toml");
    }
    assert!(Mix::parse(&text, "MIX.toml").is_err(), "two `[mix]` tables");
    assert!(Mix::parse(&" ".repeat(17 << 20), "MIX.toml").unwrap_err().message.contains("bytes"));
}

#[test]
fn missing_columns_are_named() {
    let mix = Mix::parse(FULL, "MIX.toml").unwrap();
    assert!(mix.check_columns("web", &["edu", "quality.fasttext.score"], &["topic"]).is_ok());
    let error = mix.check_columns("web", &["edu", "quality.fasttxt.score"], &["topic"]).unwrap_err();
    assert!(error.message.contains("`quality.fasttext.score`") && error.message.contains("source `web`"), "{error}");
    assert!(error.hint.unwrap().contains("quality.fasttxt.score"));
    let error = mix.check_columns("web", &["edu", "quality.fasttext.score"], &[]).unwrap_err();
    assert!(error.message.contains("label `topic`"), "{error}");
}
