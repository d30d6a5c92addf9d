//! Services against python-zeroconf on loopback, and against avahi on another host. Every test has a network of its own.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{
    thread,
    time::{Duration, Instant},
};

use interop::{DEADLINE, Peer, avahi::Avahi, child::part, hex, network::Host};
use sockeye::{
    AuthKey, Client, ClientOptions, CloseReason, ConnectOptions, Connection, ConnectionId, Endpoint, Error, ErrorKind,
    EventLoop, Fingerprint, Framing, IpAddress, ListenOptions, Listener, ListenerOptions, LoopEvent, Phase, Status,
    TcpListener, TlsClient, TlsClientOptions, TlsIdentity, TlsServer, Trust,
    discovery::{self, Browser, Change, FoundService, Interfaces, TxtRecord},
};

/// Runs the test again on a host that has loopback and nothing else.
fn on_loopback(test: &str, body: impl FnOnce()) {
    let played = part(|_| {
        discovery::set_interfaces(Interfaces::Loopback).unwrap();
        body();
    });
    if !played {
        Host::with_loopback().play(test, "loopback").join();
    }
}

/// Runs the test again on one host of a pair, with avahi on the other.
fn beside_avahi(test: &str, body: impl FnOnce(&Avahi)) {
    let played = part(|other| body(&Avahi::on(other)));
    if !played {
        let (near, far) = Host::pair();
        for host in [&near, &far] {
            host.ip(&["route", "add", "default", "dev", "eth0"]);
        }
        near.play(test, far.name()).join();
    }
}

fn browse(service: &str) -> Browser {
    let mut browser = discovery::browse(service).unwrap();
    browser.set_timeout(Some(DEADLINE)).unwrap();
    browser
}

/// Waits for what a service says of itself to be as it should be.
fn until_found(browser: &mut Browser, name: &str, is_right: impl Fn(&FoundService) -> bool) -> FoundService {
    loop {
        match browser.receive().into_result().unwrap() {
            Change::Found(found) if found.name() == name && is_right(&found) => return found,
            change => println!("{change:?}"),
        }
    }
}

fn until_lost(browser: &mut Browser, name: &str) {
    while browser.receive().into_result().unwrap() != (Change::Lost { name: name.to_owned() }) {}
}

fn text(entries: &[(&str, &str)]) -> TxtRecord {
    let mut text = TxtRecord::new();
    for (key, value) in entries {
        text.set(key, value).unwrap();
    }
    text
}

const NAMES: [&str; 4] = ["plain", "Ann's arena", "J\u{f6}rg \u{2192} \u{1f3ae}", "|a|(b)%20"];

#[test]
fn what_we_publish_python_finds_and_sees_go() {
    on_loopback("what_we_publish_python_finds_and_sees_go", || {
        let mut python = Peer::python("discovery");
        assert_eq!(python.ask("browse _game._tcp.local."), "done");
        let longest = "n".repeat(63);
        for (port, name) in (4000..).zip(NAMES.into_iter().chain([longest.as_str()])) {
            let txt = text(&[("map", "caves"), ("n", "1")]);
            let published = discovery::publish("game", name, port, &txt).unwrap();
            assert!(published.wait(Some(DEADLINE)).is_done());
            assert_eq!(published.name(), name);
            let name = hex(name.as_bytes());
            let found = python.ask(&format!("event found {name}"));
            let [done, host, found_port, address, entries @ ..] = &found.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{found}");
            };
            assert!(host.ends_with(".local."), "{host}");
            assert_eq!((*done, *found_port, *address), ("done", port.to_string().as_str(), "127.0.0.1"));
            assert_eq!(entries, [hex(b"map=caves"), hex(b"n=1")]);
            drop(published);
            assert_eq!(python.ask(&format!("event lost {name}")), "done");
        }
    });
}

