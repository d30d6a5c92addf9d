//! Any datagram is read as a STUN answer without a panic, and a part of an answer is never one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sockeye::fuzzing::stun_answer;

const ID: [u8; 12] = *b"transaction.";

fuzz_target!(|input: (Option<u16>, Vec<u8>)| {
    let (kind, body) = input;
    // With a kind, the bytes stand behind a header that fits them.
    let datagram = match kind {
        Some(kind) => {
            [&kind.to_be_bytes()[..], &(body.len() as u16).to_be_bytes(), b"\x21\x12\xa4\x42", &ID, &body].concat()
        }
        None => body,
    };
    if let Some(Ok(_)) = stun_answer(ID, &datagram) {
        for length in 0..datagram.len() {
            assert!(!matches!(stun_answer(ID, &datagram[..length]), Some(Ok(_))));
        }
    }
});
