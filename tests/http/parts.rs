//! Parts of files: whose they are, and what may be joined with them.

use std::{
    fs::OpenOptions,
    io::Write,
    ops::ControlFlow,
    sync::{Mutex, mpsc},
};

use flate2::{Compression, write::GzEncoder};
use sockeye::{ErrorKind, HttpRequest, Resume};

use crate::{
    folder::Folder,
    resume::{CONTENT, answer_range, cut_then, fetch, kind, twice},
    script::Server,
    ways::client,
};

const OTHER: &str = "ABCDEFGHIJKLMNOPQRST";
const DATED: &str = "Last-Modified: Sat, 21 Nov 2026 08:00:00 GMT\r\nDate: Sat, 21 Nov 2026 09:00:00 GMT\r\n";

/// A server that does not know If-Range sends the rest of what it has now, which is not to be joined with what was there
/// (RFC 9110 section 15.3.7.3).
#[test]
fn the_rest_of_another_version_is_refused() {
    for (before, now) in [
        ("ETag: \"v1\"\r\n", "ETag: \"v2\""),
        ("ETag: \"v1\"\r\n", "ETag: W/\"v1\""),
        ("ETag: \"v1\"\r\n", "ETag: \"v1\"\r\nContent-Encoding: gzip"),
        (DATED, "Last-Modified: Sat, 21 Nov 2026 08:30:00 GMT"),
    ] {
        let server = cut_then(before, move |peer, request| {
            let response = if request.field("range").is_some() {
                let fields = "Content-Range: bytes 10-19/20\r\nContent-Length: 10";
                format!("HTTP/1.1 206 Partial Content\r\n{now}\r\n{fields}\r\n\r\n{}", &OTHER[10..])
            } else {
                format!("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{OTHER}")
            };
            peer.send(response.as_bytes());
        });
        let folder = Folder::new();
        let response = twice(&server, &folder);
        assert_eq!(kind(&response), Some(ErrorKind::Malformed), "{now:?}: {response:?}");
        assert!(!folder.0.join("file").exists(), "{now:?}");
        assert!(fetch(&server, &folder, Resume::IfPossible).ok(), "it does not begin anew");
        assert_eq!((folder.read("file"), folder.names()), (OTHER.as_bytes().to_vec(), vec!["file".to_owned()]));
    }
}

/// What was not asked for says nothing about the version.
#[test]
fn the_rest_of_the_same_version_is_taken() {
    for (before, now) in [
        ("ETag: \"v1\"\r\n", "ETag: \"v1\"\r\nLast-Modified: Sat, 21 Nov 2026 08:30:00 GMT"),
        (DATED, "Last-Modified: Sat, 21 Nov 2026 08:00:00 GMT"),
        (DATED, "ETag: \"v1\"\r\nContent-Encoding: identity"),
    ] {
        let server = cut_then(before, move |peer, _| {
            let fields = "Content-Range: bytes 10-19/20\r\nContent-Length: 10";
            let head = format!("HTTP/1.1 206 Partial Content\r\n{now}\r\n{fields}\r\n\r\n");
            peer.send([head.as_bytes(), &CONTENT.as_bytes()[10..]].concat().as_slice());
        });
        let folder = Folder::new();
        let response = twice(&server, &folder);
        assert!(response.ok(), "{now:?}: {response:?}");
        assert_eq!((folder.read("file"), folder.names()), (CONTENT.as_bytes().to_vec(), vec!["file".to_owned()]));
    }
}

/// As long as the part, and another file.
#[test]
fn a_part_of_another_version_does_not_get_the_name() {
    let server = Server::start(|peer| {
        while let Some(request) = peer.request() {
            if peer.number == 0 {
                peer.send(b"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n");
                peer.send(CONTENT.as_bytes());
                return peer.finish();
            } else if request.field("range").is_some() {
                let fields = "ETag: \"v2\"\r\nContent-Range: bytes */20\r\nContent-Length: 0";
                peer.send(format!("HTTP/1.1 416 Range Not Satisfiable\r\n{fields}\r\n\r\n").as_bytes());
            } else {
                peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{OTHER}").as_bytes());
            }
        }
    });
    let folder = Folder::new();
    assert!(twice(&server, &folder).ok());
    assert_eq!((folder.read("file"), folder.names()), (OTHER.as_bytes().to_vec(), vec!["file".to_owned()]));
}

/// Two downloads of one file at once would write into one part: the first has it, and the second fails.
#[test]
fn a_part_belongs_to_one_download() {
    for validator in ["", "ETag: \"v1\"\r\n"] {
        let (go, gate) = mpsc::channel();
        let gate = Mutex::new(gate);
        let server = Server::start(move |peer| {
            let Some(request) = peer.request() else { return };
            let range = request.field("range").map(|range| range["bytes=".len()..range.len() - 1].parse().unwrap());
            let (status, from) = match range {
                Some(from) => (format!("206 Partial\r\nContent-Range: bytes {from}-19/20"), from),
                None => ("200 OK".to_owned(), 0),
            };
            peer.send(format!("HTTP/1.1 {status}\r\n{validator}Content-Length: {}\r\n\r\n", 20 - from).as_bytes());
            if peer.number == 0 {
                peer.send(&CONTENT.as_bytes()[..10]);
                // The rest waits until the second has come and gone.
                gate.lock().unwrap().recv().unwrap();
                peer.send(&CONTENT.as_bytes()[10..]);
            } else {
                peer.send(&CONTENT.as_bytes()[from..]);
            }
        });
        let folder = Folder::new();
        let request = HttpRequest::get("/file").unwrap();
        let mut second = None;
        let first = client(&server).download_file(&request, folder.0.join("file"), Resume::IfPossible, |progress| {
            if progress.received == 10 && second.is_none() {
                second = Some(fetch(&server, &folder, Resume::IfPossible));
                go.send(()).unwrap();
            }
            ControlFlow::Continue(())
        });
        assert!(first.ok(), "{first:?}");
        assert_eq!((folder.read("file"), folder.names()), (CONTENT.as_bytes().to_vec(), vec!["file".to_owned()]));
        assert_eq!(kind(&second.unwrap()), Some(ErrorKind::File));
    }
}

