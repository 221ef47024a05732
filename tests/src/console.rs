//! Examples in pages: blocks of the language `console`, whose lines with `$ ` are commands and whose others are what they print.

/// A command and what it prints.
#[derive(Debug, PartialEq, Eq)]
pub struct Example {
    /// The words of the command.
    pub words: Vec<String>,
    /// What it prints on standard output.
    pub prints: String,
    /// The lines of the page that hold this, from and to.
    pub lines: (usize, usize),
}

/// The examples of a page. A block has one command.
///
/// # Panics
/// When a block does not begin with a command.
pub fn examples(page: &str) -> Vec<Example> {
    let lines: Vec<&str> = page.lines().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if lines[at] == "```console" {
            let end = (at + 1..lines.len()).find(|line| lines[*line] == "```").expect("an end of the block");
            let command = lines[at + 1].strip_prefix("$ ").expect("a command");
            let prints = lines[at + 2..end].iter().map(|line| format!("{line}\n")).collect();
            found.push(Example { words: words(command), prints, lines: (at + 2, end) });
            at = end;
        }
        at += 1;
    }
    found
}

/// The page with other outputs.
pub fn with_outputs(page: &str, outputs: &[(usize, usize, String)]) -> String {
    let lines: Vec<&str> = page.lines().collect();
    let (mut out, mut at) = (String::new(), 0);
    for (from, to, output) in outputs {
        lines[at..*from].iter().for_each(|line| out += &format!("{line}\n"));
        out += output;
        at = *to;
    }
    lines[at..].iter().for_each(|line| out += &format!("{line}\n"));
    out
}

/// The words of a command; quotes hold blanks together.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in command.chars() {
        match (letter, quote) {
            (letter, Some(open)) if letter == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (' ', None) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_found_and_can_be_written_anew() {
        let page = "a\n```console\n$ x 'b c' \"\" d\none\ntwo\n```\nb\n```console\n$ y\n```\n";
        let found = examples(page);
        assert_eq!(found[0].words, ["x", "b c", "", "d"]);
        assert_eq!((found[0].prints.as_str(), found[1].prints.as_str()), ("one\ntwo\n", ""));
        let outputs: Vec<_> =
            found.iter().zip(["1\n", "2\n"]).map(|(e, out)| (e.lines.0, e.lines.1, out.to_owned())).collect();
        let other = with_outputs(page, &outputs);
        assert_eq!(other, "a\n```console\n$ x 'b c' \"\" d\n1\n```\nb\n```console\n$ y\n2\n```\n");
        assert_eq!(examples(&other)[1].prints, "2\n");
    }
}
