//! Encrypted sessions, from a command or from the first byte on.

use std::{
    fs,
    sync::{Mutex, mpsc},
};

use sockeye::{
    Append, ErrorKind, Ftp, FtpDataMode, FtpLine, FtpObserver, FtpOptions, FtpStatus, FtpTls, TcpSocket, TlsClient,
    TlsClientOptions, TlsIdentity, TlsServer, TlsSocket, TransferMode, Trust,
};

use crate::{
    files::{content, go_on},
    folder::{Habits, Server},
    local_folder::Folder,
    script::{accept, binary, impatient, play, play_to},
    support::LONG,
};

/// A server's side and what a client needs to trust it.
fn pair() -> (TlsServer, TlsClient) {
    let identity = TlsIdentity::self_signed(&["localhost", "127.0.0.1"]).unwrap();
    let mut options = TlsClientOptions::default();
    options.trust = Trust::Pinned(vec![identity.fingerprint()]);
    (TlsServer::new(identity).unwrap(), TlsClient::with_options(options).unwrap())
}

fn explicit() -> (Habits, TlsClient) {
    let (server, client) = pair();
    (Habits { explicit_tls: Some(server), ..Habits::default() }, client)
}

fn options(tls: FtpTls) -> FtpOptions {
    let mut options = FtpOptions::default();
    options.tls = tls;
    options
}

#[test]
fn files_come_and_go_encrypted_in_every_mode() {
    for is_implicit in [false, true] {
        for mode in [FtpDataMode::Passive, FtpDataMode::Active] {
            let (server, client) = pair();
            let (tls, habits) = match is_implicit {
                true => (FtpTls::Implicit(client), Habits { implicit_tls: Some(server), ..Habits::default() }),
                false => (FtpTls::Explicit(client), Habits { explicit_tls: Some(server), ..Habits::default() }),
            };
            // As vsftpd does unless it is told otherwise.
            let server = Server::start(Habits { insists_on_resumption: true, ..habits });
            let mut options = options(tls);
            options.data_mode = mode;
            let mut ftp = server.client_with(options);
            let local = Folder::new();
            for length in [0, 1, 100_000, 3_000_000] {
                let bytes = content(length);
                fs::write(local.0.join("a"), &bytes).unwrap();
                let sent = ftp.upload(local.0.join("a"), "", TransferMode::Binary, Append::No);
                assert!(sent.ok(), "{sent:?}");
                assert!(server.get("a") == bytes, "{length} bytes up");
                let received = ftp.download("a", &local.0, TransferMode::Binary);
                assert!(received.ok(), "{received:?}");
                assert!(local.read("a") == bytes, "{length} bytes down");
            }
            assert_eq!(ftp.entries("").unwrap()[0].name, "a");
            assert!(ftp.disconnect().ok());
        }
    }
}

/// A server gives tickets for one session after the other in TLS 1.3; refused transfers use them up.
#[test]
fn a_session_is_resumed_however_many_transfers_were_refused() {
    let (habits, client) = explicit();
    let server = Server::start(Habits { insists_on_resumption: true, ..habits });
    let mut ftp = server.client_with(options(FtpTls::Explicit(client)));
    for _ in 0..10 {
        let refused = ftp.download_to("missing", &mut Vec::new(), &binary(), go_on);
        assert_eq!(refused.status(), FtpStatus::FILE_UNAVAILABLE, "{refused:?}");
    }
    let sent = ftp.upload_from(&mut &b"bytes"[..], "a", &binary(), go_on);
    assert!(sent.ok(), "{sent:?}");
    assert_eq!(server.get("a"), b"bytes");
}

#[test]
fn a_session_can_be_encrypted_later() {
    let (habits, client) = explicit();
    let server = Server::start(habits);
    let mut ftp = Ftp::new();
    ftp.connect("127.0.0.1", server.at.port()).into_result().unwrap();
    assert_eq!(ftp.login("joe", "secret").status(), FtpStatus::NOT_LOGGED_IN);
    assert!(ftp.secure(&client).ok());
    assert!(ftp.login("joe", "secret").ok());
    assert_eq!(server.commands(), ["USER", "AUTH", "PBSZ", "PROT", "USER", "PASS"]);
    assert_eq!(ftp.directory_listing("").filenames().len(), 0);
}

