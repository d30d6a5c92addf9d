//! What Python 3.11 writes, protocol by protocol, and 2.7.

use super::*;

/// A value and what `pickle.dumps` makes of it in protocols 4 and 2.
fn golden() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (Value::None, "80044e2e", "80024e2e"),
        (Value::Int(1), "80044b012e", "80024b012e"),
        (text("a"), "80049505000000000000008c0161942e", "800258010000006171002e"),
        (Value::Bytes(b"ab".to_vec()), "800495060000000000000043026162942e", "80025502616271002e"),
        (list([Value::Int(1), Value::Int(2)]), "80049509000000000000005d94284b014b02652e", "80025d7100284b014b02652e"),
        (
            Value::Dict(vec![(text("a"), Value::Int(1))]),
            "8004950a000000000000007d948c0161944b01732e",
            "80027d710058010000006171014b01732e",
        ),
        (
            Value::Tuple(vec![Value::Int(1), text("x")]),
            "80049509000000000000004b018c01789486942e",
            "80024b0158010000007871008671012e",
        ),
        (Value::Float(2.5), "8004950a000000000000004740040000000000002e", "80024740040000000000002e"),
        (Value::Bool(true), "8004882e", "8002882e"),
        (Value::Bool(false), "8004892e", "8002892e"),
        (
            Value::from(100_000_000_000_000_000_000_i128),
            "8004950c000000000000008a09000010632d5ec76b052e",
            "80028a09000010632d5ec76b052e",
        ),
        (
            Value::from(-100_000_000_000_000_000_000_i128),
            "8004950c000000000000008a090000f09cd2a13894fa2e",
            "80028a090000f09cd2a13894fa2e",
        ),
        (Value::Int(-1), "80049506000000000000004affffffff2e", "80024affffffff2e"),
        (Value::Int(255), "80044bff2e", "80024bff2e"),
        (Value::Int(256), "80049504000000000000004d00012e", "80024d00012e"),
        (Value::Int(65536), "80049506000000000000004a000001002e", "80024a000001002e"),
        (Value::Int(-(1 << 31)), "80049506000000000000004a000000802e", "80024a000000802e"),
        (Value::Int(1 << 31), "80049508000000000000008a0500000080002e", "80028a0500000080002e"),
        (Value::Int(i64::MIN), "8004950b000000000000008a0800000000000000802e", "80028a0800000000000000802e"),
        (Value::from(1_i128 << 63), "8004950c000000000000008a090000000000000080002e", "80028a090000000000000080002e"),
        (list([]), "80045d942e", "80025d71002e"),
        (Value::Tuple(vec![]), "8004292e", "8002292e"),
        (Value::Dict(vec![]), "80047d942e", "80027d71002e"),
        (list([Value::Int(1)]), "80049506000000000000005d944b01612e", "80025d71004b01612e"),
        (
            Value::Tuple((1..5).map(Value::Int).collect()),
            "8004950c00000000000000284b014b024b034b0474942e",
            "8002284b014b024b034b047471002e",
        ),
        (
            Value::Dict(vec![(text("a"), Value::Int(1)), (text("b"), Value::Int(2))]),
            "80049511000000000000007d94288c0161944b018c0162944b02752e",
            "80027d71002858010000006171014b0158010000006271024b02752e",
        ),
        (text("\u{e9}"), "80049506000000000000008c02c3a9942e", "80025802000000c3a971002e"),
    ]
}

#[test]
fn values_are_written_as_python_writes_them() {
    for (value, four, two) in golden() {
        assert_eq!(encode(&value, Protocol::Four).unwrap(), bytes(four), "{value:?}");
        assert_eq!(encode(&value, Protocol::Two).unwrap(), bytes(two), "{value:?}");
    }
}

