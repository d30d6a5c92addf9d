//! A pickle is plain data or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sockeye::fuzzing::plain_pickle(bytes));
