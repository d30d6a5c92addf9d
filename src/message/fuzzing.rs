//! The door of the fuzz targets to the codecs, which are private: it panics where a promise is broken.

use super::{
    codec::Codec,
    framing::{Framing, LineEnding, LineOptions, LineText},
    incoming::{Incoming, Look},
};
use crate::error::ErrorKind;

/// A peer's bytes have the same outcome however they are cut, in every framing, and no message is over the limit.
pub fn messages(bytes: &[u8], piece: usize) {
    let lines = |ending, text| Framing::Lines(LineOptions { ending, text });
    for framing in [
        Framing::Raw,
        lines(LineEnding::Lf, LineText::Strict),
        lines(LineEnding::CrLf, LineText::Lossy),
        Framing::Packet,
        Framing::Tiny,
        Framing::Multiprocessing,
    ] {
        let whole = feed(framing, bytes, usize::MAX);
        let pieces = feed(framing, bytes, piece.max(1));
        if framing == Framing::Raw {
            assert_eq!(whole.0.concat(), pieces.0.concat());
        } else {
            assert_eq!(whole, pieces, "{framing:?}");
        }
    }
}

type Outcome = (Vec<Vec<u8>>, Option<ErrorKind>, Vec<u8>);

fn feed(framing: Framing, bytes: &[u8], piece: usize) -> Outcome {
    let mut incoming = Incoming::new(Codec::new(framing, Some(LIMIT)), Vec::new());
    let (mut messages, mut answers, mut rest) = (Vec::new(), Vec::new(), bytes);
    loop {
        let look = incoming.look();
        if let Some(more) = incoming.codec_mut().answers() {
            answers.append(more);
        }
        match look {
            Ok(Look::Message) => messages.push(incoming.take()),
            Ok(Look::More(_)) if rest.is_empty() => {
                return (messages, incoming.end().map(|error| error.kind()), answers);
            }
            Ok(Look::More(missing)) => {
                let (buffer, room) = incoming.room(missing);
                let (now, later) = rest.split_at(piece.min(room).min(rest.len()));
                buffer.extend_from_slice(now);
                incoming.settle(now.len(), room);
                rest = later;
            }
            Err(error) => {
                assert!(bytes.ends_with(rest));
                return (messages, Some(error.kind()), answers);
            }
        }
    }
}

const LIMIT: usize = 300;
