//! Whole streams through the buffer: cut anywhere, whatever the framing, they give the same messages.

use proptest::prelude::*;

use super::*;
use crate::{
    error::{ErrorKind, Limit},
    message::{
        fed::feed,
        framing::{Framing, LineEnding, LineOptions, LineText},
    },
};

const CRLF: Framing = Framing::Lines(LineOptions { ending: LineEnding::CrLf, text: LineText::Bytes });

fn incoming(framing: Framing, limit: usize) -> Incoming {
    Incoming::new(Codec::new(framing, Some(limit)), Vec::new())
}

/// The stream that a sender makes of messages; for tinyproto with its greeting.
fn stream(framing: Framing, messages: &[Vec<u8>]) -> Vec<u8> {
    let mut codec = Codec::new(framing, Some(usize::MAX));
    let mut stream = codec.answers().map(mem::take).unwrap_or_default();
    for message in messages {
        let pieces = codec.encode(message).unwrap();
        stream.extend_from_slice(&[pieces.head(), message, pieces.tail].concat());
    }
    stream
}

const FRAMED: [Framing; 5] = [
    Framing::Lines(LineOptions { ending: LineEnding::Lf, text: LineText::Bytes }),
    CRLF,
    Framing::Packet,
    Framing::Tiny,
    Framing::Multiprocessing,
];

#[test]
fn messages_cut_anywhere_come_out_whole() {
    let messages: Vec<Vec<u8>> =
        [0, 1, 300, 2047, 5000, LARGE - 1, LARGE, 3 * LARGEST_READ + 1, 7].map(|length| vec![b'x'; length]).into();
    for framing in FRAMED {
        let stream = stream(framing, &messages);
        for piece in [1, 2, 3, 5, 1000, LARGEST_READ - 1, LARGEST_READ, usize::MAX] {
            let outcome = feed(&mut incoming(framing, usize::MAX), &stream, piece);
            assert!(outcome.messages == messages, "{framing:?} in {piece}");
            assert_eq!(outcome.error, None, "{framing:?} in {piece}");
            let answers = if framing == Framing::Tiny { messages.len() + 1 } else { 0 };
            assert_eq!(outcome.answers, vec![0xff; answers]);
        }
    }
}

/// Every prefix of a stream gives the messages that are whole in it, and an end that says how much was there.
#[test]
fn every_prefix_is_a_beginning() {
    let messages: Vec<Vec<u8>> = [&b"hello"[..], b"", b"one\rtwo", &[b'y'; 20]].map(<[u8]>::to_vec).into();
    for framing in FRAMED {
        let stream = stream(framing, &messages);
        let mut whole = Vec::new();
        for end in 0..=stream.len() {
            let mut incoming = incoming(framing, 100);
            let outcome = feed(&mut incoming, &stream[..end], 1);
            assert!(messages.starts_with(&outcome.messages), "{framing:?} {end}");
            assert!(outcome.messages.len() >= whole.len());
            let consumed = outcome.messages.len() > whole.len();
            whole = outcome.messages;
            let rest = incoming.unread();
            assert!(stream[..end].ends_with(&rest), "{framing:?} {end}: {rest:?}");
            assert_eq!(outcome.error, (!rest.is_empty()).then_some(ErrorKind::Truncated), "{framing:?} {end}");
            assert!(!consumed || rest.is_empty(), "{framing:?} {end}: bytes of a message that was taken");
        }
        assert_eq!(whole.len(), messages.len());
    }
}

