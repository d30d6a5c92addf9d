//! Servers that are slow, silent or gone. Each request ends at its limit, and at no other time.

use std::{
    io::{self, Read},
    time::Duration,
};

use sockeye::{ErrorKind, Http, HttpOptions, HttpRequest, HttpStatus, Phase, Proxy};

use crate::{
    script::Server,
    ways::{Answer, LONG, SLACK, Way, client_with, options, post},
};

const LIMIT: Duration = Duration::from_millis(300);
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: 1\r\n\r\nhello";

#[track_caller]
fn expect_timed_out(answer: &Answer, phase: Phase) {
    answer.expect_error(ErrorKind::TimedOut);
    assert!(answer.message.contains(&phase.to_string()), "{}", answer.message);
    assert!((LIMIT..LIMIT + SLACK).contains(&answer.elapsed), "{answer:?}");
}

/// A server that sends the beginning of a response and then nothing.
fn silent_after(beginning: &'static [u8]) -> Server {
    Server::start(move |peer| {
        if peer.request().is_some() {
            peer.send(beginning);
            peer.await_close();
        }
    })
}

fn silence(limit: Duration) -> HttpOptions {
    let mut options = options(LONG);
    options.silence = Some(limit);
    options
}

#[test]
fn a_silent_server_costs_the_limit() {
    for beginning in
        [&b""[..], b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"]
    {
        let server = silent_after(beginning);
        Way::each(|way| {
            expect_timed_out(&way.get_with(&server, "/", options(LIMIT)), Phase::Exchange);
            expect_timed_out(&way.get_with(&server, "/", silence(LIMIT)), Phase::Silence);
        });
    }
}

/// It does not even read the request: the client sends more than the system buffers.
#[test]
fn a_server_that_takes_nothing_costs_the_limit() {
    let server = Server::start(|peer| {
        peer.head();
        peer.hold();
    });
    let body = vec![7; 32 << 20];
    Way::each(|way| {
        let send = |options| way.send(&client_with(&server, options), &post("/", &body));
        let mut limited = options(LIMIT);
        limited.expect_continue = u64::MAX;
        expect_timed_out(&send(limited), Phase::Exchange);
        let mut limited = silence(LIMIT);
        limited.expect_continue = u64::MAX;
        // The kernels at both ends move bytes for a while, and each ends a silence.
        let answer = send(limited);
        answer.expect_error(ErrorKind::TimedOut);
        assert!(answer.message.contains(&Phase::Silence.to_string()), "{}", answer.message);
        assert!(answer.elapsed >= LIMIT, "{answer:?}");
    });
}

/// One limit for all: a byte now and then does not extend it.
#[test]
fn a_drip_over_the_limit_is_cut_off() {
    let server = Server::start(|peer| {
        if peer.request().is_some() && !peer.drip(RESPONSE, LIMIT / 10) {
            peer.await_close();
        }
    });
    Way::each(|way| expect_timed_out(&way.get_with(&server, "/", options(LIMIT)), Phase::Exchange));
}

/// And while something comes, the limit of silence does not strike.
#[test]
fn a_drip_under_the_limit_is_fine() {
    let server = Server::start(|peer| {
        if peer.request().is_some() {
            peer.drip(RESPONSE, LIMIT / 10);
            peer.finish();
        }
    });
    Way::each(|way| {
        let limit = 4 * LIMIT;
        let answer = way.get_with(&server, "/", silence(limit));
        answer.expect(HttpStatus::OK, b"hello");
        assert!(answer.elapsed > limit, "the drip was too fast to show anything: {answer:?}");
    });
}

/// While a connection is opened there is no server yet that could be silent: a way there that takes its time has the
/// limit of connecting.
#[test]
fn a_slow_way_to_the_server_is_no_silence() {
    let proxy = Server::start(|peer| {
        // No login, and then 127.0.0.1 with a port (RFC 1928).
        assert_eq!(peer.exactly(3).unwrap(), [5, 1, 0]);
        std::thread::sleep(3 * LIMIT);
        peer.send(&[5, 0]);
        peer.exactly(10).unwrap();
        peer.send(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80]);
        if peer.request().is_some() {
            peer.send(RESPONSE);
            peer.finish();
        }
    });
    Way::each(|way| {
        let mut options = silence(2 * LIMIT);
        options.proxy = Proxy::Url(format!("socks5://127.0.0.1:{}", proxy.port()));
        let http = Http::with_options("127.0.0.1", 80, options).unwrap();
        let answer = way.send(&http, &HttpRequest::get("/").unwrap());
        answer.expect(HttpStatus::OK, b"hello");
        assert!(answer.elapsed >= 3 * LIMIT, "{answer:?}");
    });
}

