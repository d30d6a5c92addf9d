//! A response as its bytes arrive.

use crate::error::{Error, Limit, Result};

use super::{
    chunked::{Chunk, ChunkedDecoder},
    fields::HttpFields,
    framing::{self, Framing},
    head::{self, HeadLimits, ResponseHead},
    status::HttpStatus,
};

/// Reads one response: the interim ones in front of it, its head, its body, its trailer.
///
/// It holds no bytes: whoever reads the connection shows it what has arrived, as often as it takes something or finds
/// something, and drops what it took. What stands behind the response is left. After an error there is nothing more
/// to be had from it.
#[derive(Debug)]
pub(super) struct Incoming {
    method: &'static str,
    limits: HeadLimits,
    phase: Phase,
    interim: u64,
    /// Whether the head lets another request follow on the connection.
    keeps_alive: bool,
    trailers: HttpFields,
    /// Bytes of the body that were given out.
    received: u64,
    /// Bytes that were shown and not taken.
    waiting: u64,
    /// The peer has closed the connection.
    closed: bool,
}

/// What a step found.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// Nothing more without more input.
    More,
    /// A response that another one follows (RFC 9110, 15.2).
    Interim(ResponseHead),
    /// The head of the response that counts.
    Head(ResponseHead),
    /// Bytes of the body, at least one.
    Data(&'a [u8]),
    /// The response is complete.
    End,
}

#[derive(Debug)]
enum Phase {
    /// In a head, the blank line of which was looked for up to here.
    Head(usize),
    Length(u64),
    Chunked(ChunkedDecoder),
    UntilClose,
    End,
}

impl Incoming {
    /// A response to a request of this method, which decides whether there is a body.
    pub(super) fn new(method: &'static str, limits: HeadLimits) -> Self {
        Self {
            method,
            limits,
            phase: Phase::Head(0),
            interim: 0,
            keeps_alive: false,
            trailers: HttpFields::default(),
            received: 0,
            waiting: 0,
            closed: false,
        }
    }

    /// Takes what it can from the front of the input: so many bytes, and what they were.
    #[inline]
    pub(super) fn next<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Found<'a>)> {
        let (consumed, found) = match &mut self.phase {
            Phase::Head(_) => self.next_head(input)?,
            Phase::Length(0) => {
                self.phase = Phase::End;
                (0, Found::End)
            }
            Phase::Length(left) => {
                let count = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                *left -= count as u64;
                (count, data(input.get(..count).unwrap_or_default()))
            }
            Phase::Chunked(decoder) => match decoder.next(input)? {
                (consumed, Chunk::More) => (consumed, Found::More),
                (consumed, Chunk::Data(data)) => (consumed, Found::Data(data)),
                (consumed, Chunk::End(trailers)) => {
                    self.trailers = trailers;
                    self.phase = Phase::End;
                    (consumed, Found::End)
                }
            },
            Phase::UntilClose => (input.len(), data(input)),
            Phase::End => (0, Found::End),
        };
        if let Found::Data(data) = found {
            self.received += data.len() as u64;
        }
        self.waiting = (input.len() - consumed) as u64;
        Ok((consumed, found))
    }

    /// The peer has closed the connection: well, if that is how the body ends.
    pub(super) fn ended(&mut self) -> Result<()> {
        self.closed = true;
        let missing = match &self.phase {
            Phase::End | Phase::UntilClose => 0,
            Phase::Head(_) if self.waiting == 0 && self.interim == 0 => return Err(Error::Disconnected),
            Phase::Head(_) => return Err(Error::CutShort { received: self.waiting, expected: self.waiting + 1 }),
            Phase::Length(left) => *left,
            // At least its last line.
            Phase::Chunked(decoder) => decoder.missing().max(1),
        };
        if missing > 0 {
            let expected = self.received.saturating_add(missing);
            return Err(Error::CutShort { received: self.received, expected });
        }
        self.phase = Phase::End;
        Ok(())
    }

    /// The connection has broken, which ends no body (RFC 9112 section 8).
    pub(super) fn broken(&mut self) -> Error {
        let received = self.received;
        self.ended().err().unwrap_or(Error::CutShort { received, expected: received })
    }

    /// Tells whether the head was found.
    pub(super) fn has_head(&self) -> bool {
        !matches!(self.phase, Phase::Head(_))
    }

    /// The fields behind a chunked body, once it has ended.
    pub(super) fn trailers(&self) -> &HttpFields {
        &self.trailers
    }

    /// Bytes of the body that were given out.
    #[cfg(any(test, fuzzing))]
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Bytes that the body still has, where that is known.
    pub(super) fn remaining(&self) -> Option<u64> {
        match self.phase {
            Phase::Length(left) => Some(left),
            Phase::End => Some(0),
            Phase::Head(_) | Phase::Chunked(_) | Phase::UntilClose => None,
        }
    }

    /// Tells whether the response is complete.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self.phase, Phase::End | Phase::Length(0))
    }

    /// Tells whether the connection can take another request: the response is complete, the server does not close,
    /// and the next bytes are not of another protocol.
    pub(super) fn can_keep_alive(&self) -> bool {
        self.is_complete() && !self.closed && self.keeps_alive
    }

    fn next_head<'a>(&mut self, input: &[u8]) -> Result<(usize, Found<'a>)> {
        let Phase::Head(scanned) = &mut self.phase else { return Ok((0, Found::More)) };
        let Some((consumed, head)) = head::parse_head(input, scanned, self.limits)? else {
            return Ok((0, Found::More));
        };
        // After 101 the connection speaks another protocol: no other response follows.
        if head.status.is_informational() && head.status != HttpStatus::SWITCHING_PROTOCOLS {
            self.interim += 1;
            if self.interim > INTERIM_LIMIT {
                return Err(Error::TooMany { what: Limit::InterimResponses, limit: INTERIM_LIMIT });
            }
            self.phase = Phase::Head(0);
            return Ok((consumed, Found::Interim(head)));
        }
        self.phase = match framing::body_framing(self.method, &head)? {
            Framing::None => Phase::Length(0),
            Framing::Length(length) => Phase::Length(length),
            Framing::Chunked => Phase::Chunked(ChunkedDecoder::new(self.limits)),
            Framing::UntilClose => Phase::UntilClose,
        };
        self.keeps_alive = framing::keep_alive(&head, false);
        Ok((consumed, Found::Head(head)))
    }
}

fn data(bytes: &[u8]) -> Found<'_> {
    if bytes.is_empty() { Found::More } else { Found::Data(bytes) }
}

/// A request is answered by one, perhaps with a few hints before it; an endless row of them is no answer.
const INTERIM_LIMIT: u64 = 16;

#[cfg(test)]
mod tests;
