//! K-means with 256 centroids, as fastText's product quantiser does it: a fixed number of rounds, and empty clusters take
//! half of a full one.

use super::random::Random;
use crate::fasttext::quantizer::N_CENTROIDS;

/// Rounds.
const N_ROUNDS: usize = 25;
/// Points that centroids are learned from, at most; more are sampled.
const MAX_POINTS: usize = 256 * N_CENTROIDS;
/// How far the halves of a cluster are pushed apart.
const PUSH: f32 = 1e-7;

/// Centroids, by coordinate, so that a point is compared with many at once.
pub(super) struct Centroids {
    columns: Vec<[f32; N_CENTROIDS]>,
}

impl Centroids {
    /// Learns from points of `width` floats each, of which there are 256 or more.
    pub(super) fn learn<'a>(points: impl Iterator<Item = &'a [f32]>, width: usize, random: &mut Random) -> Centroids {
        let mut points: Vec<&[f32]> = points.collect();
        random.shuffle(&mut points);
        points.truncate(MAX_POINTS);
        let mut centroids = Centroids { columns: vec![[0.0; N_CENTROIDS]; width] };
        points.iter().take(N_CENTROIDS).enumerate().for_each(|(code, point)| centroids.set(code, point));
        let mut codes = vec![0; points.len()];
        for _ in 0..N_ROUNDS {
            codes.iter_mut().zip(&points).for_each(|(code, point)| *code = centroids.nearest(point));
            centroids.take_means(&points, &codes, random);
        }
        centroids
    }

    fn set(&mut self, code: usize, point: &[f32]) {
        self.columns.iter_mut().zip(point).for_each(|(column, value)| column[code] = *value);
    }

    /// The code of the centroid nearest to a point; of equally near ones the first.
    pub(super) fn nearest(&self, point: &[f32]) -> u8 {
        let mut distances = [0.0f32; N_CENTROIDS];
        for (column, value) in self.columns.iter().zip(point) {
            distances
                .iter_mut()
                .zip(column)
                .for_each(|(distance, other)| *distance += (value - other) * (value - other));
        }
        let least = distances.iter().copied().fold(f32::INFINITY, f32::min);
        distances.iter().position(|distance| *distance <= least).unwrap_or(0) as u8
    }

    /// The centroids one after the other.
    pub(super) fn rows(&self) -> impl Iterator<Item = f32> + '_ {
        (0..N_CENTROIDS).flat_map(|code| self.columns.iter().map(move |column| column[code]))
    }

    fn take_means(&mut self, points: &[&[f32]], codes: &[u8], random: &mut Random) {
        let mut counts = [0usize; N_CENTROIDS];
        self.columns.iter_mut().for_each(|column| column.fill(0.0));
        for (point, code) in points.iter().zip(codes) {
            counts[usize::from(*code)] += 1;
            self.columns.iter_mut().zip(*point).for_each(|(column, value)| column[usize::from(*code)] += value);
        }
        for column in &mut self.columns {
            column.iter_mut().zip(&counts).for_each(|(sum, count)| *sum /= (*count).max(1) as f32);
        }
        for empty in 0..N_CENTROIDS {
            if counts[empty] == 0 {
                let full = full_cluster(&counts, points.len(), random);
                for (at, column) in self.columns.iter_mut().enumerate() {
                    let push = if at % 2 == 0 { -PUSH } else { PUSH };
                    column[empty] = column[full] + push;
                    column[full] -= push;
                }
                counts[empty] = counts[full] / 2;
                counts[full] -= counts[empty];
            }
        }
    }
}

/// A cluster of two points or more, the likelier the more it has.
fn full_cluster(counts: &[usize; N_CENTROIDS], n_points: usize, random: &mut Random) -> usize {
    let spare = |count: &usize| count.saturating_sub(1);
    let mut left = random.below(counts.iter().map(spare).sum::<usize>().clamp(1, n_points.max(1)));
    let found = counts.iter().position(|count| {
        let is_here = left < spare(count);
        left = left.saturating_sub(spare(count));
        is_here
    });
    found.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(points: &[Vec<f32>], width: usize) -> Centroids {
        Centroids::learn(points.iter().map(Vec::as_slice), width, &mut Random::new(3))
    }

    #[test]
    fn every_different_point_has_a_centroid_of_its_own() {
        let points: Vec<Vec<f32>> = (0..256).map(|n| vec![(n / 16) as f32, (n % 16) as f32]).collect();
        let centroids = learn(&points, 2);
        let rows: Vec<f32> = centroids.rows().collect();
        for point in &points {
            let code = usize::from(centroids.nearest(point));
            assert_eq!(&rows[2 * code..2 * code + 2], &point[..]);
        }
    }

    #[test]
    fn clusters_are_found_and_equal_points_do_no_harm() {
        let mut random = Random::new(9);
        let points: Vec<Vec<f32>> = (0..5_000).map(|n| vec![(n % 50) as f32 + random.sign() / 100.0]).collect();
        let centroids = learn(&points, 1);
        let rows: Vec<f32> = centroids.rows().collect();
        let error = points.iter().map(|point| (rows[usize::from(centroids.nearest(point))] - point[0]).abs());
        assert!(error.fold(0.0, f32::max) < 0.02);
        let same = vec![vec![1.5, -2.0, 0.0]; 300];
        assert!(learn(&same, 3).rows().all(f32::is_finite));
    }
}
