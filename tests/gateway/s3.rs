//! Object storage for real: a Ceph gateway does what the store, the sources and `gc` take for granted.

use std::io::{Read, Write};
use std::time::Duration;

use support::{FaultProxy, Faults, Gateway, Sandbox};
use tokenmill_store::readahead::BLOCK;
use tokenmill_store::s3::{self, PART, S3Options};
use tokenmill_store::testing::{check_race, check_store};
use tokenmill_store::{Created, Keeper, Metered, Requests, Retry, S3Store, Store, StoreError, location, source};

/// A bucket that nobody has used, and the process told how to reach it; every test is a process of its own.
fn bucket(gateway: &Gateway) -> String {
    reach(gateway.endpoint());
    format!("s3://{}", gateway.bucket("s3"))
}

/// Tells the process which service to use.
fn reach(endpoint: &str) {
    // SAFETY: the test has not started any thread that looks at the environment.
    #[expect(unsafe_code, reason = "identity comes from the environment, and there is no other way into it")]
    variables(endpoint).into_iter().for_each(|(name, value)| unsafe { std::env::set_var(name, value) });
    s3::configure(S3Options { endpoint: Some(endpoint.to_owned()), ..S3Options::default() });
}

/// Address and identity, for this process and for the program.
fn variables(endpoint: &str) -> [(&'static str, String); 4] {
    [
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_ACCESS_KEY_ID", "testkey".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "testsecret".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
    ]
}

fn open(uri: &str) -> Retry<S3Store> {
    Retry::new(S3Store::open(uri).unwrap())
}

fn file(bytes: u64) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let content: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
    file.write_all(&content).unwrap();
    file
}

#[test]
fn the_gateway_behaves_as_a_store() {
    let gateway = Gateway::shared();
    check_store(&open(&bucket(&gateway)));
    check_store(&open(&format!("{}/with/a/prefix", bucket(&gateway))));
}

#[test]
fn one_of_sixty_four_creators_wins() {
    let gateway = Gateway::shared();
    check_race(&open(&bucket(&gateway)), "commit", 64);
}

#[test]
fn a_file_in_parts_comes_back_whole_and_ranges_of_it_too() {
    let gateway = Gateway::shared();
    let store = open(&bucket(&gateway));
    let metered = Metered::new(&store);
    let file = file(40 << 20);
    metered.put_file("big", file.path()).unwrap();
    let mut content = Vec::new();
    metered.stream("big").unwrap().read_to_end(&mut content).unwrap();
    assert!(content == std::fs::read(file.path()).unwrap());
    let object = metered.open("big").unwrap();
    let far = 30 << 20;
    let parts = object.read_many(&[5..9, far..far + 3, 0..2]).unwrap();
    assert_eq!(parts[0], content[5..9]);
    assert_eq!(parts[1], content[far as usize..far as usize + 3]);
    assert_eq!(parts[2], content[..2]);
    assert!(object.read_at(far..(40 << 20) + 1).is_err());
    let mut expected = Requests::of_file(40 << 20);
    expected.add(&Requests::of_stream(40 << 20));
    expected.add(&Requests { head: 1, get: 2, bytes_read: 9 + 3, ..Requests::default() });
    assert_eq!(metered.requests(), expected);
    assert!(store.unfinished().unwrap().is_empty());
}

#[test]
fn an_upload_that_cannot_be_read_to_its_end_leaves_nothing() {
    let gateway = Gateway::shared();
    let store = S3Store::open(&bucket(&gateway)).unwrap();
    let file = file(3 * PART);
    let gone = file.reopen().unwrap();
    // The disk loses the file while it is being sent, or before that: then it is a small one.
    std::thread::scope(|scope| {
        let upload = scope.spawn(|| store.put_file("big", file.path()));
        std::thread::sleep(Duration::from_millis(20));
        gone.set_len(PART + 1).unwrap();
        let _ = upload.join().unwrap();
    });
    assert!(store.unfinished().unwrap().is_empty());
}

#[test]
fn streams_of_every_length_around_a_block() {
    let gateway = Gateway::shared();
    let store = open(&bucket(&gateway));
    for bytes in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK] {
        let content = vec![7; bytes as usize];
        store.put("x", &content).unwrap();
        let mut read = Vec::new();
        store.stream("x").unwrap().read_to_end(&mut read).unwrap();
        assert!(read == content, "{bytes} bytes");
    }
}

#[test]
fn patterns_find_objects_under_the_names_they_would_have_here() {
    let gateway = Gateway::shared();
    let root = bucket(&gateway);
    let store = location::open_store(&root).unwrap();
    for key in ["crawl/b.warc.gz", "crawl/a.warc.gz", "crawl/a.txt", "crawl/deep/c.warc.gz", "crawlers/d.warc.gz"] {
        store.put(key, b"x").unwrap();
    }
    let names = |pattern: &str| -> Vec<String> {
        let inputs = source::expand(&[format!("{root}/{pattern}")]).unwrap();
        assert!(inputs.iter().all(|input| input.is_unchanged().unwrap()), "a listing and a HEAD agree");
        inputs.into_iter().map(|input| input.name).collect()
    };
    assert_eq!(names("crawl/*.warc.gz"), ["a.warc.gz", "b.warc.gz"]);
    assert_eq!(names("crawl/**/*.warc.gz"), ["a.warc.gz", "b.warc.gz", "deep/c.warc.gz"]);
    assert_eq!(names("crawl*/[d-e].warc.gz"), ["crawlers/d.warc.gz"]);
    assert_eq!(names("crawl/a.txt"), ["a.txt"]);
    assert!(source::expand(&[format!("{root}/none*")]).is_err());
    let input = source::find(&format!("{root}/crawl/a.txt")).unwrap();
    store.put("crawl/a.txt", b"y").unwrap();
    assert!(!input.is_unchanged().unwrap());
    let mut content = Vec::new();
    let error = source::stream(&input).unwrap().read_to_end(&mut content).unwrap_err();
    assert!(matches!(StoreError::io("read", "x")(error), StoreError::Corrupt { .. }), "another version is not read");
}

