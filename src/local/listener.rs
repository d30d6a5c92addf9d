//! Listeners for local sockets.

use std::path::Path;

use super::{LocalSocket, place::Place};
use crate::{
    error::{Error, Result},
    mode::Mode,
    status::Status,
    surface::mode_methods,
    sys::{self, Direction, Handle, NativeHandle},
};

/// Waits for connections from programs on the same machine at a path.
///
/// The file at the path is made by [`listen`](Self::listen), for the user alone unless
/// [`set_permissions`](Self::set_permissions) says otherwise, and removed by [`close`](Self::close) and on drop if it is
/// still the same file.
///
/// # Examples
///
/// ```
/// use sockeye::{LocalListener, LocalSocket};
///
/// let path = std::env::temp_dir().join(format!("sockeye-doc-{}", std::process::id()));
/// let mut listener = LocalListener::new();
/// listener.listen(&path).into_result()?;
/// let mut client = LocalSocket::new();
/// client.connect(&path).into_result()?;
/// let mut server = listener.accept().into_result()?;
/// server.send(b"welcome").into_result()?;
/// # let mut buffer = [0; 16];
/// # assert_eq!(client.receive(&mut buffer).done(), Some(7));
///
/// listener.close();
/// assert!(!path.exists());
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
pub struct LocalListener {
    place: Option<Place>,
    mode: Mode,
    permissions: u32,
}

impl LocalListener {
    /// Makes a listener that does not listen yet and blocks.
    #[must_use]
    pub fn new() -> Self {
        Self { place: None, mode: Mode::BLOCKING, permissions: DEFAULT_PERMISSIONS }
    }

    /// Listens at a path.
    ///
    /// A listener that listens already changes to the new path once that is open. `Error` has the kind `AddressInUse`
    /// when there is something at the path, `File` when its folder is not there, `TooLong` when the path is longer than
    /// the system allows; what was listened on before still is.
    ///
    /// The one thing that may be at the path is a socket of the same user at which nobody listens any more, which is
    /// what a program leaves that was killed: it is replaced. Whoever else's file, and whatever else is there, stays,
    /// and no symbolic link is followed.
    pub fn listen(&mut self, path: impl AsRef<Path>) -> Status {
        Place::open(path.as_ref(), self.permissions, self.mode).map(|place| self.place = Some(place)).into()
    }

    /// Chooses who may connect to the listeners to come, as the permissions of their files; 0o600 by default, which is
    /// the user alone. The process's umask is taken away from it on Linux.
    ///
    /// # Platform
    ///
    /// Windows has no such permissions: there the folder decides.
    pub fn set_permissions(&mut self, permissions: u32) {
        self.permissions = permissions & 0o777;
    }

    /// Returns the permissions of the files of listeners to come.
    #[must_use]
    pub fn permissions(&self) -> u32 {
        self.permissions
    }

    /// Takes the next connection; it starts in the mode that the listener is in. See
    /// [`TcpListener::accept`](crate::TcpListener::accept).
    pub fn accept(&mut self) -> Status<LocalSocket> {
        let Some(Place { handle, .. }) = &self.place else { return Status::Disconnected };
        let nonblocking = self.mode.is_nonblocking_for_the_system();
        let mut attempt = self.mode.begin();
        match attempt.call(handle.socket(), Direction::Read, |socket| sys::accept(socket, nonblocking)) {
            Ok((socket, _)) => Status::Done(LocalSocket::accepted(socket, self.mode)),
            Err(error) => Error::from_transfer(error).into(),
        }
    }

    /// Stops listening and removes the file. Accepted connections stay.
    pub fn close(&mut self) {
        self.place = None;
    }

    /// Tells whether the listener listens.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        self.place.is_some()
    }

    /// Returns the path, `None` when the listener does not listen.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.place.as_ref().map(|place| place.path.as_path())
    }

    /// Returns the system's handle of the socket, `None` when it is not open.
    #[must_use]
    pub fn native_handle(&self) -> Option<NativeHandle<'_>> {
        self.handle().map(Handle::native)
    }

    pub(crate) fn handle(&self) -> Option<&Handle> {
        self.place.as_ref().map(|place| &place.handle)
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn change_mode(&mut self, mode: Mode) -> Result<()> {
        self.mode.change(mode, self.place.as_ref().map(|place| place.handle.socket()))
    }
}

mode_methods!(LocalListener, timeout: "When it passes, `accept` answers `NotReady`. Accepted sockets start with the same limit.");

impl Default for LocalListener {
    fn default() -> Self {
        Self::new()
    }
}

/// For the user alone.
const DEFAULT_PERMISSIONS: u32 = 0o600;
