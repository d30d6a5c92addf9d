//! FTP, with a server as [`super::http`] has it.

use super::{Benchmark, Contestant, Server, Threads, Unit, served, served_sfml};
use crate::contestant::ftp::{OurFtp, RawFtp, Suppaftp};
use crate::workload::ftp;

pub const BENCHMARKS: &[Benchmark] = &[
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
    served(Server::Vsftpd, "ours", ftp::files::<OurFtp>),
    served(Server::Vsftpd, "std, by hand", ftp::files::<RawFtp<false>>),
    served(Server::Vsftpd, "std, by hand, renamed", ftp::files::<RawFtp<true>>),
    served(Server::Vsftpd, "suppaftp", ftp::files::<Suppaftp>),
    served_sfml(Server::Vsftpd, "ftp-get"),
];
