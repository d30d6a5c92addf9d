//! Bodies that go to a writer or become a file.

use std::{
    io::{self, Write},
    ops::ControlFlow,
    time::Duration,
};

use sockeye::{ErrorKind, HttpProgress, HttpRequest, HttpResponse, HttpStatus, Resume};

use crate::{
    folder::Folder,
    script::Server,
    ways::{LONG, SLACK, client, client_with, options},
};

fn go_on(_: HttpProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn get(target: &str) -> HttpRequest {
    HttpRequest::get(target).unwrap()
}

fn kind(response: &HttpResponse) -> Option<ErrorKind> {
    response.error().map(sockeye::Error::kind)
}

/// The target names the response.
fn library() -> Server {
    Server::start(|peer| {
        while let Some(request) = peer.request() {
            let body = "0123456789".repeat(20_000);
            let sent = match request.target.as_str() {
                "/whole" => peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n{body}").as_bytes()),
                "/empty" => peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
                "/missing" => peer.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"),
                "/moved" => peer.send(b"HTTP/1.1 302 Found\r\nLocation: /whole\r\nContent-Length: 4\r\n\r\nmove"),
                "/cut" => {
                    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\nETag: \"1\"\r\n\r\n0123456789");
                    return peer.finish();
                }
                "/slow" => {
                    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n0123456789");
                    peer.await_close();
                    return;
                }
                other => panic!("{other}"),
            };
            if !sent {
                return;
            }
        }
    })
}

#[test]
fn a_sink_gets_the_body_and_the_response_does_not() {
    let server = library();
    let mut sink = Vec::new();
    for target in ["/whole", "/moved"] {
        sink.clear();
        let response = client(&server).download(&get(target), &mut sink, go_on);
        assert!(response.ok(), "{response:?}");
        assert_eq!((sink.len(), response.body()), (200_000, &b""[..]));
        assert!(sink.chunks(10).all(|chunk| chunk == b"0123456789"), "the body of the redirect is not in it");
        assert_eq!(response.url(), server.url("/whole"));
    }
}

#[test]
fn a_sink_gets_no_body_that_was_not_asked_for() {
    let server = library();
    let mut sink = Vec::new();
    let response = client(&server).download(&get("/missing"), &mut sink, go_on);
    assert_eq!((response.status(), response.body(), sink.len()), (HttpStatus::NOT_FOUND, &b"gone"[..], 0));
    assert!(response.error().is_none());
}

#[test]
fn a_sink_keeps_what_arrived_before_a_failure() {
    let server = library();
    let mut sink = Vec::new();
    let response = client(&server).download(&get("/cut"), &mut sink, go_on);
    assert_eq!((kind(&response), sink.as_slice()), (Some(ErrorKind::Truncated), &b"0123456789"[..]));
    assert_eq!(response.status(), HttpStatus::INVALID_RESPONSE);
    assert_eq!(response.error().unwrap().to_string(), "the peer closed the connection after 10 of 200000 bytes");
}

#[test]
fn a_sink_that_fails_ends_the_download() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let server = library();
    let response = client(&server).download(&get("/slow"), &mut Full, go_on);
    assert_eq!(kind(&response), Some(ErrorKind::Io));
    crate::exchange::eventually(|| server.open_connections() == 0);
}

#[test]
fn a_file_has_its_name_once_it_is_whole() {
    let server = library();
    let folder = Folder::new();
    let path = folder.0.join("file");
    for resume in [Resume::Never, Resume::IfPossible] {
        folder.file("file", b"old");
        let mut seen = Vec::new();
        let response = client(&server).download_file(&get("/whole"), &path, resume, |progress| {
            if progress.received < 200_000 {
                seen.push(std::fs::read(&path).unwrap());
            }
            ControlFlow::Continue(())
        });
        assert!(response.ok(), "{response:?}");
        assert!(seen.iter().all(|content| content == b"old"), "the old file was touched too early");
        assert_eq!(folder.names(), ["file"]);
        assert_eq!(folder.read("file"), "0123456789".repeat(20_000).as_bytes());
        let response = client(&server).download_file(&get("/empty"), &path, resume, go_on);
        assert!(response.ok(), "{response:?}");
        assert_eq!((folder.names(), folder.read("file")), (vec!["file".to_owned()], vec![]));
    }
}

