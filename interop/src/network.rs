//! Hosts with a network of their own: network namespaces of Linux, made and removed by a test.

use std::{
    env,
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

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

    /// Runs `ip` on the host.
    pub fn ip(&self, arguments: &[&str]) {
        ip(&[&["-n", &self.name], arguments].concat());
    }

    /// A program that runs on the host.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// Starts a test of this program on the host, in a part that [`part`] then tells.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn play(&self, test: &str, part: &str) -> Playing {
        let program = env::current_exe().expect("a program knows where it is");
        let mut command = self.command(program.to_str().expect("the path is text"));
        command.args([test, "--exact", "--nocapture"]).env(PART, part).stdout(Stdio::piped());
        Playing { part: part.to_owned(), process: command.spawn().expect("the program starts again") }
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
    }
}

/// A part of a test that runs on a host.
#[derive(Debug)]
pub struct Playing {
    part: String,
    process: Child,
}

impl Playing {
    /// Waits until the part has ended.
    ///
    /// # Panics
    ///
    /// When it failed, or was never there.
    pub fn join(self) {
        let output = self.process.wait_with_output().expect("a child can be waited for");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains(DONE), "{}: {}\n{text}", self.part, output.status);
    }
}

/// Runs a part of a test, if this process was started for one; tells whether it was.
pub fn part(play: impl FnOnce(&str)) -> bool {
    let Ok(part) = env::var(PART) else { return false };
    play(&part);
    // Without it a part that does not exist would pass.
    println!("{DONE}");
    true
}

fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status();
    let status = status.unwrap_or_else(|error| panic!("ip (Debian's iproute2) cannot be run: {error}"));
    assert!(status.success(), "ip {}: {status}; these tests need root", arguments.join(" "));
}

const PART: &str = "SOCKEYE_INTEROP_PART";
const DONE: &str = "the part was played to its end";
