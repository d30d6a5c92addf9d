//! Replies are the same at once and byte by byte.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sockeye::fuzzing::ftp_reply(bytes));
