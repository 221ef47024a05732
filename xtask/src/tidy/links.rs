//! Links between Markdown pages lead somewhere: the file exists, and so does the heading after `#`.

use super::Problem;
use super::sources::Sources;

pub fn check(sources: &Sources) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in sources.ending(".md") {
        for (line, target) in links(text) {
            if let Some(message) = broken(sources, path, target) {
                problems.push(Problem::new(path, line, message));
            }
        }
    }
    problems
}

fn broken(sources: &Sources, page: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { page.to_owned() } else { resolve(page, file)? };
    if !sources.exists(&path) && !path.is_empty() {
        return Some(format!("the link leads to `{path}`, which does not exist"));
    }
    if heading.is_empty() || !path.ends_with(".md") {
        return None;
    }
    let known = sources.text(&path).is_some_and(|text| headings(text).iter().any(|slug| slug == heading));
    (!known).then(|| format!("`{path}` has no heading `#{heading}`"))
}

/// The path from the root; `None` when it leaves the repository, which only a web site can resolve.
fn resolve(page: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Inline links and link definitions outside code, with their lines.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in prose_lines(text) {
        // Every second piece between backticks is code.
        for piece in line.split('`').step_by(2) {
            for rest in piece.split("](").skip(1) {
                let target = rest.split([')', ' ']).next().unwrap_or_default();
                found.push((number, target));
            }
        }
        let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        found.extend(definition.map(|(_, target)| (number, target.trim())));
    }
    found
}

fn headings(text: &str) -> Vec<String> {
    let is_heading = |line: &&str| line.starts_with('#');
    prose_lines(text).map(|(_, line)| line).filter(is_heading).map(slug).collect()
}

/// The anchor of a heading, as GitHub makes it.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn prose_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_fence = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_fence ^= is_fence;
        (!in_fence && !is_fence).then_some((index + 1, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let page = "# A\n[good](b.md#two-words) [self](#a) [web](https://a.example/)\n[bad](c.md)\n[bad](b.md#none)\n";
        let sources = Sources::of(&[("docs/a.md", page), ("docs/b.md", "## Two words\n")]);
        let found: Vec<_> = check(&sources).into_iter().map(|problem| (problem.line, problem.message)).collect();
        assert_eq!(
            found,
            [
                (3, "the link leads to `docs/c.md`, which does not exist".to_owned()),
                (4, "`docs/b.md` has no heading `#none`".to_owned()),
            ]
        );
    }

    #[test]
    fn code_is_not_read_for_links() {
        let page = "```sh\n[x](nowhere.md)\n```\nand `[y](nowhere.md)` too\n";
        assert!(check(&Sources::of(&[("a.md", page)])).is_empty());
    }

    #[test]
    fn definitions_and_folders_count() {
        let page = "see [x] and [y](../stages/)\n\n[x]: gone.md\n";
        let sources = Sources::of(&[("docs/a.md", page), ("stages/src/lib.rs", "")]);
        assert_eq!(check(&sources).len(), 1);
    }

    #[test]
    fn slugs_follow_the_usual_rule() {
        assert_eq!(slug("## Where is `core`, and why?"), "where-is-core-and-why");
    }
}
