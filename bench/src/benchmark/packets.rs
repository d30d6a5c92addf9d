//! Framed messages of a few bytes.

use super::{Benchmark, Threads, Unit, here, sfml};
use crate::contestant::message_io::MessageIoFramed;
use crate::contestant::ours::OurFramed;
use crate::contestant::raw::RawFramed;
use crate::workload::packets;

/// Everybody's packets at the same work, and what SFML's are called.
macro_rules! framed {
    ($work:ident, $sfml:literal) => {
        &[
            here("ours", packets::$work::<OurFramed>),
            here("std, by hand", packets::$work::<RawFramed>),
            sfml($sfml),
            here("message-io", packets::$work::<MessageIoFramed>),
        ]
    };
}

pub const BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "packets",
        title: "packets of 64 B, one call each",
        unit: Unit::Each("packets"),
        threads: Threads::One,
        contestants: framed!(one_by_one, "packets"),
    },
    Benchmark {
        name: "packets-2t",
        title: "packets of 64 B, one call each, two threads",
        unit: Unit::Each("packets"),
        threads: Threads::Two,
        contestants: framed!(one_by_one_beside, "packets-2t"),
    },
    Benchmark {
        name: "packets-gathered",
        title: "packets of 64 B, gathered by 64",
        unit: Unit::Each("packets"),
        threads: Threads::One,
        contestants: framed!(gathered, "packets"),
    },
    Benchmark {
        name: "packets-gathered-2t",
        title: "packets of 64 B, gathered by 64, two threads",
        unit: Unit::Each("packets"),
        threads: Threads::Two,
        contestants: framed!(gathered_beside, "packets-2t"),
    },
];
