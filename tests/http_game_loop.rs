//! Exchanges in a loop of 60 frames a second: whatever the servers do, a poll never takes a millisecond.
#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation, clippy::doc_markdown)]

#[path = "support/game_loop.rs"]
mod game_loop;
#[path = "support/script.rs"]
mod script;

use std::{io::Write, net::SocketAddr, time::Duration};

use sockeye::{Http, HttpOptions, HttpRequest, Proxy};

use game_loop::{Runner, play};
use script::Server;

/// No test is to end an exchange by its own limit.
fn client(host: &str, port: u16) -> Http {
    let mut options = HttpOptions::default();
    options.proxy = Proxy::None;
    options.silence = None;
    options.connect_limit = None;
    options.expect_continue = u64::MAX;
    Http::with_options(host, port, options).unwrap()
}

/// Eight servers at once: one that does not take connections, a name that does not exist, one that says nothing, one
/// that drips, one that answers, and three that send or take as fast as they can.
#[test]
fn eight_exchanges_leave_the_frame_to_the_game() {
    const LARGE: usize = 8 << 20;
    let (full, _queue) = full_listener();
    let silent = Server::start(|peer| {
        peer.request();
        peer.hold();
    });
    let dripping = Server::start(|peer| {
        while peer.request().is_some() {
            let head = format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 100\r\n\r\n", "x".repeat(500));
            if !peer.drip(head.as_bytes(), Duration::from_millis(1))
                || !peer.drip(&[b'x'; 100], Duration::from_millis(1))
            {
                return;
            }
        }
    });
    let small = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_owned() + &"x".repeat(1000));
    let large = Server::answering(
        [format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n").as_bytes(), &vec![7; LARGE]].concat(),
    );
    let packed = gzip(&(0..LARGE as u32 / 4).flat_map(|number| (number / 7).to_be_bytes()).collect::<Vec<u8>>());
    let packed = Server::answering(compressed(&packed));
    let taking = Server::start(|peer| {
        while peer.head().is_some() && peer.skip(LARGE).is_some() {
            peer.send(b"HTTP/1.1 204 No Content\r\n\r\n");
        }
    });
    let get = HttpRequest::get("/").unwrap();
    let mut upload = HttpRequest::post("/").unwrap();
    upload.set_body(vec![7; LARGE]);

    let local = |server: &Server| client("127.0.0.1", server.port());
    let clients = [
        client("127.0.0.1", full),
        client("sockeye.invalid", 80),
        local(&silent),
        local(&dripping),
        local(&small),
        local(&large),
        local(&packed),
        local(&taking),
    ];
    let names = ["full", "no such name", "silent", "dripping", "small", "large", "compressed", "upload"];
    let outcome = play(4, || {
        let requests = [&get; 7].into_iter().chain([&upload]);
        let runners = names.iter().zip(&clients).zip(requests).map(|((name, http), request)| {
            let runner = Runner::new(name, move || http.begin(request));
            if matches!(*name, "full" | "no such name" | "silent") { runner.endless() } else { runner }
        });
        runners.collect()
    });
    for (name, runner) in names.iter().zip(&outcome) {
        let expected = match *name {
            "full" | "silent" => "",
            "small" => "200 OK with 1000 bytes",
            "dripping" => "200 OK with 100 bytes",
            "large" | "compressed" => "200 OK with 8388608 bytes",
            "upload" => "204 No Content with 0 bytes",
            // Whatever the resolver of this machine says, and when.
            _ => continue,
        };
        assert_eq!(runner.last(), expected, "{name}");
    }
}

