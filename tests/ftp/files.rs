//! Whole files in both directions: their bytes, their names, and what is left when it fails.

use std::{fs, io, ops::ControlFlow};

use sockeye::{
    Append, Error, ErrorKind, Ftp, FtpDataMode, FtpEbcdic, FtpOptions, FtpProgress, FtpResume, FtpStatus,
    FtpTransferOptions, TransferMode,
};

use crate::{
    folder::{Habits, Server},
    local_folder::Folder,
    script::{accept, binary, play_to},
    support,
};

/// Bytes that do not repeat soon.
pub(crate) fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[at % 3]).collect()
}

pub(crate) fn go_on(_: FtpProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

pub(crate) fn resuming() -> FtpTransferOptions {
    let mut options = binary();
    options.resume = FtpResume::IfPossible;
    options
}

#[test]
fn files_of_every_size_come_and_go_in_every_mode_of_connections() {
    for address in support::loopbacks() {
        for mode in [FtpDataMode::Passive, FtpDataMode::Active] {
            for no_epsv in [false, true] {
                if no_epsv && !address.is_v4() {
                    continue;
                }
                let server = Server::start_on(&address.to_string(), Habits { no_epsv, ..Habits::default() });
                let mut options = FtpOptions::default();
                options.data_mode = mode;
                let mut ftp = server.client_with(options);
                let local = Folder::new();
                for length in [0, 1, 65_535, 65_536, 65_537, 3_000_000] {
                    let bytes = content(length);
                    fs::write(local.0.join("up \u{e9}"), &bytes).unwrap();
                    let sent = ftp.upload(local.0.join("up \u{e9}"), "", TransferMode::Binary, Append::No);
                    assert!(sent.ok(), "{sent:?}");
                    assert!(server.get("up \u{e9}") == bytes, "{length} bytes up");
                    let received = ftp.download("up \u{e9}", &local.0, TransferMode::Binary);
                    assert_eq!((received.status(), received.message()), (FtpStatus::CLOSING_DATA_CONNECTION, "done"));
                    assert!(local.read("up \u{e9}") == bytes, "{length} bytes down");
                }
                assert_eq!(local.names(), ["up \u{e9}"], "no temporary file is left");
            }
        }
    }
}

#[test]
fn no_round_trip_is_wasted() {
    let server = Server::start(Habits::default());
    let mut ftp = server.client();
    let local = Folder::new();
    for name in ["a", "b", "c"] {
        server.put(name, b"x");
        assert!(ftp.download(name, &local.0, TransferMode::Binary).ok());
    }
    assert_eq!(server.commands(), ["TYPE", "EPSV", "RETR", "EPSV", "RETR", "EPSV", "RETR"]);
    assert!(ftp.upload(local.0.join("a"), "", TransferMode::Ascii, Append::Yes).ok());
    assert!(ftp.upload(local.0.join("a"), "", TransferMode::Ascii, Append::No).ok());
    assert_eq!(ftp.directory_listing("").filenames().len(), 3);
    assert_eq!(server.commands(), ["TYPE", "EPSV", "APPE", "EPSV", "STOR", "FEAT", "OPTS", "EPSV", "NLST"]);

    let old = Server::start(Habits { no_epsv: true, ..Habits::default() });
    let mut ftp = old.client();
    old.put("a", b"x");
    for _ in 0..2 {
        assert!(ftp.download("a", &local.0, TransferMode::Binary).ok());
    }
    assert_eq!(old.commands(), ["TYPE", "EPSV", "PASV", "RETR", "PASV", "RETR"]);
}

#[test]
fn text_has_the_line_ends_of_the_system() {
    let server = Server::start(Habits::default());
    let mut ftp = server.client();
    let local = Folder::new();
    let end = if cfg!(windows) { "\r\n" } else { "\n" };
    let text: String = (0..20_000).map(|line| format!("line {line}{end}")).collect();
    fs::write(local.0.join("text"), &text).unwrap();
    assert!(ftp.upload(local.0.join("text"), "", TransferMode::Ascii, Append::No).ok());
    assert_eq!(String::from_utf8(server.get("text")).unwrap(), text.replace("\r\n", "\n"));
    fs::remove_file(local.0.join("text")).unwrap();
    assert!(ftp.download("text", &local.0, TransferMode::Ascii).ok());
    assert_eq!(String::from_utf8(local.read("text")).unwrap(), text);
}

#[test]
fn ebcdic_is_translated_if_that_is_asked_for() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        use std::io::{Read, Write};
        for _ in 0..2 {
            let command = peer.hear();
            let listener = if command == "TYPE E" {
                peer.say("200 ok\r\n");
                peer.passive()
            } else {
                assert_eq!(command, "EPSV");
                let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
                peer.say(format!("229 (|||{}|)\r\n", listener.local_addr().unwrap().port()));
                listener
            };
            peer.answer("RETR a", "150 here\r\n");
            let mut data = accept(&listener);
            data.write_all(b"\xc8\x85\x93\x93\x96\x15").unwrap();
            drop(data);
            peer.say("226 done\r\n");
        }
        let mut received = Vec::new();
        peer.open("STOR a", "150 send\r\n").read_to_end(&mut received).unwrap();
        assert_eq!(received, b"\xc8\x85\x93\x93\x96\x15");
        peer.say("226 done\r\n");
    });
    let mut options = binary();
    options.mode = TransferMode::Ebcdic;
    let mut bytes = Vec::new();
    assert!(ftp.download_to("a", &mut bytes, &options, go_on).ok());
    assert_eq!(bytes, b"\xc8\x85\x93\x93\x96\x15");
    options.ebcdic = FtpEbcdic::CodePage1047;
    bytes.clear();
    assert!(ftp.download_to("a", &mut bytes, &options, go_on).ok());
    assert_eq!(bytes, b"Hello\n");
    assert!(ftp.upload_from(&mut &b"Hello\n"[..], "a", &options, go_on).ok());
    script.join();
}

