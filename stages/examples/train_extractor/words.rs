//! Words as the benchmark of the pages counts them: runs of `\w` in lower case.

use std::collections::BTreeMap;

use regex::Regex;

/// Gives equal words equal numbers.
pub struct Words {
    word: Regex,
    numbers: BTreeMap<String, u32>,
}

impl Words {
    /// No words yet.
    pub fn new() -> Words {
        Words { word: Regex::new(r"\w+").expect("a valid expression"), numbers: BTreeMap::new() }
    }

    /// The words of a text.
    pub fn read(&mut self, text: &str) -> Vec<u32> {
        let text = text.to_lowercase();
        let mut found = Vec::new();
        for word in self.word.find_iter(&text) {
            let next = self.numbers.len() as u32;
            found.push(*self.numbers.entry(word.as_str().to_owned()).or_insert(next));
        }
        found
    }
}

/// F1 of two bags of words, as the benchmark defines it for empty ones.
pub fn f1(mut found: Vec<u32>, wanted: &[u32]) -> f64 {
    if wanted.is_empty() || found.is_empty() {
        return if wanted.is_empty() && found.is_empty() { 1.0 } else { 0.0 };
    }
    let mut wanted = wanted.to_vec();
    found.sort_unstable();
    wanted.sort_unstable();
    let (mut a, mut b, mut both) = (0, 0, 0);
    while a < found.len() && b < wanted.len() {
        match found[a].cmp(&wanted[b]) {
            std::cmp::Ordering::Less => a += 1,
            std::cmp::Ordering::Greater => b += 1,
            std::cmp::Ordering::Equal => (a, b, both) = (a + 1, b + 1, both + 1),
        }
    }
    2.0 * f64::from(both) / (found.len() + wanted.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f1_is_of_bags_of_words() {
        let mut words = Words::new();
        let (one, two) = (words.read("The mill, the MILL_2."), words.read("the mill_2 é"));
        assert_eq!(one.len(), 4);
        assert_eq!(f1(one.clone(), &two), 4.0 / 7.0);
        assert_eq!((f1(one.clone(), &[]), f1(vec![], &one), f1(vec![], &[])), (0.0, 0.0, 1.0));
    }
}
