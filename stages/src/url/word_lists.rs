//! Lists of words in three strengths, and which of them a URL holds.

use super::hash_table::HashTable;
use super::list_lines::each_line;
use super::squeeze::Squeezed;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::collections::BTreeSet;
use tokenmill_core::hash::hash64;
use tokenmill_core::{Assets, BuildError, Params};

/// Most bytes of strict words for which the fast kind of automaton is built, which takes some 200 bytes for each.
const MAX_FAST: usize = 64 << 10;

/// How words are matched, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    /// Anywhere, even inside a word or split into several.
    Strict,
    /// As a whole word.
    Hard,
    /// As a whole word that counts only together with others.
    Soft,
}

/// All words of the lists. A word is called by its number: strict ones come first, then the hard, then the soft ones.
pub(super) struct WordLists {
    words: Vec<String>,
    n_strict: usize,
    n_hard: usize,
    strict: Option<AhoCorasick>,
    /// Numbers of the hard and the soft words.
    whole: HashTable<u32>,
    /// Of hard and soft words, what [`look`] sees at a glance: most other words differ in it.
    looks: [u64; 64],
}

impl WordLists {
    /// From the parameters `strict`, `hard`, `soft` and `strict_file`, `hard_file`, `soft_file`.
    ///
    /// A word that is listed as hard and as soft is hard.
    ///
    /// # Errors
    /// When a parameter has an entry without letters and digits, or a file is no list of words.
    pub(super) fn new(params: &Params, assets: &dyn Assets) -> Result<WordLists, BuildError> {
        let read = |param: &str, file: &str| read(params, assets, param, file);
        let [strict, hard, soft] =
            [read("strict", "strict_file")?, read("hard", "hard_file")?, read("soft", "soft_file")?];
        let (n_strict, n_hard) = (strict.len(), hard.len());
        let automaton = automaton(&strict)?;
        let soft = soft.difference(&hard).cloned().collect::<BTreeSet<_>>();
        let words: Vec<String> = strict.into_iter().chain(hard).chain(soft).collect();
        let whole = words.iter().enumerate().skip(n_strict);
        let whole = HashTable::new(whole.map(|(at, word)| (hash64(0, word.as_bytes()), at as u32)).collect());
        let mut looks = [0; 64];
        for word in &words[n_strict..] {
            let (length, bit) = look(word.as_bytes());
            looks[length] |= bit;
        }
        Ok(WordLists { words, n_strict, n_hard, strict: automaton, whole, looks })
    }

    /// Puts the numbers of all listed words in a URL into `found`, each once and in order.
    pub(super) fn find(&self, url: &Squeezed, found: &mut Vec<u32>) {
        found.clear();
        if let Some(strict) = &self.strict {
            found.extend(strict.find_iter(url.text()).map(|hit| hit.pattern().as_u32()));
        }
        for word in url.words() {
            let (length, bit) = look(word);
            if self.looks[length] & bit != 0
                && let Some(number) = self.whole.get(hash64(0, word))
            {
                found.push(number);
            }
        }
        if found.len() > 1 {
            found.sort_unstable();
            found.dedup();
        }
    }

    /// How a word is matched.
    pub(super) fn strength(&self, number: u32) -> Strength {
        match (number as usize).checked_sub(self.n_strict) {
            None => Strength::Strict,
            Some(at) if at < self.n_hard => Strength::Hard,
            Some(_) => Strength::Soft,
        }
    }

    /// A word by its number.
    pub(super) fn word(&self, number: u32) -> &str {
        self.words.get(number as usize).map_or("", String::as_str)
    }
}

/// The length of a word, 63 for longer ones, and a bit that depends on its first and last byte.
fn look(word: &[u8]) -> (usize, u64) {
    let (first, last) = (word.first().copied().unwrap_or(0), word.last().copied().unwrap_or(0));
    (word.len().min(63), 1 << (first.wrapping_mul(5).wrapping_add(last) & 63))
}

/// The words of a parameter and of the file that goes with it, squeezed like the URLs they are compared with.
fn read(params: &Params, assets: &dyn Assets, param: &str, file_param: &str) -> Result<BTreeSet<String>, BuildError> {
    let mut words = BTreeSet::new();
    let mut squeezed = Squeezed::default();
    let mut add = |entry: &str| {
        squeezed.squeeze(&entry.replace(['/', '?', '&', '=', ';', '%'], " "));
        let word = str::from_utf8(squeezed.text()).unwrap_or_default();
        if !word.is_empty() {
            words.insert(word.to_owned());
        }
        !word.is_empty()
    };
    if let Some(entry) = params.texts(param).iter().find(|entry| !add(entry)) {
        let message = format!("`{param}`: `{}` has no letters and digits", entry.escape_debug());
        return Err(BuildError::new(message));
    }
    let file = params.text(file_param);
    if !file.is_empty() {
        each_line(file, &assets.bytes(file)?, "words", add)?;
    }
    Ok(words)
}

