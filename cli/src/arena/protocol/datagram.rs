//! Datagrams over UDP: what players want, what the arena looks like, and how long a datagram takes there and back.

use sockeye::Packet;

use super::super::body::{Body, Intent};
use super::super::world::{MAX_GEMS, MAX_PLAYERS, World};
use super::{Malformed, PlayerId, Token, finished, read_player};

/// From client to server over UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientDatagram {
    /// What the player wants now; an older sequence number than the last is ignored.
    Input { sequence: u32, intent: Intent },
    /// To be answered at once; the stamp means something to its sender only.
    Ping { stamp: u64 },
}

/// From server to client over UDP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServerDatagram {
    /// The whole arena after a tick.
    Snapshot(Snapshot),
    /// The answer to `Ping`.
    Pong { stamp: u64 },
}

/// Everything there is to see after one tick.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Snapshot {
    pub(crate) tick: u32,
    pub(crate) round_left: u16,
    pub(crate) players: Vec<Sprite>,
    /// Places of the gems.
    pub(crate) gems: Vec<(u16, u16)>,
}

/// One player in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sprite {
    pub(crate) player: PlayerId,
    pub(crate) x: u16,
    pub(crate) y: u16,
    pub(crate) dashing: bool,
    pub(crate) stunned: bool,
    pub(crate) gems: u16,
    pub(crate) wins: u8,
}

/// The kinds of datagram, each direction's in one list; the numbers are part of the protocol.
mod kind {
    pub(super) const INPUT: u8 = 1;
    pub(super) const PING: u8 = 2;

    pub(super) const SNAPSHOT: u8 = 1;
    pub(super) const PONG: u8 = 2;
}

/// The bits of an intent.
mod bit {
    pub(super) const LEFT: u8 = 1;
    pub(super) const RIGHT: u8 = 2;
    pub(super) const UP: u8 = 4;
    pub(super) const DOWN: u8 = 8;
    pub(super) const DASH: u8 = 16;

    pub(super) const DASHING: u8 = 1;
    pub(super) const STUNNED: u8 = 2;
}

impl ClientDatagram {
    /// Writes the datagram into an empty packet.
    pub(crate) fn encode(&self, token: Token) -> Packet {
        let mut packet = Packet::new();
        packet.write_u64(token.0);
        match self {
            Self::Input { sequence, intent } => {
                packet.write_u8(kind::INPUT).write_u32(*sequence).write_u8(intent_bits(*intent));
            }
            Self::Ping { stamp } => {
                packet.write_u8(kind::PING).write_u64(*stamp);
            }
        }
        packet
    }

    /// Reads a datagram and the token it claims.
    pub(crate) fn decode(packet: &mut Packet) -> Result<(Token, Self), Malformed> {
        let token = Token(packet.read_u64()?);
        let datagram = match packet.read_u8()? {
            kind::INPUT => Self::Input { sequence: packet.read_u32()?, intent: intent_from_bits(packet.read_u8()?)? },
            kind::PING => Self::Ping { stamp: packet.read_u64()? },
            other => return Err(Malformed::Kind(other)),
        };
        finished(packet, (token, datagram))
    }
}

impl Snapshot {
    /// Shows the arena as it is.
    pub(crate) fn of(world: &World) -> Self {
        let sprite = |body: &Body| Sprite {
            player: body.id,
            x: coordinate(body.place.x),
            y: coordinate(body.place.y),
            dashing: body.is_dashing(),
            stunned: body.is_stunned(),
            gems: body.gems,
            wins: u8::try_from(body.wins).unwrap_or(u8::MAX),
        };
        Self {
            tick: world.tick(),
            round_left: u16::try_from(world.round_left()).unwrap_or(u16::MAX),
            players: world.bodies().iter().map(sprite).collect(),
            gems: world.gems().iter().map(|gem| (coordinate(gem.x), coordinate(gem.y))).collect(),
        }
    }
}

impl ServerDatagram {
    /// Writes the datagram without its token: a snapshot is written once and sent to everybody.
    pub(crate) fn encode_body(&self) -> Packet {
        let mut packet = Packet::new();
        match self {
            Self::Snapshot(snapshot) => {
                packet.write_u8(kind::SNAPSHOT).write_u32(snapshot.tick).write_u16(snapshot.round_left);
                write_list(&mut packet, &snapshot.players, write_sprite);
                write_list(&mut packet, &snapshot.gems, |packet, (x, y)| {
                    packet.write_u16(*x).write_u16(*y);
                });
            }
            Self::Pong { stamp } => {
                packet.write_u8(kind::PONG).write_u64(*stamp);
            }
        }
        packet
    }

