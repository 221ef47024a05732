//! What every store must do, as a check that tests of any crate can run against a store of theirs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a check that fails must stop the test")]

pub mod cc_index;

use crate::{Created, Spool, Store, StoreError};
use std::io::{Read, Write};
use tokenmill_core::hash::digest_hex;

/// Goes through everything that an empty store must do.
///
/// # Panics
/// When the store does otherwise.
pub fn check_store(store: &dyn Store) {
    store.self_test().unwrap();
    assert_eq!(store.head("a/b").unwrap(), None);
    assert!(matches!(store.read("a/b"), Err(StoreError::Missing(_))));
    assert!(matches!(store.open("a/b"), Err(StoreError::Missing(_))));
    assert!(matches!(store.stream("a/b"), Err(StoreError::Missing(_))));
    assert_eq!(store.create("a/b", b"one").unwrap(), Created::Won);
    assert_eq!(store.create("a/b", b"two").unwrap(), Created::Lost(b"one".to_vec()));
    store.put("a/c", b"first").unwrap();
    store.put("a/c", b"second").unwrap();
    assert_eq!(store.read("a/c").unwrap(), b"second");
    let meta = store.head("a/c").unwrap().unwrap();
    assert_eq!(meta.bytes, 6);
    assert_eq!(store.head("a/c").unwrap().unwrap(), meta, "a version stays as long as the content does");
    check_ranges(store);
    check_spool(store);
}

/// Reads at places of an object that holds `second`.
fn check_ranges(store: &dyn Store) {
    let object = store.open("a/c").unwrap();
    assert_eq!(object.bytes(), 6);
    assert_eq!(&object.read_at(1..4).unwrap()[..], b"eco");
    assert_eq!(&object.read_at(2..2).unwrap()[..], b"");
    assert!(object.read_at(3..9).is_err());
    assert_eq!(object.read_many(&[4..6, 0..2]).unwrap(), [&b"nd"[..], b"se"]);
}

/// Moves files in and streams them out.
fn check_spool(store: &dyn Store) {
    for content in [&b"spooled"[..], b""] {
        let mut spool = Spool::create(store).unwrap();
        spool.write_all(content).unwrap();
        let stored = spool.store(store, "a", "bin").unwrap();
        assert_eq!(stored.bytes, content.len() as u64);
        assert_eq!(stored.key, format!("a/{}.bin", digest_hex(content)));
        let mut streamed = Vec::new();
        store.stream(&stored.key).unwrap().read_to_end(&mut streamed).unwrap();
        assert_eq!(streamed, content);
        assert_eq!(store.read(&stored.key).unwrap(), content);
    }
}

/// Lets `n` threads create one object with different contents; exactly one may win, and all others must be shown its
/// content.
///
/// # Panics
/// When it is otherwise.
pub fn check_race(store: &dyn Store, key: &str, n: usize) {
    let results: Vec<Created> = std::thread::scope(|scope| {
        let race = |i: usize| store.create(key, format!("creator {i}").as_bytes()).unwrap();
        let threads: Vec<_> = (0..n).map(|i| scope.spawn(move || race(i))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let standing = store.read(key).unwrap();
    for (i, created) in results.iter().enumerate() {
        match created {
            Created::Won => assert_eq!(standing, format!("creator {i}").as_bytes(), "the winner's content stands"),
            Created::Lost(shown) => assert_eq!(*shown, standing, "a loser is shown what stands"),
        }
    }
    assert_eq!(results.iter().filter(|created| **created == Created::Won).count(), 1);
}