#[test]
fn what_python_publishes_we_find_and_see_go() {
    on_loopback("what_python_publishes_we_find_and_see_go", || {
        let mut python = Peer::python("discovery");
        let mut browser = browse("game");
        for (port, name) in (4000..).zip(NAMES.into_iter().chain(["v1.2", "a\\b"])) {
            let [name_in_hex, entry] = [name.as_bytes(), b"map=\xffcaves"].map(hex);
            assert_eq!(python.ask(&format!("publish _game._tcp.local. {name_in_hex} {port} {entry}")), "done");
            let found = until_found(&mut browser, name, |_| true);
            assert_eq!((found.host(), found.port()), ("python.local", port));
            assert_eq!(found.addresses(), [IpAddress::LOCAL_HOST]);
            assert_eq!(found.txt().iter().collect::<Vec<_>>(), [("map", Some(&b"\xffcaves"[..]))]);
            assert_eq!(python.ask(&format!("withdraw {name_in_hex}")), "done");
            until_lost(&mut browser, name);
        }
    });
}

#[test]
fn a_name_that_python_has_is_given_a_number() {
    on_loopback("a_name_that_python_has_is_given_a_number", || {
        let mut python = Peer::python("discovery");
        let name = hex(b"Ann");
        assert_eq!(python.ask(&format!("publish _game._tcp.local. {name} 4000")), "done");
        let published = discovery::publish("game", "Ann", 4001, &TxtRecord::new()).unwrap();
        assert!(published.wait(Some(DEADLINE)).is_done());
        assert_eq!(published.name(), "Ann (2)");
        let pattern = "Ann \\(2\\)$".parse().unwrap();
        assert_eq!(discovery::find("game", &pattern, Some(DEADLINE)).unwrap().port(), 4001);
    });
}

#[test]
fn an_endpoint_publishes_and_connects() {
    on_loopback("an_endpoint_publishes_and_connects", || {
        let mut listener = TcpListener::new();
        listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
        listener.set_timeout(Some(DEADLINE)).unwrap();
        let fingerprint = Fingerprint::new([0xab; 32]);
        let mut txt = TxtRecord::new();
        txt.set_fingerprint(fingerprint).unwrap();
        txt.set_flag("ranked").unwrap();

        let connecting = thread::spawn(|| {
            // Nobody is there yet.
            let endpoint = Endpoint::parse("Game|Ann").unwrap();
            let mut connection = Connection::connect(&endpoint, Framing::lines(), Some(DEADLINE)).unwrap();
            connection.send(b"hello").into_result().unwrap();
            connection
        });
        let endpoint = Endpoint::parse("game|Ann's arena|4000").unwrap();
        let published = endpoint.publish(listener.local_port(), &txt).unwrap();
        let mut server = Connection::new(listener.accept().into_result().unwrap(), Framing::lines());
        assert_eq!(server.receive().done().as_deref(), Some(&b"hello"[..]));
        connecting.join().unwrap();

        let found = Endpoint::parse("game|").unwrap().find(Some(DEADLINE)).unwrap();
        assert_eq!(found.fingerprint(), Some(fingerprint));
        assert!(found.txt().contains("ranked"));

        let again = discovery::publish("GAME", "ANN'S ARENA", 1, &TxtRecord::new()).unwrap_err();
        assert_eq!(again.kind(), ErrorKind::InvalidInput, "{again}");
        drop(published);
        let published = discovery::publish("game", "Ann's arena", 4002, &TxtRecord::new()).unwrap();
        assert!(published.wait(Some(DEADLINE)).is_done());
        let found = until_found(&mut browse("game"), "Ann's arena", |found| found.port() == 4002);
        assert_eq!(found.addresses(), [IpAddress::LOCAL_HOST]);
    });
}

#[test]
fn what_is_not_there_costs_the_limit() {
    on_loopback("what_is_not_there_costs_the_limit", || {
        let published = discovery::publish("game", "Ann", 4000, &TxtRecord::new()).unwrap();
        assert!(published.wait(Some(Duration::ZERO)).is_not_ready());
        let limit = Duration::from_millis(300);
        for endpoint in ["game|Bob", "chat|"] {
            let begin = Instant::now();
            let error = Endpoint::parse(endpoint).unwrap().find(Some(limit)).unwrap_err();
            assert!(matches!(error, Error::TimedOut { phase: Phase::Discovery, limit: of } if of == limit));
            assert!((limit..limit * 5).contains(&begin.elapsed()), "{:?}", begin.elapsed());
        }
        let mut browser = discovery::browse("chat").unwrap();
        browser.set_blocking(false).unwrap();
        assert!(browser.receive().is_not_ready());
    });
}

