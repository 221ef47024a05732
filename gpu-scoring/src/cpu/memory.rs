//! Buffers that begin on a cache line, and rows in them.

use std::marker::PhantomData;

/// Bytes of a cache line, and of the widest vector.
const LINE: usize = 64;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

/// Numbers of which any bytes are a value, so that zeroed memory holds them.
///
/// # Safety
/// Any bytes are a value, and the size divides that of a cache line.
pub unsafe trait Plain: Copy {}
// Safety: numbers have neither padding nor forbidden values.
unsafe impl Plain for f32 {}
// Safety: as above.
unsafe impl Plain for u8 {}
// Safety: as above.
unsafe impl Plain for i8 {}
// Safety: as above.
unsafe impl Plain for i32 {}

/// A buffer that begins on a cache line; vectors that straddle lines cost twice.
#[derive(Clone, Default)]
pub struct Aligned<T> {
    lines: Vec<Line>,
    len: usize,
    kind: PhantomData<T>,
}

impl<T: Plain> Aligned<T> {
    /// Makes it hold so many numbers; what they are is not said. Memory is kept.
    pub fn resize(&mut self, len: usize) {
        let n_lines = len.div_ceil(LINE / size_of::<T>());
        if n_lines > self.lines.len() {
            self.lines.resize(n_lines, Line([0; LINE]));
        }
        self.len = len;
    }
}

impl<T: Plain> std::ops::Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // Safety: `resize` made room for `len` numbers, and any bytes are numbers.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<T: Plain> std::ops::DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // Safety: as in `deref`, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

/// A matrix of activations, row by row, with a gap behind each row.
///
/// A kernel reads several rows at once. Without the gap, rows of 1,024 or 3,072 numbers would fall on the same few sets of
/// the first cache and drive each other out.
#[derive(Clone, Default)]
pub struct Rows<T> {
    data: Aligned<T>,
    /// From the beginning of a row to that of the next.
    pub stride: usize,
    /// Numbers of a row.
    pub n_columns: usize,
}

impl<T: Plain> Rows<T> {
    /// Makes it a matrix of that size; what is in it is not said. Memory is kept.
    pub fn reshape(&mut self, n_rows: usize, n_columns: usize) {
        let line = LINE / size_of::<T>();
        self.stride = n_columns.next_multiple_of(line) + line;
        self.n_columns = n_columns;
        self.data.resize(n_rows * self.stride);
    }

    /// A row.
    pub fn row(&self, at: usize) -> &[T] {
        &self.data[at * self.stride..][..self.n_columns]
    }

    /// A row, to be written.
    pub fn row_mut(&mut self, at: usize) -> &mut [T] {
        &mut self.data[at * self.stride..][..self.n_columns]
    }

    /// All rows with their gaps.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// All rows with their gaps, to be written.
    pub fn data_mut(&mut self) -> &mut [T] {
        &mut self.data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_begin_on_lines_and_do_not_overlap() {
        let mut rows = Rows::<f32>::default();
        rows.reshape(3, 17);
        for at in 0..3 {
            assert_eq!(rows.row(at).as_ptr() as usize % LINE, 0);
            rows.row_mut(at).fill(at as f32);
        }
        assert!((0..3).all(|at| rows.row(at).len() == 17 && rows.row(at).iter().all(|value| *value == at as f32)));
        rows.reshape(2, 1024);
        assert_ne!(rows.stride % 1024, 0);
        assert_eq!(rows.data().len(), 2 * rows.stride);
    }
}
