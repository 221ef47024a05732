//! Pins: what `against` names, with a digest of what is read there, so that a plan is about exactly that.
//!
//! A recipe names run directories. Planning reads their manifests and writes the digests behind the names, also in the
//! resolved recipe; so tasks need not read them again to know the fingerprints, and a run that has changed since is noticed.

use super::standing::Standing;
use crate::plan::human_bytes;
use crate::run::RunError;
use crate::spec::Spec;
use std::collections::BTreeMap;
use tokenmill_core::exchange::AGAINST;
use tokenmill_core::{Assets, BuildError, Value};
use tokenmill_store::StoreError;

/// Hexadecimal digits of a digest.
const DIGITS: usize = 32;
/// Earlier runs of a step, at most: each has a number in one byte.
const MAX_RUNS: usize = 200;

/// An earlier run, as a plan names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// The run directory.
    pub uri: String,
    /// Digest of what is read there; `None` before anybody has looked.
    pub digest: Option<String>,
}

impl Pinned {
    /// Reads an entry of `against`: a run directory, maybe with `#` and a digest behind it.
    pub fn parse(text: &str) -> Pinned {
        let is_digest = |text: &str| text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match text.rsplit_once('#') {
            Some((uri, digest)) if is_digest(digest) => Pinned { uri: uri.to_owned(), digest: Some(digest.to_owned()) },
            _ => Pinned { uri: text.to_owned(), digest: None },
        }
    }

    /// The run directory in a form that does not depend on how it was typed, as far as that can be told from the text.
    pub fn place(&self) -> &str {
        self.uri.trim_start_matches("./").trim_end_matches('/')
    }
}

/// The recipe with every earlier run pinned, and what `tokenmill plan` should say of those that were read for it, by step.
///
/// # Errors
/// When an earlier run is not there, has not ended, or has settled its step by other parameters.
pub fn pin(spec: &Spec, assets: &dyn Assets) -> Result<(Spec, BTreeMap<String, Vec<String>>), RunError> {
    let (mut pinned, mut notes) = (spec.clone(), BTreeMap::new());
    let own = Pinned::parse(&format!("{}/{}", spec.root.trim_end_matches('/'), spec.name));
    for step in pinned.blocks.iter_mut().flat_map(|block| &mut block.exchanges) {
        if step.by_lang.values().any(|params| params.given().any(|(name, _)| name == AGAINST.name)) {
            let message = format!("step `{}`: `against` is the same for all languages", step.name);
            return Err(BuildError::new(message).hint("put it into the step itself").into());
        }
        let given: Vec<Pinned> = step.params.texts(AGAINST.name).iter().map(|text| Pinned::parse(text)).collect();
        if given.is_empty() {
            continue;
        }
        let refuse = |message: String| RunError::from(BuildError::new(format!("step `{}`: {message}", step.name)));
        if given.len() > MAX_RUNS {
            return Err(refuse(format!("`against` names {} runs; {MAX_RUNS} are possible", given.len())));
        }
        let mut texts = Vec::new();
        for (at, run) in given.iter().enumerate() {
            if run.place() == own.place() {
                return Err(refuse(format!("`against` names `{}`, which is this run itself", run.uri)));
            }
            if given[..at].iter().any(|other| other.place() == run.place()) {
                return Err(refuse(format!("`against` names `{}` twice", run.uri)));
            }
            let digest = match &run.digest {
                Some(digest) => digest.clone(),
                None => {
                    let identity = super::identity(step, assets)?;
                    let standing = Standing::read(&run.uri, step, &identity).map_err(|error| match error {
                        StoreError::Refused { what, hint } => {
                            RunError::from(BuildError::new(format!("step `{}`: {what}", step.name)).hint(hint))
                        }
                        other => other.into(),
                    })?;
                    let said: &mut Vec<String> = notes.entry(step.name.clone()).or_default();
                    said.push(note(&run.uri, &standing));
                    let not_named =
                        standing.against.iter().filter(|run| given.iter().all(|g| g.place() != run.place()));
                    said.extend(not_named.map(|other| {
                        format!(
                            "`{}` was itself settled against `{}`, which `against` does not name: what only that one has is \
                             not found",
                            run.uri, other.uri
                        )
                    }));
                    standing.digest
                }
            };
            texts.push(format!("{}#{digest}", run.uri));
        }
        step.params.set(AGAINST.name, Value::Texts(texts));
    }
    Ok((pinned, notes))
}

/// What is read of an earlier run.
fn note(uri: &str, standing: &Standing) -> String {
    let (n, parts) = (standing.n_documents, standing.parts.len());
    let details = match standing.bytes_kept {
        0 => String::new(),
        bytes => format!(", and at most {} of larger sketches", human_bytes(bytes)),
    };
    format!("against `{uri}`: {n} documents in {parts} parts, {} to read{details}", human_bytes(standing.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_behind_the_name_is_a_pin() {
        let digest = "0123456789abcdef0123456789abcdef";
        let pinned = Pinned::parse(&format!("s3://b/runs/x#1#{digest}"));
        assert_eq!((pinned.uri.as_str(), pinned.digest.as_deref()), ("s3://b/runs/x#1", Some(digest)));
        for text in ["runs/x", "runs/x#1", "runs/#0123456789abcdef0123456789abcdeg"] {
            assert_eq!(Pinned::parse(text), Pinned { uri: text.to_owned(), digest: None });
        }
        assert_eq!(Pinned::parse("./runs/x/").place(), Pinned::parse("runs/x").place());
    }
}
