//! HTTPS: the same behaviour over sessions, and the faults that only they have.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use sockeye::{
    ErrorKind, Fingerprint, Http, HttpOptions, HttpRequest, HttpStatus, TcpSocket, TlsClient, TlsClientOptions,
    TlsIdentity, TlsServer, TlsSocket, Trust,
};

use crate::{
    script::Server,
    ways::{LONG, SLACK, Way, options},
};

/// A server that does what a script says with each session, and stays until the test program ends.
struct Secure {
    port: u16,
    fingerprint: Fingerprint,
    sessions: Arc<AtomicUsize>,
}

impl Secure {
    /// The script gets the session, the connection below it, and the target of each request; it says whether to go on.
    fn start(script: impl Fn(&mut TlsSocket, &TcpStream, &str) -> bool + Send + Sync + 'static) -> Self {
        let identity = TlsIdentity::self_signed(&["127.0.0.1"]).unwrap();
        let fingerprint = identity.fingerprint();
        let config = TlsServer::new(identity).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sessions, script) = (Arc::new(AtomicUsize::new(0)), Arc::new(script));
        let counted = Arc::clone(&sessions);
        thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                let (config, script, counted) = (config.clone(), Arc::clone(&script), Arc::clone(&counted));
                thread::spawn(move || {
                    let below = socket.try_clone().unwrap();
                    let socket = TcpSocket::try_from(socket).unwrap();
                    let mut session = TlsSocket::server(socket, &config).unwrap();
                    session.set_timeout(Some(LONG)).unwrap();
                    if session.handshake().is_done() {
                        counted.fetch_add(1, Ordering::SeqCst);
                        while let Some(target) = request(&mut session)
                            && script(&mut session, &below, &target)
                        {}
                    }
                });
            }
        });
        Self { port, fingerprint, sessions }
    }

    fn client(&self, trust: Trust) -> Http {
        let mut trusting = TlsClientOptions::default();
        trusting.trust = trust;
        let mut options: HttpOptions = options(LONG);
        options.tls = Some(TlsClient::with_options(trusting).unwrap());
        Http::with_options("https://127.0.0.1", self.port, options).unwrap()
    }

    fn trusting_client(&self) -> Http {
        self.client(Trust::Pinned(vec![self.fingerprint]))
    }
}

/// Reads a request without a body and gives its target.
fn request(session: &mut TlsSocket) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if session.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    Some(String::from_utf8(head).unwrap().split(' ').nth(1).unwrap().to_owned())
}

fn get(target: &str) -> HttpRequest {
    HttpRequest::get(target).unwrap()
}

#[test]
fn one_session_serves_many_requests() {
    let server = Secure::start(|session, _, target| {
        let length: usize = target[1..].parse().unwrap();
        session.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes()).is_ok()
            && session.write_all(&vec![b'x'; length]).is_ok()
    });
    Way::each(|way| {
        let before = server.sessions.load(Ordering::SeqCst);
        let http = server.trusting_client();
        for length in [0, 1, 16_384, 16_385, 3_000_000, 5] {
            way.send(&http, &get(&length.to_string())).expect(HttpStatus::OK, &vec![b'x'; length]);
        }
        assert_eq!(server.sessions.load(Ordering::SeqCst) - before, 1);
    });
}

#[test]
fn byte_by_byte_in_records_is_as_good_as_at_once() {
    let server = Secure::start(|session, _, _| {
        let response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n";
        response.iter().all(|byte| session.write_all(&[*byte]).is_ok())
    });
    Way::each(|way| way.send(&server.trusting_client(), &get("/")).expect(HttpStatus::OK, b"hello"));
}

/// Without a length the end of the session is the end of the body: so it must be told from a connection that somebody cut.
#[test]
fn a_session_that_is_cut_does_not_end_a_body() {
    let server = Secure::start(|session, below, target| {
        let length = if target.contains("length") { "Content-Length: 5\r\n" } else { "" };
        session.write_all(format!("HTTP/1.1 200 OK\r\n{length}\r\nhello").as_bytes()).unwrap();
        if target.contains("cut") {
            below.shutdown(Shutdown::Both).unwrap();
        }
        false
    });
    Way::each(|way| {
        for target in ["/orderly", "/orderly/length", "/cut/length"] {
            way.send(&server.trusting_client(), &get(target)).expect(HttpStatus::OK, b"hello");
        }
        let answer = way.send(&server.trusting_client(), &get("/cut"));
        answer.expect_error(ErrorKind::Truncated);
        assert_eq!(answer.body, b"hello", "what arrived is kept");
    });
}

#[test]
fn a_server_that_is_not_trusted_never_sees_the_request() {
    let server = Secure::start(|_, _, target| panic!("{target} was asked for"));
    let other = TlsIdentity::self_signed(&["127.0.0.1"]).unwrap().fingerprint();
    Way::each(|way| {
        for trust in [Trust::Pinned(vec![other]), Trust::System] {
            let answer = way.send(&server.client(trust), &get("/secret"));
            answer.expect_error(ErrorKind::Tls);
            if way == Way::Blocking {
                assert_eq!(answer.status, HttpStatus::CONNECTION_FAILED);
            }
        }
    });
}

/// A web server without TLS: what it gets is no request, and what it answers is no session.
#[test]
fn a_plain_server_is_no_secure_one() {
    let server = Server::start(|peer| {
        let greeting = peer.exactly(3).unwrap();
        assert_eq!(greeting[..2], [22, 3], "not the beginning of a handshake");
        peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        peer.await_close();
    });
    Way::each(|way| {
        let http = Http::with_options("https://127.0.0.1", server.port(), options(LONG)).unwrap();
        way.send(&http, &get("/secret")).expect_error(ErrorKind::Tls);
    });
    assert!(server.requests().is_empty());
}

#[test]
fn a_server_that_is_silent_in_the_handshake_costs_the_limit() {
    let limit = Duration::from_millis(300);
    let server = Server::start(|peer| {
        peer.await_close();
    });
    Way::each(|way| {
        let http = Http::with_options("https://127.0.0.1", server.port(), options(limit)).unwrap();
        let answer = way.send(&http, &get("/"));
        answer.expect_error(ErrorKind::TimedOut);
        assert!((limit..limit + SLACK).contains(&answer.elapsed), "{answer:?}");
    });
}

#[test]
fn a_server_that_closes_in_the_handshake_is_an_error() {
    let server = Server::start(|peer| {
        peer.exactly(3).unwrap();
        if peer.number % 2 == 0 {
            peer.reset();
        }
    });
    Way::each(|way| {
        for _ in 0..2 {
            let http = Http::with_options("https://127.0.0.1", server.port(), options(LONG)).unwrap();
            let answer = way.send(&http, &get("/"));
            let kinds = [Some(ErrorKind::Tls), Some(ErrorKind::Disconnected), Some(ErrorKind::Truncated)];
            assert!(kinds.contains(&answer.error), "{answer:?}");
            assert!(answer.elapsed < SLACK, "{answer:?}");
        }
    });
}
