//! The files of local sockets, and who is at the other end of one.

use std::{io, path::Path};

use socket2::Socket;

/// What tells the file of a socket from one that somebody else puts in its place. The time stands in it because the
/// number of a file that is gone may be given to the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SocketFile {
    device: u64,
    inode: u64,
    modified: (i64, i64),
}

impl SocketFile {
    /// Looks at a path without following a link; `None` where there is no socket.
    #[cfg(unix)]
    pub(crate) fn at(path: &Path) -> Option<Self> {
        use std::os::unix::fs::{FileTypeExt, MetadataExt};

        let metadata = path.symlink_metadata().ok()?;
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        metadata.file_type().is_socket().then(|| Self { device: metadata.dev(), inode: metadata.ino(), modified })
    }

    /// Tells whether a socket that is bound to a path has a file there that [`at`](Self::at) finds: not a name that begins
    /// with a NUL byte.
    #[cfg(unix)]
    pub(crate) fn is_due(path: &Path) -> bool {
        path.as_os_str().as_encoded_bytes().first() != Some(&0)
    }

    /// The same as [`at`](Self::at) for sockets of this process's own user.
    #[cfg(unix)]
    pub(crate) fn own_at(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;

        // SAFETY: the call has no arguments and cannot fail.
        let user = unsafe { libc::geteuid() };
        let found = Self::at(path)?;
        (path.symlink_metadata().ok()?.uid() == user).then_some(found)
    }

    /// Windows has no inodes that the standard library tells, so the files of listeners stay.
    #[cfg(windows)]
    pub(crate) fn at(_path: &Path) -> Option<Self> {
        None
    }

    #[cfg(windows)]
    pub(crate) fn is_due(_path: &Path) -> bool {
        false
    }

    #[cfg(windows)]
    pub(crate) fn own_at(_path: &Path) -> Option<Self> {
        None
    }
}

/// Keeps other listeners that begin in the same folder out until the file that is returned is dropped: between a bind and
/// a listen a socket looks as if nobody listened. `None` where the folder cannot be locked, or somebody does not let go
/// of it in time.
#[cfg(unix)]
pub(crate) fn lock_folder(folder: &Path) -> Option<std::fs::File> {
    use std::os::fd::AsRawFd;

    let file = std::fs::File::open(folder).ok()?;
    for _ in 0..LOCK_ATTEMPTS {
        // SAFETY: the descriptor is open.
        if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
            return Some(file);
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    None
}

#[cfg(windows)]
pub(crate) fn lock_folder(_folder: &Path) -> Option<std::fs::File> {
    None
}

/// A listener begins in far less than a millisecond; who keeps a lock for longer is none.
#[cfg(unix)]
const LOCK_ATTEMPTS: usize = 200;

/// Chooses the permissions of the file that a bind will make, where the system lets a socket have them (Linux); else
/// [`restrict_bound`] does it.
pub(crate) fn restrict_unbound(socket: &Socket, mode: u32) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use std::os::fd::AsRawFd;

        // SAFETY: the descriptor is open.
        let result = unsafe { libc::fchmod(socket.as_raw_fd(), mode) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = (socket, mode);
        Ok(())
    }
}

/// Chooses the permissions of a file that was made by a bind. Nobody can connect before the socket listens.
pub(crate) fn restrict_bound(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
    {
        use std::os::unix::fs::PermissionsExt;

        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
    }
    #[cfg(not(all(unix, not(any(target_os = "linux", target_os = "android")))))]
    {
        let _ = (path, mode);
        Ok(())
    }
}

/// The user, the group and, where the system tells it, the process at the other end of a local socket.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn peer_credentials(socket: &Socket) -> io::Result<(u32, u32, Option<u32>)> {
    use std::os::fd::AsRawFd;

    let mut found = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = libc::socklen_t::try_from(size_of::<libc::ucred>()).unwrap_or_default();
    // SAFETY: the pointers point at a structure of the length told, which the kernel fills, and at that length.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut found).cast(),
            &raw mut length,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // 0 is a process of another namespace.
    Ok((found.uid, found.gid, u32::try_from(found.pid).ok().filter(|pid| *pid != 0)))
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
pub(crate) fn peer_credentials(socket: &Socket) -> io::Result<(u32, u32, Option<u32>)> {
    use std::os::fd::AsRawFd;

    let (mut user, mut group) = (0, 0);
    // SAFETY: the pointers point at numbers that outlive the call.
    let result = unsafe { libc::getpeereid(socket.as_raw_fd(), &raw mut user, &raw mut group) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok((user, group, None)) }
}

/// Tells whether the other end of a local socket is in this process; where the system tells only the user (macOS and the
/// BSDs), whether it is this process's user; where it tells neither (Windows), it is taken for one.
#[cfg(feature = "auth")]
pub(crate) fn is_own(socket: &Socket) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        peer_credentials(socket).is_ok_and(|(_, _, process)| process == Some(std::process::id()))
    }
    #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
    {
        // SAFETY: the call has no arguments and cannot fail.
        let user = unsafe { libc::geteuid() };
        peer_credentials(socket).is_ok_and(|(peer, _, _)| peer == user)
    }
    #[cfg(windows)]
    {
        let _ = socket;
        true
    }
}

#[cfg(windows)]
pub(crate) fn peer_credentials(_socket: &Socket) -> io::Result<(u32, u32, Option<u32>)> {
    Err(io::ErrorKind::Unsupported.into())
}
