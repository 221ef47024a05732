//! The distribution of a number in fine bins, in one pass and in little memory, whatever the numbers are.
//!
//! A bin is sign, exponent and the first bits of the fraction of a float, so that it is as wide as 1/128 of its numbers. What
//! lies on either side of the limits of the run is counted by itself, because there a share must be exact.

use crate::inspect::report::data::Curve;
use tokenmill_core::rule::Keep;

/// Bits of the fraction that tell bins apart.
const FRACTION_BITS: u32 = 7;
/// Bins that share sign and exponent.
const BINS: usize = 1 << FRACTION_BITS;
/// Bins of the page.
const SHOWN: usize = 256;
/// Share of the documents that may lie beyond either end of the bins of the page.
const TAIL: f64 = 0.002;
/// How often the greatest number that is shown may be as large as the middle one on a linear scale.
const SPREAD: f64 = 30.0;

/// Counts of numbers.
pub struct Bins {
    /// By sign and exponent, in the order of numbers; rooms are made when they are needed.
    rooms: Vec<Option<Box<[u64; BINS]>>>,
    n: u64,
    below: u64,
    above: u64,
    min: f32,
    max: f32,
    is_integer: bool,
}

impl Default for Bins {
    fn default() -> Bins {
        let (min, max) = (f32::INFINITY, f32::NEG_INFINITY);
        Bins { rooms: vec![None; 512], n: 0, below: 0, above: 0, min, max, is_integer: true }
    }
}

/// What a rule keeps, as the ends of a range.
pub fn ends(keep: Keep) -> (Option<f32>, Option<f32>) {
    match keep {
        Keep::AtLeast(low) => (Some(low), None),
        Keep::AtMost(high) => (None, Some(high)),
        Keep::Within(low, high) => (Some(low), Some(high)),
        Keep::IsFalse => (Some(0.0), Some(0.0)),
    }
}

impl Bins {
    /// Counts a number that is judged by some ends.
    pub fn add(&mut self, value: f32, (low, high): (Option<f32>, Option<f32>)) {
        if value.is_nan() {
            return;
        }
        let place = place(value) >> (23 - FRACTION_BITS);
        if let Some(room) = self.rooms.get_mut(place as usize / BINS) {
            room.get_or_insert_with(|| Box::new([0; BINS]))[place as usize % BINS] += 1;
        }
        self.n += 1;
        self.below += u64::from(low.is_some_and(|low| value < low));
        self.above += u64::from(high.is_some_and(|high| value > high));
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.is_integer &= value.fract() == 0.0 && value.abs() < 1e9;
    }

    /// Counts what another has counted by the same ends.
    pub fn add_all(&mut self, other: &Bins) {
        for (mine, theirs) in self.rooms.iter_mut().zip(&other.rooms) {
            let Some(theirs) = theirs else { continue };
            let mine = mine.get_or_insert_with(|| Box::new([0; BINS]));
            mine.iter_mut().zip(theirs.iter()).for_each(|(mine, theirs)| *mine += theirs);
        }
        self.n += other.n;
        self.below += other.below;
        self.above += other.above;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.is_integer &= other.is_integer;
    }

    /// The bins that hold something: their middle and their count, in order.
    fn filled(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let rooms = self.rooms.iter().enumerate().filter_map(|(at, room)| Some((at, room.as_ref()?)));
        let bins = rooms.flat_map(|(at, room)| (0..BINS).map(move |bin| (at * BINS + bin, room[bin])));
        bins.filter(|(_, n)| *n > 0).map(|(bin, n)| {
            let first = (bin as u32) << (23 - FRACTION_BITS);
            let [low, high] = [first, first | ((1 << (23 - FRACTION_BITS)) - 1)].map(number);
            // Most numbers are counts or shares: a whole number in the bin is meant, else its middle.
            let (low, high) = (f64::from(low.max(self.min)), f64::from(high.min(self.max)));
            let middle = (low + high) / 2.0;
            (if self.is_integer { middle.round() } else { middle }, n)
        })
    }

    fn quantile(&self, share: f64) -> f64 {
        let wanted = (share * self.n as f64).max(1.0);
        let mut seen = 0.0;
        let found = self.filled().find(|(_, n)| {
            seen += *n as f64;
            seen >= wanted
        });
        found.map_or(0.0, |(middle, _)| middle)
    }

    /// The distribution as the page draws it.
    pub fn curve(&self, lang: Option<String>, keep: Keep) -> Curve {
        let (low, high) = ends(keep);
        let kind = match keep {
            Keep::AtLeast(_) => "at_least",
            Keep::AtMost(_) => "at_most",
            Keep::Within(..) => "within",
            Keep::IsFalse => "is_false",
        };
        let axis = self.axis(low, high);
        let mut bins = vec![0; axis.n];
        let (mut under, mut over) = (0, 0);
        for (middle, n) in self.filled() {
            match axis.bin(middle) {
                bin if bin < 0.0 => under += n,
                bin => match bins.get_mut(bin as usize) {
                    Some(bin) => *bin += n,
                    None => over += n,
                },
            }
        }
        let (min, max) = if self.n == 0 { (0.0, 0.0) } else { (self.min, self.max) };
        let (n, below, above) = (self.n, self.below, self.above);
        let (scale, from, to, whole) = (axis.scale, axis.from, axis.to, self.is_integer);
        Curve { lang, keep: kind, low, high, n, below, above, min, max, scale, whole, from, to, bins, under, over }
    }

