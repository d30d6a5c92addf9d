//! Bodies on their way to the server, and servers that do not want them.

use std::{
    io::{self, Read, Write},
    time::Duration,
};

use sockeye::{ErrorKind, HttpOptions, HttpRequest, HttpStatus, Multipart};

use crate::{
    folder::Folder,
    in_time::once_within,
    script::Server,
    ways::{LONG, Way, client, client_with, options, post},
};

/// Answers with the length of the body and a sum over it.
fn summing() -> Server {
    Server::start(|peer| {
        while let Some(request) = peer.request() {
            let body = sum(&request.body);
            peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        }
    })
}

fn sum(bytes: &[u8]) -> String {
    let sum = bytes.iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    format!("{} {sum:x}", bytes.len())
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 % 253) as u8).collect()
}

fn waiting_from(length: u64) -> HttpOptions {
    let mut options = options(LONG);
    options.expect_continue = length;
    options
}

/// Gives the bytes of a slice, at most so many at once.
struct Pieces(Vec<u8>, usize);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.1).min(self.0.len());
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0.drain(..length);
        Ok(length)
    }
}

#[test]
fn bodies_of_every_length_arrive_whole() {
    let server = summing();
    let http = client(&server);
    let folder = Folder::new();
    for length in [0, 1, 16 * 1024, 16 * 1024 + 1, 300_000, 5_000_000] {
        let bytes = pattern(length);
        let expected = sum(&bytes);
        let path = folder.file("body", &bytes);
        Way::each(|way| {
            let mut request = post("/bytes", &bytes);
            way.send(&http, &request).expect(HttpStatus::OK, expected.as_bytes());
            request.set_body_file(&path).unwrap();
            way.send(&http, &request).expect(HttpStatus::OK, expected.as_bytes());
            request.set_body_reader(Pieces(bytes.clone(), 70_001), Some(length as u64));
            way.send(&http, &request).expect(HttpStatus::OK, expected.as_bytes());
            request.set_body_reader(Pieces(bytes.clone(), 70_001), None);
            way.send(&http, &request).expect(HttpStatus::OK, expected.as_bytes());
        });
    }
    for request in server.requests() {
        let (length, coding) = (request.field("content-length"), request.field("transfer-encoding"));
        assert!(length.is_none() != coding.is_none(), "{}", request.head);
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_reader_of_unknown_length_goes_in_chunks() {
    let server = summing();
    Way::each(|way| {
        let mut request = post("/", b"");
        request.set_body_reader(Pieces(b"one two three".to_vec(), 5), None);
        way.send(&client(&server), &request).expect(HttpStatus::OK, sum(b"one two three").as_bytes());
    });
    for request in server.requests() {
        assert_eq!(request.field("transfer-encoding"), Some("chunked"));
        assert_eq!(request.field("content-length"), None);
    }
}

/// HTTP/1.0 knows no chunks (RFC 9112 section 6.1). Nothing goes, not even the reader.
#[test]
fn http_1_0_takes_no_body_of_unknown_length() {
    let server = summing();
    Way::each(|way| {
        let before = server.connections();
        let mut request = post("/", b"");
        request.set_body_reader(Pieces(b"one two three".to_vec(), 5), None);
        request.set_http_version(1, 0).unwrap();
        let answer = way.send(&client(&server), &request);
        answer.expect_error(ErrorKind::InvalidInput);
        assert_eq!(answer.message, "expected a body of known length for HTTP/1.0, found \"a reader without a length\"");
        assert_eq!((answer.status, server.connections()), (HttpStatus::CONNECTION_FAILED, before));
        request.set_http_version(1, 1).unwrap();
        way.send(&client(&server), &request).expect(HttpStatus::OK, sum(b"one two three").as_bytes());
        request.set_http_version(1, 0).unwrap().set_body_reader(&b"1234"[..], Some(4));
        way.send(&client(&server), &request).expect(HttpStatus::OK, sum(b"1234").as_bytes());
        let last = server.requests().pop().unwrap();
        assert_eq!((last.version.as_str(), last.field("content-length")), ("HTTP/1.0", Some("4")));
    });
}

#[test]
fn a_reader_that_fails_or_ends_early_fails_the_request() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let server = Server::start(|peer| {
        if let Some(request) = peer.head() {
            assert_eq!(peer.body(&request), None, "a body that was not whole looks whole");
        }
    });
    Way::each(|way| {
        for length in [Some(10), None] {
            let mut request = post("/", b"");
            request.set_body_reader(Pieces(b"12345".to_vec(), 5).chain(Failing), length);
            let answer = way.send(&client_with(&server, waiting_from(u64::MAX)), &request);
            answer.expect_error(ErrorKind::Io);
            assert_eq!(answer.message, "the disk is gone");
        }
        let mut request = post("/", b"");
        request.set_body_reader(&b"12345"[..], Some(10));
        way.send(&client_with(&server, waiting_from(u64::MAX)), &request).expect_error(ErrorKind::InvalidInput);
    });
}

#[test]
fn a_reader_with_more_than_was_said_is_cut() {
    let server = summing();
    Way::each(|way| {
        let mut request = post("/", b"");
        request.set_body_reader(&b"1234567890"[..], Some(4));
        way.send(&client(&server), &request).expect(HttpStatus::OK, sum(b"1234").as_bytes());
    });
}

#[test]
fn a_file_that_is_missing_or_has_shrunk_is_an_error() {
    let server = Server::start(|peer| while peer.request().is_some() {});
    let folder = Folder::new();
    let missing = post("/", b"").set_body_file(folder.0.join("missing")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::File);
    assert_eq!(post("/", b"").set_body_file(&folder.0).unwrap_err().kind(), ErrorKind::InvalidInput);
    Way::each(|way| {
        let path = folder.file("gone", b"12345");
        let mut request = post("/", b"");
        request.set_body_file(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        way.send(&client(&server), &request).expect_error(ErrorKind::File);
    });
    let server = Server::start(|peer| {
        if let Some(request) = peer.head() {
            assert_eq!(peer.body(&request), None, "a body that was not whole looks whole");
        }
    });
    Way::each(|way| {
        let path = folder.file("shrinking", &pattern(100_000));
        let mut request = post("/", b"");
        request.set_body_file(&path).unwrap();
        folder.file("shrinking", &pattern(50_000));
        way.send(&client_with(&server, waiting_from(u64::MAX)), &request).expect_error(ErrorKind::File);
    });
}

#[test]
fn a_form_with_files_is_exactly_this() {
    let server = Server::answering("HTTP/1.1 204 No Content\r\n\r\n");
    let folder = Folder::new();
    let path = folder.file("scores.txt", b"Ada 7\r\n");
    let mut form = Multipart::new();
    form.text("name", "Ada").file("scores", &path).unwrap();
    form.bytes("raw", "a \"b\".bin", "application/octet-stream", vec![0, 1, 2, 255]).unwrap();
    let mut request = HttpRequest::post("/form").unwrap();
    request.set_multipart(form);
    Way::each(|way| way.send(&client(&server), &request).expect(HttpStatus::NO_CONTENT, b""));
    for request in server.requests() {
        let boundary = request.field("content-type").unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
        assert!(boundary.len() >= 16, "{boundary:?} could be in a file");
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAda\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"scores\"; filename=\"scores.txt\"\r\n\
             Content-Type: application/octet-stream\r\n\r\nAda 7\r\n\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"raw\"; filename=\"a %22b%22.bin\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n\0\u{1}\u{2}BYTE\r\n--{boundary}--\r\n"
        );
        let expected: Vec<u8> =
            expected.replace("BYTE", "\u{7f}").bytes().map(|byte| if byte == 0x7f { 255 } else { byte }).collect();
        assert_eq!(String::from_utf8_lossy(&request.body), String::from_utf8_lossy(&expected));
        assert_eq!(request.field("content-length"), Some(request.body.len().to_string().as_str()));
    }
}

#[test]
fn a_long_body_waits_for_the_servers_word() {
    let server = Server::start(|peer| {
        let request = peer.head().unwrap();
        assert_eq!(request.field("expect"), Some("100-continue"));
        // Nothing of the body may come before the word; a client that sends it at once is found out by the pause.
        std::thread::sleep(Duration::from_millis(100));
        assert!(!peer.has_more(), "the body came unasked");
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!(peer.body(&request).unwrap(), pattern(1000));
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        peer.finish();
    });
    Way::each(|way| {
        // Who waits on waits for a second.
        once_within(Duration::from_millis(900), || {
            let answer = way.send(&client_with(&server, waiting_from(1000)), &post("/", &pattern(1000)));
            answer.expect(HttpStatus::OK, b"ok");
        });
    });
}

#[test]
fn a_server_that_does_not_know_the_word_gets_the_body_after_a_second() {
    let server = Server::start(|peer| {
        let Some(request) = peer.head() else { return };
        assert_eq!(request.field("expect"), Some("100-continue"));
        assert_eq!(peer.body(&request).unwrap(), pattern(1000));
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        peer.finish();
    });
    Way::each(|way| {
        let answer = way.send(&client_with(&server, waiting_from(1000)), &post("/", &pattern(1000)));
        answer.expect(HttpStatus::OK, b"ok");
        assert!(answer.elapsed >= Duration::from_millis(990), "{answer:?}");
        assert!(answer.elapsed < LONG / 2, "{answer:?}");
    });
}

/// It is the client that waits then: a server that has been asked for nothing else is not silent.
#[test]
fn a_body_does_not_wait_until_the_server_counts_as_silent() {
    let server = Server::start(|peer| {
        let Some(request) = peer.head() else { return };
        assert_eq!(request.field("expect"), Some("100-continue"));
        if peer.body(&request).is_some() {
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            peer.finish();
        }
    });
    Way::each(|way| {
        let mut options = waiting_from(1000);
        options.silence = Some(Duration::from_millis(950));
        let answer = way.send(&client_with(&server, options), &post("/", &pattern(1000)));
        answer.expect(HttpStatus::OK, b"ok");
        assert!(answer.elapsed >= Duration::from_millis(470), "{answer:?}");
    });
}

#[test]
fn a_short_body_does_not_wait() {
    let server = summing();
    Way::each(|way| {
        way.send(&client_with(&server, waiting_from(1000)), &post("/", &pattern(999)));
    });
    assert!(server.requests().iter().all(|request| request.field("expect").is_none()));
}

/// RFC 9110 section 10.1.1: the client asks again without the expectation, which was its own idea.
#[test]
fn a_server_that_refuses_the_expectation_is_asked_without_it() {
    let server = Server::start(|peer| {
        while let Some(request) = peer.head() {
            if request.field("expect").is_some() {
                peer.send(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
                continue;
            }
            assert_eq!(peer.body(&request).unwrap(), pattern(1000));
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    Way::each(|way| {
        once_within(Duration::from_millis(900), || {
            let answer = way.send(&client_with(&server, waiting_from(1000)), &post("/", &pattern(1000)));
            answer.expect(HttpStatus::OK, b"ok");
        });
    });
}

#[test]
fn a_server_that_refuses_a_waiting_body_never_gets_it() {
    let server = Server::start(|peer| {
        peer.head().unwrap();
        peer.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
        assert_eq!(peer.await_close(), 0, "the body came all the same");
    });
    Way::each(|way| {
        let answer = way.send(&client_with(&server, waiting_from(1000)), &post("/", &pattern(100_000)));
        answer.expect(HttpStatus::CONTENT_TOO_LARGE, b"big");
    });
}

/// The answer to a large body comes while the body is on its way, and the server closes with a part of it unread, which
/// makes a reset of the end of the connection.
#[test]
fn an_early_answer_is_told_although_the_server_closes() {
    let server = Server::start(|peer| {
        peer.head().unwrap();
        peer.exactly(100_000).unwrap();
        peer.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    });
    Way::each(|way| {
        for _ in 0..10 {
            let answer = way.send(&client_with(&server, waiting_from(u64::MAX)), &post("/", &pattern(16 << 20)));
            answer.expect(HttpStatus::CONTENT_TOO_LARGE, b"big");
        }
    });
}

/// It says no, reads nothing more, and keeps the connection open: a client that first sends all would hang.
#[test]
fn an_early_answer_is_told_although_the_server_reads_no_more() {
    Way::each(|way| {
        let server = Server::start(|peer| {
            peer.head().unwrap();
            peer.send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
            peer.hold();
        });
        let answer = way.send(&client_with(&server, waiting_from(u64::MAX)), &post("/", &pattern(64 << 20)));
        answer.expect(HttpStatus::UNAUTHORIZED, b"no");
        assert!(answer.elapsed < LONG / 2, "{answer:?}");
    });
}

/// The same with an answer that takes longer to unpack than a step may: the rest of it has arrived, the system knows of
/// nothing to read and has no room for what is to be sent, and still there is something to do.
#[test]
fn an_early_answer_that_takes_many_steps_is_told_although_the_server_reads_no_more() {
    const LENGTH: usize = 8 << 20;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![0; LENGTH]).unwrap();
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 16 * 1024, "it comes with one read");
    let head = format!("HTTP/1.1 413 Big\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len());
    let answer = [head.as_bytes(), &packed].concat();
    Way::each(|way| {
        let answer = answer.clone();
        let server = Server::start(move |peer| {
            peer.head().unwrap();
            peer.send(&answer);
            peer.hold();
        });
        let answer = way.send(&client_with(&server, waiting_from(u64::MAX)), &post("/", &pattern(64 << 20)));
        answer.expect(HttpStatus::CONTENT_TOO_LARGE, &vec![0; LENGTH]);
        assert!(answer.elapsed < LONG / 2, "{answer:?}");
    });
}

/// A good answer, of which the rest still waits to be unpacked when the last of the body goes: nothing wakes the client
/// then, unless it knows itself that it has something to do.
#[test]
fn a_body_that_ends_before_its_answer_is_unpacked_does_not_stop_it() {
    const LENGTH: usize = 3 << 20;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![0; LENGTH]).unwrap();
    let packed = packed.finish().unwrap();
    let head = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n";
    let answer = [format!("{head}Content-Length: {}\r\n\r\n", packed.len()).as_bytes(), &packed].concat();
    assert!(answer.len() < 4 * 1024, "it comes with one read: {} bytes", answer.len());
    let server = Server::start(move |peer| {
        let Some(request) = peer.head() else { return };
        peer.send(&answer);
        peer.body(&request);
        peer.hold();
    });
    Way::each(|way| {
        let answer = way.send(&client_with(&server, waiting_from(1000)), &post("/", &pattern(1000)));
        answer.expect(HttpStatus::OK, &vec![0; LENGTH]);
    });
}

/// A server may begin to answer before it has read all, and read on: an echo.
#[test]
fn a_body_goes_on_while_a_good_answer_arrives() {
    const LENGTH: usize = 8 << 20;
    let server = Server::start(|peer| {
        while peer.head().is_some() {
            peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n").as_bytes());
            for _ in 0..LENGTH / 65_536 {
                let piece = peer.exactly(65_536).unwrap();
                assert!(peer.send(&piece));
            }
        }
    });
    let body = pattern(LENGTH);
    Way::each(|way| {
        let answer = way.send(&client_with(&server, waiting_from(u64::MAX)), &post("/", &body));
        answer.expect(HttpStatus::OK, &body);
    });
}
