//! Pipes: the documents of a part go through a command of the user's, row by row, and what it answers about each is
//! stored as a decision that the next map phase applies.
//!
//! | room | what it does |
//! |---|---|
//! | `phase` | one task for every part |
//! | `talk` | starts the command, feeds it from another thread, and checks each answer against its document |
//! | `line` | a document as a line of JSON, and a line of JSON as an answer |
//! | `child` | the process, which never outlives the task |
//! | `table` | the answers at rest, read beside the documents |

mod line;
mod phase;
mod table;
mod talk;

pub use line::Answer;
pub use phase::{PipePhase, check};
pub use table::{AnswerTable, Answers, Gives};

/// Place of the metric that says whether a text was changed, in the entry of every pipe.
pub const EDITED: usize = 0;
