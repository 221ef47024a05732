//! The store against a small S3 of our own, in good and in bad hours. `tests/gateway` has a real one.
#![expect(clippy::disallowed_methods, reason = "tests look at files as they are")]

use super::client::Connection;
use super::fake::{Fake, Mishap};
use super::{PART, S3Options, S3Store};
use crate::readahead::BLOCK;
use crate::retry::Patience;
use crate::testing::{check_race, check_store};
use crate::{Created, Keeper, Metered, Retry, Store, StoreError};
use std::io::{Read, Write};

fn store(fake: &Fake) -> S3Store {
    store_at(fake, "s3://bucket/runs/x")
}

fn store_at(fake: &Fake, uri: &str) -> S3Store {
    let options = S3Options { endpoint: Some(fake.endpoint.clone()), ..S3Options::default() };
    S3Store::with(Connection::for_tests(options), uri).unwrap()
}

fn file(bytes: u64) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let content: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
    file.write_all(&content).unwrap();
    file
}

#[test]
fn behaves_as_a_store() {
    let fake = Fake::start();
    check_store(&store(&fake));
    let state = fake.state.lock().unwrap();
    assert!(state.objects.keys().all(|key| key.starts_with("runs/x/")));
    assert!(!state.objects.keys().any(|key| key.contains("probe")), "the probe is gone");
}

#[test]
fn one_of_many_creators_wins() {
    let fake = Fake::start();
    check_race(&store(&fake), "c", 16);
}

#[test]
fn a_winner_whose_reply_was_lost_knows_himself() {
    let fake = Fake::start();
    let store = store(&fake);
    fake.expect("PUT /bucket/runs/x/c", Mishap::LostReply);
    assert_eq!(store.create("c", b"mine").unwrap(), Created::Won);
    assert_eq!(fake.count("PUT /bucket/runs/x/c"), 2, "the SDK has tried again, and was told 412");
    assert_eq!(store.create("c", b"mine").unwrap(), Created::Lost(b"mine".to_vec()), "equal, and yet not ours");
    fake.expect("PUT /bucket/runs/x/d", Mishap::Status(409));
    assert_eq!(store.create("d", b"x").unwrap(), Created::Won, "a conflict that came to nothing");
}

#[test]
fn a_service_that_ignores_the_condition_is_found_out() {
    let fake = Fake::start();
    fake.state.lock().unwrap().is_naive = true;
    let error = store(&fake).self_test().unwrap_err();
    assert!(matches!(&error, StoreError::Refused { what, .. } if what.contains("ignores `If-None-Match`")), "{error}");
    assert!(fake.state.lock().unwrap().objects.is_empty());
}

#[test]
fn large_files_go_in_parts() {
    let fake = Fake::start();
    let store = store(&fake);
    let file = file(2 * PART + 5);
    store.put_file("big", file.path()).unwrap();
    let mut content = Vec::new();
    store.stream("big").unwrap().read_to_end(&mut content).unwrap();
    assert!(content == std::fs::read(file.path()).unwrap());
    assert!(fake.state.lock().unwrap().uploads.is_empty());
}

#[test]
fn an_upload_that_fails_leaves_nothing() {
    let fake = Fake::start();
    let store = store(&fake);
    fake.expect("PUT /bucket/runs/x/big?x-id=UploadPart&partNumber=2", Mishap::Status(400));
    assert!(store.put_file("big", file(3 * PART).path()).is_err());
    let state = fake.state.lock().unwrap();
    assert!(state.uploads.is_empty() && state.objects.is_empty());
    assert!(state.seen.iter().any(|seen| seen.starts_with("DELETE")), "{:?}", state.seen);
}

#[test]
fn an_upload_whose_completion_was_not_heard_of_is_complete() {
    let fake = Fake::start();
    fake.expect("POST /bucket/runs/x/big?uploadId", Mishap::LostReply);
    store(&fake).put_file("big", file(PART + 1).path()).unwrap();
    assert_eq!(fake.count("POST /bucket/runs/x/big?uploadId"), 2);
}

#[test]
fn a_body_that_ends_early_is_read_again() {
    let fake = Fake::start();
    let store = Retry::with(store(&fake), Patience::hasty());
    store.put("x", &[1; 100]).unwrap();
    fake.expect("GET", Mishap::HalfBody);
    assert_eq!(store.read("x").unwrap(), [1; 100]);
    fake.expect("GET", Mishap::HalfBody);
    assert_eq!(&store.open("x").unwrap().read_at(3..60).unwrap()[..], [1; 57]);
    let content = vec![3; (2 * BLOCK + 7) as usize];
    store.put("y", &content).unwrap();
    let mut stream = store.stream("y").unwrap();
    fake.expect("GET", Mishap::HalfBody);
    let mut read = Vec::new();
    stream.read_to_end(&mut read).unwrap();
    assert!(read == content);
}

