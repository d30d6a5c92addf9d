//! Received bytes, cut into messages; no I/O.

use std::{fmt, mem};

use super::codec::{Codec, Frame, Step};
use crate::error::{Error, Result};

/// Received bytes that nobody has taken yet: whole messages, and at the end perhaps the beginning of one.
///
/// Memory follows what has arrived, never what a peer announces. The bytes of a large message are collected in a buffer
/// of their own or in that of the receiver, so that it can be handed over without another copy. `Debug` shows lengths and never the bytes.
pub(super) struct Incoming {
    codec: Codec,
    bytes: Vec<u8>,
    start: usize,
    /// The message at the front, once its length is known.
    frame: Option<Frame>,
    body: Body,
    /// How much a read asks for when nothing is known: more for peers that send much.
    read_size: usize,
}

/// Where the body of the message at the front is collected.
enum Body {
    /// Behind its head in `bytes`, and what follows it too.
    WithHead,
    /// By itself, since it is large; `bytes` holds its head alone.
    Own(Vec<u8>),
    /// The same in the buffer of whoever receives it, which has so many bytes of it.
    Lent(usize),
}

/// What has arrived.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// A whole message.
    Message,
    /// Less than that; so many bytes are known to be missing.
    More(usize),
}

impl Incoming {
    /// Begins with bytes that have arrived already.
    pub(super) fn new(codec: Codec, bytes: Vec<u8>) -> Self {
        Self { codec, bytes, start: 0, frame: None, body: Body::WithHead, read_size: SMALLEST_READ }
    }

    pub(super) fn codec(&self) -> &Codec {
        &self.codec
    }

    pub(super) fn codec_mut(&mut self) -> &mut Codec {
        &mut self.codec
    }

    /// Sets the largest message, also for one whose length is known already.
    pub(super) fn set_limit(&mut self, limit: usize) {
        self.codec.set_limit(limit);
        if self.codec.is_raw() {
            self.frame = None;
        }
    }

    /// Looks whether a message is there; the same again until it is taken.
    #[inline]
    pub(super) fn look(&mut self) -> Result<Look> {
        loop {
            if let Some(frame) = self.frame {
                self.codec.admit(frame)?;
                return Ok(match self.missing(frame) {
                    0 => Look::Message,
                    missing => Look::More(missing),
                });
            }
            if let Some(missing) = self.find()? {
                return Ok(Look::More(missing));
            }
        }
    }

    /// Finds out how long the next message is, or else how many bytes are known to be missing for that.
    fn find(&mut self) -> Result<Option<usize>> {
        loop {
            let unread = self.bytes.get(self.start..).unwrap_or_default();
            match self.codec.decode(unread)? {
                Step::Frame(frame) => {
                    self.frame = Some(frame);
                    return Ok(None);
                }
                Step::Skip(count) => self.consume(count),
                Step::More(missing) => return Ok(Some(missing)),
            }
        }
    }

    #[inline]
    fn missing(&self, frame: Frame) -> usize {
        match self.body.length() {
            Some(arrived) => frame.body.saturating_sub(arrived),
            None => (frame.head + frame.body + frame.tail).saturating_sub(self.bytes.len() - self.start),
        }
    }

