//! Golden bytes, ends and limits of each framing. Whole streams, cut anywhere, are tested with the buffer.

use super::*;
use crate::{
    error::ErrorKind,
    message::framing::{LineEnding, LineOptions, LineText},
};

fn codec(framing: Framing, limit: usize) -> Codec {
    Codec::new(framing, Some(limit))
}

fn lines(ending: LineEnding, text: LineText) -> Framing {
    Framing::Lines(LineOptions { ending, text })
}

/// The bytes of a message on the wire, as long as they are not too many to be written down.
fn encoded(codec: &mut Codec, message: &[u8]) -> Vec<u8> {
    let pieces = codec.encode(message).unwrap();
    codec.sent();
    [pieces.head(), message, pieces.tail].concat()
}

/// A connection of tinyproto on which both ends have said hello.
fn greeted(limit: usize) -> Codec {
    let mut codec = codec(Framing::Tiny, limit);
    assert_eq!(std::mem::take(codec.answers().unwrap()), [0xff]);
    assert_eq!(codec.decode(&[0xff]).unwrap(), Step::Skip(1));
    codec
}

fn kind(result: Result<Step>) -> ErrorKind {
    result.unwrap_err().kind()
}

const fn frame(head: usize, body: usize, tail: usize) -> Step {
    Step::Frame(Frame { head, body, tail })
}

#[test]
fn messages_are_written_as_the_peers_write_them() {
    let mut multiprocessing = codec(Framing::Multiprocessing, 100);
    // Captured from Python 3.11.
    assert_eq!(encoded(&mut multiprocessing, b"hello"), b"\0\0\0\x05hello");
    assert_eq!(encoded(&mut multiprocessing, b"#WELCOME#"), b"\0\0\0\x09#WELCOME#");
    assert_eq!(encoded(&mut multiprocessing, b""), b"\0\0\0\0");
    assert_eq!(encoded(&mut codec(Framing::Packet, 100), b"hello"), b"\0\0\0\x05hello");
    // Captured from tinyproto 3.0.
    assert_eq!(encoded(&mut greeted(100), b"BYE"), b"\0\0\0\x03BYE");
    assert_eq!(encoded(&mut codec(Framing::lines(), 100), b"hello\r"), b"hello\r\n");
    assert_eq!(encoded(&mut codec(lines(LineEnding::CrLf, LineText::Bytes), 100), b"hello"), b"hello\r\n");
    assert_eq!(encoded(&mut codec(Framing::Raw, 100), b"hello"), b"hello");
}

/// The long form begins where the short one ends; 2^31 is what Python 3.11 wrote.
#[test]
fn the_long_form_is_written_only_where_it_is_needed() {
    for (length, head) in [
        (0x7fff_fffe, &b"\x7f\xff\xff\xfe"[..]),
        (0x7fff_ffff, b"\x7f\xff\xff\xff"),
        (0x8000_0000, b"\xff\xff\xff\xff\0\0\0\0\x80\0\0\0"),
        (0x0102_0304_0506_0708, b"\xff\xff\xff\xff\x01\x02\x03\x04\x05\x06\x07\x08"),
    ] {
        assert_eq!(prefix::encode_multiprocessing(length).head(), head);
    }
}

#[test]
fn multiprocessing_reads_both_forms_and_no_negative_length() {
    let mut codec = codec(Framing::Multiprocessing, 100);
    for (input, step) in [
        (&b""[..], Step::More(4)),
        (b"\0\0\0", Step::More(1)),
        (b"\0\0\0\x05he", frame(4, 5, 0)),
        (b"\0\0\0\0", frame(4, 0, 0)),
        (b"\xff\xff\xff\xff", Step::More(8)),
        (b"\xff\xff\xff\xff\0\0\0\0\0\0\0", Step::More(1)),
        // Python 3.8 and later accept a small one.
        (b"\xff\xff\xff\xff\0\0\0\0\0\0\0\x05hello", frame(12, 5, 0)),
        (b"\xff\xff\xff\xff\0\0\0\0\0\0\0\0", frame(12, 0, 0)),
    ] {
        assert_eq!(codec.decode(input).unwrap(), step, "{input:?}");
    }
    for negative in [-2, i32::MIN, -16_777_216] {
        assert_eq!(kind(codec.decode(&negative.to_be_bytes())), ErrorKind::Malformed, "{negative}");
    }
}

