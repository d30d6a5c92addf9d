//! From a text to an endpoint.

use super::{Endpoint, port};
use crate::{
    error::{Error, Result},
    ip::IpAddress,
};

pub(super) fn endpoint(text: &str) -> Result<Endpoint> {
    if text.contains(char::is_control) {
        return Err(Error::invalid_address(text, "an endpoint without control characters"));
    }
    if begins_a_path(text) {
        return Ok(Endpoint::Local(text.into()));
    }
    if let Some(name) = text.strip_prefix('@') {
        return match name {
            "" => Err(Error::invalid_address(text, "a name behind the @")),
            name => Ok(Endpoint::Local(format!("\0{name}").into())),
        };
    }
    if let Some((service, rest)) = text.split_once('|') {
        return Ok(Endpoint::Service { service: checked_service(service)?.to_owned(), rest: rest.to_owned() });
    }
    if text.contains('/') {
        return Err(Error::invalid_address(text, "host:port, or a path that begins with /, ./ or ../"));
    }
    if let Some(rest) = text.strip_prefix('[') {
        return in_brackets(text, rest);
    }
    match text.rsplit_once(':') {
        None => Ok(Endpoint::Tcp { host: None, port: port::parse(text)? }),
        Some((host, port)) => {
            Ok(Endpoint::Tcp { host: Some(checked_host(text, host)?.to_owned()), port: port::parse(port)? })
        }
    }
}

/// Tells whether a text is a path by its first characters.
pub(super) fn begins_a_path(text: &str) -> bool {
    ["/", "./", "../"].iter().any(|start| text.starts_with(start))
}

/// `::1]:80`
fn in_brackets(text: &str, rest: &str) -> Result<Endpoint> {
    let Some((host, behind)) = rest.split_once(']') else {
        return Err(Error::invalid_address(text, "a closing bracket behind the IPv6 address"));
    };
    if !IpAddress::parse(host)?.is_v6() {
        return Err(Error::invalid_address(host, "an IPv6 address in brackets"));
    }
    let Some(port) = behind.strip_prefix(':') else {
        return Err(Error::invalid_address(text, "a colon and a port behind the bracket"));
    };
    Ok(Endpoint::Tcp { host: Some(host.to_owned()), port: port::parse(port)? })
}

fn checked_host<'a>(text: &str, host: &'a str) -> Result<&'a str> {
    if host.is_empty() {
        return Err(Error::invalid_address(text, "a host in front of the colon"));
    }
    if host.contains(':') {
        return Err(Error::invalid_address(text, "an IPv6 address in brackets"));
    }
    if host.contains(char::is_whitespace) {
        return Err(Error::invalid_address(host, "a host name without space"));
    }
    Ok(host)
}

/// RFC 6335 section 5.1: 1 to 15 letters, digits and hyphens, a letter among them, no hyphen at an end or beside another.
pub(crate) fn checked_service(service: &str) -> Result<&str> {
    let is_valid = (1..=15).contains(&service.len())
        && service.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && service.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !service.starts_with('-')
        && !service.ends_with('-')
        && !service.contains("--");
    if is_valid {
        return Ok(service);
    }
    Err(Error::invalid_address(
        service,
        "a service of 1 to 15 letters, digits and single hyphens inside, with a letter",
    ))
}

/// `name` or `name|port`
pub(super) fn instance(rest: &str) -> Result<(&str, Option<u16>)> {
    let (name, port) = match rest.rsplit_once('|') {
        Some((name, port)) => (name, Some(port::parse(port)?)),
        None => (rest, None),
    };
    Ok((checked_instance(name)?, port))
}

/// RFC 6763 section 4.1.1.
pub(crate) fn checked_instance(name: &str) -> Result<&str> {
    if name.is_empty() || name.len() > MAX_INSTANCE || name.contains(char::is_control) {
        return Err(Error::invalid_address(name, "a name of a service of 1 to 63 bytes without control characters"));
    }
    Ok(name)
}

/// One label of DNS (RFC 6763 section 4.1.1).
const MAX_INSTANCE: usize = 63;
