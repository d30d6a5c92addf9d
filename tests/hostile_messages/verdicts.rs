//! What a peer says once the key was shown to it.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sockeye::{AuthError, ClientOptions, Framing, Listener};

use super::{
    bounds::{KIB, leaves_nothing, within},
    handshakes::{Script, challenge, connect, listener, peer, why},
};
use crate::support::{
    child,
    frames::{frame, framed},
};

/// 8, 11: what comes after the client has shown the key, in the wrong place or with a byte too many.
#[test]
fn verdicts_to_a_client() {
    child::in_child("hostile_messages::verdicts::verdicts_to_a_client", || {
        let asked = challenge(b"{sha256}0123456789abcdef0123456789abcdef01234567");
        let welcome = framed(b"#WELCOME#");
        let wrong = framed(b"{sha256}0123456789abcdef0123456789abcdef");
        for (answers, expected) in [
            (vec![(1, framed(b"#WELCOME#x"))], AuthError::Unexpected),
            (vec![(1, framed(b"#WELCOME"))], AuthError::Unexpected),
            (vec![(1, framed(b"hello"))], AuthError::Unexpected),
            (vec![(1, framed(b""))], AuthError::Unexpected),
            (vec![(1, asked.clone())], AuthError::Unexpected),
            (vec![(1, framed(b"#FAILURE#"))], AuthError::Rejected),
            (vec![(1, b"\0\0\x01\x01".to_vec())], AuthError::TooLong),
            (vec![(1, welcome.clone()), (2, framed(b"#FAILURE#"))], AuthError::UnknownAlgorithm),
            (vec![(1, welcome.clone()), (2, framed(b"hello"))], AuthError::UnknownAlgorithm),
            (vec![(1, welcome.clone()), (2, asked.clone())], AuthError::UnknownAlgorithm),
            (vec![(1, welcome.clone()), (2, wrong.clone())], AuthError::WrongDigest),
            // All of it at once, before the client has asked.
            (vec![(1, [&welcome[..], &wrong].concat())], AuthError::WrongDigest),
        ] {
            let script: Script = [(0, asked.clone())].into_iter().chain(answers).collect();
            let options = ClientOptions::default();
            let (heard, status) = within(16 * KIB, &script, || connect(&script, &options));
            assert_eq!(why(status), expected, "{script:?}");
            // A client that was welcomed asks, and says of a wrong answer that it is one: `#FAILURE#`.
            let was_welcome = script[1].1.starts_with(&welcome);
            assert_eq!(heard, if was_welcome { &[40, 59, 9][..] } else { &[40] }, "{script:?}");
            leaves_nothing(&script, 5, || {
                let _ = connect(&script, &options);
            });
        }
    });
}

/// Shows the key to a listener as Python does, has it show the same, and ends with these words.
fn answer_and_say(port: u16, words: &[u8]) -> TcpStream {
    let mut peer = peer(port);
    let asked = frame(&mut peer);
    let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").unwrap();
    mac.update(asked.strip_prefix(b"#CHALLENGE#").unwrap());
    peer.write_all(&framed(&[b"{sha256}", &mac.finalize().into_bytes()[..]].concat())).unwrap();
    assert_eq!(frame(&mut peer), b"#WELCOME#");
    peer.write_all(&challenge(b"{sha256}0123456789abcdef0123456789abcdef01234567")).unwrap();
    assert_eq!(frame(&mut peer).len(), 40);
    peer.write_all(words).unwrap();
    peer
}

/// 11: what a listener makes of the last word of somebody who knows the key.
#[test]
fn verdicts_to_a_listener() {
    child::in_child("hostile_messages::verdicts::verdicts_to_a_listener", || {
        let (mut listener, port) = listener(|_| {});
        let welcome = framed(b"#WELCOME#");
        for (words, expected) in [
            (framed(b"#FAILURE#"), AuthError::Rejected),
            (framed(b"#FAILURE#x"), AuthError::Unexpected),
            (framed(b"#WELCOME#x"), AuthError::Unexpected),
            (framed(b"#WELCOME"), AuthError::Unexpected),
            (framed(b"hello"), AuthError::Unexpected),
            (framed(b""), AuthError::Unexpected),
            (challenge(b"{sha256}0123456789abcdef0123456789abcdef01234567"), AuthError::Unexpected),
            (b"\0\0\x01\x01".to_vec(), AuthError::TooLong),
        ] {
            let round = |listener: &mut Listener| {
                std::thread::scope(|scope| {
                    let peer = scope.spawn(|| answer_and_say(port, &words));
                    assert_eq!(why(listener.accept()), expected, "{words:?}");
                    assert_eq!(peer.join().unwrap().read(&mut [0; 9]).unwrap_or(0), 0, "nothing more is said");
                });
            };
            within(16 * KIB, &words, || round(&mut listener));
            leaves_nothing(&words, 5, || round(&mut listener));
        }
        // Who ends there is skipped, and of two welcomes the second one is the first message.
        let round = |listener: &mut Listener| {
            std::thread::scope(|scope| {
                let peer = scope.spawn(|| {
                    for cut in [0, 3, welcome.len() - 1] {
                        let mut peer = answer_and_say(port, &welcome[..cut]);
                        peer.shutdown(Shutdown::Write).unwrap();
                        assert_eq!(peer.read(&mut [0; 9]).unwrap_or(0), 0, "{cut}");
                    }
                    answer_and_say(port, &[&welcome[..], &welcome].concat())
                });
                let mut accepted = listener.accept().into_result().unwrap();
                assert_eq!(accepted.framing(), Framing::Multiprocessing);
                assert_eq!(accepted.receive().into_result().unwrap(), b"#WELCOME#");
                drop(peer.join().unwrap());
                assert!(accepted.receive().is_disconnected());
            });
        };
        within(32 * KIB, "twice", || round(&mut listener));
        leaves_nothing("twice", 5, || round(&mut listener));
        assert_eq!(listener.pending_handshakes(), 0);
    });
}
