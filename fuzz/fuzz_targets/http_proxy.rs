//! The answer of a proxy, HTTP or SOCKS 5, ends the same in pieces and byte by byte.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sockeye::fuzzing::proxy(bytes));