#[test]
fn an_upload_can_go_behind_what_is_there() {
    let server = Server::start(Habits::default());
    server.put("log", b"one ");
    let mut ftp = server.client();
    let local = Folder::new();
    fs::write(local.0.join("log"), b"two").unwrap();
    assert!(ftp.upload(local.0.join("log"), "", TransferMode::Binary, Append::Yes).ok());
    assert_eq!(server.get("log"), b"one two");
    assert!(ftp.upload(local.0.join("log"), "/", TransferMode::Binary, Append::No).ok());
    assert_eq!(server.get("log"), b"two");
}

#[test]
fn offsets_leave_bytes_out() {
    let server = Server::start(Habits::default());
    server.put("a", b"0123456789");
    let mut ftp = server.client();
    let mut options = binary();
    options.offset = 4;
    let mut bytes = Vec::new();
    let mut seen = Vec::new();
    let response = ftp.download_to("a", &mut bytes, &options, |progress| {
        seen.push(progress.transferred);
        ControlFlow::Continue(())
    });
    assert!(response.ok(), "{response:?}");
    assert_eq!(bytes, b"456789");
    assert!(seen.iter().all(|transferred| [4, 10].contains(transferred)), "{seen:?}");
    assert!(ftp.upload_from(&mut &b"abc"[..], "a", &options, go_on).ok());
    assert_eq!(server.get("a"), b"0123abc789");
    assert_eq!(server.commands(), ["TYPE", "EPSV", "REST", "RETR", "EPSV", "REST", "STOR"]);
}

#[test]
fn progress_reaches_the_whole() {
    let server = Server::start(Habits::default());
    let bytes = content(2_000_000);
    server.put("a", &bytes);
    let mut ftp = server.client();
    let mut received = Vec::new();
    let mut seen = Vec::new();
    let response = ftp.download_to("a", &mut received, &binary(), |progress| {
        seen.push(progress);
        ControlFlow::Continue(())
    });
    assert!(response.ok() && received == bytes);
    assert!(seen.windows(2).all(|pair| pair[0].transferred <= pair[1].transferred));
    assert!(seen.iter().any(|progress| progress.transferred > 0 && progress.transferred < 2_000_000));
    assert_eq!(seen.last().unwrap().total, Some(2_000_000), "as the server has announced it");

    let local = Folder::new();
    fs::write(local.0.join("a"), &bytes).unwrap();
    let mut most = FtpProgress::default();
    let response = ftp.upload_file(local.0.join("a"), "b", &binary(), |progress| {
        assert_eq!(progress.total, Some(2_000_000));
        most = progress;
        ControlFlow::Continue(())
    });
    assert!(response.ok() && server.get("b") == bytes);
    assert!(most.transferred > 1_000_000, "{most:?}");
}

