//! Listings have entries with names, and lines the same ends in any pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sockeye::fuzzing::ftp_list(bytes));
