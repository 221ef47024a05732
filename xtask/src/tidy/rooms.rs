//! No source file is longer than 500 lines, its tests included.

use super::Problem;
use super::sources::Sources;

/// A file is one idea; past this size it has become several.
const MAX_LINES: usize = 500;

pub fn check(sources: &Sources) -> Vec<Problem> {
    let too_long = |(path, text): (&str, &str)| {
        let n_lines = text.lines().count();
        let message = || format!("{n_lines} lines are more than {MAX_LINES}; move an idea into a file of its own");
        (n_lines > MAX_LINES).then(|| Problem::new(path, 0, message()))
    };
    sources.ending(".rs").filter_map(too_long).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_inclusive() {
        let (fits, too_long) = ("x\n".repeat(500), "x\n".repeat(501));
        let sources = Sources::of(&[("a.rs", &fits), ("b.rs", &too_long), ("long.md", &too_long)]);
        let problems = check(&sources);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].path, "b.rs");
    }
}
