//! Asking: many requests at once, patience with a service that fails, and an end when it makes no sense to go on.

use super::cost::{Budget, Reserved, input_tokens};
use super::journal::{Journal, Refused, Said};
use super::request::{Reply, Request, Work, complaint, read_reply};
use super::watch::Watch;
use crate::failure::Failure;
use crate::output::shortened;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokenmill_classifiers::annotate::estimate::n_tokens;
use tokenmill_core::hash::hash64;
use tokenmill_store::{Poster, StoreError, post, retry};

/// Bytes of an answer that are read.
const MAX_ANSWER: u64 = 4 << 20;

/// The longest pause of our own, and the longest that a service may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_ASKED_FOR: Duration = Duration::from_secs(600);

/// How often somebody who waits looks whether all is over.
const GLANCE: Duration = Duration::from_millis(100);

/// Refusals before the first answer after which the fault is not the documents'.
const MAX_FIRST_REFUSALS: usize = 3;

/// Refusals in a row, or as many as are asked at once, after which it is not the documents' either.
const MAX_REFUSALS: usize = 20;

/// Answers of which none can be read, after which more are not bought.
const MAX_FIRST_UNREADABLE: usize = 20;

/// What became of the requests.
#[derive(Default)]
pub struct Tally {
    /// Answers that were kept.
    pub n_answers: usize,
    /// Requests that were sent again.
    pub n_again: usize,
    /// Documents that the service will not answer about, with its words about the first.
    pub refused: (usize, String),
    /// Documents that were given up for now, with the reason for the last.
    pub given_up: (usize, String),
    /// Whether the money was spent.
    pub is_spent: bool,
    /// What ended it before its time.
    pub fatal: Option<Failure>,
    n_in_vain: usize,
    n_under_way: usize,
    /// Whether there is an answer to this prompt by this model, of this or an earlier run.
    has_answer: bool,
    has_readable: bool,
    n_unreadable: usize,
    /// Refusals after which nothing that was answered has been sent: an answer to a later request, or the end, shows them to
    /// be about the documents.
    unsure: Vec<Refused>,
}

/// How one request ended.
enum Outcome {
    Answer(Reply),
    Refused(String),
    GaveUp(String),
    Fatal(Failure),
    Stopped,
}

struct Asking<'a> {
    work: &'a Work,
    journal: &'a Journal,
    key: Option<String>,
    url: String,
    poster: Poster,
    budget: Budget,
    watch: Watch,
    /// Nobody asks before this moment.
    not_before: Mutex<Instant>,
    is_over: AtomicBool,
    tally: Mutex<Tally>,
}

/// Asks all requests, keeps every answer, and says what became of them.
///
/// # Errors
/// When the key is not there. What ends it later is in the tally.
pub fn ask(work: &Work, journal: &Journal, requests: Vec<Request<'_>>) -> Result<Tally, Failure> {
    // Before the budget, which holds the journal's lock until the end of its statement.
    let tally = Tally::new(work, journal);
    let asking = Asking {
        work,
        journal,
        key: work.recipe.key()?,
        url: work.recipe.address(),
        poster: Poster::new(work.recipe.timeout(), MAX_ANSWER),
        budget: Budget::new(work, &journal.known()),
        watch: Watch::new(requests.len() as u64),
        not_before: Mutex::new(Instant::now()),
        is_over: AtomicBool::new(false),
        tally: Mutex::new(tally),
    };
    let (n, next) = (requests.len(), AtomicUsize::new(0));
    let slots: Vec<Mutex<Option<Request<'_>>>> =
        requests.into_iter().map(|request| Mutex::new(Some(request))).collect();
    std::thread::scope(|scope| {
        for _ in 0..work.recipe.endpoint.concurrency.min(n) {
            scope.spawn(|| {
                while !asking.is_over.load(Ordering::Relaxed) {
                    let Some(slot) = slots.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                    let request = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
                    if let Some(request) = request {
                        asking.one(request);
                    }
                }
            });
        }
    });
    eprintln!("{}", asking.watch.end());
    let mut tally = asking.tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    if tally.fatal.is_none() && tally.has_answer {
        journal.refused(std::mem::take(&mut tally.unsure))?;
    } else if tally.fatal.is_none() && tally.refused.0 > 0 && tally.given_up.0 == 0 {
        tally.fatal = Some(refuses_all(&asking.url, &tally.refused.1));
    }
    Ok(tally)
}

