//! What documents are compared within: all of them, or those of one language.

use tokenmill_core::hash::hash64;
use tokenmill_core::{BuildError, Default, Doc, Param, Params};

/// The parameter of all stages that have a scope.
pub(super) const PARAM: Param = Param {
    name: "scope",
    default: Default::Text("all"),
    about: "`all` documents, or those of one `language` at a time",
};

/// What documents are compared within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    All,
    Language,
}

impl Scope {
    /// Reads the parameter.
    pub(super) fn of(params: &Params) -> Result<Scope, BuildError> {
        match params.text(PARAM.name) {
            "all" => Ok(Scope::All),
            "language" => Ok(Scope::Language),
            other => Err(BuildError::new(format!("`scope` must be `all` or `language`, not `{other}`"))),
        }
    }

    /// The name of the scope that a document belongs to.
    pub(super) fn name<'a>(self, doc: &Doc<'a>) -> &'a str {
        match self {
            Scope::All => "",
            Scope::Language => doc.lang(),
        }
    }

    /// A number that is the same for all documents of a scope, 0 where there is only one.
    pub(super) fn salt(self, doc: &Doc<'_>) -> u64 {
        match self {
            Scope::All => 0,
            Scope::Language => hash64(0, doc.lang().as_bytes()),
        }
    }
}
