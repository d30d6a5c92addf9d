//! Datagrams.

use super::{Benchmark, Threads, Unit, here, sfml};
use crate::contestant::batch::{MmsgDatagrams, SegmentedDatagrams};
use crate::contestant::message_io::MessageIoDatagrams;
use crate::contestant::mio::MioDatagrams;
use crate::contestant::ours::{OurBatches, OurDatagrams};
use crate::contestant::polling::PollingDatagrams;
use crate::contestant::raw::{ConnectedDatagrams, RawDatagrams};
use crate::workload::udp;

/// Everybody's datagrams at the same work, and what SFML's are called.
macro_rules! datagrams {
    ($work:ident, $sfml:literal) => {
        &[
            here("ours", udp::$work::<OurDatagrams>),
            here("std", udp::$work::<RawDatagrams>),
            here("std, connected", udp::$work::<ConnectedDatagrams>),
            sfml($sfml),
            here("mio", udp::$work::<MioDatagrams>),
            here("polling", udp::$work::<PollingDatagrams>),
            here("message-io", udp::$work::<MessageIoDatagrams>),
        ]
    };
}

pub const BENCHMARKS: &[Benchmark] = &[
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
        contestants: datagrams!(ping_pong, "udp-ping-pong"),
    },
    Benchmark {
        name: "udp-ping-pong-2t",
        title: "UDP ping-pong, 64 B, two threads",
        unit: Unit::Each("round trips"),
        threads: Threads::Two,
        contestants: datagrams!(ping_pong_beside, "udp-ping-pong-2t"),
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
];
