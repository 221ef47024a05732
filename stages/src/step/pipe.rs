//! `step.pipe`: hands documents to a command of the user's, which keeps, removes or edits them.

use tokenmill_core::catalog::Shape;
use tokenmill_core::pipe::{NUMBERS, declared};
use tokenmill_core::{Assets, BuildError, Default, Entry, Metric, Param, Params, Pipe, Stage};

/// The catalogue entry.
pub const ENTRY: Entry = Entry {
    name: "step.pipe",
    version: 1,
    about: "Hands documents as JSON lines to a command, which keeps, removes or edits them.",
    shape: Shape::Pipe,
    needs_text: true,
    costly: true,
    params: &[
        Param {
            name: "command",
            default: Default::Texts(&[]),
            about: "the program and its arguments; no shell is asked",
        },
        Param {
            name: "files",
            default: Default::Texts(&[]),
            about: "files whose content decides what the command answers; when one changes, the step is done again",
        },
        Param { name: "may_edit", default: Default::Bool(false), about: "whether answers may hold another `text`" },
        Param {
            name: NUMBERS,
            default: Default::Texts(&[]),
            about: "numbers that answers may hold, each a metric of the step",
        },
        Param {
            name: "max_output_ratio",
            default: Default::Float(4.0),
            about: "bytes of an answer for each byte of the document handed over, at most; 64 KiB are always allowed",
        },
    ],
    metrics: &[Metric::number("edited", "1 when the command has changed the text, else 0; absent unless it may")],
    asset_params: &["files"],
    page: include_str!("../../docs/step/pipe.md"),
    build,
};

fn build(params: &Params, _: &dyn Assets) -> Result<Stage, BuildError> {
    let numbers = declared(params, ENTRY.metrics)?;
    let max_output_ratio = params.number("max_output_ratio");
    if !(0.0..=1e6).contains(&max_output_ratio) {
        return Err(BuildError::new(format!(
            "`max_output_ratio` must be from 0 to 1000000, it is `{max_output_ratio}`"
        )));
    }
    Ok(Stage::Pipe(Pipe {
        command: params.texts("command").to_vec(),
        files: params.texts("files").to_vec(),
        may_edit: params.flag("may_edit"),
        numbers: numbers.to_vec(),
        max_output_ratio,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::spec::Value;

    fn with_numbers(names: &[&str]) -> Result<Stage, BuildError> {
        let mut params = Params::defaults(ENTRY.params);
        params.set(NUMBERS, Value::Texts(names.iter().map(|name| (*name).to_owned()).collect()));
        build(&params, &MemoryAssets::default())
    }

    #[test]
    fn numbers_have_names_of_their_own() {
        assert!(with_numbers(&["toxicity", "score_2"]).is_ok());
        for names in [&["a", "a"][..], &["edited"], &["A"], &[""], &["2x"], &["a.b"], &["a b"], &["é"]] {
            assert!(with_numbers(names).is_err(), "{names:?}");
        }
        let many: Vec<String> = (0..65).map(|n| format!("n{n}")).collect();
        assert!(with_numbers(&many.iter().map(String::as_str).collect::<Vec<_>>()).is_err());
    }

    #[test]
    fn ratios_have_limits() {
        for (ratio, is_fine) in [(0.0, true), (4.0, true), (-1.0, false), (1e7, false)] {
            let mut params = Params::defaults(ENTRY.params);
            params.set("max_output_ratio", Value::Float(ratio));
            assert_eq!(build(&params, &MemoryAssets::default()).is_ok(), is_fine);
        }
    }
}
