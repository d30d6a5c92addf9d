//! Data connections: who opens them, to where, and what becomes of them.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Mutex,
    time::Instant,
};

use sockeye::{ErrorKind, FtpDataMode, FtpLine, FtpObserver, FtpOptions, FtpStatus, TransferMode};

use crate::{
    files::go_on,
    local_folder::Folder,
    script::{accept, binary, impatient, play_to, reset},
    support::{Family, LONG, V4},
};

fn active() -> FtpOptions {
    let mut options = FtpOptions::default();
    options.data_mode = FtpDataMode::Active;
    options
}

/// The address in a command `EPRT |1|127.0.0.1|port|`.
fn invited(command: &str) -> SocketAddr {
    let fields: Vec<&str> = command.split('|').collect();
    assert_eq!((fields[0], fields[1]), ("EPRT ", "1"), "{command}");
    format!("{}:{}", fields[2], fields[3]).parse().unwrap()
}

#[test]
fn a_pasv_answer_never_decides_the_host() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("TYPE I", "200 ok\r\n");
        peer.answer("EPSV", "500 what?\r\n");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // Somebody else's, which must not hear of it.
        let victim = TcpListener::bind(("127.0.0.2", port)).unwrap();
        victim.set_nonblocking(true).unwrap();
        peer.answer("PASV", format!("227 Entering Passive Mode (127,0,0,2,{},{})\r\n", port >> 8, port & 255));
        peer.answer("RETR a", "150 here\r\n");
        accept(&listener).write_all(b"bytes").unwrap();
        peer.say("226 done\r\n");
        assert_eq!(victim.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    });
    let mut bytes = Vec::new();
    assert!(ftp.download_to("a", &mut bytes, &binary(), go_on).ok());
    assert_eq!(bytes, b"bytes");
    script.join();
}

#[test]
fn odd_answers_to_epsv_and_pasv_are_failures_and_no_end() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("TYPE I", "200 ok\r\n");
        for odd in
            ["229 no port here\r\n", "229 (|||0|)\r\n", "229 (|||65536|)\r\n", "200 ok\r\n", "227 (127,0,0,1,4,4)\r\n"]
        {
            peer.answer("EPSV", odd);
        }
        peer.answer("EPSV", "502 what?\r\n");
        peer.answer("PASV", "227\r\n");
        for odd in ["227 (127,0,0,1,0,0)\r\n", "227 (1,2,3)\r\n", "227 (256,0,0,1,4,4)\r\n", "229 (|||4|)\r\n"] {
            peer.answer("PASV", odd);
        }
        peer.answer("PASV", "425 not now\r\n");
        peer.answer("NOOP", "200 in step\r\n");
    });
    for _ in 0..10 {
        let response = ftp.download_to("a", &mut Vec::new(), &binary(), go_on);
        assert_eq!(response.error().unwrap().kind(), ErrorKind::Malformed);
        assert_eq!(response.status(), FtpStatus::INVALID_RESPONSE);
    }
    let response = ftp.download_to("a", &mut Vec::new(), &binary(), go_on);
    assert_eq!((response.status(), response.message()), (FtpStatus::DATA_CONNECTION_UNAVAILABLE, "not now"));
    assert_eq!(ftp.keep_alive().message(), "in step");
    script.join();
}

#[test]
fn a_port_that_refuses_is_tried_the_old_way() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("TYPE I", "200 ok\r\n");
        let gone = V4::refusing_address();
        peer.answer("EPSV", format!("229 (|||{gone}|)\r\n"));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        peer.answer("PASV", format!("227 (127,0,0,1,{},{})\r\n", port >> 8, port & 255));
        peer.answer("RETR a", "150 here\r\n");
        drop(accept(&listener));
        peer.say("226 done\r\n");
        peer.answer("PASV", format!("227 (127,0,0,1,{},{})\r\n", gone >> 8, gone & 255));
        peer.answer("RETR a", "425 nobody came\r\n");
    });
    assert!(ftp.download_to("a", &mut Vec::new(), &binary(), go_on).ok());
    assert_eq!(ftp.download_to("a", &mut Vec::new(), &binary(), go_on).message(), "nobody came");
    script.join();
}

