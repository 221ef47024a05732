//! Dates in one form: RFC 3339, UTC; and as numbers that can be compared.

/// A date as `2008-04-30T20:48:25Z`, from the ISO 8601 profile of WARC (any precision, WARC/1.1 section 5.4; other
/// offsets are converted) or from the digits of ARC (`YYYYMMDDhhmmss`, shorter or longer). Fractions of a second stay.
/// None if it is no date.
pub fn normalise(raw: &[u8]) -> Option<String> {
    let (m, fraction) = parse(raw)?;
    Some(format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{fraction}Z", m.year, m.month, m.day, m.hour, m.minute, m.second))
}

/// Microseconds from the beginning of the year 1 to a date in any form that [`normalise`] reads; less than 2^59. None
/// if it is no date.
pub fn micros(raw: &[u8]) -> Option<u64> {
    let (m, fraction) = parse(raw)?;
    let digits = fraction.bytes().skip(1).chain(std::iter::repeat(b'0')).take(6);
    let micros = digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    let years = m.year - 1;
    let days_before_year = years * 365 + years / 4 - years / 100 + years / 400;
    let days_before_month: i64 = (1..m.month).map(|month| days_in_month(m.year, month)).sum();
    let days = days_before_year + days_before_month + m.day - 1;
    let seconds = ((days * 24 + m.hour) * 60 + m.minute) * 60 + m.second;
    // A moment of the year 1 east of Greenwich may lie before the calendar begins.
    Some(u64::try_from(seconds).unwrap_or(0) * 1_000_000 + micros)
}

/// The moment in UTC, and the fraction of a second as it is written, with its point.
fn parse(raw: &[u8]) -> Option<(Moment, &str)> {
    let raw = raw.trim_ascii();
    let mut moment = Moment { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
    let mut fraction = "";
    let mut offset = 0;
    if raw.len() >= 4 && raw.iter().all(u8::is_ascii_digit) {
        // Some ARC writers append digits beyond the second.
        let digits = &raw[..raw.len().min(14) & !1];
        moment.year = number(&digits[..4])?;
        for (part, two) in moment.after_year().into_iter().zip(digits[4..].chunks(2)) {
            *part = number(two)?;
        }
    } else {
        let text = std::str::from_utf8(raw).ok()?;
        let (date, time) = text.split_at(text.find(['T', 't', ' ']).unwrap_or(text.len()));
        let mut date = date.split('-');
        moment.year = number(date.next().filter(|year| year.len() == 4)?.as_bytes())?;
        for part in [&mut moment.month, &mut moment.day] {
            match date.next() {
                Some(two) if two.len() == 2 => *part = number(two.as_bytes())?,
                Some(_) => return None,
                None => {}
            }
        }
        let time = time.get(1..).unwrap_or_default();
        let zone_at = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
        let (time, zone) = time.split_at(zone_at);
        offset = zone_minutes(zone)?;
        let (clock, rest) = time.split_at(time.find('.').unwrap_or(time.len()));
        fraction = rest;
        if !fraction.bytes().skip(1).all(|b| b.is_ascii_digit()) || fraction.len() == 1 || fraction.len() > 10 {
            return None;
        }
        let mut clock = clock.split(':').filter(|two| !two.is_empty());
        for part in [&mut moment.hour, &mut moment.minute, &mut moment.second] {
            match clock.next() {
                Some(two) if two.len() == 2 => *part = number(two.as_bytes())?,
                Some(_) => return None,
                None => {}
            }
        }
        if clock.next().is_some() || date.next().is_some() {
            return None;
        }
    }
    Some((moment.valid()?.minus_minutes(offset), fraction))
}

/// Minutes ahead of UTC.
fn zone_minutes(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next() {
        None | Some('Z' | 'z') => return (zone.len() <= 1).then_some(0),
        Some('-') => -1,
        Some(_) => 1,
    };
    let digits: Vec<u8> = zone.bytes().skip(1).filter(|&b| b != b':').collect();
    if digits.len() != 2 && digits.len() != 4 {
        return None;
    }
    let minutes = if digits.len() == 4 { number(&digits[2..])? } else { 0 };
    Some(sign * (number(&digits[..2])? * 60 + minutes))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
}

/// A moment of the proleptic Gregorian calendar.
#[derive(Clone, Copy)]
struct Moment {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Moment {
    fn after_year(&mut self) -> [&mut i64; 5] {
        [&mut self.month, &mut self.day, &mut self.hour, &mut self.minute, &mut self.second]
    }

    fn valid(self) -> Option<Moment> {
        let ok = (1..=9999).contains(&self.year)
            && (1..=12).contains(&self.month)
            && (1..=days_in_month(self.year, self.month)).contains(&self.day)
            && (0..24).contains(&self.hour)
            && (0..60).contains(&self.minute)
            && (0..=60).contains(&self.second);
        ok.then_some(self)
    }

    /// Another offset's clock as UTC. Offsets are less than five days, so days carry one month at most.
    fn minus_minutes(mut self, minutes: i64) -> Moment {
        let total = self.hour * 60 + self.minute - minutes;
        let (days, within) = (total.div_euclid(1440), total.rem_euclid(1440));
        (self.hour, self.minute) = (within / 60, within % 60);
        self.day += days;
        if self.day < 1 {
            (self.year, self.month) = if self.month == 1 { (self.year - 1, 12) } else { (self.year, self.month - 1) };
            self.day += days_in_month(self.year, self.month);
        } else if self.day > days_in_month(self.year, self.month) {
            self.day -= days_in_month(self.year, self.month);
            (self.year, self.month) = if self.month == 12 { (self.year + 1, 1) } else { (self.year, self.month + 1) };
        }
        self
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_in_the_wild_become_one() {
        for (raw, expected) in [
            ("20080430204825", "2008-04-30T20:48:25Z"),
            ("201404010000000000", "2014-04-01T00:00:00Z"),
            ("200804302048", "2008-04-30T20:48:00Z"),
            ("2008", "2008-01-01T00:00:00Z"),
            ("2017-03-06T04:02:06Z", "2017-03-06T04:02:06Z"),
            (" 2014-03-04T19:23:21.000Z", "2014-03-04T19:23:21.000Z"),
            ("2020-04-12T18:42:50.696509Z", "2020-04-12T18:42:50.696509Z"),
            ("2020-04", "2020-04-01T00:00:00Z"),
            ("2020-04-12 18:42", "2020-04-12T18:42:00Z"),
            ("2020-01-01T00:30:00+01:00", "2019-12-31T23:30:00Z"),
            ("2020-02-28T23:30:00-0100", "2020-02-29T00:30:00Z"),
            ("2019-12-31T23:30:00-01", "2020-01-01T00:30:00Z"),
        ] {
            assert_eq!(normalise(raw.as_bytes()).as_deref(), Some(expected), "{raw}");
        }
    }

    #[test]
    fn numbers_are_in_the_order_of_time() {
        let micros = |text: &str| micros(text.as_bytes()).unwrap();
        assert_eq!(micros("0001-01-01"), 0);
        // 719,162 days lie between the beginning of the year 1 and that of Unix time.
        assert_eq!(micros("1970-01-01T00:00:01.5Z"), (719_162 * 86_400 + 1) * 1_000_000 + 500_000);
        assert_eq!(micros("2020-01-01T00:30:00+01:00"), micros("20191231233000"));
        let dates =
            ["1999-12-31", "2000-02-28", "2000-02-29", "2000-03-01", "2000-03-01T00:00:00.000001Z", "9999-12-31"];
        assert!(dates.windows(2).all(|pair| micros(pair[0]) < micros(pair[1])));
        assert!(micros("9999-12-31T23:59:60.999999Z") < 1 << 59);
    }

    #[test]
    fn what_is_no_date_is_none() {
        for raw in [
            "",
            "null",
            "-",
            "20",
            "20081330204825",
            "2008-02-30",
            "2008-04-30T25:00:00Z",
            "2008-04-30T20:48:25.Z",
            "2008-04-30T20:48:25X",
            "2008-04-30T20:48:25+1",
            "Wed, 30 Apr 2008 20:48:25 GMT",
            "2008-04-30T1:2:3Z",
        ] {
            assert_eq!(normalise(raw.as_bytes()), None, "{raw}");
        }
    }
}
