//! A name service that does not answer, which loopback alone cannot show: a host whose resolver is asked and says nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../../tests/support/game_loop.rs"]
mod game_loop;

use std::{
    net::UdpSocket,
    time::{Duration, Instant},
};

use interop::{DEADLINE, child::part, network::Host};
use sockeye::{
    Client, ClientOptions, CloseReason, ConnectOptions, Connection, Endpoint, Error, ErrorKind, EventLoop, Framing,
    Http, HttpOptions, HttpRequest, LoopEvent, Phase, Proxy,
};

use game_loop::{Runner, play};

/// Runs the test again on a host whose name service is silent.
fn with_a_silent_name_service(test: &str) {
    let host = Host::with_loopback();
    host.set_resolver("nameserver 127.0.0.1\noptions timeout:5 attempts:2\n");
    host.play(test, "ask").join();
}

/// Takes questions and never answers.
fn silent_name_service() -> UdpSocket {
    let service = UdpSocket::bind("127.0.0.1:53").unwrap();
    service.set_read_timeout(Some(DEADLINE)).unwrap();
    service
}

fn assert_asked(service: &UdpSocket) {
    let mut question = [0; 512];
    let (length, _) = service.recv_from(&mut question).unwrap();
    assert!(question[..length].windows(4).any(|window| window == b"slow"), "another question");
}

fn client(connect_limit: Option<Duration>) -> Http {
    let mut options = HttpOptions::default();
    options.proxy = Proxy::None;
    options.connect_limit = connect_limit;
    Http::with_options("slow.example", 80, options).unwrap()
}

#[test]
fn a_name_that_takes_long_leaves_the_frame_to_the_game() {
    let played = part(|_| {
        let service = silent_name_service();
        let (patient, hurried) = (client(None), client(Some(Duration::from_millis(500))));
        let get = HttpRequest::get("/").unwrap();
        let runners = || {
            let unanswered = |_| Runner::new("patient", || patient.begin(&get)).endless();
            let mut runners: Vec<_> = (0..4).map(unanswered).collect();
            runners.extend((0..4).map(|_| Runner::new("hurried", || hurried.begin(&get))));
            runners
        };
        let outcome = play(3, runners);
        assert_asked(&service);
        for runner in &outcome[..4] {
            assert_eq!(runner.ended(), 0, "the name was found, or not, too fast: {}", runner.last());
        }
        for runner in &outcome[4..] {
            assert!((1..=6).contains(&runner.ended()), "{} lookups in three seconds", runner.ended());
            assert!(runner.last().contains(&Phase::Resolve.to_string()), "{}", runner.last());
        }
    });
    if !played {
        with_a_silent_name_service("a_name_that_takes_long_leaves_the_frame_to_the_game");
    }
}

#[test]
fn a_name_that_takes_long_costs_the_limit() {
    let played = part(|_| {
        let service = silent_name_service();
        let limit = Duration::from_millis(300);
        let begin = Instant::now();
        let response = client(None).send_request_timeout(&HttpRequest::get("/").unwrap(), limit);
        let error = response.error().unwrap();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
        assert!((limit..limit + Duration::from_secs(10)).contains(&begin.elapsed()), "{:?}", begin.elapsed());
        assert_asked(&service);
        // Nobody waits for the lookup that goes on.
        let exchange = client(None).begin(&HttpRequest::get("/").unwrap());
        let begin = Instant::now();
        drop(exchange);
        assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    });
    if !played {
        with_a_silent_name_service("a_name_that_takes_long_costs_the_limit");
    }
}

#[test]
fn a_name_that_takes_long_costs_a_connection_its_limit() {
    let played = part(|_| {
        let service = silent_name_service();
        let limit = Duration::from_millis(300);
        let endpoint = Endpoint::parse("slow.example:4000").unwrap();
        let mut options = ClientOptions::default();
        options.connect_limit = limit;
        let attempts: [&dyn Fn() -> Option<Error>; 3] = [
            &|| Connection::connect(&endpoint, Framing::Raw, Some(limit)).err(),
            &|| Client::connect_with(&endpoint, None, &options).error(),
            &|| Client::begin(&endpoint, None, &options).err(),
        ];
        for (number, attempt) in attempts.into_iter().enumerate() {
            let begin = Instant::now();
            let error = attempt().unwrap();
            assert!(
                matches!(error, Error::TimedOut { phase: Phase::Resolve, limit: found } if found == limit),
                "{number}: {error}"
            );
            assert!((limit..limit * 5).contains(&begin.elapsed()), "{number}: {:?}", begin.elapsed());
            assert_asked(&service);
        }
    });
    if !played {
        with_a_silent_name_service("a_name_that_takes_long_costs_a_connection_its_limit");
    }
}

#[test]
fn a_name_that_takes_long_does_not_hold_a_loop_up() {
    let played = part(|_| {
        let service = silent_name_service();
        let endpoint = Endpoint::parse("slow.example:4000").unwrap();
        let mut event_loop = EventLoop::new().unwrap();
        let mut options = ConnectOptions::default();
        options.connection.opening_limit = Some(Duration::from_millis(300));
        let begin = Instant::now();
        let id = event_loop.connect(&endpoint, Framing::Raw, options).unwrap();
        assert!(begin.elapsed() < Duration::from_millis(100), "{:?}", begin.elapsed());
        match event_loop.poll(Some(DEADLINE)).unwrap().unwrap() {
            LoopEvent::Closed { id: closed, reason: CloseReason::ConnectFailed(Error::TimedOut { .. }), .. } => {
                assert_eq!(closed, id);
            }
            other => panic!("{other:?}"),
        }
        assert!(begin.elapsed() < Duration::from_millis(1500), "{:?}", begin.elapsed());
        assert_asked(&service);
    });
    if !played {
        with_a_silent_name_service("a_name_that_takes_long_does_not_hold_a_loop_up");
    }
}