/// Captured from Python 3.11 and tinyproto 3.0: what one end sends in a whole conversation.
#[test]
fn conversations_of_real_peers_are_read() {
    let python = b"\0\0\0\x1f#CHALLENGE#\xaf\xfbE\xe8\xc1s\xf1f\xe5\x92]D\x13j\xb3U\x11\xa7\xcd\xa3\0\0\0\x09#WELCOME#";
    let outcome = feed(&mut incoming(Framing::Multiprocessing, 256), python, 7);
    assert_eq!(outcome.messages.iter().map(Vec::len).collect::<Vec<_>>(), [31, 9]);
    assert_eq!((outcome.messages[1].as_slice(), outcome.error), (&b"#WELCOME#"[..], None));

    // Its greeting, a message, the answers to ours are with the peer, an empty message, the last one.
    let tiny = b"\xff\0\0\0\x05hello\0\0\0\0\0\0\0\x03BYE";
    let outcome = feed(&mut incoming(Framing::Tiny, 256), tiny, 3);
    assert_eq!(outcome.messages, [b"hello".to_vec(), Vec::new(), b"BYE".to_vec()]);
    assert_eq!((outcome.answers, outcome.error), (vec![0xff; 4], None));
}

#[test]
fn an_end_inside_a_message_tells_what_is_known_of_it() {
    for (framing, bytes, expected) in [
        (Framing::Multiprocessing, &b"\0\0"[..], (2, 2)),
        (Framing::Multiprocessing, b"\0\0\0\x05he", (6, 9)),
        (Framing::Packet, b"\0\x01\0\0abc", (7, 65_540)),
        (Framing::lines(), b"one\ntwo", (3, 3)),
    ] {
        let mut incoming = incoming(framing, 100_000);
        feed(&mut incoming, bytes, usize::MAX);
        match incoming.end() {
            Some(Error::CutShort { received, expected: whole }) => assert_eq!((received, whole), expected),
            other => panic!("{framing:?}: {other:?}"),
        }
    }
}

#[test]
fn memory_follows_what_has_arrived() {
    let announced = 1_000_000_000_u32;
    for framing in [Framing::Packet, Framing::Multiprocessing] {
        let mut incoming = incoming(framing, usize::MAX);
        incoming.bytes.extend_from_slice(&announced.to_be_bytes());
        let mut arrived = 4;
        while arrived < 20_000_000 {
            let Look::More(missing) = incoming.look().unwrap() else { panic!("a whole message") };
            let (buffer, room) = incoming.room(missing);
            assert!(room <= arrived.max(LARGEST_READ), "{room} after {arrived}");
            let capacity = buffer.capacity();
            assert!(capacity <= 2 * arrived + 2 * LARGEST_READ, "{capacity} after {arrived}");
            buffer.resize(buffer.len() + room, 0);
            incoming.settle(room, room);
            arrived += room;
        }
    }
}

