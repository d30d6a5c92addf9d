//! Commands to a server (RFC 959 section 4.1), refused if they would be something else on the wire.

use std::fmt;

use super::{encoding::FtpEncoding, reply::IAC};
use crate::error::{Error, Limit, Result};

/// A command as it is sent.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Command {
    bytes: Vec<u8>,
    is_secret: bool,
}

impl Command {
    /// Builds a command; an empty parameter is none.
    pub(super) fn new(verb: &str, parameter: &str, encoding: FtpEncoding) -> Result<Self> {
        let shown = || if is_secret(verb) { HIDDEN } else { parameter };
        if verb.is_empty() || !verb.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::invalid_input(verb, "a command of letters and digits"));
        }
        let encoded = encoding
            .encode(parameter)
            .ok_or_else(|| Error::invalid_input(shown(), "text that the server's encoding has"))?;
        if encoded.iter().any(|byte| matches!(byte, b'\r' | b'\n' | b'\0')) {
            return Err(Error::invalid_input(shown(), "text without CR, LF and NUL"));
        }
        let mut bytes = Vec::with_capacity(verb.len() + encoded.len() + 3);
        bytes.extend_from_slice(verb.as_bytes());
        if !encoded.is_empty() {
            bytes.push(b' ');
        }
        for part in encoded.split_inclusive(|byte| *byte == IAC) {
            bytes.extend_from_slice(part);
            if part.last() == Some(&IAC) {
                bytes.push(IAC);
            }
        }
        bytes.extend_from_slice(b"\r\n");
        if bytes.len() > COMMAND_LIMIT {
            let (length, limit) = (bytes.len() as u64, COMMAND_LIMIT as u64);
            return Err(Error::TooLong { what: Limit::Command, length, limit });
        }
        Ok(Self { bytes, is_secret: is_secret(verb) })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What nobody may see of it, if there is anything.
    pub(super) fn secret(&self) -> &[u8] {
        let behind_the_verb = || self.bytes.splitn(2, |byte| *byte == b' ').nth(1);
        let parameter = if self.is_secret { behind_the_verb() } else { None };
        parameter.unwrap_or_default().trim_ascii()
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(&self.bytes);
        match text.split_once(' ') {
            Some((verb, _)) if self.is_secret => write!(f, "{verb} {HIDDEN}"),
            _ => f.write_str(text.trim_end()),
        }
    }
}

/// Tells whether the parameter of a command is nobody's business.
pub(super) fn is_secret(verb: &str) -> bool {
    verb.eq_ignore_ascii_case("PASS") || verb.eq_ignore_ascii_case("ACCT")
}

/// What stands for a password where something is shown.
pub(super) const HIDDEN: &str = "****";

/// The longest command with its line end. The longest paths of today's systems have 4 KiB; a server takes hardly more.
pub(super) const COMMAND_LIMIT: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorKind;

    fn bytes(verb: &str, parameter: &str, encoding: FtpEncoding) -> Vec<u8> {
        Command::new(verb, parameter, encoding).unwrap().bytes().to_vec()
    }

    #[test]
    fn commands_are_one_line() {
        assert_eq!(bytes("NOOP", "", FtpEncoding::Utf8), b"NOOP\r\n");
        assert_eq!(bytes("CWD", " a b", FtpEncoding::Utf8), b"CWD  a b\r\n");
        assert_eq!(bytes("RETR", "na\u{ef}ve", FtpEncoding::Utf8), b"RETR na\xc3\xafve\r\n");
        assert_eq!(bytes("RETR", "na\u{ef}ve", FtpEncoding::Latin1), b"RETR na\xefve\r\n");
        assert_eq!(bytes("RETR", "\u{ff}", FtpEncoding::Latin1), b"RETR \xff\xff\r\n", "an IAC is doubled");
    }

    #[test]
    fn what_would_be_another_line_is_refused() {
        for parameter in ["a\r\nDELE b", "a\rb", "a\n", "\0", "\r"] {
            let error = Command::new("CWD", parameter, FtpEncoding::Utf8).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{parameter:?}");
        }
        for verb in ["", "NO OP", "NOOP\r\n", "NOOP\r\nQUIT", "N\0", "\u{e9}"] {
            let error = Command::new(verb, "", FtpEncoding::Utf8).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{verb:?}");
        }
        let error = Command::new("CWD", "\u{20ac}", FtpEncoding::Latin1).unwrap_err();
        assert_eq!(error.to_string(), "expected text that the server's encoding has, found \"\u{20ac}\"");
    }

    #[test]
    fn a_password_is_never_shown() {
        for verb in ["PASS", "pass", "ACCT"] {
            let command = Command::new(verb, "hunter2", FtpEncoding::Utf8).unwrap();
            assert_eq!(format!("{command:?}"), format!("{verb} ****"));
            for secret in ["hunter2\r\n", "hunter2\u{20ac}"] {
                if let Err(error) = Command::new(verb, secret, FtpEncoding::Latin1) {
                    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
                } else {
                    panic!("{secret:?} was taken");
                }
            }
        }
        assert_eq!(format!("{:?}", Command::new("CWD", "a", FtpEncoding::Utf8).unwrap()), "CWD a");
    }

    #[test]
    fn the_cap_is_allowed_and_one_more_is_not() {
        let most = COMMAND_LIMIT - "CWD \r\n".len();
        assert_eq!(bytes("CWD", &"x".repeat(most), FtpEncoding::Utf8).len(), COMMAND_LIMIT);
        let error = Command::new("CWD", &"x".repeat(most + 1), FtpEncoding::Utf8).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLong);
    }

    proptest! {
        #[test]
        fn no_parameter_makes_more_than_one_line(parameter: String) {
            for encoding in [FtpEncoding::Utf8, FtpEncoding::Latin1] {
                if let Ok(command) = Command::new("CWD", &parameter, encoding) {
                    let line = command.bytes().strip_suffix(b"\r\n").unwrap();
                    prop_assert!(!line.iter().any(|byte| b"\r\n\0".contains(byte)));
                }
            }
        }
    }
}
