//! Batch files: requests for `/v1/batches`, a line each, and the lines that come back.

use super::cost::input_tokens;
use super::journal::{Batch, Journal, Said};
use super::request::{Request, ToDo, Work, complaint, read_reply};
use crate::failure::Failure;
use crate::output::{count, shortened};
use crate::sink::Output;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tokenmill_classifiers::annotate::estimate::n_tokens;
use tokenmill_store::source;

/// What a service takes in one file: requests, and bytes with some room to spare (OpenAI has limits of 50,000 and 200 MB).
const MAX_REQUESTS: usize = 50_000;
const MAX_BYTES: usize = 190_000_000;

/// Writes requests into a file and remembers that they are there.
pub fn write(work: &Work, journal: &Journal, to_do: &ToDo<'_>, path: &str) -> Result<(), Failure> {
    let known_out = journal.known().files_out().contains(path);
    if known_out {
        return Err(Failure::usage(format!("the batch `{path}` has not come back"))
            .hint("give another name, read its output with `--read-batch`, or drop it with `--forget-batches`"));
    }
    let mut file = Output::create(path)?;
    let (mut written, mut n_bytes) = (Vec::new(), 0);
    for request in to_do.requests.iter().take(MAX_REQUESTS) {
        let body = work.body(request);
        let id = request.id();
        let line = json!({"custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": body}).to_string();
        n_bytes += line.len() + 1;
        if n_bytes > MAX_BYTES {
            break;
        }
        file.line(&line)?;
        written.push(id);
    }
    file.finish()?;
    let (n, n_left) = (written.len(), to_do.requests.len() - written.len());
    let (prompt, model) = (work.digest.clone(), work.recipe.endpoint.model.clone());
    journal.out(Batch { file: path.to_owned(), prompt, model }, written)?;
    eprintln!("{path}: {} requests", count(n as u64));
    if n_left > 0 {
        eprintln!("{} more do not fit: give `--write-batch` another file", count(n_left as u64));
    }
    eprintln!("when the batch has ended, give its output and error files to `--read-batch`");
    Ok(())
}

/// What came back.
#[derive(Default)]
struct Back {
    seen: BTreeSet<String>,
    answers: Vec<Said>,
    failed: Vec<(String, String)>,
    n_known: u64,
    n_foreign: u64,
}

/// Reads what came back. What failed there is to be asked again; what is not mentioned is still out.
pub fn read(work: &Work, journal: &Journal, paths: &[String]) -> Result<(), Failure> {
    let texts: BTreeMap<&str, &str> =
        work.documents.iter().map(|(document, key)| (key.as_str(), document.excerpt.as_str())).collect();
    let mut back = Back::default();
    for path in paths {
        let content = source::read(path)?;
        for line in content.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            back.line(line, work, journal, &texts);
        }
    }
    let Back { seen, answers, mut failed, n_known, n_foreign } = back;
    // What has failed in one file may be answered in another.
    failed.retain(|(id, _)| !seen.contains(id));
    let first_failure = failed.first().map(|(_, why)| why.clone());
    let failed: BTreeSet<String> = failed.into_iter().map(|(id, _)| id).collect();
    eprintln!("{} answers came back", count(answers.len() as u64));
    for (n, what) in [
        (n_known, "were known before"),
        (n_foreign, "are of no request of this recipe, or no lines of a batch"),
        (failed.len() as u64, "failed and are to be asked again"),
    ] {
        if n > 0 {
            eprintln!("{} {what}", count(n));
        }
    }
    if let Some(why) = first_failure {
        eprintln!("the first failure: {why}");
    }
    journal.back(answers, failed.into_iter().collect())
}

impl Back {
    fn line(&mut self, line: &[u8], work: &Work, journal: &Journal, texts: &BTreeMap<&str, &str>) {
        let line: Value = serde_json::from_slice(line).unwrap_or_default();
        let id = line["custom_id"].as_str().unwrap_or_default();
        let Some((key, number)) = Request::parse(id) else {
            self.n_foreign += 1;
            return;
        };
        let known = journal.known();
        let out = known.out(id).cloned();
        let is_known = known.answers(key).iter().any(|said| said.number == number) || self.seen.contains(id);
        if is_known {
            self.n_known += 1;
            return;
        }
        // What was written for an earlier sample is an answer, too, and paid for.
        let text = texts.get(key).copied();
        if out.is_none() && text.is_none() {
            self.n_foreign += 1;
            return;
        }
        let response = &line["response"];
        let is_answer = response["status_code"].as_u64().is_none_or(|status| (200..300).contains(&status));
        let reply = match is_answer && line["error"].is_null() {
            true => read_reply(response["body"].to_string().as_bytes()),
            false => Err(complaint(&line)
                .or_else(|| complaint(&response["body"]))
                .unwrap_or_else(|| "no reason is given".to_owned())),
        };
        match reply {
            Ok(reply) => {
                let text = text.unwrap_or_default();
                let request = Request::bare(key, number, text);
                let guess = (input_tokens(work, &request).ceil() as u64, n_tokens(&reply.text).ceil() as u64);
                let mut said = work.said(&request, reply, |_| guess);
                // A journal may serve several recipes.
                if let Some(batch) = out {
                    (said.prompt, said.model) = (batch.prompt.clone(), batch.model.clone());
                }
                self.seen.insert(id.to_owned());
                self.answers.push(said);
            }
            Err(why) => self.failed.push((id.to_owned(), shortened(&why, 300))),
        }
    }
}
