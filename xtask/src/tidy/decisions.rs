//! Decision records are numbered without gaps, carry their number in the title, and are listed in their index.

use super::Problem;
use super::sources::Sources;

const FOLDER: &str = "docs/adr/";
const INDEX: &str = "docs/adr/README.md";

pub fn check(sources: &Sources) -> Vec<Problem> {
    let mut problems = Vec::new();
    let index = sources.text(INDEX).unwrap_or_default();
    let records = sources.ending(".md").filter(|(path, _)| path.starts_with(FOLDER) && *path != INDEX);
    for (expected, (path, text)) in (1..).zip(records) {
        let name = path.trim_start_matches(FOLDER);
        let number = name.split('-').next().unwrap_or_default();
        if number != format!("{expected:04}") {
            problems.push(Problem::new(path, 0, format!("the next record must begin with `{expected:04}-`")));
        }
        let title = text.lines().next().unwrap_or_default();
        if !title.starts_with("# ") || !title.contains(number) {
            problems.push(Problem::new(path, 1, format!("the title must begin with `# ` and name `{number}`")));
        }
        if !index.contains(name) {
            problems.push(Problem::new(INDEX, 0, format!("`{name}` is not listed here")));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        check(&Sources::of(files)).into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn a_sound_series_has_no_problems() {
        let index = "- [0001](0001-a.md)\n- [0002](0002-b.md)\n";
        let files = [("docs/adr/0001-a.md", "# 0001 A\n"), ("docs/adr/0002-b.md", "# 0002 B\n"), (INDEX, index)];
        assert!(messages(&files).is_empty());
    }

    #[test]
    fn gaps_titles_and_the_index_are_checked() {
        let files = [("docs/adr/0001-a.md", "# 0001 A\n"), ("docs/adr/0003-b.md", "B\n"), (INDEX, "0001-a.md")];
        assert_eq!(
            messages(&files),
            [
                "the next record must begin with `0002-`",
                "the title must begin with `# ` and name `0003`",
                "`0003-b.md` is not listed here",
            ]
        );
    }

    #[test]
    fn two_records_of_one_number_clash() {
        let files = [
            ("docs/adr/0001-a.md", "# 0001 A\n"),
            ("docs/adr/0001-b.md", "# 0001 B\n"),
            (INDEX, "0001-a.md 0001-b.md"),
        ];
        assert_eq!(messages(&files), ["the next record must begin with `0002-`"]);
    }
}
