//! A newline behind each message.

use super::{Frame, Pieces, Step};
use crate::{
    error::{Error, Limit, Result},
    message::framing::{LineEnding, LineOptions, LineText},
};

/// How far the line that is half there has been searched, so that no byte is looked at twice.
#[derive(Debug)]
pub(super) struct Lines {
    options: LineOptions,
    searched: usize,
}

impl Lines {
    pub(super) fn new(options: LineOptions) -> Self {
        Self { options, searched: 0 }
    }

    pub(super) fn is_lossy(&self) -> bool {
        self.options.text == LineText::Lossy
    }

    pub(super) fn forget(&mut self) {
        self.searched = 0;
    }

    pub(super) fn decode(&mut self, input: &[u8], limit: usize) -> Result<Step> {
        let found = find_newline(input.get(self.searched..).unwrap_or_default()).map(|at| self.searched + at);
        let is_crlf = self.options.ending == LineEnding::CrLf;
        let line = input.get(..found.unwrap_or(input.len())).unwrap_or_default();
        // Without a newline, a carriage return at the end may be the first half of the ending.
        let body = line.strip_suffix(b"\r").filter(|_| is_crlf).unwrap_or(line);
        if body.len() > limit {
            return Err(Error::TooLong { what: Limit::Line, length: body.len() as u64, limit: limit as u64 });
        }
        if found.is_none() {
            self.searched = input.len();
            return Ok(Step::More(1));
        }
        self.searched = 0;
        if self.options.text == LineText::Strict && std::str::from_utf8(body).is_err() {
            return Err(NO_UTF8);
        }
        Ok(Step::Frame(Frame { head: 0, body: body.len(), tail: line.len() - body.len() + 1 }))
    }

    pub(super) fn encode(&self, line: &[u8]) -> Result<Pieces> {
        let refused = |expected| Err(Error::invalid_input(&String::from_utf8_lossy(line), expected));
        if find_newline(line).is_some() {
            return refused("a line without a newline inside");
        }
        if self.options.text == LineText::Strict && std::str::from_utf8(line).is_err() {
            return refused("a line of UTF-8");
        }
        Ok(Pieces::with_tail(match self.options.ending {
            LineEnding::Lf => b"\n",
            LineEnding::CrLf => b"\r\n",
        }))
    }
}

/// Finds the first newline; sixteen bytes at a time, which the compiler makes a few instructions of.
#[inline]
fn find_newline(bytes: &[u8]) -> Option<usize> {
    let (blocks, rest) = bytes.as_chunks::<16>();
    let is_newline = |byte: &u8| *byte == b'\n';
    for (at, block) in blocks.iter().enumerate() {
        if block.iter().fold(false, |any, byte| any | is_newline(byte)) {
            // A newline is a zero here. Of the bytes that borrow, the lowest one is such a zero.
            let difference = u128::from_le_bytes(*block) ^ (LOW * u128::from(b'\n'));
            let found = difference.wrapping_sub(LOW) & !difference & (LOW << 7);
            return Some(at * 16 + found.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(is_newline).map(|within| bytes.len() - rest.len() + within)
}

/// The lowest bit of each byte.
const LOW: u128 = u128::MAX / 0xff;

const NO_UTF8: Error = Error::Malformed { expected: "a line of UTF-8" };

#[cfg(test)]
mod tests {
    use super::find_newline;

    #[test]
    fn a_newline_is_found_wherever_it_is() {
        for (length, other) in (0..70).flat_map(|length| [b'x', 0, 1, 9, 11, 0x8a, 0xff].map(|other| (length, other))) {
            let mut bytes = vec![other; length];
            assert_eq!(find_newline(&bytes), None);
            for at in (0..length).rev() {
                // The later ones stay: the first counts.
                bytes[at] = b'\n';
                assert_eq!(find_newline(&bytes), Some(at), "{length} {other}");
            }
        }
    }
}
