//! No source file is longer than 500 lines, its tests included.

use super::Problem;
use super::sources::Sources;

/// A file is one idea; past this size it has become several.
const MAX_LINES: usize = 500;

/// What counts as source.
const KINDS: [&str; 4] = [".rs", ".js", ".css", ".html"];

pub fn check(sources: &Sources) -> Vec<Problem> {
    let too_long = |(path, text): (&str, &str)| {
        let n_lines = text.lines().count();
        let message = || format!("{n_lines} lines are more than {MAX_LINES}; move an idea into a file of its own");
        (n_lines > MAX_LINES).then(|| Problem::new(path, 0, message()))
    };
    KINDS.iter().flat_map(|end| sources.ending(end)).filter_map(too_long).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_inclusive() {
        let (fits, too_long) = ("x\n".repeat(500), "x\n".repeat(501));
        let sources = Sources::of(&[("a.rs", &fits), ("b.rs", &too_long), ("c.js", &too_long), ("long.md", &too_long)]);
        let problems = check(&sources);
        assert_eq!(problems.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(), ["b.rs", "c.js"]);
    }
}
