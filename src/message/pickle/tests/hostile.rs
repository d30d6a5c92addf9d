//! Pickles that want code to run, or memory without end.

use std::time::{Duration, Instant};

use super::*;

#[test]
fn nothing_outside_of_a_pickle_is_ever_named() {
    let pickles: [&[u8]; 14] = [
        b"cos\nsystem\n(S'true'\ntR.",
        b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.",
        // bytearray(b'') and set() in protocol 4, bytes in protocol 2 as Python 3 writes them.
        b"\x80\x04\x95\x16\0\0\0\0\0\0\0\x8c\x08builtins\x94\x8c\tbytearray\x94\x93\x94)R\x94.",
        b"\x80\x04\x8f\x94.",
        b"\x80\x02c_codecs\nencode\nq\0X\x02\0\0\0abq\x01X\x06\0\0\0latin1q\x02\x86q\x03Rq\x04.",
        b"(cos\nsystem\nS'true'\no.",
        b"(S'true'\nios\nsystem\n.",
        b"\x82\x01.",
        b"Pid\n.",
        b"NQ.",
        b"N)\x81.",
        b"N}b.",
        b"\x80\x05\x96\0\0\0\0\0\0\0\0.",
        b"\x80\x05\x97.",
    ];
    for pickle in pickles {
        assert_eq!(kind(pickle), ErrorKind::Malformed, "{pickle:?}");
    }
    // Each byte as an instruction: only those that make plain values ask for more.
    let known = b"(.012NIJKMLFGSTUVX]laet)}dsupqrgjhBC\x80\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x94\x95";
    for opcode in 0..=255_u8 {
        let error = decode(&[b'N', b'N', opcode]).unwrap_err();
        let unknown = error.to_string().contains("no other instructions");
        assert_eq!(unknown, !known.contains(&opcode), "{opcode:02x}: {error}");
    }
}

#[test]
fn depth_has_a_limit_both_ways() {
    for protocol in [Protocol::Two, Protocol::Four] {
        let deepest = nested(DEPTH_LIMIT);
        assert_eq!(decode(&encode(&deepest, protocol).unwrap()).unwrap(), deepest);
        assert_eq!(encode(&nested(DEPTH_LIMIT + 1), protocol).unwrap_err().kind(), ErrorKind::TooLong);
    }
    for (open, close) in [("]", "a"), ("(", "t"), ("(", "l")] {
        let pickle = |depth: usize| match open {
            "]" => [open.repeat(depth), close.repeat(depth - 1), ".".into()].concat(),
            _ => [open.repeat(depth), close.repeat(depth), ".".into()].concat(),
        };
        decode(pickle(DEPTH_LIMIT).as_bytes()).unwrap();
        assert_eq!(kind(pickle(DEPTH_LIMIT + 1).as_bytes()), ErrorKind::TooLong);
        assert_eq!(kind(pickle(1_000_000).as_bytes()), ErrorKind::TooLong);
    }
    // `\x85` needs no mark: a tuple in a tuple, a million times.
    let tuples = [b")", &[0x85; 1_000_000][..], b"."].concat();
    assert_eq!(kind(&tuples), ErrorKind::TooLong);
}

#[test]
fn a_value_inside_itself_is_refused() {
    for pickle in [&b"]q\0h\0a."[..], b"}q\0K\x01h\0s.", b"]q\0(h\0K\x01ta."] {
        assert_eq!(kind(pickle), ErrorKind::TooLong, "{pickle:?}");
    }
}

