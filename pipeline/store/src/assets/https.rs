//! Downloads over https, with the certificates and proxies of the machine.

use super::member;
use std::io::Write;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// How long to wait for a connection or for the next bytes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Copies the body of `url` into `sink`, which has the limit.
pub(super) fn download(url: &str, sink: &mut dyn Write) -> Result<(), String> {
    get(&agent(true), url, sink)
}

/// An agent with the certificates and proxies of the machine.
pub(crate) fn agent(https_only: bool) -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = Agent::config_builder().tls_config(tls).https_only(https_only);
    let config = config.timeout_connect(Some(PATIENCE)).timeout_recv_response(Some(PATIENCE));
    config.timeout_per_read(Some(PATIENCE)).user_agent("tokenmill").build().new_agent()
}

/// An agent for questions: so long for the whole of each, every status is an answer, and redirects are, too.
pub(crate) fn agent_for(timeout: Duration) -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = Agent::config_builder().tls_config(tls).http_status_as_error(false).max_redirects(0);
    let config = config.max_redirects_will_error(false).timeout_global(Some(timeout));
    // As many connections stay open as threads are likely to ask.
    config.max_idle_connections(256).max_idle_connections_per_host(256).user_agent("tokenmill").build().new_agent()
}

fn get(agent: &Agent, url: &str, sink: &mut dyn Write) -> Result<(), String> {
    let response = agent.get(url).call().map_err(|error| error.to_string())?;
    let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
    member::copy(&mut body, sink)
}

#[cfg(test)]
mod tests {
    use super::super::sink::Sink;
    use super::*;
    use std::io::Read;
    use std::net::TcpListener;

    /// Serves one response on the loopback interface and returns the address.
    fn serve(response: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/file", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(response.as_bytes()).unwrap();
        });
        address
    }

    fn fetch(response: &'static str, limit: u64) -> Result<u64, String> {
        let mut out = Vec::new();
        let mut sink = Sink::new(&mut out, limit, &|_| {});
        get(&agent(false), &serve(response), &mut sink).map(|()| sink.finish().0)
    }

    #[test]
    fn copies_a_body_up_to_the_limit() {
        const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
        assert_eq!(fetch(OK, 5), Ok(5));
        assert!(fetch(OK, 4).unwrap_err().contains("more than"));
    }

    #[test]
    fn errors_are_not_content() {
        assert!(fetch("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 9).unwrap_err().contains("404"));
        assert!(fetch("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhello", 99).is_err());
    }

    #[test]
    fn plain_http_is_refused() {
        assert!(download("http://127.0.0.1:9/x", &mut Vec::new()).is_err());
    }
}
