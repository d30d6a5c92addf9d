//! Parts of files: what is there stays until the server sends something else.

use std::{fs, io::Write};

use sockeye::{ErrorKind, Ftp, FtpOptions, FtpResponse, FtpStatus};

use crate::{
    files::{go_on, resuming},
    local_folder::Folder,
    polled::finish,
    script::{Peer, accept, play_to},
};

/// A folder with four of ten bytes.
fn begun() -> Folder {
    let local = Folder::new();
    fs::write(local.0.join("a.part"), b"0123").unwrap();
    fs::write(local.0.join("a.part.id"), ID).unwrap();
    local
}

/// Tells that nothing has become of the part.
fn assert_begun(local: &Folder) {
    assert_eq!(local.names(), ["a.part", "a.part.id"]);
    assert_eq!((local.read("a.part"), local.read("a.part.id")), (b"0123".to_vec(), ID.as_bytes().to_vec()));
}

/// Downloads the file in either way.
fn download(ftp: &mut Ftp, local: &Folder, is_polled: bool) -> FtpResponse {
    let path = local.0.join("a");
    if is_polled {
        return finish(&mut ftp.begin_download("a", path, &resuming())).unwrap();
    }
    ftp.download_file("a", path, &resuming(), go_on)
}

/// Plays what comes before a download that goes on.
fn ask(peer: &mut Peer, size: &str, time: &str) {
    peer.answer("SIZE a", format!("{size}\r\n"));
    peer.answer("MDTM a", format!("{time}\r\n"));
}

#[test]
fn a_part_outlives_the_session_that_ends_between_the_questions() {
    for is_polled in [false, true] {
        let local = begun();
        let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
            peer.answer("TYPE I", "200 ok\r\n");
            ask(peer, "213 10", "421 shutting down");
        });
        let response = download(&mut ftp, &local, is_polled);
        assert_eq!((response.status(), response.message()), (FtpStatus::SERVICE_UNAVAILABLE, "shutting down"));
        assert_begun(&local);
        script.join();

        let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
            peer.answer("TYPE I", "200 ok\r\n");
            peer.answer("SIZE a", "213 10\r\n");
            assert_eq!(peer.hear(), "MDTM a");
        });
        let path = local.0.join("a");
        let ended = match is_polled {
            true => finish(&mut ftp.begin_download("a", path, &resuming())),
            false => ftp.download_file("a", path, &resuming(), go_on).into_result(),
        };
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::Disconnected);
        assert_begun(&local);
        script.join();
    }
}

#[test]
fn a_part_outlives_a_file_that_cannot_be_had_for_the_moment() {
    for is_polled in [false, true] {
        let local = begun();
        let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
            peer.answer("TYPE I", "200 ok\r\n");
            for refusal in ["450 busy", "550 not now"] {
                ask(peer, refusal, refusal);
                let _listener = peer.passive();
                peer.answer("RETR a", format!("{refusal}\r\n"));
            }
            ask(peer, "213 10", "213 20260101000000");
            let listener = peer.passive();
            peer.answer("REST 4", "350 from there\r\n");
            peer.answer("RETR a", "150 here\r\n");
            accept(&listener).write_all(b"456789").unwrap();
            peer.say("226 done\r\n");
        });
        for message in ["busy", "not now"] {
            assert_eq!(download(&mut ftp, &local, is_polled).message(), message);
            assert_begun(&local);
        }
        let response = download(&mut ftp, &local, is_polled);
        assert!(response.ok(), "{response:?}");
        assert_eq!(local.read("a"), b"0123456789");
        assert_eq!(local.names(), ["a"]);
        script.join();
    }
}

#[test]
fn a_refusal_leaves_nothing_where_nothing_was() {
    for is_polled in [false, true] {
        // As an earlier one of these may have left it.
        for is_there in [false, true] {
            let local = Folder::new();
            if is_there {
                fs::write(local.0.join("a.part"), b"").unwrap();
                fs::write(local.0.join("a.part.id"), ID).unwrap();
            }
            let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
                peer.answer("TYPE I", "200 ok\r\n");
                ask(peer, "213 10", "213 20260101000000");
                let _listener = peer.passive();
                peer.answer("RETR a", "550 not now\r\n");
            });
            assert_eq!(download(&mut ftp, &local, is_polled).message(), "not now");
            assert_eq!(local.names(), [""; 0]);
            script.join();
        }
    }
}

#[test]
fn a_part_of_something_else_goes_when_the_file_comes() {
    for is_polled in [false, true] {
        for bytes in ["", "another"] {
            let local = begun();
            let (mut ftp, script) = play_to(FtpOptions::default(), move |peer| {
                peer.answer("TYPE I", "200 ok\r\n");
                ask(peer, "450 busy", "450 busy");
                peer.retrieve("a").write_all(bytes.as_bytes()).unwrap();
                peer.say("226 done\r\n");
            });
            let response = download(&mut ftp, &local, is_polled);
            assert!(response.ok(), "{response:?}");
            assert_eq!(local.read("a"), bytes.as_bytes());
            assert_eq!(local.names(), ["a"]);
            script.join();
        }
    }
}

const ID: &str = "10 20260101000000\n";