    /// An axis that shows almost all numbers, and the limits.
    fn axis(&self, low: Option<f32>, high: Option<f32>) -> Axis {
        if self.n == 0 {
            return Axis { scale: "linear", from: 0.0, to: 1.0, n: 1 };
        }
        let limits = || [low, high].into_iter().flatten().map(f64::from).filter(|limit| limit.is_finite());
        let (mut from, mut to) = (self.quantile(TAIL), self.quantile(1.0 - TAIL));
        for limit in limits() {
            (from, to) = (from.min(limit), to.max(limit));
        }
        // Numbers close to the ends are shown, too, when that costs little.
        let reach = 0.25 * (to - from);
        from = if f64::from(self.min) >= from - reach { from.min(f64::from(self.min)) } else { from };
        to = if f64::from(self.max) <= to + reach { to.max(f64::from(self.max)) } else { to };
        if from.is_sign_positive() && from < 0.2 * to {
            from = 0.0;
        }
        let middle = self.quantile(0.5);
        if from >= 0.0 && middle > 0.0 && to > SPREAD * middle.max(if self.is_integer { 1.0 } else { 0.0 }) && to > 1.0
        {
            let least = if self.is_integer { 1.0 } else { self.quantile(0.01).max(to * 1e-6) };
            return Axis { scale: "log", from: from.max(least.min(middle)), to: to * 1.000_001, n: SHOWN };
        }
        let counts = self.is_integer && limits().all(|limit| limit.fract() == 0.0);
        if counts {
            let width = ((to - from + 1.0) / SHOWN as f64).ceil().max(1.0);
            let n = ((to - from + 1.0) / width).ceil() as usize;
            return Axis { scale: "integer", from: from - 0.5, to: from - 0.5 + width * n as f64, n };
        }
        let to = if to > from { to } else { from + from.abs().max(1.0) };
        Axis { scale: "linear", from, to, n: SHOWN }
    }
}

struct Axis {
    scale: &'static str,
    from: f64,
    to: f64,
    n: usize,
}

impl Axis {
    /// The bin of a number; the last one holds its end, too.
    fn bin(&self, value: f64) -> f64 {
        let share = match self.scale {
            "log" => {
                if value < self.from {
                    return -1.0;
                }
                (value / self.from).ln() / (self.to / self.from).ln()
            }
            _ => (value - self.from) / (self.to - self.from),
        };
        if value == self.to { self.n as f64 - 1.0 } else { (share * self.n as f64).floor() }
    }
}

/// The place of a number in the order of all numbers; both zeros have one.
fn place(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn number(place: u32) -> f32 {
    f32::from_bits(if place >> 31 == 1 { place & !(1 << 31) } else { !place })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bins(numbers: impl IntoIterator<Item = f32>, keep: Keep) -> Bins {
        let mut bins = Bins::default();
        numbers.into_iter().for_each(|number| bins.add(number, ends(keep)));
        bins
    }

    #[test]
    fn every_number_is_counted_once_and_limits_are_exact() {
        let numbers =
            || (0..10_000).map(|n| (n * 7_919 % 10_007) as f32 / 10_007.0 * if n % 3 == 0 { 900.0 } else { 1.0 });
        for keep in [Keep::AtLeast(0.3), Keep::AtMost(0.7), Keep::Within(0.2, 400.0), Keep::AtLeast(-5.0)] {
            let curve = bins(numbers(), keep).curve(None, keep);
            assert_eq!(curve.bins.iter().sum::<u64>() + curve.under + curve.over, 10_000, "{keep:?}");
            let removed = numbers().filter(|number| keep.broken_limit(*number).is_some()).count() as u64;
            assert_eq!(curve.below + curve.above, removed, "{keep:?}");
        }
    }

    #[test]
    fn whole_numbers_have_bins_of_their_own() {
        let curve = bins((0..=20).map(|n| n as f32), Keep::AtLeast(5.0)).curve(None, Keep::AtLeast(5.0));
        assert_eq!((curve.scale, curve.from, curve.to), ("integer", -0.5, 20.5));
        assert_eq!(curve.bins, [1; 21]);
        assert_eq!(curve.below, 5);
    }

    #[test]
    fn long_tails_have_a_scale_of_orders_of_magnitude() {
        let numbers = (0..5_000).map(|n| 1.5f32.powi(n % 40));
        let curve = bins(numbers, Keep::AtLeast(50.0)).curve(None, Keep::AtLeast(50.0));
        assert_eq!((curve.scale, curve.bins.len()), ("log", SHOWN));
        assert!(curve.from > 0.0 && curve.to > 1e6, "{} {}", curve.from, curve.to);
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let keep = Keep::AtMost(3.0);
        let all: Vec<f32> = (0..999).map(|n| (n as f32 * 0.37).sin() * 9.0).collect();
        let mut sum = Bins::default();
        for part in all.chunks(100) {
            sum.add_all(&bins(part.iter().copied(), keep));
        }
        let json = |bins: &Bins| serde_json::to_string(&bins.curve(None, keep)).unwrap();
        assert_eq!(json(&sum), json(&bins(all, keep)));
    }

    #[test]
    fn nothing_and_oddities_do_no_harm() {
        assert_eq!(Bins::default().curve(None, Keep::IsFalse).n, 0);
        let odd = bins([f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 1e-40, f32::MAX], Keep::AtMost(1.0));
        let curve = odd.curve(None, Keep::AtMost(1.0));
        assert_eq!((curve.n, curve.above, curve.bins.iter().sum::<u64>() + curve.under + curve.over), (5, 2, 5));
        let one = bins([0.25; 9], Keep::AtMost(0.25)).curve(None, Keep::AtMost(0.25));
        assert_eq!((one.above, one.bins.iter().sum::<u64>()), (0, 9));
    }
}
