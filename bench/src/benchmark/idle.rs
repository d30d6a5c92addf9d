//! Calls that find nothing, or find what they found before.

use super::{Benchmark, Contestant, Round, Threads, Unit, here, sfml};
use crate::workload::idle;

pub const BENCHMARKS: &[Benchmark] = &[
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
];
