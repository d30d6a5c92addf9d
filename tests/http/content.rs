//! Compressed bodies, and what is wrong with some of them.

use std::io::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use sockeye::{ErrorKind, HttpRequest, HttpStatus};

use crate::{
    script::Server,
    ways::{LONG, Way, client, client_with, options},
};

fn plain() -> Vec<u8> {
    (0..200_000_u32).flat_map(|number| (number % 1009 * (number % 1009)).to_be_bytes()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn response(encoding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[test]
fn compressed_bodies_are_decompressed() {
    let plain = plain();
    let halves = [gzip(&plain[..1000]), gzip(&plain[1000..])].concat();
    let bodies = [
        ("gzip", gzip(&plain)),
        ("x-gzip", gzip(&plain)),
        ("GZip", gzip(&plain)),
        ("deflate", zlib(&plain)),
        // What some servers send under that name.
        ("deflate", raw_deflate(&plain)),
        // RFC 1952 section 2.2: members follow one another.
        ("gzip", halves),
        ("identity", plain.clone()),
    ];
    for (encoding, body) in bodies {
        let server = Server::answering(response(encoding, &body));
        Way::each(|way| way.get(&server, "/").expect(HttpStatus::OK, &plain));
        let request = server.requests().pop().unwrap();
        assert_eq!(request.field("accept-encoding"), Some("gzip, deflate"));
    }
}

#[test]
fn a_compressed_body_comes_in_chunks_and_byte_by_byte() {
    let body = gzip(b"hello");
    let mut chunked = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for byte in body {
        chunked.extend([b"1\r\n", &[byte][..], b"\r\n"].concat());
    }
    chunked.extend(b"0\r\n\r\n");
    let server = Server::start(move |peer| {
        if peer.request().is_some() {
            peer.drip(&chunked, std::time::Duration::ZERO);
            peer.finish();
        }
    });
    Way::each(|way| way.get(&server, "/").expect(HttpStatus::OK, b"hello"));
}

#[test]
fn an_empty_body_needs_no_compression() {
    let server = Server::answering(response("gzip", b""));
    Way::each(|way| {
        way.get(&server, "/").expect(HttpStatus::OK, b"");
        way.send(&client(&server), &HttpRequest::head("/").unwrap()).expect(HttpStatus::OK, b"");
    });
}

#[test]
fn without_compression_the_body_is_left_as_it_is() {
    let body = gzip(b"hello");
    let server = Server::answering(response("gzip", &body));
    let mut plain = options(LONG);
    plain.compression = false;
    let http = client_with(&server, plain);
    Way::each(|way| way.send(&http, &HttpRequest::get("/").unwrap()).expect(HttpStatus::OK, &body));
    assert_eq!(server.requests()[0].field("accept-encoding"), None);
}

#[test]
fn an_encoding_that_nobody_knows_is_left_as_it_is() {
    let server = Server::answering(response("br", b"\x0b\x02\x80hello\x03"));
    Way::each(|way| {
        let answer = way.get(&server, "/");
        answer.expect(HttpStatus::OK, b"\x0b\x02\x80hello\x03");
        assert_eq!(answer.field("content-encoding"), Some("br"));
    });
}

#[test]
fn a_compressed_body_that_is_cut_is_an_error() {
    let body = gzip(&plain());
    // The last bytes are a checksum and a length: without them nobody knows that the body is whole.
    for cut in [1, 5, 9, 10, 11, 1000, body.len() - 9, body.len() - 8, body.len() - 1] {
        let server = Server::answering(response("gzip", &body[..cut]));
        Way::each(|way| {
            let answer = way.get(&server, "/");
            let kinds = [Some(ErrorKind::Truncated), Some(ErrorKind::Malformed)];
            assert!(kinds.contains(&answer.error), "{cut} bytes: {answer:?}");
        });
    }
}

#[test]
fn a_compressed_body_that_is_broken_is_an_error() {
    let plain = plain();
    let whole = gzip(&plain);
    let broken = |at: usize| {
        let mut body = whole.clone();
        body[at] ^= 0x55;
        body
    };
    let bodies = [
        ("gzip", broken(0)),
        ("gzip", broken(2)),
        ("gzip", broken(whole.len() - 8)),
        ("gzip", broken(whole.len() - 1)),
        ("gzip", plain.clone()),
        ("gzip", b"hello".to_vec()),
        ("deflate", b"\xff\xff\xff\xff\xff\xff".to_vec()),
        ("deflate", {
            let mut body = zlib(&plain);
            *body.last_mut().unwrap() ^= 1;
            body
        }),
    ];
    for (encoding, body) in bodies {
        let server = Server::answering(response(encoding, &body));
        Way::each(|way| way.get(&server, "/").expect_error(ErrorKind::Malformed));
    }
}

/// The limit is on what a body becomes, which its length on the wire does not tell.
#[test]
fn a_body_that_grows_over_the_limit_is_refused() {
    for (encoding, body) in [("gzip", gzip(&[0; 1 << 20])), ("deflate", zlib(&[0; 1 << 20]))] {
        let server = Server::answering(response(encoding, &body));
        Way::each(|way| {
            let mut limited = options(LONG);
            limited.body_limit = 1 << 20;
            way.get_with(&server, "/", limited.clone()).expect(HttpStatus::OK, &[0; 1 << 20]);
            limited.body_limit -= 1;
            way.get_with(&server, "/", limited).expect_error(ErrorKind::TooLong);
        });
    }
}
