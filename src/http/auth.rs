//! Credentials as field values: Basic (RFC 7617) and Bearer (RFC 6750).

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::error::{Error, Result};

/// The value of `Authorization` or `Proxy-Authorization` for a user and a password, in UTF-8.
///
/// What is refused is not repeated in the error.
pub(super) fn basic(user: &str, password: &str) -> Result<String> {
    if user.contains(|c: char| c.is_control() || c == ':') {
        return Err(Error::invalid_input(HIDDEN, "a user without control characters and colons"));
    }
    if password.contains(char::is_control) {
        return Err(Error::invalid_input(HIDDEN, "a password without control characters"));
    }
    Ok(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

/// The value of `Authorization` for a token.
///
/// Any visible ASCII will do: there are servers whose tokens have more characters than RFC 6750 section 2.1 lists.
pub(super) fn bearer(token: &str) -> Result<String> {
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid_input(HIDDEN, "a token of visible ASCII characters"));
    }
    Ok(format!("Bearer {token}"))
}

const HIDDEN: &str = "(not shown)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standards() {
        assert_eq!(basic("Aladdin", "open sesame").unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        // RFC 7617 section 2.1: "test" and "123" with a pound sign, in UTF-8.
        assert_eq!(basic("test", "123\u{a3}").unwrap(), "Basic dGVzdDoxMjPCow==");
        assert_eq!(basic("", "").unwrap(), "Basic Og==");
        assert_eq!(basic("user", "with:colon").unwrap(), "Basic dXNlcjp3aXRoOmNvbG9u");
        assert_eq!(bearer("mF_9.B5f-4.1JqM").unwrap(), "Bearer mF_9.B5f-4.1JqM");
    }

    #[test]
    fn what_could_break_out_of_the_field_is_refused_and_not_repeated() {
        for (user, password) in [
            ("mal:lory", "hush"),
            ("mallory\r", "hush"),
            ("mallory", "hush\n"),
            ("mallory", "hu\0sh"),
            ("mal\u{7f}", "hush"),
        ] {
            let error = basic(user, password).unwrap_err().to_string();
            assert!(!error.contains("mal") && !error.contains("hu"), "{error}");
        }
        for token in ["", "a b", "a\r\nb", "\u{e9}"] {
            let error = bearer(token).unwrap_err().to_string();
            assert!(error.contains("a token of visible ASCII"), "{error}");
        }
    }
}
