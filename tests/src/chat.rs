//! A service that speaks `/v1/chat/completions`: it fails as it is told to, and remembers what it has sold to whom.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::http::Head;

/// How long a slow answer takes; tests wait less.
const SLOW: Duration = Duration::from_millis(1_500);

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mishap {
    /// A status, with `Retry-After` if it is 429, and a complaint that repeats the key.
    Status(u16),
    /// A good status, and a body that ends in the middle of the JSON.
    Malformed,
    /// An answer that comes too late.
    Slow,
    /// The connection is closed without an answer.
    Dropped,
    /// The connection is closed in the middle of the answer.
    Cut,
}

/// Says what goes wrong with the request of this name when it comes for the nth time, from 0.
pub type Plan = fn(&str, usize) -> Option<Mishap>;

/// Says what is answered to a conversation.
pub type Mind = fn(&[String]) -> String;

/// What the service has seen.
#[derive(Default)]
pub struct Books {
    /// How often a request of each name came.
    pub asked: BTreeMap<String, usize>,
    /// How often each was answered in full.
    pub sold: BTreeMap<String, usize>,
    /// The most that were under way at once.
    pub most_at_once: usize,
    /// What went wrong, and how often.
    pub mishaps: BTreeMap<Mishap, usize>,
    /// Values of `Authorization`.
    pub keys: Vec<String>,
    at_once: usize,
}

/// A running service; it ends with the test.
pub struct ChatServer {
    url: String,
    books: Arc<Mutex<Books>>,
    is_over: Arc<AtomicBool>,
}

impl ChatServer {
    /// Starts a service that takes so long for each answer.
    ///
    /// # Panics
    /// When there is no port.
    pub fn start(plan: Plan, mind: Mind, pace: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let (books, is_over) = (Arc::new(Mutex::new(Books::default())), Arc::new(AtomicBool::new(false)));
        let (shared, over) = (books.clone(), is_over.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let books = shared.clone();
                std::thread::spawn(move || {
                    // The other side may go away at any time.
                    let _ = serve(&stream, &books, plan, mind, pace);
                });
            }
        });
        Self { url, books, is_over }
    }

    /// The address for recipes.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it has seen so far.
    pub fn books(&self) -> MutexGuard<'_, Books> {
        open(&self.books)
    }
}

impl Drop for ChatServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.url.trim_start_matches("http://").trim_end_matches("/v1"));
    }
}

fn open(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a service answers to the body of a request: the same for single requests and for those of a batch.
pub fn answer(body: &Value, mind: Mind) -> Value {
    let messages: Vec<String> = body["messages"]
        .as_array()
        .map(|messages| messages.iter().map(|m| m["content"].as_str().unwrap_or_default().to_owned()).collect())
        .unwrap_or_default();
    let said = mind(&messages);
    let n_words = |text: &str| text.split_whitespace().count();
    let n_asked: usize = messages.iter().map(|message| n_words(message)).sum();
    json!({"id": "x", "object": "chat.completion", "model": format!("{}-2026", body["model"].as_str().unwrap_or_default()),
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}],
        "usage": {"prompt_tokens": n_asked, "completion_tokens": n_words(&said)}})
}

fn serve(stream: &TcpStream, books: &Mutex<Books>, plan: Plan, mind: Mind, pace: Duration) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(head) = Head::read(&mut reader)? {
        let body = head.body_of_request()?.read(&mut reader)?;
        let name = head.field("idempotency-key").unwrap_or_default().to_owned();
        let mishap = {
            let mut books = open(books);
            books.keys.extend(head.field("authorization").map(str::to_owned));
            books.at_once += 1;
            books.most_at_once = books.most_at_once.max(books.at_once);
            let n = books.asked.entry(name.clone()).or_default();
            *n += 1;
            let mishap = plan(&name, *n - 1);
            if let Some(mishap) = mishap {
                *books.mishaps.entry(mishap).or_default() += 1;
            }
            mishap
        };
        std::thread::sleep(pace);
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let (status, text) = match mishap {
            Some(Mishap::Status(status)) => {
                let key = head.field("authorization").unwrap_or_default();
                (status, json!({"error": {"message": format!("not now, {key}")}}).to_string())
            }
            _ => (200, answer(&body, mind).to_string()),
        };
        // Books first: who has read an answer may look into them at once, and who waits no longer is no longer there.
        let mut open = open(books);
        open.at_once -= 1;
        if mishap.is_none() {
            *open.sold.entry(name).or_default() += 1;
        }
        drop(open);
        if mishap == Some(Mishap::Slow) {
            std::thread::sleep(SLOW);
        }
        let half = text.len() / 2;
        let text = if mishap == Some(Mishap::Malformed) { &text[..half] } else { &text };
        let wait = if status == 429 { "Retry-After: 0.05\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{wait}Content-Length: {}\r\n\r\n",
            text.len()
        );
        let mut stream = stream;
        match mishap {
            Some(Mishap::Dropped) => return Ok(()),
            Some(Mishap::Cut) => return stream.write_all(format!("{head}{}", &text[..half]).as_bytes()),
            _ => stream.write_all(format!("{head}{text}").as_bytes())?,
        }
    }
    Ok(())
}