#[test]
fn only_the_server_gets_in() {
    let (mut ftp, script) = play_to(active(), |peer| {
        peer.answer("TYPE I", "200 ok\r\n");
        let to = invited(&peer.hear());
        peer.say("200 ok\r\n");
        assert_eq!(peer.hear(), "RETR a");
        // A stranger is there first.
        let stranger = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        stranger.bind(&"127.0.0.2:0".parse::<SocketAddr>().unwrap().into()).unwrap();
        stranger.connect(&to.into()).unwrap();
        let mut stranger = TcpStream::from(stranger);
        let _ = stranger.write_all(b"evil");
        peer.say("150 here\r\n");
        stranger.set_read_timeout(Some(LONG)).unwrap();
        let outcome = stranger.read(&mut [0; 8]);
        assert!(matches!(outcome, Ok(0) | Err(_)), "the stranger is sent away: {outcome:?}");
        TcpStream::connect(to).unwrap().write_all(b"good").unwrap();
        peer.say("226 done\r\n");
    });
    let mut bytes = Vec::new();
    assert!(ftp.download_to("a", &mut bytes, &binary(), go_on).ok());
    assert_eq!(bytes, b"good");
    script.join();
}

#[test]
fn a_server_that_never_connects_is_told_so() {
    let mut options = impatient();
    options.data_mode = FtpDataMode::Active;
    let (mut ftp, script) = play_to(options, |peer| {
        peer.answer("TYPE I", "200 ok\r\n");
        invited(&peer.hear());
        peer.say("200 ok\r\n");
        peer.answer("RETR a", "150 here\r\n");
        peer.answer("ABOR", "426 aborted\r\n226 ok\r\n");
        peer.answer("NOOP", "200 settled\r\n");
        invited(&peer.hear());
        peer.say("200 ok\r\n");
        peer.answer("RETR a", "150 here\r\n425 cannot reach you\r\n");
        peer.answer("NOOP", "200 in step\r\n");
    });
    let response = ftp.download_to("a", &mut Vec::new(), &binary(), go_on);
    assert_eq!(response.error().unwrap().to_string(), "the connect did not end within 300ms");
    let begun = Instant::now();
    let response = ftp.download_to("a", &mut Vec::new(), &binary(), go_on);
    assert_eq!(response.message(), "cannot reach you");
    assert!(begun.elapsed() < LONG / 2);
    assert!(ftp.keep_alive().ok());
    script.join();
}

#[test]
fn the_old_invitation_is_used_where_the_new_one_is_unknown() {
    let (mut ftp, script) = play_to(active(), |peer| {
        peer.answer("TYPE I", "200 ok\r\n");
        invited(&peer.hear());
        peer.say("500 what?\r\n");
        for _ in 0..2 {
            let command = peer.hear();
            let numbers: Vec<u16> =
                command.strip_prefix("PORT ").unwrap().split(',').map(|number| number.parse().unwrap()).collect();
            assert_eq!(numbers[..4], [127, 0, 0, 1]);
            peer.say("200 ok\r\n");
            peer.answer("RETR a", "150 here\r\n");
            drop(TcpStream::connect(("127.0.0.1", numbers[4] * 256 + numbers[5])).unwrap());
            peer.say("226 done\r\n");
        }
    });
    for _ in 0..2 {
        assert!(ftp.download_to("a", &mut Vec::new(), &binary(), go_on).ok());
    }
    script.join();
}

#[test]
fn a_last_word_without_a_first_one_is_enough_for_a_server_that_connects() {
    let (mut ftp, script) = play_to(active(), |peer| {
        peer.answer("TYPE I", "200 ok\r\n");
        let to = invited(&peer.hear());
        peer.say("200 ok\r\n");
        assert_eq!(peer.hear(), "RETR a");
        TcpStream::connect(to).unwrap().write_all(b"bytes").unwrap();
        peer.say("226 here you are\r\n");
        peer.answer("NOOP", "200 in step\r\n");
    });
    let mut bytes = Vec::new();
    assert_eq!(ftp.download_to("a", &mut bytes, &binary(), go_on).message(), "here you are");
    assert_eq!(bytes, b"bytes");
    assert!(ftp.keep_alive().ok());
    script.join();
}

