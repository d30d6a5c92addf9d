//! Where a response ends, and what is kept of one that is cut.

use std::{ops::ControlFlow, time::Duration};

use sockeye::{Error, ErrorKind, HttpMethod, HttpRequest, HttpStatus, Resume};

use crate::{
    folder::Folder,
    script::Server,
    ways::{Answer, Way, client},
};

const LENGTH: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: 1\r\n\r\nhello";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nTrailer: X-Sum\r\n\r\n\
    3;name=\"a b\";flag\r\nhel\r\n002\r\nlo\r\n0;last\r\nX-Sum: 5\r\nX-Sum: five\r\n\r\n";
const UNTIL_CLOSE: &str = "HTTP/1.1 200 OK\r\nServer: old\r\n\r\nhello";
const VERSION_1_0: &str = "HTTP/1.0 200 OK\r\n\r\nhello";
/// RFC 9112 section 2.2: a client may take a bare LF for the end of a line, and an empty line in front of the response.
const BARE_LF: &str = "\r\nHTTP/1.1 200 OK\nContent-Length: 5\n\nhello";
const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
    HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// A server that sends as many bytes of a message as the target says, and ends the connection.
fn cutting(message: &'static str) -> Server {
    Server::start(move |peer| {
        if let Some(request) = peer.request() {
            let cut: usize = request.target[1..].parse().unwrap();
            peer.send(&message.as_bytes()[..cut]);
        }
    })
}

/// Asks for every prefix of a message, each way.
fn every_prefix(message: &'static str, check: impl Fn(&str, Answer)) {
    let server = cutting(message);
    let http = client(&server);
    Way::each(|way| {
        for cut in 0..=message.len() {
            let answer = way.send(&http, &HttpRequest::get(&cut.to_string()).unwrap());
            check(&message[..cut], answer);
        }
    });
}

/// What has to come of a message that is cut in its head.
fn expect_cut_head(prefix: &str, answer: &Answer) {
    let expected = if prefix.is_empty() { ErrorKind::Disconnected } else { ErrorKind::Truncated };
    assert_eq!(answer.error, Some(expected), "{prefix:?}: {answer:?}");
    assert_eq!(answer.body, b"", "{prefix:?}");
}

#[test]
fn every_prefix_of_a_body_with_a_length_is_told_from_the_whole() {
    every_prefix(LENGTH, |prefix, answer| match prefix.split_once("\r\n\r\n") {
        None => expect_cut_head(prefix, &answer),
        Some((_, "hello")) => answer.expect(HttpStatus::OK, b"hello"),
        Some((_, part)) => {
            answer.expect_error(ErrorKind::Truncated);
            assert_eq!(answer.body, part.as_bytes(), "what arrived is kept");
            assert_eq!(answer.field("x-one"), Some("1"));
            assert!(answer.message.contains(&format!("{} of 5", part.len())), "{}", answer.message);
        }
    });
}

#[test]
fn every_prefix_of_a_chunked_body_is_told_from_the_whole() {
    every_prefix(CHUNKED, |prefix, answer| match prefix.split_once("\r\n\r\n") {
        None => expect_cut_head(prefix, &answer),
        Some(_) if prefix.len() == CHUNKED.len() => {
            answer.expect(HttpStatus::OK, b"hello");
            let trailers = [("X-Sum".to_owned(), b"5".to_vec()), ("X-Sum".to_owned(), b"five".to_vec())];
            assert_eq!(answer.trailers, trailers);
        }
        Some(_) => {
            answer.expect_error(ErrorKind::Truncated);
            assert!(b"hello".starts_with(&answer.body), "{answer:?}");
            let arrived = if prefix.contains("002\r\nlo") { 5 } else { usize::from(prefix.contains("\r\nhel")) * 3 };
            assert!(answer.body.len() >= arrived, "{prefix:?}: {answer:?}");
        }
    });
}

#[test]
fn a_body_without_a_length_ends_with_the_connection() {
    for message in [UNTIL_CLOSE, VERSION_1_0] {
        every_prefix(message, |prefix, answer| match prefix.split_once("\r\n\r\n") {
            None => expect_cut_head(prefix, &answer),
            Some((_, part)) => answer.expect(HttpStatus::OK, part.as_bytes()),
        });
    }
}

/// RFC 9112 section 8: where only the end of the connection ends a body, one that breaks leaves it incomplete. The client
/// waits for much in another call than for little.
#[test]
fn a_reset_is_no_end_of_a_body() {
    for length in [10, 3_000_000] {
        let server = Server::start(move |peer| {
            if peer.request().is_some() {
                peer.send(b"HTTP/1.1 200 OK\r\nServer: old\r\n\r\n");
                peer.send(&vec![b'x'; length]);
                // What a reset overtakes is lost; the client may have read it or not.
                std::thread::sleep(Duration::from_millis(50));
                peer.reset();
            }
        });
        Way::each(|way| {
            let answer = way.get(&server, "/");
            answer.expect_error(ErrorKind::Truncated);
            assert!(answer.body.len() <= length && answer.body.iter().all(|byte| *byte == b'x'), "{answer:?}");
        });
        for resume in [Resume::Never, Resume::IfPossible] {
            let folder = Folder::new();
            let request = HttpRequest::get("/").unwrap();
            let response =
                client(&server).download_file(&request, folder.0.join("file"), resume, |_| ControlFlow::Continue(()));
            assert_eq!(response.error().map(Error::kind), Some(ErrorKind::Truncated), "{response:?}");
            assert!(!folder.0.join("file").exists());
        }
    }
}

