//! Replies of a server, from bytes that come in any pieces (RFC 959 section 4.2).

use crate::error::{Error, Limit, Result};

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// The text without the code; several lines are joined by a line feed.
    pub(super) text: Vec<u8>,
}

/// Puts replies together.
#[derive(Debug, Default)]
pub(super) struct ReplyDecoder {
    telnet: Telnet,
    line: Vec<u8>,
    /// What has come of a reply of several lines.
    begun: Option<Reply>,
    /// Bytes of the reply so far, all that do not count included.
    size: usize,
}

impl ReplyDecoder {
    /// Looks at more bytes; tells how many it took, and the reply that ends there.
    pub(super) fn next(&mut self, input: &[u8]) -> Result<(usize, Option<Reply>)> {
        let mut rest = input;
        loop {
            // Text goes in one piece as far as it can.
            let is_special = |byte: &u8| matches!(*byte, b'\n' | IAC) || self.telnet != Telnet::Text;
            let length = rest.iter().position(is_special).unwrap_or(rest.len());
            let (text, behind) = rest.split_at_checked(length).unwrap_or_default();
            self.count(text)?;
            self.line.extend_from_slice(text);
            let Some((byte, behind)) = behind.split_first() else { return Ok((input.len(), None)) };
            rest = behind;
            self.count(&[*byte])?;
            match self.telnet.next(*byte) {
                Some(b'\n') => {
                    if let Some(reply) = self.end_line()? {
                        self.size = 0;
                        return Ok((input.len() - rest.len(), Some(reply)));
                    }
                }
                Some(byte) => self.line.push(byte),
                None => {}
            }
        }
    }

    fn count(&mut self, bytes: &[u8]) -> Result<()> {
        self.size += bytes.len();
        if self.size > REPLY_LIMIT {
            let (length, limit) = (self.size as u64, REPLY_LIMIT as u64);
            return Err(Error::TooLong { what: Limit::Reply, length, limit });
        }
        Ok(())
    }

    /// Tells whether no part of a reply has come yet.
    pub(super) fn is_idle(&self) -> bool {
        self.size == 0
    }

    fn end_line(&mut self) -> Result<Option<Reply>> {
        let mut line = std::mem::take(&mut self.line);
        let reply = self.take_line(line.strip_suffix(b"\r").unwrap_or(&line));
        // Its memory serves the next one.
        line.clear();
        self.line = line;
        reply
    }

    fn take_line(&mut self, line: &[u8]) -> Result<Option<Reply>> {
        let Some(mut reply) = self.begun.take() else { return self.first_line(line) };
        let (rest, ends) = match split_code(line) {
            Some((code, b' ', rest)) if code == reply.code => (rest, true),
            // Many servers put the code in front of every line.
            Some((code, b'-', rest)) if code == reply.code => (rest, false),
            _ => (line, false),
        };
        reply.text.push(b'\n');
        reply.text.extend_from_slice(rest);
        if ends {
            return Ok(Some(reply));
        }
        self.begun = Some(reply);
        Ok(None)
    }

    fn first_line(&mut self, line: &[u8]) -> Result<Option<Reply>> {
        if line.is_empty() {
            return Ok(None);
        }
        // A code without anything behind it is taken as a reply without a text.
        let (code, separator, rest) = match line.len() {
            3 => split_code(&[line, b" "].concat()).map(|(code, separator, _)| (code, separator, Vec::new())),
            _ => split_code(line).map(|(code, separator, rest)| (code, separator, rest.to_vec())),
        }
        .ok_or(Error::Malformed { expected: "a reply that begins with a three-digit code" })?;
        let reply = Reply { code, text: rest };
        if separator == b' ' {
            return Ok(Some(reply));
        }
        self.begun = Some(reply);
        Ok(None)
    }
}

/// Cuts a line behind the code and the space or hyphen that follows it.
fn split_code(line: &[u8]) -> Option<(u16, u8, &[u8])> {
    let (head, rest) = line.split_first_chunk::<4>()?;
    let [first @ b'1'..=b'6', second @ b'0'..=b'9', third @ b'0'..=b'9', separator @ (b' ' | b'-')] = *head else {
        return None;
    };
    let code = [first, second, third].iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    Some((code, separator, rest))
}

/// Takes the commands of the Telnet protocol out of the text (RFC 854); whatever they ask for is not answered.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Telnet {
    #[default]
    Text,
    /// Behind an IAC.
    Command,
    /// Behind a command that has an option.
    Option,
    /// Between SB and SE.
    Negotiation,
    /// Behind an IAC between them.
    NegotiationCommand,
}

impl Telnet {
    /// Gives a byte of the text, if it is one.
    fn next(&mut self, byte: u8) -> Option<u8> {
        let (state, text) = match (*self, byte) {
            (Self::Text, IAC) => (Self::Command, None),
            (Self::Text, _) => (Self::Text, Some(byte)),
            (Self::Command, IAC) => (Self::Text, Some(IAC)),
            (Self::Command, WILL..=DONT) => (Self::Option, None),
            (Self::Command, SB) => (Self::Negotiation, None),
            (Self::Command | Self::Option, _) => (Self::Text, None),
            (Self::Negotiation, IAC) => (Self::NegotiationCommand, None),
            (Self::NegotiationCommand, SE) => (Self::Text, None),
            (Self::Negotiation | Self::NegotiationCommand, _) => (Self::Negotiation, None),
        };
        *self = state;
        text
    }
}

/// "Interpret as command": what begins a Telnet command, and is doubled where it is meant as a byte.
pub(super) const IAC: u8 = 255;
const SE: u8 = 240;
const SB: u8 = 250;
const WILL: u8 = 251;
const DONT: u8 = 254;

/// The longest reply, with its line ends: the help and the features of servers have a few kilobytes, and a banner is
/// seldom longer.
pub(super) const REPLY_LIMIT: usize = 64 * 1024;

#[cfg(test)]
mod tests;
