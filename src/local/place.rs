//! Where a listener is: a socket, and the file that others find it by.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{address, open};
use crate::{
    error::{Error, Result},
    mode::Mode,
    sys::{self, Handle, SocketFile},
};

/// A listening socket, and its file, which goes with it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) handle: Handle,
    pub(super) path: PathBuf,
    /// `None` for a name without a file, and where it was gone when it was looked for.
    file: Option<SocketFile>,
}

impl Place {
    pub(super) fn open(path: &Path, permissions: u32, mode: Mode) -> Result<Self> {
        Self::open_amid(path, permissions, mode, || {})
    }

    /// The same amid others: `meanwhile` is what they do behind each bind.
    fn open_amid(path: &Path, permissions: u32, mode: Mode, mut meanwhile: impl FnMut()) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let _alone = sys::lock_folder(folder);
        // Where nothing is locked, another one that starts at the same time may take the file for a stale one before this
        // one listens.
        for _ in 0..ATTEMPTS {
            let place = Self::bind(path, permissions, mode, &mut meanwhile)?;
            if !SocketFile::is_due(path) || (place.file.is_some() && place.file == SocketFile::at(path)) {
                return Ok(place);
            }
        }
        Err(Error::AddressInUse(io::ErrorKind::AddrInUse.into()))
    }

    fn bind(path: &Path, permissions: u32, mode: Mode, meanwhile: &mut impl FnMut()) -> Result<Self> {
        let address = address(path)?;
        let socket = open(false)?;
        sys::restrict_unbound(&socket, permissions).map_err(Error::from_os)?;
        let bound = match socket.bind(&address) {
            // A bind follows no link and takes no path where anything is.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && clear_stale(path) => socket.bind(&address),
            result => result,
        };
        bound.map_err(|error| bind_error(path, error))?;
        meanwhile();
        let place = Self { handle: Handle::new(socket), path: path.to_path_buf(), file: SocketFile::at(path) };
        let socket = place.handle.socket();
        if place.file.is_some() {
            sys::restrict_bound(path, permissions).map_err(|error| Error::file(path, error))?;
        }
        socket.listen(BACKLOG).and_then(|()| mode.apply_to_new(socket)).map_err(Error::from_os)?;
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The socket is still open, so no other file can have its number.
        if let Some(file) = self.file
            && SocketFile::at(&self.path) == Some(file)
        {
            // It may be gone already, and there is nobody to tell.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A path whose folder is not there or is none is the caller's mistake in a file's name.
fn bind_error(path: &Path, error: io::Error) -> Error {
    if sys::is_no_such_path(&error) { Error::file(path, error) } else { Error::from_os(error) }
}

/// Removes the file that a listener of this user has left behind when it was killed; tells whether the path is free.
///
/// Only a connect tells whether somebody listens. What it found may have been replaced by the time it is removed, or may
/// have begun to listen: so the file is moved away first, which nobody can come between, and looked at again.
fn clear_stale(path: &Path) -> bool {
    let Some(stale) = SocketFile::own_at(path).filter(|_| is_refused(path)) else { return false };
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // A short name, since a connect has to reach it.
    let aside = path.with_file_name(format!(".{:x}-{count:x}", process::id()));
    if address(&aside).is_err() || aside.symlink_metadata().is_ok() || fs::rename(path, &aside).is_err() {
        return false;
    }
    let was_stale = SocketFile::at(&aside) == Some(stale) && is_refused(&aside);
    if !was_stale {
        // Another program was faster, and this is its file. A link takes no path where anything is.
        let _ = fs::hard_link(&aside, path);
    }
    let _ = fs::remove_file(&aside);
    was_stale
}

/// Tells whether nobody listens at a path; a listener whose queue is full is somebody.
fn is_refused(path: &Path) -> bool {
    let connect = || -> Result<()> {
        let socket = open(true)?;
        socket.connect(&address(path)?).map_err(Error::from_os)
    };
    matches!(connect(), Err(Error::Refused(_)))
}

/// How often a listener binds that loses its file to others.
const ATTEMPTS: usize = 4;
/// The system cuts it to its own maximum.
const BACKLOG: i32 = i32::MAX;

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn open(path: &Path, meanwhile: impl FnMut()) -> Result<Place> {
        Place::open_amid(path, 0o600, Mode::BLOCKING, meanwhile)
    }

    #[test]
    fn a_listener_without_its_file_begins_again() {
        let path = std::env::temp_dir().join(format!("sockeye-place-{}", process::id()));
        let mut binds = 0;
        let place = open(&path, || {
            binds += 1;
            if binds < ATTEMPTS {
                fs::remove_file(&path).unwrap();
            }
        });
        let place = place.unwrap();
        assert_eq!((binds, place.file.is_some()), (ATTEMPTS, true));
        assert!(!is_refused(&path));
        drop(place);
        assert!(!path.exists());

        let failed = open(&path, || fs::remove_file(&path).unwrap());
        assert!(matches!(failed, Err(Error::AddressInUse(_))), "{failed:?}");
    }
}
