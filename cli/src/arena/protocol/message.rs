//! Messages over TCP: joining, chat, who is there, how the server does.

use sockeye::Packet;

use super::super::text::{Line, Name};
use super::{MAGIC, Malformed, PlayerId, Token, VERSION, finished, read_player};

/// From client to server over TCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClientMessage {
    /// The first message: asks to play under a name.
    Hello { name: Name },
    /// A first message in another version of the protocol; the rest of it is not looked at.
    OtherVersion { version: u16 },
    /// Says a line to everybody.
    Chat { line: Line },
}

/// From server to client over TCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServerMessage {
    /// The answer to `Hello`: who you are, the secret that marks your datagrams, and where to send them.
    Welcome { player: PlayerId, token: Token, udp_port: u16 },
    /// The other answer to `Hello`; the connection ends after it.
    Refused { refusal: Refusal },
    /// Somebody is in the arena.
    Joined { player: PlayerId, name: Name },
    /// Somebody has left.
    Left { player: PlayerId },
    /// Somebody says something.
    Chat { player: PlayerId, line: Line },
    /// A round is over; no winner when nobody had more than everybody else.
    RoundOver { winner: Option<PlayerId>, gems: u16 },
    /// How the server does, once a second.
    Load(Load),
}

/// Why a server does not let somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The server speaks another version, this one.
    Version(u16),
    /// There are as many players as the arena holds.
    Full,
    /// A reason that this version does not know.
    Other(u8),
}

/// The server's tick times over the last second, in microseconds, and all the ticks it ever missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Load {
    pub(crate) mean: u32,
    pub(crate) p99: u32,
    pub(crate) missed: u32,
}

/// The kinds of message, each direction's in one list; the numbers are part of the protocol.
mod kind {
    pub(super) const HELLO: u8 = 1;
    pub(super) const SAY: u8 = 2;

    pub(super) const WELCOME: u8 = 1;
    pub(super) const REFUSED: u8 = 2;
    pub(super) const JOINED: u8 = 3;
    pub(super) const LEFT: u8 = 4;
    pub(super) const CHAT: u8 = 5;
    pub(super) const ROUND_OVER: u8 = 6;
    pub(super) const LOAD: u8 = 7;
}

/// Stands for no player where there may be none.
const NOBODY: u8 = u8::MAX;

impl ClientMessage {
    /// Writes the message into an empty packet.
    pub(crate) fn encode(&self) -> Packet {
        let mut packet = Packet::new();
        match self {
            Self::Hello { name } => {
                packet.write_u8(kind::HELLO).write_u32(MAGIC).write_u16(VERSION).write_str(name.as_str());
            }
            Self::OtherVersion { version } => {
                packet.write_u8(kind::HELLO).write_u32(MAGIC).write_u16(*version);
            }
            Self::Chat { line } => {
                packet.write_u8(kind::SAY).write_str(line.as_str());
            }
        }
        packet
    }

    /// Reads a message, as the server does.
    pub(crate) fn decode(packet: &mut Packet) -> Result<Self, Malformed> {
        let message = match packet.read_u8()? {
            kind::HELLO => {
                if packet.read_u32()? != MAGIC {
                    return Err(Malformed::Magic);
                }
                match packet.read_u16()? {
                    VERSION => Self::Hello { name: Name::clean(&packet.read_string()?) },
                    version => return Ok(Self::OtherVersion { version }),
                }
            }
            kind::SAY => Self::Chat { line: read_line(packet)? },
            other => return Err(Malformed::Kind(other)),
        };
        finished(packet, message)
    }
}

impl ServerMessage {
    /// Writes the message into an empty packet.
    pub(crate) fn encode(&self) -> Packet {
        let mut packet = Packet::new();
        match self {
            Self::Welcome { player, token, udp_port } => {
                packet.write_u8(kind::WELCOME).write_u8(player.number()).write_u64(token.0).write_u16(*udp_port);
            }
            Self::Refused { refusal } => {
                let (code, version) = refusal.code();
                packet.write_u8(kind::REFUSED).write_u8(code).write_u16(version);
            }
            Self::Joined { player, name } => {
                packet.write_u8(kind::JOINED).write_u8(player.number()).write_str(name.as_str());
            }
            Self::Left { player } => {
                packet.write_u8(kind::LEFT).write_u8(player.number());
            }
            Self::Chat { player, line } => {
                packet.write_u8(kind::CHAT).write_u8(player.number()).write_str(line.as_str());
            }
            Self::RoundOver { winner, gems } => {
                packet.write_u8(kind::ROUND_OVER).write_u8(winner.map_or(NOBODY, PlayerId::number)).write_u16(*gems);
            }
            Self::Load(load) => {
                packet.write_u8(kind::LOAD).write_u32(load.mean).write_u32(load.p99).write_u32(load.missed);
            }
        }
        packet
    }

    /// Reads a message, as a client does: a server is a stranger too.
    pub(crate) fn decode(packet: &mut Packet) -> Result<Self, Malformed> {
        let message = match packet.read_u8()? {
            kind::WELCOME => Self::Welcome {
                player: read_player(packet)?,
                token: Token(packet.read_u64()?),
                udp_port: packet.read_u16()?,
            },
            kind::REFUSED => Self::Refused { refusal: Refusal::from_code(packet.read_u8()?, packet.read_u16()?) },
            kind::JOINED => Self::Joined { player: read_player(packet)?, name: Name::clean(&packet.read_string()?) },
            kind::LEFT => Self::Left { player: read_player(packet)? },
            kind::CHAT => Self::Chat { player: read_player(packet)?, line: read_line(packet)? },
            kind::ROUND_OVER => Self::RoundOver {
                winner: match packet.read_u8()? {
                    NOBODY => None,
                    number => Some(PlayerId::from_number(number).ok_or(Malformed::Range)?),
                },
                gems: packet.read_u16()?,
            },
            kind::LOAD => {
                Self::Load(Load { mean: packet.read_u32()?, p99: packet.read_u32()?, missed: packet.read_u32()? })
            }
            other => return Err(Malformed::Kind(other)),
        };
        finished(packet, message)
    }
}

impl Refusal {
    fn code(self) -> (u8, u16) {
        match self {
            Self::Version(version) => (1, version),
            Self::Full => (2, 0),
            Self::Other(code) => (code, 0),
        }
    }

    fn from_code(code: u8, version: u16) -> Self {
        match code {
            1 => Self::Version(version),
            2 => Self::Full,
            other => Self::Other(other),
        }
    }
}

fn read_line(packet: &mut Packet) -> Result<Line, Malformed> {
    Line::clean(&packet.read_string()?).ok_or(Malformed::Range)
}
