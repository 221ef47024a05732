//! Weights in the order in which the kernels read them: panels of a few columns, input after input.

use super::memory::{Aligned, Plain};

/// A matrix in panels. Panel `p` holds the columns `p * width ..`, group after group of inputs, and in each group `group`
/// inputs of one column side by side. What is missing in the last panel and the last group is zero.
#[derive(Clone, Default)]
pub struct Panels<T> {
    /// Numbers that go in.
    pub n_in: usize,
    /// Numbers that come out.
    pub n_out: usize,
    /// Columns of a panel.
    pub width: usize,
    /// Inputs that one instruction takes together.
    pub group: usize,
    data: Aligned<T>,
}

impl<T: Plain + Default> Panels<T> {
    /// Sets the sizes; the numbers are to be set by [`Panels::columns_from`] or [`Panels::rows_from`]. Memory is kept.
    pub fn reshape(&mut self, n_in: usize, n_out: usize, width: usize, group: usize) {
        (self.n_in, self.n_out, self.width, self.group) = (n_in, n_out, width, group);
        self.data.resize(self.n_panels() * self.panel_len());
    }

    /// Number of panels.
    pub fn n_panels(&self) -> usize {
        self.n_out.div_ceil(self.width)
    }

    fn panel_len(&self) -> usize {
        self.n_in.next_multiple_of(self.group) * self.width
    }

    /// A panel.
    pub fn panel(&self, at: usize) -> &[T] {
        &self.data[at * self.panel_len()..][..self.panel_len()]
    }

    /// Fills the matrix from its columns: column `at` is `column(at)`, of `n_in` numbers.
    pub fn columns_from<'a>(&mut self, column: impl Fn(usize) -> &'a [T])
    where
        T: 'a,
    {
        let (len, width, group, n_in, n_out) = (self.panel_len(), self.width, self.group, self.n_in, self.n_out);
        for (at, panel) in self.data.chunks_exact_mut(len.max(1)).enumerate() {
            let used = width.min(n_out - at * width);
            if used < width || n_in % group != 0 {
                panel.fill(T::default());
            }
            for place in 0..used {
                let column = &column(at * width + place)[..n_in];
                if group == 1 {
                    // The usual case, and one in which a copy of one number is not a call.
                    panel[place..].iter_mut().step_by(width).zip(column).for_each(|(out, value)| *out = *value);
                    continue;
                }
                for (chunk, values) in panel.chunks_exact_mut(width * group).zip(column.chunks(group)) {
                    chunk[place * group..][..values.len()].copy_from_slice(values);
                }
            }
        }
    }

    /// Fills a matrix of groups of one from its rows: row `at` is `row(at)`, of `n_out` numbers.
    pub fn rows_from<'a>(&mut self, row: impl Fn(usize) -> &'a [T])
    where
        T: 'a,
    {
        let (len, width, n_out) = (self.panel_len(), self.width, self.n_out);
        for (panel_at, panel) in self.data.chunks_exact_mut(len.max(1)).enumerate() {
            let begin = panel_at * width;
            let used = width.min(n_out - begin);
            for (at, chunk) in panel.chunks_exact_mut(width).enumerate() {
                let (filled, rest) = chunk.split_at_mut(used);
                filled.copy_from_slice(&row(at)[begin..begin + used]);
                rest.fill(T::default());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_rows_give_the_same_panels() {
        // Three inputs, five outputs: number `10 * input + output`.
        let rows: Vec<Vec<f32>> = (0..3).map(|i| (0..5).map(|o| (10 * i + o) as f32).collect()).collect();
        let columns: Vec<Vec<f32>> = (0..5).map(|o| (0..3).map(|i| (10 * i + o) as f32).collect()).collect();
        let mut by_rows = Panels::default();
        by_rows.reshape(3, 5, 4, 1);
        by_rows.rows_from(|at| &rows[at]);
        let mut by_columns = Panels::default();
        by_columns.reshape(3, 5, 4, 1);
        by_columns.columns_from(|at| &columns[at]);
        assert_eq!(by_rows.panel(0), [0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 13.0, 20.0, 21.0, 22.0, 23.0]);
        assert_eq!(by_rows.panel(1), [4.0, 0.0, 0.0, 0.0, 14.0, 0.0, 0.0, 0.0, 24.0, 0.0, 0.0, 0.0]);
        assert_eq!((by_columns.panel(0), by_columns.panel(1)), (by_rows.panel(0), by_rows.panel(1)));
    }

    #[test]
    fn groups_lie_side_by_side_and_are_filled_up() {
        let mut panels = Panels::<i8>::default();
        panels.reshape(3, 2, 2, 2);
        let columns = [[1, 2, 3], [4, 5, 6]];
        panels.columns_from(|at| &columns[at]);
        assert_eq!(panels.panel(0), [1, 2, 4, 5, 3, 0, 6, 0]);
    }
}