/// Finds the longest of the words that begin first.
fn automaton(words: &BTreeSet<String>) -> Result<Option<AhoCorasick>, BuildError> {
    if words.is_empty() {
        return Ok(None);
    }
    let is_small = words.iter().map(String::len).sum::<usize>() <= MAX_FAST;
    let kind = is_small.then_some(AhoCorasickKind::DFA);
    let built = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).kind(kind).build(words);
    built.map(Some).map_err(|error| BuildError::new(format!("the strict words cannot be compiled: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::spec::Value;

    fn lists(strict: &[&str], hard: &[&str], soft: &[&str]) -> WordLists {
        let mut params = Params::defaults(super::super::words::ENTRY.params);
        for (name, list) in [("strict", strict), ("hard", hard), ("soft", soft)] {
            params.set(name, Value::Texts(list.iter().map(|word| (*word).to_owned()).collect()));
        }
        WordLists::new(&params, &MemoryAssets::default()).unwrap()
    }

    fn found(lists: &WordLists, url: &str) -> Vec<(Strength, String)> {
        let (mut squeezed, mut numbers) = (Squeezed::default(), Vec::new());
        squeezed.squeeze(url);
        lists.find(&squeezed, &mut numbers);
        numbers.iter().map(|number| (lists.strength(*number), lists.word(*number).to_owned())).collect()
    }

    /// The definition: the squeezed URL holds a strict word; the set of its words holds a hard or soft one.
    #[test]
    fn finds_what_the_definition_finds() {
        let (strict, hard, soft) = (["big-bad", "xyz"], ["Bad", "big", "hot dog"], ["big", "hot", "wolf"]);
        let lists = lists(&strict, &hard, &soft);
        let mut state = 1;
        for _ in 0..20_000 {
            let url: String = (0..8)
                .map(|_| {
                    state = hash64(4, &u64::to_le_bytes(state));
                    ["Big", "bad", "hot", "dog", "WOLF", "x", "yz", "-", ".", "/", "%2D", "?", "s"]
                        [(state % 13) as usize]
                })
                .collect();
            let lower = url.replace("%2D", "-").to_lowercase();
            let squeezed = lower.replace(['-', '.'], "");
            let words: Vec<&str> = lower.split(['-', '.', '/', '?']).collect();
            let mut expected = Vec::new();
            let mut expect = |strength, word: &str, is_found: bool| {
                if is_found {
                    expected.push((strength, word.to_owned()));
                }
            };
            for word in ["bigbad", "xyz"] {
                expect(Strength::Strict, word, squeezed.contains(word));
            }
            for word in ["bad", "big", "hotdog"] {
                expect(Strength::Hard, word, words.contains(&word));
            }
            for word in ["hot", "wolf"] {
                expect(Strength::Soft, word, words.contains(&word));
            }
            assert_eq!(found(&lists, &url), expected, "{url}");
        }
    }

    #[test]
    fn the_longest_strict_word_counts_once() {
        let lists = lists(&["ab", "abc", "bcd"], &[], &[]);
        assert_eq!(found(&lists, "abcd-ABC"), [(Strength::Strict, "abc".to_owned())]);
    }

    #[test]
    fn words_of_any_length_and_script() {
        let long = "a".repeat(100);
        let lists = lists(&["漢字"], &[&long, "größe"], &[]);
        assert_eq!(found(&lists, &format!("x/{long}")).len(), 1);
        assert_eq!(found(&lists, &"a".repeat(99)), []);
        assert_eq!(found(&lists, "a/GR%C3%96SSE/Gr%C3%B6%C3%9Fe/x漢-字x").len(), 2);
    }

    #[test]
    fn files_add_to_lists() {
        let mut params = Params::defaults(super::super::words::ENTRY.params);
        params.set("hard_file", Value::Text("list".to_owned()));
        params.set("hard", Value::Texts(vec!["one".to_owned()]));
        let build =
            |content: &[u8]| WordLists::new(&params, &MemoryAssets([("list".to_owned(), content.into())].into()));
        let lists = build(b"two words\n#off\n").unwrap();
        assert_eq!(found(&lists, "one/off/twowords").len(), 2);
        assert!(build(b"two\n--\n").is_err());
        let mut params = Params::defaults(super::super::words::ENTRY.params);
        params.set("soft", Value::Texts(vec!["--".to_owned()]));
        assert!(WordLists::new(&params, &MemoryAssets::default()).is_err());
    }
}
