//! All packing methods against plain ones, and what must hold for every packing.

use super::*;
use tokenmill_core::hash::mix64;

/// Lengths as those of web documents: log-normal with a median of `median` tokens and sigma 1.2, from sums of uniforms.
fn log_normal(n: u64, median: f64, seed: u64) -> Vec<u64> {
    let uniform = |n: u64| (mix64(seed, n) >> 11) as f64 / (1u64 << 53) as f64;
    let normal = |n: u64| (0..12).map(|part| uniform(n * 12 + part)).sum::<f64>() - 6.0;
    (0..n).map(|n| (median * (1.2 * normal(n)).exp()) as u64).collect()
}

/// Every token that is not truncated is in exactly one piece, sequences keep to the context, and none is empty.
fn check(lengths: &[u64], context: u64, packing: Packing, long: Long) -> Packed {
    let packed = pack(lengths, context, packing, long);
    let mut pieces = packed.pieces.clone();
    pieces.sort_by_key(|piece| (piece.document, piece.start));
    let mut next = pieces.iter().peekable();
    let mut n_truncated = 0;
    for (document, length) in lengths.iter().enumerate() {
        let mut end = 0;
        assert!(next.peek().is_some_and(|piece| piece.document as usize == document), "a document is lost");
        while let Some(piece) = next.next_if(|piece| piece.document as usize == document) {
            assert_eq!(piece.start, end);
            assert!(piece.len > 0 || *length == 0);
            end += u64::from(piece.len);
        }
        match long {
            Long::Truncate if context > 0 => assert_eq!(end, *length.min(&context)),
            _ => assert_eq!(end, *length),
        }
        n_truncated += length - end;
    }
    assert_eq!((next.next(), packed.n_truncated), (None, n_truncated));
    assert_eq!(packed.offsets[0], 0);
    assert_eq!(packed.n_tokens(), lengths.iter().sum::<u64>() - n_truncated);
    for pair in packed.offsets.windows(2) {
        assert!(pair[0] < pair[1] && (context == 0 || pair[1] - pair[0] <= context));
    }
    assert_eq!(packed, pack(lengths, context, packing, long));
    packed
}

/// The pieces of every sequence, for packings that never cut a piece.
fn sequences(packed: &Packed) -> Vec<Vec<Piece>> {
    let mut pieces = packed.pieces.iter().filter(|piece| piece.len > 0);
    let sequence = |pair: &[u64]| {
        let mut sequence = Vec::new();
        let mut at = pair[0];
        while at < pair[1] {
            let piece = *pieces.next().unwrap();
            at += u64::from(piece.len);
            sequence.push(piece);
        }
        assert_eq!(at, pair[1], "a piece goes on in the next sequence");
        sequence
    };
    packed.offsets.windows(2).map(sequence).collect()
}

/// Best-fit decreasing as in a textbook. Sequences of equal space are alike to all that follows, so fills must agree.
fn plain_fills(lengths: &[u64], context: u64, long: Long) -> Vec<u64> {
    let mut pieces = Vec::new();
    for length in lengths {
        let kept = if long == Long::Truncate { *length.min(&context) } else { *length };
        pieces.extend((0..kept.div_ceil(context)).map(|n| context.min(kept - n * context)));
    }
    pieces.sort_by_key(|length| std::cmp::Reverse(*length));
    let mut fills: Vec<u64> = Vec::new();
    for length in pieces {
        match fills.iter_mut().filter(|fill| **fill + length <= context).max() {
            Some(fill) => *fill += length,
            None => fills.push(length),
        }
    }
    fills.sort_unstable();
    fills
}

#[test]
fn every_method_keeps_every_token_once() {
    let cases = [vec![], vec![0], vec![0, 0, 0], vec![1], vec![0, 9, 0], vec![8, 8, 8], vec![7, 1, 16, 0, 17, 3]];
    for lengths in cases.iter().chain(&[log_normal(500, 12.0, 3), log_normal(500, 3.0, 4)]) {
        for context in [1, 2, 8, 64, 65, 5_000] {
            for packing in [Packing::Concat, Packing::BestFit, Packing::None] {
                check(lengths, context, packing, Long::Fragment);
                check(lengths, context, packing, Long::Truncate);
            }
        }
        check(lengths, 0, Packing::None, Long::Truncate);
        check(lengths, 0, Packing::Concat, Long::Fragment);
    }
}

#[test]
fn best_fit_is_the_textbooks() {
    for seed in 0..40 {
        let lengths = log_normal(50 + seed * 7, 20.0, seed);
        for (context, long) in
            [(64, Long::Fragment), (64, Long::Truncate), (7, Long::Fragment), (1_000, Long::Fragment)]
        {
            let packed = check(&lengths, context, Packing::BestFit, long);
            let mut fills: Vec<u64> = packed.offsets.windows(2).map(|pair| pair[1] - pair[0]).collect();
            fills.sort_unstable();
            assert_eq!(fills, plain_fills(&lengths, context, long));
        }
    }
}

