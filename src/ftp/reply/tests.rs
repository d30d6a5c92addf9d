use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

/// Feeds bytes in pieces of this size.
fn decode(bytes: &[u8], piece: usize) -> Result<Vec<Reply>> {
    let mut decoder = ReplyDecoder::default();
    let mut replies = Vec::new();
    for mut part in bytes.chunks(piece) {
        while !part.is_empty() {
            let (taken, reply) = decoder.next(part)?;
            assert!(taken > 0 && taken <= part.len());
            assert!(reply.is_some() || taken == part.len(), "it stopped without a reply");
            replies.extend(reply);
            part = &part[taken..];
        }
    }
    Ok(replies)
}

fn reply(code: u16, text: &str) -> Reply {
    Reply { code, text: text.as_bytes().to_vec() }
}

/// What servers say, and what it means.
fn golden() -> Vec<(&'static str, Vec<Reply>)> {
    vec![
        ("220 (vsFTPd 3.0.3)\r\n", vec![reply(220, "(vsFTPd 3.0.3)")]),
        ("220 \r\n", vec![reply(220, "")]),
        ("220\r\n", vec![reply(220, "")]),
        ("\r\n220 late\r\n", vec![reply(220, "late")]),
        ("200 bare line feed\n", vec![reply(200, "bare line feed")]),
        (
            "150 Here it comes.\r\n226 Directory send OK.\r\n",
            vec![reply(150, "Here it comes."), reply(226, "Directory send OK.")],
        ),
        ("230-Welcome\r\n230-to us\r\n230 ok\r\n", vec![reply(230, "Welcome\nto us\nok")]),
        // RFC 959 section 4.2: only the same code with a space behind it ends it.
        (
            "123-First line\r\nSecond line\r\n  234 A line beginning with numbers\r\n123 The last line\r\n",
            vec![reply(123, "First line\nSecond line\n  234 A line beginning with numbers\nThe last line")],
        ),
        (
            "230-hello\r\n100 users online\r\n213 tricky\r\n230 ok\r\n",
            vec![reply(230, "hello\n100 users online\n213 tricky\nok")],
        ),
        ("220-\r\n 220 text\r\n220 end\r\n", vec![reply(220, "\n 220 text\nend")]),
        (
            "211-Features:\r\n EPSV\r\n MLST type*;size*;\r\n211 End\r\n",
            vec![reply(211, "Features:\n EPSV\n MLST type*;size*;\nEnd")],
        ),
        ("230-a\r\n230\r\n2300 b\r\n230 c\r\n", vec![reply(230, "a\n230\n2300 b\nc")]),
        ("632 protected\r\n", vec![reply(632, "protected")]),
    ]
}

#[test]
fn replies_are_the_same_however_they_are_cut() {
    for (bytes, expected) in golden() {
        for piece in (1..=bytes.len()).rev() {
            assert_eq!(decode(bytes.as_bytes(), piece).unwrap(), expected, "{bytes:?} in pieces of {piece}");
        }
    }
}

#[test]
fn a_part_of_a_reply_is_none() {
    for (bytes, replies) in golden() {
        for length in 0..bytes.len() {
            let found = decode(&bytes.as_bytes()[..length], usize::MAX).unwrap();
            assert!(found.len() < replies.len(), "{:?}", &bytes[..length]);
        }
    }
}

#[test]
fn what_is_no_reply_is_refused() {
    for bytes in
        ["hello\r\n", "22\r\n", "2x0 a\r\n", "0\r\n", "020 a\r\n", "720 a\r\n", "220+a\r\n", "2200\r\n", " 220 a\r\n"]
    {
        assert_eq!(decode(bytes.as_bytes(), 1).unwrap_err().kind(), ErrorKind::Malformed, "{bytes:?}");
    }
}

#[test]
fn telnet_commands_are_no_text() {
    let cases: [(&[u8], &str); 5] = [
        (b"\xff\xfb\x01220 a\r\n", "a"),
        (b"220 a\xff\xfd\x18b\r\n", "ab"),
        (b"220 a\xff\xf1b\r\n", "ab"),
        (b"220 a\xff\xfa\x18\x01\n\xff\xff\xff\xf0b\r\n", "ab"),
        (b"22\xff\xfe\xff0 a\r\n", "a"),
    ];
    for (bytes, text) in cases {
        for piece in 1..=bytes.len() {
            assert_eq!(decode(bytes, piece).unwrap(), [reply(220, text)], "{bytes:?}");
        }
    }
    assert_eq!(decode(b"220 a\xff\xffb\n", 1).unwrap(), [Reply { code: 220, text: b"a\xffb".to_vec() }]);
}

#[test]
fn the_cap_is_allowed_and_one_more_is_not() {
    let of_length = |length: usize| {
        let mut bytes = b"230-".to_vec();
        bytes.resize(length - 8, b'x');
        bytes.extend_from_slice(b"\n230 ok\n");
        bytes.truncate(length);
        bytes
    };
    let mut bytes = b"230 ".to_vec();
    bytes.resize(REPLY_LIMIT - 2, b'x');
    bytes.extend_from_slice(b"\r\n");
    assert_eq!(decode(&bytes, 4096).unwrap()[0].text.len(), REPLY_LIMIT - 6);
    bytes.insert(10, b'x');
    assert_eq!(decode(&bytes, 4096).unwrap_err().kind(), ErrorKind::TooLong);

    assert_eq!(decode(&of_length(REPLY_LIMIT), 1000).unwrap().len(), 1);
    assert_eq!(decode(&of_length(REPLY_LIMIT + 1), 1000).unwrap_err().kind(), ErrorKind::TooLong);
    // Neither many lines nor what is not text makes a way around it.
    assert_eq!(decode(&b"230-\r\n".repeat(REPLY_LIMIT / 6 + 1), 1000).unwrap_err().kind(), ErrorKind::TooLong);
    assert_eq!(decode(&b"\r\n".repeat(REPLY_LIMIT / 2 + 1), 1000).unwrap_err().kind(), ErrorKind::TooLong);
    assert_eq!(decode(&b"\xff\xf1".repeat(REPLY_LIMIT / 2 + 1), 1000).unwrap_err().kind(), ErrorKind::TooLong);
    // Each reply has its own.
    assert_eq!(decode(&b"200 ok\r\n".repeat(REPLY_LIMIT), 60_000).unwrap().len(), REPLY_LIMIT);
}

proptest! {
    #[test]
    fn any_bytes_give_the_same_in_any_pieces(bytes: Vec<u8>, piece in 1_usize..40) {
        let whole = decode(&bytes, usize::MAX).map_err(|error| error.kind());
        prop_assert_eq!(decode(&bytes, piece).map_err(|error| error.kind()), whole);
    }

    #[test]
    fn a_reply_survives_the_wire(
        code in 100_u16..700,
        lines in proptest::collection::vec("[^\r\n\0]{0,40}", 1..6),
        piece in 1_usize..40,
    ) {
        // A text may look like an end; a server writes the code before each line then.
        let last = lines.len() - 1;
        let wire: String = lines.iter().enumerate().map(|(at, line)| {
            format!("{code}{}{line}\r\n", if at == last { ' ' } else { '-' })
        }).collect();
        prop_assert_eq!(decode(wire.as_bytes(), piece).unwrap(), [reply(code, &lines.join("\n"))]);
    }
}
