//! Free ports on loopback, from a range that the system does not hand out by itself.

use std::net::{Ipv4Addr, TcpListener};

use crate::error::{Error, Result};

/// Below 32768, where Linux takes the ports of outgoing connections from: a port stays free while its server restarts.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// Two ports that nobody listens on. Different processes begin to look at different places.
///
/// # Errors
/// When there are none.
pub fn two_free() -> Result<[u16; 2]> {
    let start = usize::from(RANGE.start) + std::process::id() as usize % RANGE.len();
    let candidates = (start..usize::from(RANGE.end)).chain(RANGE.start.into()..start);
    // Each stays bound until both are found, so that they differ.
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, u16::try_from(port).ok()?)).ok();
    let mut found = candidates.filter_map(bind).filter_map(|listener| Some((listener.local_addr().ok()?, listener)));
    match (found.next(), found.next()) {
        (Some((first, _)), Some((second, _))) => Ok([first.port(), second.port()]),
        _ => Err(Error::new(format!("no free ports between {} and {}", RANGE.start, RANGE.end))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_differ_and_taken_ones_are_passed_over() {
        let [first, second] = two_free().unwrap();
        assert_ne!(first, second);
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, first)).unwrap();
        assert!(!two_free().unwrap().contains(&first));
        assert!(RANGE.contains(&first) && RANGE.contains(&second));
    }
}