/// The end of `pickle.dumps({number: None for number in range(length)}, protocol)`, and how long it is.
#[test]
fn long_dicts_are_written_as_python_writes_them() {
    for (length, four, two, end) in [
        (999, 3756, 3748, "4de6034e752e"),
        (1000, 3762, 3754, "4de7034e7528752e"),
        (1001, 3766, 3758, "4de7034e75284de8034e752e"),
        (2000, 7764, 7756, "4dcf074e7528752e"),
    ] {
        let value = Value::Dict((0..length).map(|number| (Value::Int(number), Value::None)).collect());
        for (protocol, expected) in [(Protocol::Four, four), (Protocol::Two, two)] {
            let pickle = encode(&value, protocol).unwrap();
            assert!(pickle.ends_with(&bytes(end)), "{length}: {:x?}", &pickle[pickle.len() - 20..]);
            assert_eq!(pickle.len(), expected, "{length}");
            assert_eq!(decode(&pickle).unwrap(), value);
        }
    }
}

#[test]
fn what_python_writes_is_read() {
    for (value, four, two) in golden() {
        assert_eq!(decode(&bytes(four)).unwrap(), value);
        assert_whole_only(&bytes(four));
        // From 3.14 on it is protocol 5, which is the same for these.
        assert_eq!(decode(&bytes(&four.replacen("8004", "8005", 1))).unwrap(), value);
        if value.as_bytes().is_none() {
            assert_eq!(decode(&bytes(two)).unwrap(), value);
        }
        assert_whole_only(&bytes(two));
    }
}

#[test]
fn a_number_of_more_than_255_bytes_has_a_longer_length() {
    let number = BigInt::new(false, &[&[1][..], &[0; 256]].concat());
    let pickle = encode(&number.clone().into(), Protocol::Four).unwrap();
    assert_eq!(pickle[..16], bytes("80049507010000000000008b01010000"));
    assert_eq!(decode(&pickle).unwrap(), Value::BigInt(number));
}

/// `{'k': [1, 2.5, None, True, 'h\xe9\n\\', (1,), (), -5, 10**20, 1 << 40]}` in each protocol.
#[test]
fn every_protocol_is_read() {
    let expected = Value::Dict(vec![(
        text("k"),
        list([
            Value::Int(1),
            Value::Float(2.5),
            Value::None,
            Value::Bool(true),
            text("h\u{e9}\n\\"),
            Value::Tuple(vec![Value::Int(1)]),
            Value::Tuple(vec![]),
            Value::Int(-5),
            Value::from(100_000_000_000_000_000_000_i128),
            Value::Int(1 << 40),
        ]),
    )]);
    let pickles: [&[u8]; 5] = [
        b"(dp0\nVk\np1\n(lp2\nI1\naF2.5\naNaI01\naVh\xe9\\u000a\\u005c\np3\na(I1\ntp4\na(taI-5\naL100000000000000000000L\naL1099511627776L\nas.",
        b"}q\x00X\x01\x00\x00\x00kq\x01]q\x02(K\x01G@\x04\x00\x00\x00\x00\x00\x00NI01\nX\x05\x00\x00\x00h\xc3\xa9\n\\q\x03(K\x01tq\x04)J\xfb\xff\xff\xffL100000000000000000000L\nL1099511627776L\nes.",
        b"\x80\x02}q\x00X\x01\x00\x00\x00kq\x01]q\x02(K\x01G@\x04\x00\x00\x00\x00\x00\x00N\x88X\x05\x00\x00\x00h\xc3\xa9\n\\q\x03K\x01\x85q\x04)J\xfb\xff\xff\xff\x8a\t\x00\x00\x10c-^\xc7k\x05\x8a\x06\x00\x00\x00\x00\x00\x01es.",
        b"\x80\x03}q\x00X\x01\x00\x00\x00kq\x01]q\x02(K\x01G@\x04\x00\x00\x00\x00\x00\x00N\x88X\x05\x00\x00\x00h\xc3\xa9\n\\q\x03K\x01\x85q\x04)J\xfb\xff\xff\xff\x8a\t\x00\x00\x10c-^\xc7k\x05\x8a\x06\x00\x00\x00\x00\x00\x01es.",
        b"\x80\x05\x95>\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01k\x94]\x94(K\x01G@\x04\x00\x00\x00\x00\x00\x00N\x88\x8c\x05h\xc3\xa9\n\\\x94K\x01\x85\x94)J\xfb\xff\xff\xff\x8a\t\x00\x00\x10c-^\xc7k\x05\x8a\x06\x00\x00\x00\x00\x00\x01es.",
    ];
    for pickle in pickles {
        assert_eq!(decode(pickle).unwrap(), expected);
        assert_whole_only(pickle);
    }
}

