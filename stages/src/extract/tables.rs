//! Tables: a row of short cells is one line with tabs between them, any other cell begins a line.

use super::blocks::{Block, BlockKind};
use super::text::Join;

/// Longest cell, in bytes of text, of a row that is written as one line.
const MAX_CELL_BYTES: u32 = 200;

/// Puts the blocks of a finished row on one line if each cell is one short line of text.
/// Layout tables, whose cells hold paragraphs, stay as they are.
pub fn join_row(blocks: &mut [Block]) {
    let is_data = blocks.len() >= 2
        && blocks
            .iter()
            .all(|block| block.kind == BlockKind::Cell && block.len() <= MAX_CELL_BYTES && !block.has_line_break)
        && blocks.windows(2).all(|pair| pair[0].container != pair[1].container);
    if is_data {
        for block in &mut blocks[1..] {
            block.join = Join::Cell;
        }
    }
}
