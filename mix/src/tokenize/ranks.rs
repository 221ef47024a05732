//! Rank files: one token a line, `base64(bytes) rank`, where the rank is both the id and the priority of merging.
//!
//! The merge list is not in the file; it follows from it. tiktoken merges, again and again, the leftmost adjacent
//! pair whose joined bytes have the lowest rank. Wherever a token arises inside a text, the merges within its bytes
//! are the very merges its bytes undergo alone, in the same order. So each token has at most one last merge, found
//! by merging its bytes alone; a token that is not reached so can only be a whole piece (678 tokens of Llama 3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
#[expect(clippy::disallowed_types, reason = "with a fixed hasher, and only looked up, never iterated")]
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use xxhash_rust::xxh3::Xxh3Default;

/// More tokens than any published vocabulary has; a larger file is not a vocabulary.
const MAX_TOKENS: usize = 1 << 21;
/// Bytes of the longest token we accept; the longest in the published files are 128.
const MAX_TOKEN_BYTES: usize = 1024;

/// The tokens of a vocabulary by id; `None` where an id is not used.
pub type Tokens = Vec<Option<Vec<u8>>>;

/// Ranks by bytes.
#[expect(clippy::disallowed_types, reason = "with a fixed hasher, and only looked up, never iterated")]
type Ranks<'a> = HashMap<&'a [u8], usize, BuildHasherDefault<Xxh3Default>>;

/// Reads a rank file into tokens by rank.
///
/// # Errors
/// Names the first line that is not `base64 rank`, repeats a rank, or exceeds a limit.
pub fn parse(bytes: &[u8]) -> Result<Tokens, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "the file is neither a rank file nor JSON".to_owned())?;
    let mut tokens = Tokens::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let fail = |problem: &str| format!("line {}: {problem}", index + 1);
        let (token, rank) = line.split_once(' ').ok_or_else(|| fail("expected `base64 rank`"))?;
        let token = STANDARD.decode(token).map_err(|_| fail("the token is not base64"))?;
        let rank: usize = rank.trim().parse().map_err(|_| fail("the rank is not a number"))?;
        if token.is_empty() || token.len() > MAX_TOKEN_BYTES {
            return Err(fail(&format!("a token has 1 to {MAX_TOKEN_BYTES} bytes")));
        }
        if rank >= MAX_TOKENS {
            return Err(fail(&format!("a rank is below {MAX_TOKENS}")));
        }
        if tokens.len() <= rank {
            tokens.resize(rank + 1, None);
        }
        if tokens[rank].replace(token).is_some() {
            return Err(fail(&format!("rank `{rank}` is given twice")));
        }
    }
    if tokens.is_empty() { Err("the file has no tokens".into()) } else { Ok(tokens) }
}

/// The merges of a rank vocabulary, by rank: left and right part of every token that merging can reach.
pub fn merges(tokens: &Tokens) -> Vec<(&[u8], &[u8])> {
    let mut ranks: Ranks<'_> = Ranks::default();
    for (rank, token) in tokens.iter().enumerate() {
        if let Some(token) = token {
            ranks.entry(token).or_insert(rank);
        }
    }
    let used = tokens.iter().flatten();
    used.filter_map(|token| Some(token.split_at(last_merge(token, |part| ranks.get(part).copied())?))).collect()
}

/// Merges the bytes of `token` and returns where the last two parts meet; `None` when more than one part is left.
fn last_merge(token: &[u8], rank_of: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
    // Where parts begin and end so far: at first around every single byte.
    let mut borders: Vec<usize> = (0..=token.len()).collect();
    while borders.len() > 3 {
        let pairs = borders.windows(3).enumerate();
        let ranked = pairs.filter_map(|(left, pair)| Some((rank_of(&token[pair[0]..pair[2]])?, left)));
        let (_, left) = ranked.min()?;
        borders.remove(left + 1);
    }
    (borders.len() == 3).then(|| borders[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(tokens: &[&str]) -> Vec<u8> {
        let line = |(rank, token): (usize, &&str)| format!("{} {rank}\n", STANDARD.encode(token));
        tokens.iter().enumerate().map(line).collect::<String>().into_bytes()
    }

    #[test]
    fn merges_follow_from_ranks() {
        let tokens = parse(&file(&["a", "b", "c", "bc", "ab", "abc", "aa", "aaa"])).unwrap();
        let written: Vec<String> = merges(&tokens)
            .iter()
            .map(|(l, r)| format!("{}+{}", String::from_utf8_lossy(l), String::from_utf8_lossy(r)))
            .collect();
        assert_eq!(written, ["b+c", "a+b", "a+bc", "a+a", "aa+a"]);
    }

    #[test]
    fn gaps_in_the_ranks_stay_gaps() {
        let tokens = parse(b"YQ== 0\nYg== 3\r\n\n").unwrap();
        assert_eq!(tokens, [Some(b"a".to_vec()), None, None, Some(b"b".to_vec())]);
    }

    #[test]
    fn broken_lines_are_named() {
        for (text, problem) in [
            ("YQ== 0\nYg==\n", "line 2: expected `base64 rank`"),
            ("Y?== 0\n", "line 1: the token is not base64"),
            ("YQ== x\n", "line 1: the rank is not a number"),
            ("YQ== 99999999\n", "line 1: a rank is below 2097152"),
            ("YQ== 0\nYg== 0\n", "line 2: rank `0` is given twice"),
            ("\n", "the file has no tokens"),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err(), problem);
        }
    }

    #[test]
    fn a_token_out_of_reach_has_no_merge_and_one_behind_a_higher_rank_has() {
        let unreachable = parse(&file(&["a", "b", "c", "ab", "abcc"])).unwrap();
        assert_eq!(merges(&unreachable), [(&b"a"[..], &b"b"[..])]);
        // `abc` ranks below `bc`, and yet arises from `a` and `bc` only.
        let behind = parse(&file(&["a", "b", "c", "abc", "bc"])).unwrap();
        assert_eq!(merges(&behind), [(&b"a"[..], &b"bc"[..]), (&b"b"[..], &b"c"[..])]);
    }
}