#[test]
fn the_cap_is_allowed_and_one_more_is_not() {
    let long = |length: u64| [&[0xff; 4][..], &length.to_be_bytes()].concat();
    for (framing, limit, allowed, refused, length) in [
        (Framing::Packet, 10, b"\0\0\0\x0a".to_vec(), b"\0\0\0\x0b".to_vec(), 11),
        (Framing::Packet, 10, b"\0\0\0\x0a".to_vec(), vec![0xff; 4], 0xffff_ffff),
        (Framing::Multiprocessing, 10, b"\0\0\0\x0a".to_vec(), b"\0\0\0\x0b".to_vec(), 11),
        (Framing::Multiprocessing, 10, b"\0\0\0\x0a".to_vec(), b"\x7f\xff\xff\xff".to_vec(), 0x7fff_ffff),
        (Framing::Multiprocessing, 10, long(10), long(11), 11),
        (Framing::Multiprocessing, 10, long(10), long(1 << 40), 1 << 40),
        (Framing::Multiprocessing, 10, long(10), long(1 << 63), 1 << 63),
        (Framing::Multiprocessing, 10, long(10), long(u64::MAX), u64::MAX),
    ] {
        assert!(
            matches!(codec(framing, limit).decode(&allowed), Ok(Step::Frame(Frame { body: 10, .. }))),
            "{allowed:?}"
        );
        match codec(framing, limit).decode(&refused) {
            Err(Error::TooLong { what: Limit::Message, length: found, limit: 10 }) => assert_eq!(found, length),
            other => panic!("{framing:?} {refused:?}: {other:?}"),
        }
    }
    for framing in [Framing::Raw, Framing::lines(), Framing::Packet, Framing::Tiny, Framing::Multiprocessing] {
        let codec = codec(framing, 10);
        codec.encode(&[7; 10]).unwrap();
        assert_eq!(codec.encode(&[7; 11]).unwrap_err().kind(), ErrorKind::TooLong, "{framing:?}");
    }
}

/// Bytes have no lengths that could be wrong: what is over the limit is the next message.
#[test]
fn bytes_are_cut_at_the_limit() {
    for (limit, body) in [(10, 3), (3, 3), (2, 2), (1, 1), (0, 1)] {
        assert_eq!(codec(Framing::Raw, limit).decode(b"abc").unwrap(), frame(0, body, 0), "{limit}");
    }
}

#[test]
fn defaults_are_16_mib_and_64_kib() {
    for (framing, limit) in [(Framing::lines(), 65_536), (Framing::Multiprocessing, 16_777_216)] {
        let codec = Codec::new(framing, None);
        assert_eq!(codec.limit(), limit);
        codec.encode(&vec![7; limit]).unwrap();
        assert_eq!(codec.encode(&vec![7; limit + 1]).unwrap_err().kind(), ErrorKind::TooLong);
    }
}

#[test]
fn a_line_may_be_as_long_as_the_limit_whatever_ends_it() {
    let mut plain = codec(lines(LineEnding::Lf, LineText::Bytes), 3);
    assert_eq!(plain.decode(b"abc").unwrap(), Step::More(1));
    assert_eq!(plain.decode(b"abc\n").unwrap(), frame(0, 3, 1));
    assert_eq!(plain.decode(b"ab\r\nabcd").unwrap(), frame(0, 3, 1), "the carriage return counts");
    assert_eq!(kind(plain.decode(b"abcd")), ErrorKind::TooLong);
    let mut plain = codec(lines(LineEnding::Lf, LineText::Bytes), 3);
    assert_eq!(kind(plain.decode(b"abc\r\n")), ErrorKind::TooLong);

    let mut crlf = codec(lines(LineEnding::CrLf, LineText::Bytes), 3);
    assert_eq!(crlf.decode(b"abc\r").unwrap(), Step::More(1));
    assert_eq!(crlf.decode(b"abc\r\n").unwrap(), frame(0, 3, 2));
    assert_eq!(crlf.decode(b"abc\n").unwrap(), frame(0, 3, 1));
    assert_eq!(crlf.decode(b"a\rb\n").unwrap(), frame(0, 3, 1), "a carriage return inside is a byte");
    assert_eq!(crlf.decode(b"\r\r\n").unwrap(), frame(0, 1, 2), "one is taken away");
    assert_eq!(kind(crlf.decode(b"abc\r\r")), ErrorKind::TooLong);
}

#[test]
fn lines_are_checked_for_what_they_consist_of() {
    let mut strict = codec(lines(LineEnding::Lf, LineText::Strict), 100);
    // U+2028 and NUL are characters like others.
    assert_eq!(strict.decode("a\0\u{2028}\n".as_bytes()).unwrap(), frame(0, 5, 1));
    assert_eq!(kind(strict.decode(b"\xff\n")), ErrorKind::Malformed);
    assert_eq!(strict.encode(b"\xff").unwrap_err().kind(), ErrorKind::InvalidInput);
    for text in [LineText::Bytes, LineText::Lossy, LineText::Strict] {
        let codec = codec(lines(LineEnding::Lf, text), 100);
        assert_eq!(codec.encode(b"a\nb").unwrap_err().kind(), ErrorKind::InvalidInput, "{text:?}");
        assert_eq!(codec.finish("h\u{e9}".into()), "h\u{e9}".as_bytes());
    }
    let lossy = codec(lines(LineEnding::Lf, LineText::Lossy), 100);
    assert_eq!(lossy.finish(b"a\xff\xfeb".to_vec()), "a\u{fffd}\u{fffd}b".as_bytes());
    let bytes = codec(lines(LineEnding::Lf, LineText::Bytes), 100);
    assert_eq!(bytes.finish(b"a\xff".to_vec()), b"a\xff");
}

