//! Commands and their answers.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use sockeye::{ErrorKind, Ftp, FtpObserver, FtpOptions, FtpStatus};

use crate::{
    folder::{Habits, Server},
    script::{impatient, play, play_to},
    support::{self, Family, V4},
};

#[test]
fn a_client_that_is_not_connected_says_so() {
    let mut ftp = Ftp::new();
    for response in [ftp.keep_alive(), ftp.login_anonymous(), ftp.disconnect(), ftp.change_directory("/")] {
        assert_eq!(response.status(), FtpStatus::CONNECTION_CLOSED);
        assert_eq!(response.error().unwrap().kind(), ErrorKind::Disconnected);
    }
    assert_eq!(ftp.working_directory().directory(), "");
    assert!(!ftp.is_connected());
}

#[test]
fn a_server_that_is_not_there_is_a_failed_connection() {
    let port = V4::refusing_address();
    let mut ftp = Ftp::new();
    let response = ftp.connect("127.0.0.1", port);
    assert_eq!(response.status(), FtpStatus::CONNECTION_FAILED);
    assert_eq!(response.error().unwrap().kind(), ErrorKind::Refused);
    let response = ftp.connect_timeout("127.0.0.1", port, Duration::from_secs(5));
    assert_eq!(response.error().unwrap().kind(), ErrorKind::Refused);
}

#[test]
fn every_command_of_the_surface_works_on_both_families() {
    for address in support::loopbacks() {
        let server = Server::start_on(&address.to_string(), Habits::default());
        let mut ftp = Ftp::new();
        assert_eq!(ftp.connect(&address.to_string(), server.at.port()).message(), "a folder");
        assert_eq!(ftp.login("joe", "wrong").status(), FtpStatus::NOT_LOGGED_IN);
        assert_eq!(ftp.login_anonymous().status(), FtpStatus::LOGGED_IN);
        assert_eq!(ftp.keep_alive().status(), FtpStatus::OK);
        assert_eq!(ftp.working_directory().directory(), "/");
        assert!(ftp.create_directory("a \"b\" \u{e9}").ok());
        assert!(ftp.change_directory("a \"b\" \u{e9}").ok());
        assert_eq!(ftp.working_directory().directory(), "/a \"b\" \u{e9}");
        server.put("a \"b\" \u{e9}/x", b"123");
        assert_eq!(ftp.size("x").unwrap(), 3);
        assert!(ftp.rename_file("x", "y").ok());
        assert_eq!(ftp.rename_file("x", "z").status(), FtpStatus::FILE_UNAVAILABLE);
        assert_eq!(ftp.directory_listing("").filenames(), ["y"]);
        assert_eq!(ftp.modified("y").unwrap(), UNIX_EPOCH + Duration::from_secs(1_767_225_600));
        assert!(ftp.set_modified("y", UNIX_EPOCH + Duration::from_millis(1999)).ok());
        let modified = server.root.join("a \"b\" \u{e9}/y").metadata().unwrap().modified().unwrap();
        assert_eq!(modified, UNIX_EPOCH + Duration::from_secs(1));
        assert!(ftp.delete_file("y").ok());
        assert!(!ftp.delete_file("y").ok());
        assert!(ftp.parent_directory().ok());
        assert!(ftp.delete_directory("a \"b\" \u{e9}").ok());
        assert!(ftp.features().unwrap().has("UTF8"));
        assert_eq!(ftp.send_command("SITE", "CHMOD 644 x").status(), FtpStatus::COMMAND_NOT_IMPLEMENTED);
        let bye = ftp.disconnect();
        assert_eq!((bye.status(), bye.message()), (FtpStatus::CLOSING_CONNECTION, "bye"));
        assert!(!ftp.is_connected());
    }
}