/// Who waits for the caller's reader does not wait for the server, also when the reader has nothing more to give.
#[test]
fn a_reader_that_takes_its_time_is_no_silence_of_the_server() {
    /// Gives so many bytes, and then takes its time to find that there are no more.
    struct Slow(usize);
    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let given = buffer.len().min(self.0);
            buffer[..given].fill(b'x');
            self.0 -= given;
            if given == 0 {
                std::thread::sleep(3 * LIMIT);
            }
            Ok(given)
        }
    }
    let server = Server::start(|peer| {
        while peer.request().is_some() {
            peer.send(RESPONSE);
        }
    });
    Way::each(|way| {
        // After a MiB the limits are looked at, and only the end is left.
        for length in [0, 1 << 20] {
            let mut request = post("/", b"");
            request.set_body_reader(Slow(length), None);
            let answer = way.send(&client_with(&server, silence(2 * LIMIT)), &request);
            answer.expect(HttpStatus::OK, b"hello");
            assert!(answer.elapsed >= 3 * LIMIT, "{answer:?}");
        }
    });
}

/// Redirects, interim responses and another try have no limit of their own either.
#[test]
fn all_that_one_request_needs_has_one_limit() {
    let server = Server::start(|peer| {
        while let Some(request) = peer.request() {
            std::thread::sleep(LIMIT / 5);
            let next = request.target[1..].parse::<u32>().unwrap() + 1;
            peer.send(format!("HTTP/1.1 302 Found\r\nLocation: /{next}\r\nContent-Length: 0\r\n\r\n").as_bytes());
        }
    });
    Way::each(|way| {
        let mut options = options(LIMIT);
        options.redirects = 1000;
        expect_timed_out(&way.get_with(&server, "/0", options), Phase::Exchange);
    });
    let server = Server::start(|peer| {
        if peer.request().is_some() {
            while peer.send(b"HTTP/1.1 102 Processing\r\n\r\n") && peer.number < 1_000 {
                std::thread::sleep(LIMIT / 10);
            }
        }
    });
    Way::each(|way| expect_timed_out(&way.get_with(&server, "/", options(LIMIT)), Phase::Exchange));
}

#[test]
fn the_limit_of_one_call_goes_before_that_of_the_client() {
    let server = silent_after(b"");
    let http = client_with(&server, options(LONG));
    let begin = std::time::Instant::now();
    let response = http.send_request_timeout(&HttpRequest::get("/").unwrap(), LIMIT);
    assert_eq!(response.error().unwrap().kind(), ErrorKind::TimedOut);
    assert!((LIMIT..LIMIT + SLACK).contains(&begin.elapsed()));
    assert_eq!(response.status(), HttpStatus::INVALID_RESPONSE);
}

#[test]
fn a_host_that_does_not_take_connections_costs_the_limit() {
    let (port, _full) = full_listener();
    Way::each(|way| {
        let http = Http::with_options("127.0.0.1", port, options(LIMIT)).unwrap();
        let answer = way.send(&http, &HttpRequest::get("/").unwrap());
        answer.expect_error(ErrorKind::TimedOut);
        assert!((LIMIT..LIMIT + SLACK).contains(&answer.elapsed), "{answer:?}");
    });
}

#[test]
fn a_host_that_refuses_says_so_at_once() {
    let port = refusing_port();
    Way::each(|way| {
        let http = Http::with_options("127.0.0.1", port, options(LONG)).unwrap();
        let answer = way.send(&http, &HttpRequest::get("/").unwrap());
        answer.expect_error(ErrorKind::Refused);
        assert!(answer.elapsed < SLACK);
        assert_eq!(answer.status, HttpStatus::CONNECTION_FAILED);
    });
}

/// A name that does not exist, by RFC 6761. How long the system takes to say so is its own affair, but not over the limit.
#[test]
fn a_name_that_does_not_exist_is_unresolved() {
    Way::each(|way| {
        let http = Http::with_options("sockeye.invalid", 80, options(LONG)).unwrap();
        let answer = way.send(&http, &HttpRequest::get("/").unwrap());
        let kinds = [Some(ErrorKind::Unresolved), Some(ErrorKind::TimedOut)];
        assert!(kinds.contains(&answer.error), "{answer:?}");
        assert!(answer.elapsed < LONG + SLACK);
    });
}

#[test]
fn a_reset_is_told_in_every_phase() {
    let server = Server::start(|peer| {
        if peer.number % 4 == 0 {
            return peer.reset();
        }
        let Some(request) = peer.request() else { return };
        let sent = request.target[1..].parse::<usize>().unwrap();
        peer.send(&RESPONSE[..sent]);
        // What a reset overtakes is lost; the client may have read it or not.
        std::thread::sleep(Duration::from_millis(50));
        peer.reset();
    });
    let head = RESPONSE.len() - 5;
    Way::each(|way| {
        for sent in [0, 0, 12, head + 2] {
            let answer = way.send(&client_with(&server, options(LONG)), &HttpRequest::get(&sent.to_string()).unwrap());
            let expected = if sent == 0 { ErrorKind::Disconnected } else { ErrorKind::Truncated };
            answer.expect_error(expected);
            assert!(answer.elapsed < SLACK, "{answer:?}");
            assert!(b"he".starts_with(&answer.body), "{answer:?}");
        }
    });
}

/// A listener whose queue is full, so that a connect hangs; with what keeps it full.
pub(crate) fn full_listener() -> (u16, Vec<socket2::Socket>) {
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
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

/// A port that nobody listens at, and that nobody else can take.
pub(crate) fn refusing_port() -> u16 {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    std::mem::forget(socket);
    port
}
