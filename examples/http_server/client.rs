//! One client: requests in, answers out, and never a wait.

use std::time::Instant;

use sockeye::{Status, TcpSocket};

/// A connection, with what has arrived of a request and what has to go of an answer.
pub(crate) struct Client {
    pub(crate) socket: TcpSocket,
    pub(crate) heard: Instant,
    input: Vec<u8>,
    output: Vec<u8>,
    sent: usize,
    /// Bytes of the body that are not in the output yet: a long one never is as a whole.
    rest: usize,
    closes: bool,
}

impl Client {
    pub(crate) fn new(socket: TcpSocket) -> Self {
        let (input, output) = (Vec::new(), Vec::new());
        Self { socket, heard: Instant::now(), input, output, sent: 0, rest: 0, closes: false }
    }

    /// Whether it waits for room to send, and not for a request.
    pub(crate) fn is_sending(&self) -> bool {
        self.sent < self.output.len()
    }

    /// Goes on as far as it can without waiting, but not for long; `false` at the end.
    pub(crate) fn go_on(&mut self) -> bool {
        self.heard = Instant::now();
        let mut buffer = [0; 4096];
        match if self.is_sending() { Status::NotReady } else { self.socket.receive(&mut buffer) } {
            // The client closes once it has the last answer (RFC 9112 section 9.6).
            Status::Done(_) if self.closes => return true,
            Status::Done(count) => self.input.extend(buffer.iter().take(count)),
            Status::NotReady => {}
            Status::Disconnected | Status::Error(_) => return false,
        }
        loop {
            match self.socket.send(self.output.get(self.sent..).unwrap_or_default()) {
                Status::Done(count) => self.sent += count,
                Status::NotReady => return true,
                Status::Disconnected | Status::Error(_) => return false,
            }
            if !self.is_sending() && self.rest > 0 {
                self.output.clear();
                self.fill();
            }
            if self.is_sending() {
                return true;
            }
            if self.closes {
                return self.socket.shutdown_send().is_done();
            }
            let Some(end) = self.input.windows(4).position(|end| end == b"\r\n\r\n") else {
                return self.input.len() < MAX_HEAD;
            };
            let head: Vec<u8> = self.input.drain(..end + 4).collect();
            self.answer(&String::from_utf8_lossy(&head));
        }
    }

    fn answer(&mut self, head: &str) {
        let (line, fields) = head.split_once("\r\n").unwrap_or_default();
        let fields = fields.to_ascii_lowercase();
        let field = |name: &str| fields.lines().find_map(|line| Some(line.strip_prefix(name)?.trim()));
        let has_body = field("content-length:").or(field("transfer-encoding:")).is_some();
        let (status, length) = match line.split(' ').collect::<Vec<_>>()[..] {
            _ if has_body => ("413 Content Too Large", 0),
            ["GET" | "HEAD", path, "HTTP/1.1"] => page(path).map_or(("404 Not Found", 0), |length| ("200 OK", length)),
            _ => ("501 Not Implemented", 0),
        };
        self.closes = has_body || status.starts_with('5') || field("connection:") == Some("close");
        let last = if self.closes { "Connection: close\r\n" } else { "" };
        self.output = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{last}\r\n").into();
        self.rest = if line.starts_with("HEAD ") { 0 } else { length };
        self.fill();
    }

    /// Puts the next piece of the body behind what is in the output, of which nothing has gone.
    fn fill(&mut self) {
        self.sent = 0;
        let piece = self.rest.min(PIECE);
        self.rest -= piece;
        self.output.resize(self.output.len() + piece, b'.');
    }
}

/// How long the page at a path is: `/bytes/1000` is a thousand bytes.
fn page(path: &str) -> Option<usize> {
    path.strip_prefix("/bytes/")?.parse().ok()
}

const MAX_HEAD: usize = 8 * 1024;
const PIECE: usize = 256 * 1024;
