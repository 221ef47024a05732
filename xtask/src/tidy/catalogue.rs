//! A catalogue lists each stage on one line, sorted, and each stage has its page.

use super::Problem;
use super::sources::Sources;

const CATALOGUE: &str = "src/catalog.rs";

pub fn check(sources: &Sources) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in sources.ending(CATALOGUE) {
        let house = path.trim_end_matches(CATALOGUE);
        // `core` defines what a catalogue is and has no stages.
        let entries = entries(text);
        problems.extend(out_of_order(path, &entries));
        if !entries.is_empty() {
            problems.extend(pages(sources, house, path, &entries));
        }
    }
    problems
}

/// A line of a catalogue: its number, the module path, and the stage's name once it has been looked up.
struct Line<'s> {
    number: usize,
    module: &'s str,
}

fn entries(text: &str) -> Vec<Line<'_>> {
    let entry = |(index, line): (usize, &'_ str)| {
        let module = line.trim().strip_suffix("::ENTRY,")?;
        Some((index + 1, module.len()))
    };
    let found = text.lines().enumerate().filter_map(|(index, line)| entry((index, line)).map(|at| (at, line)));
    found.map(|((number, length), line)| Line { number, module: &line.trim()[..length] }).collect()
}

fn out_of_order(path: &str, entries: &[Line<'_>]) -> Vec<Problem> {
    let wrong = |pair: &[Line<'_>]| {
        let [first, second] = pair else { return None };
        let message = match first.module.cmp(second.module) {
            std::cmp::Ordering::Less => return None,
            std::cmp::Ordering::Equal => format!("`{}` is listed twice", second.module),
            std::cmp::Ordering::Greater => format!("`{}` must stand before `{}`", second.module, first.module),
        };
        Some(Problem::new(path, second.number, message))
    };
    entries.windows(2).filter_map(wrong).collect()
}

fn pages(sources: &Sources, house: &str, path: &str, entries: &[Line<'_>]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut expected = Vec::new();
    for line in entries {
        let Some(name) = stage_name(sources, house, line.module) else {
            let message = format!("cannot find `name: \"…\"` in the source of `{}`", line.module);
            problems.push(Problem::new(path, line.number, message));
            continue;
        };
        let page = format!("{house}docs/{}.md", name.replace('.', "/"));
        let title = format!("# {name}");
        match sources.text(&page) {
            None => problems.push(Problem::new(path, line.number, format!("`{name}` has no page `{page}`"))),
            Some(text) if text.lines().next() != Some(title.as_str()) => {
                problems.push(Problem::new(&page, 1, format!("the first line must be `{title}`")));
            }
            Some(_) => {}
        }
        expected.push(page);
    }
    let folder = format!("{house}docs/");
    let assets = format!("{folder}assets/");
    let is_page = |page: &&str| page.starts_with(&folder) && !page.starts_with(&assets);
    let strays = sources.ending(".md").map(|(page, _)| page).filter(is_page);
    for stray in strays.filter(|page| !expected.iter().any(|known| known == page)) {
        problems.push(Problem::new(stray, 0, "no stage of the catalogue belongs to this page"));
    }
    problems
}

/// The name in the `ENTRY` of a module such as `filter::length`.
fn stage_name<'s>(sources: &'s Sources, house: &str, module: &str) -> Option<&'s str> {
    let stem = format!("{house}src/{}", module.trim_start_matches("crate::").replace("::", "/"));
    let text = sources.text(&format!("{stem}.rs")).or_else(|| sources.text(&format!("{stem}/mod.rs")))?;
    let (_, entry) = text.split_once("const ENTRY: Entry")?;
    let (_, rest) = entry.split_once("name: \"")?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: (&str, &str) =
        ("stages/src/filter/length.rs", "pub const ENTRY: Entry = Entry { name: \"filter.length\" };");
    const PAGE: (&str, &str) = ("stages/docs/filter/length.md", "# filter.length\n");
    const LIST: (&str, &str) = ("stages/src/catalog.rs", "pub const CATALOG = &[\n    filter::length::ENTRY,\n];\n");

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        check(&Sources::of(files)).into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn a_stage_with_line_file_and_page_is_in_order() {
        assert!(messages(&[LENGTH, PAGE, LIST]).is_empty());
    }

    #[test]
    fn order_and_uniqueness_are_checked() {
        let list = "line::cut::ENTRY,\nfilter::length::ENTRY,\nfilter::length::ENTRY,\n";
        let sources = Sources::of(&[("x/src/catalog.rs", list)]);
        let problems = out_of_order("x/src/catalog.rs", &entries(sources.text("x/src/catalog.rs").unwrap()));
        let found: Vec<_> = problems.into_iter().map(|problem| (problem.line, problem.message)).collect();
        assert_eq!(
            found,
            [
                (2, "`filter::length` must stand before `line::cut`".to_owned()),
                (3, "`filter::length` is listed twice".to_owned()),
            ]
        );
    }

    #[test]
    fn pages_and_stages_belong_together() {
        assert_eq!(messages(&[LENGTH, LIST]), ["`filter.length` has no page `stages/docs/filter/length.md`"]);
        let stray = ("stages/docs/filter/gone.md", "# filter.gone\n");
        assert_eq!(messages(&[LENGTH, PAGE, LIST, stray]), ["no stage of the catalogue belongs to this page"]);
        assert!(messages(&[LENGTH, PAGE, LIST, ("stages/docs/assets/README.md", "# Assets\n")]).is_empty());
        let mistitled = (PAGE.0, "# filter.size\n");
        assert_eq!(messages(&[LENGTH, mistitled, LIST]), ["the first line must be `# filter.length`"]);
        assert_eq!(messages(&[LIST]), ["cannot find `name: \"…\"` in the source of `filter::length`"]);
    }
}
