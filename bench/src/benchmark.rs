//! The list of what is measured: each benchmark with its contestants, ours first.

use std::net::SocketAddr;

use crate::Result;
use crate::contestant::BULK;
use crate::contestant::batch::{MmsgDatagrams, SegmentedDatagrams};
use crate::contestant::epoll::{EpollDatagramWatcher, EpollWatcher};
use crate::contestant::ftp::{OurFtp, RawFtp, Suppaftp};
use crate::contestant::http::{Libcurl, OurHttp, RawHttp, Ureq};
use crate::contestant::message_io::{MessageIoDatagrams, MessageIoFramed, MessageIoStream, MessageIoWatcher};
use crate::contestant::mio::{MioDatagrams, MioStream, MioWatcher};
use crate::contestant::ours::{
    OurBatches, OurDatagramWatcher, OurDatagrams, OurFramed, OurScan, OurStream, OurWatcher,
};
use crate::contestant::polling::{PollingDatagrams, PollingStream, PollingWatcher};
use crate::contestant::raw::{ConnectedDatagrams, RawDatagrams, RawFramed, RawStream};
use crate::session::Session;
use crate::workload::memory::Growth;
use crate::workload::{ftp, http, idle, memory, messages, tinyproto};
use crate::workload::{packets, selector, tcp, udp};

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

/// What a number of idle connections costs in bytes.
pub struct MemoryBenchmark {
    pub name: &'static str,
    pub title: &'static str,
    pub contestants: &'static [MemoryContestant],
}

pub struct MemoryContestant {
    pub name: &'static str,
    pub holding: Holding,
}

/// Where the connections are held.
pub enum Holding {
    Here(fn(usize) -> Result<Growth>),
    Sfml,
}

/// Connections of a memory benchmark.
pub const HELD: usize = 10_000;

