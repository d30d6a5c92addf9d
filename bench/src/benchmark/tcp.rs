//! Bytes over a TCP connection.

use super::{Benchmark, Threads, Unit, here, sfml};
use crate::contestant::message_io::MessageIoStream;
use crate::contestant::mio::MioStream;
use crate::contestant::ours::OurStream;
use crate::contestant::polling::PollingStream;
use crate::contestant::raw::RawStream;
use crate::workload::tcp;

/// Everybody's stream at the same work, and what SFML's is called.
macro_rules! streams {
    ($work:ident, $sfml:literal) => {
        &[
            here("ours", tcp::$work::<OurStream>),
            here("std", tcp::$work::<RawStream>),
            sfml($sfml),
            here("mio", tcp::$work::<MioStream>),
            here("polling", tcp::$work::<PollingStream>),
            here("message-io", tcp::$work::<MessageIoStream>),
        ]
    };
}

pub const BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "tcp-bulk",
        title: "TCP bulk, 64 KiB",
        unit: Unit::Bulk,
        threads: Threads::One,
        contestants: streams!(bulk, "tcp-bulk"),
    },
    Benchmark {
        name: "tcp-bulk-2t",
        title: "TCP bulk, 64 KiB, two threads",
        unit: Unit::Bulk,
        threads: Threads::Two,
        contestants: streams!(bulk_beside, "tcp-bulk-2t"),
    },
    Benchmark {
        name: "tcp-ping-pong",
        title: "TCP ping-pong, 64 B",
        unit: Unit::Each("round trips"),
        threads: Threads::One,
        contestants: streams!(ping_pong, "tcp-ping-pong"),
    },
    Benchmark {
        name: "tcp-ping-pong-2t",
        title: "TCP ping-pong, 64 B, two threads",
        unit: Unit::Each("round trips"),
        threads: Threads::Two,
        contestants: streams!(ping_pong_beside, "tcp-ping-pong-2t"),
    },
];
