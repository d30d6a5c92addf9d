//! Listeners for local sockets.

use std::path::{Path, PathBuf};

use super::{LocalSocket, address, open};
use crate::{
    error::{Error, Result},
    mode::Mode,
    status::Status,
    surface::mode_methods,
    sys::{self, Direction, Handle, NativeHandle},
};

/// Waits for connections from programs on the same machine at a path.
///
/// The file at the path is made by [`listen`](Self::listen), which refuses a path where something is already, and
/// removed by [`close`](Self::close) and on drop if it is still the same file.
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
}

#[derive(Debug)]
struct Place {
    handle: Handle,
    path: PathBuf,
    /// What tells the file of this listener from one that another program has put in its place.
    owner: Option<(u64, u64)>,
}

impl LocalListener {
    /// Makes a listener that does not listen yet and blocks.
    #[must_use]
    pub fn new() -> Self {
        Self { place: None, mode: Mode::BLOCKING }
    }

    /// Listens at a path.
    ///
    /// A listener that listens already changes to the new path once that is open. `Error` has the kind `AddressInUse`
    /// when there is something at the path, `TooLong` when the path is longer than the system allows; what was
    /// listened on before still is.
    pub fn listen(&mut self, path: impl AsRef<Path>) -> Status {
        Place::open(path.as_ref(), self.mode).map(|place| self.place = Some(place)).into()
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

impl Place {
    fn open(path: &Path, mode: Mode) -> Result<Self> {
        let address = address(path)?;
        let socket = open(false)?;
        socket.bind(&address).map_err(Error::from_os)?;
        let place = Self { handle: Handle::new(socket), path: path.to_path_buf(), owner: sys::path_owner(path) };
        let socket = place.handle.socket();
        socket.listen(BACKLOG).and_then(|()| mode.apply_to_new(socket)).map_err(Error::from_os)?;
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(owner) = self.owner {
            sys::clear_path_owner(&self.path, owner);
        }
    }
}

/// The system cuts it to its own maximum.
const BACKLOG: i32 = i32::MAX;
