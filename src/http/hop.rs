//! What is asked of one server: a request, or what a redirect made of it.

use std::{sync::Arc, time::SystemTime};

use super::{
    auth,
    body::Body,
    client::Shared,
    connector::Route,
    fields::HttpFields,
    head::{HeadLimits, RequestHead},
    incoming::Incoming,
    outgoing::Outgoing,
    redirect::Redirect,
    request::{HttpMethod, HttpRequest},
    url::Url,
};
use crate::error::{Error, Result};

/// A request to one URL.
#[derive(Debug)]
pub(super) struct Hop {
    pub(super) url: Url,
    pub(super) method: HttpMethod,
    pub(super) body: Body,
    version: (u8, u8),
    fields: HttpFields,
    /// Whether a long body may wait for the server's word.
    may_hold: bool,
    /// The way there.
    pub(super) route: Route,
}

impl Hop {
    pub(super) fn first(request: &HttpRequest, base: &Url, shared: &Shared) -> Result<Self> {
        let url = base.of_request(request.uri())?;
        if request.version() == (1, 0) && request.body().length().is_none() {
            // It would go in chunks, which came with 1.1 (RFC 9112 section 6.1).
            return Err(Error::invalid_input("a reader without a length", "a body of known length for HTTP/1.0"));
        }
        Ok(Self {
            route: shared.route(&url),
            url,
            method: request.method(),
            body: request.body().clone(),
            version: request.version(),
            fields: request.fields().clone(),
            may_hold: true,
        })
    }

    /// Goes where a redirect leads.
    pub(super) fn follow(&mut self, to: Redirect, shared: &Shared) {
        if !to.keeps_body {
            self.body = Body::default();
            for name in ["Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Location"] {
                self.fields.remove(name);
            }
            self.fields.remove("Transfer-Encoding");
            self.fields.remove("Expect");
        }
        if to.crosses_origins {
            for name in ["Authorization", "Cookie", "Proxy-Authorization", "Host", "Origin", "Referer"] {
                self.fields.remove(name);
            }
        }
        self.route = shared.route(&to.url);
        self.method = to.method;
        self.url = to.url;
    }

    /// The URL as it may be shown.
    pub(super) fn shown_url(&self) -> Arc<str> {
        self.url.shown().into()
    }

    /// Opens the body and makes the request ready to be sent.
    pub(super) fn begin(&self, shared: &Shared) -> Result<(Outgoing, Incoming)> {
        let chunked = self.body.length().is_none();
        let outgoing = Outgoing::new(self.head(shared), self.body.open()?, chunked, self.holds_body(shared));
        let incoming = Incoming::new(self.method.as_str(), LIMITS);
        Ok((outgoing, incoming))
    }

    /// Whether the body waits for the server's word: a long one, or any that asks for it itself.
    fn holds_body(&self, shared: &Shared) -> bool {
        if self.version == (1, 0) || self.body.is_none() {
            return false;
        }
        let asked = self.fields.get("Expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
        asked || self.may_hold && self.body.length().is_none_or(|length| length >= shared.options.expect_continue)
    }

    /// Asks again without the expectation that the server has refused, if it was not the caller's and the body is still
    /// there.
    pub(super) fn forgo_expectation(&mut self, shared: &Shared) -> bool {
        let was_ours = !self.fields.contains("Expect") && self.holds_body(shared);
        self.may_hold = false;
        was_ours && self.body.is_repeatable()
    }

    /// Whether the request asks for the end of the connection.
    pub(super) fn wants_close(&self) -> bool {
        self.version == (1, 0) || self.fields.list("Connection").any(|option| option.eq_ignore_ascii_case(b"close"))
    }

    pub(super) fn head(&self, shared: &Shared) -> Vec<u8> {
        let options = &shared.options;
        let whole;
        let target = if self.route.is_forwarded() {
            whole = self.url.shown();
            &whole
        } else {
            &self.url.target
        };
        let mut head = RequestHead::new(self.method.as_str(), target, self.version);
        let mut add = |name: &str, value: &str| {
            if !self.fields.contains(name) {
                head.push(name, value.as_bytes());
            }
        };
        add("Host", self.url.authority());
        add("User-Agent", &options.user_agent);
        add("Accept", "*/*");
        // A range is one of the bytes that are stored, so they must come as they are.
        if options.compression && !self.fields.contains("Range") {
            add("Accept-Encoding", "gzip, deflate");
        }
        if let Some((user, password)) = &self.url.user
            && let Ok(value) = auth::basic(user, password)
        {
            add("Authorization", &value);
        }
        if let Ok(Some(credentials)) = self.route.proxy_authorization() {
            add("Proxy-Authorization", &credentials);
        }
        if options.cookies
            && let Some(value) = shared.cookies().header(&self.url, SystemTime::now())
        {
            add("Cookie", &value);
        }
        if self.holds_body(shared) {
            add("Expect", "100-continue");
        }
        for (name, value) in self.fields.iter() {
            // How long the body is and where it ends is for the client to say.
            if !name.eq_ignore_ascii_case("Content-Length") && !name.eq_ignore_ascii_case("Transfer-Encoding") {
                head.push(name, value);
            }
        }
        match self.body.length() {
            None => head.push("Transfer-Encoding", b"chunked"),
            Some(0) if self.body.is_none() && !self.method.expects_body() => {}
            Some(length) => head.push("Content-Length", length.to_string().as_bytes()),
        }
        head.finish()
    }
}

/// What a head may have: far more than servers send, far less than hurts.
const LIMITS: HeadLimits = HeadLimits { bytes: 64 * 1024, fields: 128 };