/// Servers that mean to take the loop's time: heads at their limits, a thousand-fold compression, chunks of a byte,
/// endless trailers, redirects in circles.
#[test]
fn hostile_servers_get_no_more_of_the_frame() {
    let heads = Server::answering({
        let many: String = (0..126).map(|number| format!("X-{number}: {}\r\n", "y".repeat(490))).collect();
        format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 0\r\n\r\n")
    });
    let bomb = Server::answering(compressed(&gzip(&vec![0; 32 << 20])));
    let chunks = Server::answering({
        let body = "1\r\nx\r\n".repeat(500_000);
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}0\r\n\r\n")
    });
    let trailers = Server::answering({
        let many = "X-Trailer: value\r\n".repeat(5_000);
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{many}\r\n")
    });
    let circles = Server::answering("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n");
    let endless = Server::start(|peer| {
        if peer.request().is_some() {
            peer.send(b"HTTP/1.1 200 OK\r\n\r\n");
            peer.send_endlessly(&[7; 256 * 1024], 1000);
        }
    });
    let interim = Server::answering("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n".repeat(10_000));
    let closing = Server::start(|peer| {
        peer.request();
    });
    let get = HttpRequest::get("/").unwrap();
    let servers = [
        ("heads", &heads, "200 OK with 0 bytes"),
        ("bomb", &bomb, "200 OK with 33554432 bytes"),
        ("chunks", &chunks, "200 OK with 500000 bytes"),
        ("trailers", &trailers, "the fields of a response of 65537 bytes is longer than the limit of 65536"),
        ("circles", &circles, "more than 10 redirects"),
        ("endless", &endless, ""),
        ("interim", &interim, "more than 16 interim responses"),
        ("closing", &closing, "disconnected"),
    ];
    let clients = servers.map(|(_, server, _)| client("127.0.0.1", server.port()));
    let outcome = play(4, || {
        let runners = servers.iter().zip(&clients).map(|((name, _, expected), http)| {
            let runner = Runner::new(name, || http.begin(&get));
            if expected.is_empty() { runner.endless() } else { runner }
        });
        runners.collect()
    });
    for ((name, _, expected), runner) in servers.iter().zip(&outcome) {
        assert_eq!(runner.last(), *expected, "{name}");
    }
}

/// The handshake is done by a thread; what is left for the polls is to decrypt.
#[cfg(feature = "tls")]
#[test]
fn encryption_leaves_the_frame_to_the_game() {
    use sockeye::{IpAddress, TcpListener, TlsClient, TlsClientOptions, TlsIdentity, TlsServer, TlsSocket, Trust};

    const LENGTH: usize = 2 << 20;
    let identity = TlsIdentity::self_signed(&["127.0.0.1"]).unwrap();
    let mut trust = TlsClientOptions::default();
    trust.trust = Trust::Pinned(vec![identity.fingerprint()]);
    let trust = TlsClient::with_options(trust).unwrap();
    let config = TlsServer::new(identity).unwrap();
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
    let port = listener.local_port();
    std::thread::spawn(move || {
        let body = vec![7; LENGTH];
        // Until the end of the test: nobody waits for this thread.
        while let Ok(socket) = listener.accept().into_result() {
            let config = config.clone();
            let body = body.clone();
            std::thread::spawn(move || -> std::io::Result<()> {
                let mut session = TlsSocket::server(socket, &config)?;
                let mut request = [0; 4096];
                while session.receive(&mut request).is_done() {
                    session.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n").as_bytes())?;
                    session.write_all(&body)?;
                }
                Ok(())
            });
        }
    });
    let mut options = HttpOptions::default();
    options.proxy = Proxy::None;
    options.tls = Some(trust.clone());
    let keeping = Http::with_options("https://127.0.0.1", port, options.clone()).unwrap();
    options.pool = 0;
    let renewing = Http::with_options("https://127.0.0.1", port, options).unwrap();
    let get = HttpRequest::get("/").unwrap();
    let outcome = play(4, || {
        vec![
            Runner::new("kept connections", || keeping.begin(&get)),
            Runner::new("new connections", || renewing.begin(&get)),
        ]
    });
    for runner in &outcome {
        assert_eq!(runner.last(), format!("200 OK with {LENGTH} bytes"));
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A listener whose queue is full, so that a connect hangs; with what keeps it full.
fn full_listener() -> (u16, Vec<socket2::Socket>) {
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut sockets = vec![listener];
    // The queue holds one more than was asked for; further connects get no answer.
    for _ in 0..4 {
        let filler = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        filler.set_nonblocking(true).unwrap();
        let _ = filler.connect(&address);
        sockets.push(filler);
    }
    (address.as_socket().unwrap().port(), sockets)
}
