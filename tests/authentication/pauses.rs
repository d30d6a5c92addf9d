//! Who shows a wrong key waits for the answer, and nobody else does.

use std::{
    net::TcpStream,
    time::{Duration, Instant},
};

use sockeye::{AuthError, ClientOptions, Error, Listener, ListenerOptions, Status};

use crate::{assert_connected, client, frame, key, listener, raw, why, write_frame};

/// Shows a wrong digest.
fn guess(listener: &Listener) -> TcpStream {
    let mut peer = raw(listener);
    write_frame(&mut peer, b"{sha256}0123456789abcdef0123456789abcdef");
    peer
}

#[test]
fn a_wrong_key_is_answered_after_a_pause() {
    let mut listener = listener(ListenerOptions::default());
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let begin = Instant::now();
        let mut peer = guess(&listener);
        assert_eq!(why(listener.accept()), AuthError::WrongDigest);
        let pause = begin.elapsed();
        assert!((50..2000).contains(&pause.as_millis()), "{pause:?}");
        assert!(frame(&mut peer).starts_with(b"#CHALLENGE#"));
        assert_eq!(frame(&mut peer), b"#FAILURE#");
        pauses.push(pause);
    }
    // 8 of 256 pauses that are no pair less than 2 ms apart come once in many thousands of millions.
    let (shortest, longest) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
    assert!(*longest - *shortest > Duration::from_millis(2), "always the same: {pauses:?}");
}

#[test]
fn the_others_do_not_wait_for_it() {
    let mut listener = listener(ListenerOptions::default());
    // What else the machine does may hold the client up for longer than the pause: then once more.
    for attempt in 0.. {
        let guesses: Vec<_> = (0..20).map(|_| guess(&listener)).collect();
        let quick = client(&listener, Some(key()), ClientOptions::default());
        let (mut refused, mut accepted) = (0, None);
        let mut refused_before = guesses.len();
        while refused < guesses.len() || accepted.is_none() {
            match listener.accept() {
                Status::Done(connection) => {
                    accepted = Some(connection);
                    refused_before = refused;
                }
                Status::Error(Error::Authentication(AuthError::WrongDigest)) => refused += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_connected(&mut accepted.unwrap(), &mut quick.join().unwrap().into_result().unwrap());
        if refused_before == 0 {
            return;
        }
        assert!(attempt < 10, "{refused_before} were answered first");
    }
}

#[test]
fn who_does_not_wait_for_the_answer_is_told_of_all_the_same() {
    let mut listener = listener(ListenerOptions::default());
    drop(guess(&listener));
    assert_eq!(why(listener.accept()), AuthError::WrongDigest);
    assert_eq!(listener.pending_handshakes(), 0);
}

#[test]
fn the_pause_is_within_the_limit() {
    let mut listener = listener({
        let mut options = ListenerOptions::default();
        options.handshake_limit = Duration::from_millis(40);
        options
    });
    let _peer = guess(&listener);
    assert_eq!(why(listener.accept()), AuthError::WrongDigest);
}