impl Tally {
    fn new(work: &Work, journal: &Journal) -> Tally {
        let known = journal.known();
        let (n, has_readable) = (known.all().count(), known.all().any(|said| work.read(said).is_ok()));
        Tally { has_answer: n > 0, has_readable, n_unreadable: n, ..Tally::default() }
    }

    /// Takes those of the first `n_refused` refusals that were unsure: what was sent after them has been answered.
    fn sure(&mut self, n_refused: usize) -> Vec<Refused> {
        let n_later = self.refused.0 - n_refused;
        let n_sure = self.unsure.len().saturating_sub(n_later);
        self.unsure.drain(..n_sure).collect()
    }

    /// Whether the service seems to refuse everything.
    fn is_in_doubt(&self) -> bool {
        !self.has_answer && self.refused.0 >= MAX_FIRST_REFUSALS
    }
}

impl Asking<'_> {
    /// Asks about a document until there is a readable answer, or enough of others.
    fn one(&self, mut request: Request<'_>) {
        loop {
            let most = self.budget.most(self.work, &request);
            if !self.reserve(most) {
                return;
            }
            let Some(n_refused) = self.begin() else {
                self.budget.settle(most, None);
                return;
            };
            let outcome = self.insist(&request);
            let Outcome::Answer(reply) = outcome else {
                let spent = self.budget.settle(most, None);
                if !matches!(outcome, Outcome::Stopped) {
                    self.watch.done(spent);
                }
                return self.failed(outcome, &request);
            };
            let said = self.work.said(&request, reply, |reply| {
                (input_tokens(self.work, &request).ceil() as u64, n_tokens(&reply.text).ceil() as u64)
            });
            let spent = self.budget.settle(most, Some((said.input, said.output)));
            let Some(again) = self.keep(said, request, n_refused) else { return self.watch.done(spent) };
            request = again;
        }
    }

    /// Reserves what a request may cost; false when all is over.
    fn reserve(&self, most: f64) -> bool {
        while !self.is_over.load(Ordering::Relaxed) {
            match self.budget.reserve(most) {
                Reserved::Yes => return true,
                Reserved::Later => retry::wait(GLANCE),
                Reserved::Never => {
                    self.tally().is_spent = true;
                    self.is_over.store(true, Ordering::Relaxed);
                }
            }
        }
        false
    }

    /// Counts a request as under way, and says how many refusals it comes after; none when all is over. While the service
    /// seems to refuse everything, those under way are waited for.
    fn begin(&self) -> Option<usize> {
        while !self.is_over.load(Ordering::Relaxed) {
            let mut tally = self.tally();
            if !tally.is_in_doubt() || tally.n_under_way == 0 {
                tally.n_under_way += 1;
                return Some(tally.refused.0);
            }
            drop(tally);
            retry::wait(GLANCE);
        }
        None
    }

    /// Keeps an answer to what was sent after `n_refused` refusals, and says what is to be asked next about the same document.
    fn keep<'r>(&self, said: Said, request: Request<'r>, n_refused: usize) -> Option<Request<'r>> {
        let is_readable = self.work.read(&said).is_ok();
        let kept = self.journal.answer(said).and_then(|()| {
            let sure = self.tally().sure(n_refused);
            self.journal.refused(sure)
        });
        if let Err(failure) = kept {
            self.failed(Outcome::Fatal(failure), &request);
            return None;
        }
        let mut tally = self.tally();
        (tally.n_answers, tally.n_in_vain, tally.has_answer) = (tally.n_answers + 1, 0, true);
        tally.n_under_way -= 1;
        tally.has_readable |= is_readable;
        tally.n_unreadable += 1;
        if !tally.has_readable && tally.n_unreadable >= MAX_FIRST_UNREADABLE {
            self.is_over.store(true, Ordering::Relaxed);
            let what = format!("none of the first {} answers can be read", tally.n_unreadable);
            let failure = Failure::usage(what).hint(format!(
                "see them with `tokenmill inspect labels {} --unreadable`: the model may think longer than `request.max_tokens` lets it",
                self.work.recipe.labels.output
            ));
            tally.fatal.get_or_insert(failure);
        }
        drop(tally);
        let known = self.journal.known();
        request.after(self.work, known.answers(request.key))
    }

    fn failed(&self, outcome: Outcome, request: &Request<'_>) {
        let mut tally = self.tally();
        tally.n_under_way -= 1;
        let mut fatal = match outcome {
            Outcome::Answer(_) | Outcome::Stopped => None,
            Outcome::Refused(why) => {
                tally.refused.0 += 1;
                if tally.refused.1.is_empty() {
                    tally.refused.1.clone_from(&why);
                }
                let n_most = self.work.recipe.endpoint.concurrency.max(MAX_REFUSALS);
                let what = format!("`{}` has refused {n_most} requests in a row: {why}", self.url);
                tally.unsure.push(Refused { key: request.key.to_owned(), number: request.number, why });
                (tally.unsure.len() >= n_most).then(|| {
                    Failure::usage(what).hint(
                        "that is not about the documents: see the key, the account, `endpoint.model` and `[request]`; none of these \
                         refusals is kept",
                    )
                })
            }
            Outcome::GaveUp(why) => {
                (tally.n_in_vain, tally.given_up.0) = (tally.n_in_vain + 1, tally.given_up.0 + 1);
                tally.given_up.1 = why;
                // With so many in a row, it is not about the documents.
                if tally.n_in_vain >= self.work.recipe.endpoint.concurrency.max(3) {
                    self.is_over.store(true, Ordering::Relaxed);
                }
                None
            }
            Outcome::Fatal(failure) => Some(failure),
        };
        if tally.is_in_doubt() && tally.n_under_way == 0 {
            fatal.get_or_insert(refuses_all(&self.url, &tally.refused.1));
        }
        if fatal.is_some() {
            self.is_over.store(true, Ordering::Relaxed);
            tally.fatal = tally.fatal.take().or(fatal);
        }
    }

    /// Sends a request until it is answered, refused, or has failed too often.
    fn insist(&self, request: &Request<'_>) -> Outcome {
        let (id, body) = (request.id(), self.work.body(request).to_string());
        let endpoint = &self.work.recipe.endpoint;
        let bearer = self.key.as_ref().map(|key| format!("Bearer {key}"));
        // A service that knows this header answers a repeated request without selling it again.
        let mut headers = vec![("Idempotency-Key", id.as_str())];
        headers.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
        let mut pause = Duration::from_secs_f64(endpoint.first_pause_seconds);
        let mut n_left = endpoint.retries;
        loop {
            if !self.wait_for_turn() {
                return Outcome::Stopped;
            }
            let (why, asked_for) = match self.poster.json(&self.url, &headers, body.as_bytes()) {
                Ok(answer) => match self.judge(&answer) {
                    Ok(why) => (why, answer.retry_after),
                    Err(outcome) => return outcome,
                },
                Err(error) if error.is_transient() => (error.to_string(), None),
                Err(StoreError::Refused { what, .. }) => {
                    let failure = Failure::usage(self.without_key(what));
                    return Outcome::Fatal(failure.hint("see `endpoint.url`, and that the key is one line"));
                }
                // An answer that is too long will be so again.
                Err(error) => return Outcome::Refused(self.without_key(error.to_string())),
            };
            if n_left == 0 {
                return Outcome::GaveUp(self.without_key(why));
            }
            n_left -= 1;
            self.tally().n_again += 1;
            // Between half and all of it, so that many do not come back at once; never sooner than the service wants.
            let share = 0.5 + 0.5 * (hash64(u64::from(n_left), id.as_bytes()) as f64 / 2f64.powi(64));
            let now = Instant::now();
            if let Some(asked_for) = asked_for {
                self.close_until(now + asked_for.min(LONGEST_ASKED_FOR));
            }
            self.sleep_until(now + pause.mul_f64(share));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The reason to ask again, or the end of the request.
    fn judge(&self, answer: &post::Answer) -> Result<String, Outcome> {
        let url = &self.url;
        let said = || {
            let body = serde_json::from_slice(&answer.body).ok().and_then(|body| complaint(&body));
            let body = body.unwrap_or_else(|| String::from_utf8_lossy(&answer.body).into_owned());
            // First the key, then the length: half a key is known by nobody as one.
            format!("status {}: {}", answer.status, shortened(self.without_key(body).trim(), 300))
        };
        let fatal = |hint: &str| {
            Err(Outcome::Fatal(Failure::usage(format!("`{url}` will not answer: {}", said())).hint(hint.to_owned())))
        };
        match answer.status {
            200..=299 => match read_reply(&answer.body) {
                Ok(reply) => Err(Outcome::Answer(reply)),
                Err(why) => Ok(format!("`{url}` has answered, but {why}")),
            },
            429 if is_out_of_money(&answer.body) => {
                fatal("the account has no money left; what has been answered is kept")
            }
            408 | 409 | 425 | 429 | 500..=599 => Ok(said()),
            // About this document: too long, or something that the service does not like to read.
            400 | 413 | 422 => Err(Outcome::Refused(said())),
            // Some services refuse texts so; a key that was good a moment ago may also have been withdrawn.
            403 if self.tally().has_answer => Err(Outcome::Refused(said())),
            401 | 403 if self.key.is_none() => {
                fatal("it wants a key: name the variable that holds it in `endpoint.key_env`")
            }
            401 | 403 => {
                fatal("see that the key in the variable of `endpoint.key_env` is the right one for this model")
            }
            402 => fatal("the account has no money left; what has been answered is kept"),
            404 => fatal("see `endpoint.url`, to which `/chat/completions` is added, and `endpoint.model`"),
            300..=399 => {
                fatal("it sends us elsewhere, where the key shall not go: give its new address as `endpoint.url`")
            }
            _ => fatal("see `endpoint.url` and `[request]`"),
        }
    }

    /// A service may repeat the key that it refuses.
    fn without_key(&self, text: String) -> String {
        self.key.as_ref().map_or(text.clone(), |key| text.replace(key.as_str(), "…"))
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets nobody ask before a moment.
    fn close_until(&self, moment: Instant) {
        let mut not_before = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        *not_before = moment.max(*not_before);
    }

    /// Waits until asking is allowed; false when all is over.
    fn wait_for_turn(&self) -> bool {
        while !self.is_over.load(Ordering::Relaxed) {
            let moment = *self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
            if moment <= Instant::now() {
                return true;
            }
            // Meanwhile somebody may have been told to wait longer.
            self.sleep_until(moment);
        }
        false
    }

    fn sleep_until(&self, moment: Instant) {
        loop {
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() || self.is_over.load(Ordering::Relaxed) {
                return;
            }
            retry::wait(left.min(GLANCE));
        }
    }
}

fn refuses_all(url: &str, why: &str) -> Failure {
    Failure::usage(format!("`{url}` refuses all requests: {why}"))
        .hint("see the request with `--dry-run`: the service may not know the model or a field of `[request]`")
}

/// Whether a service that says "too many requests" means the money (OpenAI does).
fn is_out_of_money(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    ["code", "type"].iter().any(|name| body["error"][*name] == "insufficient_quota")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_requests_are_not_too_little_money() {
        for (body, expected) in [
            (r#"{"error":{"code":"insufficient_quota"}}"#, true),
            (r#"{"error":{"type":"insufficient_quota","code":null}}"#, true),
            (r#"{"error":{"code":"rate_limit_exceeded","message":"insufficient_quota"}}"#, false),
            ("slow down", false),
        ] {
            assert_eq!(is_out_of_money(body.as_bytes()), expected, "{body}");
        }
    }
}
