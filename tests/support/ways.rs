//! The ways to make a request: every test of behaviour goes all of them.
#![allow(dead_code, unreachable_pub, reason = "every test program uses a part of it")]

use std::{
    fmt,
    time::{Duration, Instant},
};

use sockeye::{
    Error, ErrorKind, Http, HttpExchange, HttpMethod, HttpOptions, HttpRequest, HttpResponse, HttpStatus, Proxy,
    SocketSelector, Status,
};

use crate::script::Server;

/// Nothing on loopback takes this long.
pub const LONG: Duration = Duration::from_secs(20);
/// What a busy machine may add to a limit.
pub const SLACK: Duration = Duration::from_secs(5);

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// One call that waits.
    Blocking,
    /// An exchange that is asked again and again, as a game loop does.
    Polled,
    /// An exchange that is asked only when a selector or its own clock says so.
    Selected,
}

/// What came of a request.
pub struct Answer {
    /// `None`: the response is complete.
    pub error: Option<ErrorKind>,
    /// The error in words.
    pub message: String,
    pub status: HttpStatus,
    /// Of a failed request what had arrived.
    pub body: Vec<u8>,
    pub fields: Vec<(String, Vec<u8>)>,
    pub trailers: Vec<(String, Vec<u8>)>,
    pub reason: String,
    pub version: (u8, u8),
    pub url: String,
    pub elapsed: Duration,
}

impl Way {
    pub const ALL: [Self; 3] = [Self::Blocking, Self::Polled, Self::Selected];

    /// Runs a test each way.
    pub fn each(test: impl Fn(Self)) {
        for way in Self::ALL {
            eprintln!("way: {way:?}");
            test(way);
        }
    }

    /// Makes a request.
    pub fn send(self, http: &Http, request: &HttpRequest) -> Answer {
        let begin = Instant::now();
        let mut answer = match self {
            Self::Blocking => Answer::of(&http.send_request(request)),
            Self::Polled => polled(http.begin(request)),
            Self::Selected => selected(http.begin(request)),
        };
        answer.elapsed = begin.elapsed();
        answer
    }

    /// Gets a target of a server that this client has never met.
    pub fn get(self, server: &Server, target: &str) -> Answer {
        self.send(&client(server), &HttpRequest::get(target).unwrap())
    }

    /// The same with options.
    pub fn get_with(self, server: &Server, target: &str, options: HttpOptions) -> Answer {
        self.send(&client_with(server, options), &HttpRequest::get(target).unwrap())
    }
}

/// Options with a limit, and without a proxy that the machine may name.
pub fn options(limit: Duration) -> HttpOptions {
    let mut options = HttpOptions::default();
    options.limit = Some(limit);
    options.proxy = Proxy::None;
    options
}

/// A client of a server.
pub fn client(server: &Server) -> Http {
    client_with(server, options(LONG))
}

/// The same with options.
pub fn client_with(server: &Server, options: HttpOptions) -> Http {
    Http::with_options("127.0.0.1", server.port(), options).unwrap()
}

/// A request with a body.
pub fn post(target: &str, body: &[u8]) -> HttpRequest {
    let mut request = HttpRequest::new(HttpMethod::Post, target).unwrap();
    request.set_body(body);
    request
}

impl Answer {
    /// The value of a field that must not come twice.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| std::str::from_utf8(value).unwrap());
        assert!(values.next().is_none(), "{name} comes twice");
        value
    }

    /// Fails unless the response is complete, with this status and this body.
    #[track_caller]
    pub fn expect(&self, status: HttpStatus, body: &[u8]) {
        assert_eq!(self.error, None, "{self:?}");
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.body == body, "expected {} bytes in {self:?}", body.len());
    }

    /// Fails unless the request failed with an error of this kind.
    #[track_caller]
    pub fn expect_error(&self, kind: ErrorKind) {
        assert_eq!(self.error, Some(kind), "{self:?}");
    }

    fn of(response: &HttpResponse) -> Self {
        let owned = |(name, value): (&str, &[u8])| (name.to_owned(), value.to_owned());
        Self {
            error: response.error().map(Error::kind),
            message: response.error().map(ToString::to_string).unwrap_or_default(),
            status: response.status(),
            body: response.body().to_owned(),
            fields: response.fields().iter().map(owned).collect(),
            trailers: response.trailers().iter().map(owned).collect(),
            reason: response.reason().to_owned(),
            version: (response.major_http_version(), response.minor_http_version()),
            url: response.url().to_owned(),
            elapsed: Duration::ZERO,
        }
    }

    /// What is told of a response when its exchange has failed.
    fn of_failed(error: &Error, response: Option<&HttpResponse>) -> Self {
        let mut answer = response.map_or_else(Self::nothing, Self::of);
        let failed = [HttpStatus::CONNECTION_FAILED, HttpStatus::INVALID_RESPONSE];
        assert!(failed.contains(&answer.status) && !response.is_some_and(HttpResponse::ok), "{answer:?} looks whole");
        // The poll has given it away.
        answer.error = Some(error.kind());
        answer.message = error.to_string();
        answer
    }

    fn nothing() -> Self {
        Self {
            error: None,
            message: String::new(),
            status: HttpStatus::CONNECTION_FAILED,
            body: Vec::new(),
            fields: Vec::new(),
            trailers: Vec::new(),
            reason: String::new(),
            version: (0, 0),
            url: String::new(),
            elapsed: Duration::ZERO,
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body[..self.body.len().min(100)]);
        f.debug_struct("Answer")
            .field("error", &self.error)
            .field("message", &self.message)
            .field("status", &self.status)
            .field("body", &format_args!("{} bytes: {body:?}", self.body.len()))
            .field("fields", &self.fields)
            .field("url", &self.url)
            .field("elapsed", &self.elapsed)
            .finish_non_exhaustive()
    }
}

fn polled(mut exchange: HttpExchange) -> Answer {
    let end = Instant::now() + 2 * LONG;
    loop {
        if let Some(answer) = outcome(&mut exchange) {
            return answer;
        }
        assert!(Instant::now() < end, "the exchange does not end");
        std::thread::yield_now();
    }
}

fn selected(mut exchange: HttpExchange) -> Answer {
    let mut selector = SocketSelector::new().unwrap();
    let mut polls = 0;
    loop {
        if let Some(answer) = outcome(&mut exchange) {
            return answer;
        }
        polls += 1;
        assert!(polls < 1_000_000, "the selector finds the exchange ready for ever");
        selector.add(&exchange).unwrap();
        let clock = exchange.wakes_in();
        let woken = selector.wait(Some(clock.unwrap_or(2 * LONG).min(2 * LONG))).unwrap();
        assert!(woken || clock.is_some(), "nothing woke the exchange");
    }
}

fn outcome(exchange: &mut HttpExchange) -> Option<Answer> {
    let answer = match exchange.poll() {
        Status::NotReady => {
            assert!(!exchange.is_finished());
            return None;
        }
        Status::Done(response) => Answer::of(&response),
        Status::Error(error) => Answer::of_failed(&error, exchange.response()),
        // The server closed the connection without a word.
        Status::Disconnected => Answer::of_failed(&Error::Disconnected, exchange.response()),
    };
    assert!(exchange.is_finished());
    assert!(exchange.poll().is_disconnected(), "an exchange ends once");
    Some(answer)
}
