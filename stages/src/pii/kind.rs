//! The kinds of personal data that can be found.

use tokenmill_core::BuildError;

/// A kind of personal data. Where two overlap, the one that stands first here wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Keys, tokens and passwords.
    Secret,
    /// E-mail addresses.
    Email,
    /// Public addresses of the Internet Protocol, version 4 or 6.
    Ip,
    /// Bank accounts (ISO 13616).
    Iban,
    /// Payment cards (ISO/IEC 7812).
    Card,
    /// Numbers that a state gives to a person.
    NationalId,
    /// Addresses of cryptocurrencies.
    Crypto,
    /// Telephone numbers.
    Phone,
}

impl Kind {
    /// All kinds, in the order of their metrics and of the default parameter.
    pub(crate) const ALL: [Kind; 8] =
        [Kind::Email, Kind::Phone, Kind::Ip, Kind::Card, Kind::Iban, Kind::NationalId, Kind::Crypto, Kind::Secret];

    /// The name in recipes and edits.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kind::Secret => "secret",
            Kind::Email => "email",
            Kind::Ip => "ip",
            Kind::Iban => "iban",
            Kind::Card => "card",
            Kind::NationalId => "national_id",
            Kind::Crypto => "crypto",
            Kind::Phone => "phone",
        }
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    /// From the names in a parameter.
    ///
    /// # Errors
    /// When a name is none of a kind, or there is no name.
    pub(crate) fn new(param: &str, names: &[String]) -> Result<Kinds, BuildError> {
        let known = || Kind::ALL.map(|kind| format!("`{}`", kind.name())).join(", ");
        let mut kinds = Kinds::default();
        for name in names {
            let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
                return Err(BuildError::new(format!("`{param}`: there is no kind `{}`", name.escape_debug()))
                    .hint(format!("the kinds are {}", known())));
            };
            kinds.0 |= 1 << kind as u8;
        }
        if names.is_empty() {
            return Err(BuildError::new(format!("`{param}` is empty")).hint(format!("the kinds are {}", known())));
        }
        Ok(kinds)
    }

    /// Whether it is one of them.
    pub(crate) fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}
