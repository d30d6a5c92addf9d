//! A response that is arriving: what is done with its head, and where its body goes.

use std::{io, sync::Arc, time::SystemTime};

use super::{
    client::{HttpOptions, Shared},
    content::Decoder,
    fields::HttpFields,
    head::ResponseHead,
    hop::Hop,
    redirect::{Redirect, redirect},
    request::HttpRequest,
    response::HttpResponse,
    status::HttpStatus,
};
use crate::error::{Error, Limit, Result};

/// Where the body of a response goes that is not kept in it.
pub(super) trait Sink {
    /// Hears the head of the response that counts; `false` when its body is to be kept in the response.
    fn begin(&mut self, head: &ResponseHead) -> Result<bool>;
    /// Takes the next piece of the body.
    fn write(&mut self, data: &[u8]) -> Result<()>;
    /// How many bytes it had before.
    fn offset(&self) -> u64 {
        0
    }
}

/// Keeps every body in its response.
pub(super) struct InMemory;

impl Sink for InMemory {
    fn begin(&mut self, _head: &ResponseHead) -> Result<bool> {
        Ok(false)
    }

    fn write(&mut self, _data: &[u8]) -> Result<()> {
        Ok(())
    }
}

/// The response as far as it has come.
#[derive(Debug)]
pub(super) struct Arriving {
    response: HttpResponse,
    has_head: bool,
    target: Target,
    decoder: Option<Box<Decoder>>,
    /// Whether the encoding of a body is for the caller.
    keeps_encoding: bool,
    body_limit: u64,
    length: Option<u64>,
    received: u64,
    next: Option<Redirect>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Memory,
    Sink,
    /// The body of a redirect, of which only the end matters.
    Nowhere,
}

impl Arriving {
    pub(super) fn new(url: Arc<str>, request: &HttpRequest, options: &HttpOptions) -> Self {
        // Whoever names the encodings reads them.
        let mut named = request.fields().list("Accept-Encoding");
        Self {
            response: HttpResponse::new(url),
            has_head: false,
            target: Target::Memory,
            decoder: None,
            keeps_encoding: !options.compression || named.any(|coding| !coding.eq_ignore_ascii_case(b"identity")),
            body_limit: options.body_limit,
            length: None,
            received: 0,
            next: None,
        }
    }

    /// Another URL answers from here on.
    pub(super) fn lead_to(&mut self, url: Arc<str>) {
        self.response = HttpResponse::new(url);
        self.has_head = false;
        self.target = Target::Memory;
        self.received = 0;
        self.length = None;
    }

    pub(super) fn begin(
        &mut self,
        head: ResponseHead,
        length: Option<u64>,
        hop: &Hop,
        shared: &Shared,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        if let Some(observer) = &shared.options.observer {
            observer.response(&head);
        }
        if shared.options.cookies {
            shared.cookies().store(&hop.url, head.fields.get_all("Set-Cookie"), SystemTime::now());
        }
        let follows = shared.options.redirects > 0;
        let is_repeatable = hop.body.is_repeatable();
        self.next = if follows {
            redirect(&head, &hop.url, hop.method, is_repeatable, shared.options.allow_downgrade)?
        } else {
            None
        };
        self.received = 0;
        self.length = length;
        self.decoder = None;
        let target = if self.next.is_some() {
            Ok(Target::Nowhere)
        } else if head.status.is_success() {
            sink.begin(&head).map(|takes| if takes { Target::Sink } else { Target::Memory })
        } else {
            Ok(Target::Memory)
        };
        if self.next.is_none() && !self.keeps_encoding && head.status != HttpStatus::PARTIAL_CONTENT {
            self.decoder = Decoder::for_fields(&head.fields).map(Box::new);
        }
        self.response.begin(head);
        self.has_head = true;
        self.target = target?;
        match length {
            // Told before it comes; of a compressed one nobody knows yet.
            Some(length) if self.target == Target::Memory && self.decoder.is_none() && length > self.body_limit => {
                Err(Error::TooLong { what: Limit::Body, length, limit: self.body_limit })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn data(&mut self, data: &[u8], sink: &mut dyn Sink) -> Result<()> {
        self.received += data.len() as u64;
        let Self { response, target, decoder, body_limit, .. } = self;
        let expected = if decoder.is_none() { self.length } else { None };
        let mut deliver = |data: &[u8]| match target {
            Target::Sink => sink.write(data),
            Target::Nowhere => Ok(()),
            Target::Memory => keep(response.body_mut(), data, expected, *body_limit),
        };
        match decoder {
            Some(decoder) => decoder.write(data, &mut deliver),
            None => deliver(data),
        }
    }

    /// Tells whether the body of a redirect is longer than the connection is worth.
    pub(super) fn has_enough(&self) -> bool {
        self.target == Target::Nowhere && self.received > DISCARDED
    }

    /// Ends a response; says where it leads if it is a redirect.
    pub(super) fn end(&mut self, trailers: HttpFields) -> Result<Option<Redirect>> {
        if let Some(decoder) = &mut self.decoder
            && self.received > 0
        {
            decoder.finish()?;
        }
        self.response.set_trailers(trailers);
        self.response.trim_body();
        Ok(self.next.take())
    }

    /// The response; `failed` is its status if it is not whole.
    pub(super) fn into_response(mut self, outcome: Result<()>, failed: HttpStatus) -> HttpResponse {
        if let Err(error) = outcome {
            self.response.fail(failed, error);
        }
        self.response
    }

    /// The response once its head is there.
    pub(super) fn response(&self) -> Option<&HttpResponse> {
        self.has_head.then_some(&self.response)
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Tells whether the server does not do what `Expect` asks for (RFC 9110 section 10.1.1).
    pub(super) fn refuses_expectation(&self) -> bool {
        self.response.status() == HttpStatus::EXPECTATION_FAILED
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }
}

fn keep(body: &mut Vec<u8>, data: &[u8], expected: Option<u64>, limit: u64) -> Result<()> {
    let length = (body.len() as u64).saturating_add(data.len() as u64);
    if length > limit {
        return Err(Error::TooLong { what: Limit::Body, length, limit });
    }
    if body.len() >= GROWN && body.capacity() - body.len() < data.len() {
        // Much that may come at once: to move a body of some megabytes costs a game its frame. Memory that nothing is
        // written to is only an address, but a server can announce more than there are.
        let most = length.saturating_mul(2).max(LARGE).min(expected.unwrap_or(limit)).min(limit).max(length);
        let room = usize::try_from(most).unwrap_or(usize::MAX) - body.len();
        let made = body.try_reserve_exact(room).or_else(|_| body.try_reserve_exact(data.len()));
        made.map_err(|_| Error::Io(io::ErrorKind::OutOfMemory.into()))?;
    }
    body.extend_from_slice(data);
    Ok(())
}

/// A body of this size grows no more by and by.
const GROWN: usize = 256 * 1024;
/// The room for a body that has grown.
const LARGE: u64 = 64 * 1024 * 1024;

/// How much of a redirect's body is read so that the connection can be used again.
const DISCARDED: u64 = 64 * 1024;
