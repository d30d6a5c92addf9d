//! Addresses of the schemes http and https, read strictly (RFC 3986, RFC 9110, 4.2).

mod path;

use std::{borrow::Cow, fmt, net::Ipv6Addr, sync::Arc};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::error::{Error, Result};

/// Where a request goes: scheme, host, port, and what stands in its first line.
///
/// Neither `Display` nor `Debug` shows the user and the password.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) https: bool,
    /// Name and password, decoded.
    pub(super) user: Option<(String, String)>,
    /// In lower case; an IPv6 address without its brackets.
    pub(super) host: Arc<str>,
    pub(super) port: u16,
    /// Path and query, from the first `/` on, in the ASCII characters that may stand in a request line.
    pub(super) target: String,
    /// Host and port in one.
    pub(super) authority: Arc<str>,
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self> {
        check_characters(text)?;
        let (scheme, rest) = split_scheme(text).ok_or_else(|| refuse(text, SCHEME))?;
        let https = is_https(scheme).ok_or_else(|| refuse(text, SCHEME))?;
        let rest = rest.strip_prefix("//").ok_or_else(|| refuse(text, "// and a host behind the scheme"))?;
        Self::parse_authority(text, https, rest)
    }

    /// Resolves a reference, as a `Location` field holds it, against this address (RFC 3986, 5.2.2).
    pub(super) fn join(&self, reference: &str) -> Result<Self> {
        check_characters(reference)?;
        if split_scheme(reference).is_some() {
            return Self::parse(reference);
        }
        if let Some(rest) = reference.strip_prefix("//") {
            return Self::parse_authority(reference, self.https, rest);
        }
        let reference = without_fragment(reference);
        let (path, query) = path::split_query(reference);
        let (base_path, base_query) = path::split_query(&self.target);
        let target = match path {
            "" => format!("{base_path}{}", if query.is_empty() { base_query } else { query }),
            _ if path.starts_with('/') => format!("{path}{query}"),
            _ => format!("{}{path}{query}", path::folder(base_path)),
        };
        Ok(Self { target: to_target(&target), ..self.clone() })
    }

    /// What a request asks a client of this one for: a path here, or a URL of its own.
    pub(super) fn of_request(&self, uri: &str) -> Result<Self> {
        if uri.starts_with('/') { self.with_target(uri) } else { Self::parse(uri) }
    }

    /// Puts a path with its query in the place of this one's: unlike a reference, `//a/b` is a path and no host.
    pub(super) fn with_target(&self, target: &str) -> Result<Self> {
        check_characters(target)?;
        let target = without_fragment(target);
        let target = if target.starts_with('/') { to_target(target) } else { to_target(&format!("/{target}")) };
        Ok(Self { target, ..self.clone() })
    }

    /// The same on another port.
    pub(super) fn with_port(self, port: u16) -> Self {
        Self { port, authority: host_and_port(self.https, &self.host, port), ..self }
    }

    /// Host and port as they stand in a `Host` field: the port only where it is not the scheme's.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// The URL as it may be shown: without the user and the password.
    pub(super) fn shown(&self) -> String {
        let scheme = if self.https { "https://" } else { "http://" };
        [scheme, &self.authority, &self.target].concat()
    }

    /// Tells whether both have the same scheme, host and port (RFC 9110, 4.3.1).
    pub(super) fn has_origin_of(&self, other: &Self) -> bool {
        self.https == other.https && self.host == other.host && self.port == other.port
    }

    fn parse_authority(text: &str, https: bool, rest: &str) -> Result<Self> {
        let rest = without_fragment(rest);
        let (authority, target) = rest.split_at_checked(end_of_authority(rest)).unwrap_or((rest, ""));
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(parse_user(text, user)?), place),
            None => (None, authority),
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(rest) => rest.split_once(']').map(|(host, port)| (parse_v6(host), port)),
            None => Some(place.split_at_checked(place.find(':').unwrap_or(place.len())).unwrap_or((place, "")))
                .map(|(host, port)| (parse_name(host), port)),
        }
        .ok_or_else(|| refuse(text, HOST))?;
        let host = host.ok_or_else(|| refuse(text, HOST))?;
        let port = parse_port(port, https).ok_or_else(|| refuse(text, "a port from 1 to 65535 behind the host"))?;
        let slash = if target.starts_with('/') { "" } else { "/" };
        let target = to_target(&format!("{slash}{target}"));
        Ok(Self { https, user, port, target, authority: host_and_port(https, &host, port), host })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = if self.user.is_some() { ", with a user" } else { "" };
        write!(f, "Url({self}{user})")
    }
}

