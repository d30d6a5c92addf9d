//! Any stream of bytes, cut anywhere, gives the packets that a simple reading of it gives, and the right end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sockeye::{ErrorKind, LocalSocket, Packet, Status};

const LIMIT: usize = 300;

fuzz_target!(|pieces: Vec<Vec<u8>>| {
    let (mut sender, mut receiver) = LocalSocket::pair().unwrap();
    receiver.set_packet_limit(LIMIT);
    receiver.set_blocking(false).unwrap();
    let stream = pieces.concat();
    if stream.len() > 64 * 1024 {
        return;
    }
    let mut received = Vec::new();
    let mut packet = Packet::new();
    let mut end = None;
    for piece in &pieces {
        sender.send(piece).into_result().unwrap();
        while end.is_none() {
            match receiver.receive_packet(&mut packet) {
                Status::Done(()) => received.push(packet.data().to_vec()),
                Status::NotReady => break,
                Status::Disconnected => panic!("the sender is still there"),
                Status::Error(error) => end = Some(error.kind()),
            }
        }
        if end.is_some() {
            break;
        }
    }
    drop(sender);
    if end.is_none() {
        end = receiver.receive_packet(&mut packet).error().map(|error| error.kind());
    }

    let mut expected = Vec::new();
    let mut rest = stream.as_slice();
    let expected_end = loop {
        let Some((prefix, body)) = rest.split_first_chunk::<4>() else {
            break (!rest.is_empty()).then_some(ErrorKind::Truncated);
        };
        let length = u32::from_be_bytes(*prefix) as usize;
        if length > LIMIT {
            break Some(ErrorKind::TooLong);
        }
        let Some((frame, after)) = body.split_at_checked(length) else { break Some(ErrorKind::Truncated) };
        expected.push(frame.to_vec());
        rest = after;
    };
    assert_eq!(received, expected);
    assert_eq!(end, expected_end);
});
