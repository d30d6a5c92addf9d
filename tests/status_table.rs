//! The table of statuses that every socket obeys: a test for each row and cause, on IPv4, IPv6, local sockets and TLS,
//! and in both modes where the row applies. The table itself stands in the crate's documentation.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::doc_markdown,
    clippy::needless_pass_by_value
)]

#[path = "support/in_time.rs"]
mod in_time;
mod support;

#[path = "status_table/accept.rs"]
mod accept;
#[path = "status_table/connect.rs"]
mod connect;
#[path = "status_table/defaults.rs"]
mod defaults;
#[cfg(feature = "messages")]
#[path = "status_table/messages.rs"]
mod messages;
#[path = "status_table/packets.rs"]
mod packets;
#[cfg(feature = "messages")]
#[path = "status_table/receive_into.rs"]
mod receive_into;
#[cfg(unix)]
#[path = "status_table/signals.rs"]
mod signals;
#[cfg(feature = "messages")]
#[path = "status_table/tinyproto.rs"]
mod tinyproto;
#[cfg(feature = "tls")]
#[path = "status_table/tls.rs"]
mod tls;
#[path = "status_table/transfer.rs"]
mod transfer;
#[path = "status_table/udp.rs"]
mod udp;

/// Makes a module for each row with its tests: `both`, or only the mode that the row is about; families behind `not` are
/// left out.
macro_rules! rows {
    ($($row:ident: $modes:ident $(not $($without:ident)+)?;)*) => {
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
                $crate::local_row!($modes, $row, $($($without)+)?);
                $crate::tls_row!($modes, $row, $($($without)+)?);
            }
        )*
    };
}

macro_rules! local_row {
    ($modes:ident, $row:ident, ) => {
        #[cfg(unix)]
        #[test]
        fn local() {
            $crate::modes!($modes, super::$row::<$crate::support::Local>);
        }
    };
    ($modes:ident, $row:ident, local $($without:ident)*) => {};
    ($modes:ident, $row:ident, $other:ident $($without:ident)*) => {
        $crate::local_row!($modes, $row, $($without)*);
    };
}

macro_rules! tls_row {
    ($modes:ident, $row:ident, ) => {
        #[cfg(feature = "tls")]
        #[test]
        fn tls() {
            $crate::modes!($modes, super::$row::<$crate::support::tls::Tls>);
        }
    };
    ($modes:ident, $row:ident, tls $($without:ident)*) => {};
    ($modes:ident, $row:ident, $other:ident $($without:ident)*) => {
        $crate::tls_row!($modes, $row, $($without)*);
    };
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

use {local_row, modes, rows, tls_row};
