//! What a hostile server can make the HTTP client hold in memory. Each test counts in a process of its own; the script
//! of its server is part of that process and prepares what it sends before.
#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::doc_markdown, clippy::cast_possible_truncation)]

#[path = "support/allocator.rs"]
mod allocator;
#[path = "support/script.rs"]
mod script;
mod support;
#[path = "support/ways.rs"]
mod ways;

use std::{
    io::{self, Write},
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};

use flate2::{Compress, Compression, FlushCompress};
use sockeye::{ErrorKind, Http, HttpOptions, HttpRequest, Resume};

use allocator::counted;
use script::Server;
use support::child::in_child;
use ways::{LONG, Way, client, client_with, options};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Sends a beginning, then the same piece for ever: until the client has closed.
fn endless(beginning: impl Into<Vec<u8>>, piece: &[u8]) -> Server {
    let beginning = beginning.into();
    let pieces = piece.repeat((64 * KIB).div_ceil(piece.len()));
    Server::start(move |peer| {
        if peer.request().is_some() {
            peer.send(&beginning);
            let most = (1 << 30) / pieces.len();
            assert!(peer.send_endlessly(&pieces, most) < most, "the client takes it all");
        }
    })
}

/// Gets a target each way; each fails with `kind` and needs no more than `most` bytes of heap for it.
fn fails_within(server: &Server, options: &HttpOptions, kind: ErrorKind, most: usize) {
    for way in Way::ALL {
        let http = client_with(server, options.clone());
        let request = HttpRequest::get("/").unwrap();
        let begin = Instant::now();
        let (answer, _, peak) = counted(|| way.send(&http, &request));
        println!("{way:?}: {kind:?} after {:?}, at most {peak} bytes", begin.elapsed());
        assert_eq!(answer.error, Some(kind), "{answer:?}");
        assert!(peak < most, "{way:?}: {peak} bytes, wanted less than {most}");
    }
}

/// A body of this length, the smaller vector that it grew out of, and what decoders and the server have.
fn with_buffers(body: usize) -> usize {
    2 * body + 2 * MIB
}

#[test]
fn an_endless_head_costs_little() {
    in_child("an_endless_head_costs_little", || {
        let heads: [(&str, &[u8]); 5] = [
            ("HTTP/1.1 200 ", b"OK"),
            ("HTTP/1.1 200 OK\r\nX: ", b"y"),
            ("HTTP/1.1 200 OK\r\nX: y\r\n", b" y\r\n"),
            ("HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
            ("", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ];
        for (beginning, piece) in heads {
            fails_within(&endless(beginning, piece), &options(LONG), ErrorKind::TooLong, 512 * KIB);
        }
    });
}

#[test]
fn endless_framing_costs_little() {
    in_child("endless_framing_costs_little", || {
        const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let frames: [(&str, &[u8]); 4] = [("5;", b"x=y;"), ("", b"0"), ("0\r\n", b"X: y\r\n"), ("0\r\nX: ", b"y")];
        for (beginning, piece) in frames {
            let server = endless(format!("{CHUNKED}{beginning}"), piece);
            fails_within(&server, &options(LONG), ErrorKind::TooLong, 1024 * KIB);
        }
    });
}

/// Memory grows as bytes arrive, not by what is announced.
#[test]
fn an_announced_body_costs_nothing() {
    in_child("an_announced_body_costs_nothing", || {
        let lengths = ["Content-Length: 67108864\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n4000000\r\n"];
        for length in lengths {
            let server = Server::answering_once(format!("HTTP/1.1 200 OK\r\n{length}0123456789"));
            fails_within(&server, &options(LONG), ErrorKind::Truncated, 256 * KIB);
        }
        let server =
            Server::answering_once("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n0123456789");
        fails_within(&server, &options(LONG), ErrorKind::TooLong, 256 * KIB);
    });
}

/// Nor do those that were let in: what is announced may be more than any machine has.
#[test]
fn an_announced_body_that_no_machine_can_hold_costs_what_comes() {
    in_child("an_announced_body_that_no_machine_can_hold_costs_what_comes", || {
        let mut unlimited = options(LONG);
        unlimited.body_limit = u64::MAX;
        let body = "x".repeat(MIB);
        for length in [1 << 40, 1 << 46, 1 << 62, 1 << 63, u64::MAX] {
            let server = Server::answering_once(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"));
            // Room for a body that has grown is made at once.
            fails_within(&server, &unlimited, ErrorKind::Truncated, 66 * MIB);
        }
    });
}

#[test]
fn a_body_costs_its_limit() {
    in_child("a_body_costs_its_limit", || {
        let mut limited = options(LONG);
        limited.body_limit = MIB as u64;
        for beginning in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 500 No\r\n\r\n"] {
            fails_within(&endless(beginning, b"x"), &limited, ErrorKind::TooLong, with_buffers(MIB));
        }
    });
}

/// What `bytes` compress to, again and again until `length` bytes of body would come out of it, and so never ending.
fn bomb(length: usize) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let zeros = vec![0; MIB];
    let mut piece = Vec::with_capacity(16 * KIB);
    // After a full flush the next piece does not look back, and the pieces are all alike.
    compress.compress_vec(&zeros, &mut piece, FlushCompress::Full).unwrap();
    assert_eq!(compress.total_in(), MIB as u64);
    piece.repeat(length.div_ceil(MIB))
}

/// 10 GiB of zeros in 10 MB.
#[test]
fn a_compressed_body_costs_its_limit() {
    in_child("a_compressed_body_costs_its_limit", || {
        const GZIP_HEAD: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";
        let deflated = bomb(10 << 30);
        assert!(deflated.len() < 12_000_000, "{} bytes", deflated.len());
        // Members of a megabyte each, as RFC 1952 section 2.2 allows.
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![0; MIB]).unwrap();
        let members = encoder.finish().unwrap().repeat(10 << 10);
        assert!(members.len() < 12_000_000, "{} bytes", members.len());
        let bombs = [("gzip", [GZIP_HEAD, &deflated].concat()), ("deflate", deflated), ("gzip", members)];
        for (encoding, body) in bombs {
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n", body.len());
            let message = Arc::new([head.as_bytes(), &body].concat());
            drop(body);
            let sent = Arc::clone(&message);
            let server = Server::start(move |peer| {
                if peer.request().is_some() {
                    peer.send(&sent);
                    peer.finish();
                }
            });
            let mut limited = options(LONG);
            limited.body_limit = MIB as u64;
            fails_within(&server, &limited, ErrorKind::TooLong, with_buffers(MIB));
            // Decompression is slow where it is not optimised.
            let mut patient = options(10 * LONG);
            patient.body_limit = 8 * MIB as u64;
            fails_within(&server, &patient, ErrorKind::TooLong, with_buffers(8 * MIB));
        }
    });
}

