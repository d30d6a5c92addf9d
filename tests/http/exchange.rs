//! Exchanges that are polled: never waiting, in selectors, dropped in every phase.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use sockeye::{ErrorKind, Http, HttpExchange, HttpRequest, HttpResponse, HttpStatus, SocketSelector, Status};

use crate::{
    deadlines::{full_listener, refusing_port},
    script::Server,
    ways::{LONG, SLACK, client, client_with, options, post},
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn get(target: &str) -> HttpRequest {
    HttpRequest::get(target).unwrap()
}

/// Polls an exchange to its end.
pub(crate) fn finish(exchange: &mut HttpExchange) -> Result<HttpResponse, sockeye::Error> {
    let end = Instant::now() + LONG;
    loop {
        match exchange.poll() {
            Status::NotReady => assert!(Instant::now() < end, "the exchange does not end"),
            status => return status.into_result(),
        }
        std::thread::yield_now();
    }
}

/// The same for many, side by side.
pub(crate) fn finish_all(exchanges: &mut [HttpExchange]) {
    for exchange in exchanges.iter_mut() {
        let _ = exchange.poll();
    }
    let end = Instant::now() + LONG;
    while exchanges.iter().any(|exchange| !exchange.is_finished()) {
        for exchange in exchanges.iter_mut().filter(|exchange| !exchange.is_finished()) {
            match exchange.poll() {
                Status::NotReady => {}
                status => assert!(status.into_result().unwrap().ok()),
            }
        }
        assert!(Instant::now() < end, "the exchanges do not end");
    }
}

/// Waits until something is true.
#[track_caller]
pub(crate) fn eventually(condition: impl Fn() -> bool) {
    let end = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < end, "it never happens");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn the_head_is_there_before_the_body() {
    let (go, gate) = mpsc::channel();
    let gate = std::sync::Mutex::new(gate);
    let server = Server::start(move |peer| {
        if peer.request().is_some() {
            peer.send(b"HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhe");
            gate.lock().unwrap().recv_timeout(LONG).unwrap();
            peer.send(b"llo");
            peer.finish();
        }
    });
    let http = client(&server);
    let mut exchange = http.begin(&get("/"));
    let mut selector = SocketSelector::new().unwrap();
    while exchange.response().is_none_or(|response| response.body().len() < 2) {
        selector.add(&exchange).unwrap();
        assert!(selector.wait(Some(LONG)).unwrap());
        assert!(exchange.poll().is_not_ready());
    }
    let early = exchange.response().unwrap();
    assert_eq!((early.status(), early.field("x-one"), early.body()), (HttpStatus::OK, Some("1"), &b"he"[..]));
    assert_eq!((exchange.progress().received, exchange.progress().to_receive), (2, Some(5)));
    go.send(()).unwrap();
    assert_eq!(finish(&mut exchange).unwrap().body(), b"hello");
}

#[test]
fn an_exchange_that_has_ended_says_so() {
    let server = Server::answering(OK);
    let http = client(&server);
    let mut exchange = http.begin(&get("/"));
    assert!(!exchange.is_finished());
    assert_eq!(finish(&mut exchange).unwrap().body(), b"ok");
    assert!(exchange.is_finished());
    assert_eq!(exchange.wakes_in(), None);
    for _ in 0..3 {
        assert!(exchange.poll().is_disconnected());
    }
    let mut selector = SocketSelector::new().unwrap();
    assert_eq!(selector.add(&exchange).unwrap_err().kind(), ErrorKind::NotOpen);
}

#[test]
fn a_failure_is_told_once() {
    let http = Http::with_options("127.0.0.1", refusing_port(), options(LONG)).unwrap();
    let mut exchange = http.begin(&get("/"));
    assert_eq!(finish(&mut exchange).unwrap_err().kind(), ErrorKind::Refused);
    assert!(exchange.poll().is_disconnected());
}

/// What had arrived is there, and does not look whole.
#[test]
fn a_response_that_was_cut_is_not_whole() {
    let server = Server::answering_once("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.");
    let http = client(&server);
    let mut exchange = http.begin(&get("/"));
    assert_eq!(finish(&mut exchange).unwrap_err().kind(), ErrorKind::Truncated);
    let response = exchange.response().unwrap();
    assert_eq!((response.status(), response.ok()), (HttpStatus::INVALID_RESPONSE, false), "{response:?}");
    assert_eq!((response.body(), response.field("content-length")), (&b"ten bytes."[..], Some("100")));
}

/// What cannot even begin fails at the first poll, not in `begin`.
#[test]
fn a_body_that_cannot_be_opened_fails_the_exchange() {
    let folder = crate::folder::Folder::new();
    let path = folder.file("body", b"body");
    let mut request = post("/", b"");
    request.set_body_file(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let server = Server::answering(OK);
    let mut exchange = client(&server).begin(&request);
    assert_eq!(finish(&mut exchange).unwrap_err().kind(), ErrorKind::File);
}

#[test]
fn an_exchange_outlives_its_client() {
    let server = Server::answering(OK);
    let http = client(&server);
    let mut exchange = http.begin(&get("/"));
    drop(http);
    assert_eq!(finish(&mut exchange).unwrap().body(), b"ok");
}

#[test]
fn an_exchange_can_be_sent_to_another_thread() {
    let server = Server::answering(OK);
    let mut exchange = client(&server).begin(&get("/"));
    let _ = exchange.poll();
    let body = std::thread::spawn(move || finish(&mut exchange).unwrap().into_body()).join().unwrap();
    assert_eq!(body, b"ok");
}

/// Cancelled by dropping: the server sees the end at once, in whatever phase.
#[test]
fn dropping_an_exchange_closes_its_connection() {
    for beginning in [&b""[..], b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"] {
        let (reached, arrived) = mpsc::channel();
        let reached = std::sync::Mutex::new(reached);
        let server = Server::start(move |peer| {
            if peer.request().is_some() {
                peer.send(beginning);
                reached.lock().unwrap().send(()).unwrap();
                peer.await_close();
            }
        });
        let http = client(&server);
        let mut exchange = http.begin(&get("/"));
        let end = Instant::now() + LONG;
        while arrived.try_recv().is_err() {
            assert!(exchange.poll().is_not_ready());
            assert!(Instant::now() < end);
        }
        assert!(exchange.poll().is_not_ready());
        let begin = Instant::now();
        drop(exchange);
        assert!(begin.elapsed() < SLACK, "the drop waits");
        eventually(|| server.open_connections() == 0);
        assert!(begin.elapsed() < 2 * SLACK);
    }
}

/// Neither a lookup nor a connect that hangs holds the drop up.
#[test]
fn dropping_an_exchange_that_connects_does_not_wait() {
    let (port, _full) = full_listener();
    for host in ["127.0.0.1", "sockeye.invalid"] {
        let http = Http::with_options(host, port, options(LONG)).unwrap();
        for polls in [0, 1, 100] {
            let mut exchange = http.begin(&get("/"));
            for _ in 0..polls {
                let _ = exchange.poll();
            }
            let begin = Instant::now();
            drop(exchange);
            assert!(begin.elapsed() < Duration::from_secs(3), "{host}: {:?}", begin.elapsed());
        }
    }
}

/// From the first moment to the last: the selector wakes, by the same key, whenever there is something to do, and only
/// then.
#[test]
fn a_selector_wakes_an_exchange_when_there_is_something_to_do() {
    let server = Server::start(|peer| {
        if peer.request().is_some() {
            for piece in ["HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n", "\r\n", "he", "l", "lo"] {
                std::thread::sleep(Duration::from_millis(20));
                peer.send(piece.as_bytes());
            }
            peer.finish();
        }
    });
    let http = client(&server);
    let mut exchange = http.begin(&get("/"));
    let mut selector = SocketSelector::new().unwrap();
    let key = selector.add(&exchange).unwrap();
    let mut polls = 0;
    let response = loop {
        assert!(selector.wait(Some(LONG)).unwrap(), "nothing wakes it");
        assert_eq!(selector.ready().map(|event| event.key).collect::<Vec<_>>(), [key]);
        assert!(selector.is_ready(&exchange));
        polls += 1;
        match exchange.poll() {
            Status::NotReady => {}
            status => break status.into_result().unwrap(),
        }
    };
    assert_eq!(response.body(), b"hello");
    // A connection, a request, six pieces; and some air. A loop that spins would need thousands.
    assert!(polls < 30, "{polls} polls");
    assert_eq!(selector.len(), 0, "an exchange that has ended leaves its selectors");
    assert!(!selector.wait(Some(Duration::ZERO)).unwrap());
}

#[test]
fn a_selector_wakes_an_exchange_that_cannot_connect() {
    for (host, port, kind) in
        [("127.0.0.1", refusing_port(), ErrorKind::Refused), ("sockeye.invalid", 80, ErrorKind::Unresolved)]
    {
        let http = Http::with_options(host, port, options(2 * LONG)).unwrap();
        let mut exchange = http.begin(&get("/"));
        let mut selector = SocketSelector::new().unwrap();
        selector.add(&exchange).unwrap();
        let error = loop {
            assert!(selector.wait(exchange.wakes_in()).unwrap(), "{host}: nothing wakes it");
            match exchange.poll() {
                Status::NotReady => {}
                status => break status.into_result().unwrap_err(),
            }
        };
        assert_eq!(error.kind(), kind, "{host}: {error}");
    }
}

/// Another connection of the same exchange is watched under the same key: after a redirect, and after a retry.
#[test]
fn a_selector_follows_an_exchange_from_connection_to_connection() {
    let far = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nfar");
    let to_far = far.url("/");
    let near = Server::start(move |peer| {
        while let Some(request) = peer.request() {
            match request.target.as_str() {
                "/there" => peer
                    .send(format!("HTTP/1.1 302 Found\r\nLocation: {to_far}\r\nContent-Length: 0\r\n\r\n").as_bytes()),
                "/close" if peer.number == 0 => return,
                _ => peer.send(OK),
            };
        }
    });
    let http = client(&near);
    for (target, body) in [("/there", &b"far"[..]), ("/first", b"ok"), ("/close", b"ok")] {
        let mut exchange = http.begin(&get(target));
        let mut selector = SocketSelector::new().unwrap();
        let key = selector.add(&exchange).unwrap();
        let response = loop {
            assert!(selector.wait(Some(LONG)).unwrap(), "{target}: nothing wakes it");
            assert!(selector.ready().all(|event| event.key == key));
            match exchange.poll() {
                Status::NotReady => {}
                status => break status.into_result().unwrap(),
            }
        };
        assert_eq!(response.body(), body, "{target}");
    }
}

#[test]
fn many_exchanges_share_one_selector() {
    let server = Server::start(|peer| {
        while let Some(request) = peer.request() {
            let number: u64 = request.target[1..].parse().unwrap();
            std::thread::sleep(Duration::from_millis(5 * (10 - number)));
            peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{number}").as_bytes());
        }
    });
    let http = client_with(&server, options(LONG));
    let mut selector = SocketSelector::new().unwrap();
    let mut exchanges = std::collections::HashMap::new();
    for number in 0..10 {
        let exchange = http.begin(&get(&number.to_string()));
        exchanges.insert(selector.add(&exchange).unwrap(), (number, exchange));
    }
    while !exchanges.is_empty() {
        assert!(selector.wait(Some(LONG)).unwrap());
        let ready: Vec<_> = selector.ready().map(|event| event.key).collect();
        for key in ready {
            let (number, exchange) = exchanges.get_mut(&key).unwrap();
            match exchange.poll() {
                Status::NotReady => {}
                status => {
                    assert_eq!(status.into_result().unwrap().text(), number.to_string());
                    exchanges.remove(&key);
                }
            }
        }
    }
    assert_eq!(selector.len(), 0);
}

/// An exchange that is dropped or ends does not disturb the others of a selector, nor the connection it gives back.
#[test]
fn a_connection_in_the_pool_is_in_no_selector() {
    let server = Server::answering(OK);
    let http = client(&server);
    let mut selector = SocketSelector::new().unwrap();
    for _ in 0..3 {
        let mut exchange = http.begin(&get("/"));
        selector.add(&exchange).unwrap();
        assert_eq!(finish(&mut exchange).unwrap().body(), b"ok");
        assert_eq!(selector.len(), 0);
    }
    assert_eq!(server.connections(), 1);
    drop(server);
    // The server has closed the idle connection: nobody is told of it.
    assert!(!selector.wait(Some(Duration::from_millis(50))).unwrap());
}
