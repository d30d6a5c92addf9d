//! The Python packages `httpbin` and `gunicorn`.

use crate::{Folder, Server, Shared, Slot, installed};

/// A running httpbin. It is written for tests of clients: most of its answers are the request, as JSON.
#[derive(Debug)]
pub struct Httpbin {
    server: Server,
}

impl Httpbin {
    /// Starts a server for one test alone.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        let program = installed("venv/bin/gunicorn");
        let server = Server::start("httpbin", Folder::new("httpbin"), 1, move |command, _, ports| {
            command.arg(&program).args(["--bind", &format!("127.0.0.1:{}", ports[0]), "--no-control-socket"]);
            // The other kinds of workers of gunicorn alone close every connection after its first response.
            command.args(["--worker-class", "gthread", "--threads", "32", "--keep-alive", "60", "httpbin:app"]);
        });
        Self { server }
    }

    /// Returns the server that all tests use.
    pub fn shared() -> Shared<Self> {
        static SLOT: Slot<Httpbin> = Slot::new();
        SLOT.get(Self::start)
    }

    /// Returns its URL, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port(0))
    }
}

impl AsRef<Server> for Httpbin {
    fn as_ref(&self) -> &Server {
        &self.server
    }
}
