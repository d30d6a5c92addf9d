//! What comes of a stream in the buffer, for tests and the fuzz target.

use super::incoming::{Incoming, Look};
use crate::error::ErrorKind;

/// What came of a stream.
#[derive(Debug, PartialEq, Eq, Default)]
pub(super) struct Outcome {
    pub(super) messages: Vec<Vec<u8>>,
    pub(super) error: Option<ErrorKind>,
    pub(super) answers: Vec<u8>,
}

/// Gives a stream to a buffer, in reads of `piece` bytes at most, and takes each message as soon as it is there.
pub(super) fn feed(incoming: &mut Incoming, stream: &[u8], piece: usize) -> Outcome {
    let mut outcome = Outcome::default();
    let mut rest = stream;
    let result = loop {
        let look = incoming.look();
        if let Some(answers) = incoming.codec_mut().answers() {
            outcome.answers.append(answers);
        }
        match look {
            Ok(Look::Message) => outcome.messages.push(incoming.take()),
            Ok(Look::More(missing)) if rest.is_empty() => {
                assert!(missing > 0);
                break incoming.end();
            }
            Ok(Look::More(missing)) => {
                let (buffer, room) = incoming.room(missing);
                let (now, later) = rest.split_at(piece.min(room).min(rest.len()));
                buffer.extend_from_slice(now);
                incoming.settle(now.len(), room);
                rest = later;
            }
            Err(error) => {
                assert!(stream.ends_with(rest));
                break Some(error);
            }
        }
    };
    outcome.error = result.map(|error| error.kind());
    outcome
}
