//! An answer to PASV or EPSV has a port or is none.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sockeye::fuzzing::ftp_pasv(bytes));