pub const BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "tcp-bulk",
        title: "TCP bulk, 64 KiB",
        unit: Unit::Bulk,
        threads: Threads::One,
        contestants: &[
            here("ours", tcp::bulk::<OurStream>),
            here("std", tcp::bulk::<RawStream>),
            sfml("tcp-bulk"),
            here("mio", tcp::bulk::<MioStream>),
            here("polling", tcp::bulk::<PollingStream>),
            here("message-io", tcp::bulk::<MessageIoStream>),
        ],
    },
    Benchmark {
        name: "tcp-bulk-2t",
        title: "TCP bulk, 64 KiB, two threads",
        unit: Unit::Bulk,
        threads: Threads::Two,
        contestants: &[
            here("ours", tcp::bulk_beside::<OurStream>),
            here("std", tcp::bulk_beside::<RawStream>),
            sfml("tcp-bulk-2t"),
            here("mio", tcp::bulk_beside::<MioStream>),
            here("polling", tcp::bulk_beside::<PollingStream>),
            here("message-io", tcp::bulk_beside::<MessageIoStream>),
        ],
    },
    Benchmark {
        name: "tcp-ping-pong",
        title: "TCP ping-pong, 64 B",
        unit: Unit::Each("round trips"),
        threads: Threads::One,
        contestants: &[
            here("ours", tcp::ping_pong::<OurStream>),
            here("std", tcp::ping_pong::<RawStream>),
            sfml("tcp-ping-pong"),
            here("mio", tcp::ping_pong::<MioStream>),
            here("polling", tcp::ping_pong::<PollingStream>),
            here("message-io", tcp::ping_pong::<MessageIoStream>),
        ],
    },
    Benchmark {
        name: "tcp-ping-pong-2t",
        title: "TCP ping-pong, 64 B, two threads",
        unit: Unit::Each("round trips"),
        threads: Threads::Two,
        contestants: &[
            here("ours", tcp::ping_pong_beside::<OurStream>),
            here("std", tcp::ping_pong_beside::<RawStream>),
            sfml("tcp-ping-pong-2t"),
            here("mio", tcp::ping_pong_beside::<MioStream>),
            here("polling", tcp::ping_pong_beside::<PollingStream>),
            here("message-io", tcp::ping_pong_beside::<MessageIoStream>),
        ],
    },
    Benchmark {
        name: "udp-send",
        title: "UDP send, 64 B",
        unit: Unit::Each("datagrams"),
        threads: Threads::One,
        contestants: &[
            here("ours", udp::send::<OurDatagrams>),
            here("std", udp::send::<RawDatagrams>),
            here("std, connected", udp::send::<ConnectedDatagrams>),
            sfml("udp-send"),
            here("mio", udp::send::<MioDatagrams>),
            here("message-io", udp::send::<MessageIoDatagrams>),
        ],
    },
    Benchmark {
        name: "udp-ping-pong",
        title: "UDP ping-pong, 64 B",
        unit: Unit::Each("round trips"),
        threads: Threads::One,
        contestants: &[
            here("ours", udp::ping_pong::<OurDatagrams>),
            here("std", udp::ping_pong::<RawDatagrams>),
            here("std, connected", udp::ping_pong::<ConnectedDatagrams>),
            sfml("udp-ping-pong"),
            here("mio", udp::ping_pong::<MioDatagrams>),
            here("polling", udp::ping_pong::<PollingDatagrams>),
            here("message-io", udp::ping_pong::<MessageIoDatagrams>),
        ],
    },
    Benchmark {
        name: "udp-ping-pong-2t",
        title: "UDP ping-pong, 64 B, two threads",
        unit: Unit::Each("round trips"),
        threads: Threads::Two,
        contestants: &[
            here("ours", udp::ping_pong_beside::<OurDatagrams>),
            here("std", udp::ping_pong_beside::<RawDatagrams>),
            here("std, connected", udp::ping_pong_beside::<ConnectedDatagrams>),
            sfml("udp-ping-pong-2t"),
            here("mio", udp::ping_pong_beside::<MioDatagrams>),
            here("polling", udp::ping_pong_beside::<PollingDatagrams>),
            here("message-io", udp::ping_pong_beside::<MessageIoDatagrams>),
        ],
    },
    Benchmark {
        name: "udp-batch",
        title: "UDP send and receive in batches, 64 B",
        unit: Unit::Each("datagrams"),
        threads: Threads::One,
        contestants: &[
            here("ours", udp::bursts_batched::<OurBatches>),
            here("ours, one call each", udp::bursts_one_by_one::<OurDatagrams>),
            here("std, one call each", udp::bursts_one_by_one::<RawDatagrams>),
            sfml("udp-bursts"),
            here("message-io", udp::bursts_one_by_one::<MessageIoDatagrams>),
            here("sendmmsg + recvmmsg", udp::bursts_batched::<MmsgDatagrams>),
            here("GSO + GRO", udp::bursts_batched::<SegmentedDatagrams>),
        ],
    },
    Benchmark {
        name: "selector-10",
        title: "selector round, 10 sockets",
        unit: Unit::Each("rounds"),
        threads: Threads::One,
        contestants: &[
            here("ours", selector::round::<OurWatcher, 10>),
            here("epoll", selector::round::<EpollWatcher, 10>),
            here("mio", selector::round::<MioWatcher, 10>),
            here("polling", selector::round::<PollingWatcher, 10>),
            here("message-io", selector::round::<MessageIoWatcher, 10>),
            sfml("selector-10"),
        ],
    },
    Benchmark {
        name: "selector-100",
        title: "selector round, 100 sockets",
        unit: Unit::Each("rounds"),
        threads: Threads::One,
        contestants: &[
            here("ours", selector::round::<OurWatcher, 100>),
            here("epoll", selector::round::<EpollWatcher, 100>),
            here("mio", selector::round::<MioWatcher, 100>),
            here("polling", selector::round::<PollingWatcher, 100>),
            here("message-io", selector::round::<MessageIoWatcher, 100>),
            sfml("selector-100"),
        ],
    },
    Benchmark {
        name: "selector-1000",
        title: "selector round, 1,000 sockets",
        unit: Unit::Each("rounds"),
        threads: Threads::One,
        contestants: &[
            here("ours", selector::round::<OurWatcher, 1_000>),
            here("epoll", selector::round::<EpollWatcher, 1_000>),
            here("mio", selector::round::<MioWatcher, 1_000>),
            here("polling", selector::round::<PollingWatcher, 1_000>),
            here("message-io", selector::round::<MessageIoWatcher, 1_000>),
            sfml("selector-1000"),
        ],
    },
    Benchmark {
        name: "selector-9900",
        title: "selector round, 9,900 sockets",
        unit: Unit::Each("rounds"),
        threads: Threads::One,
        contestants: &[
            here("ours", selector::round::<OurWatcher, 9_900>),
            here("epoll", selector::round::<EpollWatcher, 9_900>),
            here("mio", selector::round::<MioWatcher, 9_900>),
            here("polling", selector::round::<PollingWatcher, 9_900>),
            here("message-io", selector::round::<MessageIoWatcher, 9_900>),
            here("ours, 10 sockets", selector::round::<OurWatcher, 10>),
        ],
    },
    Benchmark {
        name: "selector-udp-1000",
        title: "selector round, 1,000 UDP sockets",
        unit: Unit::Each("rounds"),
        threads: Threads::One,
        contestants: &[
            here("ours", selector::round::<OurDatagramWatcher, 1_000>),
            here("epoll", selector::round::<EpollDatagramWatcher, 1_000>),
            sfml("selector-udp-1000"),
        ],
    },
    Benchmark {
        name: "scan-1000",
        title: "selector round, 1,000 sockets, each asked",
        unit: Unit::Each("rounds"),
        threads: Threads::One,
        contestants: &[here("ours", selector::round::<OurScan, 1_000>), sfml("selector-1000")],
    },
    Benchmark {
        name: "find-1000",
        title: "wait and find, one of 1,000 sockets ready",
        unit: Unit::Each("waits"),
        threads: Threads::One,
        contestants: &[
            here("ours", idle::find_ours::<1_000>),
            here("epoll", idle::find_epoll::<1_000>),
            sfml("find-1000"),
        ],
    },
    Benchmark {
        name: "is-ready-10",
        title: "is_ready, 10 sockets",
        unit: Unit::Each("calls"),
        threads: Threads::One,
        contestants: &[here("ours", idle::is_ready_ours::<10>), sfml("is-ready-10")],
    },
    Benchmark {
        name: "is-ready-9900",
        title: "is_ready, 9,900 sockets",
        unit: Unit::Each("calls"),
        threads: Threads::One,
        contestants: &[
            here("ours", idle::is_ready_ours::<9_900>),
            here("ours, 10 sockets", idle::is_ready_ours::<10>),
            Contestant { name: "SFML, 1,000 sockets", round: Round::Sfml("is-ready-1000") },
        ],
    },
    Benchmark {
        name: "empty-tcp-receive",
        title: "TCP receive, nothing there",
        unit: Unit::Each("calls"),
        threads: Threads::One,
        contestants: &[
            here("ours", idle::tcp_receive_ours),
            here("std", idle::tcp_receive_std),
            sfml("empty-tcp-receive"),
            here("mio", idle::tcp_receive_mio),
        ],
    },
    Benchmark {
        name: "empty-udp-receive",
        title: "UDP receive, nothing there",
        unit: Unit::Each("calls"),
        threads: Threads::One,
        contestants: &[
            here("ours", idle::udp_receive_ours),
            here("std", idle::udp_receive_std),
            sfml("empty-udp-receive"),
            here("mio", idle::udp_receive_mio),
        ],
    },
    Benchmark {
        name: "empty-wait",
        title: "selector polled, nothing there",
        unit: Unit::Each("calls"),
        threads: Threads::One,
        contestants: &[
            here("ours", idle::wait_ours),
            here("epoll", idle::wait_epoll),
            here("mio", idle::wait_mio),
            here("polling", idle::wait_polling),
            Contestant { name: "SFML, limit of 1 us", round: Round::Sfml("empty-wait") },
        ],
    },
    Benchmark {
        name: "packets",
        title: "packets of 64 B, one call each",
        unit: Unit::Each("packets"),
        threads: Threads::One,
        contestants: &[
            here("ours", packets::one_by_one::<OurFramed>),
            here("std, by hand", packets::one_by_one::<RawFramed>),
            sfml("packets"),
            here("message-io", packets::one_by_one::<MessageIoFramed>),
        ],
    },
    Benchmark {
        name: "packets-2t",
        title: "packets of 64 B, one call each, two threads",
        unit: Unit::Each("packets"),
        threads: Threads::Two,
        contestants: &[
            here("ours", packets::one_by_one_beside::<OurFramed>),
            here("std, by hand", packets::one_by_one_beside::<RawFramed>),
            sfml("packets-2t"),
            here("message-io", packets::one_by_one_beside::<MessageIoFramed>),
        ],
    },
    Benchmark {
        name: "packets-gathered",
        title: "packets of 64 B, gathered by 64",
        unit: Unit::Each("packets"),
        threads: Threads::One,
        contestants: &[
            here("ours", packets::gathered::<OurFramed>),
            here("std, by hand", packets::gathered::<RawFramed>),
            sfml("packets"),
            here("message-io", packets::gathered::<MessageIoFramed>),
        ],
    },
    Benchmark {
        name: "packets-gathered-2t",
        title: "packets of 64 B, gathered by 64, two threads",
        unit: Unit::Each("packets"),
        threads: Threads::Two,
        contestants: &[
            here("ours", packets::gathered_beside::<OurFramed>),
            here("std, by hand", packets::gathered_beside::<RawFramed>),
            sfml("packets-2t"),
            here("message-io", packets::gathered_beside::<MessageIoFramed>),
        ],
    },
];