#[test]
fn what_pythons_sent_over_a_connection_is_read() {
    let numbers = |key: Value, text: &str| {
        Value::Dict(vec![(
            key,
            list([Value::Int(1), Value::Float(2.5), Value::None, Value::Bool(true), Value::from(text)]),
        )])
    };
    // Python 3.11, and 2.7, whose 'k' is a byte string.
    for sent in [
        "8004951f000000000000007d948c016b945d94284b014740040000000000004e888c0368c3a99465732e",
        "80027d710155016b5d7102284b014740040000000000004e88580300000068c3a9710365732e",
    ] {
        assert_eq!(decode(&bytes(sent)).unwrap(), numbers(text("k"), "h\u{e9}"));
        assert_whole_only(&bytes(sent));
    }
}

#[test]
fn a_value_that_is_named_twice_is_there_twice() {
    // x = [1, 'a']; pickle.dumps([x, x, 'a'], 4)
    let pickle = bytes("80049513000000000000005d94285d94284b018c0161946568016802652e");
    let inner = list([Value::Int(1), text("a")]);
    assert_eq!(decode(&pickle).unwrap(), list([inner.clone(), inner, text("a")]));
    // A list that is named while it is still empty has all its items in the end: [x, x] with x filled last.
    assert_eq!(decode(b"](]q\x00h\x00e.").unwrap(), list([list([]), list([])]),);
    assert_eq!(
        decode(b"(]q\x00h\x00K\x07at.").unwrap(),
        Value::Tuple(vec![list([Value::Int(7)]), list([Value::Int(7)])])
    );
}

#[test]
fn the_strings_of_python_2_are_read() {
    for (pickle, value) in [
        (&b"S'a\\'b\"\\n\\\\\\x00'\np0\n."[..], text("a'b\"\n\\\0")),
        (b"S\"it's\"\n.", text("it's")),
        (b"S'\\xff\\t'\n.", Value::Bytes(vec![0xff, b'\t'])),
        (b"U\x02hi.", text("hi")),
        (b"T\x02\0\0\0\xfe\xff.", Value::Bytes(vec![0xfe, 0xff])),
        (b"V\\u20ac\\U0001f600\xe9\n.", text("\u{20ac}\u{1f600}\u{e9}")),
        (b"I00\n.", Value::Bool(false)),
        (b"I-9223372036854775808\n.", Value::Int(i64::MIN)),
        (b"I9223372036854775808\n.", Value::from(1_i128 << 63)),
        (b"L-0L\n.", Value::Int(0)),
        (b"F-inf\n.", Value::Float(f64::NEG_INFINITY)),
        (b"F1e-07\n.", Value::Float(1e-7)),
        (b"(I1\nV2\nd.", Value::Dict(vec![(Value::Int(1), text("2"))])),
        (b"(K\x010K\x02t.", Value::Tuple(vec![Value::Int(2)])),
        (b"K\x01(K\x02K\x031.", Value::Int(1)),
        (b"K\x01(0.", Value::Int(1)),
        (b"K\x012\x86.", Value::Tuple(vec![Value::Int(1), Value::Int(1)])),
    ] {
        assert_eq!(decode(pickle).unwrap(), value, "{pickle:?}");
    }
}
