//! Framed messages, and a Python that is started for them.

use super::{Benchmark, Threads, Unit, here};
use crate::contestant::BULK;
use crate::workload::{messages, tinyproto};

pub const BENCHMARKS: &[Benchmark] = &[
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
        name: "message-echo-2p",
        title: "echo of messages, 16 B, TCP, two processes",
        unit: Unit::Each("echoes"),
        threads: Threads::Two,
        contestants: &[
            here("ours", messages::tcp_apart::<16, true>),
            here("Python's pair", messages::python_apart::<16>),
            here("Python's pair, polled", messages::python_asking::<16>),
            here("ours, waiting", messages::tcp_apart::<16, false>),
        ],
    },
    Benchmark {
        name: "message-echo-64k-2p",
        title: "echo of messages, 64 KiB, TCP, two processes",
        unit: Unit::Each("echoes"),
        threads: Threads::Two,
        contestants: &[
            here("ours", messages::tcp_apart::<BULK, true>),
            here("Python's pair", messages::python_apart::<BULK>),
            here("Python's pair, polled", messages::python_asking::<BULK>),
            here("ours, waiting", messages::tcp_apart::<BULK, false>),
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
