//! Splits a page into prose and fenced blocks, losslessly.

/// A piece of a page.
#[derive(Debug, PartialEq, Eq)]
pub enum Block<'a> {
    /// Everything outside fences, with its line feeds.
    Prose(&'a str),
    /// A fenced block.
    Fence {
        /// The words after the opening back-ticks.
        info: &'a str,
        /// The lines between the fences, with their line feeds.
        body: &'a str,
        /// The whole block with its fences.
        raw: &'a str,
    },
}

/// All pieces of `page`, in order; a fence that is never closed counts as prose.
pub fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut pieces = Vec::new();
    let mut prose_start = 0;
    let mut open: Option<(usize, usize, &str)> = None;
    let mut at = 0;
    for line in page.split_inclusive('\n') {
        let end = at + line.len();
        if let Some(info) = line.strip_prefix("```") {
            match open.take() {
                None => open = Some((at, end, info.trim())),
                Some((start, body_start, info)) => {
                    if prose_start < start {
                        pieces.push(Block::Prose(&page[prose_start..start]));
                    }
                    pieces.push(Block::Fence { info, body: &page[body_start..at], raw: &page[start..end] });
                    prose_start = end;
                }
            }
        }
        at = end;
    }
    if prose_start < page.len() {
        pieces.push(Block::Prose(&page[prose_start..]));
    }
    pieces
}

/// A fenced block as text.
pub fn fence(info: &str, body: &str) -> String {
    format!("```{info}\n{body}```\n")
}

/// Whether a fence with this info string is the input of a case.
pub fn is_input(info: &str) -> bool {
    matches!(info.split(' ').next(), Some("text" | "html"))
}

/// The value of `key=value` in an info string, or empty.
pub fn field<'a>(info: &'a str, key: &str) -> &'a str {
    let pair = info.split(' ').filter_map(|word| word.split_once('=')).find(|(name, _)| *name == key);
    pair.map_or("", |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_without_loss() {
        let page = "# T\n\n```toml\na = 1\n```\nmid\n```text url=http://a/ lang=en\nhi\n```\n";
        let pieces = blocks(page);
        let whole: String = pieces
            .iter()
            .map(|piece| match piece {
                Block::Prose(text) => *text,
                Block::Fence { raw, .. } => raw,
            })
            .collect();
        assert_eq!(whole, page);
        assert_eq!(pieces.len(), 4);
        assert!(matches!(pieces[1], Block::Fence { info: "toml", body: "a = 1\n", .. }));
        let Block::Fence { info, body, .. } = pieces[3] else { panic!("a fence") };
        assert_eq!(
            (field(info, "url"), field(info, "lang"), field(info, "none"), body),
            ("http://a/", "en", "", "hi\n")
        );
        assert!(is_input(info) && !is_input("toml"));
    }

    #[test]
    fn an_open_fence_is_prose() {
        assert_eq!(blocks("a\n```x\nb"), [Block::Prose("a\n```x\nb")]);
    }
}