    /// Takes the message that [`look`](Self::look) has found.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let Some(frame) = self.frame.take() else { return Vec::new() };
        let body = match mem::replace(&mut self.body, Body::WithHead) {
            Body::Own(body) => {
                self.consume(frame.head);
                body
            }
            // All that there is and most of its memory: no copy.
            _ if frame.body == self.bytes.len() && frame.body > self.bytes.capacity() / 2 => mem::take(&mut self.bytes),
            _ => {
                let body = self.body(frame).to_vec();
                self.consume(frame.head + frame.body + frame.tail);
                body
            }
        };
        self.codec.finish(body)
    }

    /// Takes it into a buffer, which may be the one that it was [lent](Self::lend); if that is too short, the error has
    /// it.
    pub(super) fn take_into(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if let (Some(frame), Body::WithHead | Body::Lent(_), true) = (self.frame, &self.body, self.codec.is_verbatim())
            && let Some(room) = buffer.get_mut(..frame.body)
        {
            self.frame = None;
            if let Body::Lent(_) = mem::replace(&mut self.body, Body::WithHead) {
                self.consume(frame.head);
            } else {
                room.copy_from_slice(self.body(frame));
                self.consume(frame.head + frame.body + frame.tail);
            }
            return Ok(frame.body);
        }
        let message = self.take();
        match buffer.get_mut(..message.len()) {
            Some(room) => {
                room.copy_from_slice(&message);
                Ok(message.len())
            }
            None => Err(Error::BufferTooShort { capacity: buffer.len(), message: message.into() }),
        }
    }

    fn body(&self, frame: Frame) -> &[u8] {
        let begin = self.start + frame.head;
        self.bytes.get(begin..begin + frame.body).unwrap_or_default()
    }

    /// The part of a receiver's buffer that the next bytes go to, if they are of a large message that fits into it: then
    /// nothing is copied. The same buffer has to come with every call until the message is taken or
    /// [taken back](Self::take_back).
    pub(super) fn lend<'a>(&mut self, missing: usize, buffer: &'a mut [u8]) -> Option<&'a mut [u8]> {
        let frame = self.frame?;
        if self.begins_large(frame, missing) && self.codec.is_verbatim() && frame.body <= buffer.len() {
            let arrived = self.bytes.get(self.start + frame.head..).unwrap_or_default();
            buffer.get_mut(..arrived.len())?.copy_from_slice(arrived);
            self.body = Body::Lent(arrived.len());
            self.part_from_head(frame);
        }
        match self.body {
            Body::Lent(arrived) => buffer.get_mut(arrived..frame.body),
            _ => None,
        }
    }

    /// Learns how much a read has put into the part that was lent.
    pub(super) fn settle_lent(&mut self, received: usize) {
        if let Body::Lent(arrived) = &mut self.body {
            *arrived += received;
        }
    }

    /// Copies what has arrived of a message out of the buffer, which goes back to its owner.
    pub(super) fn take_back(&mut self, buffer: &[u8]) {
        if let Body::Lent(arrived) = self.body {
            self.body = Body::Own(buffer.get(..arrived).unwrap_or_default().to_vec());
        }
    }

    /// The buffer that the next bytes go to, and how many it should take at most, when `missing` are known to be needed.
    pub(super) fn room(&mut self, missing: usize) -> (&mut Vec<u8>, usize) {
        if let Some(frame) = self.frame
            && self.begins_large(frame, missing)
        {
            let mut body = Vec::with_capacity(frame.body.min(LARGEST_READ));
            body.extend_from_slice(self.bytes.get(self.start + frame.head..).unwrap_or_default());
            self.body = Body::Own(body);
            self.part_from_head(frame);
        }
        if let Body::Own(body) = &mut self.body {
            // Doubles with what has arrived, whatever was announced.
            let room = missing.min(body.len().max(LARGEST_READ));
            body.reserve_exact(room);
            return (body, room);
        }
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        let room = missing.max(self.read_size);
        self.bytes.reserve(room);
        (&mut self.bytes, room)
    }

    /// Whether it is time to collect a body by itself.
    fn begins_large(&self, frame: Frame, missing: usize) -> bool {
        matches!(self.body, Body::WithHead) && missing >= LARGE && frame.tail == 0
    }

    /// The body is elsewhere from here on.
    fn part_from_head(&mut self, frame: Frame) {
        self.bytes.truncate(self.start + frame.head);
        // The head of the next one fits into the smallest read, and the less of its body does, the less is copied.
        self.read_size = SMALLEST_READ;
    }

    /// Learns from a read that asked for `room` and got `received`.
    pub(super) fn settle(&mut self, received: usize, room: usize) {
        if let Body::WithHead = self.body {
            if received >= room {
                self.read_size = (self.read_size * 4).min(LARGEST_READ);
            } else if received < self.read_size / 8 {
                self.read_size = (self.read_size / 2).max(SMALLEST_READ);
            }
        }
        self.tidy();
    }

    /// Gives memory back: what is idle keeps little.
    fn tidy(&mut self) {
        if let Body::Own(body) = &mut self.body
            && body.len() < body.capacity() / 4
        {
            body.shrink_to_fit();
        }
        if self.bytes.capacity() <= KEPT {
            return;
        }
        let length = self.bytes.len() - self.start;
        if length == 0 {
            self.bytes = Vec::new();
            self.start = 0;
        } else if length < self.bytes.capacity() / 4 {
            self.bytes.drain(..self.start);
            self.start = 0;
            self.bytes.shrink_to(KEPT);
        }
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
        if self.start >= self.bytes.len() {
            self.start = 0;
            self.bytes.clear();
            if self.bytes.capacity() > KEPT {
                self.bytes = Vec::new();
            }
        }
    }

    /// Tells whether no byte is waiting.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.len() == self.start && matches!(self.body, Body::WithHead)
    }

    /// What it means that the stream ends here, where no whole message is; `None` if it may end here.
    pub(super) fn end(&self) -> Option<Error> {
        let unread = self.bytes.get(self.start..).unwrap_or_default();
        if self.is_empty() {
            return None;
        }
        if let Some(error) = self.codec.end(unread) {
            return Some(error);
        }
        let received = unread.len() + self.body.length().unwrap_or_default();
        let expected = self.frame.map_or(received, |frame| frame.head + frame.body + frame.tail);
        Some(Error::CutShort { received: received as u64, expected: expected as u64 })
    }

    /// Takes every byte that has not become a message, as the peer sent it.
    pub(super) fn unread(&mut self) -> Vec<u8> {
        self.put_together();
        self.bytes.drain(..self.start);
        self.start = 0;
        self.codec.forget();
        mem::take(&mut self.bytes)
    }

    /// Lets the bytes that have not become messages become those of another framing.
    pub(super) fn change(&mut self, codec: Codec) {
        self.put_together();
        self.codec = codec;
    }

    /// Back to what the peer sent.
    fn put_together(&mut self) {
        self.frame = None;
        if let Body::Own(body) = mem::replace(&mut self.body, Body::WithHead) {
            self.bytes.extend_from_slice(&body);
        }
    }
}

impl Body {
    /// How much of it has arrived; `None` where that is to be seen in `bytes`.
    fn length(&self) -> Option<usize> {
        match self {
            Self::WithHead => None,
            Self::Own(body) => Some(body.len()),
            Self::Lent(arrived) => Some(*arrived),
        }
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("codec", &self.codec)
            .field("len", &(self.bytes.len() - self.start))
            .field("frame", &self.frame)
            .field("body", &self.body.length())
            .finish_non_exhaustive()
    }
}

/// What a read asks for at first: most messages fit, and ten thousand idle connections can keep it.
const SMALLEST_READ: usize = 2048;
/// And at most, unless as much of a message has arrived already.
const LARGEST_READ: usize = 64 * 1024;
/// From here on a copy costs more than another system call.
const LARGE: usize = 16 * 1024;
/// The memory that an empty buffer keeps.
const KEPT: usize = SMALLEST_READ;

#[cfg(test)]
mod tests;