/// Refuses what no address may hold, in whatever part: a line end would end the request line, a blank would end the
/// target in it, and a backslash is a slash to some readers and none to others.
fn check_characters(text: &str) -> Result<()> {
    let forbidden = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    if text.contains(forbidden) {
        return Err(refuse(text, "a URL without blanks, control characters and backslashes"));
    }
    Ok(())
}

/// An error that shows the text without the user and the password in it.
pub(super) fn refuse(text: &str, expected: &'static str) -> Error {
    let start = split_scheme(text).filter(|(_, rest)| rest.starts_with("//")).map_or(0, |(scheme, _)| scheme.len() + 3);
    let (scheme, rest) = text.split_at_checked(start).unwrap_or(("", text));
    // A password may hold a slash by mistake, so everything up to the last @ goes.
    match rest.rsplit_once('@') {
        Some((_, rest)) => Error::invalid_input(&format!("{scheme}...@{rest}"), expected),
        None => Error::invalid_input(text, expected),
    }
}

fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme.then_some((scheme, rest))
}

fn is_https(scheme: &str) -> Option<bool> {
    if scheme.eq_ignore_ascii_case("https") { Some(true) } else { scheme.eq_ignore_ascii_case("http").then_some(false) }
}

fn end_of_authority(rest: &str) -> usize {
    rest.find(['/', '?']).unwrap_or(rest.len())
}

pub(super) fn without_fragment(text: &str) -> &str {
    text.split_once('#').map_or(text, |(before, _)| before)
}

fn parse_user(text: &str, user: &str) -> Result<(String, String)> {
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let decode = |part| percent_decode_str(part).decode_utf8().ok().map(Cow::into_owned);
    // A second @ is a password that was not encoded, or a host that is to be taken for another.
    let parts = if user.contains('@') { None } else { decode(name).zip(decode(password)) };
    parts.ok_or_else(|| refuse(text, "a user and a password in percent-encoded UTF-8 in front of the host"))
}

fn parse_v6(host: &str) -> Option<Arc<str>> {
    host.parse::<Ipv6Addr>().ok().map(|address| address.to_string().into())
}

/// A name of the domain name system or an IPv4 address: what else RFC 3986 allows, nobody resolves.
fn parse_name(host: &str) -> Option<Arc<str>> {
    let is_name = !host.is_empty()
        && host.len() <= HOST_LIMIT
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    is_name.then(|| host.to_ascii_lowercase().into())
}

/// What stands behind the host: nothing, a colon, or a colon and digits.
fn parse_port(text: &str, https: bool) -> Option<u16> {
    if text.is_empty() {
        return Some(default_port(https));
    }
    match text.strip_prefix(':')? {
        "" => Some(default_port(https)),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok().filter(|port| *port != 0),
        _ => None,
    }
}

fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

fn host_and_port(https: bool, host: &str, port: u16) -> Arc<str> {
    let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
    let text = if port == default_port(https) {
        format!("{open}{host}{close}")
    } else {
        format!("{open}{host}{close}:{port}")
    };
    text.into()
}

/// The path without dot segments, and everything in the characters of a request line.
fn to_target(target: &str) -> String {
    if is_plain(target) {
        return target.to_owned();
    }
    let (path, query) = path::split_query(target);
    let path = path::without_dots(path);
    utf8_percent_encode(&path, ENCODED).chain(utf8_percent_encode(query, ENCODED)).collect()
}

/// Tells whether a target is what it becomes: most are, and are asked for often.
fn is_plain(target: &str) -> bool {
    let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || b"/?&=+-_~%,;:@.".contains(&byte);
    // Only behind a slash a dot may be a segment of its own.
    target.bytes().all(is_kept) && !target.contains("/.")
}

/// ASCII that RFC 3986 allows nowhere in a path or a query, and that people write there all the same.
const ENCODED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// What the domain name system allows, and a dot at the end.
const HOST_LIMIT: usize = 254;

const SCHEME: &str = "a URL that begins with http:// or https://";
const HOST: &str = "a host name in ASCII, an IPv4 address or an IPv6 address in brackets";

#[cfg(test)]
mod tests;
