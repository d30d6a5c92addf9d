//! The field `Set-Cookie` (RFC 6265 section 5.2).

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use crate::http::date::cookie_date;

/// What a server asks a client to keep.
#[derive(PartialEq, Eq)]
pub(super) struct SetCookie {
    pub(super) name: String,
    pub(super) value: String,
    /// In lower case, without a dot in front.
    pub(super) domain: Option<String>,
    pub(super) path: Option<String>,
    pub(super) is_secure: bool,
    pub(super) expires: Option<SystemTime>,
}

impl SetCookie {
    /// Reads the value of the field, which must be UTF-8 without control characters.
    pub(super) fn parse(text: &[u8], now: SystemTime) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        if text.contains(|c: char| c.is_ascii_control() && c != '\t') {
            return None;
        }
        let mut parts = text.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let (name, value) = (trim(name), trim(value));
        if name.is_empty() || name.len() + value.len() > MAX_COOKIE {
            return None;
        }
        let mut set = Self {
            name: name.to_owned(),
            value: value.to_owned(),
            domain: None,
            path: None,
            is_secure: false,
            expires: None,
        };
        let mut max_age = None;
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (trim(name), trim(value));
            if value.len() > MAX_ATTRIBUTE {
                continue;
            }
            match name.to_ascii_lowercase().as_str() {
                "expires" => set.expires = cookie_date(value.as_bytes()).or(set.expires),
                "max-age" => max_age = read_max_age(value, now).or(max_age),
                "domain" if !value.is_empty() => {
                    set.domain = Some(value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase());
                }
                "path" => set.path = value.starts_with('/').then(|| value.to_owned()),
                "secure" => set.is_secure = true,
                _ => {}
            }
        }
        match max_age {
            Some(MaxAge::Until(end)) => set.expires = Some(end),
            Some(MaxAge::Longer) => set.expires = None,
            None => {}
        }
        Some(set)
    }
}

impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a cookie for {:?} of {:?}", self.path, self.domain)
    }
}

/// Until when `Max-Age` says; it may be longer than the clock counts.
#[derive(Clone, Copy)]
enum MaxAge {
    Until(SystemTime),
    Longer,
}

fn read_max_age(text: &str, now: SystemTime) -> Option<MaxAge> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if is_negative {
        return Some(MaxAge::Until(SystemTime::UNIX_EPOCH));
    }
    let end = digits.parse().ok().and_then(|seconds| now.checked_add(Duration::from_secs(seconds)));
    Some(end.map_or(MaxAge::Longer, MaxAge::Until))
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Name and value of a cookie together (RFC 6265 section 6.1).
pub(super) const MAX_COOKIE: usize = 4096;
/// Longer values of attributes are ignored, as browsers do.
pub(super) const MAX_ATTRIBUTE: usize = 1024;