#[test]
fn files_arrive_whole_wherever_their_pieces_end() {
    let server = Server::start(Habits::default());
    let mut ftp = server.client();
    let local = Folder::new();
    let path = local.0.join("a");
    let bytes = content(1_100_000);
    for length in (1..17).map(|count| count * 64 * 1024).flat_map(|length| [length - 1, length, length + 1]) {
        let bytes = &bytes[..length];
        fs::write(&path, bytes).unwrap();
        let mut last = FtpProgress::default();
        let response = ftp.upload_file(&path, "b", &binary(), |progress| {
            last = progress;
            ControlFlow::Continue(())
        });
        assert!(response.ok() && server.get("b") == bytes, "{length}");
        assert_eq!(last.transferred, length as u64);
    }
}

#[test]
fn a_file_that_becomes_shorter_while_it_is_sent_is_an_error() {
    /// More than the system takes at once.
    const LENGTH: u64 = 64 << 20;
    let server = Server::start(Habits::default());
    let mut ftp = server.client();
    let local = Folder::new();
    let path = local.0.join("a");
    for more in (0..10).map(|count| count * 32 * 1024) {
        fs::File::create(&path).unwrap().set_len(LENGTH).unwrap();
        let mut end = None;
        let response = ftp.upload_file(&path, "b", &binary(), |progress| {
            if progress.transferred > 0 && end.is_none() {
                let length = progress.transferred + more;
                fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length).unwrap();
                end = Some(length);
            }
            ControlFlow::Continue(())
        });
        let error = response.error().unwrap();
        assert!(
            matches!(error, Error::File { source, .. } if source.kind() == io::ErrorKind::UnexpectedEof),
            "{more}: {error}"
        );
        assert!(end.unwrap() < LENGTH);
        assert_eq!(ftp.working_directory().directory(), "/", "the session goes on");
    }
}

#[test]
fn a_cancelled_transfer_leaves_the_session_in_step() {
    let server = Server::start(Habits::default());
    server.put("a", &content(20_000_000));
    let mut ftp = server.client();
    let local = Folder::new();
    let cancel = |progress: FtpProgress| match progress.transferred {
        100_000.. => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let response = ftp.download_file("a", local.0.join("a"), &binary(), cancel);
    assert_eq!(response.error().unwrap().kind(), ErrorKind::Cancelled);
    assert_eq!(response.status(), FtpStatus::TRANSFER_ABORTED);
    assert!(local.names().is_empty(), "{:?}", local.names());
    assert_eq!(ftp.working_directory().directory(), "/");

    fs::write(local.0.join("b"), content(20_000_000)).unwrap();
    let response = ftp.upload_file(local.0.join("b"), "b", &binary(), cancel);
    assert_eq!(response.error().unwrap().kind(), ErrorKind::Cancelled);
    assert_eq!(response.status(), FtpStatus::TRANSFER_ABORTED, "it is not taken for a whole file");
    assert_eq!(ftp.working_directory().directory(), "/");
    assert!(ftp.download("a", &local.0, TransferMode::Binary).ok());
    assert_eq!(server.commands().iter().filter(|command| *command == "ABOR").count(), 2);
}

#[test]
fn a_file_that_cannot_be_made_is_found_out_before_the_server_is_asked() {
    let server = Server::start(Habits::default());
    server.put("a", b"x");
    let mut ftp = server.client();
    let local = Folder::new();
    let response = ftp.download("a", local.0.join("nowhere"), TransferMode::Binary);
    assert_eq!(response.status(), FtpStatus::INVALID_FILE);
    assert_eq!(response.error().unwrap().kind(), ErrorKind::File);
    let response = ftp.upload(local.0.join("nothing"), "", TransferMode::Binary, Append::No);
    assert_eq!(response.status(), FtpStatus::INVALID_FILE);
    let response = ftp.upload(&local.0, "", TransferMode::Binary, Append::No);
    assert_eq!(response.status(), FtpStatus::INVALID_FILE);
    for name in ["", "a/", "..", "a/..", "/"] {
        let response = ftp.download(name, &local.0, TransferMode::Binary);
        assert_eq!(response.error().unwrap().kind(), ErrorKind::InvalidInput, "{name}");
    }
    assert_eq!(server.commands(), [""; 0]);
    let response = ftp.download("missing", &local.0, TransferMode::Binary);
    assert_eq!((response.status(), response.message()), (FtpStatus::FILE_UNAVAILABLE, "no such file"));
    assert!(local.names().is_empty());
}

#[test]
fn a_file_is_not_touched_until_another_is_whole() {
    let server = Server::start(Habits { dies_after: Some(500_000), ..Habits::default() });
    server.put("a", &content(1_000_000));
    let local = Folder::new();
    fs::write(local.0.join("a"), b"the old one").unwrap();
    let response = server.client().download("a", &local.0, TransferMode::Binary);
    assert!(!response.ok());
    assert_eq!(local.read("a"), b"the old one");
    assert_eq!(local.names(), ["a"]);
}

#[test]
fn a_writer_that_fails_ends_the_transfer_and_not_the_session() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let server = Server::start(Habits::default());
    server.put("a", &content(20_000_000));
    let mut ftp = server.client();
    let response = ftp.download_to("a", &mut Full, &binary(), go_on);
    assert_eq!(response.error().unwrap().kind(), ErrorKind::Io);
    assert!(ftp.keep_alive().ok());
}

