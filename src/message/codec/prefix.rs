//! A length in front of each message.

use super::{Frame, Pieces, Step, message_too_long};
use crate::{bytes::Cursor, error::Result};

/// As SFML writes packets: 32 bits, most significant byte first.
pub(super) fn decode_packet(input: &[u8], limit: usize) -> Result<Step> {
    let mut cursor = Cursor::new(input);
    match cursor.u32() {
        Some(length) => frame(4, u64::from(length), limit),
        None => Ok(Step::More(4 - input.len().min(4))),
    }
}

pub(super) fn encode_packet(length: usize) -> Result<Pieces> {
    match u32::try_from(length) {
        Ok(length) => Ok(Pieces::with_head(&length.to_be_bytes())),
        Err(_) => Err(message_too_long(length as u64, u32::MAX as usize)),
    }
}

/// As Python writes them (`Connection._send_bytes`): a signed length; behind a -1 stands one of 64 bits. A small length
/// in the long form is accepted, as Python 3.8 and later do.
pub(super) fn decode_multiprocessing(input: &[u8], limit: usize) -> Result<Step> {
    let mut cursor = Cursor::new(input);
    let Some(short) = cursor.array().map(i32::from_be_bytes) else {
        return Ok(Step::More(4 - input.len().min(4)));
    };
    if short == LONG_FORM {
        return match cursor.array().map(u64::from_be_bytes) {
            Some(length) => frame(12, length, limit),
            None => Ok(Step::More(8 - cursor.remaining().min(8))),
        };
    }
    match u64::try_from(short) {
        Ok(length) => frame(4, length, limit),
        Err(_) => Err(crate::error::Error::Malformed { expected: "a length of 0 or more, or -1 before a long one" }),
    }
}

/// The long form only where it is needed: Python 3.7 and older take it for an empty message.
pub(super) fn encode_multiprocessing(length: u64) -> Pieces {
    match i32::try_from(length) {
        Ok(length) => Pieces::with_head(&length.to_be_bytes()),
        Err(_) => {
            let mut head = [0xff; 12];
            if let Some(long) = head.last_chunk_mut() {
                *long = length.to_be_bytes();
            }
            Pieces::with_head(&head)
        }
    }
}

fn frame(head: usize, length: u64, limit: usize) -> Result<Step> {
    match usize::try_from(length) {
        Ok(body) if body <= limit => Ok(Step::Frame(Frame { head, body, tail: 0 })),
        _ => Err(message_too_long(length, limit)),
    }
}

const LONG_FORM: i32 = -1;
