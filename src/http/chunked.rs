//! Chunked bodies (RFC 9112, 7.1).

use crate::error::{Error, Limit, Result};

use super::{
    fields::HttpFields,
    head::{self, HeadLimits},
};

/// Takes the framing off a chunked body.
///
/// It is strict where readers differ: digits first, then blanks or extensions up to CR and LF, and CR and LF behind
/// the data. A lone LF ends a line to some and not to others, and a body would end at two places.
#[derive(Debug)]
pub(super) struct ChunkedDecoder {
    phase: Phase,
    limits: HeadLimits,
    /// Bytes of the chunk line so far.
    line: usize,
}

/// What a step found.
#[derive(Debug)]
pub(super) enum Chunk<'a> {
    /// Nothing more without more input.
    More,
    /// Bytes of the body, at least one.
    Data(&'a [u8]),
    /// The body has ended, with these trailer fields.
    End(HttpFields),
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Before the first digit of a size.
    Start,
    Size(u64),
    /// Behind the digits and a blank: no digit may follow.
    Blank(u64),
    Extension(u64),
    /// Behind the CR of the chunk line.
    LineEnd(u64),
    /// So many bytes are left of the chunk.
    Data(u64),
    /// Before the CR behind the data.
    DataEnd,
    /// Before the LF behind the data.
    DataLineEnd,
    /// In the trailer, the blank line of which was looked for up to here.
    Trailers(usize),
    End,
}

impl ChunkedDecoder {
    pub(super) fn new(limits: HeadLimits) -> Self {
        Self { phase: Phase::Start, limits, line: 0 }
    }

    /// Takes what it can from the front of the input: so many bytes, and what they were. Trailer fields are taken
    /// whole: until then they have to be shown again, with more behind them.
    pub(super) fn next<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Chunk<'a>)> {
        let mut rest = input;
        let mut consumed = 0;
        loop {
            match &mut self.phase {
                Phase::Data(left) => {
                    let count = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
                    *left -= count as u64;
                    if *left == 0 {
                        self.phase = Phase::DataEnd;
                    }
                    return Ok(match rest.get(..count) {
                        Some(data) if count > 0 => (consumed + count, Chunk::Data(data)),
                        _ => (consumed, Chunk::More),
                    });
                }
                Phase::Trailers(scanned) => {
                    let Some((length, trailers)) = head::parse_trailers(rest, scanned, self.limits)? else {
                        return Ok((consumed, Chunk::More));
                    };
                    self.phase = Phase::End;
                    return Ok((consumed + length, Chunk::End(trailers)));
                }
                Phase::End => return Ok((consumed, Chunk::More)),
                _ => {
                    let Some((byte, after)) = rest.split_first() else { return Ok((consumed, Chunk::More)) };
                    self.phase = self.step(*byte)?;
                    rest = after;
                    consumed += 1;
                }
            }
        }
    }

    /// Bytes that are known to be missing of the current chunk.
    pub(super) fn missing(&self) -> u64 {
        match self.phase {
            Phase::Data(left) => left,
            _ => 0,
        }
    }

    /// What follows a byte of the framing.
    fn step(&mut self, byte: u8) -> Result<Phase> {
        self.line = if matches!(self.phase, Phase::DataEnd | Phase::DataLineEnd) { 0 } else { self.line + 1 };
        if self.line > LINE_LIMIT {
            let limit = LINE_LIMIT as u64;
            return Err(Error::TooLong { what: Limit::ChunkLine, length: limit + 1, limit });
        }
        Ok(match (self.phase, byte) {
            (Phase::Start, _) => Phase::Size(hex(byte).ok_or(Error::Malformed { expected: DIGITS })?),
            (Phase::Size(size) | Phase::Blank(size) | Phase::Extension(size), b'\r') => Phase::LineEnd(size),
            (Phase::Size(size) | Phase::Blank(size), b' ' | b'\t') => Phase::Blank(size),
            (Phase::Size(size) | Phase::Blank(size), b';') => Phase::Extension(size),
            (Phase::Size(size), _) => {
                let digit = hex(byte).ok_or(Error::Malformed { expected: DIGITS })?;
                let size = size.checked_mul(16).ok_or(Error::Malformed { expected: "a chunk size below 2^64" })?;
                Phase::Size(size + digit)
            }
            (Phase::Extension(size), b'\t' | b' '..=b'~' | 0x80..) => Phase::Extension(size),
            (Phase::LineEnd(0), b'\n') => Phase::Trailers(0),
            (Phase::LineEnd(size), b'\n') => Phase::Data(size),
            (Phase::DataEnd, b'\r') => Phase::DataLineEnd,
            (Phase::DataLineEnd, b'\n') => Phase::Start,
            (Phase::DataEnd | Phase::DataLineEnd, _) => {
                return Err(Error::Malformed { expected: "CR and LF behind the data of a chunk" });
            }
            _ => return Err(Error::Malformed { expected: "a chunk line that ends with CR and LF" }),
        })
    }
}

/// The line in front of a chunk that is to be sent; CR and LF follow its data.
pub(super) fn encode_chunk_head(length: usize) -> Vec<u8> {
    format!("{length:x}\r\n").into_bytes()
}

/// What follows the CR and LF of the last chunk with data.
pub(super) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

fn hex(byte: u8) -> Option<u64> {
    char::from(byte).to_digit(16).map(u64::from)
}

/// Bytes of a chunk line: its size needs 16, and extensions of a few bytes are seen (signatures of chunks).
const LINE_LIMIT: usize = 4 * 1024;

const DIGITS: &str = "a chunk size in hexadecimal digits";

#[cfg(test)]
mod tests;
