use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

/// What SFML wrote for the values of [`golden_packet`].
const GOLDEN: [u8; 35] = [
    0x01, 0xff, 0xff, 0xfe, 0x01, 0x02, 0x03, 0x04, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0x00, 0x00, 0x80,
    0x3f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf0, 0x3f, 0x00, 0x00, 0x00, 0x03, 0x68, 0xc3, 0xa9,
];

fn golden_packet() -> Packet {
    let mut packet = Packet::new();
    packet
        .write_bool(true)
        .write_i8(-1)
        .write_i16(-2)
        .write_u32(0x0102_0304)
        .write_i64(-2)
        .write_f32(1.0)
        .write_f64(1.0);
    packet.write_str("h\u{e9}");
    packet
}

#[test]
fn values_are_written_as_sfml_writes_them() {
    assert_eq!(golden_packet().data(), GOLDEN);
    let mut packet = Packet::new();
    packet.write_u16(12345).write_f32(123.456).write_f64(789.123).write_utf32("a\u{1f41f}");
    let expected = [
        0x30, 0x39, 0x79, 0xe9, 0xf6, 0x42, 0x44, 0x8b, 0x6c, 0xe7, 0xfb, 0xa8, 0x88, 0x40, 0, 0, 0, 2, 0, 0, 0, 0x61,
        0, 1, 0xf4, 0x1f,
    ];
    assert_eq!(packet.data(), expected);
}

#[test]
fn golden_bytes_are_read_back() {
    let mut packet = Packet::from(GOLDEN.to_vec());
    assert!(packet.read_bool().unwrap());
    assert_eq!(packet.read_i8().unwrap(), -1);
    assert_eq!(packet.read_i16().unwrap(), -2);
    assert_eq!(packet.read_u32().unwrap(), 0x0102_0304);
    assert_eq!(packet.read_i64().unwrap(), -2);
    assert_eq!(packet.read_f32().unwrap().to_bits(), 1.0_f32.to_bits());
    assert_eq!(packet.read_f64().unwrap().to_bits(), 1.0_f64.to_bits());
    assert_eq!(packet.read_string().unwrap(), "h\u{e9}");
    assert!(packet.end_of_packet());
}

/// Reads every type once from wherever the packet stands.
fn failing_reads(packet: &mut Packet) -> [Option<ErrorKind>; 14] {
    fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
        result.err().map(|error| error.kind())
    }
    [
        kind(packet.read_bool()),
        kind(packet.read_i8()),
        kind(packet.read_u8()),
        kind(packet.read_i16()),
        kind(packet.read_u16()),
        kind(packet.read_i32()),
        kind(packet.read_u32()),
        kind(packet.read_i64()),
        kind(packet.read_u64()),
        kind(packet.read_f32()),
        kind(packet.read_f64()),
        kind(packet.read_string()),
        kind(packet.read_utf32()),
        kind(packet.read_bytes(1)),
    ]
}

#[test]
fn an_empty_packet_fails_every_read_and_stays_where_it_is() {
    let mut packet = Packet::new();
    assert_eq!(failing_reads(&mut packet), [Some(ErrorKind::Truncated); 14]);
    assert_eq!(packet.read_position(), 0);
    assert_eq!(packet.read_bytes(0).unwrap(), b"");
    packet.write_u8(5);
    assert_eq!(packet.read_u8().unwrap(), 5, "an earlier failure must not matter");
}

#[test]
fn every_prefix_of_a_text_consumes_nothing() {
    let mut whole = Packet::new();
    whole.write_str("sockeye");
    for end in 0..whole.len() {
        let mut packet = Packet::from(whole.data()[..end].to_vec());
        assert_eq!(packet.read_string().unwrap_err().kind(), ErrorKind::Truncated, "prefix of {end}");
        assert_eq!(packet.read_position(), 0);
    }
    let mut wide = Packet::new();
    wide.write_utf32("fish");
    for end in 0..wide.len() {
        let mut packet = Packet::from(wide.data()[..end].to_vec());
        assert_eq!(packet.read_utf32().unwrap_err().kind(), ErrorKind::Truncated, "prefix of {end}");
        assert_eq!(packet.read_position(), 0);
    }
}

#[test]
fn an_announced_length_costs_no_memory() {
    let mut packet = Packet::from(vec![0xff; 8]);
    let error = packet.read_string().unwrap_err();
    assert_eq!(error.to_string(), "expected 4294967299 more bytes in the packet, found 8");
    let error = packet.read_utf32().unwrap_err();
    assert_eq!(error.to_string(), "expected 17179869184 more bytes in the packet, found 8");
    assert_eq!(packet.read_u64().unwrap(), u64::MAX);
}

