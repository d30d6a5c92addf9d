//! The door of the fuzz targets to the codecs, which are private: it panics where a promise is broken.

use super::{
    codec::Codec,
    fed::{Outcome, feed},
    framing::{Framing, LineEnding, LineOptions, LineText},
    incoming::Incoming,
};

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
        let whole = fed(framing, bytes, usize::MAX);
        let pieces = fed(framing, bytes, piece.max(1));
        if framing == Framing::Raw {
            assert_eq!(whole.messages.concat(), pieces.messages.concat());
        } else {
            assert_eq!(whole, pieces, "{framing:?}");
        }
    }
}

fn fed(framing: Framing, bytes: &[u8], piece: usize) -> Outcome {
    feed(&mut Incoming::new(Codec::new(framing, Some(LIMIT)), Vec::new()), bytes, piece)
}

const LIMIT: usize = 300;
