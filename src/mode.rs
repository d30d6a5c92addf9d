//! How long a socket waits: not at all, for a limit, or for ever.

use std::{io, time::Duration};

use socket2::Socket;

use crate::{
    error::{Error, Result},
    sys::{self, Direction},
    time::Deadline,
};

/// The mode of a socket, which it keeps while it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mode {
    pub(crate) blocking: bool,
    pub(crate) timeout: Option<Duration>,
}

impl Mode {
    pub(crate) const BLOCKING: Self = Self { blocking: true, timeout: None };
    #[cfg(feature = "messages")]
    pub(crate) const AT_ONCE: Self = Self { blocking: false, timeout: None };

    /// Tells whether the system's own socket must not block. A limit is kept by waiting for readiness, so that it is
    /// exact and the first try costs no further system call.
    pub(crate) fn is_nonblocking_for_the_system(self) -> bool {
        !self.blocking || self.timeout.is_some()
    }

    /// Puts a socket that blocks, as new ones do, into this mode.
    pub(crate) fn apply_to_new(self, socket: &Socket) -> io::Result<()> {
        if self.is_nonblocking_for_the_system() { socket.set_nonblocking(true) } else { Ok(()) }
    }

    /// Changes the mode, and that of the socket if there is one.
    pub(crate) fn change(&mut self, to: Self, socket: Option<&Socket>) -> Result<()> {
        if let Some(socket) = socket
            && to.is_nonblocking_for_the_system() != self.is_nonblocking_for_the_system()
        {
            socket.set_nonblocking(to.is_nonblocking_for_the_system()).map_err(Error::from_os)?;
        }
        *self = to;
        Ok(())
    }

    pub(crate) fn begin(self) -> Attempt {
        Attempt { mode: self, deadline: None }
    }

    /// The same with a deadline that has been counted already.
    pub(crate) fn begin_until(self, deadline: Deadline) -> Attempt {
        Attempt { mode: self, deadline: Some(deadline) }
    }
}

/// One operation of a socket: its system calls, repeated as its mode allows, all under one deadline.
#[derive(Debug)]
pub(crate) struct Attempt {
    mode: Mode,
    /// Counted from the first time that there was something to wait for, which is just after the operation began.
    deadline: Option<Deadline>,
}

impl Attempt {
    /// Makes a system call; a signal repeats it, and "would block" is waited out if the mode is to wait.
    #[inline(always)]
    pub(crate) fn call<T>(
        &mut self,
        socket: &Socket,
        direction: Direction,
        mut call: impl FnMut(&Socket) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match call(socket) {
                Err(error) if self.is_to_be_repeated(&error, socket, direction)? => {}
                result => return result,
            }
        }
    }

    /// Until when the operation may wait; now, if its mode does not let it.
    pub(crate) fn until(&mut self) -> Deadline {
        let limit = if self.mode.blocking { self.mode.timeout } else { Some(Duration::ZERO) };
        *self.deadline.get_or_insert_with(|| Deadline::after(limit))
    }

    /// Tells whether a call that has failed so is to be made again, waiting until then if the mode is to wait.
    #[inline]
    pub(crate) fn is_to_be_repeated(
        &mut self,
        error: &io::Error,
        socket: &Socket,
        direction: Direction,
    ) -> io::Result<bool> {
        if sys::is_would_block(error) {
            return if self.mode.blocking { self.wait(socket, direction) } else { Ok(false) };
        }
        Ok(sys::is_interrupted(error))
    }

    fn wait(&mut self, socket: &Socket, direction: Direction) -> io::Result<bool> {
        wait_until(socket, direction, self.until())
    }
}

/// Waits until a socket is ready, has failed or was closed; `false` when the deadline has passed.
pub(crate) fn wait_until(socket: &Socket, direction: Direction, deadline: Deadline) -> io::Result<bool> {
    loop {
        match sys::wait_for(socket, direction, deadline.remaining()) {
            Err(error) if sys::is_interrupted(&error) => {}
            result => return result,
        }
    }
}