/// With a web server in a process of its own, on the same core or, with two threads, on the other.
pub const HTTP_BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "http-get",
        title: "HTTP GET, 1 KiB, kept connection",
        unit: Unit::Each("requests"),
        threads: Threads::One,
        contestants: &[
            http_here("ours", http::get::<OurHttp>),
            http_here("std, by hand", http::get::<RawHttp>),
            http_here("ureq", http::get::<Ureq>),
            http_here("libcurl", http::get::<Libcurl>),
        ],
    },
    Benchmark {
        name: "http-get-2t",
        title: "HTTP GET, 1 KiB, kept connection, two cores",
        unit: Unit::Each("requests"),
        threads: Threads::Two,
        contestants: &[
            http_here("ours", http::get::<OurHttp>),
            http_here("std, by hand", http::get::<RawHttp>),
            http_here("ureq", http::get::<Ureq>),
            http_here("libcurl", http::get::<Libcurl>),
        ],
    },
    Benchmark {
        name: "http-new",
        title: "HTTP GET, 1 KiB, new connection",
        unit: Unit::Each("requests"),
        threads: Threads::One,
        contestants: &[
            http_here("ours", http::get_anew::<OurHttp>),
            http_here("std, by hand", http::get_anew::<RawHttp>),
            Contestant { name: "SFML", round: Round::ServedSfml(Server::Nginx, "http-new") },
            http_here("ureq", http::get_anew::<Ureq>),
            http_here("libcurl", http::get_anew::<Libcurl>),
        ],
    },
    Benchmark {
        name: "http-body",
        title: "HTTP GET, 16 MiB to memory",
        unit: Unit::Each("MiB"),
        threads: Threads::One,
        contestants: &[
            http_here("ours", http::body::<OurHttp>),
            http_here("std, by hand", http::body::<RawHttp>),
            http_here("ureq", http::body::<Ureq>),
            http_here("libcurl", http::body::<Libcurl>),
        ],
    },
];

