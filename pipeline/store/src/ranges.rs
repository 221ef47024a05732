//! Reads many ranges of an object with few requests: ranges near each other are read at once.

use crate::StoreError;
use bytes::Bytes;
use std::ops::Range;

/// Bytes between two ranges that are rather read than asked around: at 50 MB/s they take about as long as a request does
/// before its first byte (10 ms).
pub const MAX_GAP: u64 = 512 << 10;

/// Bytes that are read at once, unless a single range is longer.
pub const MAX_SPAN: u64 = 8 << 20;

/// One read, and which of the wanted ranges lie in it.
#[derive(Debug, PartialEq, Eq)]
struct Span {
    range: Range<u64>,
    wanted: Vec<usize>,
}

/// The bytes of `ranges`, in their order, by way of `read_at`.
pub(crate) fn read_many(
    ranges: &[Range<u64>],
    read_at: impl Fn(Range<u64>) -> Result<Bytes, StoreError>,
) -> Result<Vec<Bytes>, StoreError> {
    let mut parts = vec![Bytes::new(); ranges.len()];
    for span in coalesce(ranges) {
        let bytes = read_at(span.range.clone())?;
        for index in span.wanted {
            let wanted = &ranges[index];
            let (start, end) = (wanted.start - span.range.start, wanted.end - span.range.start);
            parts[index] = bytes.slice(start as usize..end as usize);
        }
    }
    Ok(parts)
}

/// Whether a range is read together with what lies before it: `next` begins nowhere before `span`.
pub fn are_read_at_once(span: &Range<u64>, next: &Range<u64>, max_gap: u64) -> bool {
    next.start <= span.end.saturating_add(max_gap) && next.end.max(span.end) - span.start <= MAX_SPAN
}

/// The fewest reads that gap and span allow, from the first byte to the last. Empty ranges need none.
fn coalesce(ranges: &[Range<u64>]) -> Vec<Span> {
    let mut order: Vec<usize> = (0..ranges.len()).filter(|index| !ranges[*index].is_empty()).collect();
    order.sort_by_key(|index| (ranges[*index].start, ranges[*index].end));
    let mut spans: Vec<Span> = Vec::new();
    for index in order {
        let range = &ranges[index];
        if let Some(span) = spans.last_mut()
            && are_read_at_once(&span.range, range, MAX_GAP)
        {
            span.range.end = span.range.end.max(range.end);
            span.wanted.push(index);
        } else {
            spans.push(Span { range: range.clone(), wanted: vec![index] });
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Object;

    #[test]
    fn near_ranges_are_read_at_once_and_far_ones_are_not() {
        let near = 30 + MAX_GAP;
        let spans = coalesce(&[20..30, 0..10, near..near + 9, 5..5]);
        let found: Vec<_> = spans.into_iter().map(|span| (span.range, span.wanted)).collect();
        assert_eq!(found, [(0..near + 9, vec![1, 0, 2])]);
        let spans = coalesce(&[20..30, near + 1..near + 9]);
        assert_eq!(spans.len(), 2);
    }

    #[test]
    fn what_is_read_at_once_is_bounded() {
        let blocks: Vec<_> = (0..40).map(|at| at << 20..(at + 1) << 20).collect();
        let spans = coalesce(&blocks);
        assert_eq!(spans.len(), 5);
        assert!(spans.iter().all(|span| span.range.end - span.range.start == MAX_SPAN));
        let long = 0..3 * MAX_SPAN;
        assert_eq!(coalesce(&[long.clone(), long]).len(), 2, "too long for company");
    }

    #[test]
    fn every_range_gets_its_own_bytes() {
        let content = Bytes::from_static(b"0123456789");
        let parts = content.read_many(&[7..9, 0..2, 1..4, 3..3]).unwrap();
        assert_eq!(parts, [&b"78"[..], b"01", b"123", b""]);
        assert!(content.read_many(std::slice::from_ref(&(8..12))).is_err());
    }
}
