//! Servers that mean no good, or mean well and do ill: each ends within the limit, with a reason.

use std::{
    io::Write,
    net::TcpListener,
    time::{Duration, Instant},
};

use sockeye::{ErrorKind, Ftp, FtpOptions, FtpStatus};

use crate::{
    files::go_on,
    script::{Peer, binary, impatient, play, play_to},
    support::LONG,
};

/// What a greeting of these bytes gives.
fn greeted_by(bytes: &'static [u8]) -> sockeye::FtpResponse {
    let script = play(move |peer| {
        peer.say(bytes);
        peer.ends();
    });
    let mut ftp = Ftp::with_options(impatient());
    let response = ftp.connect("127.0.0.1", script.port);
    assert!(!ftp.is_connected() || response.ok());
    drop(ftp);
    script.join();
    response
}

#[test]
fn greetings_that_are_none_are_refused() {
    for bytes in [&b"SSH-2.0-x\r\n"[..], b"HTTP/1.1 200 OK\r\n\r\n", b"22\r\n", b"\x16\x03\x01\x02\n", b"999 x\r\n"] {
        let response = greeted_by(bytes);
        assert_eq!(response.error().unwrap().kind(), ErrorKind::Malformed, "{bytes:?}");
        assert_eq!(response.status(), FtpStatus::INVALID_RESPONSE);
    }
    assert_eq!(greeted_by(b"220\r\n").message(), "", "a reply without a text is one");
    assert_eq!(greeted_by(b"220-a\r\n220 b\n").message(), "a\nb");
}

#[test]
fn every_part_of_a_greeting_ends_in_time() {
    let whole = b"220-Hello\r\n there\r\n220 ready\r\n";
    for length in 0..whole.len() {
        let script = play(move |peer| {
            peer.say(&whole[..length]);
            peer.ends();
        });
        let mut options = impatient();
        options.silence = Some(Duration::from_millis(30));
        let response = Ftp::with_options(options).connect("127.0.0.1", script.port);
        assert_eq!(response.error().unwrap().kind(), ErrorKind::TimedOut, "{length} bytes");
        script.join();

        let script = play(move |peer| peer.say(&whole[..length]));
        let response = Ftp::new().connect("127.0.0.1", script.port);
        let kind = response.error().unwrap().kind();
        assert_eq!(kind, ErrorKind::Disconnected, "{length} bytes and an end");
        assert_eq!(response.status(), FtpStatus::CONNECTION_CLOSED);
        script.join();
    }
}

#[test]
fn a_drip_does_not_prolong_the_limit() {
    let script = play(|peer| {
        peer.say("220-");
        let end = Instant::now() + LONG;
        while Instant::now() < end && peer.try_say("x") {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let begun = Instant::now();
    let response = Ftp::with_options(impatient()).connect("127.0.0.1", script.port);
    assert_eq!(response.error().unwrap().kind(), ErrorKind::TimedOut);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    script.join();
}

#[test]
fn an_endless_reply_ends_at_its_cap() {
    for piece in ["x".repeat(1000), "230-x\r\n".repeat(100), "\r\n".repeat(500), "\0".repeat(1000)] {
        let script = play(move |peer| {
            peer.say("230-");
            while peer.try_say(&piece) {}
        });
        let response = Ftp::new().connect("127.0.0.1", script.port);
        assert_eq!(response.error().unwrap().kind(), ErrorKind::TooLong);
        script.join();
    }
}

#[test]
fn endless_preliminary_replies_end() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        assert_eq!(peer.hear(), "NOOP");
        while peer.try_say("150 soon\r\n") {}
    });
    let response = ftp.keep_alive();
    assert_eq!(response.error().unwrap().to_string(), "more than 64 preliminary replies");
    drop(ftp);
    script.join();
}

#[test]
fn a_reply_that_nobody_asked_for_ends_the_session() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("NOOP", "200 ok\r\n230 you are root\r\n");
        peer.ends();
    });
    assert!(ftp.keep_alive().ok());
    let response = ftp.login("joe", "secret");
    assert_eq!(response.error().unwrap().kind(), ErrorKind::Malformed);
    assert!(!ftp.is_connected());
    script.join();

    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("NOOP", "200 ok\r\n421 shutting down\r\n");
        peer.ends();
    });
    assert!(ftp.keep_alive().ok());
    let response = ftp.keep_alive();
    assert_eq!((response.status(), response.message()), (FtpStatus::SERVICE_UNAVAILABLE, "shutting down"));
    assert!(!ftp.is_connected());
    script.join();
}

