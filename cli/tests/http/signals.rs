//! Ctrl-C.

use std::time::{Duration, Instant};

use crate::{
    process::eventually,
    program::{Folder, Outcome, Running, command, run},
    server::{Door, Server, field, response, serve},
};

/// Interrupts a download of which only a part comes, once that part is in a file; `then` is what the server does next.
fn interrupted(
    folder: &Folder,
    options: &[&str],
    then: impl FnOnce(&Door) -> String + Send + 'static,
) -> (Outcome, Server<String>) {
    let server = serve(move |door| {
        let mut peer = door.accept();
        peer.reply("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 100\r\n\r\nten bytes.");
        peer.wait_for_the_end();
        then(door)
    });
    let path = folder.path("page");
    let url = server.url("/");
    let running = Running::start(&mut command(&[options, &["-o", &path, &url]].concat()));
    eventually(|| (folder.bytes() >= 10).then_some(()));
    running.interrupt();
    let begin = Instant::now();
    let outcome = running.end();
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    (outcome, server)
}

#[test]
fn an_interrupted_download_leaves_nothing_behind() {
    let folder = Folder::new("interrupted");
    folder.write("other", "stays");
    let (outcome, server) = interrupted(&folder, &[], |_| String::new());
    assert_eq!(outcome.failure(130), "interrupted");
    server.end();
    assert_eq!(folder.names(), ["other"]);
}

#[test]
fn an_interrupted_download_can_be_resumed() {
    let folder = Folder::new("interrupted_resume");
    let rest = response("206 Partial Content", "ETag: \"v1\"\r\nContent-Range: bytes 10-99/100\r\n", [b'.'; 90]);
    let (outcome, server) = interrupted(&folder, &["--resume"], |door| door.accept().reply(rest));
    assert_eq!(outcome.failure(130), "interrupted");
    assert!(!folder.names().contains(&"page".to_owned()), "{:?}", folder.names());
    run(&["--resume", "-o", &folder.path("page"), &server.url("/")]).output();
    assert_eq!(field(&server.end(), "Range"), Some("bytes=10-"));
    assert_eq!(folder.read("page"), [b"ten bytes.".as_slice(), &[b'.'; 90]].concat());
    assert_eq!(folder.names(), ["page"]);
}

#[test]
fn an_interrupt_ends_the_wait_for_a_silent_server() {
    let folder = Folder::new("interrupted_silence");
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.head();
        peer
    });
    let running = Running::start(&mut command(&["-o", &folder.path("page"), &server.url("/")]));
    let mut peer = server.end();
    running.interrupt();
    assert_eq!(running.end().failure(130), "interrupted");
    peer.wait_for_the_end();
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn an_interrupt_ends_the_wait_for_a_connection() {
    let folder = Folder::new("interrupted_handshake");
    let server = serve(|door| {
        let mut peer = door.accept();
        // The first byte of a handshake, which nobody answers.
        assert_eq!(peer.body(1), [22]);
        peer
    });
    let url = format!("https://127.0.0.1:{}/", server.port);
    let running = Running::start(&mut command(&["-k", "-o", &folder.path("page"), &url]));
    let mut peer = server.end();
    running.interrupt();
    let begin = Instant::now();
    assert_eq!(running.end().failure(130), "interrupted");
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    peer.wait_for_the_end();
    assert_eq!(folder.names(), [""; 0]);
}
