//! Ctrl-C.

use std::time::{Duration, Instant};

use crate::{
    process::eventually,
    program::{Folder, Running, command, run},
    script::serve,
    server::{Server, content, names},
};

/// A server that sends ten bytes and then waits.
fn halting() -> crate::script::Server<()> {
    serve(|door| {
        let mut peer = door.accept();
        peer.log_in();
        let mut command = peer.line();
        // A download that is to be resumed has questions first.
        while command != "EPSV" {
            peer.send(if command == "SIZE file" { "213 100\r\n" } else { "200 ok\r\n" });
            command = peer.line();
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        peer.send(format!("229 here (|||{}|)\r\n", listener.local_addr().unwrap().port()));
        peer.answer("RETR file", "150 here");
        let mut data = listener.accept().unwrap().0;
        std::io::Write::write_all(&mut data, b"ten bytes.").unwrap();
        peer.wait_for_the_end();
    })
}

#[test]
fn an_interrupted_download_leaves_nothing_behind() {
    for options in [&[][..], &["--resume"]] {
        let folder = Folder::new("interrupted");
        let server = halting();
        let url = format!("ftp://127.0.0.1:{}/file", server.port);
        let path = folder.path("file");
        let running = Running::start(&mut command(&[&["get", "-o", &path, &url], options].concat()));
        eventually(|| (folder.bytes() >= 10).then_some(()));
        running.interrupt();
        let begin = Instant::now();
        assert_eq!(running.end().failure(130), "interrupted");
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
        server.end();
        let expected = if options.is_empty() { &[][..] } else { &["file.part", "file.part.id"] };
        assert_eq!(folder.names(), expected);
    }
}

#[test]
fn an_interrupted_tree_leaves_whole_files_alone() {
    let folder = Folder::new("interrupted_tree");
    let server = Server::start(&folder, |_| {});
    for number in 0..4000 {
        server.put(&format!("many/{number}"), content(1000));
    }
    let here = folder.path("here");
    let running = Running::start(&mut command(&["get", "-r", "-P", "4", &server.url("many"), &here]));
    let count = || std::fs::read_dir(&here).map_or(0, Iterator::count);
    // Up to four of them are not whole, and will go.
    eventually(|| (count() >= 24).then_some(()));
    running.interrupt();
    assert_eq!(running.end().failure(130), "interrupted");
    let found = names(std::path::Path::new(&here));
    // Four of them may not have been whole.
    assert!((16..4000).contains(&found.len()), "{}", found.len());
    for name in found {
        assert!(folder.read(&format!("here/{name}")) == content(1000), "{name}");
    }
}

#[test]
fn an_interrupted_upload_is_removed_at_the_server() {
    let folder = Folder::new("interrupted_upload");
    let server = Server::start(&folder, |_| {});
    // A pipe that nobody ends.
    let mut put = command(&["put", "-", &server.url("file")]);
    let mut running = Running::start(put.stdin(std::process::Stdio::piped()));
    let mut input = running.child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, &content(1_000_000)).unwrap();
    eventually(|| server.names().iter().any(|name| name.ends_with(".part")).then_some(()));
    running.interrupt();
    // It looks whether there was a signal when a piece has gone.
    while std::io::Write::write_all(&mut input, &content(1000)).is_ok() {}
    assert_eq!(running.end().failure(130), "interrupted");
    assert_eq!(server.names(), [""; 0]);
    let verbs = server.verbs();
    assert!(verbs.contains(&"ABOR".to_owned()) && verbs.contains(&"DELE".to_owned()), "{verbs:?}");
    assert!(run(&["ls", &server.url("")]).output().is_empty());
}
