//! What is said between client and server, as values and as bytes. It does no input or output.
//!
//! Over TCP, one [`Packet`] a message; over UDP, one datagram a message, each beginning with the player's token. A
//! message is a byte that names its kind and then its fields, numbers in network order, strings with their length
//! before them. Decoding checks everything: the kind, every range, every cap, and that nothing follows the last field.

use std::fmt;

use sockeye::Packet;

use super::body::PlayerId;

mod datagram;
mod message;

pub(crate) use datagram::{ClientDatagram, ServerDatagram, Snapshot, Sprite};
pub(crate) use message::{ClientMessage, Load, Refusal, ServerMessage};

/// Version of this protocol; client and server must have the same.
pub(crate) const VERSION: u16 = 1;
/// First bytes of the first message, so that a stranger's bytes are known at once: `SKAR`.
pub(crate) const MAGIC: u32 = 0x534B_4152;
/// Longest message over TCP in bytes: a line of chat of 120 characters of four bytes, and its head.
pub(crate) const MAX_MESSAGE: usize = 512;
/// Longest datagram in bytes: under what every IPv6 network carries in one piece (1,280 less 48 of headers).
pub(crate) const MAX_DATAGRAM: usize = 1_200;

/// The secret of one player's datagrams. It is told over TCP, to its player only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Token(pub(crate) u64);

/// Bytes that are no message of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// The message ends inside a field, or a string is not UTF-8.
    Field,
    /// Bytes follow the last field.
    Trailing,
    /// No message has this kind here.
    Kind(u8),
    /// The first message does not begin as this protocol does.
    Magic,
    /// A field holds what it must not: a player's number, a count, an intent, an empty line.
    Range,
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(secret)")
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field => out.write_str("a field is cut short or is not UTF-8"),
            Self::Trailing => out.write_str("bytes follow the last field"),
            Self::Kind(kind) => write!(out, "no message is of kind {kind}"),
            Self::Magic => out.write_str("the first message is not the arena's"),
            Self::Range => out.write_str("a field is out of its range"),
        }
    }
}

impl std::error::Error for Malformed {}

/// A read beyond the end of a packet, or a string that is not UTF-8, is all that a packet's own reads can find.
impl From<sockeye::Error> for Malformed {
    fn from(_: sockeye::Error) -> Self {
        Self::Field
    }
}

/// Whether one number of a sequence that wraps around comes after another.
pub(crate) const fn is_after(one: u32, other: u32) -> bool {
    one != other && one.wrapping_sub(other) < 1 << 31
}

/// Gives the message that was read if it was all there is.
fn finished<T>(packet: &Packet, message: T) -> Result<T, Malformed> {
    if packet.end_of_packet() { Ok(message) } else { Err(Malformed::Trailing) }
}

fn read_player(packet: &mut Packet) -> Result<PlayerId, Malformed> {
    PlayerId::from_number(packet.read_u8()?).ok_or(Malformed::Range)
}

#[cfg(test)]
mod tests;
