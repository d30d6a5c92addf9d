//! A request on its way out.

mod front;

use std::{collections::VecDeque, io};

use front::{Front, Pieces};

use super::body::Source;
use crate::{
    error::{Error, Result},
    status::Status,
    stream::Stream,
};

/// A request that is being sent: its head, and then its body piece by piece.
#[derive(Debug)]
pub(super) struct Outgoing {
    front: Front,
    has_begun: bool,
    sources: VecDeque<Source>,
    pieces: Pieces,
    phase: Phase,
    sent: u64,
    body_sent: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Head,
    /// The head has gone and the body waits for the server's word (RFC 9110 section 10.1.1).
    Holding,
    Body,
    Finished,
}

/// What one attempt to send came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// So many bytes went.
    Some(usize),
    /// The system has no room now.
    NoRoom,
    /// The body waits for [`Outgoing::release`].
    Held,
    /// Everything has gone.
    All,
    /// The peer takes no more; it may have said why.
    Gone,
}

impl Outgoing {
    /// A request with this head. `holds` keeps the body back until [`release`](Self::release).
    pub(super) fn new(head: Vec<u8>, sources: Vec<Source>, chunked: bool, holds: bool) -> Self {
        let mut outgoing = Self {
            front: Front::head(head),
            has_begun: false,
            sources: sources.into(),
            pieces: if chunked { Pieces::Chunks } else { Pieces::Plain },
            phase: Phase::Head,
            sent: 0,
            body_sent: 0,
        };
        if !holds {
            outgoing.phase = Phase::Body;
            outgoing.join_short_body();
        }
        outgoing
    }

    /// A short body goes with the head, in one call and mostly in one segment.
    fn join_short_body(&mut self) {
        if let Some(Source::Bytes { bytes, .. }) = self.sources.front()
            && bytes.len() <= JOINED
        {
            self.front.join(bytes);
            self.sources.pop_front();
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.phase == Phase::Finished
    }

    /// How many bytes have gone, with the head and what frames the body.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// How many bytes of the body have gone.
    pub(super) fn body_sent(&self) -> u64 {
        self.body_sent
    }

    pub(super) fn is_holding(&self) -> bool {
        self.phase == Phase::Holding
    }

    /// Lets the body go.
    pub(super) fn release(&mut self) {
        if matches!(self.phase, Phase::Head | Phase::Holding) {
            self.phase = Phase::Body;
        }
    }

    /// Sends nothing more.
    pub(super) fn abandon(&mut self) {
        self.phase = Phase::Finished;
        self.sources.clear();
        self.front = Front::head(Vec::new());
    }

    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Tells whether anything goes behind what goes first.
    pub(super) fn has_more(&self) -> bool {
        !self.sources.is_empty()
    }

    /// What goes first.
    pub(super) fn front(&self) -> &[u8] {
        self.front.waiting()
    }

    /// Takes note that so many bytes of the first ones have gone.
    pub(super) fn skip(&mut self, sent: usize) {
        self.has_begun = true;
        self.sent += sent as u64;
        self.body_sent += self.front.skip(sent);
    }

    /// Sends what goes in one attempt, `most` bytes at most: to copy them takes time.
    pub(super) fn advance(&mut self, stream: &mut Stream, most: usize) -> Result<Sent> {
        loop {
            let rest = at_most(self.front.waiting(), most);
            if !rest.is_empty() {
                return match stream.send(rest) {
                    Status::Done(sent) => {
                        self.skip(sent);
                        Ok(Sent::Some(sent))
                    }
                    Status::NotReady => Ok(Sent::NoRoom),
                    Status::Disconnected => Ok(Sent::Gone),
                    Status::Error(error) => Err(error),
                };
            }
            match self.phase {
                Phase::Head => self.phase = Phase::Holding,
                Phase::Holding => return Ok(Sent::Held),
                Phase::Finished => return Ok(Sent::All),
                Phase::Body => match self.sources.front_mut() {
                    None => self.phase = Phase::Finished,
                    Some(_) => {
                        if let Some(sent) = self.advance_body(stream, most)? {
                            return Ok(sent);
                        }
                    }
                },
            }
        }
    }

    /// Sends a part of the first source, or puts it into `front`; `None` where there is something else to do first.
    fn advance_body(&mut self, stream: &mut Stream, most: usize) -> Result<Option<Sent>> {
        let (outcome, is_at_end) = match self.sources.front_mut() {
            None => return Ok(None),
            Some(Source::Bytes { bytes, sent }) => {
                let rest = at_most(bytes.get(*sent..).unwrap_or_default(), most);
                let outcome = stream.send(rest);
                if let Status::Done(count) = outcome {
                    *sent += count;
                }
                (outcome, *sent == bytes.len())
            }
            Some(Source::File { file, path, offset, length }) => {
                let left = *length - *offset;
                let failed = |error| Error::file(path, error);
                if left == 0 {
                    (Status::Done(0), true)
                } else if let Some(result) = stream.send_file(file, *offset, left.min(most as u64)) {
                    let outcome = match result {
                        Ok(0) => return Err(failed(io::ErrorKind::UnexpectedEof.into())),
                        Ok(count) => {
                            *offset += count as u64;
                            Status::Done(count)
                        }
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(None),
                        Err(error) => Error::from_transfer(error).into(),
                    };
                    (outcome, *offset == *length)
                } else {
                    let count = self.front.read(&mut &*file, left, self.pieces).map_err(failed)?;
                    if count == 0 {
                        return Err(failed(io::ErrorKind::UnexpectedEof.into()));
                    }
                    *offset += count as u64;
                    if *offset == *length {
                        self.sources.pop_front();
                    }
                    return Ok(None);
                }
            }
            Some(Source::Reader { reader, left }) => {
                let most = left.unwrap_or(u64::MAX);
                let count = self.front.read(reader.as_mut(), most, self.pieces).map_err(Error::Io)? as u64;
                let is_at_end = match left {
                    Some(left) => {
                        *left -= count.min(*left);
                        if count == 0 && *left > 0 {
                            return Err(Error::invalid_input("a reader", "a reader that gives as much as was said"));
                        }
                        *left == 0
                    }
                    None => count == 0,
                };
                if is_at_end {
                    self.sources.pop_front();
                }
                return Ok(None);
            }
        };
        if is_at_end {
            self.sources.pop_front();
        }
        match outcome {
            Status::Done(0) => Ok(None),
            Status::Done(count) => {
                self.sent += count as u64;
                self.body_sent += count as u64;
                Ok(Some(Sent::Some(count)))
            }
            Status::NotReady => Ok(Some(Sent::NoRoom)),
            Status::Disconnected => Ok(Some(Sent::Gone)),
            Status::Error(error) => Err(error),
        }
    }
}

fn at_most(bytes: &[u8], most: usize) -> &[u8] {
    bytes.get(..most).unwrap_or(bytes)
}

/// A body up to this length is copied behind the head.
const JOINED: usize = 16 * 1024;
