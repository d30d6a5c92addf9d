//! What a server says of cookies leaves nothing behind that could break out of a field.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sockeye::fuzzing::cookie(bytes));