#[test]
fn there_is_no_way_back_to_plain_text() {
    // A server that does not want it.
    let server = Server::start(Habits::default());
    let (_, client) = pair();
    let mut ftp = Ftp::with_options(options(FtpTls::Explicit(client.clone())));
    assert_eq!(ftp.connect("127.0.0.1", server.at.port()).status(), FtpStatus::COMMAND_NOT_IMPLEMENTED);
    assert_eq!(ftp.login("joe", "secret").status(), FtpStatus::CONNECTION_CLOSED);
    assert_eq!(server.commands(), ["AUTH"]);

    // One that somebody else answers for.
    let (habits, _) = explicit();
    let server = Server::start(habits);
    let mut ftp = Ftp::with_options(options(FtpTls::Explicit(client.clone())));
    let response = ftp.connect("127.0.0.1", server.at.port());
    assert_eq!(response.error().unwrap().kind(), ErrorKind::Tls);
    assert_eq!(ftp.login("joe", "secret").status(), FtpStatus::CONNECTION_CLOSED);

    // And one that agrees and does not do it.
    let script = play(|peer| {
        peer.say("220 ready\r\n");
        peer.answer("AUTH TLS", "234 go ahead\r\n");
        peer.drain();
    });
    let mut options = impatient();
    options.tls = FtpTls::Explicit(client);
    let response = Ftp::with_options(options).connect("127.0.0.1", script.port);
    assert_eq!(response.error().unwrap().kind(), ErrorKind::TimedOut);
    script.join();
}

/// Only 234 begins a session (RFC 4217 section 4).
#[test]
fn a_consent_to_something_else_is_none() {
    let (_, client) = pair();
    for consent in ["200 ok", "202 no need", "230 logged in", "235 done", "331 go on"] {
        let script = play(move |peer| {
            peer.say("220 ready\r\n");
            peer.answer("AUTH TLS", format!("{consent}\r\n"));
            peer.ends();
        });
        let mut ftp = Ftp::with_options(options(FtpTls::Explicit(client.clone())));
        let response = ftp.connect("127.0.0.1", script.port);
        // The password that a caller may send now goes nowhere.
        assert_eq!(ftp.login("joe", "secret").status(), FtpStatus::CONNECTION_CLOSED, "{consent}");
        assert_eq!(response.error().map(sockeye::Error::kind), Some(ErrorKind::Malformed), "{response:?}");
        script.join();
    }
}

#[test]
fn replies_from_before_the_session_are_not_taken_for_ones_of_it() {
    let (_, client) = pair();
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("AUTH TLS", "234 go ahead\r\n200 injected\r\n");
        peer.drain();
    });
    let response = ftp.secure(&client);
    assert_eq!(response.error().unwrap().kind(), ErrorKind::Malformed);
    assert!(!ftp.is_connected());
    script.join();
}

#[test]
fn a_cut_session_is_no_end_of_a_file() {
    let (habits, client) = explicit();
    let server = Server::start(Habits { cuts_sessions: true, ..habits });
    server.put("a", &content(100_000));
    let mut ftp = server.client_with(options(FtpTls::Explicit(client)));
    let local = Folder::new();
    let response = ftp.download("a", &local.0, TransferMode::Binary);
    assert_eq!(response.error().unwrap().kind(), ErrorKind::Truncated);
    assert!(local.names().is_empty());
    assert!(ftp.keep_alive().ok());
}

