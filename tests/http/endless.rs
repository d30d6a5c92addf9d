//! Servers that never stop sending. Each of them is cut off by a limit; what that costs in memory is in
//! `tests/http_memory.rs`.

use std::time::Duration;

use sockeye::{ErrorKind, HttpOptions, HttpRequest, HttpStatus};

use crate::{
    script::Server,
    ways::{LONG, Way, client_with, options},
};

/// More than any limit of a client allows, and little enough for a test that fails.
const ENDLESS: usize = 256 << 20;

/// Sends a beginning, and then the same again and again until the client has closed.
fn endless(beginning: &'static str, rest: &'static str) -> Server {
    Server::start(move |peer| {
        if peer.request().is_some() {
            peer.send(beginning.as_bytes());
            let many = rest.repeat(64 * 1024 / rest.len());
            let taken = peer.send_endlessly(many.as_bytes(), ENDLESS / many.len());
            assert!(taken * many.len() < ENDLESS, "the client takes it all");
        }
    })
}

/// The error comes by the number of bytes, long before the limit of time.
#[track_caller]
fn too_long(server: &Server, what: &str) {
    Way::each(|way| {
        let answer = way.get(server, "/");
        answer.expect_error(ErrorKind::TooLong);
        assert!(answer.message.contains(what), "{}", answer.message);
        assert!(answer.elapsed < LONG / 2, "{answer:?}");
    });
}

#[test]
fn an_endless_status_line() {
    too_long(&endless("HTTP/1.1 200 ", "OK"), "a response head");
}

#[test]
fn an_endless_field() {
    too_long(&endless("HTTP/1.1 200 OK\r\nX: ", "y"), "a response head");
}

#[test]
fn an_endless_fold() {
    too_long(&endless("HTTP/1.1 200 OK\r\nX: y\r\n", " y\r\n"), "a response head");
}

#[test]
fn endlessly_many_fields() {
    // Long ones go over the limit of bytes, short ones that end in time over that of their number.
    too_long(&endless("HTTP/1.1 200 OK\r\n", "X-Header: value\r\n"), "a response head");
    let many = "X: y\r\n".repeat(129);
    let server = Server::answering_once(format!("HTTP/1.1 200 OK\r\n{many}\r\n"));
    too_long(&server, "more than 128 fields");
}

#[test]
fn endless_empty_lines_in_front_of_a_response() {
    let server = endless("", "\r\n");
    Way::each(|way| {
        let answer = way.get(&server, "/");
        let kinds = [Some(ErrorKind::TooLong), Some(ErrorKind::Malformed)];
        assert!(kinds.contains(&answer.error), "{answer:?}");
    });
}

#[test]
fn an_endless_chunk_extension() {
    too_long(&endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", "x=y;"), "a chunk line");
}

#[test]
fn an_endless_chunk_size() {
    let server = endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0");
    too_long(&server, "a chunk line");
}

#[test]
fn endless_trailers() {
    const BEGINNING: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n";
    for rest in ["X-Trailer: value\r\n", "x"] {
        let server = endless(BEGINNING, rest);
        Way::each(|way| {
            let answer = way.get(&server, "/");
            answer.expect_error(ErrorKind::TooLong);
            assert_eq!(answer.body, b"hello");
        });
    }
    let many = "X: y\r\n".repeat(129);
    let server = Server::answering_once(format!("{BEGINNING}{many}\r\n"));
    Way::each(|way| way.get(&server, "/").expect_error(ErrorKind::TooLong));
}

#[test]
fn endless_interim_responses() {
    too_long(&endless("", "HTTP/1.1 100 Continue\r\n\r\n"), "interim responses");
    let some = "HTTP/1.1 102 Processing\r\n\r\n".repeat(16);
    let server = Server::answering(format!("{some}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
    Way::each(|way| way.get(&server, "/").expect(HttpStatus::OK, b"hello"));
    let many = format!("{some}HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let server = Server::answering_once(many);
    too_long(&server, "interim responses");
}

fn limited(body: u64) -> HttpOptions {
    let mut options = options(LONG);
    options.body_limit = body;
    options
}

#[test]
fn an_endless_body_is_cut_off_at_the_limit() {
    let beginnings = ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n"];
    for beginning in beginnings {
        let server = endless(beginning, "0123456789abcdef");
        Way::each(|way| {
            let answer = way.get_with(&server, "/", limited(1_000_000));
            answer.expect_error(ErrorKind::TooLong);
            assert!(answer.message.contains("a body"), "{}", answer.message);
            assert!(answer.body.len() <= 1_000_000, "{}", answer.body.len());
        });
    }
    let server = endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "10\r\n0123456789abcdef\r\n");
    Way::each(|way| way.get_with(&server, "/", limited(1_000_000)).expect_error(ErrorKind::TooLong));
}

#[test]
fn a_body_may_be_as_long_as_the_limit_and_no_byte_longer() {
    for framing in ["Content-Length: 1000\r\n", ""] {
        let server = Server::answering_once(format!("HTTP/1.1 200 OK\r\n{framing}\r\n{}", "x".repeat(1000)));
        Way::each(|way| {
            way.get_with(&server, "/", limited(1000)).expect(HttpStatus::OK, &[b'x'; 1000]);
            way.get_with(&server, "/", limited(999)).expect_error(ErrorKind::TooLong);
            way.get_with(&server, "/", limited(0)).expect_error(ErrorKind::TooLong);
        });
    }
}

/// An announced length that the limit forbids is refused when it is announced, not when it has come.
#[test]
fn an_announced_body_over_the_limit_is_refused_at_once() {
    let server = Server::start(|peer| {
        if peer.request().is_some() {
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n");
            peer.await_close();
        }
    });
    Way::each(|way| {
        let answer = way.get_with(&server, "/", limited(1000));
        answer.expect_error(ErrorKind::TooLong);
        assert!(answer.elapsed < Duration::from_secs(5), "{answer:?}");
    });
}

/// What goes to a sink has no limit: nothing of it stays in memory.
#[test]
fn a_sink_takes_more_than_the_limit() {
    const LENGTH: usize = 20 << 20;
    let server = Server::start(|peer| {
        if peer.request().is_some() {
            peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n").as_bytes());
            peer.send_endlessly(&[b'x'; 64 * 1024], LENGTH / (64 * 1024));
            peer.finish();
        }
    });
    let http = client_with(&server, limited(1000));
    let mut sink = Counted(0);
    let response = http.download(&HttpRequest::get("/").unwrap(), &mut sink, |_| std::ops::ControlFlow::Continue(()));
    assert!(response.ok(), "{:?}", response.error());
    assert_eq!((sink.0, response.body()), (LENGTH, &b""[..]));
}

struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        assert!(bytes.iter().all(|byte| *byte == b'x'));
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
