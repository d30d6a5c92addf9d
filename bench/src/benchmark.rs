//! The list of what is measured: each benchmark with its contestants, ours first. An area has a file of its own.

mod ftp;
mod http;
mod idle;
mod memory;
mod messages;
mod packets;
mod selector;
mod tcp;
mod udp;

use std::net::SocketAddr;

pub use self::memory::{HELD, Holding, MEMORY_BENCHMARKS, MemoryBenchmark, MemoryContestant};
use crate::Result;
use crate::contestant::BULK;
use crate::session::Session;

/// One kind of work and everybody who does it. The first contestant is ours.
pub struct Benchmark {
    pub name: &'static str,
    pub title: &'static str,
    pub unit: Unit,
    pub threads: Threads,
    pub contestants: &'static [Contestant],
}

pub struct Contestant {
    pub name: &'static str,
    pub round: Round,
}

/// Where a round runs: in this program or in the C++ one, under the name it has there.
pub enum Round {
    Here(fn(Session) -> Result<()>),
    Sfml(&'static str),
    /// The same with a server at this address.
    Served(Server, fn(Session, SocketAddr) -> Result<()>),
    ServedSfml(Server, &'static str),
}

/// Whose program serves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Nginx,
    Vsftpd,
}

/// What a rate counts.
pub enum Unit {
    /// Operations of 64 KiB, shown as bytes.
    Bulk,
    /// Anything else, by its plural.
    Each(&'static str),
}

/// With two threads the number of system calls depends on who waits for whom, so it is counted for one thread only.
#[derive(PartialEq)]
pub enum Threads {
    One,
    Two,
}

/// All that are measured in rounds.
pub fn in_rounds() -> impl Iterator<Item = &'static Benchmark> {
    AREAS.iter().copied().flatten()
}

/// The areas in the order that they are measured in.
const AREAS: &[&[Benchmark]] = &[
    tcp::BENCHMARKS,
    udp::BENCHMARKS,
    selector::BENCHMARKS,
    idle::BENCHMARKS,
    packets::BENCHMARKS,
    http::BENCHMARKS,
    ftp::BENCHMARKS,
    messages::BENCHMARKS,
];

impl Unit {
    /// `rate` operations in a second, for people.
    pub fn show(&self, rate: f64) -> String {
        match self {
            Unit::Bulk => format!("{:.2} GB/s", rate * BULK as f64 / 1e9),
            Unit::Each(_) if rate >= 1e6 => format!("{:.2} M/s", rate / 1e6),
            Unit::Each("MiB") => format!("{:.0} MiB/s", rate),
            Unit::Each(_) => format!("{:.1} k/s", rate / 1e3),
        }
    }
}

impl Benchmark {
    /// The title with what its rates count.
    pub fn label(&self) -> String {
        match self.unit {
            Unit::Bulk => self.title.into(),
            Unit::Each(plural) => format!("{}: {plural}", self.title),
        }
    }
}

const fn here(name: &'static str, round: fn(Session) -> Result<()>) -> Contestant {
    Contestant { name, round: Round::Here(round) }
}

const fn sfml(round: &'static str) -> Contestant {
    Contestant { name: "SFML", round: Round::Sfml(round) }
}

const fn served(server: Server, name: &'static str, round: fn(Session, SocketAddr) -> Result<()>) -> Contestant {
    Contestant { name, round: Round::Served(server, round) }
}

const fn served_sfml(server: Server, round: &'static str) -> Contestant {
    Contestant { name: "SFML", round: Round::ServedSfml(server, round) }
}
