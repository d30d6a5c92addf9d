//! The table of statuses that every socket obeys: a test for each row and cause, on IPv4, IPv6 and local sockets, and
//! in both modes where the row applies. The table itself stands in the crate's documentation.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::doc_markdown,
    clippy::needless_pass_by_value
)]

mod support;

#[path = "status_table/accept.rs"]
mod accept;
#[path = "status_table/connect.rs"]
mod connect;
#[path = "status_table/defaults.rs"]
mod defaults;
#[path = "status_table/packets.rs"]
mod packets;
#[cfg(unix)]
#[path = "status_table/signals.rs"]
mod signals;
#[path = "status_table/transfer.rs"]
mod transfer;
#[path = "status_table/udp.rs"]
mod udp;

/// Makes a module for each row with its tests: `both`, or only the mode that the row is about; `on tcp` leaves local
/// sockets out.
macro_rules! rows {
    ($($row:ident: $modes:ident $(on $only:ident)?;)*) => {
        $(
            mod $row {
                #[test]
                fn v4() {
                    $crate::modes!($modes, super::$row::<$crate::support::V4>);
                }
                #[test]
                fn v6() {
                    if !$crate::support::has_v6() {
                        return;
                    }
                    $crate::modes!($modes, super::$row::<$crate::support::V6>);
                }
                $crate::local_row!($modes, $row $(, $only)?);
            }
        )*
    };
}

macro_rules! local_row {
    ($modes:ident, $row:ident) => {
        #[cfg(unix)]
        #[test]
        fn local() {
            $crate::modes!($modes, super::$row::<$crate::support::Local>);
        }
    };
    ($modes:ident, $row:ident, tcp) => {};
}

macro_rules! modes {
    (both, $row:expr) => {
        $row($crate::support::Mode::Blocking);
        $row($crate::support::Mode::NonBlocking);
    };
    (blocking, $row:expr) => {
        $row($crate::support::Mode::Blocking);
    };
    (non_blocking, $row:expr) => {
        $row($crate::support::Mode::NonBlocking);
    };
}

use {local_row, modes, rows};
