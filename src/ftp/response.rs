//! What a server has answered.

use std::{io, ops::Deref};

use super::status::FtpStatus;
use crate::error::{Error, Result};

/// The answer to a command: the server's reply, or the reason why there is none.
///
/// # Examples
///
/// ```
/// use sockeye::{ErrorKind, Ftp, FtpStatus};
///
/// let response = Ftp::new().keep_alive();
/// assert!(!response.ok());
/// assert_eq!(response.status(), FtpStatus::CONNECTION_CLOSED);
/// assert_eq!(response.into_result().unwrap_err().kind(), ErrorKind::Disconnected);
/// ```
#[derive(Debug)]
pub struct FtpResponse {
    status: FtpStatus,
    message: String,
    error: Option<Error>,
}

impl FtpResponse {
    /// Makes a response of what a server could say: for tests of what handles responses.
    pub fn new(status: FtpStatus, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), error: None }
    }

    /// A response that never came. The status tells the kind of the failure as far as SFML has one.
    pub(super) fn failed(error: Error) -> Self {
        let status = match &error {
            Error::PeerRefused { code, text } => return Self::new(FtpStatus::from(*code), text.as_ref()),
            Error::File { .. } => FtpStatus::INVALID_FILE,
            Error::Disconnected | Error::CutShort { .. } => FtpStatus::CONNECTION_CLOSED,
            Error::Io(error) if matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
                FtpStatus::CONNECTION_CLOSED
            }
            Error::Malformed { .. }
            | Error::TooLong { .. }
            | Error::TooMany { .. }
            | Error::InvalidInput { .. }
            | Error::InvalidAddress { .. }
            | Error::NotReady
            | Error::Cancelled => FtpStatus::INVALID_RESPONSE,
            _ => FtpStatus::CONNECTION_FAILED,
        };
        Self { status, message: String::new(), error: Some(error) }
    }

    /// The same reply to something that has failed all the same.
    pub(super) fn with_error(self, error: Error) -> Self {
        let status = if matches!(error, Error::File { .. }) { FtpStatus::INVALID_FILE } else { self.status };
        Self { status, error: Some(error), ..self }
    }

    /// Takes a secret out of the text.
    pub(super) fn without(mut self, secret: &str) -> Self {
        if !secret.is_empty() {
            self.message = self.message.replace(secret, super::command::HIDDEN);
        }
        self
    }

    /// Returns the server's code. Where there is no reply, or where it is not what counts, it is one of the four from
    /// 1000 on.
    #[must_use]
    pub fn status(&self) -> FtpStatus {
        self.status
    }

    /// Returns the whole text of the reply without its code; lines are separated by `\n`.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Tells whether it was done: a status below 400, as in SFML, and no failure on this side.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.error.is_none() && self.status.ok()
    }

    /// Returns the reason of a failure that is not the server's refusal.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    pub(super) fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }

    /// Turns it into a result.
    ///
    /// # Errors
    ///
    /// The [`error`](Self::error) if there is one; [`Error::PeerRefused`] with the server's code and text for a status
    /// of 400 or more.
    pub fn into_result(self) -> Result<Self> {
        match self {
            Self { error: Some(error), .. } => Err(error),
            Self { status, message, .. } if !status.ok() => {
                Err(Error::PeerRefused { code: status.code(), text: message.into() })
            }
            ok => Ok(ok),
        }
    }
}

/// No answer yet, as SFML's default response has it: [`FtpStatus::INVALID_RESPONSE`].
impl Default for FtpResponse {
    fn default() -> Self {
        Self::new(FtpStatus::INVALID_RESPONSE, "")
    }
}

/// A response with a folder in its text.
#[derive(Debug, Default)]
pub struct FtpDirectoryResponse {
    response: FtpResponse,
    directory: String,
}

impl FtpDirectoryResponse {
    /// Reads the folder from the response: what stands between quotation marks, where two stand for one (RFC 959,
    /// appendix II), or the whole text if there are none.
    pub fn new(response: FtpResponse) -> Self {
        let directory = match response.ok() {
            true => quoted(response.message()).unwrap_or_else(|| response.message().to_owned()),
            false => String::new(),
        };
        Self { response, directory }
    }

    /// Returns the folder; empty if the response is not [`ok`](FtpResponse::ok).
    #[must_use]
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// Turns it into a result with the folder.
    ///
    /// # Errors
    ///
    /// As for [`FtpResponse::into_result`].
    pub fn into_result(self) -> Result<String> {
        self.response.into_result().map(|_| self.directory)
    }
}

/// A response with names.
#[derive(Debug, Default)]
pub struct FtpListingResponse {
    response: FtpResponse,
    names: Vec<String>,
}

impl FtpListingResponse {
    /// Puts a response and the text of a listing together: a name a line, whatever its end.
    pub fn new(response: FtpResponse, listing: &str) -> Self {
        let names =
            if response.ok() { super::listing::lines(listing).map(str::to_owned).collect() } else { Vec::new() };
        Self { response, names }
    }

