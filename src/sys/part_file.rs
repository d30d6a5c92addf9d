//! Files that are written beside the ones whose names they are to get.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

/// What a file takes over from the one whose name it is to get: who may use it. On Windows the folder decides that.
#[derive(Debug)]
pub(crate) struct Predecessor {
    /// The permissions of the file, if there is one.
    #[cfg(unix)]
    mode: Option<u32>,
}

impl Predecessor {
    /// Looks whether there is a file.
    pub(crate) fn at(path: &Path) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;

            // Who runs a file is not for its new content to inherit.
            let metadata = path.metadata().ok().filter(std::fs::Metadata::is_file);
            Self { mode: metadata.map(|metadata| metadata.mode() & 0o777) }
        }
        #[cfg(not(unix))]
        {
            let _ = path;
            Self {}
        }
    }

    /// How to open the new file: nobody but its owner may read what this creates until it has [the same
    /// permissions](Self::hand_on), if there is one to have them from.
    pub(crate) fn successor(&self) -> OpenOptions {
        #[cfg(unix)]
        if self.mode.is_some() {
            return super::private_file();
        }
        OpenOptions::new()
    }

    /// Gives the new file the permissions of the old one.
    pub(crate) fn hand_on(&self, file: &File) {
        #[cfg(unix)]
        if let Some(mode) = self.mode {
            use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

            // Where there are no permissions there is nothing to keep.
            let _ = file.set_permissions(Permissions::from_mode(mode));
        }
        let _ = file;
    }
}

/// Gives a file a name that no other has; `false`, and nothing is done, where there is one or the system cannot tell.
#[cfg(feature = "ftp")]
pub(crate) fn rename_to_free(from: &Path, to: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        use std::{ffi::CString, os::unix::ffi::OsStrExt as _};

        let name_of = |path: &Path| CString::new(path.as_os_str().as_bytes());
        let (Ok(from), Ok(to)) = (name_of(from), name_of(to)) else { return false };
        let (folder, flags) = (libc::AT_FDCWD, libc::RENAME_NOREPLACE);
        // SAFETY: both are texts that end with a zero, and outlive the call. Not every C library has a function for it.
        unsafe { libc::syscall(libc::SYS_renameat2, folder, from.as_ptr(), folder, to.as_ptr(), flags) == 0 }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (from, to);
        false
    }
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