    /// Puts a player's token before a body, into a packet that is used again and again.
    pub(crate) fn address(packet: &mut Packet, token: Token, body: &Packet) {
        packet.clear();
        packet.write_u64(token.0).append(body.data());
    }

    /// Reads a datagram and the token it claims.
    pub(crate) fn decode(packet: &mut Packet) -> Result<(Token, Self), Malformed> {
        let token = Token(packet.read_u64()?);
        let datagram = match packet.read_u8()? {
            kind::SNAPSHOT => Self::Snapshot(Snapshot {
                tick: packet.read_u32()?,
                round_left: packet.read_u16()?,
                players: read_list(packet, MAX_PLAYERS, read_sprite)?,
                gems: read_list(packet, MAX_GEMS, |packet| Ok((packet.read_u16()?, packet.read_u16()?)))?,
            }),
            kind::PONG => Self::Pong { stamp: packet.read_u64()? },
            other => return Err(Malformed::Kind(other)),
        };
        finished(packet, (token, datagram))
    }
}

/// A coordinate on the field as it goes over the wire; the field is less than 65,536 subunits wide.
fn coordinate(at: i32) -> u16 {
    u16::try_from(at).unwrap_or(0)
}

fn write_sprite(packet: &mut Packet, sprite: &Sprite) {
    let dashing = if sprite.dashing { bit::DASHING } else { 0 };
    let stunned = if sprite.stunned { bit::STUNNED } else { 0 };
    packet.write_u8(sprite.player.number()).write_u16(sprite.x).write_u16(sprite.y);
    packet.write_u8(dashing | stunned).write_u16(sprite.gems).write_u8(sprite.wins);
}

fn read_sprite(packet: &mut Packet) -> Result<Sprite, Malformed> {
    let player = read_player(packet)?;
    let (x, y) = (packet.read_u16()?, packet.read_u16()?);
    let state = packet.read_u8()?;
    if state & !(bit::DASHING | bit::STUNNED) != 0 {
        return Err(Malformed::Range);
    }
    Ok(Sprite {
        player,
        x,
        y,
        dashing: state & bit::DASHING != 0,
        stunned: state & bit::STUNNED != 0,
        gems: packet.read_u16()?,
        wins: packet.read_u8()?,
    })
}

/// Writes the length of a list in a byte and then its items; no list of this protocol is longer than 255.
fn write_list<T>(packet: &mut Packet, items: &[T], mut write: impl FnMut(&mut Packet, &T)) {
    let count = u8::try_from(items.len()).unwrap_or(u8::MAX);
    packet.write_u8(count);
    items.iter().take(usize::from(count)).for_each(|item| write(packet, item));
}

/// Reads a list of at most `most` items. Its memory grows as items are read, not by the length that was announced.
fn read_list<T>(
    packet: &mut Packet,
    most: usize,
    mut read: impl FnMut(&mut Packet) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let count = usize::from(packet.read_u8()?);
    if count > most {
        return Err(Malformed::Range);
    }
    (0..count).map(|_| read(packet)).collect()
}

fn intent_bits(intent: Intent) -> u8 {
    let across = match intent.across.signum() {
        -1 => bit::LEFT,
        1 => bit::RIGHT,
        _ => 0,
    };
    let down = match intent.down.signum() {
        -1 => bit::UP,
        1 => bit::DOWN,
        _ => 0,
    };
    across | down | if intent.dash { bit::DASH } else { 0 }
}

fn intent_from_bits(bits: u8) -> Result<Intent, Malformed> {
    if bits & !(bit::LEFT | bit::RIGHT | bit::UP | bit::DOWN | bit::DASH) != 0 {
        return Err(Malformed::Range);
    }
    let axis = |less, more| i8::from(bits & more != 0) - i8::from(bits & less != 0);
    Ok(Intent { across: axis(bit::LEFT, bit::RIGHT), down: axis(bit::UP, bit::DOWN), dash: bits & bit::DASH != 0 })
}
