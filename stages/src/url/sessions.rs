//! Session ids in URLs: as query parameters, as path parameters (`;jsessionid=…`) and as path segments (ASP.NET).

use super::param_names::ParamNames;

/// Fewer digits may be a number that means something; session ids are hashes of 64 bits and more.
const MIN_HEX_DIGITS: usize = 16;

/// How session ids are told from other parameters.
pub(super) struct Sessions {
    /// Names that always carry one.
    pub always: ParamNames,
    /// Names that carry one when their value is a long hexadecimal number.
    pub when_hex: ParamNames,
}

impl Sessions {
    /// Whether `name=value` is a session id.
    pub(super) fn is_id(&self, pair: &str) -> bool {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let is_hex = || value.len() >= MIN_HEX_DIGITS && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.always.contains(name) || (self.when_hex.contains(name) && is_hex())
    }

    /// Appends `path` without path parameters that are session ids and without segments of cookieless ASP.NET.
    pub(super) fn strip_path(&self, path: &str, out: &mut String) {
        for (at, segment) in path.split('/').enumerate() {
            let before = out.len();
            if at > 0 {
                out.push('/');
            }
            let start = out.len();
            let mut parts = segment.split(';');
            out.push_str(parts.next().unwrap_or(""));
            for part in parts.filter(|part| !self.is_id(part)) {
                out.push(';');
                out.push_str(part);
            }
            // Only now, because a ticket may have stood before a path parameter.
            if is_aspnet(&out[start..]) {
                out.truncate(before);
            }
        }
    }
}

/// Whether a path segment is `(S(…))`: one or more of the tickets A, S and F in parentheses, as ASP.NET puts them into
/// the path for clients without cookies.
fn is_aspnet(segment: &str) -> bool {
    let inner = segment.strip_prefix('(').and_then(|segment| segment.strip_suffix(')'));
    let Some(mut rest) = inner.filter(|inner| !inner.is_empty()) else { return false };
    while !rest.is_empty() {
        let ticket = rest.strip_prefix(['A', 'S', 'F']).and_then(|rest| rest.strip_prefix('('));
        let Some((id, after)) = ticket.and_then(|ticket| ticket.split_once(')')) else { return false };
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
            return false;
        }
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> Sessions {
        Sessions { always: ParamNames::new(&["jsessionid".to_owned()]), when_hex: ParamNames::new(&["sid".to_owned()]) }
    }

    #[test]
    fn ids_are_told_by_name_or_by_value() {
        for (pair, is_id) in [
            ("JSESSIONID=1", true),
            ("jsessionid", true),
            ("sid=0123456789abcdefABCDEF", true),
            ("sid=0123456789abcde", false),
            ("sid=0123456789abcdeg", false),
            ("side=0123456789abcdef", false),
        ] {
            assert_eq!(sessions().is_id(pair), is_id, "{pair}");
        }
    }

    #[test]
    fn paths_lose_their_sessions_only() {
        for (path, expected) in [
            ("/a/b;jsessionid=7F.node1/c;v=1;sid=00112233445566778899", "/a/b/c;v=1"),
            ("/(S(lit3py55t21z5v55vlm25s55))/orders.aspx", "/orders.aspx"),
            ("/(A(x1)S(y2));jsessionid=1/", "/"),
            ("/(S())/(a)/()/(S(x)", "/(S())/(a)/()/(S(x)"),
            ("//a//", "//a//"),
        ] {
            let mut out = String::new();
            sessions().strip_path(path, &mut out);
            assert_eq!(out, expected);
        }
    }
}
