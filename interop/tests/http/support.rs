//! A client that sends requests in either way, and what the tests ask of responses.

use std::time::{Duration, Instant};

use interop::{DEADLINE, Nginx, Site};
use sockeye::{
    Error, Http, HttpOptions, HttpRequest, HttpResponse, Proxy, Result, RootCertificates, SocketSelector, Status,
    TlsClient, TlsClientOptions, Trust,
};

/// How a request gets its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// `send_request`
    Blocking,
    /// `begin` and `poll`, with a selector for the time in between.
    Polling,
}

/// Makes two tests of each property, one for each way.
macro_rules! both_ways {
    ($($name:ident,)*) => {
        mod blocking {
            $(
                #[test]
                fn $name() {
                    super::$name($crate::http::support::Way::Blocking);
                }
            )*
        }

        mod polling {
            $(
                #[test]
                fn $name() {
                    super::$name($crate::http::support::Way::Polling);
                }
            )*
        }
    };
}

pub(crate) use both_ways;

/// A client that sends all its requests in one way.
#[derive(Debug)]
pub(crate) struct Client {
    way: Way,
    pub(crate) http: Http,
}

impl Client {
    pub(crate) fn new(way: Way, url: &str) -> Self {
        Self::with(way, url, options())
    }

    pub(crate) fn with(way: Way, url: &str, options: HttpOptions) -> Self {
        Self { way, http: Http::with_options(url, 0, options).unwrap() }
    }

    /// Returns the whole response, whatever its status, or why there is none.
    pub(crate) fn try_send(&self, request: &HttpRequest) -> Result<HttpResponse> {
        if self.way == Way::Blocking {
            let response = self.http.send_request(request);
            return if response.error().is_none() { Ok(response) } else { Err(response.into_result().unwrap_err()) };
        }
        let mut exchange = self.http.begin(request);
        let mut selector = SocketSelector::new().unwrap();
        selector.add(&exchange).unwrap();
        let end = Instant::now() + DEADLINE;
        loop {
            match exchange.poll() {
                Status::Done(response) => {
                    assert!(response.error().is_none(), "{response:?}");
                    assert!(exchange.is_finished() && exchange.poll().is_disconnected());
                    return Ok(response);
                }
                Status::Error(error) => {
                    assert!(exchange.is_finished() && exchange.poll().is_disconnected());
                    return Err(error);
                }
                Status::NotReady => {}
                Status::Disconnected => return Err(Error::Disconnected),
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no response to {request:?} within {DEADLINE:?}");
            selector.wait(Some(exchange.wakes_in().map_or(left, |wakes_in| left.min(wakes_in)))).unwrap();
        }
    }

    /// Returns the whole response, whatever its status.
    pub(crate) fn send(&self, request: &HttpRequest) -> HttpResponse {
        self.try_send(request).unwrap_or_else(|error| panic!("{request:?}: {error}"))
    }

    /// Returns why there is no whole response.
    pub(crate) fn fail(&self, request: &HttpRequest) -> Error {
        match self.try_send(request) {
            Ok(response) => panic!("{request:?}: {response:?}"),
            Err(error) => error,
        }
    }

    pub(crate) fn get(&self, uri: &str) -> HttpResponse {
        self.send(&HttpRequest::get(uri).unwrap())
    }
}

/// What all tests want: no proxy of the environment, and an end.
pub(crate) fn options() -> HttpOptions {
    let mut options = HttpOptions::default();
    options.limit = Some(DEADLINE);
    options.proxy = Proxy::None;
    options
}

/// The same with other trust.
pub(crate) fn trusting(trust: Trust) -> HttpOptions {
    let mut tls = TlsClientOptions::default();
    tls.trust = trust;
    secured(tls)
}

/// The same with other TLS.
pub(crate) fn secured(tls: TlsClientOptions) -> HttpOptions {
    let mut options = options();
    options.tls = Some(TlsClient::with_options(tls).unwrap());
    options
}

/// Trust in the authority of nginx's certificates, and in no other.
pub(crate) fn authority(nginx: &Nginx) -> Trust {
    Trust::Roots(RootCertificates::load(nginx.certificate("authority.pem")).unwrap())
}

/// A client for a site of nginx, with trust in its authority where that is needed.
pub(crate) fn client(way: Way, nginx: &Nginx, site: Site) -> Client {
    let options = if site == Site::Plain { options() } else { trusting(authority(nginx)) };
    Client::with(way, &nginx.url(site), options)
}

/// The number of the connection that a response of nginx came by, and its place on it.
pub(crate) fn place(response: &HttpResponse) -> (u64, u64) {
    let number = |name| response.field(name).unwrap_or_else(|| panic!("{response:?}")).parse::<u64>().unwrap();
    (number("X-Connection"), number("X-Requests"))
}

/// All values of a field.
pub(crate) fn values<'a>(fields: &'a sockeye::HttpFields, name: &'a str) -> Vec<&'a [u8]> {
    fields.get_all(name).collect()
}

/// Runs something that has to take a while, and not long.
pub(crate) fn takes<T>(least: Duration, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    let took = start.elapsed();
    assert!(took >= least && took < least + DEADLINE / 2, "{took:?} instead of {least:?}");
    result
}
