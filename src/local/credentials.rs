//! Who is at the other end.

use super::LocalSocket;
use crate::{
    error::{Error, Result},
    sys,
};

/// The user and the group that a peer had when it connected or listened, as the system knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PeerCredentials {
    /// The number of the user.
    pub user: u32,
    /// The number of the group.
    pub group: u32,
    /// The number of the process; `None` where the system does not tell it (macOS and the BSDs), and for a process that
    /// this one cannot see. By the time it is read it may have ended, and its number may belong to another one.
    pub process: Option<u32>,
}

impl LocalSocket {
    /// Returns who is at the other end. It cannot be forged: the system notes it when the connection is made.
    ///
    /// # Errors
    ///
    /// [`Error::Disconnected`] without a connection; [`Error::Io`] on Windows, which does not tell.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use sockeye::LocalSocket;
    ///
    /// let (left, right) = LocalSocket::pair()?;
    /// assert_eq!(left.peer_credentials()?.user, right.peer_credentials()?.user);
    /// assert!(left.peer_credentials()?.process.is_none_or(|id| id == std::process::id()));
    /// # }
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn peer_credentials(&self) -> Result<PeerCredentials> {
        let handle = self.handle().filter(|_| self.is_connected()).ok_or(Error::Disconnected)?;
        let (user, group, process) = sys::peer_credentials(handle.socket()).map_err(Error::from_os)?;
        Ok(PeerCredentials { user, group, process })
    }
}
