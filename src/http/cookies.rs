//! Cookies, as RFC 6265 section 5 keeps and sends them, with what its successor adds for safety.

mod set_cookie;

use std::{fmt, time::SystemTime};

use super::url::Url;
use crate::ip::IpAddress;

use set_cookie::SetCookie;

/// The cookies of a client.
///
/// There is no list of public suffixes: a domain without a dot counts as one, and no other.
#[derive(Debug, Default)]
pub(super) struct CookieJar {
    cookies: Vec<Cookie>,
    /// Counts stores and sends, to tell the order.
    clock: u64,
}

#[derive(Clone)]
struct Cookie {
    name: String,
    value: String,
    /// The host that set it or, unless it is for that host only, one above it.
    domain: String,
    is_host_only: bool,
    path: String,
    is_secure: bool,
    expires: Option<SystemTime>,
    created: u64,
    used: u64,
}

impl CookieJar {
    /// Takes what the fields `Set-Cookie` of a response say; what is not allowed is left out.
    pub(super) fn store<'a>(&mut self, url: &Url, values: impl Iterator<Item = &'a [u8]>, now: SystemTime) {
        for value in values {
            if let Some(cookie) = SetCookie::parse(value, now).and_then(|set| Cookie::of(set, url)) {
                self.put(cookie, url, now);
            }
        }
    }

    /// The value of `Cookie` for a request.
    pub(super) fn header(&mut self, url: &Url, now: SystemTime) -> Option<String> {
        self.clock += 1;
        let mut sent: Vec<&mut Cookie> =
            self.cookies.iter_mut().filter(|cookie| !cookie.has_expired(now) && cookie.is_for(url)).collect();
        // The longest path first, then the oldest (RFC 6265 section 5.4).
        sent.sort_by_key(|cookie| (std::cmp::Reverse(cookie.path.len()), cookie.created));
        let mut header = String::new();
        for cookie in sent {
            cookie.used = self.clock;
            if !header.is_empty() {
                header.push_str("; ");
            }
            header.extend([cookie.name.as_str(), "=", cookie.value.as_str()]);
        }
        (!header.is_empty()).then_some(header)
    }

    fn put(&mut self, mut cookie: Cookie, url: &Url, now: SystemTime) {
        if !url.https && self.cookies.iter().any(|other| other.is_secure && cookie.would_hide(other)) {
            return;
        }
        self.clock += 1;
        (cookie.created, cookie.used) = (self.clock, self.clock);
        if let Some(old) = self.cookies.iter().position(|other| other.is_same(&cookie)) {
            cookie.created = self.cookies.remove(old).created;
        }
        if cookie.has_expired(now) {
            return;
        }
        let domain = cookie.domain.clone();
        self.cookies.push(cookie);
        self.make_room(&domain, now);
    }

    /// Keeps the caps: what has expired goes first, then what anybody could have set, then what was not used for the
    /// longest time.
    fn make_room(&mut self, domain: &str, now: SystemTime) {
        let of_domain = |cookie: &Cookie| cookie.domain == domain;
        let is_full = |jar: &Self| {
            jar.cookies.len() > MAX_COOKIES
                || jar.cookies.iter().filter(|cookie| of_domain(cookie)).count() > MAX_OF_A_DOMAIN
        };
        if !is_full(self) {
            return;
        }
        self.cookies.retain(|cookie| !cookie.has_expired(now));
        while is_full(self) {
            let only_domain = self.cookies.len() <= MAX_COOKIES;
            let candidates = self.cookies.iter().enumerate().filter(|(_, cookie)| !only_domain || of_domain(cookie));
            let Some((oldest, _)) = candidates.min_by_key(|(_, cookie)| (cookie.is_secure, cookie.used)) else {
                return;
            };
            self.cookies.remove(oldest);
        }
    }
}

impl Cookie {
    /// The cookie that a host may set, if it may (RFC 6265 section 5.3).
    fn of(set: SetCookie, url: &Url) -> Option<Self> {
        let SetCookie { name, value, domain, path, is_secure, expires } = set;
        let (domain, is_host_only) = match domain {
            None => (url.host.to_string(), true),
            // An address, and what counts as a public suffix, are for themselves only.
            Some(domain) if *domain == *url.host => {
                let is_host_only = !domain.contains('.') || IpAddress::parse(&domain).is_ok();
                (domain, is_host_only)
            }
            Some(domain) if domain.contains('.') && matches_domain(&url.host, &domain) => (domain, false),
            Some(_) => return None,
        };
        if is_secure && !url.https {
            return None;
        }
        let has_prefix =
            |prefix: &str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        if has_prefix("__Secure-") && !is_secure {
            return None;
        }
        if has_prefix("__Host-") && !(is_secure && is_host_only && path.as_deref() == Some("/")) {
            return None;
        }
        let path = path.unwrap_or_else(|| default_path(path_of(url)).to_owned());
        Some(Self { name, value, domain, is_host_only, path, is_secure, expires, created: 0, used: 0 })
    }

    fn is_for(&self, url: &Url) -> bool {
        let is_for_host =
            if self.is_host_only { *url.host == *self.domain } else { matches_domain(&url.host, &self.domain) };
        is_for_host && matches_path(path_of(url), &self.path) && (url.https || !self.is_secure)
    }

    fn has_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.domain == other.domain
            && self.is_host_only == other.is_host_only
            && self.path == other.path
    }

    /// Tells whether a cookie that anybody on the way could have set would be sent in the place of another one.
    fn would_hide(&self, other: &Self) -> bool {
        self.name == other.name
            && (matches_domain(&self.domain, &other.domain) || matches_domain(&other.domain, &self.domain))
            && matches_path(&self.path, &other.path)
    }
}

/// Neither the name nor the value of a cookie is for a log.
impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a cookie of {:?} for {:?}", self.domain, self.path)
    }
}

/// RFC 6265 section 5.1.3; both in lower case.
fn matches_domain(host: &str, domain: &str) -> bool {
    match host.strip_suffix(domain) {
        Some("") => true,
        Some(rest) => rest.ends_with('.') && IpAddress::parse(host).is_err(),
        None => false,
    }
}

/// RFC 6265 section 5.1.4.
fn matches_path(path: &str, cookie: &str) -> bool {
    path.strip_prefix(cookie).is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

fn path_of(url: &Url) -> &str {
    url.target.split('?').next().unwrap_or_default()
}

/// The folder of a path, without its last slash unless it is the first.
fn default_path(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((folder, _)) if folder.starts_with('/') => folder,
        _ => "/",
    }
}

/// RFC 6265 section 6.1 asks for at least these.
const MAX_COOKIES: usize = 3000;
const MAX_OF_A_DOMAIN: usize = 50;

#[cfg(test)]
mod tests;
