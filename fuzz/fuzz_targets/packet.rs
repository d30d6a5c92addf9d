//! Any bytes are read as any values without a panic, and a failed read consumes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sockeye::Packet;

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, reads) = input;
    let mut packet = Packet::from(bytes);
    for read in reads {
        let before = packet.read_position();
        let failed = match read % 8 {
            0 => packet.read_u8().is_err(),
            1 => packet.read_u16().is_err(),
            2 => packet.read_f32().is_err(),
            3 => packet.read_i64().is_err(),
            4 => packet.read_string().is_err(),
            5 => packet.read_string_bytes().is_err(),
            6 => packet.read_utf32().is_err(),
            _ => packet.read_bytes(usize::from(read)).is_err(),
        };
        assert!(!failed || packet.read_position() == before);
        assert!(packet.read_position() <= packet.len());
    }
});
