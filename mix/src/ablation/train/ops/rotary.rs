//! Rotary position embedding, and the way from rows of tokens to rows of heads.

/// Sines and cosines of every place and pair of numbers in a head.
pub(in super::super) struct Rotary {
    half: usize,
    sines: Vec<f32>,
    cosines: Vec<f32>,
}

impl Rotary {
    /// For sequences of `context` tokens and heads of `width` numbers.
    pub(in super::super) fn new(context: usize, width: usize) -> Rotary {
        let half = width / 2;
        let angle = |at: usize| (at / half) as f64 / 10_000f64.powf((at % half) as f64 / half as f64);
        let angles = || (0..context * half).map(angle);
        Rotary {
            half,
            sines: angles().map(|angle| angle.sin() as f32).collect(),
            cosines: angles().map(|angle| angle.cos() as f32).collect(),
        }
    }

    /// Copies the numbers of one head at one place, turned by the angle of the place, times `factor`.
    #[inline(always)]
    pub(super) fn turn(&self, place: usize, from: &[f32], to: &mut [f32], factor: f32) {
        self.turn_by(place, from, to, factor, factor);
    }

    /// The same, turned back.
    #[inline(always)]
    pub(super) fn turn_back(&self, place: usize, from: &[f32], to: &mut [f32], factor: f32) {
        self.turn_by(place, from, to, factor, -factor);
    }

    #[inline(always)]
    fn turn_by(&self, place: usize, from: &[f32], to: &mut [f32], factor: f32, sine_factor: f32) {
        let half = self.half;
        let table = place * half..(place + 1) * half;
        let (sines, cosines) = (&self.sines[table.clone()], &self.cosines[table]);
        let ((x, y), (to_x, to_y)) = (from.split_at(half), to.split_at_mut(half));
        let (y, to_y) = (&y[..half], &mut to_y[..half]);
        for i in 0..half {
            let (sine, cosine) = (sines[i] * sine_factor, cosines[i] * factor);
            to_x[i] = x[i] * cosine - y[i] * sine;
            to_y[i] = y[i] * cosine + x[i] * sine;
        }
    }
}
