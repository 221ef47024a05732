//! `--option KEY=VALUE`: what is said to one scheduler only, and sizes.

use crate::failure::Failure;
use std::str::FromStr;

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedulerOption {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

impl FromStr for SchedulerOption {
    type Err = String;

    fn from_str(text: &str) -> Result<SchedulerOption, String> {
        let (key, value) = text.split_once('=').ok_or("write `KEY=VALUE`")?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if key.is_empty() || !key.chars().all(is_name) {
            return Err(format!("`{key}` is no name of an option"));
        }
        // These go into scripts and manifests.
        if let Some(c) = value.chars().find(|c| c.is_control() || matches!(c, '"' | '\\' | '\'' | '`' | '$')) {
            return Err(format!("a value may not hold {c:?}"));
        }
        Ok(SchedulerOption { key: key.to_owned(), value: value.to_owned() })
    }
}

/// The options of one command line.
#[derive(Clone, Debug, Default)]
pub struct Options(pub Vec<SchedulerOption>);

impl Options {
    /// The last value that was given.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rfind(|option| option.key == key).map(|option| option.value.as_str())
    }

    /// All values that were given, in order.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |option| option.key == key).map(|option| option.value.as_str())
    }

    /// A value that must be given.
    pub fn need(&self, key: &str, what: &str) -> Result<&str, Failure> {
        self.get(key).ok_or_else(|| {
            Failure::usage(format!("{what} is not said")).hint(format!("give it by `--option {key}=VALUE`"))
        })
    }

    /// Makes sure that the engine knows them all.
    pub fn check(&self, engine: &str, known: &[&str]) -> Result<(), Failure> {
        let Some(unknown) = self.0.iter().find(|option| !known.contains(&option.key.as_str())) else { return Ok(()) };
        let hint = if known.is_empty() {
            format!("the engine `{engine}` has no options")
        } else {
            format!("the engine `{engine}` knows {}", known.join(", "))
        };
        Err(Failure::usage(format!("there is no option `{}`", unknown.key)).hint(hint))
    }
}

/// Reads a size in bytes, for clap.
pub fn size(text: &str) -> Result<u64, String> {
    tokenmill_engine::size::parse(text).ok_or_else(|| "write a size such as `4GiB`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(texts: &[&str]) -> Options {
        Options(texts.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn the_last_value_counts_and_unknown_options_are_refused() {
        let options = options(&["image=a", "nodeSelector=disk=ssd", "image=b"]);
        assert_eq!(options.get("image"), Some("b"));
        assert_eq!(options.all("nodeSelector").collect::<Vec<_>>(), ["disk=ssd"]);
        assert!(options.need("queue", "the queue").is_err());
        assert!(options.check("x", &["image", "nodeSelector"]).is_ok());
        assert!(options.check("x", &["image"]).is_err());
    }

    #[test]
    fn what_could_leave_a_script_is_refused() {
        for text in ["a", "=b", "a b=c", "a=b\n#SBATCH", "a=\"", "a=$(x)", "a='", "a=`x`"] {
            assert!(text.parse::<SchedulerOption>().is_err(), "{text}");
        }
    }
}
