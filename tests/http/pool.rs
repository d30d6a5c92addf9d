//! Connections that serve more than one request, and those that must not.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use sockeye::{ErrorKind, HttpMethod, HttpRequest, HttpStatus};

use crate::{
    script::{Peer, Server},
    ways::{LONG, Way, client, client_with, options, post},
};

/// Answers with the target in the body.
fn echo(peer: &mut Peer) {
    while let Some(request) = peer.request() {
        let body = request.target;
        peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }
}

fn get(target: &str) -> HttpRequest {
    HttpRequest::get(target).unwrap()
}

#[test]
fn one_connection_serves_many_requests() {
    Way::each(|way| {
        let server = Server::start(echo);
        let http = client(&server);
        for number in 0..50 {
            let target = format!("/{number}");
            way.send(&http, &get(&target)).expect(HttpStatus::OK, target.as_bytes());
        }
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn the_pool_keeps_so_many_connections_and_no_more() {
    for (size, expected_open) in [(0, 0), (1, 1), (3, 3), (8, 6)] {
        let server = Server::start(echo);
        let mut options = options(LONG);
        options.pool = size;
        let http = client_with(&server, options);
        let mut exchanges: Vec<_> = (0..6).map(|_| http.begin(&get("/x"))).collect();
        crate::exchange::finish_all(&mut exchanges);
        assert_eq!(server.connections(), 6, "exchanges at the same time share no connection");
        drop(exchanges);
        crate::exchange::eventually(|| server.open_connections() == expected_open);
        drop(http);
        crate::exchange::eventually(|| server.open_connections() == 0);
    }
}

#[test]
fn a_server_that_says_close_is_believed() {
    let heads = [
        "HTTP/1.1 200 OK\r\nConnection: close\r\n",
        "HTTP/1.1 200 OK\r\nConnection: Keep-Alive, Close\r\n",
        "HTTP/1.1 200 OK\r\nConnection: x-hop\r\nConnection: close\r\n",
        "HTTP/1.0 200 OK\r\n",
    ];
    for head in heads {
        let response = format!("{head}Content-Length: 5\r\n\r\nhello");
        // It lies: it would serve on. But a client must not ask again.
        let server = Server::answering(response);
        Way::each(|way| {
            let (http, before) = (client(&server), server.connections());
            for _ in 0..2 {
                way.send(&http, &get("/")).expect(HttpStatus::OK, b"hello");
            }
            assert_eq!(server.connections() - before, 2, "{head:?}");
        });
    }
}

#[test]
fn version_1_0_serves_on_when_it_says_so() {
    let server = Server::answering("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello");
    Way::each(|way| {
        let (http, before) = (client(&server), server.connections());
        for _ in 0..2 {
            way.send(&http, &get("/")).expect(HttpStatus::OK, b"hello");
        }
        assert_eq!(server.connections() - before, 1);
    });
}

#[test]
fn a_request_that_says_close_ends_its_connection() {
    let server = Server::start(echo);
    Way::each(|way| {
        let (http, before) = (client(&server), server.connections());
        let mut request = get("/x");
        request.set_field("Connection", "close").unwrap();
        for _ in 0..2 {
            way.send(&http, &request).expect(HttpStatus::OK, b"/x");
        }
        assert_eq!(server.connections() - before, 2);
    });
}

/// What follows a response could be the answer to the next request, made up before it was asked.
#[test]
fn bytes_behind_a_response_end_its_connection() {
    const EXTRA: &[u8] =
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled";
    let server = Server::answering(EXTRA);
    Way::each(|way| {
        let (http, before) = (client(&server), server.connections());
        for _ in 0..3 {
            way.send(&http, &get("/")).expect(HttpStatus::OK, b"hello");
        }
        assert_eq!(server.connections() - before, 3);
    });
}

/// The same when they come later, while nobody asks.
#[test]
fn bytes_between_two_responses_end_the_connection() {
    Way::each(|way| {
        let server = Server::start(|peer| {
            if peer.request().is_some() {
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
                if peer.number == 0 {
                    thread::sleep(std::time::Duration::from_millis(20));
                    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled");
                }
                peer.await_close();
            }
        });
        let http = client(&server);
        way.send(&http, &get("/")).expect(HttpStatus::OK, b"hello");
        thread::sleep(std::time::Duration::from_millis(200));
        way.send(&http, &get("/")).expect(HttpStatus::OK, b"hello");
        assert_eq!(server.connections(), 2);
    });
}

/// A server that closes its connection after each response without saying so.
fn closing(peer: &mut Peer) {
    if let Some(request) = peer.request() {
        let body = request.method;
        peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }
}

#[test]
fn a_connection_that_was_closed_in_the_meantime_is_replaced() {
    let server = Server::start(closing);
    Way::each(|way| {
        let http = client(&server);
        for method in [HttpMethod::Get, HttpMethod::Put, HttpMethod::Delete, HttpMethod::Get] {
            let answer = way.send(&http, &HttpRequest::new(method, "/").unwrap());
            answer.expect(HttpStatus::OK, method.as_str().as_bytes());
            crate::exchange::eventually(|| server.open_connections() == 0);
        }
    });
}

/// A server that takes a request on a connection that has served one already, and closes without an answer: it may have
/// acted on it.
fn swallowing(peer: &mut Peer) {
    if peer.request().is_some() {
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        peer.request();
    }
}

#[test]
fn an_unanswered_request_is_asked_again_only_if_that_is_harmless() {
    Way::each(|way| {
        for method in [HttpMethod::Get, HttpMethod::Put, HttpMethod::Delete] {
            let server = Server::start(swallowing);
            let http = client(&server);
            way.send(&http, &get("/first")).expect(HttpStatus::OK, b"hello");
            let answer = way.send(&http, &HttpRequest::new(method, "/second").unwrap());
            answer.expect(HttpStatus::OK, b"hello");
            assert_eq!(server.connections(), 2);
        }
        let server = Server::start(swallowing);
        let http = client(&server);
        way.send(&http, &get("/first")).expect(HttpStatus::OK, b"hello");
        way.send(&http, &post("/second", b"once")).expect_error(ErrorKind::Disconnected);
        assert_eq!(server.connections(), 1);
        assert_eq!(server.requests().len(), 2, "the POST went once");
    });
}

/// A connection that was never good is not tried twice, whatever the method.
#[test]
fn a_new_connection_is_not_replaced() {
    let server = Server::start(|peer| {
        peer.request();
    });
    Way::each(|way| way.get(&server, "/").expect_error(ErrorKind::Disconnected));
    assert_eq!(server.connections(), Way::ALL.len());
}

/// An answer that has begun is never mixed with another one.
#[test]
fn a_response_that_is_cut_on_a_kept_connection_is_an_error() {
    Way::each(|way| {
        let server = Server::start(|peer| {
            if peer.request().is_some() {
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
                if peer.request().is_some() {
                    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
                }
            }
        });
        let http = client(&server);
        way.send(&http, &get("/")).expect(HttpStatus::OK, b"hello");
        way.send(&http, &get("/")).expect_error(ErrorKind::Truncated);
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn another_host_gets_another_connection() {
    let (one, two) = (Server::start(echo), Server::start(echo));
    Way::each(|way| {
        let (before_one, before_two) = (one.connections(), two.connections());
        let http = client(&one);
        for _ in 0..3 {
            way.send(&http, &get("/one")).expect(HttpStatus::OK, b"/one");
            way.send(&http, &get(&two.url("/two"))).expect(HttpStatus::OK, b"/two");
        }
        assert_eq!((one.connections() - before_one, two.connections() - before_two), (1, 1));
    });
}

#[test]
fn many_threads_share_one_client() {
    const THREADS: usize = 8;
    let server = Server::start(echo);
    let http = client(&server);
    let turns = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (http, turns) = (&http, &turns);
            scope.spawn(move || {
                for number in 0..100 {
                    let target = format!("/{thread}/{number}");
                    let way = Way::ALL[(thread + number) % Way::ALL.len()];
                    way.send(http, &get(&target)).expect(HttpStatus::OK, target.as_bytes());
                    turns.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(turns.load(Ordering::Relaxed), 100 * THREADS);
    assert!(server.connections() <= THREADS, "{} connections", server.connections());
}
