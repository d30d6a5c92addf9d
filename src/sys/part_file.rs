//! Files that are written beside the ones whose names they are to get.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

/// How to open the file that is to get the name of the one at `path`: if there is one, nobody but its owner may read what
/// this creates until it has [the same permissions](take_permissions). On Windows the folder decides those.
pub(crate) fn successor(path: &Path) -> OpenOptions {
    #[cfg(unix)]
    if old_file(path).is_some() {
        return super::private_file();
    }
    let _ = path;
    OpenOptions::new()
}

/// Gives a file the permissions of the one at `path`, if there is one.
pub(crate) fn take_permissions(file: &File, path: &Path) {
    #[cfg(unix)]
    if let Some(old) = old_file(path) {
        use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

        // Who runs a file is not for its new content to inherit. Where there are no permissions there is nothing to keep.
        let _ = file.set_permissions(Permissions::from_mode(old.permissions().mode() & 0o777));
    }
    let _ = (file, path);
}

#[cfg(unix)]
fn old_file(path: &Path) -> Option<std::fs::Metadata> {
    path.metadata().ok().filter(std::fs::Metadata::is_file)
}

/// Opens a file for writing, at its first byte, and keeps out who opens it by this function, too, until it is dropped,
/// which may be after a rename. `create` makes it where there is none, as the options say.
#[cfg(unix)]
pub(crate) fn open_alone(mut options: OpenOptions, path: &Path, create: bool) -> io::Result<File> {
    use std::os::{fd::AsRawFd, unix::fs::MetadataExt};

    let file = options.write(true).create(create).truncate(false).open(path)?;
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
pub(crate) fn open_alone(mut options: OpenOptions, path: &Path, create: bool) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt;

    let shared = FILE_SHARE_READ | FILE_SHARE_DELETE;
    options.write(true).create(create).truncate(false).share_mode(shared).open(path)
}

/// Others may read it (`CreateFileW`).
#[cfg(windows)]
const FILE_SHARE_READ: u32 = 1;
/// It may be renamed while it is open.
#[cfg(windows)]
const FILE_SHARE_DELETE: u32 = 4;