    /// Returns the names as the server gave them, some with the folder in front; empty if the response is not
    /// [`ok`](FtpResponse::ok).
    #[must_use]
    pub fn filenames(&self) -> &[String] {
        &self.names
    }

    /// Turns it into a result with the names.
    ///
    /// # Errors
    ///
    /// As for [`FtpResponse::into_result`].
    pub fn into_result(self) -> Result<Vec<String>> {
        self.response.into_result().map(|_| self.names)
    }
}

impl Deref for FtpDirectoryResponse {
    type Target = FtpResponse;

    fn deref(&self) -> &FtpResponse {
        &self.response
    }
}

impl Deref for FtpListingResponse {
    type Target = FtpResponse;

    fn deref(&self) -> &FtpResponse {
        &self.response
    }
}

fn quoted(text: &str) -> Option<String> {
    let (_, inside) = text.split_once('"')?;
    let mut name = String::new();
    let mut characters = inside.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '"' && characters.next_if_eq(&'"').is_none() {
            let is_end = characters.peek().is_none_or(|next| !next.is_alphanumeric());
            // Pure-FTPd does not double those inside.
            return if is_end { Some(name) } else { inside.rsplit_once('"').map(|(name, _)| name.to_owned()) };
        }
        name.push(character);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn ok(message: &str) -> FtpResponse {
        FtpResponse::new(FtpStatus::DIRECTORY_OK, message)
    }

    #[test]
    fn a_default_response_is_not_ok() {
        let response = FtpResponse::default();
        assert_eq!((response.status(), response.message(), response.ok()), (FtpStatus::INVALID_RESPONSE, "", false));
        assert!(FtpResponse::new(FtpStatus::NEED_PASSWORD, "Ok").ok());
        assert!(!FtpResponse::new(FtpStatus::SERVICE_UNAVAILABLE, "Ok").ok());
    }

    #[test]
    fn directories_are_read_from_between_the_quotes() {
        for (message, directory) in [
            ("\"/\" is the current directory", "/"),
            ("\"/a b\"", "/a b"),
            ("\"/say \"\"hi\"\"\" created", "/say \"hi\""),
            ("\"\"\"\"", "\""),
            ("\"/say \"hi\"\" is your current location", "/say \"hi\""),
            ("\"/say \"hi\" to all\" is your current location", "/say \"hi\" to all"),
            ("\"\" empty", ""),
            ("The directory is \"/x\", not \"/y\"", "/x"),
            ("no quotes", "no quotes"),
            ("\"never closed", "\"never closed"),
        ] {
            assert_eq!(FtpDirectoryResponse::new(ok(message)).directory(), directory, "{message}");
        }
        let refused = FtpDirectoryResponse::new(FtpResponse::new(FtpStatus::FILE_UNAVAILABLE, "\"/x\""));
        assert_eq!((refused.directory(), refused.ok()), ("", false));
    }

    #[test]
    fn listings_need_no_particular_line_ends() {
        let names = |listing| FtpListingResponse::new(ok(""), listing).filenames().to_vec();
        assert_eq!(names(""), [""; 0]);
        assert_eq!(names("foo\r\nbar\r\nbaz"), ["foo", "bar", "baz"]);
        assert_eq!(names("foo\nbar\n\n"), ["foo", "bar"]);
        let failed = FtpListingResponse::new(FtpResponse::failed(Error::Cancelled), "foo\r\n");
        assert!(failed.filenames().is_empty() && !failed.ok());
    }

    #[test]
    fn a_failure_is_told_before_a_refusal() {
        let refused = FtpResponse::new(FtpStatus::TRANSFER_ABORTED, "gone").into_result().unwrap_err();
        assert_eq!(refused.to_string(), "the peer answered 426 gone");
        let cancelled = FtpResponse::new(FtpStatus::TRANSFER_ABORTED, "gone").with_error(Error::Cancelled);
        assert_eq!(cancelled.status(), FtpStatus::TRANSFER_ABORTED);
        assert_eq!(cancelled.into_result().unwrap_err().kind(), ErrorKind::Cancelled);
        let reset = FtpResponse::failed(Error::Io(io::ErrorKind::ConnectionReset.into()));
        assert_eq!(reset.status(), FtpStatus::CONNECTION_CLOSED);
        let missing = io::Error::from(io::ErrorKind::NotFound);
        let file = FtpResponse::failed(Error::file(std::path::Path::new("x"), missing));
        assert_eq!(file.status(), FtpStatus::INVALID_FILE);
    }

    #[test]
    fn an_echoed_password_is_hidden() {
        let response = FtpResponse::new(FtpStatus::COMMAND_UNKNOWN, "'PASS hunter2': what?").without("hunter2");
        assert_eq!(response.message(), "'PASS ****': what?");
        assert_eq!(ok("ab").without("").message(), "ab");
    }
}
