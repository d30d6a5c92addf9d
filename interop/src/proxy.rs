//! Proxies: tinyproxy for HTTP, microsocks for SOCKS5.

use std::process::Command;

use crate::{Folder, Server, server::until};

/// The user that a proxy wants, and the password.
pub const LOGIN: (&str, &str) = ("anna", "sesame");

/// A running proxy.
#[derive(Debug)]
pub struct ProxyServer {
    server: Server,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Http,
    Socks,
}

/// Whom a proxy serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Everybody.
    Open,
    /// Who knows the [`LOGIN`].
    Locked,
}

impl ProxyServer {
    /// Starts tinyproxy.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn http(door: Door) -> Self {
        let server = Server::start("tinyproxy", Folder::new("tinyproxy"), 1, move |command, folder, ports| {
            let port = ports[0];
            let mut text = format!(
                "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\nLogLevel Connect\nAllow 127.0.0.1\nViaProxyName \"tinyproxy\"\n"
            );
            if door == Door::Locked {
                text += &format!("BasicAuth {} {}\n", LOGIN.0, LOGIN.1);
            }
            command.args(["tinyproxy", "-d", "-c"]).arg(folder.write("tinyproxy.conf", text));
        });
        Self { server, kind: Kind::Http }
    }

    /// Starts microsocks.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn socks(door: Door) -> Self {
        let server = Server::start("microsocks", Folder::new("microsocks"), 1, move |command, _, ports| {
            command.args(["microsocks", "-i", "127.0.0.1", "-p", &ports[0].to_string()]);
            if door == Door::Locked {
                command.args(["-u", LOGIN.0, "-P", LOGIN.1]);
            }
        });
        Self { server, kind: Kind::Socks }
    }

    /// Returns its URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_with("")
    }

    /// Returns its URL with a user and a password.
    #[must_use]
    pub fn url_for(&self, (user, password): (&str, &str)) -> String {
        self.url_with(&format!("{user}:{password}@"))
    }

    /// Waits until the proxy says that it has connected to a target so many times; returns how often that is.
    ///
    /// # Panics
    ///
    /// When it does not say so.
    pub fn wait_for_connections(&self, target: &str, count: usize) -> usize {
        until(&format!("{count} connections of the proxy to {target}"), || {
            let found = self.connections(target);
            (found >= count).then_some(found)
        })
    }

    /// Returns how many connections to a target the proxy has told of.
    #[must_use]
    pub fn connections(&self, target: &str) -> usize {
        let said = self.server.output();
        match self.kind {
            Kind::Http => said.lines().filter(|line| line.contains("Request") && line.contains(target)).count(),
            Kind::Socks => said.lines().filter(|line| line.contains("connected to") && line.ends_with(target)).count(),
        }
    }

    fn url_with(&self, login: &str) -> String {
        let scheme = match self.kind {
            Kind::Http => "http",
            Kind::Socks => "socks5",
        };
        format!("{scheme}://{login}127.0.0.1:{}", self.server.port(0))
    }
}

/// Takes the proxies of the user out of the environment of a program.
pub(crate) fn without_proxies(command: &mut Command) {
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
}
