//! What is told of a transfer while it goes on.

use std::{io, ops::ControlFlow, time::Instant};

use sockeye::{HttpProgress, HttpRequest, HttpStatus, SocketSelector, Status};

use crate::{
    script::Server,
    ways::{LONG, client, client_with, options, post},
};

const LENGTH: usize = 3_000_000;

fn serving() -> Server {
    Server::start(|peer| {
        while let Some(request) = peer.request() {
            let body = vec![b'x'; LENGTH];
            let sent = if request.target == "/chunked" {
                peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    && peer.send(format!("{LENGTH:x}\r\n").as_bytes())
                    && peer.send(&body)
                    && peer.send(b"\r\n0\r\n\r\n")
            } else {
                peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n").as_bytes()) && peer.send(&body)
            };
            if !sent {
                return;
            }
        }
    })
}

#[track_caller]
fn assert_monotonic(seen: &[HttpProgress]) {
    for pair in seen.windows(2) {
        assert!(pair[0].sent <= pair[1].sent && pair[0].received <= pair[1].received, "{pair:?}");
    }
    for progress in seen {
        assert!(progress.to_send.is_none_or(|whole| progress.sent <= whole), "{progress:?}");
        assert!(progress.to_receive.is_none_or(|whole| progress.received <= whole), "{progress:?}");
    }
}

#[test]
fn a_download_tells_how_far_it_is() {
    let server = serving();
    for (target, whole) in [("/", Some(LENGTH as u64)), ("/chunked", None)] {
        let mut seen = Vec::new();
        let response = client(&server).download(&HttpRequest::get(target).unwrap(), &mut io::sink(), |progress| {
            seen.push(progress);
            ControlFlow::Continue(())
        });
        assert!(response.ok(), "{response:?}");
        assert_monotonic(&seen);
        let last = seen.last().unwrap();
        assert_eq!((last.received, last.to_receive), (LENGTH as u64, whole));
        assert_eq!((last.sent, last.to_send), (0, Some(0)));
        assert!(seen.iter().any(|progress| (1..LENGTH as u64).contains(&progress.received)), "{} calls", seen.len());
    }
}

#[test]
fn an_exchange_tells_how_far_it_is_both_ways() {
    let server = serving();
    for length in [Some(2_000_000), None] {
        let mut request = post("/", b"");
        request.set_body_reader(io::Read::take(io::repeat(b'y'), 2_000_000), length);
        let mut options = options(LONG);
        options.expect_continue = u64::MAX;
        let mut exchange = client_with(&server, options).begin(&request);
        let mut selector = SocketSelector::new().unwrap();
        let mut seen = vec![exchange.progress()];
        let end = Instant::now() + LONG;
        let response = loop {
            selector.add(&exchange).unwrap();
            selector.wait(Some(exchange.wakes_in().unwrap_or(LONG))).unwrap();
            match exchange.poll() {
                Status::NotReady => seen.push(exchange.progress()),
                status => break status.into_result().unwrap(),
            }
            assert!(Instant::now() < end);
        };
        assert_eq!((response.status(), response.body().len()), (HttpStatus::OK, LENGTH));
        assert_monotonic(&seen);
        let last = seen.last().unwrap();
        assert_eq!((last.sent, last.to_send), (2_000_000, length));
        assert_eq!(last.to_receive, Some(LENGTH as u64));
        assert!(seen.iter().any(|progress| (1..2_000_000).contains(&progress.sent)), "{} polls", seen.len());
        assert!(seen.iter().any(|progress| (1..LENGTH as u64).contains(&progress.received)), "{} polls", seen.len());
    }
}

/// Only the body that counts is told of, not that of a redirect.
#[test]
fn redirects_do_not_count() {
    let server = Server::start(|peer| {
        while let Some(request) = peer.request() {
            if request.target == "/" {
                peer.send(b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 9\r\n\r\nredirects");
            } else {
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere");
            }
        }
    });
    let mut last = HttpProgress::default();
    let response = client(&server).download(&HttpRequest::get("/").unwrap(), &mut io::sink(), |progress| {
        last = progress;
        ControlFlow::Continue(())
    });
    assert!(response.ok());
    assert_eq!((last.received, last.to_receive), (5, Some(5)));
}