#[test]
fn every_prefix_of_a_message_in_bare_lines_is_told_from_the_whole() {
    every_prefix(BARE_LF, |prefix, answer| match prefix.split_once("\n\n") {
        None if prefix.trim().is_empty() => {
            let kinds = [Some(ErrorKind::Disconnected), Some(ErrorKind::Truncated)];
            assert!(kinds.contains(&answer.error), "{prefix:?}: {answer:?}");
        }
        None => expect_cut_head(prefix, &answer),
        Some((_, "hello")) => answer.expect(HttpStatus::OK, b"hello"),
        Some((_, part)) => {
            answer.expect_error(ErrorKind::Truncated);
            assert_eq!(answer.body, part.as_bytes());
        }
    });
}

#[test]
fn every_prefix_with_interim_responses_is_told_from_the_whole() {
    every_prefix(INTERIM, |prefix, answer| match prefix.split_once("Content-Length: 5\r\n\r\n") {
        None => {
            let expected = if prefix.is_empty() { ErrorKind::Disconnected } else { ErrorKind::Truncated };
            assert_eq!(answer.error, Some(expected), "{prefix:?}: {answer:?}");
        }
        Some((_, "hello")) => {
            answer.expect(HttpStatus::OK, b"hello");
            assert_eq!(answer.field("link"), None, "a field of an interim response");
        }
        Some((_, part)) => {
            answer.expect_error(ErrorKind::Truncated);
            assert_eq!(answer.body, part.as_bytes());
        }
    });
}

#[test]
fn byte_by_byte_is_as_good_as_at_once() {
    for message in [LENGTH, CHUNKED, UNTIL_CLOSE, VERSION_1_0, BARE_LF, INTERIM] {
        let server = Server::start(move |peer| {
            if peer.request().is_some() {
                // A pause lets every byte arrive alone.
                peer.drip(message.as_bytes(), Duration::from_micros(200));
            }
        });
        Way::each(|way| way.get(&server, "/").expect(HttpStatus::OK, b"hello"));
    }
}

#[test]
fn a_response_without_a_body_leaves_the_connection_for_the_next() {
    const HEADS: [(HttpMethod, u16, &str); 7] = [
        (HttpMethod::Head, 200, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        (HttpMethod::Head, 200, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (HttpMethod::Head, 404, "HTTP/1.1 404 Not Found\r\n\r\n"),
        (HttpMethod::Get, 204, "HTTP/1.1 204 No Content\r\n\r\n"),
        (HttpMethod::Delete, 204, "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
        (HttpMethod::Get, 304, "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"),
        (HttpMethod::Get, 200, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ];
    Way::each(|way| {
        let server = Server::start(|peer| {
            while let Some(request) = peer.request() {
                let number: usize = request.target[1..].parse().unwrap();
                peer.send(HEADS[number].2.as_bytes());
            }
        });
        let http = client(&server);
        for (number, (method, status, _)) in HEADS.into_iter().enumerate() {
            let answer = way.send(&http, &HttpRequest::new(method, &number.to_string()).unwrap());
            answer.expect(HttpStatus::from(status), b"");
        }
        assert_eq!(server.connections(), 1);
    });
}

/// RFC 9112 section 6.3: a length that comes several times with one value is that length.
#[test]
fn one_length_said_twice_is_one_length() {
    for head in
        ["Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5, 5", "content-length:5", "Content-Length: 005"]
    {
        let server = Server::answering(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\nhello"));
        Way::each(|way| way.get(&server, "/").expect(HttpStatus::OK, b"hello"));
    }
}

#[test]
fn a_large_body_is_whole_in_every_framing() {
    let body: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let mut chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for (number, chunk) in body.chunks(70_001).enumerate() {
        chunked.extend(format!("{:x};chunk={number}\r\n", chunk.len()).into_bytes());
        chunked.extend([chunk, b"\r\n"].concat());
    }
    chunked.extend(b"0\r\n\r\n");
    let with = |fields: &str| [format!("HTTP/1.1 200 OK\r\n{fields}\r\n").as_bytes(), &body].concat();
    for message in [with(&format!("Content-Length: {}\r\n", body.len())), with(""), chunked] {
        let server = Server::answering_once(message);
        Way::each(|way| way.get(&server, "/").expect(HttpStatus::OK, &body));
    }
}
