//! What the gateway has acknowledged is kept when it is killed, and what it has not may be kept too.

use support::{FaultProxy, Faults, Gateway, signed};

/// More than the gateway keeps in one piece.
fn large() -> Vec<u8> {
    (0..9_000_000_u32).map(|at| (at / 7 % 251) as u8).collect()
}

#[test]
fn objects_survive_a_kill_and_connections_do_not() {
    let gateway = Gateway::alone();
    let proxy = FaultProxy::start(gateway.endpoint(), Faults::default());
    let object = format!("/{}/a/large.bin", gateway.bucket("kill"));
    let put = signed(&proxy.endpoint(), "PUT", &object, &["Expect: 100-continue"], &large()).unwrap();
    assert_eq!(put.status, 200, "{}", String::from_utf8_lossy(&put.body));

    gateway.kill();
    assert!(signed(&proxy.endpoint(), "GET", &object, &[], b"").is_err());
    assert_eq!(proxy.counts()["refused"], 1);
    gateway.restart();

    let got = signed(&proxy.endpoint(), "GET", &object, &[], b"").unwrap();
    assert_eq!((got.status, got.etag), (200, put.etag));
    assert!(got.body == large(), "the object has changed");
    assert_eq!(proxy.counts()["requests"], 3);
}

#[test]
fn whoever_loses_the_reply_has_won_and_is_told_otherwise() {
    let gateway = Gateway::shared();
    let faults = Faults { lost_reply: 1.0, at_most: Some(1), ..Faults::default() };
    let proxy = FaultProxy::start(gateway.endpoint(), faults);
    let object = format!("/{}/commit.json", gateway.bucket("lost"));
    let commit = |body| signed(&proxy.endpoint(), "PUT", &object, &["If-None-Match: *"], body);
    assert!(commit(b"first").is_err());
    assert_eq!(commit(b"second").unwrap().status, 412);
    assert_eq!(signed(&proxy.endpoint(), "GET", &object, &[], b"").unwrap().body, b"first");
}

#[test]
fn half_an_object_is_not_taken_for_a_whole_one() {
    let gateway = Gateway::shared();
    let faults = Faults { truncated: 1.0, at_most: Some(1), ..Faults::default() };
    let proxy = FaultProxy::start(gateway.endpoint(), faults);
    let object = format!("/{}/half.bin", gateway.bucket("half"));
    assert_eq!(signed(&proxy.endpoint(), "PUT", &object, &[], &large()).unwrap().status, 200);
    assert!(signed(&proxy.endpoint(), "GET", &object, &[], b"").is_err());
    assert!(signed(&proxy.endpoint(), "GET", &object, &[], b"").unwrap().body == large());
    assert_eq!(proxy.counts()["truncated"], 1);
}
