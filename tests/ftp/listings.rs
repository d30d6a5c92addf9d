//! Listings of every kind.

use std::{
    io::Write,
    time::{Duration, UNIX_EPOCH},
};

use sockeye::{ErrorKind, FtpEntryKind, FtpOptions, FtpStatus};

use crate::{
    folder::{Habits, Server},
    script::play_to,
};

#[test]
fn entries_come_from_mlsd_or_from_list() {
    for no_mlsd in [false, true] {
        let server = Server::start(Habits { no_mlsd, ..Habits::default() });
        server.put("sub/a b", b"123");
        server.put("sub/dir/x", b"");
        server.put("sub/\u{e9}", b"");
        let mut ftp = server.client();
        for _ in 0..2 {
            let entries = ftp.entries("sub").unwrap();
            let shown: Vec<_> = entries.iter().map(|entry| (entry.name.as_str(), entry.kind)).collect();
            assert_eq!(
                shown,
                [("a b", FtpEntryKind::File), ("dir", FtpEntryKind::Directory), ("\u{e9}", FtpEntryKind::File),]
            );
            assert_eq!(entries[0].size, Some(3));
            assert_eq!(entries[0].modified, Some(UNIX_EPOCH + Duration::from_secs(1_767_225_600)));
            assert_eq!(entries[0].permissions.as_deref(), Some("rw-r--r--"));
        }
        let expected: &[&str] = match no_mlsd {
            false => &["FEAT", "OPTS", "EPSV", "MLSD", "EPSV", "MLSD"],
            true => &["FEAT", "OPTS", "EPSV", "MLSD", "EPSV", "LIST", "EPSV", "LIST"],
        };
        assert_eq!(server.commands(), expected);
        let error = ftp.entries("nowhere").unwrap_err();
        assert_eq!(error.to_string(), "the peer answered 550 no such folder");
        assert!(ftp.entries("sub/dir").unwrap().len() == 1);
    }
}

#[test]
fn names_need_no_particular_line_ends() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("FEAT", "500 what?\r\n");
        peer.list("NLST", "a\nb\r\n\r\nc");
        peer.list("NLST x", "");
        let listener = peer.passive();
        peer.answer("NLST y", "550 no files found\r\n");
        drop(listener);
    });
    assert_eq!(ftp.directory_listing("").filenames(), ["a", "b", "c"]);
    let empty = ftp.directory_listing("x");
    assert!(empty.ok() && empty.filenames().is_empty());
    let none = ftp.directory_listing("y");
    assert_eq!((none.status(), none.filenames().len()), (FtpStatus::FILE_UNAVAILABLE, 0));
    script.join();
}

#[test]
fn a_hundred_thousand_names_are_listed() {
    let names: String = (0..100_000).map(|number| format!("file-{number:06}\r\n")).collect();
    let (mut ftp, script) = play_to(FtpOptions::default(), move |peer| {
        peer.answer("FEAT", "500 what?\r\n");
        peer.list("NLST", names);
    });
    let listing = ftp.directory_listing("");
    assert_eq!(listing.filenames().len(), 100_000);
    assert_eq!(listing.filenames()[99_999], "file-099999");
    script.join();
}

#[test]
fn the_limit_of_a_listing_is_allowed_and_one_more_is_not() {
    let mut options = FtpOptions::default();
    options.listing_limit = 1000;
    let (mut ftp, script) = play_to(options, |peer| {
        peer.answer("FEAT", "500 what?\r\n");
        peer.list("NLST", "x".repeat(1000));
        let mut data = peer.open("NLST", "150 here\r\n");
        data.write_all("x".repeat(1001).as_bytes()).unwrap();
        peer.answer("ABOR", "426 aborted\r\n226 as you wish\r\n");
        peer.answer("NOOP", "200 settled\r\n");
        peer.answer("NOOP", "200 in step\r\n");
    });
    assert_eq!(ftp.directory_listing("").filenames()[0].len(), 1000);
    let listing = ftp.directory_listing("");
    assert_eq!(listing.error().unwrap().to_string(), "a listing of 1001 bytes is longer than the limit of 1000");
    assert_eq!(ftp.keep_alive().message(), "in step");
    script.join();
}

#[test]
fn a_listing_that_cannot_be_read_is_no_empty_folder() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("FEAT", "500 what?\r\n");
        peer.list("MLSD", "garbage\r\n");
        peer.answer("NOOP", "200 in step\r\n");
    });
    assert_eq!(ftp.entries("").unwrap_err().kind(), ErrorKind::Malformed);
    assert!(ftp.keep_alive().ok());
    script.join();
}

/// A program may take an empty folder for a reason to remove what it has of it.
#[test]
fn a_list_that_cannot_be_read_is_no_empty_folder() {
    for listing in [
        "ls: cannot open directory '.': Permission denied\r\n",
        "total 4\r\n-rw-r--r-- 1 u g 5 5. Nov 2019 a\r\n",
        "-rw-r--r-- 1 u g 5 Nov 05  2019 a\r\n-rw-r--r-- 1 u g 5 5. Nov 2019 b\r\n",
    ] {
        let (mut ftp, script) = play_to(FtpOptions::default(), move |peer| {
            peer.answer("FEAT", "500 what?\r\n");
            let listener = peer.passive();
            peer.answer("MLSD", "500 what?\r\n");
            drop(listener);
            peer.list("LIST", listing);
            peer.answer("NOOP", "200 in step\r\n");
        });
        let entries = ftp.entries("");
        assert_eq!(entries.as_ref().map_err(sockeye::Error::kind), Err(ErrorKind::Malformed), "{listing}");
        assert!(ftp.keep_alive().ok());
        script.join();
    }
}

#[test]
fn a_folder_that_looks_like_an_option_is_none() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("FEAT", "500 what?\r\n");
        let listener = peer.passive();
        peer.answer("MLSD -R", "500 what?\r\n");
        drop(listener);
        peer.list("LIST ./-R", "-rw-r--r-- 1 u g 5 Nov 05  2019 a\r\n");
    });
    assert_eq!(ftp.entries("-R").unwrap()[0].name, "a");
    script.join();
}

/// vsftpd answers so.
#[test]
fn an_empty_list_of_a_folder_that_is_not_there_is_a_refusal() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("FEAT", "502 what\r\n");
        let _unused = peer.passive();
        peer.answer("MLSD gone", "500 what\r\n");
        for answer in ["550 no such folder\r\n", "250 there\r\n"] {
            peer.list("LIST gone", "");
            peer.answer("PWD", "257 \"/home\"\r\n");
            peer.answer("CWD gone", answer);
        }
        peer.answer("CWD /home", "250 back\r\n");
        // The working folder is there.
        peer.list("LIST", "");
    });
    let refused = ftp.entries("gone").unwrap_err();
    assert_eq!(refused.to_string(), "the peer answered 550 no such folder");
    assert_eq!(ftp.entries("gone").unwrap(), []);
    assert_eq!(ftp.entries("").unwrap(), []);
    script.join();
}
