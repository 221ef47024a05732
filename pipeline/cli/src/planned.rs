//! The plan a command works on: of a run directory that stands, or of a recipe, mix or study that is to be begun.

use crate::failure::Failure;
use crate::house::{open_run, parse_recipe, run_folder, shared_assets};
use crate::{ablate, mix};
use tokenmill_engine::{Plan, Spec, Text};
use tokenmill_store::Store;

/// Key of the recipe, mix or study of a run.
const RESOLVED: &str = "config.resolved.toml";

/// A plan and where its run is.
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The run directory.
    pub folder: String,
    /// The recipe, unless it is a mix or a study.
    pub spec: Option<Spec>,
}

/// The plan of a recipe, a mix or a study, and its run directory.
pub fn of_text(text: Text, sets: &[String]) -> Result<Planned, Failure> {
    if mix::is_mix(&text.content) {
        if !sets.is_empty() {
            return Err(Failure::usage("`--set` changes recipes").hint(format!("change `{}` itself", text.name)));
        }
        let mix = mix::parse(&text)?;
        return Ok(Planned { plan: mix::plan(&mix)?, folder: mix::folder(&mix), spec: None });
    }
    if ablate::is_study(&text.content) {
        if !sets.is_empty() {
            return Err(Failure::usage("`--set` changes recipes").hint(format!("change `{}` itself", text.name)));
        }
        let study = ablate::parse(&text)?;
        return Ok(Planned { plan: ablate::plan(&study)?, folder: ablate::folder(&study), spec: None });
    }
    let spec = parse_recipe(text, sets)?;
    let (plan, folder) = (Plan::new(&spec, &shared_assets()?)?, run_folder(&spec));
    Ok(Planned { plan, folder, spec: Some(spec) })
}

/// The plan of a run that stands, and its store. `uri` is its run directory or the `plan.json` in it.
pub fn of_run(uri: &str, sets: &[String]) -> Result<(Planned, Box<dyn Store>), Failure> {
    let folder = run_of(uri);
    let store = open_run(folder)?;
    let content = String::from_utf8(store.read(RESOLVED)?);
    let content = content.map_err(|error| Failure::usage(format!("`{RESOLVED}`: {error}")))?;
    let planned = of_text(Text { name: store.display(RESOLVED), content }, sets)?;
    Ok((Planned { folder: folder.to_owned(), ..planned }, store))
}

/// The run directory that `uri` names itself or by its `plan.json`.
pub fn run_of(uri: &str) -> &str {
    let folder = uri.strip_suffix("plan.json").filter(|folder| folder.is_empty() || folder.ends_with('/'));
    match folder {
        Some("") => ".",
        Some(folder) => folder.strip_suffix('/').filter(|folder| !folder.is_empty()).unwrap_or(folder),
        None => uri,
    }
}

#[cfg(test)]
mod tests {
    use super::run_of;

    #[test]
    fn a_run_is_named_by_its_folder_or_its_plan() {
        for (uri, folder) in [
            ("runs/x", "runs/x"),
            ("runs/x/plan.json", "runs/x"),
            ("s3://b/x/plan.json", "s3://b/x"),
            ("plan.json", "."),
            ("/plan.json", "/"),
            ("runs/myplan.json", "runs/myplan.json"),
        ] {
            assert_eq!(run_of(uri), folder);
        }
    }
}
