//! Studies are read with their defaults, written and read back, and mistakes are explained.

use super::*;
use tokenmill_core::BuildError;

const HEAD: &str = "[study]\nname = \"s\"\nseed = 1\n\n[[source]]\nname = \"a\"\nrun = \"runs/a\"\n\n[[source]]\nname = \"b\"\nrecipe = \"b.toml\"\n\n[[group]]\nname = \"a\"\nwhere = { source = [\"a\"] }\n\n[[group]]\nname = \"b\"\n\n";

const TEMPLATE: &str = "[trainer]\ncommand = [\"train\", \"${train...}\", \"--gpus=${gpus}\"]\ntrain = [\"${weight}\", \"${prefix}\"]\nwith = { gpus = 8 }\nlog = { valid = 'valid (?<group>\\S+) (?<loss>\\S+)' }\n";

fn parse(text: &str) -> Result<Study, BuildError> {
    Study::parse(text, "s.toml", &|path| match path {
        "t/mine.toml" => Ok(TEMPLATE.to_owned()),
        _ => Err(BuildError::new("no such template")),
    })
}

fn refused(tail: &str) -> String {
    let error = parse(&format!("{HEAD}{tail}")).unwrap_err();
    format!("{} / {}", error.message, error.hint.unwrap_or_default())
}

#[test]
fn a_study_is_read_with_its_defaults() {
    let study = parse(&format!("{HEAD}[design]\n")).unwrap();
    assert_eq!(study.folder(), "runs/s");
    assert_eq!(study.sources[1].recipe, Some(("b.toml".to_owned(), Vec::new())));
    assert!(study.trainer.is_embedded());
    let Question::Mix(design) = &study.question else { panic!("{:?}", study.question) };
    assert_eq!((design.mixes, design.held_out, design.repeats, design.prior.clone()), (64, 8, 3, None));
    // The proxies that a study has by itself are large enough to be believed.
    let proxy = &study.proxies[0];
    assert!(crate::ablation::design::parameters(proxy) >= crate::ablation::design::MIN_PARAMETERS);
    assert_eq!(study.objective.values().copied().collect::<Vec<_>>(), [1.0, 1.0]);
}

#[test]
fn every_kind_of_study_is_written_and_read_back() {
    let proxy = "[[proxy]]\nname = \"p\"\nlayers = 2\nhidden = 64\nheads = 4\ntokens = \"1M\"\nmixes = 3\n";
    for tail in [
        format!(
            "[design]\nmixes = 5\nprior = {{ a = 0.25, b = 0.75 }}\nmax_kl = 0.5\ntarget_tokens = \"1T\"\n\n{proxy}\n[objective]\na = 2.0\n"
        ),
        "[compare]\nseeds = 3\n[[compare.arm]]\nname = \"old\"\nshares = { a = 1.0 }\n[[compare.arm]]\nname = \"new\"\nshares = { b = 1.0 }\n\n[trainer]\ntemplate = \"t/mine.toml\"\nwith = { gpus = 1 }\nat_once = 1\n".to_owned(),
        "[anneal]\ncandidate = \"b\"\nbase_tokens = \"10M\"\ndefault = { a = 1.0 }\n[trainer]\nenv = { X = \"${seed}\" }\n".to_owned(),
    ] {
        let study = parse(&format!("{HEAD}{tail}")).unwrap();
        let text = study.to_toml();
        let again = parse(&text).unwrap_or_else(|error| panic!("{}\n{text}", error.message));
        assert_eq!(study, again, "{text}");
    }
}

#[test]
fn the_study_stands_above_its_template() {
    let study =
        parse(&format!("{HEAD}[design]\n[trainer]\ntemplate = \"t/mine.toml\"\nsilence = 7\nwith = {{ gpus = 2 }}\n"));
    let trainer = study.unwrap().trainer;
    assert_eq!((trainer.name.as_str(), trainer.silence), ("mine", 7));
    assert_eq!(trainer.with["gpus"], "2");
    assert_eq!(trainer.command.len(), 3);
}

#[test]
fn mistakes_are_explained() {
    for (tail, words) in [
        ("", "asks nothing"),
        ("[design]\n[compare]\n", "not both"),
        ("[design]\nmixs = 3\n", "did you mean `mixes`"),
        ("[design]\nprior = { a = 0.5, c = 0.5 }\n", "no group `c`"),
        ("[design]\nprior = { a = 0.5, b = 0.4 }\n", "sum to 0.9"),
        ("[design]\nstrength = [5, 1]\n", "the least and the largest"),
        ("[design]\n[[proxy]]\nname = \"p\"\nhidden = 64\nheads = 5\n", "twice `heads`"),
        ("[compare]\n[[compare.arm]]\nname = \"x\"\nshares = { a = 1.0 }\n", "two arms"),
        ("[anneal]\ncandidate = \"c\"\n", "no group `c`"),
        ("[design]\n[objective]\na = 0\n", "above 0"),
        ("[design]\n[trainer]\ntemplate = \"x\"\n", "no such template"),
        ("[design]\n[trainer]\ncommand = [\"x\", \"${sed}\"]\n", "did you mean `seed`"),
        ("[design]\n[trainer]\ncommand = [\"x\", \"$HOME\"]\n", "$$"),
        ("[design]\n[trainer]\ncommand = [\"x\"]\n", "no `log.valid`"),
        ("[design]\n[trainer]\ncommand = [\"x\"]\nlog = { valid = \"loss (?<loss>x)\" }\n", "no group `group`"),
        ("[design]\n[trainer]\nlog = { train = \"(\" }\n", "no regular expression"),
    ] {
        let message = refused(tail);
        assert!(message.contains(words), "{tail}: {message}");
    }
    let both = HEAD.replace("recipe = \"b.toml\"", "recipe = \"b.toml\"\nrun = \"runs/b\"");
    assert!(parse(&format!("{both}[design]\n")).unwrap_err().message.contains("either `run` or `recipe`"));
}
