//! The HTTP server of Python's standard library.

use crate::{Folder, Server};

/// A running `python3 -m http.server` that gives out a folder.
#[derive(Debug)]
pub struct Files {
    server: Server,
}

impl Files {
    /// Starts a server of this version of HTTP, `HTTP/1.0` or `HTTP/1.1`.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn start(protocol: &'static str) -> Self {
        let server = Server::start("http.server", Folder::new("http.server"), 1, move |command, folder, ports| {
            folder.write("files/.here", "");
            // Debian's Python, as in `setup`.
            command.args(["/usr/bin/python3", "-u", "-m", "http.server", &ports[0].to_string()]);
            command.args(["--bind", "127.0.0.1", "--protocol", protocol, "--directory", "files"]);
        });
        Self { server }
    }

    /// Writes a file that the server gives out.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        self.server.folder().write(&format!("files/{name}"), bytes);
    }

    /// Returns its URL, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port(0))
    }

    /// Returns what it has written.
    #[must_use]
    pub fn output(&self) -> String {
        self.server.output()
    }
}