/// A download has no limit of length, and needs none.
#[test]
fn a_download_costs_a_buffer() {
    in_child("a_download_costs_a_buffer", || {
        let folder = support::fresh_path();
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("file");
        let body = vec![b'x'; 256 * MIB];
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let server = Server::start(
            move |peer| {
                while peer.request().is_some() && peer.send(head.as_bytes()) && peer.send(&body) {}
            },
        );
        let http = client(&server);
        let request = HttpRequest::get("/").unwrap();
        let go_on = |_| ControlFlow::Continue(());
        for _ in 0..2 {
            let (response, _, peak) = counted(|| http.download(&request, &mut io::sink(), go_on));
            assert!(response.ok(), "{response:?}");
            assert!(peak < MIB, "{peak} bytes");
            let (response, _, peak) = counted(|| http.download_file(&request, &path, Resume::Never, go_on));
            assert!(response.ok(), "{response:?}");
            assert!(peak < MIB, "{peak} bytes");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    });
}

/// The same for a body that is larger than it looks.
#[test]
fn a_compressed_download_costs_a_buffer() {
    in_child("a_compressed_download_costs_a_buffer", || {
        let body = bomb(256 * MIB);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: {}\r\n\r\n", body.len());
        let message = [head.as_bytes(), &body].concat();
        let server = Server::start(move |peer| while peer.request().is_some() && peer.send(&message) {});
        let http = client(&server);
        let mut sink = Zeros(0);
        let request = HttpRequest::get("/").unwrap();
        let (response, _, peak) = counted(|| http.download(&request, &mut sink, |_| ControlFlow::Continue(())));
        // The end of it never comes; all that was in it has.
        assert!(response.error().is_some(), "{response:?}");
        assert_eq!(sink.0, 256 * MIB);
        assert!(peak < MIB, "{peak} bytes");
    });
}

struct Zeros(usize);

impl Write for Zeros {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        assert!(bytes.len() <= 64 * KIB && bytes.iter().all(|byte| *byte == 0));
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn redirects_with_endless_bodies_cost_little() {
    in_child("redirects_with_endless_bodies_cost_little", || {
        let server = endless("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b"x");
        fails_within(&server, &options(LONG), ErrorKind::TooLong, 1024 * KIB);
        assert_eq!(server.connections(), 11 * Way::ALL.len());
    });
}

#[test]
fn an_upload_costs_a_buffer() {
    in_child("an_upload_costs_a_buffer", || {
        const LENGTH: usize = 128 * MIB;
        let path = support::fresh_path();
        std::fs::File::create(&path).unwrap().set_len(LENGTH as u64).unwrap();
        let server = Server::start(|peer| {
            while peer.head().is_some() {
                // Counted, not kept.
                peer.skip(LENGTH).unwrap();
                peer.send(b"HTTP/1.1 204 No Content\r\n\r\n");
            }
        });
        let mut at_once = options(LONG);
        at_once.expect_continue = u64::MAX;
        let http = client_with(&server, at_once);
        for way in Way::ALL {
            let mut request = HttpRequest::post("/").unwrap();
            request.set_body_file(&path).unwrap();
            let (answer, _, peak) = counted(|| way.send(&http, &request));
            assert_eq!(answer.error, None, "{answer:?}");
            assert!(peak < MIB, "{way:?}, a file: {peak} bytes");
            request.set_body_reader(io::Read::take(io::repeat(7), LENGTH as u64), Some(LENGTH as u64));
            let (answer, _, peak) = counted(|| way.send(&http, &request));
            assert_eq!(answer.error, None, "{answer:?}");
            assert!(peak < MIB, "{way:?}, a reader: {peak} bytes");
        }
        std::fs::remove_file(&path).unwrap();
    });
}

/// What a game holds while its servers keep it waiting.
#[test]
fn a_waiting_exchange_costs_little() {
    in_child("a_waiting_exchange_costs_little", || {
        const COUNT: usize = 50;
        for beginning in ["", "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n0123456789"] {
            let server = Server::start(move |peer| {
                if peer.request().is_some() {
                    peer.send(beginning.as_bytes());
                    peer.hold();
                }
            });
            let http = client(&server);
            let request = HttpRequest::get("/").unwrap();
            let mut exchanges = Vec::with_capacity(COUNT);
            let before = server.requests().len();
            let ((), held, _) = counted(|| {
                exchanges.extend((0..COUNT).map(|_| http.begin(&request)));
                let end = Instant::now() + LONG;
                let there = |exchange: &sockeye::HttpExchange| exchange.response().is_some();
                while server.requests().len() < before + COUNT || !beginning.is_empty() && !exchanges.iter().all(there)
                {
                    for exchange in &mut exchanges {
                        assert!(exchange.poll().is_not_ready());
                    }
                    assert!(Instant::now() < end, "the exchanges do not begin");
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
            // The thread and the request of each connection at the server are counted too.
            let each = held / COUNT + size_of::<sockeye::HttpExchange>();
            println!("{each} bytes for an exchange and its connection at the server");
            assert!(each < 40 * KIB, "{each} bytes");
        }
    });
}

#[test]
fn an_idle_client_keeps_little() {
    in_child("an_idle_client_keeps_little", || {
        let body = vec![b'x'; 8 * MIB];
        let message = [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), &body].concat();
        let server = Server::start(move |peer| while peer.request().is_some() && peer.send(&message) {});
        let http = client(&server);
        let request = HttpRequest::get("/").unwrap();
        let ((), held, _) = counted(|| {
            for _ in 0..5 {
                assert!(http.send_request(&request).ok());
            }
        });
        assert_eq!(server.connections(), 1);
        assert!(held < 48 * KIB, "{held} bytes");
    });
}

#[test]
fn cookies_are_counted() {
    in_child("cookies_are_counted", || {
        let server = Server::start(|peer| {
            let mut number = 0;
            while peer.request().is_some() {
                let mut response = String::from("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
                for _ in 0..50 {
                    number += 1;
                    response += &format!("Set-Cookie: c{number}={}; Path=/deep{number}\r\n", "x".repeat(1000));
                }
                peer.send(format!("{response}\r\n").as_bytes());
            }
        });
        let mut with_cookies = options(LONG);
        with_cookies.cookies = true;
        let http: Http = client_with(&server, with_cookies);
        let request = HttpRequest::get("/").unwrap();
        let ((), held, _) = counted(|| {
            for _ in 0..200 {
                let response = http.send_request(&request);
                assert!(response.ok(), "{response:?}");
            }
        });
        // 10,000 cookies of 1 kB went by.
        println!("{held} bytes are held");
        assert!(held < 4 * MIB, "{held} bytes");
    });
}
