//! A peer's bytes have the same outcome however they are cut, in every framing.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    sockeye::fuzzing::messages(bytes, usize::from(piece));
});
