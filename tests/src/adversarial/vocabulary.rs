//! Texts that try the merges: entries of a vocabulary glued, cut, doubled and changed in one place.

use super::random::Random;

/// Some entries, each as it is or slightly off, one behind the other. Bytes that are not UTF-8 are replaced.
pub fn near(random: &mut Random, vocabulary: &[Vec<u8>]) -> String {
    let mut bytes: Vec<u8> = Vec::new();
    for _ in 0..random.between(1, 8) {
        let token = &vocabulary[random.below(vocabulary.len())];
        match random.below(8) {
            0 => bytes.extend_from_slice(&token[..random.between(1, token.len())]),
            1 => bytes.extend_from_slice(&token[random.below(token.len())..]),
            2 => bytes.extend(token.repeat(random.between(2, 4))),
            3 => {
                let at = random.below(token.len());
                bytes.extend_from_slice(&token[..at]);
                bytes.push(random.pick(b"aeS t1!'"));
                bytes.extend_from_slice(&token[at..]);
            }
            4 => bytes.extend(token.iter().rev()),
            5 => bytes.extend(token.to_ascii_uppercase()),
            _ => bytes.extend_from_slice(token),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One entry that merging alone may not reach, or one longer than most: as a whole piece and with a neighbour.
pub fn whole(random: &mut Random, vocabulary: &[Vec<u8>]) -> String {
    let token = (0..8).map(|_| &vocabulary[random.below(vocabulary.len())]).max_by_key(|token| token.len());
    let token = String::from_utf8_lossy(token.map_or(&[][..], Vec::as_slice)).into_owned();
    match random.below(4) {
        0 => format!(" {token}"),
        1 => format!("{token}{}", random.pick(&["s", "1", " ", "\n", "!", "中"])),
        2 => format!("{token}{token}"),
        _ => token,
    }
}
