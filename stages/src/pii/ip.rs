//! Addresses of the Internet Protocol that are public: those that lead to somebody's machine.

use super::site::Site;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Numbers of chapters stay below; four of them in an address are rare enough to ask for a word.
const MAX_CHAPTER: u8 = 25;

/// End of the public IPv4 address whose first digit stands here.
pub(super) fn v4(site: &Site<'_>, start: usize) -> Option<usize> {
    let mut octets = [0u8; 4];
    let mut at = start;
    for (n, octet) in octets.iter_mut().enumerate() {
        if n > 0 {
            at += usize::from(site.byte(at) == b'.');
        }
        let first = at;
        let mut value = 0u32;
        while at < first + 3 && site.byte(at).is_ascii_digit() {
            value = value * 10 + u32::from(site.byte(at) - b'0');
            at += 1;
        }
        let has_zero = at - first > 1 && site.byte(first) == b'0';
        if at == first || has_zero || (n > 0 && site.byte(first - 1) != b'.') {
            return None;
        }
        *octet = u8::try_from(value).ok()?;
    }
    let address = Ipv4Addr::from(octets);
    let fits = is_public(address) && opens(site, start) && closes(site, at);
    let is_chapter = || octets.iter().all(|octet| *octet < MAX_CHAPTER) && !site.clues(start).host();
    // The last number of a host is seldom 0.
    let is_net = octets[3] == 0 && !site.clues(start).host();
    (fits && !is_net && !is_chapter() && !site.clues(start).version()).then_some(at)
}

/// Whether an address may start here: not in a longer number, nor behind a product, as in `Chrome/91.0.4472.124`.
fn opens(site: &Site<'_>, start: usize) -> bool {
    let before = site.byte_before(start);
    let is_product = before == b'/' && start >= 2 && site.byte(start - 2) != b'/';
    let behind = site.byte(start.saturating_sub(2));
    let joined = (matches!(before, b'.' | b',') && behind.is_ascii_alphanumeric())
        || (before == b'-' && behind.is_ascii_alphabetic());
    site.opens(start) && !is_product && !joined
}

fn closes(site: &Site<'_>, end: usize) -> bool {
    let joined = matches!(site.byte(end), b'.' | b'-') && site.byte(end + 1).is_ascii_alphanumeric();
    // A full stop without a space may follow, but not one more number.
    let is_range = site.byte(end) == b'-' && site.byte(end + 1).is_ascii_digit();
    site.closes(end) && (!joined || is_range || (site.byte(end) == b'.' && site.byte(end + 1).is_ascii_uppercase()))
}

/// Unicast addresses that no registry has set apart (IANA IPv4 Special-Purpose Address Registry, RFC 6890).
fn is_public(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!((a, b, c), (0 | 10 | 127 | 224.., ..) | (100, 64..=127, _) | (169, 254, _) | (172, 16..=31, _))
        && !matches!((a, b, c), (192, 0, 0 | 2) | (192, 88, 99) | (192, 168, _) | (198, 18..=19, _))
        && !matches!((a, b, c), (198, 51, 100) | (203, 0, 113))
}

/// The public IPv6 address that holds the digit at a place.
pub(super) fn v6(site: &Site<'_>, digit: usize) -> Option<(usize, usize)> {
    /// Bytes of the longest spelling.
    const MAX: usize = 39;
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':';
    let before = site.slice(digit.saturating_sub(MAX), digit).iter().rev().take_while(|byte| is_part(byte)).count();
    let colons = site.slice(digit - before, digit).iter().take_while(|byte| **byte == b':').count();
    // A colon before it belongs to the sentence.
    let start = digit - before + colons % 2;
    if !site.opens(start) || site.byte_before(start) == b'.' {
        return None;
    }
    let window = site.slice(start, start + MAX + 1);
    let mut len = window.iter().position(|byte| !is_part(byte)).unwrap_or(window.len());
    if len > MAX || window.get(..len)?.iter().filter(|byte| **byte == b':').count() < 2 {
        return None;
    }
    // A colon at the end belongs to the sentence, unless it is one of two.
    if window[..len].ends_with(b":") && !window[..len].ends_with(b"::") {
        len -= 1;
    }
    let address: Ipv6Addr = str::from_utf8(&window[..len]).ok()?.parse().ok()?;
    // What is cut short must be in use, because words of programs look alike: `ace::b2`.
    let is_whole = memchr::memmem::find(&window[..len], b"::").is_none();
    let fits = is_public_v6(address) && (is_whole || address.segments()[0] & 0xe000 == 0x2000);
    (fits && site.closes(start + len)).then_some((start, start + len))
}

/// Unicast addresses that no registry has set apart (IANA IPv6 Special-Purpose Address Registry).
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    !matches!(a, 0..0x200 | 0x5f00 | 0xfc00..)
        && !matches!((a, b), (0x2001, 0..0x200 | 0xdb8) | (0x3fff, 0..0x1000) | (0x64, 0xff9b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pii::tests::assert_finds;

    #[test]
    fn addresses_are_found_wherever_they_stand() {
        assert_finds(
            "ip",
            "",
            &[
                "⟦81.2.69.142⟧",
                "from ⟦81.2.69.142⟧, port 80",
                "http://⟦81.2.69.142⟧:8080/x and ⟦81.2.69.142⟧/24",
                "(⟦81.2.69.142⟧) “⟦81.2.69.143⟧”",
                "in the log: ⟦81.2.69.142⟧. ⟦81.2.69.142⟧.Then",
                "地址⟦81.2.69.142⟧是",
                "'root'@'⟦81.2.69.142⟧'",
                "⟦81.2.69.1⟧-⟦81.2.69.9⟧",
                "server ⟦2.3.4.5⟧ is down; IP: ⟦1.1.1.1⟧",
                "⟦2a00:1450:4001:81b::200e⟧ and [⟦2607:f8b0:4005:805::200e⟧]:443",
                "host:⟦2600:1:2:3:4:5:6:7⟧: up. ⟦face:b00c:1:2:3:4:5:6⟧ ⟦2a00:1450::⟧",
            ],
        );
    }

    #[test]
    fn other_numbers_are_left() {
        assert_finds(
            "ip",
            "",
            &[
                "10.1.2.3 127.0.0.1 192.168.1.1 172.20.1.1 169.254.1.1 100.100.1.1 224.0.0.251 255.255.255.0 0.0.0.0",
                "192.0.2.1 198.51.100.7 203.0.113.9 198.18.0.1",
                "81.2.69.256 81.2.69 81.2.69.142.7 081.2.69.142 7.81.2.69.142 x81.2.69.142 81.2.69.142x",
                "version 81.2.69.142, v81.2.69.142, Chrome/91.0.4472.124, firmware 91.0.44.124",
                "2.3.1.4 Scope of this chapter, 81.2.69.0",
                "fe80::1 ::1 2001:db8::1 fd00::1 20:30:45 2001:0:1::5",
                "std::vec2 ace::b2 ace2::b2 3:4:5 3:4:5:6:7:8:9:10 12:30:45 3a:b2:5e:b6:01:02",
            ],
        );
    }

    #[test]
    fn the_registry_is_followed() {
        for (address, public) in [
            ("9.255.255.255", true),
            ("11.0.0.0", true),
            ("100.63.255.255", true),
            ("100.128.0.0", true),
            ("172.15.0.1", true),
            ("172.32.0.1", true),
            ("192.0.1.1", true),
            ("198.17.255.255", true),
            ("198.20.0.0", true),
            ("223.255.255.255", true),
            ("240.0.0.1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }
}
