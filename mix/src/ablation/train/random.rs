//! Random numbers that are the same on every machine, for the weights at the start.

/// A splitmix64 generator.
pub(super) struct Random(u64);

impl Random {
    /// Another sequence of numbers for every seed and purpose.
    pub(super) fn new(seed: u64, purpose: &str) -> Random {
        let mut random = Random(seed);
        for byte in purpose.bytes() {
            random = Random(random.next() ^ u64::from(byte));
        }
        Random(random.next())
    }

    /// The next 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Above 0 and at most 1.
    fn share(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// Normally distributed numbers, by Box and Muller.
    pub(super) fn normal(&mut self, n: usize, deviation: f64) -> Vec<f32> {
        let mut numbers = Vec::with_capacity(n + 1);
        while numbers.len() < n {
            let radius = (-2.0 * self.share().ln()).sqrt() * deviation;
            let (sin, cos) = (self.share() * std::f64::consts::TAU).sin_cos();
            numbers.extend([(radius * cos) as f32, (radius * sin) as f32]);
        }
        numbers.truncate(n);
        numbers
    }
}
