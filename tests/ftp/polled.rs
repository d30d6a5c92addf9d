//! Transfers that nobody waits for.

use std::{
    fs,
    io::{self, Write},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use sockeye::{
    Append, ErrorKind, Ftp, FtpDataMode, FtpOptions, FtpResponse, FtpResume, FtpStatus, FtpTransfer, Result,
    TransferMode,
};

use crate::{
    files::{content, go_on},
    folder::{Habits, Server},
    local_folder::Folder,
    polling,
    script::{accept, binary, impatient, play_to},
    support::LONG,
};

/// Memory that is still there when the transfer is over.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(data);
        Ok(data.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Polls when the selector says so.
pub(crate) fn finish(transfer: &mut FtpTransfer) -> Result<FtpResponse> {
    polling::finish(transfer, LONG, go_on)
}

#[test]
fn files_come_and_go_in_every_mode() {
    for mode in [FtpDataMode::Passive, FtpDataMode::Active] {
        let server = Server::start(Habits::default());
        let mut options = FtpOptions::default();
        options.data_mode = mode;
        let mut ftp = server.client_with(options);
        let local = Folder::new();
        for length in [0, 1, 3_000_000] {
            let bytes = content(length);
            fs::write(local.0.join("a"), &bytes).unwrap();
            let mut transfer = ftp.begin_upload(local.0.join("a"), "\u{e9}", &binary());
            assert_eq!(finish(&mut transfer).unwrap().status(), FtpStatus::CLOSING_DATA_CONNECTION);
            assert!(server.get("\u{e9}") == bytes, "{length} bytes up");
            assert_eq!(transfer.progress().transferred, length as u64);

            let mut transfer = ftp.begin_download("\u{e9}", local.0.join("b"), &binary());
            assert!(finish(&mut transfer).unwrap().ok());
            assert!(local.read("b") == bytes, "{length} bytes down");
            assert_eq!(transfer.progress().total, Some(length as u64));

            let memory = Shared::default();
            assert!(finish(&mut ftp.begin_download_to("\u{e9}", memory.clone(), &binary())).unwrap().ok());
            assert!(*memory.0.lock().unwrap() == bytes);
            let source = io::Cursor::new(bytes.clone());
            assert!(finish(&mut ftp.begin_upload_from(source, "c", &binary())).unwrap().ok());
            assert!(server.get("c") == bytes);
        }
        assert_eq!(local.names(), ["a", "b"]);
        // The same session waits again.
        assert!(ftp.download("c", &local.0, TransferMode::Binary).ok());
        assert!(ftp.upload(local.0.join("c"), "", TransferMode::Binary, Append::Yes).ok());
    }
}

#[test]
fn the_session_is_the_transfers_until_it_is_over() {
    let server = Server::start(Habits::default());
    server.put("a", b"x");
    let mut ftp = server.client();
    let mut transfer = ftp.begin_download_to("a", io::sink(), &binary());
    assert_eq!(ftp.keep_alive().error().unwrap().kind(), ErrorKind::NotReady);
    assert!(ftp.is_connected());
    let second = ftp.begin_download_to("a", io::sink(), &binary()).poll();
    assert_eq!(second.error().unwrap().kind(), ErrorKind::NotReady);
    assert!(finish(&mut transfer).unwrap().ok());
    assert!(ftp.keep_alive().ok());

    drop(ftp.begin_download_to("a", io::sink(), &binary()));
    assert_eq!(ftp.keep_alive().status(), FtpStatus::CONNECTION_CLOSED);
    assert!(!ftp.is_connected());
}

#[test]
fn what_fails_before_it_begins_is_told_by_the_first_poll() {
    let transfer = Ftp::new().begin_download_to("a", io::sink(), &binary()).poll();
    assert_eq!(transfer.code(), sockeye::StatusCode::Error);
    let server = Server::start(Habits::default());
    let mut ftp = server.client();
    let local = Folder::new();
    let missing = ftp.begin_download("a", local.0.join("no/where"), &binary()).poll();
    assert_eq!(missing.error().unwrap().kind(), ErrorKind::File);
    let bad = ftp.begin_download_to("a\r\nb", io::sink(), &binary()).poll();
    assert_eq!(bad.error().unwrap().kind(), ErrorKind::InvalidInput);
    assert_eq!(server.commands(), [""; 0]);
    let refused = finish(&mut ftp.begin_download("missing", local.0.join("a"), &binary())).unwrap();
    assert_eq!(refused.message(), "no such file");
    assert!(local.names().is_empty());
}

#[test]
fn a_cancelled_transfer_gives_the_session_back() {
    let server = Server::start(Habits::default());
    server.put("a", &content(20_000_000));
    let mut ftp = server.client();
    let local = Folder::new();
    for polls in [0, 1, 2, 3, 5, 8, 20] {
        let mut transfer = ftp.begin_download("a", local.0.join("a"), &binary());
        for _ in 0..polls {
            let status = transfer.poll();
            assert!(status.is_not_ready(), "{status:?} in one of {polls} polls");
            std::thread::yield_now();
        }
        transfer.cancel();
        assert_eq!(finish(&mut transfer).unwrap_err().kind(), ErrorKind::Cancelled, "after {polls} polls");
        assert!(local.names().is_empty());
        assert!(ftp.keep_alive().ok(), "after {polls} polls");
    }
}

#[test]
fn a_type_that_nobody_waited_for_is_set_again() {
    let (cancelled, is_cancelled) = mpsc::channel();
    let (mut ftp, script) = play_to(FtpOptions::default(), move |peer| {
        for mode in ["TYPE A", "TYPE I", "TYPE A"] {
            assert_eq!(peer.hear(), mode);
            if mode == "TYPE I" {
                is_cancelled.recv_timeout(LONG).unwrap();
            }
            peer.say("200 ok\r\n");
            if mode == "TYPE A" {
                peer.retrieve("a").write_all(b"x\r\n").unwrap();
                peer.say("226 done\r\n");
            }
        }
    });
    let mut text = binary();
    text.mode = TransferMode::Ascii;
    assert!(ftp.download_to("a", &mut Vec::new(), &text, go_on).ok());
    let mut transfer = ftp.begin_download_to("a", io::sink(), &binary());
    assert!(transfer.poll().is_not_ready());
    transfer.cancel();
    cancelled.send(()).unwrap();
    assert_eq!(finish(&mut transfer).unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(ftp.download_to("a", &mut Vec::new(), &text, go_on).ok());
    script.join();
}

/// What waits for an answer alone is not woken by the limits of a data connection.
#[test]
fn a_transfer_that_waits_for_an_answer_sleeps_until_it_comes() {
    for is_cancelled in [true, false] {
        let (heard, is_heard) = mpsc::channel();
        let (answer, may_answer) = mpsc::channel();
        let mut options = FtpOptions::default();
        options.connect_limit = Some(Duration::from_millis(500));
        let (mut ftp, script) = play_to(options, move |peer| {
            peer.answer("TYPE I", "200 ok\r\n");
            let listener = peer.passive();
            let mut data = accept(&listener);
            if is_cancelled {
                peer.answer("RETR a", "150 here\r\n");
                data.write_all(b"x").unwrap();
            }
            assert_eq!(peer.hear(), if is_cancelled { "ABOR" } else { "REST 5" });
            heard.send(()).unwrap();
            may_answer.recv_timeout(LONG).unwrap();
            peer.try_say("500 what?\r\n");
            peer.drain();
        });
        let mut whole = binary();
        whole.offset = if is_cancelled { 0 } else { 5 };
        let mut transfer = ftp.begin_download_to("a", io::sink(), &whole);
        let deadline = Instant::now() + LONG;
        let sleeps = loop {
            assert!(transfer.poll().is_not_ready() && Instant::now() < deadline);
            let sleeps = transfer.wakes_in();
            if is_heard.try_recv().is_ok() {
                break sleeps;
            }
            if is_cancelled && transfer.progress().transferred > 0 {
                transfer.cancel();
            }
        };
        assert!(sleeps.is_some_and(|sleeps| sleeps > Duration::from_secs(1)), "{sleeps:?} {is_cancelled}");
        answer.send(()).unwrap();
        drop(transfer);
        script.join();
    }
}

#[test]
fn poll_never_waits_and_silence_ends_it() {
    let (mut ftp, script) = play_to(impatient(), |peer| {
        assert_eq!(peer.hear(), "TYPE I");
        peer.drain();
    });
    let mut transfer = ftp.begin_download_to("a", io::sink(), &binary());
    let begun = Instant::now();
    let mut times = Vec::new();
    let error = loop {
        let before = Instant::now();
        let status = transfer.poll();
        times.push(before.elapsed());
        if !status.is_not_ready() {
            break status.error().unwrap();
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert_eq!(error.to_string(), "the peer's silence did not end within 300ms");
    // The machine may hold one of them up.
    times.sort_unstable();
    assert!(begun.elapsed() < LONG && times[times.len() / 2] < Duration::from_millis(100), "{times:?}");
    assert!(!ftp.keep_alive().ok());
    script.join();
}

#[test]
fn both_directions_go_on_until_they_are_whole() {
    for (no_appe, no_rest) in [(false, false), (true, false), (false, true)] {
        let dies_after = if no_rest { None } else { Some(300_001) };
        let server = Server::start(Habits { dies_after, no_appe, no_rest, ..Habits::default() });
        let bytes = content(1_000_000);
        server.put("a", &bytes);
        let local = Folder::new();
        fs::write(local.0.join("up"), &bytes).unwrap();
        fs::write(local.0.join("down.part"), &bytes[..10]).unwrap();
        fs::write(local.0.join("down.part.id"), "1000000 20260101000000\n").unwrap();
        let mut options = binary();
        options.resume = FtpResume::IfPossible;
        for (attempts, upload) in [(4, true), (4, false)] {
            let attempts = if no_rest { 1 } else { attempts };
            for attempt in 1..=attempts {
                let mut ftp = server.client();
                let mut transfer = match upload {
                    true => ftp.begin_upload(local.0.join("up"), "b", &options),
                    false => ftp.begin_download("a", local.0.join("down"), &options),
                };
                let outcome = finish(&mut transfer);
                assert_eq!(outcome.is_ok_and(|response| response.ok()), attempt == attempts, "{attempt} {upload}");
            }
        }
        assert!(server.get("b") == bytes && local.read("down") == bytes);
        assert_eq!(local.names(), ["down", "up"]);
        let again = finish(&mut server.client().begin_upload(local.0.join("up"), "b", &options)).unwrap();
        assert_eq!(again.status(), FtpStatus::FILE_STATUS, "it was there already");
    }
}