/// The same with an FTP server.
pub const FTP_BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "ftp-get",
        title: "FTP download, 1 KiB, one session",
        unit: Unit::Each("files"),
        threads: Threads::One,
        contestants: FTP_GET,
    },
    Benchmark {
        name: "ftp-get-2t",
        title: "FTP download, 1 KiB, one session, two cores",
        unit: Unit::Each("files"),
        threads: Threads::Two,
        contestants: FTP_GET,
    },
];

const FTP_GET: &[Contestant] = &[
    ftp_here("ours", ftp::files::<OurFtp>),
    ftp_here("std, by hand", ftp::files::<RawFtp<false>>),
    ftp_here("std, by hand, renamed", ftp::files::<RawFtp<true>>),
    ftp_here("suppaftp", ftp::files::<Suppaftp>),
    Contestant { name: "SFML", round: Round::ServedSfml(Server::Vsftpd, "ftp-get") },
];

/// Framed messages, and a Python that is started for them.
pub const MESSAGE_BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "message-echo",
        title: "echo of messages, 16 B, TCP",
        unit: Unit::Each("echoes"),
        threads: Threads::One,
        contestants: &[here("ours", messages::tcp::<16>), here("Python's pair", messages::python_tcp::<16>)],
    },
    Benchmark {
        name: "message-echo-64k",
        title: "echo of messages, 64 KiB, TCP",
        unit: Unit::Each("echoes"),
        threads: Threads::One,
        contestants: &[here("ours", messages::tcp::<BULK>), here("Python's pair", messages::python_tcp::<BULK>)],
    },
    Benchmark {
        name: "message-echo-2t",
        title: "echo of messages, 16 B, TCP, two cores",
        unit: Unit::Each("echoes"),
        threads: Threads::Two,
        contestants: &[here("ours", messages::tcp_beside::<16>), here("Python's pair", messages::python_beside::<16>)],
    },
    Benchmark {
        name: "message-echo-64k-2t",
        title: "echo of messages, 64 KiB, TCP, two cores",
        unit: Unit::Each("echoes"),
        threads: Threads::Two,
        contestants: &[
            here("ours", messages::tcp_beside::<BULK>),
            here("Python's pair", messages::python_beside::<BULK>),
        ],
    },
    Benchmark {
        name: "message-echo-bursts",
        title: "echo of messages, 16 B, TCP, bursts of 64",
        unit: Unit::Each("echoes"),
        threads: Threads::One,
        contestants: &[here("ours", messages::tcp_bursts), here("Python's pair", messages::python_tcp_bursts)],
    },
    Benchmark {
        name: "message-echo-local",
        title: "echo of messages, 16 B, local socket",
        unit: Unit::Each("echoes"),
        threads: Threads::One,
        contestants: &[here("ours", messages::local::<16>), here("Python's pair", messages::python_local::<16>)],
    },
    Benchmark {
        name: "message-echo-local-64k",
        title: "echo of messages, 64 KiB, local socket",
        unit: Unit::Each("echoes"),
        threads: Threads::One,
        contestants: &[here("ours", messages::local::<BULK>), here("Python's pair", messages::python_local::<BULK>)],
    },
    Benchmark {
        name: "message-echo-python",
        title: "echo of messages by a Python, 32 KiB, TCP",
        unit: Unit::Each("echoes"),
        threads: Threads::Two,
        contestants: &[
            here("ours", messages::to_python),
            here("Python's pair", messages::python_beside::<{ messages::STALLING }>),
        ],
    },
    Benchmark {
        name: "message-tinyproto",
        title: "messages to a server of tinyproto 3.0, 16 B",
        unit: Unit::Each("messages"),
        threads: Threads::Two,
        contestants: &[here("ours", tinyproto::one_way), here("tinyproto", tinyproto::python_one_way)],
    },
];