#[test]
fn an_encrypted_transfer_can_be_cancelled_and_resumed() {
    let (habits, client) = explicit();
    let server = Server::start(habits);
    server.put("a", &content(20_000_000));
    let mut ftp = server.client_with(options(FtpTls::Explicit(client)));
    let local = Folder::new();
    fs::write(local.0.join("b"), content(20_000_000)).unwrap();
    for _ in 0..2 {
        let cancel = |progress: sockeye::FtpProgress| match progress.transferred {
            100_000.. => std::ops::ControlFlow::Break(()),
            _ => std::ops::ControlFlow::Continue(()),
        };
        let response = ftp.download_file("a", local.0.join("a"), &binary(), cancel);
        assert_eq!(response.error().unwrap().kind(), ErrorKind::Cancelled, "{response:?}");
        let response = ftp.upload_file(local.0.join("b"), "b", &binary(), cancel);
        assert_eq!(response.error().unwrap().kind(), ErrorKind::Cancelled, "{response:?}");
        assert!(!response.status().ok(), "it is not taken for a whole file: {response:?}");
        assert!(ftp.keep_alive().ok());
    }
    assert!(ftp.download_file("a", local.0.join("a"), &binary(), go_on).ok());
}

#[test]
fn an_encrypted_transfer_need_not_be_waited_for() {
    for mode in [FtpDataMode::Passive, FtpDataMode::Active] {
        let (habits, client) = explicit();
        let server = Server::start(habits);
        let bytes = content(3_000_000);
        server.put("a", &bytes);
        let mut options = options(FtpTls::Explicit(client));
        options.data_mode = mode;
        let mut ftp = server.client_with(options);
        let local = Folder::new();
        let mut transfer = ftp.begin_download("a", local.0.join("a"), &binary());
        assert!(crate::polled::finish(&mut transfer).unwrap().ok());
        assert!(local.read("a") == bytes);
        let mut transfer = ftp.begin_upload(local.0.join("a"), "b", &binary());
        assert!(crate::polled::finish(&mut transfer).unwrap().ok());
        assert!(server.get("b") == bytes);
        assert!(ftp.keep_alive().ok());
    }
}

/// It did before the server said its last word, but not before this side looked for it.
#[test]
fn a_handshake_that_goes_on_with_the_last_word_is_ended() {
    let (server, client) = pair();
    let (look, is_looked_for) = mpsc::channel();
    let (go, has_gone_on) = mpsc::channel();
    let has_gone_on = Mutex::new(has_gone_on);
    let mut options = options(FtpTls::Explicit(client));
    options.observer = Some(FtpObserver::new(move |line| {
        if let FtpLine::Reply { code: 226, .. } = line {
            look.send(()).unwrap();
            has_gone_on.lock().unwrap().recv_timeout(LONG).unwrap();
        }
    }));
    let script = play(move |peer| {
        peer.say("220 ready\r\n");
        peer.answer("AUTH TLS", "234 go ahead\r\n");
        peer.secure(&server);
        for command in ["PBSZ 0", "PROT P", "TYPE I"] {
            peer.answer(command, "200 ok\r\n");
        }
        let listener = peer.passive();
        assert_eq!(peer.hear(), "RETR a");
        let data = accept(&listener);
        assert_eq!(data.peek(&mut [0]).unwrap(), 1, "the client has begun");
        peer.say("150 here\r\n226 done\r\n");
        is_looked_for.recv_timeout(LONG).unwrap();
        let mut session = TlsSocket::server(TcpSocket::try_from(data).unwrap(), &server).unwrap();
        session.set_blocking(false).unwrap();
        assert!(session.handshake().is_not_ready());
        go.send(()).unwrap();
        session.set_blocking(true).unwrap();
        session.set_timeout(Some(LONG)).unwrap();
        session.handshake().into_result().unwrap();
        session.send(b"bytes").into_result().unwrap();
        session.shutdown_send().into_result().unwrap();
        while session.receive(&mut [0; 64]).is_done() {}
    });
    let mut ftp = Ftp::with_options(options);
    ftp.connect("127.0.0.1", script.port).into_result().unwrap();
    let mut bytes = Vec::new();
    let response = ftp.download_to("a", &mut bytes, &binary(), go_on);
    assert_eq!((response.message(), response.error().is_none(), &*bytes), ("done", true, &b"bytes"[..]));
    script.join();
}
