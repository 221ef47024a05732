//! The commands of schedulers: found on PATH, and their complaints passed on.

use crate::failure::Failure;
use std::io::{ErrorKind, Write};
use std::process::{Command, Stdio};

/// Runs a command to its end and gives back what it printed on standard output.
///
/// # Errors
/// When it is not there, or ends with another exit code than 0; the latter may succeed later.
pub fn ask(program: &str, arguments: &[&str], input: &str, variables: &[(String, String)]) -> Result<String, Failure> {
    let mut command = Command::new(program);
    command.args(arguments).envs(variables.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| no_start(program, &error))?;
    let stdin = child.stdin.take();
    // A command that does not read its input closes it; its exit code says whether that was wrong.
    let _ = stdin.map(|mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output();
    let output = output.map_err(|error| Failure::for_now(format!("`{program}` was lost: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [&output.stderr, &output.stdout].map(|said| String::from_utf8_lossy(said).trim().to_owned());
    let said = said.into_iter().find(|said| !said.is_empty()).unwrap_or_else(|| "it said nothing".to_owned());
    let verb = arguments.iter().find(|argument| !argument.starts_with('-')).copied().unwrap_or_default();
    Err(Failure::for_now(format!("`{}` failed: {said}", format!("{program} {verb}").trim_end())))
}

/// The failure of a command that cannot be started.
pub fn no_start(program: &str, error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::NotFound => Failure::usage(format!("there is no command `{program}` on this machine"))
            .hint("call this where it is on PATH, or add `--write FOLDER` to take what would be submitted elsewhere"),
        _ => Failure::for_now(format!("cannot start `{program}`: {error}")),
    }
}

/// A word for a shell.
pub fn quote(word: &str) -> String {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | ',' | '=' | '@' | '+');
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Words for a shell.
pub fn quote_all(words: &[String]) -> String {
    words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_a_shell_as_they_are() {
        for word in ["plain", "two words", "it's", "$HOME `x` \"y\"", ""] {
            let said = ask("sh", &["-c", &format!("printf %s {}", quote(word))], "", &[]).unwrap();
            assert_eq!(said, word);
        }
    }

    #[test]
    fn complaints_are_passed_on() {
        let failure = ask("sh", &["-c", "echo no >&2; exit 4"], "x", &[]).unwrap_err();
        assert_eq!(failure.code(), crate::failure::RETRY);
        assert_eq!(ask("tokenmill-no-such-command", &[], "", &[]).unwrap_err().code(), crate::failure::USAGE);
    }
}
