//! URLs of FTP (RFC 1738 section 3.2).

use std::fmt;

use sockeye::TransferMode;

use crate::failure::Failure;

/// Where something is, and as whom to ask for it. Its `Debug` keeps the password to itself.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Url {
    /// `ftps://`: encrypted from the first byte on.
    pub(super) is_implicit: bool,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) host: String,
    /// 0 is the usual one.
    pub(super) port: u16,
    /// As the server gets it: in the folder that the user is in after the login, unless it begins with a slash.
    pub(super) path: String,
    /// What a `;type=` at its end says.
    pub(super) mode: Option<TransferMode>,
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        Self::read(text).map_err(|expected| Failure::Wrong(format!("expected {expected}")))
    }

    /// Whether a text is meant as one.
    pub(super) fn is_one(text: &str) -> bool {
        text.contains("://")
    }

    fn read(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or(A_URL)?;
        let is_implicit = match scheme.to_ascii_lowercase().as_str() {
            "ftp" => false,
            "ftps" => true,
            _ => return Err(A_URL),
        };
        if rest.contains('#') {
            return Err("a URL with %23 in the place of #");
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, at) = match authority.rsplit_once('@') {
            Some((credentials, at)) => (Some(credentials), at),
            None => (None, authority),
        };
        let (host, port) = split_port(at)?;
        let (user, password) = match credentials
            .map(|text| text.split_once(':').map_or((text, None), |(user, password)| (user, Some(password))))
        {
            None => (None, None),
            Some(("", _)) => return Err("a user in front of the @ of the URL"),
            Some((user, password)) => (Some(decode(user)?), password.map(decode).transpose()?),
        };
        let (path, mode) = match path.rsplit_once(";type=") {
            None => (path, None),
            Some((path, "a" | "A")) => (path, Some(TransferMode::Ascii)),
            Some((path, "i" | "I")) => (path, Some(TransferMode::Binary)),
            Some(_) => return Err(";type=a or ;type=i at the end of the URL"),
        };
        Ok(Self { is_implicit, user, password, host, port, path: decode(path)?, mode })
    }

    /// The name at the end of the path.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The path, or, if it is that of a folder (empty, or with a slash at its end), that of a file of this name in it.
    pub(super) fn path_for(&self, name: &str) -> String {
        if self.path.is_empty() || self.path.ends_with('/') {
            format!("{}{name}", self.path)
        } else {
            self.path.clone()
        }
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_implicit { "ftps" } else { "ftp" };
        write!(f, "{scheme}://{}:{}/{}", self.host, self.port, self.path)
    }
}

fn split_port(at: &str) -> Result<(String, u16), &'static str> {
    let (host, port) = match at.strip_prefix('[') {
        Some(rest) => {
            let (host, behind) = rest.split_once(']').ok_or("a ] behind the address in the URL")?;
            (host, behind.strip_prefix(':').or_else(|| behind.is_empty().then_some("")).ok_or(A_URL)?)
        }
        None => at.split_once(':').unwrap_or((at, "")),
    };
    let port = match port {
        "" => 0,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().filter(|port| *port > 0).ok_or("a port from 1 to 65535 in the URL")?
        }
        _ => return Err("a port from 1 to 65535 in the URL"),
    };
    let host = decode(host)?;
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '/') {
        return Err("a host in the URL");
    }
    Ok((host, port))
}

/// Reads what is percent-encoded; what would be another line on the wire is refused.
fn decode(text: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                let (high, low) = (digit(), digit());
                high.zip(low)
                    .map(|(high, low)| high << 4 | low)
                    .ok_or("two hexadecimal digits behind each % of the URL")?
            }
            byte => byte,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| "a URL in UTF-8")?;
    if text.contains(['\r', '\n', '\0']) { Err("a URL without %0D, %0A and %00") } else { Ok(text) }
}

const A_URL: &str = "a URL such as ftp://example.org/folder/file";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_at_the_login_or_at_the_top() {
        for (url, path) in [
            ("ftp://h", ""),
            ("ftp://h/", ""),
            ("ftp://h/a/b", "a/b"),
            ("FTP://h//a/b", "/a/b"),
            ("ftp://h/%2Fa/b", "/a/b"),
            ("ftp://h/%2fa", "/a"),
            ("ftp://h//", "/"),
            ("ftp://h/a%20b%3Bc", "a b;c"),
            ("ftp://h/a b?c=d", "a b?c=d"),
            ("ftp://h/%C3%A9", "\u{e9}"),
            ("ftp://h/a/", "a/"),
        ] {
            assert_eq!(Url::parse(url).unwrap().path, path, "{url}");
        }
    }

    #[test]
    fn a_url_tells_where_and_who() {
        let parsed = |text| Url::parse(text).unwrap();
        let url = parsed("ftps://joe%40home:se%3Acret:@[::1]:2121/x;type=a");
        let expected = Url {
            is_implicit: true,
            user: Some("joe@home".into()),
            password: Some("se:cret:".into()),
            host: "::1".into(),
            port: 2121,
            path: "x".into(),
            mode: Some(TransferMode::Ascii),
        };
        assert!(url == expected, "{url:?}");
        assert_eq!(format!("{url:?}"), "ftps://::1:2121/x");
        let url = parsed("ftp://a@b@h:/x;type=i");
        assert_eq!(
            (url.user.as_deref(), url.password, url.port, url.mode),
            (Some("a@b"), None, 0, Some(TransferMode::Binary))
        );
        assert_eq!(parsed("ftp://joe:@h").password.as_deref(), Some(""));
        assert_eq!((parsed("ftp://h/a/b").name(), parsed("ftp://h/a/").name()), ("b", ""));
        let for_c = |text| parsed(text).path_for("c");
        assert_eq!([for_c("ftp://h"), for_c("ftp://h/a/"), for_c("ftp://h/a")], ["c", "a/c", "a"]);
    }

    #[test]
    fn what_is_no_url_says_what_is_expected_without_the_password() {
        for (text, expected) in [
            ("h/a", "a URL such as"),
            ("http://h/a", "a URL such as"),
            ("ftp://", "a host"),
            ("ftp:///a", "a host"),
            ("ftp://joe:hunter2@/a", "a host"),
            ("ftp://a b/", "a host"),
            ("ftp://h:99999/", "a port"),
            ("ftp://h:0/", "a port"),
            ("ftp://h:x/", "a port"),
            ("ftp://[::1", "a ]"),
            ("ftp://[::1]x", "a URL such as"),
            ("ftp://@h/", "a user"),
            ("ftp://:hunter2@h/", "a user"),
            ("ftp://h/a#b", "a URL with %23"),
            ("ftp://h/%", "two hexadecimal digits"),
            ("ftp://h/%4", "two hexadecimal digits"),
            ("ftp://h/%+4", "two hexadecimal digits"),
            ("ftp://h/%ff", "a URL in UTF-8"),
            ("ftp://h/a%0D%0ADELE b", "a URL without %0D"),
            ("ftp://joe:hunter2%0a@h/", "a URL without %0D"),
            ("ftp://h/%00", "a URL without %0D"),
            ("ftp://h/a;type=d", ";type=a or ;type=i"),
        ] {
            let said = Url::parse(text).unwrap_err().to_string();
            assert!(said.starts_with(&format!("expected {expected}")) && !said.contains("hunter2"), "{text}: {said}");
        }
    }
}