/// It did before it said its last word, but not before this side looked for it.
#[test]
fn a_connection_that_comes_with_the_last_word_is_taken() {
    let to = Mutex::new(None);
    let mut options = active();
    options.observer = Some(FtpObserver::new(move |line| match line {
        FtpLine::Command(text) if text.starts_with("EPRT") => *to.lock().unwrap() = Some(invited(text)),
        FtpLine::Reply { code: 226, .. } => {
            TcpStream::connect(to.lock().unwrap().unwrap()).unwrap().write_all(b"bytes").unwrap();
        }
        _ => {}
    }));
    let (mut ftp, script) = play_to(options, |peer| {
        peer.answer("TYPE I", "200 ok\r\n");
        invited(&peer.hear());
        peer.say("200 ok\r\n");
        peer.answer("RETR a", "150 here\r\n226 done\r\n");
    });
    let mut bytes = Vec::new();
    let response = ftp.download_to("a", &mut bytes, &binary(), go_on);
    assert_eq!((response.message(), response.error().is_none(), &*bytes), ("done", true, &b"bytes"[..]));
    script.join();
}

/// What a download does up to an answer that is neither consent nor a refusal.
type Begun = &'static [(&'static str, &'static str)];

#[test]
fn a_transfer_that_never_begins_is_not_done() {
    let steps: [Begun; 5] = [
        &[("TYPE I", "332 account?\r\n")],
        &[("TYPE I", "200 ok\r\n"), ("EPRT", "332 account?\r\n")],
        &[("TYPE I", "200 ok\r\n"), ("EPRT", "200 ok\r\n"), ("REST 5", "200 ok\r\n")],
        &[("TYPE I", "200 ok\r\n"), ("EPRT", "200 ok\r\n"), ("REST 5", "250 ok\r\n")],
        &[("TYPE I", "200 ok\r\n"), ("EPRT", "200 ok\r\n"), ("REST 5", "350 ok\r\n"), ("RETR a", "332 account?\r\n")],
    ];
    for steps in steps {
        let (mut ftp, script) = play_to(active(), move |peer| {
            for (command, reply) in steps {
                let heard = peer.hear();
                assert!(heard.starts_with(command), "{heard}");
                peer.say(reply);
            }
            peer.answer("NOOP", "200 in step\r\n");
        });
        let mut options = binary();
        options.offset = 5;
        let response = ftp.download_to("a", &mut Vec::new(), &options, go_on);
        assert!(!response.ok(), "{steps:?}: {response:?}");
        assert_eq!(response.error().unwrap().kind(), ErrorKind::Malformed);
        assert!(ftp.keep_alive().ok());
        script.join();
    }
}

#[test]
fn an_account_that_is_asked_for_instead_of_bytes_leaves_the_file_alone() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("TYPE I", "200 ok\r\n");
        drop(peer.open("RETR a", "332 account?\r\n"));
    });
    let local = Folder::new();
    std::fs::write(local.0.join("a"), b"the old one").unwrap();
    let response = ftp.download("a", &local.0, TransferMode::Binary);
    assert_eq!((response.ok(), response.status()), (false, FtpStatus::NEED_ACCOUNT_TO_LOG_IN));
    assert_eq!(local.read("a"), b"the old one");
    script.join();
}

#[test]
fn a_reset_is_no_end_of_a_file() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("TYPE I", "200 ok\r\n");
        for last in ["226 done, says a liar\r\n", "426 broken\r\n"] {
            let mut data = peer.retrieve("a");
            data.write_all(b"half of").unwrap();
            reset(data);
            peer.say(last);
        }
        peer.answer("NOOP", "200 in step\r\n");
    });
    let local = Folder::new();
    let response = ftp.download("a", &local.0, TransferMode::Binary);
    assert_eq!(response.status(), FtpStatus::CLOSING_DATA_CONNECTION);
    assert_eq!(response.error().unwrap().kind(), ErrorKind::Io);
    let response = ftp.download("a", &local.0, TransferMode::Binary);
    assert_eq!((response.message(), response.error().is_none()), ("broken", true));
    assert!(local.names().is_empty());
    assert!(ftp.keep_alive().ok());
    script.join();
}

