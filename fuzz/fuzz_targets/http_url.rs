//! An address that is accepted can stand in a request and reads back as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| sockeye::fuzzing::url(text));
