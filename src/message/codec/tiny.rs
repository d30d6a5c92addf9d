//! The protocol of tinyproto, whose receiver answers each length.
//!
//! Both ends say `ff` first. Then a message is its length in 32 bits, the answer `ff` (or `00`: too long), the bytes.
//! Nobody acknowledges the bytes. A sender need not wait for the answer: the real ones read ahead, and answer later.

use super::{Frame, Pieces, Step, message_too_long};
use crate::{
    bytes::Cursor,
    error::{Error, Result},
};

#[derive(Debug)]
pub(super) struct Tiny {
    peer: Peer,
    /// Messages sent whose answer has not come.
    unanswered: u32,
    /// What the peer has to be told next.
    answers: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
enum Peer {
    Silent,
    Greeted,
}

/// The greeting stands first in the answers.
impl Default for Tiny {
    fn default() -> Self {
        Self { peer: Peer::Silent, unanswered: 0, answers: vec![OK] }
    }
}

impl Tiny {
    pub(super) fn answers(&mut self) -> &mut Vec<u8> {
        &mut self.answers
    }

    pub(super) fn take_refusal_back(&mut self) {
        if self.answers.last() == Some(&REJECTED) {
            self.answers.pop();
        }
    }

    pub(super) fn is_greeted(&self) -> bool {
        self.peer == Peer::Greeted
    }

    pub(super) fn unanswered(&self) -> u32 {
        self.unanswered
    }

    /// While an answer is due, a `00` is one, or the first byte of a length below 16 MiB: then a second one follows.
    pub(super) fn is_in_doubt(&self, unread: &[u8]) -> bool {
        self.unanswered > 0 && unread == [REJECTED]
    }

    pub(super) fn decode(&mut self, input: &[u8], limit: usize) -> Result<Step> {
        let Some((&first, rest)) = input.split_first() else { return Ok(Step::More(1)) };
        if self.peer == Peer::Silent {
            return match first {
                OK => {
                    self.peer = Peer::Greeted;
                    Ok(Step::Skip(1))
                }
                REJECTED | TOO_MANY | CONFLICT => Err(refused(first)),
                _ => Err(Error::Malformed { expected: "the greeting of tinyproto (ff)" }),
            };
        }
        if self.unanswered > 0 {
            return match first {
                OK => Ok(Step::Skip(self.take_answers(input))),
                REJECTED if rest.is_empty() => Ok(Step::More(1)),
                TOO_MANY | CONFLICT => Err(refused(first)),
                _ => Err(Error::Collision),
            };
        }
        match first {
            TOO_MANY | CONFLICT => return Err(refused(first)),
            first if first > LARGEST_FIRST => {
                return Err(Error::Malformed { expected: "a length of at most f0ffffff (tinyproto)" });
            }
            _ => {}
        }
        let Some(length) = Cursor::new(input).u32() else { return Ok(Step::More(4 - input.len().min(4))) };
        let body = length as usize;
        if body > limit {
            self.answers.push(REJECTED);
            return Err(message_too_long(u64::from(length), limit));
        }
        self.answers.push(OK);
        Ok(Step::Frame(Frame { head: 4, body, tail: 0 }))
    }

    pub(super) fn sent(&mut self) {
        self.unanswered += 1;
    }

    /// Counts the answers at the front.
    fn take_answers(&mut self, input: &[u8]) -> usize {
        let mut count = 0;
        for _ in input.iter().take_while(|byte| **byte == OK) {
            if self.unanswered == 0 {
                break;
            }
            self.unanswered -= 1;
            count += 1;
        }
        count
    }
}

pub(super) fn encode(length: usize) -> Result<Pieces> {
    let length = match u32::try_from(length) {
        Ok(length) if length <= LARGEST => length,
        _ => return Err(message_too_long(length as u64, LARGEST as usize)),
    };
    Ok(Pieces::with_head(&length.to_be_bytes()))
}

/// What a peer says that wants no message, or no connection.
pub(super) fn refused(code: u8) -> Error {
    let text = match code {
        TOO_MANY => "(too many connections)",
        CONFLICT => "(conflict)",
        _ => "(rejected)",
    };
    Error::PeerRefused { code: u16::from(code), text: text.into() }
}

const OK: u8 = 0xff;
pub(super) const REJECTED: u8 = 0x00;
const TOO_MANY: u8 = 0xfe;
const CONFLICT: u8 = 0xfd;
/// What the real ones accept (`f0ffffff`).
const LARGEST: u32 = 0xf0ff_ffff;
const LARGEST_FIRST: u8 = 0xf0;
