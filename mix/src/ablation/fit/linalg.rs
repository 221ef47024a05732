//! The little linear algebra that fits need: symmetric systems, solved by Cholesky's method.

/// A symmetric matrix of which the lower triangle is kept, row by row.
#[derive(Clone, Debug)]
pub struct Symmetric {
    n: usize,
    lower: Vec<f64>,
}

/// Where a row of the lower triangle starts.
const fn start(row: usize) -> usize {
    row * (row + 1) / 2
}

impl Symmetric {
    /// All 0.
    pub fn zero(n: usize) -> Symmetric {
        Symmetric { n, lower: vec![0.0; start(n)] }
    }

    /// The element in a row and a column that is not after it.
    pub fn at(&mut self, row: usize, column: usize) -> &mut f64 {
        &mut self.lower[start(row) + column]
    }

    /// The diagonal.
    pub fn diagonal(&self) -> Vec<f64> {
        (0..self.n).map(|i| self.lower[start(i) + i]).collect()
    }

    /// Adds `weight * v v'` for a vector that is 0 but at the given places, which rise.
    pub fn add_outer(&mut self, places: &[usize], values: &[f64], weight: f64) {
        for (i, (row, value)) in places.iter().zip(values).enumerate() {
            let (base, scaled) = (start(*row), weight * value);
            let line = &mut self.lower[base..=base + row];
            for (column, other) in places[..=i].iter().zip(values) {
                line[*column] += scaled * other;
            }
        }
    }

    /// Solves `(self + diag(extra)) x = b`; `None` unless that matrix is positive definite.
    pub fn solve(&self, extra: &[f64], b: &[f64]) -> Option<Vec<f64>> {
        let n = self.n;
        let mut l = self.lower.clone();
        for i in 0..n {
            let (above, row) = l.split_at_mut(start(i));
            for j in 0..i {
                let other = &above[start(j)..start(j) + j + 1];
                let dot: f64 = row[..j].iter().zip(other).map(|(x, y)| x * y).sum();
                row[j] = (row[j] - dot) / other[j];
            }
            let square: f64 = row[..i].iter().map(|x| x * x).sum();
            let pivot = row[i] + extra[i] - square;
            if !(pivot > 0.0 && pivot.is_finite()) {
                return None;
            }
            row[i] = pivot.sqrt();
        }
        let mut x = b.to_vec();
        for i in 0..n {
            let row = &l[start(i)..start(i) + i + 1];
            let dot: f64 = row[..i].iter().zip(&x).map(|(l, x)| l * x).sum();
            x[i] = (x[i] - dot) / row[i];
        }
        for i in (0..n).rev() {
            x[i] /= l[start(i) + i];
            for j in 0..i {
                x[j] -= l[start(i) + j] * x[i];
            }
        }
        x.iter().all(|x| x.is_finite()).then_some(x)
    }
}

/// The polynomial of a degree with the least weighted squares, from the constant up; `None` if the points do not fix it.
pub fn polynomial(x: &[f64], y: &[f64], weights: &[f64], degree: usize) -> Option<Vec<f64>> {
    let places: Vec<usize> = (0..=degree).collect();
    let (mut matrix, mut right) = (Symmetric::zero(degree + 1), vec![0.0; degree + 1]);
    for ((x, y), weight) in x.iter().zip(y).zip(weights) {
        let powers: Vec<f64> = places.iter().map(|power| x.powi(*power as i32)).collect();
        matrix.add_outer(&places, &powers, *weight);
        right.iter_mut().zip(&powers).for_each(|(right, power)| *right += weight * y * power);
    }
    // Without enough different places, pivots that are only rounding errors would pass for a solution.
    let mut distinct = x.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    if distinct.len() <= degree {
        return None;
    }
    matrix.solve(&vec![0.0; degree + 1], &right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved() {
        let mut matrix = Symmetric::zero(3);
        for (v, w) in [([1.0, 2.0, 0.5], 1.0), ([0.0, 1.0, -1.0], 2.0), ([3.0, 0.0, 1.0], 0.5)] {
            matrix.add_outer(&[0, 1, 2], &v, w);
        }
        matrix.add_outer(&[1], &[2.0], 1.0);
        let full = [[5.5, 2.0, 2.0], [2.0, 10.0, -1.0], [2.0, -1.0, 2.75]];
        let x = [1.0, -2.0, 3.0];
        let b: Vec<f64> = (0..3).map(|i| (0..3).map(|j| full[i][j] * x[j]).sum::<f64>() + x[i]).collect();
        let solved = matrix.solve(&[1.0; 3], &b).unwrap();
        assert!(solved.iter().zip(x).all(|(a, b)| (a - b).abs() < 1e-12), "{solved:?}");
        assert_eq!(matrix.diagonal(), [5.5, 10.0, 2.75]);
        assert!(Symmetric::zero(2).solve(&[0.0; 2], &[1.0; 2]).is_none());
    }

    #[test]
    fn polynomials_go_through_their_points() {
        let x = [-1.0, 0.0, 1.0, 2.0];
        let y: Vec<f64> = x.iter().map(|x| 3.0 - x + 2.0 * x * x).collect();
        let fit = polynomial(&x, &y, &[1.0; 4], 2).unwrap();
        assert!(fit.iter().zip([3.0, -1.0, 2.0]).all(|(a, b)| (a - b).abs() < 1e-10), "{fit:?}");
        assert!(polynomial(&[1.0, 1.0], &[2.0, 3.0], &[1.0; 2], 1).is_none());
        assert!(polynomial(&[0.0, 1.0], &[2.0, 3.0], &[1.0; 2], 2).is_none());
    }
}