#[test]
fn bytes_that_are_no_text_are_refused_and_still_there() {
    let mut packet = Packet::new();
    packet.write_string_bytes(b"caf\xe9");
    assert_eq!(packet.read_string().unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(packet.read_string_bytes().unwrap(), b"caf\xe9");
    for units in [&[0xD800_u32][..], &[0xDC00], &[0xD83D, 0x41], &[0x11_0000], &[0xDC1F, 0xD83D]] {
        let mut packet = Packet::new();
        packet.write_u32(u32::try_from(units.len()).unwrap());
        for unit in units {
            packet.write_u32(*unit);
        }
        assert_eq!(packet.read_utf32().unwrap_err().kind(), ErrorKind::Malformed, "{units:x?}");
        assert_eq!(packet.read_position(), 0);
    }
}

#[test]
fn a_surrogate_pair_is_one_character() {
    let mut packet = Packet::new();
    packet.write_u32(2).write_u32(0xD83D).write_u32(0xDC1F);
    assert_eq!(packet.read_utf32().unwrap(), "\u{1f41f}");
}

#[test]
fn a_value_of_many_parts_fails_as_a_whole() {
    #[derive(Debug)]
    struct Pair;
    impl PacketValue for Pair {
        fn write_to(&self, packet: &mut Packet) {
            packet.write_u8(1).write_u32(2);
        }
        fn read_from(packet: &mut Packet) -> Result<Self> {
            packet.read_u8()?;
            packet.read_u32()?;
            Ok(Self)
        }
    }
    let mut packet = Packet::from(vec![1, 0, 0]);
    assert_eq!(packet.read::<Pair>().unwrap_err().kind(), ErrorKind::Truncated);
    assert_eq!(packet.read_position(), 0);
    packet.append(&[0, 2]);
    packet.read::<Pair>().unwrap();
    assert!(packet.end_of_packet());
}

#[test]
fn any_byte_but_zero_is_true() {
    let mut packet = Packet::from(vec![0, 1, 2, 255]);
    let values: Vec<bool> = (0..4).map(|_| packet.read_bool().unwrap()).collect();
    assert_eq!(values, [false, true, true, true]);
}

#[test]
fn clear_and_rewind() {
    let mut packet = golden_packet();
    packet.read_bytes(10).unwrap();
    packet.rewind();
    assert_eq!(packet.remaining(), GOLDEN.len());
    packet.read_bytes(10).unwrap();
    packet.clear();
    assert_eq!((packet.len(), packet.read_position(), packet.is_empty()), (0, 0, true));
}

proptest! {
    #[test]
    fn whatever_is_written_is_read_back(
        numbers: (i8, u8, i16, u16, i32, u32, i64, u64),
        floats: (u32, u64),
        truth: bool,
        text: String,
        wide: String,
        raw: Vec<u8>,
    ) {
        let mut packet = Packet::new();
        packet.write(&numbers.0).write(&numbers.1).write(&numbers.2).write(&numbers.3);
        packet.write(&numbers.4).write(&numbers.5).write(&numbers.6).write(&numbers.7);
        packet.write(&f32::from_bits(floats.0)).write(&f64::from_bits(floats.1)).write(&truth);
        packet.write(&text).write_utf32(&wide).append(&raw);
        let mut read = Packet::from(packet.data().to_vec());
        prop_assert_eq!(read.read::<i8>().unwrap(), numbers.0);
        prop_assert_eq!(read.read::<u8>().unwrap(), numbers.1);
        prop_assert_eq!(read.read::<i16>().unwrap(), numbers.2);
        prop_assert_eq!(read.read::<u16>().unwrap(), numbers.3);
        prop_assert_eq!(read.read::<i32>().unwrap(), numbers.4);
        prop_assert_eq!(read.read::<u32>().unwrap(), numbers.5);
        prop_assert_eq!(read.read::<i64>().unwrap(), numbers.6);
        prop_assert_eq!(read.read::<u64>().unwrap(), numbers.7);
        prop_assert_eq!(read.read::<f32>().unwrap().to_bits(), floats.0);
        prop_assert_eq!(read.read::<f64>().unwrap().to_bits(), floats.1);
        prop_assert_eq!(read.read::<bool>().unwrap(), truth);
        prop_assert_eq!(read.read::<String>().unwrap(), text);
        prop_assert_eq!(read.read_utf32().unwrap(), wide);
        prop_assert_eq!(read.read_bytes(raw.len()).unwrap(), &raw[..]);
        prop_assert!(read.end_of_packet());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, start in 0_usize..8) {
        let mut packet = Packet::from(bytes);
        let _ = packet.read_bytes(start);
        let before = packet.read_position();
        if packet.read_string().is_err() {
            prop_assert_eq!(packet.read_position(), before);
        }
        let before = packet.read_position();
        if packet.read_utf32().is_err() {
            prop_assert_eq!(packet.read_position(), before);
        }
    }
}