#[test]
fn the_servers_goodbye_is_told_and_ends_the_session() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("NOOP", "421 idle for too long\r\n");
        peer.ends();
    });
    assert_eq!(ftp.keep_alive().message(), "idle for too long");
    assert_eq!(ftp.keep_alive().status(), FtpStatus::CONNECTION_CLOSED);
    script.join();
}

/// One step of a transfer: what is asked, and what is answered.
type Steps = &'static [(&'static str, &'static str)];

/// Plays the first steps of a download and is silent then.
fn silent_after(steps: Steps, count: usize) -> (Ftp, crate::script::Script) {
    play_to(impatient(), move |peer: &mut Peer| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        for (command, reply) in &steps[..count] {
            peer.answer(command, reply.replace("PORT", &port));
        }
        // Whatever comes now is not answered.
        peer.drain();
    })
}

#[test]
fn silence_at_every_step_of_a_download_ends_in_time() {
    let steps: Steps = &[
        ("TYPE I", "200 ok\r\n"),
        ("EPSV", "229 (|||PORT|)\r\n"),
        ("REST 5", "350 ok\r\n"),
        ("RETR a", "150 here\r\n"),
    ];
    for count in 0..=steps.len() {
        let (mut ftp, script) = silent_after(steps, count);
        let begun = Instant::now();
        let mut options = binary();
        options.offset = 5;
        let response = ftp.download_to("a", &mut Vec::new(), &options, go_on);
        assert_eq!(response.error().unwrap().kind(), ErrorKind::TimedOut, "after {count} steps");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?} after {count} steps", begun.elapsed());
        assert!(!ftp.is_connected());
        script.join();
    }
}

#[test]
fn a_server_that_does_not_read_ends_in_time() {
    let (mut ftp, script) = play_to(impatient(), |peer| {
        peer.answer("TYPE I", "200 ok\r\n");
        let data = peer.open("STOR a", "150 send\r\n");
        peer.answer("ABOR", "426 aborted\r\n226 ok\r\n");
        peer.answer("NOOP", "200 settled\r\n");
        drop(data);
        peer.answer("NOOP", "200 in step\r\n");
    });
    let response = ftp.upload_from(&mut std::io::repeat(7), "a", &binary(), go_on);
    assert_eq!(response.error().unwrap().to_string(), "the peer's silence did not end within 300ms");
    assert!(ftp.keep_alive().ok());
    script.join();
}

/// No later reply would be that to its command.
#[cfg(target_os = "linux")]
#[test]
fn a_wait_that_fails_ends_the_session() {
    use crate::support::child;

    struct Last;
    impl Write for Last {
        fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
            // The system waits for no more descriptors at once than there may be.
            child::limit_descriptors(0);
            Ok(data.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    child::in_child("hostile::a_wait_that_fails_ends_the_session", || {
        let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
            peer.answer("TYPE I", "200 ok\r\n");
            let mut data = peer.retrieve("a");
            data.write_all(b"some").unwrap();
            peer.ends();
        });
        let response = ftp.download_to("a", &mut Last, &binary(), go_on);
        assert_eq!(response.error().unwrap().kind(), ErrorKind::Io, "{response:?}");
        assert!(!ftp.is_connected());
        script.join();
    });
}

#[test]
fn a_listing_without_an_end_ends_at_its_cap() {
    let mut options = FtpOptions::default();
    options.listing_limit = 1_000_000;
    let (mut ftp, script) = play_to(options, |peer| {
        peer.answer("FEAT", "500 what?\r\n");
        let mut data = peer.open("NLST", "150 here\r\n");
        while data.write_all(&[b'x'; 10_000]).is_ok() {}
        peer.answer("ABOR", "426 aborted\r\n226 ok\r\n");
        peer.answer("NOOP", "200 settled\r\n");
        peer.answer("NOOP", "200 in step\r\n");
    });
    assert_eq!(ftp.directory_listing("").error().unwrap().kind(), ErrorKind::TooLong);
    assert!(ftp.keep_alive().ok());
    script.join();
}

#[test]
fn a_last_word_without_a_first_one_is_enough() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("TYPE I", "200 ok\r\n");
        peer.open("RETR a", "226 here you are\r\n").write_all(b"bytes").unwrap();
        peer.answer("NOOP", "200 in step\r\n");
    });
    let mut bytes = Vec::new();
    assert_eq!(ftp.download_to("a", &mut bytes, &binary(), go_on).message(), "here you are");
    assert_eq!(bytes, b"bytes");
    assert!(ftp.keep_alive().ok());
    script.join();
}