#[test]
fn a_short_pickle_is_not_a_value_without_end() {
    let start = Instant::now();
    // Each list has the one before ten times: ten to the power of thirty.
    let mut laughs = b"]q\0".to_vec();
    for level in 1..31_u8 {
        laughs.extend(b"]q");
        laughs.push(level);
        laughs.push(b'(');
        for _ in 0..10 {
            laughs.extend([b'h', level - 1]);
        }
        laughs.extend(b"e");
    }
    laughs.push(b'\x85');
    laughs.truncate(laughs.len() - 1);
    // Everything but the last is popped from below it.
    laughs.extend(b"\x94(");
    let mut pickle = b"(".to_vec();
    pickle.extend(laughs.strip_suffix(b"\x94(").unwrap());
    pickle.extend(b"t.");
    assert_eq!(kind(&pickle), ErrorKind::TooLong);
    // A text of a mebibyte, a thousand times.
    let mut texts = b"(X\0\0\x10\0".to_vec();
    texts.extend(vec![b'x'; 1 << 20]);
    texts.extend(b"q\0");
    texts.extend(b"h\0".repeat(999));
    texts.extend(b"t.");
    assert_eq!(kind(&texts), ErrorKind::TooLong);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn the_limits_are_allowed_and_one_more_is_not() {
    let limits = Limits { values: 11, bytes: 10 };
    let numbers = |count| encode(&Value::List(vec![Value::None; count]), Protocol::Four).unwrap();
    decode_within(&numbers(10), &limits).unwrap();
    assert_eq!(decode_within(&numbers(11), &limits).unwrap_err().kind(), ErrorKind::TooLong);
    let texts =
        |length| encode(&Value::Tuple(vec![text("abcde"), Value::Bytes(vec![1; length])]), Protocol::Four).unwrap();
    decode_within(&texts(5), &limits).unwrap();
    assert_eq!(
        decode_within(&texts(6), &limits).unwrap_err().to_string(),
        "a decoded pickle of 11 bytes is longer than the limit of 10"
    );
    // A value that is thrown away again was one, and the memo has its own places.
    assert_eq!(
        decode_within(&[&b"N0".repeat(11)[..], b"N."].concat(), &limits).unwrap_err().kind(),
        ErrorKind::TooLong
    );
    let puts: Vec<u8> = (0..12).flat_map(|place| [b'q', place]).collect();
    assert_eq!(decode_within(&[b"N", &puts[..], b"."].concat(), &limits).unwrap_err().kind(), ErrorKind::TooLong);
    decode_within(&[b"N", &puts[..22], b"."].concat(), &limits).unwrap();
}

#[test]
fn an_announcement_costs_nothing() {
    let start = Instant::now();
    for pickle in [
        &b"X\xff\xff\xff\xffabc."[..],
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc.",
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.",
        b"B\xff\xff\xff\x7f.",
        b"T\xff\xff\xff\x7f.",
        b"T\xff\xff\xff\xff.",
        b"\x8b\xff\xff\xff\x7f.",
        b"\x8b\xff\xff\xff\xff.",
        b"\x95\xff\xff\xff\xff\xff\xff\xff\xffN.",
    ] {
        assert_eq!(kind(pickle), ErrorKind::Malformed, "{pickle:?}");
    }
    // The highest place of the memo is one place.
    assert_eq!(decode(b"Nr\xff\xff\xff\xff0j\xff\xff\xff\xff.").unwrap(), Value::None);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn numbers_in_text_are_not_squared_without_end() {
    let number = |digits: usize| [b"L", "9".repeat(digits).as_bytes(), b"L\n."].concat();
    let Value::BigInt(largest) = decode(&number(4300)).unwrap() else { panic!() };
    // 10**4300 - 1 has 14285 bits.
    assert_eq!(largest.magnitude().len(), 1786);
    assert_eq!(kind(&number(4301)), ErrorKind::Malformed);
    for wrong in [&b"I\n."[..], b"I1 \n.", b"I0x1\n.", b"L--1L\n.", b"I+1\n.", b"F\n.", b"Fx\n.", b"F1_0\n."] {
        assert_eq!(kind(wrong), ErrorKind::Malformed, "{wrong:?}");
    }
}

/// A message full of the longest numbers; their square is paid for each.
#[test]
fn many_long_numbers_in_text_take_no_time() {
    let number = [b"L", "9".repeat(4300).as_bytes(), b"L\n"].concat();
    let pickle = [b"(", &number.repeat(3898)[..], b"t."].concat();
    assert!(pickle.len() < 16 << 20);
    let start = Instant::now();
    let value = decode(&pickle).unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(value.items().map(<[Value]>::len), Some(3898));
}

#[test]
fn broken_programs_are_errors() {
    for pickle in [
        &b""[..],
        b".",
        b"NN.",
        b"(.",
        b"N(.",
        b"(N.",
        b"a.",
        b"Na.",
        b"NNa.",
        b"]e.",
        b"N(e.",
        b"}(Nu.",
        b"]NNs.",
        b"(Nd.",
        b"\x85.",
        b"N(\x85.",
        b"N(0N\x860.",
        b"0.",
        b"1.",
        b"2.",
        b"(2.",
        b"h\0.",
        b"g0\n.",
        b"gx\n.",
        b"Np-1\n.",
        b"q\0.",
        b"\x94.",
        b"\x80\x06N.",
        b"X\x01\0\0\0\xff.",
        // A lone surrogate.
        b"\x8c\x03\xed\xa0\x80.",
        b"V\\ud800\n.",
        b"V\\u12\n.",
        b"V\\x41\n.",
        b"V\\\n.",
        b"V\\U00110000\n.",
        b"S'\n.",
        b"S\n.",
        b"S'a\n.",
        b"S'a'b'\n.",
        b"S'\\'\n.",
        b"S'\\xg0'\n.",
        b"S'\\q'\n.",
        b"Sabc\n.",
    ] {
        assert_eq!(kind(pickle), ErrorKind::Malformed, "{pickle:?}");
    }
}
