//! Files that one program at a time writes.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

/// Opens a file for writing, at its first byte, and keeps out who opens it by this function, too, until it is dropped,
/// which may be after a rename. `create` makes it where there is none.
#[cfg(unix)]
pub(crate) fn open_alone(path: &Path, create: bool) -> io::Result<File> {
    use std::os::{fd::AsRawFd, unix::fs::MetadataExt};

    let file = OpenOptions::new().write(true).create(create).truncate(false).open(path)?;
    // SAFETY: the descriptor is open.
    let is_locked = unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0;
    // Where the file system knows no locks, it has to go without.
    if !is_locked && super::is_would_block(&io::Error::last_os_error()) {
        return Err(io::ErrorKind::ResourceBusy.into());
    }
    // Who had it may have renamed it in between.
    let (opened, there) = (file.metadata()?, path.metadata()?);
    let is_there = (opened.dev(), opened.ino()) == (there.dev(), there.ino());
    if is_there { Ok(file) } else { Err(io::ErrorKind::ResourceBusy.into()) }
}

/// On Windows the system keeps them out.
#[cfg(windows)]
pub(crate) fn open_alone(path: &Path, create: bool) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt;

    let shared = FILE_SHARE_READ | FILE_SHARE_DELETE;
    OpenOptions::new().write(true).create(create).truncate(false).share_mode(shared).open(path)
}

/// Others may read it (`CreateFileW`).
#[cfg(windows)]
const FILE_SHARE_READ: u32 = 1;
/// It may be renamed while it is open.
#[cfg(windows)]
const FILE_SHARE_DELETE: u32 = 4;
