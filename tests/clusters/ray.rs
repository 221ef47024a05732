//! The whole `web-en` run on a Ray of two nodes: one dies in the middle, and nobody has to do anything.

use std::process::Stdio;

use support::{Crawl, Gateway, Ray, clusters};

/// The recipe for a real crawl, with a tokenizer that is here.
const RECIPE: &str = "configs/web-en.toml";
const SETS: [&str; 1] = ["shards.tokenizer=gpt2"];

/// Tasks of a map phase that are done when the node dies: all but one.
const N_OTHERS: usize = 5;

#[test]
#[expect(clippy::print_stdout, reason = "what was survived belongs into the output of a run")]
fn a_run_whose_node_dies_ends_by_itself_and_equals_the_local_one() {
    let ray = Ray::alone();
    let crawl = Crawl::new(Gateway::shared(), "ray", RECIPE, &SETS);
    let python = clusters().get_program().to_string_lossy().into_owned();
    let options = [format!("address={}", ray.address()), format!("python={python}")];
    let verb = ["submit", "--engine", "ray", "--job-minutes", "0", "--option", &options[0], "--option", &options[1]];
    let mut submit = crawl.begin(&verb, crawl.gateway.endpoint());
    let submit = submit.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Should the test fail, nothing of it is to go on.
    let submit = Started(Some(submit));

    let victim = crawl.hold_a_task(N_OTHERS, || ray.task());
    println!("killing the node that does `{}`", victim.arguments().join(" "));
    ray.kill_node();
    assert!(!victim.is_alive());

    let said = submit.end();
    assert!(said.contains("the run has ended"), "{said}");
    crawl.assert_equal();
}

/// A process that ends with this.
struct Started(Option<std::process::Child>);

impl Started {
    /// Waits until it has ended, which it must do well, and returns all that it has said.
    fn end(mut self) -> String {
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        let [out, err] = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
        assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
        out + &err
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
