//! Where to listen and to connect, as one text.

mod parse;
mod pattern;
mod port;

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

pub(crate) use parse::{checked_instance, checked_service};
pub use pattern::ServicePattern;

use crate::{
    error::{Error, Result},
    ip::{IpAddress, lookup},
    time::Deadline,
};

/// A place to listen at or to connect to: a port, a path, or a service that is looked for on the network.
///
/// | text | means |
/// |---|---|
/// | `1234` | a port of this machine itself (loopback), for listening and for connecting |
/// | `host:1234`, `192.0.2.1:1234`, `[::1]:1234` | a port of a host; `0.0.0.0:1234` and `[::]:1234` listen on all addresses |
/// | `http`, `host:http` | the same with the name of a port, from the system's table (`/etc/services`) |
/// | `/path`, `./path`, `../path` | a local socket |
/// | `@name` | a local socket in the abstract namespace (Linux) |
/// | `service\|`, `service\|pattern` | the first service of this kind whose name matches, to connect to |
/// | `service\|name`, `service\|name\|1234` | a service to announce under this name, to listen at |
///
/// [`Display`](fmt::Display) gives a text that means the same. Parsing looks up no host names.
///
/// # Examples
///
/// ```
/// use sockeye::Endpoint;
///
/// let endpoint: Endpoint = "localhost:8080".parse()?;
/// assert_eq!(endpoint, Endpoint::Tcp { host: Some("localhost".into()), port: 8080 });
/// assert_eq!(Endpoint::parse("[::1]:80")?.to_string(), "[::1]:80");
///
/// let error = Endpoint::parse("localhost:80800").unwrap_err();
/// assert_eq!(error.to_string(), "expected a port from 0 to 65535, found \"80800\"");
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// A TCP port.
    Tcp {
        /// A host name or an address literal, IPv6 without brackets; `None` is this machine itself.
        host: Option<String>,
        /// The port; 0 is any free one, to listen at.
        port: u16,
    },
    /// A local socket: a path, or behind a NUL byte a name in the abstract namespace, as for
    /// [`LocalSocket`](crate::LocalSocket).
    Local(PathBuf),
    /// A service that is announced on the network.
    Service {
        /// The kind of service, for example `http` (RFC 6335 section 5.1).
        service: String,
        /// What stands behind the first `|`: see [`pattern`](Endpoint::pattern) and [`instance`](Endpoint::instance).
        rest: String,
    },
}

impl Endpoint {
    /// Reads an endpoint.
    ///
    /// The name of a port is looked for in the system's table, which is a file; nothing else is looked up.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidAddress`] with the part that is wrong and what was expected in its place.
    pub fn parse(text: &str) -> Result<Self> {
        parse::endpoint(text)
    }

    /// Returns the pattern of a service to connect to, which the names of services have to match.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for what is no regular expression, needs more than 256 KiB of memory or is nested more than
    /// 32 deep (groups, repetitions, alternatives and what stands in a row are a level each), and for an endpoint that is no
    /// service; [`Error::TooLong`] for a pattern of more than 1 KiB.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::Endpoint;
    ///
    /// let pattern = Endpoint::parse("game|arena-[0-9]+")?.pattern()?;
    /// assert!(pattern.matches("arena-7 of Ann"));
    /// assert!(!pattern.matches("the arena-7"));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn pattern(&self) -> Result<ServicePattern> {
        match self {
            Self::Service { rest, .. } => ServicePattern::new(rest),
            _ => Err(self.is_no_service()),
        }
    }

    /// Returns the name of a service to announce, and the port to listen at; `None` is any free one.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidAddress`] for a name that is empty, longer than 63 bytes (RFC 6763 section 4.1.1) or has
    /// control characters in it, and for what is no port behind a second `|`; [`Error::InvalidInput`] for an endpoint
    /// that is no service.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::Endpoint;
    ///
    /// assert_eq!(Endpoint::parse("game|Ann's arena|4000")?.instance()?, ("Ann's arena", Some(4000)));
    /// assert_eq!(Endpoint::parse("game|Ann's arena")?.instance()?, ("Ann's arena", None));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn instance(&self) -> Result<(&str, Option<u16>)> {
        match self {
            Self::Service { rest, .. } => parse::instance(rest),
            _ => Err(self.is_no_service()),
        }
    }

    /// The addresses that a TCP endpoint stands for, looking its name up if it is one, until the deadline that comes from
    /// this limit.
    pub(crate) fn addresses(host: Option<&str>, deadline: Deadline, limit: Option<Duration>) -> Result<Vec<IpAddress>> {
        match (Self::known_addresses(host), host) {
            (None, Some(host)) => lookup(host, deadline, limit),
            (known, _) => Ok(known.unwrap_or_default()),
        }
    }

    /// The addresses of what takes no lookup, in the order in which to try them (RFC 6724); `localhost` is always the
    /// loopback addresses (RFC 6761 section 6.3).
    pub(crate) fn known_addresses(host: Option<&str>) -> Option<Vec<IpAddress>> {
        let Some(host) = host else { return Some(vec![IpAddress::LOCAL_HOST]) };
        if host.eq_ignore_ascii_case("localhost") {
            return Some(vec![IpAddress::LOCAL_HOST_V6, IpAddress::LOCAL_HOST]);
        }
        IpAddress::parse(host).ok().map(|address| vec![address])
    }

    /// The name that a peer has to prove with TLS: the one that was given, or else the host. A service has none of its own:
    /// any machine of the network can announce any name and any host.
    pub(crate) fn tls_name(&self, given: Option<&str>) -> Result<String> {
        self.check_tls()?;
        match (given, self) {
            (Some(name), _) => Ok(name.to_owned()),
            // The zone of an address is for this machine alone (RFC 4007 section 11.2).
            (None, Self::Tcp { host: Some(host), .. }) => match host.split_once('%') {
                Some((address, _)) if IpAddress::parse(host).is_ok() => Ok(address.to_owned()),
                _ => Ok(host.clone()),
            },
            (None, Self::Service { .. }) => {
                Err(Error::invalid_input(&self.to_string(), "a `tls_name` with the endpoint of a service"))
            }
            (None, _) => Ok("localhost".into()),
        }
    }

    /// Refuses encryption where there is none: whoever asks for it would not get it.
    pub(crate) fn check_tls(&self) -> Result<()> {
        match self {
            Self::Local(_) => {
                Err(Error::invalid_input(&self.to_string(), "a TCP endpoint, since only TCP is encrypted"))
            }
            _ => Ok(()),
        }
    }

    fn is_no_service(&self) -> Error {
        Error::invalid_input(&self.to_string(), "an endpoint of the form service|name")
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    /// The same as [`Endpoint::parse`].
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host: None, port } => write!(f, "{port}"),
            Self::Tcp { host: Some(host), port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host: Some(host), port } => write!(f, "{host}:{port}"),
            Self::Local(path) => match path.to_string_lossy().strip_prefix('\0') {
                Some(name) => write!(f, "@{name}"),
                None if parse::begins_a_path(&path.to_string_lossy()) => write!(f, "{}", path.display()),
                None => write!(f, "{}", Path::new(".").join(path).display()),
            },
            Self::Service { service, rest } => write!(f, "{service}|{rest}"),
        }
    }
}

#[cfg(test)]
mod tests;
