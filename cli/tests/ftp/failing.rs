//! Failures: the exit status and the one line.

use std::time::Duration;

use crate::{
    program::{Folder, run, run_into_limit},
    script::{Peer, free_port, serve},
};

#[test]
fn a_server_that_is_not_there_is_one_line() {
    let said = run(&["ls", &format!("ftp://127.0.0.1:{}/", free_port())]).failure(1);
    assert!(said.starts_with("the connection was refused"), "{said}");
    let said = run(&["ls", "ftp://no-such-host.invalid/"]).failure(1);
    assert!(said.starts_with("no address found for \"no-such-host.invalid\""), "{said}");
}

#[test]
fn what_is_no_url_is_one_line_without_the_password() {
    for url in ["h/x", "http://h/x", "ftp://joe:hunter2@/x", "ftp://h:99999/x", "ftp://h/%0D%0ADELE x", ""] {
        let said = run(&["cat", url]).failure(1);
        assert!(said.starts_with("expected ") && !said.contains("hunter2"), "{url:?}: {said}");
    }
}

#[test]
fn what_a_server_says_does_nothing_to_a_terminal() {
    let server = serve(|door| door.accept().send("421-\x1b[31mred\r\n421 go away\r\n"));
    let said = run(&["ls", &format!("ftp://127.0.0.1:{}/", server.port)]).failure(1);
    assert_eq!(said, "the peer answered 421 \\u{1b}[31mred\\ngo away");
    server.end();
    let server = serve(|door| door.accept().send("HTTP/1.1 400 Bad Request\r\n\r\n"));
    let said = run(&["ls", &format!("ftp://127.0.0.1:{}/", server.port)]).failure(1);
    assert!(said.starts_with("expected "), "{said}");
    server.end();
}

#[test]
fn a_server_that_wants_an_account_is_told_or_left() {
    let folder = Folder::new("account");
    let script = || {
        serve(|door| {
            let mut peer = door.accept();
            peer.send("220 ready\r\n");
            peer.answer("USER joe", "331 who says so");
            peer.answer("PASS x", "332 which account");
            // It may leave instead.
            let mut rest = [0; 10];
            let heard = std::io::Read::read(&mut peer.stream, &mut rest).unwrap_or_default();
            peer.stream.set_nonblocking(false).unwrap();
            if heard > 0 {
                peer.send("230 welcome\r\n");
                peer.answer("DELE f", "250 gone");
                peer.answer("QUIT", "221 bye");
            }
            String::from_utf8_lossy(&rest[..heard]).into_owned()
        })
    };
    let server = script();
    let said = run(&["rm", &format!("ftp://joe:x@127.0.0.1:{}/f", server.port)]).failure(1);
    assert!(said.starts_with("the server wants an account") && said.ends_with("332 which account"), "{said}");
    assert_eq!(server.end(), "");
    let server = script();
    let netrc = folder.write("netrc", "machine 127.0.0.1 login joe account abc");
    run(&["rm", "--netrc-file", &netrc, &format!("ftp://joe:x@127.0.0.1:{}/f", server.port)]).output();
    assert_eq!(server.end(), "ACCT abc\r\n");
}

#[test]
fn max_time_ends_whatever_takes_longer() {
    let folder = Folder::new("max_time");
    let silent = |peer: &mut Peer| peer.wait_for_the_end();
    let no_reply = |peer: &mut Peer| {
        peer.log_in();
        peer.wait_for_the_end();
    };
    let endless = |peer: &mut Peer| {
        peer.log_in();
        peer.answer("TYPE I", "200 ok");
        let listener = peer.passive();
        peer.answer("RETR file", "150 here");
        let mut data = listener.accept().unwrap().0;
        while std::io::Write::write_all(&mut data, b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    let servers: [fn(&mut Peer); 3] = [silent, no_reply, endless];
    for script in servers {
        let server = serve(move |door| script(&mut door.accept()));
        let url = format!("ftp://127.0.0.1:{}/file", server.port);
        let said = run_into_limit(&["get", "-o", &folder.path("file"), &url]);
        assert_eq!(said, "the exchange did not end within 400ms");
        server.end();
        assert_eq!(folder.names(), [""; 0]);
    }
}

#[test]
fn a_wrong_command_line_is_code_two() {
    for arguments in [
        &[][..],
        &["steal", "ftp://h/x"],
        &["get"],
        &["get", "-r", "ftp://h/x"],
        &["get", "ftp://h/x", "folder"],
        &["get", "-r", "ftp://h/x", "folder", "-o", "x"],
        &["get", "-r", "ftp://h/x", "folder", "--resume"],
        &["get", "--resume", "-o", "-", "ftp://h/x"],
        &["get", "--mode", "image", "ftp://h/x"],
        &["get", "-P", "0", "ftp://h/x"],
        &["get", "-P", "65", "ftp://h/x"],
        &["put", "x"],
        &["put", "-r", "--resume", "x", "ftp://h/x"],
        &["ls", "--long", "--json", "ftp://h/"],
        &["ls", "--max-time", "0", "ftp://h/"],
        &["ls", "--tls", "perhaps", "ftp://h/"],
        &["cat", "--pin", "x", "--insecure", "ftps://h/"],
        &["mv", "ftp://h/x"],
        &["sync", "x"],
        &["serve"],
        &["serve", "--user", "joe", "."],
        &["serve", "--bind", "0.0.0.0", "--write", "."],
    ] {
        run(arguments).assert_wrong_usage(arguments);
    }
}

#[test]
fn help_has_examples_and_exit_statuses() {
    let parts = ["Examples:\n  sockeye ftp get ", "Exit status:\n  0 ", "\n  130 ", "SOCKEYE_FTP_PASSWORD"];
    run(&["--help"]).assert_help(&parts);
}
