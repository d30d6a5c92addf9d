//! A web server that answers with the address of who asks.

use std::{net::IpAddr, time::Duration};

use super::range;
use crate::{
    error::{Error, Result},
    http::{Http, HttpOptions, HttpRequest, Proxy},
    ip::IpAddress,
};

/// Asks one server, by its URL.
///
/// # Errors
///
/// Why there is no address: the reasons of HTTP, or an answer that is not one.
pub(super) fn ask(url: &str, limit: Duration) -> Result<IpAddress> {
    let options = HttpOptions {
        body_limit: LONGEST,
        // Whoever is led elsewhere was told no address.
        redirects: 0,
        // Its address would be told.
        proxy: Proxy::None,
        pool: 0,
        ..HttpOptions::default()
    };
    // The request says itself where it goes.
    let http = Http::with_options("localhost", 0, options)?;
    let mut request = HttpRequest::get(url)?;
    request.set_field("Accept", "text/plain")?;
    let response = http.send_request_timeout(&request, limit).into_result()?;
    if !response.ok() {
        return Err(Error::PeerRefused { code: response.status().code(), text: response.status().text().into() });
    }
    let address: IpAddr =
        response.text().trim().parse().map_err(|_| Error::Malformed { expected: "an address as plain text" })?;
    range::believed(address.into(), is_loopback(response.url()))
}

/// Tells whether a URL, as responses name it, leads to this machine.
fn is_loopback(url: &str) -> bool {
    let host = || {
        let (_scheme, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?']).next()?;
        super::providers::host_and_port(authority, 0)
    };
    host().is_some_and(|(host, _)| host == "localhost" || IpAddress::parse(host).is_ok_and(IpAddress::is_loopback))
}

/// An address has 39 characters at most; some servers put space around it.
const LONGEST: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_of_this_machine_are_of_this_machine() {
        for url in [
            "http://127.0.0.1/",
            "http://127.9.9.9:80/x?y",
            "https://[::1]/",
            "http://[::1]:8080/",
            "http://localhost/",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "http://192.0.2.1/",
            "http://192.0.2.1/@127.0.0.1/",
            "http://192.0.2.1/?http://127.0.0.1/",
            "http://127.0.0.1.example/",
            "http://localhost.example/",
            "http://[2001:db8::1]/",
            "127.0.0.1",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
