//! Which proxy a request goes through.

mod bypass;

use std::{env, fmt};

use percent_encoding::percent_decode_str;

use super::auth;
use crate::{
    error::{Error, Result},
    ip::IpAddress,
};

use bypass::Bypass;

/// Which proxy requests go through.
///
/// # Examples
///
/// ```
/// use sockeye::Proxy;
///
/// let proxy = Proxy::Url("socks5h://user:secret@127.0.0.1:1080".to_owned());
/// assert_eq!(format!("{proxy:?}"), "Url(\"socks5h://(not shown)@127.0.0.1:1080\")");
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Proxy {
    /// The one that the environment names, as `curl` reads it.
    ///
    /// `http_proxy` is for `http` and `https_proxy` for `https`, `all_proxy` for both where the other is not set; the
    /// names may also be in capitals. `HTTP_PROXY` is not read where `REQUEST_METHOD` is set: in a CGI program a client
    /// could set it. `no_proxy` lists what is reached directly, separated by commas: names, which stand for the names
    /// below them too, addresses, networks (`10.0.0.0/8`), each with a port if need be (`host:8080`), or `*` for
    /// everything. A variable that is empty is not set.
    #[default]
    Environment,
    /// None.
    None,
    /// This one, for everything: `http://user:password@host:port`, `socks5://` (names are looked up here) or
    /// `socks5h://` (names are looked up by the proxy). Without a scheme it is an HTTP proxy; without a port it is 80,
    /// for SOCKS 1080. User and password are percent-encoded.
    Url(String),
}

/// The proxies of a [`Proxy`], read once.
#[derive(Debug, Clone, Default)]
pub(super) struct Proxies {
    http: Option<ProxyAddress>,
    https: Option<ProxyAddress>,
    bypass: Bypass,
}

/// Where a proxy is and how it is talked to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ProxyAddress {
    pub(super) kind: ProxyKind,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) credentials: Option<Credentials>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ProxyKind {
    Http,
    /// SOCKS 5, told addresses.
    Socks5,
    /// SOCKS 5, told names.
    Socks5h,
}

/// A user and a password for a proxy.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Credentials {
    pub(super) user: String,
    pub(super) password: String,
}

impl Proxies {
    /// Reads what is asked for, the environment if that is it.
    pub(super) fn new(proxy: &Proxy) -> Result<Self> {
        match proxy {
            Proxy::None => Ok(Self::default()),
            Proxy::Environment => {
                Self::from_variables(|name| env::var_os(name).and_then(|value| value.into_string().ok()))
            }
            Proxy::Url(url) => {
                let address = ProxyAddress::parse(url)?;
                Ok(Self { http: Some(address.clone()), https: Some(address), bypass: Bypass::default() })
            }
        }
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let either = |name: &str| set(name).or_else(|| set(&name.to_uppercase()));
        // A CGI server hands the field `Proxy` of a request over as this variable.
        let http = set("http_proxy").or_else(|| set("HTTP_PROXY").filter(|_| variable("REQUEST_METHOD").is_none()));
        let all = either("all_proxy");
        let read = |url: Option<String>| url.or_else(|| all.clone()).map(|url| ProxyAddress::parse(&url)).transpose();
        Ok(Self {
            http: read(http)?,
            https: read(either("https_proxy"))?,
            bypass: either("no_proxy").map_or_else(Bypass::default, |list| Bypass::parse(&list)),
        })
    }

    /// The proxy for a target; a host in IPv6 comes without brackets.
    pub(super) fn address_for(&self, https: bool, host: &str, port: u16) -> Option<&ProxyAddress> {
        let address = if https { &self.https } else { &self.http };
        address.as_ref().filter(|_| !self.bypass.contains(host, port))
    }
}

impl ProxyAddress {
    pub(super) fn parse(url: &str) -> Result<Self> {
        let invalid = |expected| Error::invalid_input(&redact(url), expected);
        let (scheme, rest) = url.trim().split_once("://").unwrap_or(("http", url.trim()));
        let (kind, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (ProxyKind::Http, 80),
            "socks5" => (ProxyKind::Socks5, 1080),
            "socks5h" => (ProxyKind::Socks5h, 1080),
            _ => return Err(invalid("a proxy of the scheme http, socks5 or socks5h")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (userinfo, place) = match authority.rsplit_once('@') {
            Some((userinfo, place)) => (Some(userinfo), place),
            None => (None, authority),
        };
        let (host, port) = split_port(place).ok_or_else(|| invalid(EXPECTED))?;
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        if !is_name(host) && IpAddress::parse(host).is_err() {
            return Err(invalid(EXPECTED));
        }
        let credentials = userinfo.map(Credentials::parse).transpose()?;
        Ok(Self { kind, host: host.to_owned(), port: port.unwrap_or(default_port), credentials })
    }
}

impl Credentials {
    fn parse(userinfo: &str) -> Result<Self> {
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        let decode = |text| {
            let decoded = percent_decode_str(text).decode_utf8();
            decoded.map(String::from).map_err(|_| Error::invalid_input("(not shown)", "a proxy's user in UTF-8"))
        };
        Ok(Self { user: decode(user)?, password: decode(password)? })
    }

    /// The value of `Proxy-Authorization`.
    pub(super) fn basic(&self) -> Result<String> {
        auth::basic(&self.user, &self.password)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("Environment"),
            Self::None => f.write_str("None"),
            Self::Url(url) => f.debug_tuple("Url").field(&redact(url)).finish(),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(not shown)")
    }
}

/// Splits `host`, `host:port` and `[v6]:port`; the host comes without brackets.
fn split_port(place: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, behind) = rest.split_once(']')?;
            if !IpAddress::parse(host).is_ok_and(IpAddress::is_v6) {
                return None;
            }
            (host, if behind.is_empty() { None } else { Some(behind.strip_prefix(':')?) })
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let port = match port {
        // `parse` alone would take a sign.
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
        None => None,
    };
    Some((host, port))
}

/// A URL without what stands before its last `@`, which may be a password even where the URL is none.
fn redact(url: &str) -> String {
    let Some((before, place)) = url.rsplit_once('@') else { return url.to_owned() };
    let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
    let separator = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{separator}(not shown)@{place}")
}

const EXPECTED: &str = "a proxy as scheme://user:password@host:port";

#[cfg(test)]
mod tests;