#[test]
fn several_browsers_of_a_kind_see_the_same() {
    on_loopback("several_browsers_of_a_kind_see_the_same", || {
        let mut first = browse("game");
        let published = discovery::publish("game", "Ann", 4000, &TxtRecord::new()).unwrap();
        until_found(&mut first, "Ann", |_| true);
        let mut second = browse("game");
        let other = browse("chat");
        until_found(&mut second, "Ann", |_| true);
        drop(other);
        drop(published);
        until_lost(&mut first, "Ann");
        drop(first);
        until_lost(&mut second, "Ann");
        drop(second);
        // The thread has ended with the last one; another begins.
        let _published = discovery::publish("game", "Bob", 4001, &TxtRecord::new()).unwrap();
        until_found(&mut browse("game"), "Bob", |_| true);
    });
}

#[test]
fn a_host_without_a_network_publishes_nothing_and_says_so() {
    let played = part(|_| {
        let published = discovery::publish("game", "Ann", 4000, &TxtRecord::new()).unwrap();
        assert!(published.wait(Some(Duration::from_secs(2))).is_not_ready());
        let error = discovery::find("game", &"".parse().unwrap(), Some(Duration::from_millis(100))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    });
    if !played {
        Host::new().play("a_host_without_a_network_publishes_nothing_and_says_so", "alone").join();
    }
}

#[test]
fn what_avahi_publishes_we_find_and_see_go() {
    beside_avahi("what_avahi_publishes_we_find_and_see_go", |avahi| {
        let mut browser = browse("game");
        for (port, name) in (4000..).zip(["Ann's arena", "v1.2"]) {
            let published = avahi.publish(name, "_game._tcp", port, &["map=caves", "ranked"]);
            let v4 = IpAddress::new(10, 17, 4, 2);
            let found = until_found(&mut browser, name, |found| found.addresses().contains(&v4));
            assert_eq!((found.addresses()[0], found.port()), (v4, port));
            assert_eq!(found.txt().text("map"), Some("caves"));
            assert!(found.txt().contains("ranked"));
            drop(published);
            until_lost(&mut browser, name);
        }
    });
}

#[test]
fn what_we_publish_avahi_finds_and_sees_go() {
    beside_avahi("what_we_publish_avahi_finds_and_sees_go", |avahi| {
        let mut lines = avahi.browse("_game._tcp");
        for (port, name, escaped) in
            [(4000, "Ann's arena", "Ann\\039s\\032arena"), (4001, "J\u{f6}rg", "J\\195\\182rg")]
        {
            let published = discovery::publish("game", name, port, &text(&[("map", "caves")])).unwrap();
            assert!(published.wait(Some(DEADLINE)).is_done());
            // =;eth0;IPv4;name;kind;local;host;address;port;text
            let found = loop {
                let line = lines.answer();
                let parts: Vec<&str> = line.split(';').collect();
                if parts[0] == "=" && parts[3] == escaped {
                    break line;
                }
            };
            let parts: Vec<&str> = found.split(';').collect();
            assert_eq!((parts[8], parts[9]), (port.to_string().as_str(), "\"map=caves\""), "{found}");
            assert!(parts[7] == "10.17.4.1" || parts[7].contains(':'), "{found}");
            drop(published);
            loop {
                let line = lines.answer();
                let parts: Vec<&str> = line.split(';').collect();
                if parts[0] == "-" && parts[3] == escaped {
                    break;
                }
            }
        }
    });
}

#[test]
fn connections_find_a_service_of_another_host() {
    const TEST: &str = "connections_find_a_service_of_another_host";
    let played = part(|part| {
        let endpoint = Endpoint::parse("game|Ann's arena").unwrap();
        if part == "connect" {
            let mut connection = Connection::connect(&endpoint, Framing::lines(), Some(DEADLINE)).unwrap();
            assert_eq!(connection.remote_address(), Some(IpAddress::new(10, 17, 4, 2)));
            connection.send(b"hello").into_result().unwrap();
            return;
        }
        let mut listener = TcpListener::new();
        listener.listen(0).into_result().unwrap();
        listener.set_timeout(Some(DEADLINE)).unwrap();
        let published = endpoint.publish(listener.local_port(), &TxtRecord::new()).unwrap();
        let mut server = Connection::new(listener.accept().into_result().unwrap(), Framing::lines());
        assert_eq!(server.receive().done().as_deref(), Some(&b"hello"[..]));
        drop(published);
    });
    if !played {
        let (near, far) = Host::pair();
        let listening = far.play(TEST, "listen");
        near.play(TEST, "connect").join();
        listening.join();
    }
}

/// What a browser answers is a status like any other.
#[test]
fn nothing_is_not_ready() {
    on_loopback("nothing_is_not_ready", || {
        let mut browser = discovery::browse("game").unwrap();
        browser.set_timeout(Some(Duration::from_millis(50))).unwrap();
        assert!(matches!(browser.receive(), Status::NotReady));
        assert_eq!(browser.timeout(), Some(Duration::from_millis(50)));
    });
}

/// The connection of this end and the one that was accepted, once both are open.
fn both_opened(event_loop: &mut EventLoop, client: ConnectionId) -> ConnectionId {
    let end = Instant::now() + DEADLINE;
    let (mut ours, mut theirs) = (false, None);
    while !ours || theirs.is_none() {
        assert!(Instant::now() < end);
        match event_loop.poll(Some(Duration::from_millis(50))).unwrap() {
            Some(LoopEvent::Opened { id, .. }) if id == client => ours = true,
            Some(LoopEvent::Opened { id, listener: Some(_) }) => theirs = Some(id),
            None => {}
            other => panic!("{other:?}"),
        }
    }
    theirs.unwrap()
}

#[test]
fn loops_publish_and_find_services() {
    on_loopback("loops_publish_and_find_services", || {
        let mut event_loop = EventLoop::new().unwrap();
        let service = Endpoint::parse("game|Ann's arena").unwrap();
        // Who comes first waits for the other, and holds nobody up.
        let begin = Instant::now();
        let mut options = ConnectOptions::default();
        options.connection.opening_limit = Some(DEADLINE);
        let client = event_loop.connect(&service, Framing::lines(), options).unwrap();
        assert!(begin.elapsed() < Duration::from_millis(500), "{:?}", begin.elapsed());
        assert!(event_loop.poll(Some(Duration::from_millis(50))).unwrap().is_none());
        let mut options = ListenOptions::default();
        options.txt = text(&[("map", "caves")]);
        let listener = event_loop.listen(&service, Framing::lines(), options).unwrap();
        let accepted = both_opened(&mut event_loop, client);
        assert_eq!(event_loop.published(listener).unwrap().name(), "Ann's arena");
        assert!(event_loop.send(client, b"hello").is_done());
        // A round that is over says so first.
        let event = event_loop.poll(Some(DEADLINE)).unwrap().or_else(|| event_loop.poll(Some(DEADLINE)).unwrap());
        match event {
            Some(LoopEvent::Message { id, message }) => assert_eq!((id, &message[..]), (accepted, &b"hello"[..])),
            other => panic!("{other:?}"),
        }
        let mut browser = browse("game");
        let port = event_loop.local_port(listener);
        let found = until_found(&mut browser, "Ann's arena", |found| found.port() == port);
        assert_eq!((found.txt().text("map"), found.fingerprint()), (Some("caves"), None));
        assert!(event_loop.stop_listening(listener));
        until_lost(&mut browser, "Ann's arena");
    });
}

#[test]
fn a_service_of_a_loop_says_its_certificate() {
    on_loopback("a_service_of_a_loop_says_its_certificate", || {
        let mut event_loop = EventLoop::new().unwrap();
        let service = Endpoint::parse("game|vault").unwrap();
        let identity = TlsIdentity::self_signed(&["vault.example"]).unwrap();
        let mut options = ListenOptions::default();
        options.tls = Some(TlsServer::new(identity.clone()).unwrap());
        event_loop.listen(&service, Framing::lines(), options).unwrap();
        let found = service.find(Some(DEADLINE)).unwrap();
        assert_eq!(found.fingerprint(), Some(identity.fingerprint()));
        let mut tls = TlsClientOptions::default();
        tls.trust = Trust::Pinned(vec![identity.fingerprint()]);
        let mut options = ConnectOptions::default();
        options.tls = Some(TlsClient::with_options(tls).unwrap());
        options.tls_name = Some("vault.example".into());
        let client = event_loop.connect(&service, Framing::lines(), options).unwrap();
        both_opened(&mut event_loop, client);
    });
}

#[test]
fn a_listener_is_found_by_its_service_and_shows_the_certificate_that_it_announces() {
    on_loopback("a_listener_is_found_by_its_service_and_shows_the_certificate_that_it_announces", || {
        let service = Endpoint::parse("game|Bob's arena").unwrap();
        let key = AuthKey::new(b"secret").unwrap();
        let identity = TlsIdentity::self_signed(&["arena.example"]).unwrap();
        let mut options = ListenerOptions::default();
        options.tls = Some(TlsServer::new(identity.clone()).unwrap());
        options.txt = text(&[("map", "caves")]);
        let mut listener = Listener::bind_with(&service, Some(key.clone()), options).unwrap();
        listener.set_timeout(Some(DEADLINE)).unwrap();
        assert_eq!(listener.published().unwrap().name(), "Bob's arena");
        let found = service.find(Some(DEADLINE)).unwrap();
        assert_eq!((found.txt().text("map"), found.fingerprint()), (Some("caves"), Some(identity.fingerprint())));
        assert!(matches!(listener.address().unwrap(), Endpoint::Tcp { port, .. } if port == found.port()));

        let client = thread::spawn(move || {
            let mut tls = TlsClientOptions::default();
            tls.trust = Trust::Pinned(vec![identity.fingerprint()]);
            let mut options = ClientOptions::default();
            options.tls = Some(TlsClient::with_options(tls).unwrap());
            options.tls_name = Some("arena.example".into());
            let found = Endpoint::parse("game|Bob").unwrap();
            let mut connection = Client::connect_with(&found, Some(&key), &options).into_result().unwrap();
            connection.send(b"hello").into_result().unwrap();
        });
        let mut accepted = listener.accept().into_result().unwrap();
        assert_eq!(accepted.receive().into_result().unwrap(), b"hello");
        client.join().unwrap();

        let mut browser = browse("game");
        until_found(&mut browser, "Bob's arena", |_| true);
        listener.close();
        until_lost(&mut browser, "Bob's arena");
    });
}

#[test]
fn a_service_that_is_not_there_costs_a_loop_the_limit_of_one_connection() {
    on_loopback("a_service_that_is_not_there_costs_a_loop_the_limit_of_one_connection", || {
        let mut event_loop = EventLoop::new().unwrap();
        let mut options = ConnectOptions::default();
        options.connection.opening_limit = Some(Duration::from_millis(300));
        let begin = Instant::now();
        let nobody = Endpoint::parse("game|nobody").unwrap();
        let client = event_loop.connect(&nobody, Framing::lines(), options).unwrap();
        match event_loop.poll(Some(DEADLINE)).unwrap() {
            Some(LoopEvent::Closed { id, reason: CloseReason::ConnectFailed(error), .. }) => {
                assert_eq!(id, client);
                assert!(matches!(error, Error::TimedOut { phase: Phase::Discovery, .. }), "{error}");
            }
            other => panic!("{other:?}"),
        }
        assert!((300..3000).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
    });
}