#[test]
fn a_failure_leaves_the_name_as_it_was() {
    let server = library();
    for target in ["/cut", "/missing", "/slow"] {
        for before in [None, Some(b"old")] {
            for resume in [Resume::Never, Resume::IfPossible] {
                let folder = Folder::new();
                let path = folder.0.join("file");
                if let Some(content) = before {
                    folder.file("file", content);
                }
                let limit = if target == "/slow" { Duration::from_millis(200) } else { LONG };
                let http = client_with(&server, options(limit));
                let response = http.download_file(&get(target), &path, resume, go_on);
                let expected = match target {
                    "/cut" => Some(ErrorKind::Truncated),
                    "/slow" => Some(ErrorKind::TimedOut),
                    _ => None,
                };
                assert_eq!(kind(&response), expected, "{response:?}");
                assert!(!response.ok());
                assert_eq!(path.exists(), before.is_some());
                assert!(before.is_none() || folder.read("file") == b"old");
                if resume == Resume::Never || target == "/missing" {
                    let names = if before.is_some() { vec!["file".to_owned()] } else { vec![] };
                    assert_eq!(folder.names(), names, "something is left of {target}");
                } else {
                    assert_eq!(folder.read("file.part"), b"0123456789", "for the next try");
                }
            }
        }
    }
}

#[test]
fn a_folder_that_is_not_there_is_found_out_before_anything_is_asked() {
    let server = library();
    let folder = Folder::new();
    let path = folder.0.join("none/file");
    let response = client(&server).download_file(&get("/whole"), &path, Resume::Never, go_on);
    assert_eq!(kind(&response), Some(ErrorKind::File));
    assert!(response.error().unwrap().to_string().contains("none"), "{response:?}");
    assert_eq!(server.connections(), 0);
    let response = client(&server).download_file(&get("/whole"), &path, Resume::IfPossible, go_on);
    assert_eq!(kind(&response), Some(ErrorKind::File));
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_folder_in_the_place_of_the_file_is_an_error() {
    let server = library();
    let folder = Folder::new();
    let path = folder.0.join("file");
    std::fs::create_dir(&path).unwrap();
    for resume in [Resume::Never, Resume::IfPossible] {
        let response = client(&server).download_file(&get("/whole"), &path, resume, go_on);
        assert_eq!(kind(&response), Some(ErrorKind::File), "{response:?}");
        assert!(path.is_dir());
    }
}

/// The sixth call says stop: nothing more is read, the connection goes, the name is not given.
#[test]
fn the_progress_function_can_cancel() {
    let server = Server::start(|peer| {
        if peer.request().is_some() {
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
            assert!(peer.send_endlessly(chunk.as_bytes(), 10_000) < 10_000, "the client takes it all");
        }
    });
    let folder = Folder::new();
    let mut calls = 0;
    let mut stop = |_: HttpProgress| {
        calls += 1;
        if calls < 6 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let begin = std::time::Instant::now();
    let response = client(&server).download_file(&get("/"), folder.0.join("file"), Resume::Never, &mut stop);
    assert_eq!(kind(&response), Some(ErrorKind::Cancelled), "{response:?}");
    assert_eq!(folder.names(), [""; 0]);
    crate::exchange::eventually(|| server.open_connections() == 0);
    let response = client(&server).download(&get("/"), &mut io::sink(), &mut stop);
    assert_eq!(kind(&response), Some(ErrorKind::Cancelled), "{response:?}");
    assert_eq!(calls, 7);
    assert!(begin.elapsed() < SLACK);
}

#[test]
fn a_compressed_body_is_written_as_what_it_was() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&[7; 500_000]).unwrap();
    let body = encoder.finish().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    let server = Server::answering([head.as_bytes(), &body].concat());
    let folder = Folder::new();
    let mut last = HttpProgress::default();
    let response = client(&server).download_file(&get("/"), folder.0.join("file"), Resume::Never, |progress| {
        last = progress;
        ControlFlow::Continue(())
    });
    assert!(response.ok(), "{response:?}");
    assert_eq!(folder.read("file"), [7; 500_000]);
    // Progress counts what is on the wire: only that has a known end.
    assert_eq!((last.received, last.to_receive), (body.len() as u64, Some(body.len() as u64)));
}
