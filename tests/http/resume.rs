//! Downloads that go on where an earlier one stopped.

use std::ops::ControlFlow;

use sockeye::{ErrorKind, HttpProgress, HttpRequest, HttpResponse, HttpStatus, Resume};

use crate::{
    folder::Folder,
    script::{Peer, Received, Server},
    ways::client,
};

pub(crate) const CONTENT: &str = "0123456789abcdefghij";

pub(crate) fn go_on(_: HttpProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

pub(crate) fn fetch(server: &Server, folder: &Folder, resume: Resume) -> HttpResponse {
    client(server).download_file(&HttpRequest::get("/file").unwrap(), folder.0.join("file"), resume, go_on)
}

pub(crate) fn kind(response: &HttpResponse) -> Option<ErrorKind> {
    response.error().map(sockeye::Error::kind)
}

/// The first connection is cut after half of the content; the later ones are left to `then`.
pub(crate) fn cut_then(validator: &'static str, then: impl Fn(&mut Peer, Received) + Send + Sync + 'static) -> Server {
    Server::start(move |peer| {
        while let Some(request) = peer.request() {
            if peer.number > 0 {
                then(peer, request);
                continue;
            }
            let half = &CONTENT[..10];
            peer.send(format!("HTTP/1.1 200 OK\r\n{validator}Content-Length: 20\r\n\r\n{half}").as_bytes());
            return peer.finish();
        }
    })
}

/// Fetches until the server cuts it, and then again.
pub(crate) fn twice(server: &Server, folder: &Folder) -> HttpResponse {
    let cut = fetch(server, folder, Resume::IfPossible);
    assert_eq!(kind(&cut), Some(ErrorKind::Truncated), "{cut:?}");
    assert!(!folder.0.join("file").exists());
    fetch(server, folder, Resume::IfPossible)
}

pub(crate) fn answer_range(peer: &mut Peer, range: &str, body: &str) {
    let head = format!("HTTP/1.1 206 Partial Content\r\nContent-Range: {range}\r\nContent-Length: {}\r\n", body.len());
    peer.send(format!("{head}\r\n{body}").as_bytes());
}

#[test]
fn the_rest_is_asked_for_with_the_validator() {
    const DATE: &str = "Sat, 21 Nov 2026 08:00:00 GMT";
    for (field, validator) in [
        ("ETag: \"v1\"\r\n", "\"v1\""),
        ("Last-Modified: Sat, 21 Nov 2026 08:00:00 GMT\r\nDate: Sat, 21 Nov 2026 09:00:00 GMT\r\n", DATE),
    ] {
        let server = cut_then(field, |peer, request| {
            assert_eq!(request.field("range"), Some("bytes=10-"));
            answer_range(peer, "bytes 10-19/20", &CONTENT[10..]);
        });
        let folder = Folder::new();
        let mut progress = Vec::new();
        assert_eq!(kind(&fetch(&server, &folder, Resume::IfPossible)), Some(ErrorKind::Truncated));
        let request = HttpRequest::get("/file").unwrap();
        let response = client(&server).download_file(&request, folder.0.join("file"), Resume::IfPossible, |now| {
            progress.push((now.received, now.to_receive));
            ControlFlow::Continue(())
        });
        assert!(response.ok(), "{response:?}");
        assert_eq!(response.status(), HttpStatus::PARTIAL_CONTENT);
        assert_eq!(folder.read("file"), CONTENT.as_bytes());
        assert_eq!(folder.names(), ["file"], "nothing is left behind");
        assert_eq!(server.requests()[1].field("if-range"), Some(validator));
        assert_eq!(progress.last(), Some(&(20, Some(20))), "what was there counts");
        assert!(progress.iter().all(|(received, _)| (10..=20).contains(received)), "{progress:?}");
    }
}

/// If-Range makes the server send the whole of another version: what was there is thrown away.
#[test]
fn a_file_that_has_changed_is_fetched_whole() {
    let server = cut_then("ETag: \"v1\"\r\n", |peer, request| {
        assert_eq!(request.field("if-range"), Some("\"v1\""));
        peer.send(b"HTTP/1.1 200 OK\r\nETag: \"v2\"\r\nContent-Length: 3\r\n\r\nnew");
    });
    let folder = Folder::new();
    assert!(twice(&server, &folder).ok());
    assert_eq!((folder.read("file"), folder.names()), (b"new".to_vec(), vec!["file".to_owned()]));
}

/// A weak validator says nothing about bytes (RFC 9110 section 13.1.5), and without one nothing is known.
#[test]
fn without_a_validator_nothing_is_resumed() {
    for field in ["", "ETag: W/\"v1\"\r\n"] {
        let server = cut_then(field, |peer, request| {
            assert_eq!((request.field("range"), request.field("if-range")), (None, None));
            peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{CONTENT}").as_bytes());
        });
        let folder = Folder::new();
        assert!(twice(&server, &folder).ok());
        assert_eq!((folder.read("file"), folder.names()), (CONTENT.as_bytes().to_vec(), vec!["file".to_owned()]));
    }
}

#[test]
fn a_part_that_is_whole_already_only_gets_its_name() {
    let server = Server::start(|peer| {
        while let Some(request) = peer.request() {
            if request.field("range").is_some() {
                peer.send(
                    b"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */20\r\nContent-Length: 0\r\n\r\n",
                );
            } else {
                peer.send(b"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n");
                peer.send(format!("{CONTENT}\r\n").as_bytes());
                // All of it, but not the last chunk.
                return peer.finish();
            }
        }
    });
    let folder = Folder::new();
    twice(&server, &folder);
    assert_eq!((folder.read("file"), folder.names()), (CONTENT.as_bytes().to_vec(), vec!["file".to_owned()]));
}

#[test]
fn a_range_that_is_refused_is_fetched_whole() {
    let server = cut_then("ETag: \"v1\"\r\n", |peer, request| {
        let response = if request.field("range").is_some() {
            "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */3\r\nContent-Length: 0\r\n\r\n"
        } else {
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"
        };
        peer.send(response.as_bytes());
    });
    let folder = Folder::new();
    assert!(twice(&server, &folder).ok());
    assert_eq!((folder.read("file"), folder.names()), (b"new".to_vec(), vec!["file".to_owned()]));
}

/// Whatever the server makes of the range: bytes must not land where they do not belong, and half a file is no file.
#[test]
fn a_range_that_was_not_asked_for_is_refused() {
    for (range, body) in [
        ("bytes 0-9/20", "0123456789"),
        ("bytes 9-19/20", "9abcdefghij"),
        ("bytes 11-19/20", "bcdefghij"),
        ("bytes 10-14/20", "abcde"),
        ("bytes 10-19/*", "abcde"),
        ("bytes 10-19/20", "abcde"),
        ("bytes 10-18/20", "abcdefghi"),
        ("bytes 100-109/200", "abcdefghij"),
        ("bytes */20", "abcdefghij"),
        ("octets 10-19/20", "abcdefghij"),
        ("", "abcdefghij"),
    ] {
        let server = cut_then("ETag: \"v1\"\r\n", move |peer, _| answer_range(peer, range, body));
        let folder = Folder::new();
        let response = twice(&server, &folder);
        assert!(!response.ok() && response.error().is_some(), "{range:?}: {response:?}");
        assert!(!folder.0.join("file").exists(), "{range:?}: {:?}", String::from_utf8_lossy(&folder.read("file")));
    }
}

/// 206 with a compressed or a chunked body, and without the length of the whole.
#[test]
fn the_rest_may_come_in_chunks() {
    for range in ["bytes 10-19/20", "bytes 10-19/*"] {
        let server = cut_then("ETag: \"v1\"\r\n", move |peer, request| {
            assert_eq!(request.field("accept-encoding"), Some("identity"));
            peer.send(format!("HTTP/1.1 206 Partial Content\r\nContent-Range: {range}\r\n").as_bytes());
            peer.send(b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n5\r\nfghij\r\n0\r\n\r\n");
        });
        let folder = Folder::new();
        assert!(twice(&server, &folder).ok());
        assert_eq!(folder.read("file"), CONTENT.as_bytes());
    }
}

#[test]
fn a_download_can_be_cut_many_times() {
    // Two bytes at a time, each on its own connection.
    let server = Server::start(|peer| {
        let Some(request) = peer.request() else { return };
        let from: usize =
            request.field("range").map_or(0, |range| range["bytes=".len()..range.len() - 1].parse().unwrap());
        let piece = &CONTENT[from..from + 2];
        let status = if from == 0 {
            "200 OK\r\nETag: \"v1\"".to_owned()
        } else {
            format!("206 Partial\r\nContent-Range: bytes {from}-19/20")
        };
        peer.send(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{piece}", 20 - from).as_bytes());
        peer.finish();
    });
    let folder = Folder::new();
    for _ in 0..9 {
        assert_eq!(kind(&fetch(&server, &folder, Resume::IfPossible)), Some(ErrorKind::Truncated));
    }
    assert!(fetch(&server, &folder, Resume::IfPossible).ok());
    assert_eq!((folder.read("file"), server.connections()), (CONTENT.as_bytes().to_vec(), 10));
}

/// With `Never` nothing of an earlier try is looked at, nor touched.
#[test]
fn never_begins_at_the_beginning() {
    let server = cut_then("ETag: \"v1\"\r\n", |peer, request| {
        assert_eq!(request.field("range"), None);
        peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{CONTENT}").as_bytes());
    });
    let folder = Folder::new();
    assert_eq!(kind(&fetch(&server, &folder, Resume::IfPossible)), Some(ErrorKind::Truncated));
    assert!(fetch(&server, &folder, Resume::Never).ok());
    assert_eq!(folder.read("file"), CONTENT.as_bytes());
}

/// Entity tags and times are of one URL: another may have the same ones.
#[test]
fn bytes_of_two_urls_are_not_joined() {
    let server = cut_then("ETag: \"v1\"\r\n", |peer, request| {
        assert_eq!((request.target.as_str(), request.field("range")), ("/other", None));
        peer.send(b"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 20\r\n\r\nABCDEFGHIJKLMNOPQRST");
    });
    let folder = Folder::new();
    assert_eq!(kind(&fetch(&server, &folder, Resume::IfPossible)), Some(ErrorKind::Truncated));
    let request = HttpRequest::get("/other").unwrap();
    let response = client(&server).download_file(&request, folder.0.join("file"), Resume::IfPossible, go_on);
    assert!(response.ok(), "{response:?}");
    assert_eq!(folder.read("file"), b"ABCDEFGHIJKLMNOPQRST");
    assert_eq!(folder.names(), ["file"], "nothing is left behind");
}

/// Who asks and from which client makes no other URL; and no password is written down.
#[test]
fn the_same_url_is_resumed_however_it_is_named() {
    let server = cut_then("ETag: \"v1\"\r\n", |peer, request| {
        assert_eq!(request.field("if-range"), Some("\"v1\""));
        answer_range(peer, "bytes 10-19/20", &CONTENT[10..]);
    });
    let folder = Folder::new();
    let url = format!("http://ada:hunter2@127.0.0.1:{}/file#top", server.port());
    let request = HttpRequest::get(&url).unwrap();
    let cut = client(&server).download_file(&request, folder.0.join("file"), Resume::IfPossible, go_on);
    assert_eq!(kind(&cut), Some(ErrorKind::Truncated));
    assert!(!String::from_utf8(folder.read("file.part.id")).unwrap().contains("hunter2"));
    assert!(fetch(&server, &folder, Resume::IfPossible).ok());
    assert_eq!(folder.read("file"), CONTENT.as_bytes());
}

/// What does not say which URL it is of, in whole, is no note.
#[test]
fn a_note_without_its_url_begins_anew() {
    for note in ["\"v1\"", "\"v1\"\n", "\"v1\"\nhttp://127.0.0.1", "\n", ""] {
        let server = cut_then("ETag: \"v1\"\r\n", |peer, request| {
            assert_eq!((request.field("range"), request.field("if-range")), (None, None));
            peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{CONTENT}").as_bytes());
        });
        let folder = Folder::new();
        assert_eq!(kind(&fetch(&server, &folder, Resume::IfPossible)), Some(ErrorKind::Truncated));
        folder.file("file.part.id", note.as_bytes());
        assert!(fetch(&server, &folder, Resume::IfPossible).ok());
        assert_eq!((folder.read("file"), folder.names()), (CONTENT.as_bytes().to_vec(), vec!["file".to_owned()]));
    }
}
