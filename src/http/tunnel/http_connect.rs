//! The `CONNECT` method (RFC 9110 section 9.3.6): no I/O.

use super::{Negotiation, Step};
use crate::{
    error::{Error, Limit, Result},
    http::proxy::Credentials,
};

/// A request for a tunnel and its answer.
#[derive(Debug)]
pub(in crate::http) struct HttpConnect {
    request: Option<Vec<u8>>,
    head: Vec<u8>,
    /// Bytes of all heads, those of interim responses included.
    received: usize,
}

impl HttpConnect {
    pub(in crate::http) fn new(host: &str, port: u16, credentials: Option<&Credentials>) -> Result<Self> {
        if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::invalid_input(host, "a host name of visible ASCII characters"));
        }
        let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        if let Some(credentials) = credentials {
            let value = credentials.basic()?;
            request.extend(["Proxy-Authorization: ", &value, "\r\n"]);
        }
        request.push_str("\r\n");
        Ok(Self { request: Some(request.into_bytes()), head: Vec::new(), received: 0 })
    }

    /// Judges a whole head; an interim response is followed by another.
    fn judge(&mut self) -> Result<Step> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let malformed = Error::Malformed { expected: "a response head of the proxy" };
        match response.parse(&self.head) {
            Ok(httparse::Status::Complete(length)) if length == self.head.len() => {}
            Err(httparse::Error::TooManyHeaders) => {
                return Err(Error::TooMany { what: Limit::Fields, limit: MAX_FIELDS as u64 });
            }
            _ => return Err(malformed),
        }
        match response.code {
            Some(200..=299) => Ok(Step::Done),
            Some(100..=199) => {
                self.head.clear();
                self.next()
            }
            Some(code @ 300..=999) => Err(refused(code, response.reason.unwrap_or_default())),
            _ => Err(malformed),
        }
    }
}

impl Negotiation for HttpConnect {
    fn next(&mut self) -> Result<Step> {
        if let Some(request) = self.request.take() {
            return Ok(Step::Send(request));
        }
        if self.head.ends_with(b"\n\r\n") || self.head.ends_with(b"\n\n") {
            return self.judge();
        }
        if self.received >= HEAD_LIMIT {
            let limit = HEAD_LIMIT as u64;
            return Err(Error::TooLong { what: Limit::Head, length: limit.saturating_add(1), limit });
        }
        // The end is a line end and an empty line behind it. No byte behind that may be taken: it is the target's.
        let is_near = self.head.last().is_some_and(|last| matches!(last, b'\n' | b'\r'));
        let wanted = if is_near { 1 } else { SURELY_MISSING };
        Ok(Step::Receive(wanted.min(HEAD_LIMIT.saturating_sub(self.received))))
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.received = self.received.saturating_add(bytes.len());
        self.head.extend_from_slice(bytes);
    }
}

fn refused(code: u16, reason: &str) -> Error {
    let reason: String = reason.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect();
    let text = if reason.is_empty() { "(the proxy)".to_owned() } else { format!("{reason} (the proxy)") };
    Error::PeerRefused { code, text: text.into() }
}

/// The shortest end of a head that does not end in a part of it: two line feeds.
const SURELY_MISSING: usize = 2;
/// As for every head; what a proxy says of a tunnel is far shorter.
pub(super) const HEAD_LIMIT: usize = 64 * 1024;
pub(super) const MAX_FIELDS: usize = 128;
/// A reason is for a line of an error, not for a page.
const MAX_REASON: usize = 200;