/// Repeats something with a new session until it has worked; every session gets a part of the way.
fn until_done(server: &Server, mut attempt: impl FnMut(&mut Ftp) -> bool) -> usize {
    (1..100).find(|_| attempt(&mut server.client())).unwrap()
}

#[test]
fn a_download_goes_on_until_it_is_whole() {
    let server = Server::start(Habits { dies_after: Some(300_001), ..Habits::default() });
    let bytes = content(1_000_000);
    server.put("a", &bytes);
    let local = Folder::new();
    let path = local.0.join("b");
    let attempts = until_done(&server, |ftp| {
        let response = ftp.download_file("a", &path, &resuming(), go_on);
        if !response.ok() {
            assert_eq!(local.names(), ["b.part", "b.part.id"], "{response:?}");
        }
        response.ok()
    });
    assert_eq!(attempts, 4, "a quarter of it is lost if an attempt begins again");
    assert!(local.read("b") == bytes);
    assert_eq!(local.names(), ["b"]);
}

#[test]
fn a_part_of_another_file_is_not_used() {
    let server = Server::start(Habits { dies_after: Some(300_000), ..Habits::default() });
    server.put("a", &content(1_000_000));
    let local = Folder::new();
    let path = local.0.join("a");
    assert!(!server.client().download_file("a", &path, &resuming(), go_on).ok());
    assert_eq!(local.read("a.part").len(), 300_000);
    server.put("a", b"something else");
    assert!(server.client().download_file("a", &path, &resuming(), go_on).ok());
    assert_eq!(local.read("a"), b"something else");
    assert_eq!(local.names(), ["a"]);
}

#[test]
fn servers_that_cannot_resume_begin_again() {
    for habits in [Habits { no_rest: true, ..Habits::default() }, Habits { no_size: true, ..Habits::default() }] {
        let server = Server::start(habits);
        server.put("a", b"0123456789");
        let local = Folder::new();
        fs::write(local.0.join("a.part"), b"0123").unwrap();
        fs::write(local.0.join("a.part.id"), "10 20260101000000\n").unwrap();
        let response = server.client().download_file("a", local.0.join("a"), &resuming(), go_on);
        assert!(response.ok(), "{response:?}");
        assert_eq!(local.read("a"), b"0123456789");
    }
}

#[test]
fn a_part_that_was_whole_needs_only_its_name() {
    let server = Server::start(Habits::default());
    server.put("a", b"0123456789");
    let local = Folder::new();
    fs::write(local.0.join("a.part"), b"0123456789").unwrap();
    fs::write(local.0.join("a.part.id"), "10 20260101000000\n").unwrap();
    let mut ftp = server.client();
    let response = ftp.download_file("a", local.0.join("a"), &resuming(), go_on);
    assert_eq!(response.status(), FtpStatus::FILE_STATUS);
    assert_eq!(local.names(), ["a"]);
    assert_eq!(server.commands(), ["TYPE", "SIZE", "MDTM"]);
}

#[test]
fn an_upload_goes_on_until_it_is_whole() {
    for no_appe in [false, true] {
        let server = Server::start(Habits { dies_after: Some(300_001), no_appe, ..Habits::default() });
        let bytes = content(1_000_000);
        let local = Folder::new();
        let path = local.0.join("a");
        fs::write(&path, &bytes).unwrap();
        let attempts = until_done(&server, |ftp| ftp.upload_file(&path, "a", &resuming(), go_on).ok());
        assert_eq!(attempts, 4);
        assert!(server.get("a") == bytes);
        let response = server.client().upload_file(&path, "a", &resuming(), go_on);
        assert_eq!(response.message(), "1000000", "it was there already");
    }
}
