//! Content codings: gzip and deflate taken off a body (RFC 9110, 8.4.1).

use flate2::{Decompress, FlushDecompress, Status};

use crate::error::{Error, Result};

use super::fields::HttpFields;

/// Unpacks a body as it arrives, in pieces of at most 64 KiB: how much becomes too much, whoever takes the pieces
/// decides.
#[derive(Debug)]
pub(super) struct Decoder {
    coding: Coding,
    phase: Phase,
    output: Vec<u8>,
}

/// Takes a piece of what was unpacked; its error ends the unpacking.
pub(super) type Sink<'a> = &'a mut dyn FnMut(&[u8]) -> Result<()>;

#[derive(Debug, Clone, Copy)]
enum Coding {
    Gzip,
    Deflate,
}

#[derive(Debug)]
enum Phase {
    /// Before the first byte.
    Start,
    /// Behind the first byte: with the second one it tells what follows.
    First(u8),
    Stream(Decompress),
    /// Behind a member of a gzip body, perhaps before another.
    Next,
    /// Behind a member and what may be the first byte of another.
    NextFirst(u8),
    /// What follows is no part of the body.
    Behind,
    Failed,
}

impl Decoder {
    /// The decoder for a body with these fields; `None` if there is nothing to unpack, or if the coding is not known:
    /// then the body is handed on as it is.
    pub(super) fn for_fields(fields: &HttpFields) -> Option<Self> {
        let mut codings = codings(fields);
        let coding = match codings.next()? {
            name if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip") => Coding::Gzip,
            name if name.eq_ignore_ascii_case(b"deflate") => Coding::Deflate,
            _ => return None,
        };
        // One packed into another multiplies a bomb and helps nobody.
        codings.next().is_none().then(|| Self { coding, phase: Phase::Start, output: vec![0; PIECE] })
    }

    /// Unpacks more of the body and hands on what becomes of it. An error is the end: what follows fails, too.
    pub(super) fn write(&mut self, input: &[u8], sink: Sink<'_>) -> Result<()> {
        let result = self.unpack(input, sink);
        if result.is_err() {
            self.phase = Phase::Failed;
        }
        result
    }

    /// The body has ended: well, if the packed bytes have. A body without a byte is none that was packed: servers
    /// leave the field on it.
    pub(super) fn finish(&self) -> Result<()> {
        match self.phase {
            Phase::Start | Phase::Next | Phase::NextFirst(_) | Phase::Behind => Ok(()),
            Phase::First(_) | Phase::Stream(_) => Err(Error::Malformed { expected: "the rest of the packed body" }),
            Phase::Failed => Err(PACKED),
        }
    }

    fn unpack(&mut self, mut input: &[u8], sink: Sink<'_>) -> Result<()> {
        while let Some((byte, rest)) = input.split_first() {
            match &mut self.phase {
                Phase::Start => {
                    self.phase = Phase::First(*byte);
                    input = rest;
                }
                Phase::Next => {
                    self.phase = Phase::NextFirst(*byte);
                    input = rest;
                }
                Phase::First(first) => {
                    let start = [*first, *byte];
                    let stream = match self.coding {
                        Coding::Gzip => Decompress::new_gzip(WINDOW_BITS),
                        Coding::Deflate => Decompress::new(is_zlib(start)),
                    };
                    self.begin(stream, start, sink)?;
                    input = rest;
                }
                Phase::NextFirst(first) => match [*first, *byte] {
                    GZIP => {
                        self.begin(Decompress::new_gzip(WINDOW_BITS), GZIP, sink)?;
                        input = rest;
                    }
                    // Padding and leftovers behind the last member: every reader of the field lets them be.
                    _ => self.phase = Phase::Behind,
                },
                Phase::Stream(stream) => {
                    let (rest, ended) = inflate(stream, &mut self.output, input, sink)?;
                    self.settle(ended);
                    input = rest;
                }
                Phase::Behind => return Ok(()),
                Phase::Failed => return Err(PACKED),
            }
        }
        Ok(())
    }

    fn begin(&mut self, mut stream: Decompress, start: [u8; 2], sink: Sink<'_>) -> Result<()> {
        let (_, ended) = inflate(&mut stream, &mut self.output, &start, sink)?;
        self.phase = Phase::Stream(stream);
        self.settle(ended);
        Ok(())
    }

    fn settle(&mut self, ended: bool) {
        if ended {
            self.phase = match self.coding {
                Coding::Gzip => Phase::Next,
                Coding::Deflate => Phase::Behind,
            };
        }
    }
}

/// The codings of a body, in the order in which they were applied.
pub(super) fn codings(fields: &HttpFields) -> impl Iterator<Item = &[u8]> {
    let all = fields.list("content-encoding");
    all.filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}

/// Unpacks as long as there is something to unpack, and returns what is left of the input when the stream has ended.
fn inflate<'a>(
    stream: &mut Decompress,
    output: &mut [u8],
    mut input: &'a [u8],
    sink: Sink<'_>,
) -> Result<(&'a [u8], bool)> {
    loop {
        let before = (stream.total_in(), stream.total_out());
        let status = stream.decompress(input, output, FlushDecompress::None).map_err(|_| PACKED)?;
        let taken = usize::try_from(stream.total_in() - before.0).unwrap_or(usize::MAX);
        let made = usize::try_from(stream.total_out() - before.1).unwrap_or(usize::MAX);
        input = input.get(taken..).unwrap_or_default();
        if made > 0 {
            sink(output.get(..made).unwrap_or_default())?;
        }
        match status {
            Status::StreamEnd => return Ok((input, true)),
            // A full piece may not have been all.
            _ if input.is_empty() && made < output.len() => return Ok((input, false)),
            _ if taken == 0 && made == 0 => return Err(PACKED),
            _ => {}
        }
    }
}

/// Tells a stream with a header (RFC 1950, 2.2) from a bare one, which some servers send as deflate.
fn is_zlib(start: [u8; 2]) -> bool {
    let [method, _] = start;
    method & 0x0f == 8 && method >> 4 <= 7 && u16::from_be_bytes(start).is_multiple_of(31)
}

/// Bytes that are handed on at once.
const PIECE: usize = 64 * 1024;

/// The largest window that there is: what a server may use.
const WINDOW_BITS: u8 = 15;

/// How each member begins (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

const PACKED: Error = Error::Malformed { expected: "a body packed as its content-encoding says" };

#[cfg(test)]
mod tests;
