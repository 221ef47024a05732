//! Boosted oblivious trees: every node of one depth asks the same question, so a tree is a few comparisons and one look
//! into a table (as in CatBoost: Prokhorenkova et al., 2018). A forest is a text file that can be read.

use std::fmt::Write;

/// First word of a file, with its version.
const HEAD: &str = "tokenmill-forest 1";
/// Rows that are weighed at once.
pub const LANES: usize = 32;
/// Most questions of one tree.
pub const MAX_DEPTH: usize = 8;

/// A question: whether a number of the row is above a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// Index of the number.
    pub feature: u16,
    /// The limit.
    pub above: f32,
}

/// Questions, and a value for every combination of answers; the first question is the lowest bit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    /// The questions.
    pub splits: Vec<Split>,
    /// 2 to the power of their number.
    pub leaves: Vec<f32>,
}

impl Tree {
    /// The value for a row.
    pub fn value(&self, row: &[f32]) -> f32 {
        let mut leaf = 0;
        for (bit, split) in self.splits.iter().enumerate() {
            leaf |= usize::from(row[split.feature as usize] > split.above) << bit;
        }
        self.leaves[leaf]
    }
}

/// Trees that are added up to a logit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forest {
    bias: f32,
    trees: Vec<Tree>,
}

impl Forest {
    /// A forest of trees that are added to `bias`.
    pub fn new(bias: f32, trees: Vec<Tree>) -> Forest {
        Forest { bias, trees }
    }

    /// The trees.
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// Sum of the trees for one row.
    pub fn logit(&self, row: &[f32]) -> f32 {
        self.trees.iter().fold(self.bias, |sum, tree| sum + tree.value(row))
    }

    /// Sums of the trees for [`LANES`] rows at once, which are turned on their side: all values of the first number, then
    /// all of the second. The same sums, in the same order, as those of [`Forest::logit`].
    pub fn logits(&self, columns: &[f32]) -> [f32; LANES] {
        let mut sums = [self.bias; LANES];
        let (columns, _) = columns.as_chunks::<LANES>();
        for tree in &self.trees {
            let mut leaves = [0u32; LANES];
            for (bit, split) in tree.splits.iter().enumerate() {
                let column = &columns[split.feature as usize];
                for (leaf, number) in leaves.iter_mut().zip(column) {
                    *leaf |= u32::from(*number > split.above) << bit;
                }
            }
            for (sum, leaf) in sums.iter_mut().zip(leaves) {
                *sum += tree.leaves[leaf as usize];
            }
        }
        sums
    }

    /// The probability that a row is to be kept.
    pub fn probability(&self, row: &[f32]) -> f32 {
        probability(self.logit(row))
    }

    /// Reads a file, for rows of the given names.
    ///
    /// # Errors
    /// What is wrong with which line.
    pub fn parse(text: &str, names: &[&str]) -> Result<Forest, String> {
        let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.starts_with('#') && !line.trim().is_empty());
        if lines.next().is_none_or(|(line, _)| line != HEAD) {
            return Err(format!("a forest begins with `{HEAD}`"));
        }
        let (mut bias, mut trees) = (0.0, Vec::new());
        for (line, number) in lines {
            let wrong = |what: &str| format!("line {number}: {what}");
            let (word, rest) = line.split_once(' ').ok_or_else(|| wrong("a word and what belongs to it"))?;
            match word {
                "bias" => bias = rest.parse().map_err(|_| wrong("no number"))?,
                "tree" => trees.push(tree(rest, names).map_err(|what| wrong(&what))?),
                _ => return Err(wrong("neither `bias` nor `tree`")),
            }
        }
        Ok(Forest::new(bias, trees))
    }

    /// Writes a file.
    pub fn to_text(&self, about: &str, names: &[&str]) -> String {
        let mut text = format!("{HEAD}\n");
        about.lines().for_each(|line| text += &format!("# {line}\n"));
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(text, "bias {}", self.bias);
        for tree in &self.trees {
            text += "tree";
            for split in &tree.splits {
                let _ = write!(text, " {}>{}", names[split.feature as usize], split.above);
            }
            text += " :";
            for leaf in &tree.leaves {
                let _ = write!(text, " {leaf}");
            }
            text.push('\n');
        }
        text
    }
}

/// The probability that a logit stands for.
pub fn probability(logit: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-logit))
}

fn tree(line: &str, names: &[&str]) -> Result<Tree, String> {
    let (splits, leaves) = line.split_once(':').ok_or("questions and leaves are parted by a colon")?;
    let split = |word: &str| {
        let (name, above) = word.split_once('>').ok_or_else(|| format!("`{word}` is no question"))?;
        let feature = names.iter().position(|known| *known == name).ok_or_else(|| format!("no number `{name}`"))?;
        let above = above.parse().map_err(|_| format!("`{above}` is no number"))?;
        Ok::<_, String>(Split { feature: feature as u16, above })
    };
    let splits: Vec<Split> = splits.split_whitespace().map(split).collect::<Result<_, _>>()?;
    let leaves: Vec<f32> = leaves
        .split_whitespace()
        .map(|leaf| leaf.parse().map_err(|_| format!("`{leaf}`")))
        .collect::<Result<_, _>>()?;
    if splits.len() > MAX_DEPTH || leaves.len() != 1 << splits.len() {
        return Err(format!("{} questions and {} leaves", splits.len(), leaves.len()));
    }
    Ok(Tree { splits, leaves })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["a", "b"];

    #[test]
    fn a_forest_is_what_its_file_says() {
        let text = "tokenmill-forest 1\n# by hand\nbias -0.5\ntree a>1 b>0.25 : 1 2 3 4\ntree : 0.125\n";
        let forest = Forest::parse(text, NAMES).unwrap();
        assert_eq!(forest.to_text("by hand", NAMES), text);
        assert_eq!(forest.logit(&[0.0, 0.0]), 0.625);
        assert_eq!(forest.logit(&[2.0, 0.0]), 1.625);
        assert_eq!(forest.logit(&[1.0, 1.0]), 2.625);
        assert_eq!(forest.logit(&[9.0, 9.0]), 3.625);
        assert_eq!(probability(0.0), 0.5);
        let columns: Vec<f32> = (0..2 * LANES).map(|at| if at % 3 == 0 { 9.0 } else { 0.0 }).collect();
        let sums = forest.logits(&columns);
        for (lane, sum) in sums.into_iter().enumerate() {
            assert_eq!(sum, forest.logit(&[columns[lane], columns[LANES + lane]]));
        }
    }

    #[test]
    fn errors_name_the_line() {
        for (text, error) in [
            ("", "a forest begins"),
            ("tokenmill-forest 1\nbias x", "line 2: no number"),
            ("tokenmill-forest 1\ntree c>1 : 1 2", "line 2: no number `c`"),
            ("tokenmill-forest 1\n\ntree a>1 : 1", "line 3: 1 questions and 1 leaves"),
            ("tokenmill-forest 1\nleaf 1", "line 2: neither"),
        ] {
            let found = Forest::parse(text, NAMES).unwrap_err();
            assert!(found.starts_with(error), "{found}");
        }
    }
}
