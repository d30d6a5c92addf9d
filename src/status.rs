//! How every socket operation answers.

use std::fmt;

use crate::error::{Error, Result};

/// The answer of a socket operation: one of four outcomes, as SFML's `sf::Socket::Status` has them.
///
/// Nothing panics and nothing is lost: a value comes inside `Done`, the reason of a failure inside `Error`. Which cause
/// gives which outcome is one table for all sockets; it stands in the crate's documentation.
///
/// # Examples
///
/// A game loop polls a non-blocking socket and goes on at once when nothing has arrived:
///
/// ```
/// use sockeye::{Status, UdpSocket};
///
/// let mut socket = UdpSocket::new();
/// socket.bind_to([127, 0, 0, 1], UdpSocket::ANY_PORT).into_result()?;
/// socket.set_blocking(false)?;
/// let mut buffer = [0; 64];
/// match socket.receive(&mut buffer) {
///     Status::Done((length, from, port)) => println!("{length} bytes from {from}:{port}"),
///     Status::NotReady => { /* draw the next frame */ }
///     Status::Disconnected => unreachable!("a UDP socket has no connection"),
///     Status::Error(error) => return Err(error),
/// }
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a status may be NotReady, Disconnected or an Error"]
pub enum Status<T = ()> {
    /// The operation was done, with this value.
    Done(T),
    /// It cannot be done yet: nothing was changed, try again later.
    NotReady,
    /// There is no connection, or there is none any more.
    Disconnected,
    /// It failed, for this reason.
    Error(Error),
}

/// A [`Status`] without its data, to compare, store and print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusCode {
    /// [`Status::Done`]
    Done,
    /// [`Status::NotReady`]
    NotReady,
    /// [`Status::Disconnected`]
    Disconnected,
    /// [`Status::Error`]
    Error,
}

impl<T> Status<T> {
    /// Returns the outcome without its data.
    #[must_use]
    pub fn code(&self) -> StatusCode {
        match self {
            Self::Done(_) => StatusCode::Done,
            Self::NotReady => StatusCode::NotReady,
            Self::Disconnected => StatusCode::Disconnected,
            Self::Error(_) => StatusCode::Error,
        }
    }

    /// Tells whether the operation was done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// Tells whether it cannot be done yet.
    #[must_use]
    pub fn is_not_ready(&self) -> bool {
        matches!(self, Self::NotReady)
    }

    /// Tells whether there is no connection.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected)
    }

    /// Tells whether it failed.
    #[must_use]
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }

    /// Returns the value of a `Done`.
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the reason of an `Error`.
    pub fn error(self) -> Option<Error> {
        match self {
            Self::Error(error) => Some(error),
            _ => None,
        }
    }

    /// Changes the value of a `Done`; the other outcomes stay as they are.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Status<U> {
        match self {
            Self::Done(value) => Status::Done(change(value)),
            Self::NotReady => Status::NotReady,
            Self::Disconnected => Status::Disconnected,
            Self::Error(error) => Status::Error(error),
        }
    }

    /// Turns the status into a result, so that `?` works where a program prefers it.
    ///
    /// # Errors
    ///
    /// [`Error::NotReady`] and [`Error::Disconnected`] for the outcomes of those names, else the error itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{ErrorKind, TcpSocket};
    ///
    /// let mut never_connected = TcpSocket::new();
    /// let error = never_connected.send(b"hello").into_result().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Disconnected);
    /// ```
    pub fn into_result(self) -> Result<T> {
        match self {
            Self::Done(value) => Ok(value),
            Self::NotReady => Err(Error::NotReady),
            Self::Disconnected => Err(Error::Disconnected),
            Self::Error(error) => Err(error),
        }
    }
}

#[cfg(any(feature = "http", feature = "messages"))]
impl Status {
    /// Tells of a failure to begin: what has begun is as good here as what has ended.
    pub(crate) fn begun(self) -> Result<()> {
        match self {
            Self::NotReady => Ok(()),
            status => status.into_result(),
        }
    }
}

impl<T> From<Result<T>> for Status<T> {
    fn from(result: Result<T>) -> Self {
        match result {
            Ok(value) => Self::Done(value),
            Err(Error::NotReady) => Self::NotReady,
            Err(Error::Disconnected) => Self::Disconnected,
            Err(error) => Self::Error(error),
        }
    }
}

impl<T> From<Error> for Status<T> {
    fn from(error: Error) -> Self {
        Self::from(Err(error))
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "Done",
            Self::NotReady => "NotReady",
            Self::Disconnected => "Disconnected",
            Self::Error => "Error",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_status_survives_the_way_to_a_result_and_back() {
        assert_eq!(Status::from(Status::Done(7).into_result()).done(), Some(7));
        assert_eq!(Status::<()>::from(Status::<()>::NotReady.into_result()).code(), StatusCode::NotReady);
        assert_eq!(Status::<()>::from(Status::<()>::Disconnected.into_result()).code(), StatusCode::Disconnected);
        let error = Status::<()>::from(Status::<()>::Error(Error::NotBound).into_result()).error();
        assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::NotBound));
    }

    #[test]
    fn a_code_prints_its_name() {
        let names: Vec<String> = [StatusCode::Done, StatusCode::NotReady, StatusCode::Disconnected, StatusCode::Error]
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(names, ["Done", "NotReady", "Disconnected", "Error"]);
    }
}
