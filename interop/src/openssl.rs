//! `openssl s_server` and `openssl s_client` at the other end.

use std::process::{Command, Stdio};

use crate::Peer;

/// One of the two programs. Lines that it is told go to its peer, but for the commands `Q` (end), `R` (renegotiate) and
/// `K` (change the keys); what it says of the session and what it receives are lines, too.
#[derive(Debug)]
pub struct Openssl {
    peer: Peer,
}

impl Openssl {
    /// Starts a server on a free port; returns it with the port.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn server(arguments: &[&str]) -> (Self, u16) {
        let mut server = Self::start("s_server", &["-accept", "127.0.0.1:0"], arguments);
        let line = server.see("ACCEPT ");
        let port = line.rsplit(':').next().and_then(|port| port.parse().ok());
        (server, port.unwrap_or_else(|| panic!("s_server says {line:?}, and no port")))
    }

    /// Starts a client of the server on this port.
    ///
    /// # Panics
    ///
    /// When `openssl` is not there.
    #[must_use]
    pub fn client(port: u16, arguments: &[&str]) -> Self {
        Self::start("s_client", &["-connect", &format!("127.0.0.1:{port}")], arguments)
    }

    fn start(program: &str, first: &[&str], arguments: &[&str]) -> Self {
        let known = Command::new("openssl").arg("version").stdout(Stdio::null()).status();
        assert!(known.is_ok_and(|status| status.success()), "openssl is not installed: run interop/setup");
        // What it says of errors, in one stream with the rest.
        let mut command = Command::new("sh");
        command.args(["-c", "exec openssl \"$@\" 2>&1", "openssl", program]).args(first).args(arguments);
        Self { peer: Peer::start(program, &mut command) }
    }

    /// Has it do or send something.
    ///
    /// # Panics
    ///
    /// When it has ended.
    pub fn tell(&mut self, line: &str) {
        self.peer.tell(line);
    }

    /// Ends it without a word to its peer.
    ///
    /// # Panics
    ///
    /// When it has ended already.
    pub fn kill(self) {
        self.peer.kill();
    }

    /// Waits for a line with this text in it, and returns the line.
    ///
    /// # Panics
    ///
    /// When none comes in time, or it ends before.
    pub fn see(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        for _ in 0..MAX_LINES {
            let line = self.peer.answer();
            if line.contains(text) {
                return line;
            }
            seen.push(line);
        }
        panic!("no {text:?} in {seen:?}")
    }
}

/// It prints certificates, and in some tests what it has received.
const MAX_LINES: usize = 20_000;
