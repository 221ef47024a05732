//! Student's t distribution and the normal one.

use std::f64::consts::PI;

/// Logarithm of the gamma function for arguments above 0 (Lanczos, g = 7, n = 9).
pub fn ln_gamma(x: f64) -> f64 {
    const C: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let series = C.iter().zip(1u8..).fold(0.999_999_999_999_809_9, |sum, (c, i)| sum + c / (x + f64::from(i)));
    let t = x + 7.5;
    0.5 * (2.0 * PI).ln() + (x + 0.5) * t.ln() - t + series.ln()
}

/// The regularised incomplete beta function, by the continued fraction of Lentz.
pub fn beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta(b, a, 1.0 - x);
    }
    let front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln();
    let safe = |number: f64| if number.abs() < 1e-300 { 1e-300 } else { number };
    let (mut c, mut d) = (1.0, 1.0 / safe(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in 1..1000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for part in [even, odd] {
            d = 1.0 / safe(1.0 + part * d);
            c = safe(1.0 + part / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front.exp() * fraction / a
}

/// The chance that a t variate is further from 0 than `t`, on either side.
pub fn two_sided(t: f64, degrees: f64) -> f64 {
    if t.is_infinite() { 0.0 } else { beta(degrees / 2.0, 0.5, degrees / (degrees + t * t)) }
}

/// The number that a t variate is within on both sides of 0 with a chance of `level`.
pub fn critical(level: f64, degrees: f64) -> f64 {
    let out = (1.0 - level).clamp(1e-12, 1.0);
    let (mut low, mut high) = (0.0, 1.0);
    while two_sided(high, degrees) > out && high < 1e15 {
        high *= 2.0;
    }
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if two_sided(middle, degrees) > out { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// The number that a standard normal variate is below with a chance of `share` (Acklam's approximation, good to 1e-9).
pub fn normal_quantile(share: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416];
    let share = share.clamp(1e-12, 1.0 - 1e-12);
    let horner = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    if share > 1.0 - 0.02425 {
        return -normal_quantile(1.0 - share);
    }
    if share < 0.02425 {
        let q = (-2.0 * share.ln()).sqrt();
        return horner(&C, q) / (horner(&D, q) * q + 1.0);
    }
    let q = share - 0.5;
    let r = q * q;
    horner(&A, r) * q / (horner(&B, r) * r + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_t_are_met() {
        // scipy.stats.t
        for (level, degrees, t) in
            [(0.95, 1.0, 12.706_204_736), (0.95, 4.0, 2.776_445_105), (0.99, 30.0, 2.749_995_654)]
        {
            assert!((critical(level, degrees) / t - 1.0).abs() < 1e-8, "{level} {degrees}");
            assert!((two_sided(t, degrees) - (1.0 - level)).abs() < 1e-9);
        }
        assert!((critical(0.95, 1e6) - 1.959_966).abs() < 1e-5);
        assert_eq!(two_sided(0.0, 3.0), 1.0);
        assert!((ln_gamma(10.0) - 362_880.0f64.ln()).abs() < 1e-12);
        assert!((ln_gamma(0.5) - PI.sqrt().ln()).abs() < 1e-12);
    }

    #[test]
    fn normal_quantiles_are_met() {
        for (share, z) in [(0.975, 1.959_963_984_5), (0.5, 0.0), (0.05, -1.644_853_627), (0.001, -3.090_232_306)] {
            assert!((normal_quantile(share) - z).abs() < 1e-7, "{share}");
        }
    }
}