#[test]
fn sequences_stand_where_a_longest_document_of_them_stands() {
    let sequences = sequences(&pack(&log_normal(2_000, 20.0, 9), 64, Packing::BestFit, Long::Fragment));
    let mut before = (0, 0);
    for pieces in sequences {
        assert!(pieces.is_sorted_by_key(|piece| piece.document));
        let longest = pieces.iter().map(|piece| piece.len).max().unwrap();
        let places = pieces.iter().filter(|piece| piece.len == longest).map(|piece| (piece.document, piece.start));
        before = places.filter(|place| *place >= before).min().expect("a sequence is out of order");
    }
}

/// Documents of every length are, in the mean, in the middle of the shard, and so is what sequences have free.
#[test]
fn length_does_not_tell_the_place() {
    for seed in 0..3 {
        let lengths: Vec<u64> = log_normal(20_000, 20.0, seed).into_iter().map(|length| length.min(63)).collect();
        let packed = pack(&lengths, 64, Packing::BestFit, Long::Fragment);
        let mean = |places: Vec<usize>, n: usize| places.iter().sum::<usize>() as f64 / (places.len() * n) as f64;
        for lengths in [1..2, 2..9, 9..21, 21..63, 63..64] {
            let is_meant = |at: &usize| lengths.contains(&packed.pieces[*at].len);
            let place = mean((0..packed.pieces.len()).filter(is_meant).collect(), packed.pieces.len());
            assert!((place - 0.5).abs() < 0.05, "{lengths:?} stand at {place}");
        }
        let n_sequences = packed.offsets.len() - 1;
        let is_short = |at: &usize| packed.offsets[*at + 1] - packed.offsets[*at] < 64;
        let place = mean((0..n_sequences).filter(is_short).collect(), n_sequences);
        assert!((place - 0.5).abs() < 0.05, "short sequences stand at {place}");
    }
}

#[test]
fn padding_of_web_documents() {
    let lengths = log_normal(60_000, 500.0, 1);
    let padding = |packing, context| check(&lengths, context, packing, Long::Fragment).padding(context);
    assert!(padding(Packing::BestFit, 8_192) < 0.001, "{}", padding(Packing::BestFit, 8_192));
    assert!(padding(Packing::BestFit, 2_048) < 0.001, "{}", padding(Packing::BestFit, 2_048));
    assert!(padding(Packing::Concat, 8_192) < 0.000_2);
    assert!(padding(Packing::None, 8_192) > 0.5);
}

#[test]
fn known_packings() {
    let piece = |document, start, len| Piece { document, start, len };
    let packed = pack(&[3, 10, 5, 0, 2], 8, Packing::BestFit, Long::Fragment);
    // 8 of the second are a sequence; 5 + 3 fill one; the two that remain share one.
    let pieces = [piece(1, 0, 8), piece(1, 8, 2), piece(4, 0, 2), piece(0, 0, 3), piece(2, 0, 5), piece(3, 0, 0)];
    assert_eq!(packed, Packed { pieces: pieces.to_vec(), offsets: vec![0, 8, 12, 20], n_truncated: 0 });
    let packed = pack(&[3, 10, 0, 2], 8, Packing::Concat, Long::Truncate);
    let pieces = [piece(0, 0, 3), piece(1, 0, 8), piece(2, 0, 0), piece(3, 0, 2)];
    assert_eq!(packed, Packed { pieces: pieces.to_vec(), offsets: vec![0, 8, 13], n_truncated: 2 });
    let packed = pack(&[3, 10, 0], 8, Packing::None, Long::Fragment);
    let pieces = [piece(0, 0, 3), piece(1, 0, 8), piece(1, 8, 2), piece(2, 0, 0)];
    assert_eq!(packed, Packed { pieces: pieces.to_vec(), offsets: vec![0, 3, 11, 13], n_truncated: 0 });
}

#[test]
fn documents_of_any_length_are_taken() {
    let huge = [u64::from(u32::MAX) * 3, 5];
    for packing in [Packing::Concat, Packing::None] {
        let packed = check(&huge, 0, packing, Long::Fragment);
        assert!(packed.pieces.iter().all(|piece| u64::from(piece.len) <= MAX_PIECE));
    }
    assert_eq!(check(&huge, MAX_CONTEXT, Packing::BestFit, Long::Truncate).n_truncated, huge[0] - MAX_CONTEXT);
}

#[test]
fn names_and_contexts_are_checked() {
    for (name, _) in Packing::NAMES {
        assert_eq!(serde_json::to_value(Packing::of_name(name).unwrap()).unwrap(), name);
    }
    for (name, _) in Long::NAMES {
        assert_eq!(serde_json::to_value(Long::of_name(name).unwrap()).unwrap(), name);
    }
    assert!(Packing::of_name("best-fit").unwrap_err().hint.unwrap().contains("`best_fit`"));
    assert!(Long::of_name("").is_err());
    assert!(Packing::BestFit.check(0).is_err() && Packing::Concat.check(0).is_err() && Packing::None.check(0).is_ok());
    assert!(Packing::BestFit.check(MAX_CONTEXT + 1).is_err() && Packing::Concat.check(MAX_CONTEXT + 1).is_ok());
}
