//! Everything that is unsafe or differs between operating systems. The rest of the crate denies unsafe code and has
//! no `cfg(target_os)`.
#![allow(unsafe_code)]

#[cfg(any(feature = "http", feature = "messages"))]
mod acknowledge;
#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "datagram_linux.rs"]
mod datagram;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[path = "datagram_portable.rs"]
mod datagram;
#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "epoll.rs"]
mod events;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[path = "events_portable.rs"]
mod events;
#[cfg(all(any(feature = "ftp", feature = "http"), target_os = "linux"))]
#[path = "file_linux.rs"]
mod file;
#[cfg(all(any(feature = "ftp", feature = "http"), not(target_os = "linux")))]
#[path = "file_portable.rs"]
mod file;
mod handle;
#[cfg(feature = "discovery")]
mod host_name;
mod local_file;
#[cfg(unix)]
#[path = "unix.rs"]
mod os;
#[cfg(windows)]
#[path = "windows.rs"]
mod os;
#[cfg(any(feature = "ftp", feature = "http"))]
mod part_file;
mod private_file;
#[cfg(feature = "tls")]
mod private_folder;
#[cfg(target_os = "linux")]
#[path = "segments_linux.rs"]
mod segments;
#[cfg(not(target_os = "linux"))]
#[path = "segments_portable.rs"]
mod segments;
mod transfer;

#[cfg(any(feature = "http", feature = "messages"))]
pub(crate) use acknowledge::acknowledge_at_once;
#[cfg(feature = "http")]
pub(crate) use acknowledge::acknowledge_with_data;
pub(crate) use datagram::{receive_datagram, send_datagram};
pub(crate) use events::{Events, Readiness};
#[cfg(any(feature = "ftp", feature = "http"))]
pub(crate) use file::send_file;
pub use handle::NativeHandle;
pub(crate) use handle::{Handle, KeyMap, Registry, Watch};
#[cfg(feature = "discovery")]
pub(crate) use host_name::host_name;
#[cfg(feature = "auth")]
pub(crate) use local_file::is_own;
pub(crate) use local_file::{SocketFile, lock_folder, peer_credentials, restrict_bound, restrict_unbound};
#[cfg(feature = "messages")]
pub(crate) use os::services;
#[cfg(feature = "http")]
pub(crate) use os::stream_pair;
pub(crate) use os::{
    HAS_ABSTRACT_NAMES, MAX_LOCAL_PATH, is_accept_of_a_gone_peer, is_connect_in_progress, is_connect_retry,
    is_interrupted, is_network_reset, is_no_such_path, is_out_of_descriptors, is_would_block, local_pair, wait_for,
};
#[cfg(feature = "ftp")]
pub(crate) use part_file::rename_to_free;
#[cfg(any(feature = "ftp", feature = "http"))]
pub(crate) use part_file::{Predecessor, open_alone};
pub(crate) use private_file::{private_file, sync_folder_of};
#[cfg(feature = "tls")]
pub(crate) use private_folder::private_folder;
pub(crate) use segments::{MAX_SEGMENTS, is_segmentation_refused, receive_segments, send_segments, set_coalescing};
#[cfg(feature = "tls")]
pub(crate) use transfer::send_pieces;
#[cfg(any(feature = "ftp", feature = "http"))]
pub(crate) use transfer::stop_pacing;
#[cfg(feature = "http")]
pub(crate) use transfer::{CAN_DECLINE_TO_WAIT, receive_now, send_now};
pub(crate) use transfer::{Datagram, accept, allow_rebinding, receive, receive_more, send, send_two, stream_socket};

/// What a single socket is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
    /// Whichever is possible first.
    Either,
}
