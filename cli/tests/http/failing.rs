//! Failures: the exit status, the one line, and nothing left behind.

use std::{
    io::{Read as _, Write as _},
    process::Stdio,
};

use crate::{
    process::Process,
    program::{Folder, Running, command, run, run_into_limit},
    server::{Peer, answer, free_port, response, serve},
};

#[test]
fn fail_makes_22_of_a_status_from_400_on_and_writes_nothing() {
    let folder = Folder::new("fail");
    for (status, said) in [("404 Not Found", "404 Not Found"), ("400 ", "400 Bad Request"), ("599 Odd", "599")] {
        let server = answer(response(status, "", "no such page"));
        assert_eq!(run(&["--fail", &server.url("/")]).failure(22), format!("the server answered {said}"));
        server.end();
        let server = answer(response(status, "", "no such page"));
        run(&["--fail", "-o", &folder.path("page"), &server.url("/")]).failure(22);
        server.end();
        assert_eq!(folder.names(), [""; 0]);
    }
    let server = answer(response("399 Odd", "", "fine"));
    assert_eq!(run(&["--fail", &server.url("/")]).output(), b"fine");
    server.end();
}

#[test]
fn a_body_that_is_cut_is_no_file() {
    let folder = Folder::new("cut");
    let cuts = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.", "after 10 of 100 bytes"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nten bytes.", "closed the connection"),
        ("HTTP/1.1 200 OK\r\nContent-Len", "closed the connection"),
    ];
    for (cut, said) in cuts {
        let server = answer(cut);
        let found = run(&["-o", &folder.path("page"), &server.url("/")]).failure(1);
        assert!(found.contains(said), "{found}");
        server.end();
        assert_eq!(folder.names(), [""; 0]);
    }
    // On standard output there is what came.
    let server = answer(cuts[0].0);
    let outcome = run(&[&server.url("/")]);
    assert_eq!((outcome.code, outcome.stdout.as_slice()), (Some(1), &b"ten bytes."[..]), "{}", outcome.stderr);
    server.end();
}

#[test]
fn what_is_no_http_is_one_line_without_what_a_terminal_would_obey() {
    let server = answer("220 \x1b[31mftp ready\r\n\r\n");
    assert!(run(&[&server.url("/")]).failure(1).starts_with("expected "));
    server.end();
    let server = answer("HTTP/1.1 404 \x1b[31mred\r\nContent-Length: 0\r\n\r\n");
    let said = run(&["--fail", &server.url("/")]);
    assert!(!said.stderr.contains('\x1b'), "{said:?}");
    server.end();
}

#[test]
fn a_server_that_is_not_there_is_one_line() {
    let said = run(&[&format!("http://127.0.0.1:{}/", free_port())]).failure(1);
    assert!(said.starts_with("the connection was refused"), "{said}");
    let said = run(&["http://no-such-host.invalid/"]).failure(1);
    assert!(said.starts_with("no address found for \"no-such-host.invalid\""), "{said}");
}

#[test]
fn what_is_no_url_is_one_line() {
    for url in ["http://", "ftp://127.0.0.1/", "http://127.0.0.1:99999/", "http://a b/", "http://h/\r\nX: y", ""] {
        let said = run(&[url]).failure(1);
        assert!(said.starts_with("expected "), "{url:?}: {said}");
    }
}

/// A disk that is full, whether the program has opened it itself or not.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_one_line() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let server = answer(response("200 OK", "", "hello"));
    let output = command(&[&server.url("/")]).stdout(full).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.starts_with("sockeye: http: standard output: No space left"), "{said}");
    server.end();
    let server = answer(response("200 OK", "", "hello"));
    let said = run(&["-o", "/dev/full", &server.url("/")]).failure(1);
    assert!(said.starts_with("\"/dev/full\": No space left"), "{said}");
    server.end();
}

#[test]
fn max_time_ends_whatever_takes_longer() {
    let folder = Folder::new("max_time");
    let silent = |peer: &mut Peer| peer.wait_for_the_end();
    let slow_head = |peer: &mut Peer| {
        peer.reply("HTTP/1.1 200 OK\r\n");
        peer.wait_for_the_end();
    };
    let slow_body = |peer: &mut Peer| {
        peer.reply("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.");
        peer.wait_for_the_end();
    };
    let servers: [fn(&mut Peer); 3] = [silent, slow_head, slow_body];
    for script in servers {
        let server = serve(move |door| script(&mut door.accept()));
        let said = run_into_limit(&["-o", &folder.path("page"), &server.url("/")]);
        assert!(said.contains("did not end within 400ms"), "{said}");
        server.end();
        assert_eq!(folder.names(), [""; 0]);
    }
}

/// Also what is not the server's: an input that does not come, and an output that nobody takes.
#[test]
fn max_time_ends_the_wait_for_standard_input() {
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.reply("HTTP/1.1 100 Continue\r\n\r\n");
        peer.wait_for_the_end();
    });
    let url = server.url("/");
    let mut running = Running::start(command(&["-d", "@-", "-m", "0.4", &url]).stdin(Stdio::piped()));
    let open = running.child.stdin.take();
    assert_eq!(running.end().failure(1), "the exchange did not end within 400ms");
    server.end();
    drop(open);
}

#[test]
fn max_time_ends_the_wait_for_a_reader_of_standard_output() {
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.reply("HTTP/1.1 200 OK\r\n\r\n");
        // More than pipes and sockets hold.
        let piece = vec![b'.'; 1 << 20];
        while peer.stream.write_all(&piece).is_ok() {}
    });
    let mut command = command(&["-m", "0.4", &server.url("/")]);
    let mut child = Process::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    assert_eq!(child.end(), Some(1));
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "sockeye: http: the exchange did not end within 400ms\n");
    server.end();
}

#[cfg(unix)]
#[test]
fn max_time_ends_the_wait_for_a_reader_of_a_pipe() {
    let folder = Folder::new("max_time_pipe");
    let pipe = folder.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let url = format!("http://127.0.0.1:{}/", free_port());
    assert_eq!(run_into_limit(&["-o", &pipe, &url]), "the exchange did not end within 400ms");
    assert_eq!(folder.names(), ["pipe"]);
}

#[test]
fn a_wrong_command_line_is_code_two() {
    for arguments in [
        &[][..],
        &["--no-such-option", "http://h/"],
        &["-X", "BREW", "http://h/"],
        &["-H", "no colon", "http://h/"],
        &["-F", "no value", "http://h/"],
        &["-d", "a", "-F", "b=c", "http://h/"],
        &["-I", "-d", "a", "http://h/"],
        &["-u", "nobody", "http://h/"],
        &["--max-time", "0", "http://h/"],
        &["--max-time", "soon", "http://h/"],
        &["--pin", "ab:cd", "https://h/"],
        &["--pin", "x", "--insecure", "https://h/"],
        &["--resume", "http://h/"],
        &["--resume", "-o", "-", "http://h/"],
    ] {
        run(arguments).assert_wrong_usage(arguments);
    }
}

#[test]
fn help_has_examples_and_exit_statuses() {
    let parts = ["Examples:\n  sockeye http ", "Exit status:\n  0 ", "\n  22 ", "\n  130 ", "--max-time <S>"];
    run(&["--help"]).assert_help(&parts);
}