/// All that are measured in rounds.
pub fn in_rounds() -> impl Iterator<Item = &'static Benchmark> {
    BENCHMARKS.iter().chain(HTTP_BENCHMARKS).chain(FTP_BENCHMARKS).chain(MESSAGE_BENCHMARKS)
}

pub const MEMORY_BENCHMARKS: &[MemoryBenchmark] = &[
    MemoryBenchmark {
        name: "memory-sockets",
        title: "connected idle TCP socket",
        contestants: &[
            held("ours", memory::sockets_ours),
            held("std", memory::sockets_std),
            MemoryContestant { name: "SFML", holding: Holding::Sfml },
        ],
    },
    MemoryBenchmark {
        name: "memory-watched",
        title: "connected idle TCP socket, in a selector",
        contestants: &[
            held("ours", memory::watched_ours),
            held("epoll", memory::watched_epoll),
            held("mio", memory::watched_mio),
            held("polling", memory::watched_polling),
            held("message-io", memory::watched_message_io),
        ],
    },
    MemoryBenchmark {
        name: "memory-loop",
        title: "connected idle connection of an event loop",
        contestants: &[
            held("ours", memory::loop_ours),
            held("message-io", memory::watched_message_io),
            held("epoll", memory::watched_epoll),
        ],
    },
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

const fn http_here(name: &'static str, round: fn(Session, SocketAddr) -> Result<()>) -> Contestant {
    Contestant { name, round: Round::Served(Server::Nginx, round) }
}

const fn ftp_here(name: &'static str, round: fn(Session, SocketAddr) -> Result<()>) -> Contestant {
    Contestant { name, round: Round::Served(Server::Vsftpd, round) }
}

const fn sfml(round: &'static str) -> Contestant {
    Contestant { name: "SFML", round: Round::Sfml(round) }
}

const fn held(name: &'static str, hold: fn(usize) -> Result<Growth>) -> MemoryContestant {
    MemoryContestant { name, holding: Holding::Here(hold) }
}