/// The same line again and again with one more byte: whatever has been searched is not searched again.
#[test]
fn the_search_for_the_end_of_a_line_never_starts_over() {
    let mut codec = codec(Framing::lines(), usize::MAX);
    let mut line = vec![b'x'; 16 * 1024 * 1024];
    let begin = std::time::Instant::now();
    for length in (0..line.len()).step_by(4096) {
        assert_eq!(codec.decode(&line[..length]).unwrap(), Step::More(1));
        // Who looks at them again finds an end.
        line[length.saturating_sub(4096)..length].fill(b'\n');
    }
    // From the start each time it would be 32 GiB.
    assert!(begin.elapsed() < std::time::Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn tiny_greets_and_answers_each_length() {
    let mut codec = codec(Framing::Tiny, 100);
    assert_eq!(codec.decode(b"").unwrap(), Step::More(1));
    assert_eq!(codec.decode(b"\xff\0\0").unwrap(), Step::Skip(1));
    assert_eq!(codec.decode(b"\0\0\0").unwrap(), Step::More(1));
    assert_eq!(codec.answers().unwrap(), &[0xff], "the greeting alone");
    assert_eq!(codec.decode(b"\0\0\0\x05he").unwrap(), frame(4, 5, 0));
    assert_eq!(codec.answers().unwrap(), &[0xff, 0xff]);
    assert_eq!(kind(codec.decode(b"\0\0\0\x65")), ErrorKind::TooLong);
    assert_eq!(codec.answers().unwrap(), &[0xff, 0xff, 0x00]);
}

#[test]
fn tiny_counts_answers_that_come_later() {
    let mut codec = greeted(100);
    for _ in 0..3 {
        encoded(&mut codec, b"x");
    }
    assert_eq!(codec.unanswered(), 3);
    assert_eq!(codec.decode(b"\xff\xff").unwrap(), Step::Skip(2));
    // The third answer, and a message of the peer behind it.
    assert_eq!(codec.decode(b"\xff\0\0\0\x01y").unwrap(), Step::Skip(1));
    assert_eq!(codec.unanswered(), 0);
    assert_eq!(codec.decode(b"\0\0\0\x01y").unwrap(), frame(4, 1, 0));
}

/// While an answer is due: a 00 alone is a refusal once the stream ends, a 00 with something behind it is the length of
/// a message that the peer sent at the same time.
#[test]
fn tiny_tells_collisions_from_refusals() {
    let mut codec = greeted(100);
    encoded(&mut codec, b"x");
    assert_eq!(codec.decode(b"\0").unwrap(), Step::More(1));
    assert!(matches!(codec.end(b"\0"), Some(Error::PeerRefused { code: 0, .. })));
    assert_eq!(kind(codec.decode(b"\0\0")), ErrorKind::Collision);
    for length in [b"\0\0\0\x05", b"\x01\0\0\0", b"\xf0\xff\xff\xff"] {
        assert_eq!(kind(codec.decode(length)), ErrorKind::Collision);
    }
    let idle = greeted(100);
    assert!(idle.end(b"\0").is_none(), "a length that was cut, not a refusal");
}

#[test]
fn tiny_peers_may_refuse_everything() {
    // What 2.0.1 sends over its limit of connections is 254 zeros.
    for (first, code) in [(vec![0; 254], 0), (vec![0xfe], 0xfe), (vec![0xfd], 0xfd)] {
        match codec(Framing::Tiny, 100).decode(&first) {
            Err(Error::PeerRefused { code: found, .. }) => assert_eq!(found, code),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(kind(codec(Framing::Tiny, 100).decode(b"H")), ErrorKind::Malformed);
    for (first, expected) in [
        (0xfe, ErrorKind::PeerRefused),
        (0xfd, ErrorKind::PeerRefused),
        (0xff, ErrorKind::Malformed),
        (0xf1, ErrorKind::Malformed),
    ] {
        assert_eq!(kind(greeted(100).decode(&[first])), expected, "an answer that nobody waits for");
    }
    assert_eq!(kind(greeted(100).decode(b"\xf0\xff\xff\xff")), ErrorKind::TooLong);
}
