//! Why a block is in or out: what is known of each block of the page read last.

use super::Scratch;
use super::blocks::{Block, BlockKind};
use super::dom::Attr;
use super::features::{self, Features};

/// Containers named on the way to a block.
const MAX_PATH: usize = 6;

/// A block and all that was known when it was decided about.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// Whether it was kept.
    pub is_kept: bool,
    /// The probability that it is main content; `None` if the rules decided.
    pub probability: Option<f32>,
    /// Whether the rules keep it.
    pub is_ruled_in: bool,
    /// Whether the rules take a container around it for a part of the frame of the site.
    pub is_in_frame: bool,
    /// Whether it is hidden until a script shows it.
    pub is_hidden: bool,
    /// What it is.
    pub kind: BlockKind,
    /// The containers around it, the innermost last: `main>div.post#p1>p`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// All numbers of the block, by name.
    pub numbers: Vec<(&'static str, f32)>,
}

/// Explains every block of the page that was extracted last.
pub fn explain(scratch: &Scratch) -> Vec<Explained> {
    let (outline, decider) = (scratch.outline(), scratch.decider());
    let ruled = decider.ruled();
    if ruled.keep.len() != outline.blocks.len() {
        // All text was wanted, so nothing was weighed.
        return Vec::new();
    }
    let features = Features::new(outline, ruled);
    let names = features::names();
    let mut row = Vec::new();
    let explained = outline.blocks.iter().zip(decider.kept()).enumerate().map(|(index, (block, &is_kept))| {
        row.clear();
        features.push_row(index, &mut row);
        Explained {
            is_kept,
            probability: decider.probabilities().get(index).copied(),
            is_ruled_in: ruled.keep[index],
            is_in_frame: ruled.in_frame[block.container as usize],
            is_hidden: outline.is_hidden(block),
            kind: block.kind,
            path: path(scratch, block),
            text: outline.text_of(block).to_owned(),
            numbers: names.iter().copied().zip(row.iter().copied()).collect(),
        }
    });
    explained.collect()
}

fn path(scratch: &Scratch, block: &Block) -> String {
    let containers = &scratch.outline().containers;
    let mut parts = Vec::new();
    let mut at = block.container as usize;
    while at != 0 && parts.len() < MAX_PATH {
        let container = &containers[at];
        let name = |attr| scratch.dom().attr(container.node, attr).unwrap_or_default();
        let class =
            name(Attr::Class).split_ascii_whitespace().next().map_or(String::new(), |class| format!(".{class}"));
        let id = name(Attr::Id).trim();
        let id = if id.is_empty() { String::new() } else { format!("#{id}") };
        parts.push(format!("{}{class}{id}", container.tag.name()));
        at = container.parent as usize;
    }
    parts.reverse();
    parts.join(">")
}

#[cfg(test)]
mod tests {
    use super::super::decide::Decision;
    use super::super::{Mode, extract};
    use super::*;

    #[test]
    fn every_block_has_its_reasons() {
        let sentence = "This is a sentence of a paragraph of prose. ".repeat(15);
        let html = format!("<main><p class='a b' id=c>{sentence}</p></main><footer>imprint</footer>");
        let mut scratch = Scratch::default();
        extract(&html, Mode::MainText(Decision::Learned), &mut scratch);
        let blocks = explain(&scratch);
        assert_eq!(blocks.iter().map(|block| block.is_kept).collect::<Vec<_>>(), [true, false]);
        assert_eq!(blocks[0].path, "body>main>p.a#c");
        assert!(blocks[0].probability.unwrap() > blocks[1].probability.unwrap());
        assert!(blocks[1].is_in_frame && !blocks[0].is_in_frame);
        assert!(blocks[0].numbers.contains(&("letters", sentence.trim().replace(' ', "").len() as f32)));

        extract(&html, Mode::AllText, &mut scratch);
        assert_eq!(explain(&scratch), []);
    }
}