#[test]
fn fewer_bytes_than_the_server_has_announced_are_not_whole() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("TYPE I", "200 ok\r\n");
        peer.open("RETR a", "150 Opening BINARY mode data connection for a (10 bytes).\r\n")
            .write_all(b"five!")
            .unwrap();
        peer.say("226 done\r\n");
        peer.answer("NOOP", "200 in step\r\n");
    });
    let local = Folder::new();
    let response = ftp.download("a", &local.0, TransferMode::Binary);
    assert_eq!(response.error().unwrap().to_string(), "the peer closed the connection after 5 of 10 bytes");
    assert!(local.names().is_empty());
    assert!(ftp.keep_alive().ok());
    script.join();
}

#[test]
fn the_last_words_of_an_abort_are_heard_in_either_order_or_as_one() {
    for words in [
        "426 aborted\r\n226 ok\r\n",
        "226 all gone\r\n225 nothing to abort\r\n",
        "226 ok\r\n426 aborted\r\n",
        "426 aborted\r\n451 local error\r\n",
        "150 0.1 seconds\r\n226 aborted\r\n",
        "225 aborted\r\n",
    ] {
        let (mut ftp, script) = play_to(FtpOptions::default(), move |peer| {
            peer.answer("TYPE I", "200 ok\r\n");
            let mut data = peer.retrieve("a");
            data.write_all(b"some").unwrap();
            peer.answer("ABOR", words);
            peer.answer("NOOP", "200 settled\r\n");
            peer.answer("NOOP", "200 in step\r\n");
        });
        let response = ftp.download_to("a", &mut Vec::new(), &binary(), |progress| match progress.transferred {
            1.. => std::ops::ControlFlow::Break(()),
            _ => std::ops::ControlFlow::Continue(()),
        });
        assert_eq!(response.error().unwrap().kind(), ErrorKind::Cancelled);
        assert_eq!(ftp.keep_alive().message(), "in step", "{words:?}");
        script.join();
    }
}

/// A pager, for one.
#[test]
fn a_writer_that_takes_its_time_is_no_silence_of_the_server() {
    struct Slow(std::sync::mpsc::Sender<()>);
    impl Write for Slow {
        fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
            if self.0.send(()).is_ok() {
                std::thread::sleep(LIMIT * 2);
            }
            Ok(data.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    const LIMIT: std::time::Duration = std::time::Duration::from_millis(300);
    let (written, is_written) = std::sync::mpsc::channel();
    let (mut ftp, script) = play_to(impatient(), move |peer| {
        peer.answer("TYPE I", "200 ok\r\n");
        let mut data = peer.retrieve("a");
        data.write_all(b"some").unwrap();
        is_written.recv_timeout(LONG).unwrap();
        drop(is_written);
        data.write_all(b"more").unwrap();
        drop(data);
        peer.say("226 done\r\n");
    });
    let response = ftp.download_to("a", &mut Slow(written), &binary(), go_on);
    assert!(response.ok(), "{response:?}");
    script.join();
}

#[test]
fn an_upload_that_is_refused_in_the_middle_has_the_servers_reason() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("TYPE I", "200 ok\r\n");
        let mut data = peer.open("STOR a", "150 send\r\n");
        data.read_exact(&mut [0; 1000]).unwrap();
        peer.say("552 disk full\r\n");
        reset(data);
        peer.answer("NOOP", "200 in step\r\n");
    });
    let endless = &mut std::io::repeat(7);
    let response = ftp.upload_from(endless, "a", &binary(), go_on);
    assert_eq!((response.status(), response.message()), (FtpStatus::NOT_ENOUGH_MEMORY, "disk full"));
    assert!(response.error().is_none());
    assert!(ftp.keep_alive().ok());
    script.join();
}
