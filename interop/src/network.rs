//! Hosts with a network of their own: network namespaces of Linux, made and removed by a test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::atomic::{AtomicUsize, Ordering},
};

use crate::child::{Playing, program};

/// A network namespace; it is removed when the value is dropped.
#[derive(Debug)]
pub struct Host {
    name: String,
}

impl Host {
    /// Makes a host whose only interface is loopback, and that is down.
    ///
    /// # Panics
    ///
    /// When the system does not allow it: these tests need root and Debian's `iproute2`.
    #[must_use]
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let host = Self { name: format!("sockeye-{}-{number}", process::id()) };
        ip(&["netns", "add", &host.name]);
        host
    }

    /// Makes a host with loopback up.
    #[must_use]
    pub fn with_loopback() -> Self {
        let host = Self::new();
        host.ip(&["link", "set", "lo", "up"]);
        host
    }

    /// Makes two hosts with a cable between them, which each of them calls `eth0`.
    #[must_use]
    pub fn pair() -> (Self, Self) {
        let (left, right) = (Self::with_loopback(), Self::with_loopback());
        left.ip(&["link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", &right.name]);
        for (host, number) in [(&left, 1), (&right, 2)] {
            // Else an IPv6 address is of no use until the network was asked whether another host has it.
            host.command("sysctl").args(["-q", "net.ipv6.conf.eth0.accept_dad=0"]).status().expect("sysctl runs");
            host.ip(&["link", "set", "eth0", "up"]);
            host.ip(&["address", "add", &format!("10.17.4.{number}/24"), "dev", "eth0"]);
        }
        (left, right)
    }

    /// Gives the programs of the host a `resolv.conf` of its own, as `ip-netns(8)` has it.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub fn set_resolver(&self, text: &str) {
        let folder = self.configuration();
        fs::create_dir_all(&folder).expect("a folder for the host's own configuration");
        fs::write(folder.join("resolv.conf"), text).expect("a file in it");
    }

    fn configuration(&self) -> PathBuf {
        Path::new("/etc/netns").join(&self.name)
    }

    /// Runs `ip` on the host.
    pub fn ip(&self, arguments: &[&str]) {
        ip(&[&["-n", &self.name], arguments].concat());
    }

    /// A program that runs on the host.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        command_on(&self.name, program)
    }

    /// The name of the host, for [`command_on`] in a part of a test.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Starts a test of this program on the host, in a part that [`part`](crate::child::part) then tells.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn play(&self, test: &str, part: &str) -> Playing {
        Playing::start(self.command(&program()), test, part)
    }
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // What is left of it shows in `ip netns`; a test that fails must not fail twice.
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).status();
        let _ = fs::remove_dir_all(self.configuration());
    }
}

/// A program that runs on the host of this name.
#[must_use]
pub fn command_on(host: &str, program: &str) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", host, program]);
    command
}

fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status();
    let status = status.unwrap_or_else(|error| panic!("ip (Debian's iproute2) cannot be run: {error}"));
    assert!(status.success(), "ip {}: {status}; these tests need root", arguments.join(" "));
}
