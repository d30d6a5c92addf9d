use std::fmt::Debug;

use super::*;
use crate::arena::body::Intent;
use crate::arena::text::{Line, Name};
use crate::arena::world::{MAX_GEMS, MAX_PLAYERS};

fn packet(bytes: &[u8]) -> Packet {
    let mut packet = Packet::new();
    packet.append(bytes);
    packet
}

fn player(number: u8) -> PlayerId {
    PlayerId::from_number(number).unwrap()
}

/// The bytes give the message, every shorter prefix is refused, and so is one byte more.
fn reads_exactly<T: Debug + PartialEq>(
    bytes: &[u8],
    message: &T,
    decode: impl Fn(&mut Packet) -> Result<T, Malformed>,
) {
    assert_eq!(decode(&mut packet(bytes)).as_ref(), Ok(message));
    for end in 0..bytes.len() {
        assert_eq!(decode(&mut packet(&bytes[..end])), Err(Malformed::Field), "prefix of {end} bytes");
    }
    assert_eq!(decode(&mut packet(&[bytes, &[0]].concat())), Err(Malformed::Trailing));
}

#[test]
fn client_messages_are_these_bytes() {
    let hello = ClientMessage::Hello { name: Name::clean("Ada") };
    let chat = ClientMessage::Chat { line: Line::clean("hi!").unwrap() };
    let golden: [(&ClientMessage, &[u8]); 2] =
        [(&hello, b"\x01SKAR\x00\x01\x00\x00\x00\x03Ada"), (&chat, b"\x02\x00\x00\x00\x03hi!")];
    for (message, bytes) in golden {
        assert_eq!(message.encode().data(), bytes);
        reads_exactly(bytes, message, ClientMessage::decode);
    }
}

#[test]
fn server_messages_are_these_bytes() {
    let token = Token(0x0102_0304_0506_0708);
    let golden: [(ServerMessage, &[u8]); 9] = [
        (
            ServerMessage::Welcome { player: player(31), token, udp_port: 53_000 },
            b"\x01\x1f\x01\x02\x03\x04\x05\x06\x07\x08\xcf\x08",
        ),
        (ServerMessage::Refused { refusal: Refusal::Version(258) }, b"\x02\x01\x01\x02"),
        (ServerMessage::Refused { refusal: Refusal::Full }, b"\x02\x02\x00\x00"),
        (ServerMessage::Joined { player: player(3), name: Name::clean("Ada") }, b"\x03\x03\x00\x00\x00\x03Ada"),
        (ServerMessage::Left { player: player(0) }, b"\x04\x00"),
        (ServerMessage::Chat { player: player(1), line: Line::clean("hi!").unwrap() }, b"\x05\x01\x00\x00\x00\x03hi!"),
        (ServerMessage::RoundOver { winner: Some(player(2)), gems: 258 }, b"\x06\x02\x01\x02"),
        (ServerMessage::RoundOver { winner: None, gems: 0 }, b"\x06\xff\x00\x00"),
        (
            ServerMessage::Load(Load { mean: 1, p99: 2, missed: 3 }),
            b"\x07\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03",
        ),
    ];
    for (message, bytes) in &golden {
        assert_eq!(message.encode().data(), *bytes);
        reads_exactly(bytes, message, ServerMessage::decode);
    }
}

#[test]
fn client_datagrams_are_these_bytes() {
    let token = Token(0x0102_0304_0506_0708);
    let intent = Intent { across: -1, down: 1, dash: true };
    let golden: [(ClientDatagram, &[u8]); 2] = [
        (ClientDatagram::Input { sequence: 258, intent }, b"\x01\x02\x03\x04\x05\x06\x07\x08\x01\x00\x00\x01\x02\x19"),
        (ClientDatagram::Ping { stamp: 9 }, b"\x01\x02\x03\x04\x05\x06\x07\x08\x02\x00\x00\x00\x00\x00\x00\x00\x09"),
    ];
    for (datagram, bytes) in golden {
        assert_eq!(datagram.encode(token).data(), bytes);
        reads_exactly(bytes, &(token, datagram), ClientDatagram::decode);
    }
}

#[test]
fn server_datagrams_are_these_bytes() {
    let token = Token(1);
    let sprite = Sprite { player: player(5), x: 258, y: 772, dashing: true, stunned: false, gems: 1_286, wins: 7 };
    let stunned = Sprite { player: player(6), dashing: false, stunned: true, ..sprite };
    let players = vec![sprite, stunned];
    let snapshot = Snapshot { tick: 1, round_left: 3_600, players, gems: vec![(1_800, 2_314)] };
    let golden: [(ServerDatagram, &[u8]); 2] = [
        (
            ServerDatagram::Snapshot(snapshot),
            b"\x00\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x01\x0e\x10\
              \x02\x05\x01\x02\x03\x04\x01\x05\x06\x07\x06\x01\x02\x03\x04\x02\x05\x06\x07\
              \x01\x07\x08\x09\x0a",
        ),
        (ServerDatagram::Pong { stamp: 9 }, b"\x00\x00\x00\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x00\x00\x00\x09"),
    ];
    for (datagram, bytes) in golden {
        let mut written = Packet::new();
        ServerDatagram::address(&mut written, token, &datagram.encode_body());
        assert_eq!(written.data(), bytes);
        reads_exactly(bytes, &(token, datagram), ServerDatagram::decode);
    }
}

