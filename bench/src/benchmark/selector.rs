//! One of many sockets that becomes ready.

use super::{Benchmark, Threads, Unit, here, sfml};
use crate::contestant::epoll::{EpollDatagramWatcher, EpollWatcher};
use crate::contestant::message_io::MessageIoWatcher;
use crate::contestant::mio::MioWatcher;
use crate::contestant::ours::{OurDatagramWatcher, OurScan, OurWatcher};
use crate::contestant::polling::PollingWatcher;
use crate::workload::selector;

/// Everybody's rounds with so many TCP sockets, and one contestant more.
macro_rules! watchers {
    ($count:literal, $last:expr) => {
        &[
            here("ours", selector::round::<OurWatcher, $count>),
            here("epoll", selector::round::<EpollWatcher, $count>),
            here("mio", selector::round::<MioWatcher, $count>),
            here("polling", selector::round::<PollingWatcher, $count>),
            here("message-io", selector::round::<MessageIoWatcher, $count>),
            $last,
        ]
    };
}

pub const BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "selector-10",
        title: "selector round, 10 sockets",
        unit: Unit::Each("rounds"),
        threads: Threads::One,
        contestants: watchers!(10, sfml("selector-10")),
    },
    Benchmark {
        name: "selector-100",
        title: "selector round, 100 sockets",
        unit: Unit::Each("rounds"),
        threads: Threads::One,
        contestants: watchers!(100, sfml("selector-100")),
    },
    Benchmark {
        name: "selector-1000",
        title: "selector round, 1,000 sockets",
        unit: Unit::Each("rounds"),
        threads: Threads::One,
        contestants: watchers!(1_000, sfml("selector-1000")),
    },
    Benchmark {
        name: "selector-9900",
        title: "selector round, 9,900 sockets",
        unit: Unit::Each("rounds"),
        threads: Threads::One,
        contestants: watchers!(9_900, here("ours, 10 sockets", selector::round::<OurWatcher, 10>)),
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
];
