//! Responses that are none, or that two readers could read in two ways.

use sockeye::{ErrorKind, HttpRequest, HttpStatus};

use crate::{
    script::Server,
    ways::{Way, client},
};

/// Sends a response and waits for the client to close: it has to give up by itself, not because the connection ends.
fn refusing(response: impl Into<Vec<u8>>) -> Server {
    let response = response.into();
    Server::start(move |peer| {
        if peer.request().is_some() {
            peer.send(&response);
            peer.await_close();
        }
    })
}

/// Each of them is refused as malformed, each way, while the server still holds the connection open.
#[track_caller]
fn all_malformed(responses: &[&[u8]]) {
    for response in responses {
        eprintln!("response: {:?}", String::from_utf8_lossy(response));
        let server = refusing(*response);
        Way::each(|way| way.get(&server, "/").expect_error(ErrorKind::Malformed));
    }
}

/// The same for fields of a response whose body would be `hello`.
#[track_caller]
fn all_malformed_fields(fields: &[&str]) {
    let responses: Vec<Vec<u8>> =
        fields.iter().map(|field| format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\nhello").into_bytes()).collect();
    all_malformed(&responses.iter().map(Vec::as_slice).collect::<Vec<_>>());
}

#[test]
fn both_framings_at_once_are_refused() {
    all_malformed_fields(&[
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
        "Transfer-Encoding: identity\r\nContent-Length: 5",
    ]);
}

#[test]
fn lengths_that_differ_or_are_none_are_refused() {
    all_malformed_fields(&[
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5\r\nX: y\r\ncontent-length: 05, 6",
        "Content-Length: 5, 6",
        "Content-Length: -5",
        "Content-Length: +5",
        "Content-Length: 0x5",
        "Content-Length: 5.0",
        "Content-Length: 5 5",
        "Content-Length: five",
        "Content-Length: ",
        "Content-Length: 5,",
        "Content-Length: 18446744073709551616",
        "Content-Length: 99999999999999999999999999999999999999999",
    ]);
}

#[test]
fn codings_that_only_some_would_undo_are_refused() {
    all_malformed_fields(&[
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked;x=y",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: ",
        "Transfer-Encoding: chunked\u{b}",
    ]);
    all_malformed(&[b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]);
}

#[test]
fn fields_that_are_none_are_refused() {
    all_malformed_fields(&[
        "Content-Length : 5",
        "Content-Length\t: 5",
        " Content-Length: 5",
        "Content-Length",
        ": 5",
        "Content Length: 5",
        "Content-Length: 5\rX: y",
        "X: a\rb\r\nContent-Length: 5",
        "X: a\0b\r\nContent-Length: 5",
        "X\0: a\r\nContent-Length: 5",
        "X(y): a\r\nContent-Length: 5",
        "X: a\u{7f}b\r\nContent-Length: 5",
        "\u{fc}ber: a\r\nContent-Length: 5",
    ]);
}

#[test]
fn status_lines_that_are_none_are_refused() {
    all_malformed(&[
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 -20 OK\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1200 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"HTTP/1.1\t200\tOK\r\n\r\n",
        b"http/1.1 200 OK\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/3.1 200 OK\r\n\r\n",
        b"HTTP/1.x 200 OK\r\n\r\n",
        b" HTTP/1.1 200 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1 200 O\0K\r\n\r\n",
        b"HTTP/1.1 200 O\rK\r\n\r\n",
    ]);
}

/// What speaks first on other ports, and what a server of another protocol answers to a request.
#[test]
fn other_protocols_are_refused() {
    all_malformed(&[
        // HTTP/0.9: nothing but the body.
        b"<html><body>hello</body></html>\r\n",
        // HTTP/2: a client's preface, and a server's SETTINGS and GOAWAY.
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80\x00\x04\x00\x01\x00\x00\x00\x05\x00\xff\xff\xff",
        b"\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01",
        // TLS: the alert `unexpected_message` of a server that was asked in plain text.
        b"\x15\x03\x03\x00\x02\x02\x0a",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
        b"220 mail.example ESMTP\r\n",
        b"220 Welcome to the FTP server\r\n",
        b"RFB 003.008\n",
        b"+OK POP3 ready\r\n",
        b"-ERR unknown command\r\n",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7\xf6\xf5\xf4\xf3\xf2\xf1\xf0",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ]);
}

/// Noise of all sorts: an error, whatever it is, and never a hang or a response.
#[test]
fn noise_is_an_error() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    for round in 0..30 {
        let mut bytes: Vec<u8> = (0..200).flat_map(|_| noise()).collect();
        if round % 2 == 0 {
            bytes.splice(0..0, *b"HTTP/1.1 200 OK\r\nX: ");
            bytes.extend(b"\r\n\r\n");
        }
        let server = Server::start(move |peer| {
            if peer.request().is_some() {
                peer.send(&bytes);
                peer.finish();
            }
        });
        Way::each(|way| {
            let answer = way.get(&server, "/");
            let kinds = [ErrorKind::Malformed, ErrorKind::Truncated, ErrorKind::TooLong];
            assert!(answer.error.is_some_and(|kind| kinds.contains(&kind)), "{answer:?}");
        });
    }
}

#[test]
fn chunks_that_are_none_are_refused() {
    let bodies: [&[u8]; 17] = [
        b"\r\nhello\r\n0\r\n\r\n",
        b"g\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"5 5\r\nhello\r\n0\r\n\r\n",
        b"5\rhello\r\n0\r\n\r\n",
        b";x\r\nhello\r\n0\r\n\r\n",
        // 2^64, and numbers that only look smaller when they wrap.
        b"10000000000000000\r\nhello\r\n0\r\n\r\n",
        b"10000000000000005\r\nhello\r\n0\r\n\r\n",
        b"ffffffffffffffffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        // A chunk that does not end where it said.
        b"5\r\nhelloworld\r\n0\r\n\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhello\rx0\r\n\r\n",
        // Trailers that are none.
        b"5\r\nhello\r\n0\r\nno field\r\n\r\n",
        b"5\r\nhello\r\n0\r\nX: a\0b\r\n\r\n",
    ];
    for body in bodies {
        eprintln!("body: {:?}", String::from_utf8_lossy(body));
        let server = refusing([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", body].concat());
        Way::each(|way| {
            let answer = way.get(&server, "/");
            answer.expect_error(ErrorKind::Malformed);
            assert!(b"hello".starts_with(&answer.body), "{answer:?}");
        });
    }
}

/// 2^64 - 1 is a number, so the chunk is only too long: for the limit of the body, or for the connection.
#[test]
fn the_largest_chunk_is_never_believed() {
    let server = Server::start(|peer| {
        if let Some(request) = peer.request() {
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello");
            if request.target == "/short" {
                peer.finish();
            } else {
                peer.send_endlessly(&[b'x'; 64 * 1024], 16 * 1024);
            }
        }
    });
    Way::each(|way| {
        let answer = way.get(&server, "/short");
        let kinds = [Some(ErrorKind::Truncated), Some(ErrorKind::TooLong), Some(ErrorKind::Malformed)];
        assert!(kinds.contains(&answer.error), "{answer:?}");
        way.get(&server, "/endless").expect_error(ErrorKind::TooLong);
    });
}

/// RFC 9110 section 15.2.2: a server must not switch to a protocol that nobody asked for. What follows is of that
/// protocol: no body, and no answer to another request.
#[test]
fn a_switch_that_nobody_asked_for_ends_the_connection() {
    let server =
        refusing("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\x01\x02");
    Way::each(|way| {
        let http = client(&server);
        for _ in 0..2 {
            let answer = way.send(&http, &HttpRequest::get("/").unwrap());
            answer.expect(HttpStatus::SWITCHING_PROTOCOLS, b"");
        }
    });
    assert_eq!(server.connections(), 2 * Way::ALL.len());
}

/// Nothing of a refused response is left for the next request.
#[test]
fn a_refused_response_ends_its_connection() {
    let server = Server::start(|peer| {
        let Some(request) = peer.request() else { return };
        if request.target == "/bad" {
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello");
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled");
            peer.await_close();
        } else {
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
            peer.finish();
        }
    });
    Way::each(|way| {
        let http = client(&server);
        way.send(&http, &HttpRequest::get("/bad").unwrap()).expect_error(ErrorKind::Malformed);
        way.send(&http, &HttpRequest::get("/good").unwrap()).expect(HttpStatus::OK, b"good");
    });
    assert_eq!(server.connections(), 2 * Way::ALL.len());
}