/// 16 MiB without a newline: the error comes with the first byte too many.
#[test]
fn an_endless_line_costs_its_limit() {
    let endless = vec![b'x'; 16 * 1024 * 1024];
    let mut incoming = Incoming::new(Codec::new(Framing::lines(), None), Vec::new());
    let mut rest = endless.as_slice();
    let begin = std::time::Instant::now();
    let error = loop {
        match incoming.look() {
            Ok(Look::More(missing)) => {
                let (buffer, room) = incoming.room(missing);
                let (now, later) = rest.split_at(room.min(rest.len()));
                buffer.extend_from_slice(now);
                incoming.settle(now.len(), room);
                rest = later;
            }
            Ok(Look::Message) => panic!("a line"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::TooLong { what: Limit::Line, limit: 65_536, .. }), "{error:?}");
    assert!(endless.len() - rest.len() <= 2 * LARGEST_READ, "{} bytes were read", endless.len() - rest.len());
    assert!(begin.elapsed() < std::time::Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn what_is_idle_keeps_little_memory() {
    for framing in FRAMED {
        let stream = stream(framing, &[vec![b'x'; 200_000], vec![b'y'; 300]]);
        let mut incoming = incoming(framing, usize::MAX);
        feed(&mut incoming, &stream, usize::MAX);
        assert!(incoming.is_empty());
        assert!(incoming.bytes.capacity() <= KEPT, "{framing:?}: {}", incoming.bytes.capacity());
    }
}

#[test]
fn a_message_goes_into_a_buffer_or_into_the_error() {
    for length in [5, 100_000] {
        let message = vec![b'x'; length];
        let stream = stream(Framing::Packet, &[message.clone(), message.clone(), b"next".to_vec()]);
        let mut incoming = incoming(Framing::Packet, usize::MAX);
        let mut buffer = vec![0; length];
        let mut rest = stream.as_slice();
        let mut results = Vec::new();
        while results.len() < 3 {
            match incoming.look().unwrap() {
                Look::Message => {
                    let most = if results.len() == 1 { length - 1 } else { length };
                    results.push(incoming.take_into(&mut buffer[..most]));
                }
                Look::More(missing) => {
                    let (to, room) = incoming.room(missing);
                    let (now, later) = rest.split_at(room.min(rest.len()));
                    to.extend_from_slice(now);
                    incoming.settle(now.len(), room);
                    rest = later;
                }
            }
        }
        assert_eq!(results[0].as_ref().ok(), Some(&length));
        match &results[1] {
            Err(Error::BufferTooShort { capacity, message: kept }) => {
                assert!(*capacity == length - 1 && **kept == *message);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(results[2].as_ref().ok(), Some(&4), "the stream goes on");
        assert_eq!(&buffer[..4], b"next");
    }
}

/// The bytes behind a line are whatever the two ends have agreed on, also those that have been looked at already.
#[test]
fn another_framing_begins_where_the_last_message_ended() {
    let mut incoming = incoming(Framing::lines(), 100);
    incoming.bytes.extend_from_slice(b"switch\n\0\0\0\x03abcrest\n");
    assert_eq!(incoming.look().unwrap(), Look::Message);
    assert_eq!(incoming.take(), b"switch");
    assert_eq!(incoming.look().unwrap(), Look::Message, "it looks like a line");
    incoming.change(Codec::new(Framing::Packet, None));
    assert_eq!(incoming.look().unwrap(), Look::Message);
    assert_eq!(incoming.take(), b"abc");
    assert_eq!(incoming.look().unwrap_err().kind(), ErrorKind::TooLong, "rest");
    assert_eq!(incoming.unread(), b"rest\n");
    assert!(incoming.is_empty());
}

#[test]
fn unread_bytes_are_what_the_peer_sent() {
    for framing in [Framing::Packet, Framing::Multiprocessing] {
        let stream = stream(framing, &[b"one".to_vec(), vec![9; 200_000]]);
        let mut incoming = incoming(framing, usize::MAX);
        assert_eq!(feed(&mut incoming, &stream[..150_000], 50_000).messages, [b"one"]);
        assert!(incoming.unread() == stream[7..150_000]);
    }
}

#[test]
fn raw_bytes_are_messages_as_they_come() {
    let mut incoming = incoming(Framing::Raw, usize::MAX);
    let outcome = feed(&mut incoming, &[7; 10_000], 3000);
    assert_eq!(outcome.messages.concat(), [7; 10_000]);
    assert!(outcome.messages.len() >= 4 && outcome.error.is_none());
}

proptest! {
    #[test]
    fn any_messages_in_any_pieces_come_out_as_they_went_in(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..20),
        which in 0..FRAMED.len(),
        piece in 1_usize..3000,
    ) {
        let framing = FRAMED[which];
        let is_text = matches!(framing, Framing::Lines(_));
        // What a line cannot carry: a newline, and where the ending has one, a carriage return at its end.
        let fit = |byte: u8| if is_text && (byte == b'\n' || byte == b'\r') { b'.' } else { byte };
        let messages: Vec<Vec<u8>> =
            messages.into_iter().map(|message| message.into_iter().map(fit).collect()).collect();
        let outcome = feed(&mut incoming(framing, 600), &stream(framing, &messages), piece);
        prop_assert_eq!(outcome.messages, messages);
        prop_assert_eq!(outcome.error, None);
    }

    /// Received into a buffer or not, in one receive or in many, also where the buffer is too short.
    #[test]
    fn any_way_of_receiving_gives_the_same_messages(
        lengths in prop::collection::vec(prop_oneof![0..300_usize, LARGE - 2..3 * LARGE], 1..6),
        which in 0..FRAMED.len(),
        piece in 1000_usize..40_000,
        room in prop_oneof![Just(0), Just(LARGE), Just(3 * LARGE)],
        mut ways in any::<u64>(),
    ) {
        let framing = FRAMED[which];
        let messages: Vec<Vec<u8>> = lengths.iter().map(|length| vec![b'x'; *length]).collect();
        let stream = stream(framing, &messages);
        let mut incoming = incoming(framing, usize::MAX);
        let mut rest = stream.as_slice();
        let mut buffer = vec![0; room];
        let mut received = Vec::new();
        while received.len() < messages.len() {
            ways = ways.rotate_left(1);
            match incoming.look().unwrap() {
                Look::Message => received.push(match incoming.take_into(&mut buffer) {
                    Ok(length) => buffer[..length].to_vec(),
                    Err(Error::BufferTooShort { message, .. }) => message.into(),
                    Err(error) => panic!("{error:?}"),
                }),
                Look::More(missing) => {
                    let fit = |room: usize| rest.split_at(piece.min(room).min(rest.len()));
                    if let Some(lent) = incoming.lend(missing, &mut buffer) {
                        let (now, later) = fit(lent.len());
                        lent[..now.len()].copy_from_slice(now);
                        incoming.settle_lent(now.len());
                        rest = later;
                    } else {
                        let (own, room) = incoming.room(missing);
                        let (now, later) = fit(room);
                        own.extend_from_slice(now);
                        incoming.settle(now.len(), room);
                        rest = later;
                    }
                    // Here a receive ends without a message.
                    if ways & 1 == 1 {
                        incoming.take_back(&buffer);
                        buffer.fill(0);
                    }
                }
            }
        }
        prop_assert!(received == messages);
        prop_assert!(incoming.is_empty() && rest.is_empty());
    }

    /// What a hostile peer sends has the same outcome however it is cut.
    #[test]
    fn any_bytes_in_any_pieces_have_one_outcome(
        bytes in prop::collection::vec(prop_oneof![Just(0_u8), Just(0xff), Just(b'\n'), Just(1), any::<u8>()], 0..300),
        which in 0..FRAMED.len(),
        piece in 1_usize..50,
    ) {
        let framing = FRAMED[which];
        let whole = feed(&mut incoming(framing, 50), &bytes, usize::MAX);
        let pieces = feed(&mut incoming(framing, 50), &bytes, piece);
        prop_assert_eq!(whole, pieces);
    }
}

/// Without a limit a length is one that a buffer can have, and the sums that are made with it hold.
#[test]
fn no_length_is_too_large_to_be_reckoned_with() {
    for length in [u64::MAX, u64::MAX - 1, u64::MAX - 12, i64::MAX.unsigned_abs()] {
        let bytes = [&[0xff; 4][..], &length.to_be_bytes()].concat();
        let mut incoming = Incoming::new(Codec::new(Framing::Multiprocessing, Some(usize::MAX)), bytes);
        match incoming.look() {
            Err(Error::TooLong { length: found, .. }) => assert_eq!(found, length),
            other => panic!("{length}: {other:?}"),
        }
    }
    for (framing, head) in [(Framing::Packet, &b"\xff\xff\xff\xff"[..]), (Framing::Tiny, b"\xff\xf0\xff\xff\xff")] {
        let mut incoming = Incoming::new(Codec::new(framing, Some(usize::MAX)), head.to_vec());
        let end = incoming.look();
        let is_known = matches!(end, Ok(Look::More(0xf0ff_ffff..) ) if cfg!(target_pointer_width = "64"));
        assert!(is_known || matches!(end, Err(Error::TooLong { .. })), "{framing:?}: {end:?}");
    }
}
