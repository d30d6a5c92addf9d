//! HTTP, with a web server in a process of its own: on the same core or, with two threads, on the other.

use super::{Benchmark, Server, Threads, Unit, served, served_sfml};
use crate::contestant::http::{Libcurl, OurHttp, RawHttp, Ureq};
use crate::workload::http;

/// Everybody's client at the same work, and one more where there is one.
macro_rules! clients {
    ($work:ident $(, $further:expr)?) => {
        &[
            served(Server::Nginx, "ours", http::$work::<OurHttp>),
            served(Server::Nginx, "std, by hand", http::$work::<RawHttp>),
            $($further,)?
            served(Server::Nginx, "ureq", http::$work::<Ureq>),
            served(Server::Nginx, "libcurl", http::$work::<Libcurl>),
        ]
    };
}

pub const BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "http-get",
        title: "HTTP GET, 1 KiB, kept connection",
        unit: Unit::Each("requests"),
        threads: Threads::One,
        contestants: clients!(get),
    },
    Benchmark {
        name: "http-get-2t",
        title: "HTTP GET, 1 KiB, kept connection, two cores",
        unit: Unit::Each("requests"),
        threads: Threads::Two,
        contestants: clients!(get),
    },
    Benchmark {
        name: "http-new",
        title: "HTTP GET, 1 KiB, new connection",
        unit: Unit::Each("requests"),
        threads: Threads::One,
        contestants: clients!(get_anew, served_sfml(Server::Nginx, "http-new")),
    },
    Benchmark {
        name: "http-body",
        title: "HTTP GET, 16 MiB to memory",
        unit: Unit::Each("MiB"),
        threads: Threads::One,
        contestants: clients!(body),
    },
];