#[test]
fn another_version_is_told_apart_whatever_follows_it() {
    let message = ClientMessage::decode(&mut packet(b"\x01SKAR\x00\x02\xffanything"));
    assert_eq!(message, Ok(ClientMessage::OtherVersion { version: 2 }));
    let encoded = ClientMessage::OtherVersion { version: 2 }.encode();
    assert_eq!(encoded.data(), b"\x01SKAR\x00\x02");
}

#[test]
fn an_unknown_refusal_keeps_its_number() {
    let refused = ServerMessage::decode(&mut packet(b"\x02\x63\x00\x00"));
    assert_eq!(refused, Ok(ServerMessage::Refused { refusal: Refusal::Other(0x63) }));
}

#[test]
fn what_is_no_message_is_refused_for_its_reason() {
    let client: [(&[u8], Malformed); 5] = [
        (b"\x00", Malformed::Kind(0)),
        (b"\x03", Malformed::Kind(3)),
        (b"\x01SKAT\x00\x01\x00\x00\x00\x03Ada", Malformed::Magic),
        (b"\x02\x00\x00\x00\x01\x1b", Malformed::Range),
        (b"\x02\x00\x00\x00\x02\xc3\x28", Malformed::Field),
    ];
    for (bytes, reason) in client {
        assert_eq!(ClientMessage::decode(&mut packet(bytes)), Err(reason), "{bytes:?}");
    }
    let server: [(&[u8], Malformed); 5] = [
        (b"\x08", Malformed::Kind(8)),
        (b"\x04\x20", Malformed::Range),
        (b"\x06\x20\x00\x00", Malformed::Range),
        (b"\x05\x00\x00\x00\x00\x01 ", Malformed::Range),
        (b"\x03\x01\xff\xff\xff\xffAda", Malformed::Field),
    ];
    for (bytes, reason) in server {
        assert_eq!(ServerMessage::decode(&mut packet(bytes)), Err(reason), "{bytes:?}");
    }
}

#[test]
fn an_intent_has_no_other_bits_and_opposite_directions_cancel() {
    let decode = |bits: u8| ClientDatagram::decode(&mut packet(&[&[0; 8], &[1, 0, 0, 0, 0, bits][..]].concat()));
    assert_eq!(decode(0x20), Err(Malformed::Range));
    let still = ClientDatagram::Input { sequence: 0, intent: Intent::default() };
    assert_eq!(decode(0x0f), Ok((Token(0), still)));
}

#[test]
fn lists_are_read_up_to_their_caps() {
    let snapshot = |players: usize, gems: usize| {
        let mut packet = packet(&[0; 8]);
        packet.write_u8(1).write_u32(1).write_u16(1).write_u8(u8::try_from(players).unwrap());
        packet.append(&vec![0; players * 9]);
        packet.write_u8(u8::try_from(gems).unwrap()).append(&vec![0; gems * 4]);
        match ServerDatagram::decode(&mut packet)? {
            (_, ServerDatagram::Snapshot(snapshot)) => Ok((snapshot.players.len(), snapshot.gems.len())),
            (_, ServerDatagram::Pong { .. }) => Err(Malformed::Kind(2)),
        }
    };
    assert_eq!(snapshot(MAX_PLAYERS, MAX_GEMS), Ok((MAX_PLAYERS, MAX_GEMS)));
    assert_eq!(snapshot(MAX_PLAYERS + 1, 0), Err(Malformed::Range));
    assert_eq!(snapshot(0, MAX_GEMS + 1), Err(Malformed::Range));
}

#[test]
fn the_longest_chat_line_fits_a_message() {
    let line = Line::clean(&"\u{1F41F}".repeat(Line::MAX_CHARS + 1)).unwrap();
    let packet = ServerMessage::Chat { player: player(0), line }.encode();
    assert!(packet.len() <= MAX_MESSAGE, "{} bytes", packet.len());
}

#[test]
fn names_are_cleaned_on_both_ends() {
    let dirty = b"\x00\x00\x00\x06\x1b[2JA\x07";
    let hello = [b"\x01SKAR\x00\x01".as_slice(), dirty].concat();
    let joined = [b"\x03\x00".as_slice(), dirty].concat();
    let name = Name::clean("[2JA");
    assert_eq!(ClientMessage::decode(&mut packet(&hello)), Ok(ClientMessage::Hello { name: name.clone() }));
    assert_eq!(ServerMessage::decode(&mut packet(&joined)), Ok(ServerMessage::Joined { player: player(0), name }));
}

#[test]
fn sequence_numbers_are_compared_across_their_wrap() {
    assert!(is_after(1, 0) && is_after(0, u32::MAX) && is_after(5, u32::MAX - 5));
    assert!(!is_after(0, 0) && !is_after(0, 1) && !is_after(u32::MAX, 0));
}

#[test]
fn a_token_is_not_printed() {
    assert_eq!(format!("{:?}", Token(42)), "Token(secret)");
}
