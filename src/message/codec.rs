//! From bytes to messages and back, for every framing; no I/O.

mod lines;
mod prefix;
mod tiny;

use lines::Lines;
use tiny::Tiny;

use super::framing::Framing;
use crate::error::{Error, Limit, Result};

/// The state of one connection's framing, in both directions.
#[derive(Debug)]
pub(super) struct Codec {
    kind: Kind,
    limit: usize,
}

#[derive(Debug)]
enum Kind {
    Raw,
    Lines(Lines),
    Packet,
    Tiny(Box<Tiny>),
    Multiprocessing,
}

/// What the bytes that have arrived begin with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A message, of which the end may not be there yet.
    Frame(Frame),
    /// So many bytes that belong to no message.
    Skip(usize),
    /// Too little to tell; at least so many bytes are missing.
    More(usize),
}

/// The lengths of a message and of what its framing has put around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) head: usize,
    pub(super) body: usize,
    pub(super) tail: usize,
}

/// What stands in front of a message that is sent, and behind it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pieces {
    head: [u8; LONGEST_HEAD],
    length: usize,
    pub(super) tail: &'static [u8],
}

impl Codec {
    /// `None` is the limit of the framing.
    pub(super) fn new(framing: Framing, limit: Option<usize>) -> Self {
        let kind = match framing {
            Framing::Raw => Kind::Raw,
            Framing::Lines(options) => Kind::Lines(Lines::new(options)),
            Framing::Packet => Kind::Packet,
            Framing::Tiny => Kind::Tiny(Box::default()),
            Framing::Multiprocessing => Kind::Multiprocessing,
        };
        Self { kind, limit: limit.unwrap_or_else(|| framing.default_limit()) }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Lines that are half there may already be over the new limit; the next look says so.
    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Checks a message whose length is known against the limit, which may have come down since; one that has none is cut
    /// instead.
    #[inline]
    pub(super) fn admit(&self, frame: Frame) -> Result<()> {
        if frame.body > self.limit && !self.is_raw() { Err(self.too_long(frame.body as u64)) } else { Ok(()) }
    }

    /// Whether a message is what there is, so that there may be more or less of it.
    pub(super) fn is_raw(&self) -> bool {
        matches!(self.kind, Kind::Raw)
    }

    /// Looks at the bytes that have arrived and belong to no message yet.
    ///
    /// It is called again with what follows a `Skip` or a message, or with the same bytes and more behind them.
    #[inline]
    pub(super) fn decode(&mut self, input: &[u8]) -> Result<Step> {
        let limit = self.limit.min(LARGEST_BODY);
        match &mut self.kind {
            Kind::Raw if input.is_empty() => Ok(Step::More(1)),
            // What is over the limit is the next message.
            Kind::Raw => Ok(Step::Frame(Frame { head: 0, body: input.len().min(limit.max(1)), tail: 0 })),
            Kind::Lines(lines) => lines.decode(input, limit),
            Kind::Packet => prefix::decode_packet(input, limit),
            Kind::Tiny(tiny) => tiny.decode(input, limit),
            Kind::Multiprocessing => prefix::decode_multiprocessing(input, limit),
        }
    }

    /// Makes what has to be sent around a message.
    #[inline]
    pub(super) fn encode(&self, message: &[u8]) -> Result<Pieces> {
        if message.len() > self.limit {
            return Err(self.too_long(message.len() as u64));
        }
        match &self.kind {
            Kind::Raw => Ok(Pieces::NONE),
            Kind::Lines(lines) => lines.encode(message),
            Kind::Packet => prefix::encode_packet(message.len()),
            Kind::Tiny(_) => tiny::encode(message.len()),
            Kind::Multiprocessing => Ok(prefix::encode_multiprocessing(message.len() as u64)),
        }
    }

    /// The message that was encoded last has been sent.
    #[inline]
    pub(super) fn sent(&mut self) {
        if let Kind::Tiny(tiny) = &mut self.kind {
            tiny.sent();
        }
    }

    /// What the peer waits for without a message being sent, added up since it was last emptied.
    pub(super) fn answers(&mut self) -> Option<&mut Vec<u8>> {
        match &mut self.kind {
            Kind::Tiny(tiny) => Some(tiny.answers()),
            _ => None,
        }
    }

    /// Takes the refusal of a message back that has not been said.
    pub(super) fn take_refusal_back(&mut self) {
        if let Kind::Tiny(tiny) = &mut self.kind {
            tiny.take_refusal_back();
        }
    }

    /// Whether the peer has said what comes before its first message.
    pub(super) fn is_greeted(&self) -> bool {
        match &self.kind {
            Kind::Tiny(tiny) => tiny.is_greeted(),
            _ => true,
        }
    }

    /// How many messages the peer has still to answer.
    pub(super) fn unanswered(&self) -> u32 {
        match &self.kind {
            Kind::Tiny(tiny) => tiny.unanswered(),
            _ => 0,
        }
    }

    /// Begins anew with the next byte, since those before it were taken as they are.
    pub(super) fn forget(&mut self) {
        if let Kind::Lines(lines) = &mut self.kind {
            lines.forget();
        }
    }

    /// What it means that the stream ends behind these bytes, which are no whole message; `None` if nothing.
    pub(super) fn end(&self, unread: &[u8]) -> Option<Error> {
        match &self.kind {
            Kind::Tiny(tiny) if tiny.is_in_doubt(unread) => Some(tiny::refused(tiny::REJECTED)),
            _ => None,
        }
    }

    /// Whether the peer may be a program of Python that sends a message in pieces and has left Nagle's algorithm on: then
    /// a piece leaves only when the one before it is acknowledged, which has to be at once.
    pub(super) fn wants_quick_acknowledgements(&self) -> bool {
        matches!(self.kind, Kind::Lines(_) | Kind::Tiny(_) | Kind::Multiprocessing)
    }

    /// Whether bytes become a message as they are.
    pub(super) fn is_verbatim(&self) -> bool {
        !matches!(&self.kind, Kind::Lines(lines) if lines.is_lossy())
    }

    /// Turns the bytes of a message into the message.
    pub(super) fn finish(&self, body: Vec<u8>) -> Vec<u8> {
        if self.is_verbatim() {
            return body;
        }
        match String::from_utf8(body) {
            Ok(text) => text.into_bytes(),
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned().into_bytes(),
        }
    }

    fn too_long(&self, length: u64) -> Error {
        let what = if matches!(self.kind, Kind::Lines(_)) { Limit::Line } else { Limit::Message };
        Error::TooLong { what, length, limit: self.limit as u64 }
    }
}

impl Pieces {
    const NONE: Self = Self { head: [0; LONGEST_HEAD], length: 0, tail: &[] };

    /// In front of the message.
    pub(super) fn head(&self) -> &[u8] {
        self.head.get(..self.length).unwrap_or_default()
    }

    fn with_tail(tail: &'static [u8]) -> Self {
        Self { tail, ..Self::NONE }
    }

    fn with_head(bytes: &[u8]) -> Self {
        let mut pieces = Self::NONE;
        for (to, from) in pieces.head.iter_mut().zip(bytes) {
            *to = *from;
            pieces.length += 1;
        }
        pieces
    }
}

/// A message of this length announced, more than allowed.
fn message_too_long(length: u64, limit: usize) -> Error {
    Error::TooLong { what: Limit::Message, length, limit: limit as u64 }
}

/// The long form of multiprocessing.
const LONGEST_HEAD: usize = 12;
/// No buffer is larger than half of all addresses, and what the framing adds has to fit into it too.
const LARGEST_BODY: usize = usize::MAX / 2 - 16;

#[cfg(test)]
mod tests;