#[test]
fn what_is_no_command_is_refused_before_anything_is_sent() {
    let server = Server::start(Habits::default());
    let mut ftp = server.client();
    let bad = "x\r\nDELE y";
    for response in [
        ftp.change_directory(bad),
        ftp.delete_file("a\0"),
        ftp.rename_file("x", bad),
        ftp.rename_file(bad, "x"),
        ftp.send_command("NOOP\r\nQUIT", ""),
        ftp.send_command("", ""),
        ftp.login(bad, "x"),
        ftp.download_to(bad, &mut Vec::new(), &crate::script::binary(), |_| panic!("begun")),
        ftp.set_modified(bad, UNIX_EPOCH),
        ftp.set_modified("x", UNIX_EPOCH - Duration::from_secs(1)),
    ] {
        assert_eq!(response.error().unwrap().kind(), ErrorKind::InvalidInput, "{response:?}");
        assert_eq!(response.status(), FtpStatus::INVALID_RESPONSE);
    }
    assert_eq!(ftp.entries(bad).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(ftp.size(bad).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert!(ftp.keep_alive().ok());
    let sent = server.commands();
    assert!(sent.iter().all(|command| ["TYPE", "FEAT", "OPTS", "NOOP"].contains(&command.as_str())), "{sent:?}");
}

#[test]
fn an_account_is_given_when_it_is_asked_for() {
    let mut options = FtpOptions::default();
    options.account = Some("lab".into());
    let (mut ftp, script) = play_to(options, |peer| {
        peer.answer("USER joe", "331 password?\r\n");
        peer.answer("PASS secret", "332 account?\r\n");
        peer.answer("ACCT lab", "230 welcome\r\n");
        peer.answer("USER ann", "332 account?\r\n");
        peer.answer("ACCT lab", "202 no need\r\n");
        peer.answer("USER guest", "230 at once\r\n");
        peer.answer("USER eve", "336 [chall] password?\r\n");
        peer.answer("PASS 12345", "530 not PASS 12345\r\n");
    });
    assert_eq!(ftp.login("joe", "secret").status(), FtpStatus::LOGGED_IN);
    assert_eq!(ftp.login("ann", "").status(), FtpStatus::POINTLESS_COMMAND);
    assert_eq!(ftp.login("guest", "unused").message(), "at once");
    let refused = ftp.login("eve", "12345");
    assert_eq!((refused.status(), refused.message()), (FtpStatus::NOT_LOGGED_IN, "not PASS ****"));
    script.join();

    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("USER joe", "331 password?\r\n");
        peer.answer("PASS secret", "332 account?\r\n");
        peer.answer("ACCT lab", "230 welcome\r\n");
    });
    assert_eq!(ftp.login("joe", "secret").status(), FtpStatus::NEED_ACCOUNT_TO_LOG_IN);
    assert_eq!(ftp.account("lab").status(), FtpStatus::LOGGED_IN);
    script.join();
}

#[test]
fn a_password_is_in_no_debug_output() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("USER joe", "331 password?\r\n");
        peer.answer("PASS hunter2", "500 PASS hunter2?\r\n");
    });
    let response = ftp.login("joe", "hunter2");
    let shown = format!("{ftp:?} {response:?}");
    let shown = format!("{shown} {}", response.into_result().unwrap_err());
    assert!(!shown.contains("hunter2"), "{shown}");
    script.join();
}

#[test]
fn the_whole_reply_is_given() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("HELP", "214-The following:\r\n USER PASS\r\n214-and more\r\n214 Help OK.\r\n");
        peer.answer("STAT", "211\r\n");
        peer.answer("NOOP", "299 some new number\r\n");
        peer.answer("SITE long", "120 wait\r\n120 more\r\n200 done\r\n");
    });
    let help = ftp.send_command("HELP", "");
    assert_eq!(help.status(), FtpStatus::HELP_MESSAGE);
    assert_eq!(help.message(), "The following:\n USER PASS\nand more\nHelp OK.");
    assert_eq!(ftp.send_command("STAT", "").message(), "");
    assert_eq!(ftp.keep_alive().status().code(), 299);
    assert_eq!(ftp.send_command("SITE", "long").message(), "done");
    script.join();
}

#[test]
fn a_type_is_set_again_after_what_has_reset_it() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        for command in ["", "type A", "USER joe", "REIN", "Auth X"] {
            if !command.is_empty() {
                peer.answer(command, "230 ok\r\n");
            }
            peer.answer("TYPE I", "200 ok\r\n");
            for _ in 0..2 {
                peer.answer("SIZE a", "213 7\r\n");
            }
        }
    });
    for (command, parameter) in [("", ""), ("type", "A"), ("USER", "joe"), ("REIN", ""), ("Auth", "X")] {
        if !command.is_empty() {
            assert!(ftp.send_command(command, parameter).ok());
        }
        for _ in 0..2 {
            assert_eq!(ftp.size("a").unwrap(), 7);
        }
    }
    script.join();
}

#[test]
fn names_and_features_are_asked_for_again_after_a_new_beginning() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        for _ in 0..2 {
            peer.answer("FEAT", "211-with\r\n UTF8\r\n211 end\r\n");
            peer.answer("OPTS UTF8 ON", "200 ok\r\n");
            peer.answer("CWD \u{e9}", "250 ok\r\n");
            peer.answer("REIN", "220 ready\r\n");
        }
    });
    for _ in 0..2 {
        assert!(ftp.change_directory("\u{e9}").ok());
        assert!(ftp.send_command("REIN", "").ok());
    }
    script.join();
}

/// RFC 959, 4.1.3: the new name comes at once behind the old one.
#[test]
fn names_are_agreed_on_before_a_file_is_renamed() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("FEAT", "211-with\r\n UTF8\r\n211 end\r\n");
        peer.answer("OPTS UTF8 ON", "200 ok\r\n");
        peer.answer("RNFR a", "350 to what\r\n");
        peer.answer("RNTO \u{e9}", "250 ok\r\n");
        peer.ends();
    });
    assert!(ftp.rename_file("a", "\u{e9}").ok());
    drop(ftp);
    script.join();
}

