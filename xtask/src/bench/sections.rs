//! A page that several commands write: each replaces its own section and leaves the others as they are.

use crate::error::{Error, Result};
use crate::repo::Repo;

/// Replaces what stands between `<!-- NAME -->` and `<!-- end of NAME -->` on a page of the repository.
///
/// # Errors
/// When the page cannot be read or written, or has no such section.
pub fn write(repo: &Repo, path: &str, name: &str, content: &str) -> Result<()> {
    let page = replace(&repo.read(path)?, name, content)
        .ok_or_else(|| Error::new(format!("`{path}` has no section between `{}` and `{}`", begin(name), end(name))))?;
    repo.write(path, page.as_bytes())?;
    println!("wrote the section `{name}` of {path}");
    Ok(())
}

fn begin(name: &str) -> String {
    format!("<!-- {name} -->\n")
}

fn end(name: &str) -> String {
    format!("<!-- end of {name} -->\n")
}

/// The page with other content in a section; `None` when it has no such section.
fn replace(page: &str, name: &str, content: &str) -> Option<String> {
    let start = page.find(&begin(name))? + begin(name).len();
    let stop = start + page[start..].find(&end(name))?;
    Some(format!("{}\n{}\n\n{}", &page[..start], content.trim(), &page[stop..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Head\n\n<!-- a -->\nold\n<!-- end of a -->\n\n<!-- b -->\n<!-- end of b -->\n";

    #[test]
    fn a_section_is_replaced_and_the_others_stay() {
        let once = replace(PAGE, "a", "\n## A\n\nnew\n").unwrap();
        assert_eq!(once, PAGE.replace("old\n", "\n## A\n\nnew\n\n"));
        assert_eq!(replace(&once, "a", "## A\n\nnew").unwrap(), once);
        let both = replace(&once, "b", "## B").unwrap();
        assert!(both.starts_with(&once[..once.len() - "<!-- end of b -->\n".len()]) && both.contains("## B"), "{both}");
    }

    #[test]
    fn a_page_without_the_section_is_refused() {
        assert_eq!(replace(PAGE, "c", "x"), None);
        assert_eq!(replace("<!-- a -->\n", "a", "x"), None);
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo::at(folder.path());
        repo.write("page.md", PAGE.as_bytes()).unwrap();
        assert!(write(&repo, "page.md", "c", "x").unwrap_err().to_string().contains("<!-- c -->"));
        write(&repo, "page.md", "b", "x").unwrap();
        assert!(repo.read("page.md").unwrap().contains("<!-- b -->\n\nx\n\n<!-- end of b -->\n"));
    }
}