#[test]
fn a_bucket_that_is_not_there_is_told() {
    let gateway = Gateway::shared();
    reach(gateway.endpoint());
    let store = location::open_store("s3://tokenmill-no-such-bucket/x").unwrap();
    let error = store.create("c", b"1").unwrap_err();
    assert!(matches!(&error, StoreError::Refused { what, .. } if what.contains("NoSuchBucket")), "{error}");
}

/// Runs the program.
fn tokenmill(sandbox: &Sandbox, arguments: &[&str]) -> String {
    // The variables of this process are the program's too.
    let output = sandbox.command(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn a_run_on_object_storage_keeps_what_a_run_here_keeps() {
    let (sandbox, gateway) = (Sandbox::new(), Gateway::shared());
    let root = bucket(&gateway);
    sandbox.run(&[]);
    tokenmill(&sandbox, &["run", "recipe.toml", "--set", &format!("run.root={root}")]);
    let run = format!("{root}/mini");
    assert!(tokenmill(&sandbox, &["audit", &run]).contains("sound"));
    let head = ["-n", "1000"];
    let here = tokenmill(&sandbox, &[&["inspect", "head", "runs/mini"][..], &head].concat());
    assert_eq!(tokenmill(&sandbox, &[&["inspect", "head", &run][..], &head].concat()), here);

    // The same from inputs on object storage.
    let inputs = location::open_store(&format!("{root}/crawl")).unwrap();
    for entry in std::fs::read_dir(sandbox.path().join("fixtures/mini-crawl")).unwrap() {
        let path = entry.unwrap().path();
        let copy = tempfile::NamedTempFile::new().unwrap();
        std::fs::copy(&path, copy.path()).unwrap();
        inputs.put_file(path.file_name().unwrap().to_str().unwrap(), copy.path()).unwrap();
    }
    let paths = format!("source.paths=[\"{root}/crawl/part-*\"]");
    tokenmill(&sandbox, &["run", "recipe.toml", "--set", &paths, "--set", "run.name=remote"]);
    assert_eq!(tokenmill(&sandbox, &[&["inspect", "head", "runs/remote"][..], &head].concat()), here);
}

#[test]
fn gc_finds_what_a_killed_attempt_left() {
    let (sandbox, gateway) = (Sandbox::new(), Gateway::shared());
    let root = bucket(&gateway);
    tokenmill(&sandbox, &["run", "recipe.toml", "--set", &format!("run.root={root}")]);
    let run = format!("{root}/mini");
    let store = location::open_store(&run).unwrap();
    let plan = String::from_utf8(store.read("plan.json").unwrap()).unwrap();
    let phase = plan.split('"').find(|word| word.starts_with("p1-map-")).unwrap();
    let orphan = format!("{phase}/docs/left-over.parquet");
    store.put(&orphan, b"1234").unwrap();
    assert!(tokenmill(&sandbox, &["gc", &run]).contains("1 objects are too young"));
    std::thread::sleep(Duration::from_secs(2));
    let all = ["--older-than", "1s"];
    let said = tokenmill(&sandbox, &[&["gc", &run, "--dry-run"][..], &all].concat());
    assert!(said.contains(&orphan) && said.contains("1 leftovers, 4 B; nothing was deleted"), "{said}");
    assert!(store.head(&orphan).unwrap().is_some());
    tokenmill(&sandbox, &[&["gc", &run][..], &all].concat());
    assert!(store.head(&orphan).unwrap().is_none());
    assert!(tokenmill(&sandbox, &["audit", &run]).contains("sound"));
}

#[test]
fn commits_and_data_survive_an_endpoint_that_fails() {
    let gateway = Gateway::shared();
    let faults = Faults {
        slow_down: 0.1,
        internal_error: 0.05,
        reset_before: 0.05,
        lost_reply: 0.1,
        truncated: 0.1,
        seed: 11,
        ..Faults::default()
    };
    let proxy = FaultProxy::start(gateway.endpoint(), faults);
    let bucket = gateway.bucket("faults");
    reach(&proxy.endpoint());
    for at in 0..4 {
        let store = open(&format!("s3://{bucket}/{at}"));
        check_store(&store);
        check_race(&store, "commit", 16);
    }
    let store = open(&format!("s3://{bucket}/big"));
    let file = file(40 << 20);
    store.put_file("big", file.path()).unwrap();
    let mut content = Vec::new();
    store.stream("big").unwrap().read_to_end(&mut content).unwrap();
    assert!(content == std::fs::read(file.path()).unwrap());
    let counts = proxy.counts();
    assert!(["slow_down", "lost_reply", "truncated"].iter().all(|kind| counts[kind] > 0), "{counts:?}");
}

#[test]
fn a_gateway_that_is_killed_is_waited_for() {
    let gateway = Gateway::alone();
    let store = open(&bucket(&gateway));
    store.put("before", b"1").unwrap();
    gateway.kill();
    std::thread::scope(|scope| {
        let put = scope.spawn(|| store.put("during", b"2"));
        let created = scope.spawn(|| store.create("commit", b"3"));
        std::thread::sleep(Duration::from_secs(3));
        gateway.restart();
        put.join().unwrap().unwrap();
        assert_eq!(created.join().unwrap().unwrap(), Created::Won);
    });
    for (key, content) in [("before", b"1"), ("during", b"2"), ("commit", b"3")] {
        assert_eq!(store.read(key).unwrap(), content);
    }
}