#[test]
fn an_outage_is_sat_out() {
    let fake = Fake::start();
    let store = Retry::with(store(&fake), Patience::hasty());
    for status in [503, 500, 429, 503, 503] {
        fake.expect("PUT", Mishap::Status(status));
        fake.expect("GET", Mishap::Status(status));
    }
    store.put("x", b"1").unwrap();
    assert_eq!(store.read("x").unwrap(), b"1");
}

#[test]
fn a_changed_object_is_not_read_on() {
    let fake = Fake::start();
    let store = store(&fake);
    store.put("x", b"before").unwrap();
    let object = store.open("x").unwrap();
    store.put("x", b"after!").unwrap();
    assert!(matches!(object.read_at(0..3), Err(StoreError::Corrupt { .. })));
}

#[test]
fn a_refusal_is_final_and_has_a_hint() {
    let fake = Fake::start();
    let store = Retry::new(store_at(&fake, "s3://forbidden/runs"));
    let error = store.read("x").unwrap_err();
    assert!(matches!(&error, StoreError::Refused { hint, .. } if hint.contains("identity")), "{error}");
    assert!(error.to_string().contains("`s3://forbidden/runs/x`: the service says 403 AccessDenied"), "{error}");
    assert!(!error.is_transient());
}

#[test]
fn lists_pages_deletes_and_aborts() {
    let fake = Fake::start();
    let store = store(&fake);
    for key in ["a", "b/c", "b/d", "b/e/f", "g"] {
        store.put(key, b"12").unwrap();
    }
    store_at(&fake, "s3://bucket/runs/xy").put("other", b"3").unwrap();
    let list = |prefix: &str| {
        let (mut listing, mut keys) = (store.list(prefix), Vec::new());
        while let Some(page) = listing.page().unwrap() {
            keys.extend(page.into_iter().map(|kept| kept.key));
        }
        keys
    };
    assert_eq!(list(""), ["a", "b/c", "b/d", "b/e/f", "g"]);
    assert_eq!(list("b/"), ["b/c", "b/d", "b/e/f"]);
    assert!(store.modified("a").unwrap().is_some());
    store.delete("a").unwrap();
    assert_eq!(store.modified("a").unwrap(), None);
    fake.state.lock().unwrap().uploads.insert(("runs/x/b/u".into(), "id".into()), Default::default());
    let unfinished = store.unfinished().unwrap();
    assert_eq!((unfinished.len(), unfinished[0].key.as_str()), (1, "b/u"));
    store.abort(&unfinished[0]).unwrap();
    store.abort(&unfinished[0]).unwrap();
    assert!(store.unfinished().unwrap().is_empty());
}

#[test]
fn what_is_metered_is_what_is_sent() {
    let fake = Fake::start();
    let store = store(&fake);
    let metered = Metered::new(&store);
    metered.put("x", &vec![1; (2 * BLOCK + 1) as usize]).unwrap();
    metered.create("c", b"1").unwrap();
    metered.put_file("small", file(9).path()).unwrap();
    metered.put_file("large", file(PART + 1).path()).unwrap();
    metered.head("x").unwrap();
    metered.read("c").unwrap();
    metered.stream("x").unwrap().read_to_end(&mut Vec::new()).unwrap();
    metered.put("empty", b"").unwrap();
    metered.stream("empty").unwrap().read_to_end(&mut Vec::new()).unwrap();
    metered.open("x").unwrap().read_many(&[0..2, 4..5, BLOCK..BLOCK + 9]).unwrap();
    let requests = metered.requests();
    assert_eq!(requests.head as usize, fake.count("HEAD"));
    assert_eq!(requests.get as usize, fake.count("GET"));
    assert_eq!(requests.put as usize, fake.count("PUT") + fake.count("POST"));
}

#[test]
fn who_asks_and_who_pays_is_as_the_flags_say() {
    let fake = Fake::start();
    let options = S3Options {
        endpoint: Some(fake.endpoint.clone()),
        requester_pays: true,
        anonymous: vec!["public".to_owned()],
        ..S3Options::default()
    };
    let connection = Connection::for_tests(options);
    for (bucket, is_signed) in [("public", false), ("ours", true)] {
        let store = S3Store::with(connection.clone(), &format!("s3://{bucket}")).unwrap();
        store.put("x", b"1").unwrap();
        assert_eq!(store.read("x").unwrap(), b"1");
        let headers = fake.state.lock().unwrap().headers.clone();
        assert_eq!(headers.contains_key("authorization"), is_signed, "{bucket}");
        assert_eq!(headers["x-amz-request-payer"], "requester");
    }
}
