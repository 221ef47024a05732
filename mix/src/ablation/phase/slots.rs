//! Numbers for trials that run at the same time in this process, such as those of GPUs.

use std::sync::{Mutex, PoisonError};

/// Which numbers are taken.
#[derive(Default)]
pub struct Slots(Mutex<Vec<bool>>);

/// A number that is one's own until it is dropped.
pub struct Slot<'a> {
    /// From 0; never more than there are trials at once.
    pub number: usize,
    slots: &'a Slots,
}

impl Slots {
    /// Takes the least number that is free.
    pub fn take(&self) -> Slot<'_> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = taken.iter().position(|is_taken| !is_taken).unwrap_or(taken.len());
        if number == taken.len() {
            taken.push(false);
        }
        taken[number] = true;
        Slot { number, slots: self }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.slots.0.lock().unwrap_or_else(PoisonError::into_inner)[self.number] = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_used_again() {
        let slots = Slots::default();
        let (first, second) = (slots.take(), slots.take());
        assert_eq!((first.number, second.number), (0, 1));
        drop(first);
        assert_eq!(slots.take().number, 0);
        assert_eq!((slots.take().number, second.number), (0, 1));
    }
}
