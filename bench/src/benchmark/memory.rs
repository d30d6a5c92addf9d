//! What many idle connections cost, in bytes.

use crate::Result;
use crate::workload::memory::{self, Growth};

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

const fn held(name: &'static str, hold: fn(usize) -> Result<Growth>) -> MemoryContestant {
    MemoryContestant { name, holding: Holding::Here(hold) }
}
