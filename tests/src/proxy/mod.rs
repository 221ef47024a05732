//! An S3 endpoint that fails now and then: a proxy that passes requests on unchanged, or does them some harm.

mod connection;
mod faults;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use faults::Fault;
pub use faults::Faults;

/// The most connections at a time, to clients and to the upstream; further ones are closed at once.
const MAX_CONNECTIONS: usize = 2048;

/// What is counted. `refused`: the upstream did not take the connection; `broken`: it broke off within an answer or
/// gave none; `malformed`: a client sent something that is not a request.
const COUNTED: [&str; 10] = [
    "requests",
    "slow_down",
    "internal_error",
    "reset_before",
    "lost_reply",
    "truncated",
    "delay",
    "refused",
    "broken",
    "malformed",
];

/// A proxy in front of an S3 endpoint, on a port of its own. It stops when this is dropped.
///
/// The `Host` field is passed on as the client wrote it, so signatures that cover it stay valid.
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

/// What all connections share.
struct Shared {
    upstream: String,
    faults: Faults,
    state: Mutex<State>,
}

struct State {
    counts: BTreeMap<&'static str, u64>,
    n_faults: u64,
    /// All open connections by number, so that they can be closed at the end.
    streams: BTreeMap<u64, TcpStream>,
    n_streams: u64,
    is_stopped: bool,
}

impl FaultProxy {
    /// A proxy in front of this endpoint, such as `http://127.0.0.1:20480`.
    ///
    /// # Panics
    /// When the faults are not probabilities, or there is no port.
    pub fn start(upstream: &str, faults: Faults) -> Self {
        faults.check();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let counts = COUNTED.iter().map(|name| (*name, 0)).collect();
        let state = State { counts, n_faults: 0, streams: BTreeMap::new(), n_streams: 0, is_stopped: false };
        let upstream = upstream.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let shared = Arc::new(Shared { upstream, faults, state: Mutex::new(state) });
        let accepting = Arc::clone(&shared);
        let listener = std::thread::spawn(move || accept(&listener, &accepting));
        Self { address, shared, listener: Some(listener) }
    }

    /// The address of the proxy as an endpoint.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests came and how often each fault happened; names that did not occur are there with 0.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.shared.state().counts.clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shared.state().is_stopped = true;
        // The listener looks at the flag after each connection.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        for stream in self.shared.state().streams.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.state().is_stopped {
            return;
        }
        let Ok(client) = client else { continue };
        let Some(tracked) = Tracked::new(shared, &client) else { continue };
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            connection::serve(&shared, client);
            drop(tracked);
        });
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, name: &'static str) {
        *self.state().counts.entry(name).or_default() += 1;
    }

    /// Counts a request, and draws its fault and whether it is delayed.
    fn draw(&self, method: &str, target: &str) -> (Option<Fault>, bool) {
        let mut state = self.state();
        let number = state.counts.entry("requests").or_default();
        let (fault, is_delayed) = self.faults.draw(*number, method, target);
        *number += 1;
        *state.counts.entry("delay").or_default() += u64::from(is_delayed);
        (fault, is_delayed)
    }

    /// Counts a fault unless there have been enough of them; whether it is to happen.
    fn strike(&self, fault: Fault) -> bool {
        let mut state = self.state();
        if self.faults.at_most.is_some_and(|most| state.n_faults >= most) {
            return false;
        }
        state.n_faults += 1;
        *state.counts.entry(fault.name()).or_default() += 1;
        true
    }
}

/// An open connection that is closed when the proxy stops.
struct Tracked {
    shared: Arc<Shared>,
    number: u64,
}

impl Tracked {
    /// `None` when the connection must not go on.
    fn new(shared: &Arc<Shared>, stream: &TcpStream) -> Option<Self> {
        let copy = stream.try_clone().ok()?;
        let mut state = shared.state();
        if state.is_stopped || state.streams.len() >= MAX_CONNECTIONS {
            return None;
        }
        let number = state.n_streams;
        state.n_streams += 1;
        state.streams.insert(number, copy);
        Some(Self { shared: Arc::clone(shared), number })
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.shared.state().streams.remove(&self.number);
    }
}