/// Between the look at it and the response another download may have gone on with it and stopped, or begun anew.
#[test]
fn a_part_that_has_changed_meanwhile_is_left_as_it_is() {
    for changed in ["file.part", "file.part.id"] {
        let folder = Folder::new();
        let path = folder.0.join(changed);
        let server = cut_then("ETag: \"v1\"\r\n", move |peer, _| {
            OpenOptions::new().append(true).open(&path).unwrap().write_all(b"abcde").unwrap();
            answer_range(peer, "bytes 10-19/20", &CONTENT[10..]);
        });
        let response = twice(&server, &folder);
        assert_eq!(kind(&response), Some(ErrorKind::File), "{response:?}");
        let length = if changed == "file.part" { 15 } else { 10 };
        assert_eq!((folder.read("file.part"), folder.names().len()), (CONTENT.as_bytes()[..length].to_vec(), 2));
    }
}

/// Bytes that somebody else has put into it, without asking, are not given a name.
#[cfg(unix)]
#[test]
fn a_part_with_more_in_it_than_has_come_does_not_get_the_name() {
    let server = cut_then("ETag: \"v1\"\r\n", |peer, _| answer_range(peer, "bytes 10-19/20", &CONTENT[10..]));
    let folder = Folder::new();
    assert_eq!(kind(&fetch(&server, &folder, Resume::IfPossible)), Some(ErrorKind::Truncated));
    let request = HttpRequest::get("/file").unwrap();
    let response = client(&server).download_file(&request, folder.0.join("file"), Resume::IfPossible, |progress| {
        if progress.received == 20 {
            let mut part = OpenOptions::new().append(true).open(folder.0.join("file.part")).unwrap();
            part.write_all(b"more").unwrap();
        }
        ControlFlow::Continue(())
    });
    assert_eq!(kind(&response), Some(ErrorKind::File), "{response:?}");
    assert_eq!(folder.names(), ["file.part"], "the next download does not begin anew");
}

/// What a server packs although it is asked not to is unpacked as everywhere, and then an offset says nothing.
#[test]
fn a_packed_answer_is_unpacked_and_not_resumed() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(CONTENT.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let server = Server::start(move |peer| {
        while let Some(request) = peer.request() {
            assert_eq!((request.field("accept-encoding"), request.field("range")), (Some("identity"), None));
            let fields = format!("ETag: \"v1\"\r\nContent-Encoding: gzip\r\nContent-Length: {}", packed.len());
            peer.send(format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n").as_bytes());
            if peer.number == 0 {
                peer.send(&packed[..packed.len() - 8]);
                return peer.finish();
            }
            peer.send(&packed);
        }
    });
    let folder = Folder::new();
    folder.file("file.part.id", format!("\"v0\"\n{}\n", server.url("/file")).as_bytes());
    assert_eq!(kind(&fetch(&server, &folder, Resume::IfPossible)), Some(ErrorKind::Truncated));
    assert_eq!((folder.read("file.part"), folder.names()), (CONTENT.as_bytes().to_vec(), vec!["file.part".to_owned()]));
    assert!(fetch(&server, &folder, Resume::IfPossible).ok());
    assert_eq!((folder.read("file"), folder.names()), (CONTENT.as_bytes().to_vec(), vec!["file".to_owned()]));
}

/// No sum of what was there and what is said to come overflows.
#[test]
fn a_length_beyond_all_measure_is_no_more_than_too_long() {
    const LENGTH: &str = "Content-Length: 18446744073709551615\r\n\r\n";
    for (head, expected) in [
        ("206 Partial Content\r\nContent-Range: bytes 10-19/20", ErrorKind::Malformed),
        ("302 Found\r\nLocation: /other", ErrorKind::Truncated),
    ] {
        let server = cut_then("ETag: \"v1\"\r\n", move |peer, _| {
            peer.send(format!("HTTP/1.1 {head}\r\n{LENGTH}").as_bytes());
            peer.finish();
        });
        let folder = Folder::new();
        let response = twice(&server, &folder);
        assert_eq!(kind(&response), Some(expected), "{response:?}");
        assert_eq!(folder.read("file.part"), &CONTENT.as_bytes()[..10]);
    }
}

/// What others must not read they must not read now, and what is run can be run.
#[cfg(unix)]
#[test]
fn a_file_that_is_replaced_keeps_its_permissions() {
    use std::{fs, os::unix::fs::PermissionsExt};

    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew");
    for (mode, resume) in [(0o600, Resume::Never), (0o600, Resume::IfPossible), (0o755, Resume::IfPossible)] {
        let folder = Folder::new();
        let path = folder.0.join("file");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let response = fetch(&server, &folder, resume);
        assert!(response.ok(), "{response:?}");
        assert_eq!((folder.read("file"), folder.names()), (b"new".to_vec(), vec!["file".to_owned()]));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, mode, "{resume:?}");
    }
}