#[test]
fn a_name_that_is_not_asked_for_is_not_given() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        peer.answer("RNFR x", "250 ok\r\n");
        peer.answer("NOOP", "200 ok\r\n");
    });
    let renamed = ftp.rename_file("x", "y");
    assert_eq!(renamed.error().unwrap().kind(), ErrorKind::Malformed);
    assert!(!renamed.ok());
    assert!(ftp.keep_alive().ok());
    script.join();
}

#[test]
fn replies_may_come_a_byte_at_a_time() {
    let (mut ftp, script) = play_to(FtpOptions::default(), |peer| {
        assert_eq!(peer.hear(), "USER joe");
        for byte in b"230-Welcome\r\n100 users online\r\n230 ok\r\n" {
            peer.say([*byte]);
        }
        peer.answer("NOOP", "200 in step\r\n");
    });
    assert_eq!(ftp.login("joe", "").message(), "Welcome\n100 users online\nok");
    assert_eq!(ftp.keep_alive().message(), "in step");
    script.join();
}

#[test]
fn a_greeting_may_be_late_or_a_refusal() {
    let script = play(|peer| peer.say("120 in a minute\r\n220 ready\r\n"));
    let mut ftp = Ftp::new();
    assert_eq!(ftp.connect("127.0.0.1", script.port).message(), "ready");
    script.join();

    let script = play(|peer| {
        peer.say("421 too many users\r\n");
        peer.ends();
    });
    let response = ftp.connect("127.0.0.1", script.port);
    assert_eq!((response.status(), response.message()), (FtpStatus::SERVICE_UNAVAILABLE, "too many users"));
    assert!(!ftp.is_connected());
    script.join();
}

#[test]
fn names_in_latin_1_come_back_as_they_are() {
    let mut options = FtpOptions::default();
    options.encoding = sockeye::FtpEncoding::Latin1;
    let (mut ftp, script) = play_to(options, |peer| {
        peer.say(b"");
        let mut line = Vec::new();
        peer.hear_bytes(&mut line);
        assert_eq!(line, b"CWD caf\xe9\xff\xff\r\n");
        peer.say(b"250 \"caf\xe9\xff\xff\"\r\n");
    });
    let response = ftp.change_directory("caf\u{e9}\u{ff}");
    assert_eq!(response.message(), "\"caf\u{e9}\u{ff}\"");
    script.join();
}

#[test]
fn a_silent_server_ends_the_session_and_not_the_program() {
    let begun = SystemTime::now();
    let (mut ftp, script) = play_to(impatient(), |peer| {
        assert_eq!(peer.hear(), "NOOP");
        peer.ends();
    });
    let response = ftp.keep_alive();
    assert_eq!(response.error().unwrap().to_string(), "the peer's silence did not end within 300ms");
    // The late reply cannot be taken for the next one's: there is no session any more.
    assert_eq!(ftp.keep_alive().status(), FtpStatus::CONNECTION_CLOSED);
    script.join();
    assert!(begun.elapsed().unwrap() < support::LONG);
}

#[test]
fn a_folder_is_made_unless_it_is_there() {
    let server = Server::start(Habits::default());
    let mut ftp = server.client();
    for _ in 0..2 {
        let made = ftp.ensure_directory("a");
        assert!(made.ok(), "{made:?}");
    }
    assert_eq!(server.commands(), ["MKD", "MKD", "PWD", "CWD", "CWD"]);
    assert_eq!(ftp.working_directory().directory(), "/");
    let refused = ftp.ensure_directory("no/a");
    assert_eq!((refused.status(), refused.message()), (FtpStatus::FILE_UNAVAILABLE, "no"));
}

#[test]
fn a_session_can_be_heard_without_its_passwords() {
    let server = Server::start(Habits::default());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let mut options = FtpOptions::default();
    options.observer = Some(FtpObserver::new(move |line| ear.lock().unwrap().push(format!("{line:?}"))));
    let mut ftp = Ftp::with_options(options);
    ftp.connect("127.0.0.1", server.at.port()).into_result().unwrap();
    assert!(!ftp.login("joe", "hunter2").ok());
    assert!(ftp.disconnect().ok());
    assert_eq!(
        *heard.lock().unwrap(),
        [
            "Reply { code: 220, text: \"a folder\" }",
            "Command(\"USER joe\")",
            "Reply { code: 331, text: \"who says so?\" }",
            "Command(\"PASS ****\")",
            "Reply { code: 530, text: \"no\" }",
            "Command(\"QUIT\")",
            "Reply { code: 221, text: \"bye\" }",
        ]
    );
}
