//! What requests need of a stream: nothing waits but what says so.

use std::{fs::File, io, time::Duration};

use super::Stream;
use crate::{error::Result, status::Status};

impl Stream {
    #[inline]
    pub(crate) fn send(&mut self, data: &[u8]) -> Status<usize> {
        match self {
            Self::Tcp(socket) => socket.link_mut().send_now(data),
            #[cfg(feature = "messages")]
            Self::Local(socket) => socket.send(data),
            Self::Tls(socket) => socket.send(data),
        }
    }

    /// Receives what there is. 0 bytes are an orderly end, `Disconnected` is a reset: where the end of a connection is the
    /// end of a body, that makes a difference.
    #[inline]
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Status<usize> {
        match self {
            Self::Tcp(socket) => socket.link_mut().receive_now(buffer),
            #[cfg(feature = "messages")]
            Self::Local(socket) => ended(socket.receive(buffer)),
            Self::Tls(socket) => ended(socket.receive(buffer)),
        }
    }

    /// The same, waiting in the system's own call, for [`PATIENCE`] at most: `NotReady` then, and also after a signal.
    /// Call [`grow_patient`](Self::grow_patient) first.
    #[inline]
    pub(crate) fn receive_patiently(&mut self, buffer: &mut [u8]) -> Status<usize> {
        match self {
            Self::Tcp(socket) => socket.link_mut().receive_patiently(buffer),
            #[cfg(feature = "messages")]
            Self::Local(_) => self.receive(buffer),
            Self::Tls(_) => self.receive(buffer),
        }
    }

    /// Makes the next receives ones that may wait; `false` where that cannot be. It costs two calls the first time.
    pub(crate) fn grow_patient(&mut self) -> Result<bool> {
        match self {
            Self::Tcp(socket) => socket.link_mut().grow_patient(PATIENCE),
            #[cfg(feature = "messages")]
            Self::Local(_) => Ok(false),
            Self::Tls(_) => Ok(false),
        }
    }

    /// See [`Purpose::Question`](crate::tcp::Purpose::Question).
    pub(crate) fn settle(&mut self) {
        if let Self::Tcp(socket) = self {
            socket.settle();
        }
    }

    /// Sends a part of a file without copying it through this program, as far as the system can; `None` where it
    /// cannot, or where the bytes must be encrypted first.
    pub(crate) fn send_file(&mut self, file: &File, offset: u64, count: u64) -> Option<io::Result<usize>> {
        match self {
            Self::Tcp(socket) => {
                // The system has no such call that does not wait in blocking mode.
                if socket.link_mut().lose_patience().is_err() {
                    return None;
                }
                crate::sys::send_file(socket.handle()?.socket(), file, offset, count)
            }
            #[cfg(feature = "messages")]
            Self::Local(_) => None,
            Self::Tls(_) => None,
        }
    }

    /// Tells whether a receive that was not filled has taken all that there was.
    pub(crate) fn short_means_empty(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }
}

/// A session says itself whether it has ended or was cut; and nothing is requested over a path.
fn ended(received: Status<usize>) -> Status<usize> {
    if received.is_disconnected() { Status::Done(0) } else { received }
}

/// How long a receive waits at most before its caller looks at the clock again.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
