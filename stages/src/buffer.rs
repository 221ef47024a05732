//! Buffers that a thread uses for one document after the other must not stay as large as the largest of all.

/// Items that a buffer may have room for whatever the document, where they are of some 16 bytes (1 MiB).
pub(crate) const KEPT: usize = 1 << 16;

/// Gives back what a giant document needed, when the next one needs room for `n` items: a buffer that is both larger than
/// `kept` items and than eight times what is needed becomes empty.
pub(crate) fn give_back<T>(buffer: &mut Vec<T>, n: usize, kept: usize) {
    if buffer.capacity() > kept.max(n.saturating_mul(8)) {
        *buffer = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_of_a_giant_is_given_back_and_that_of_an_equal_is_not() {
        for (room, n, kept, stays) in
            [(100, 0, 100, true), (801, 100, 100, false), (800, 100, 100, true), (101, 9, 100, false)]
        {
            let mut buffer: Vec<u8> = Vec::with_capacity(room);
            give_back(&mut buffer, n, kept);
            assert_eq!(buffer.capacity() > 0, stays, "{room} {n} {kept}");
        }
    }
}
