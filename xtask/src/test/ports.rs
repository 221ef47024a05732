//! Free ports on loopback, from a range that the system does not hand out by itself.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};

/// Below 32768, where Linux takes the ports of outgoing connections from: a port stays free while its server restarts.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// How far from each other two processes begin that were started one after the other.
const SPREAD: usize = 101;

/// Where the next search begins. Tiers get ready side by side, and a server binds its port some time after it was found.
static NEXT: Mutex<Option<usize>> = Mutex::new(None);

/// Ports that nobody listens on and that were not handed out before. Different processes begin to look at different
/// places.
///
/// # Errors
/// When there are not as many.
pub fn free<const N: usize>() -> Result<[u16; N]> {
    let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
    let start = next.unwrap_or(std::process::id() as usize * SPREAD);
    let candidates = (start..start + RANGE.len()).map(|at| (at, RANGE.start + (at % RANGE.len()) as u16));
    // Each stays bound until all are found.
    let is_free = |(at, port)| Some((at, port, TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?));
    let found: Vec<_> = candidates.filter_map(is_free).take(N).collect();
    *next = found.last().map(|(at, ..)| at + 1);
    let ports: Vec<u16> = found.iter().map(|(_, port, _)| *port).collect();
    ports.try_into().map_err(|_| Error::new(format!("not {N} free ports between {} and {}", RANGE.start, RANGE.end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_differ_and_no_port_is_handed_out_twice() {
        let [first, second, third] = free().unwrap();
        assert!(first != second && second != third && first != third);
        let again: [u16; 3] = free().unwrap();
        assert!(again.iter().all(|port| ![first, second, third].contains(port)));
        assert!([first, second, third].iter().chain(&again).all(|port| RANGE.contains(port)));
    }

    #[test]
    fn taken_ports_are_passed_over() {
        let [port] = free().unwrap();
        let next = RANGE.start + (port - RANGE.start + 1) % RANGE.len() as u16;
        // Should someone else have it, that is as good.
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, next));
        assert!(!free::<2>().unwrap().contains(&next));
    }
}
