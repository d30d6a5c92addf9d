use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::mpsc,
    thread,
};

use super::*;
use crate::{
    error::ErrorKind,
    http::time_limit::tests::{is_late_by_less_than, takes},
    tcp::{TcpListener, blackhole::Blackhole},
};

const SOON: Duration = Duration::from_secs(10);

fn connect(route: &Route, first: &[u8], limit: TimeLimit, cancel: &Cancel) -> Result<Connected> {
    super::connect(route, self::first(first), limit, cancel)
}

fn first(bytes: &[u8]) -> First<'_> {
    First { bytes, uploads: false }
}

fn direct(port: u16) -> Route {
    Route { host: "127.0.0.1".into(), port, https: false, proxy: None }
}

fn limit(milliseconds: u64) -> TimeLimit {
    TimeLimit::after(Some(Duration::from_millis(milliseconds)))
}

fn soon() -> TimeLimit {
    TimeLimit::after(Some(SOON))
}

fn listener(address: IpAddress) -> TcpListener {
    let mut listener = TcpListener::new();
    listener.set_timeout(Some(SOON)).unwrap();
    listener.listen_on(address, 0).into_result().unwrap();
    listener
}

fn no_ipv6() -> bool {
    let missing = std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err();
    assert!(!missing || std::env::var_os("CI").is_none(), "this machine has no IPv6");
    missing
}

/// A blackhole on IPv6 and a listener on IPv4 that share their port.
fn dead_and_alive() -> (Blackhole, TcpListener) {
    for _ in 0..50 {
        let dead = Blackhole::at((Ipv6Addr::LOCALHOST, 0).into());
        let mut alive = TcpListener::new();
        alive.set_timeout(Some(SOON)).unwrap();
        if alive.listen_on(IpAddress::LOCAL_HOST, dead.port).is_done() {
            return (dead, alive);
        }
    }
    panic!("no port is free on both families");
}

#[test]
fn the_first_bytes_go_with_the_connect_over_loopback() {
    for cancel in [Cancel::never(), Cancel::new()] {
        let mut listener = listener(IpAddress::LOCAL_HOST);
        let connected = connect(&direct(listener.local_port()), b"GET / HTTP/1.1\r\n", soon(), &cancel).unwrap();
        let mut server = listener.accept().into_result().unwrap();
        let mut socket = connected.socket;
        if connected.sent == 0 {
            socket.send(b"GET / HTTP/1.1\r\n").into_result().unwrap();
        }
        let mut buffer = [0; 64];
        assert_eq!(server.receive(&mut buffer).done(), Some(16));
        assert!(!socket.is_blocking());
        assert_eq!(socket.timeout(), None);
        assert!(socket.receive(&mut buffer).is_not_ready());
        server.send(b"x").into_result().unwrap();
    }
}

#[test]
fn without_first_bytes_the_connection_is_there_all_the_same() {
    for cancel in [Cancel::never(), Cancel::new()] {
        let mut listener = listener(IpAddress::LOCAL_HOST);
        let connected = connect(&direct(listener.local_port()), b"", soon(), &cancel).unwrap();
        assert_eq!(connected.sent, 0);
        assert!(connected.socket.is_connected());
        assert!(!connected.socket.is_blocking());
        assert_eq!(connected.socket.timeout(), None);
        listener.accept().into_result().unwrap();
        let mut socket = connected.socket;
        assert!(socket.receive(&mut [0]).is_disconnected() || socket.receive(&mut [0]).is_not_ready());
    }
}

#[test]
fn a_refusal_is_a_refusal_in_every_way_to_connect() {
    let mut closed = listener(IpAddress::LOCAL_HOST);
    let port = closed.local_port();
    closed.close();
    for cancel in [Cancel::never(), Cancel::new()] {
        for first in [b"".as_slice(), b"GET"] {
            let error = connect(&direct(port), first, soon(), &cancel).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        }
        let both = vec![IpAddress::LOCAL_HOST_V6, IpAddress::LOCAL_HOST];
        let error = reach_any(both, port, first(b""), soon(), &cancel).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    }
}

#[test]
fn a_host_that_does_not_answer_takes_the_limit_and_no_longer() {
    let dead = Blackhole::at((Ipv4Addr::LOCALHOST, 0).into());
    let given = Duration::from_millis(150);
    for cancel in [Cancel::never(), Cancel::new()] {
        for first in [b"".as_slice(), b"GET"] {
            takes(given, || {
                let error = connect(&direct(dead.port), first, TimeLimit::after(Some(given)), &cancel).unwrap_err();
                let is_limit = matches!(error, Error::TimedOut { phase: Phase::Connect, limit } if limit == given);
                assert!(is_limit, "{error:?}");
            });
        }
    }
}

#[test]
fn a_limit_that_has_passed_begins_nothing() {
    let mut listener = listener(IpAddress::LOCAL_HOST);
    listener.set_timeout(Some(Duration::from_millis(20))).unwrap();
    let error = connect(&direct(listener.local_port()), b"x", limit(0), &Cancel::never()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(listener.accept().is_not_ready());
}

#[test]
fn the_second_address_is_tried_when_the_first_is_silent() {
    if no_ipv6() {
        return;
    }
    let (dead, mut alive) = dead_and_alive();
    let both = vec![IpAddress::LOCAL_HOST_V6, IpAddress::LOCAL_HOST];
    takes(Duration::from_millis(250), || {
        let connected = reach_any(both.clone(), dead.port, first(b"GET"), soon(), &Cancel::new()).unwrap();
        assert_eq!(connected.socket.remote_address(), Some(IpAddress::LOCAL_HOST));
        assert_eq!(connected.sent, 0);
        alive.accept().into_result().unwrap();
    });
}

#[test]
fn the_second_address_is_tried_at_once_when_the_first_refuses() {
    if no_ipv6() {
        return;
    }
    let mut alive = listener(IpAddress::LOCAL_HOST);
    let both = vec![IpAddress::LOCAL_HOST_V6, IpAddress::LOCAL_HOST];
    takes(Duration::ZERO, || {
        let connected = reach_any(both.clone(), alive.local_port(), first(b""), soon(), &Cancel::never()).unwrap();
        assert_eq!(connected.socket.remote_address(), Some(IpAddress::LOCAL_HOST));
        alive.accept().into_result().unwrap();
    });
}

#[test]
fn silent_addresses_all_together_take_the_limit() {
    if no_ipv6() {
        return;
    }
    let dead = Blackhole::at((Ipv6Addr::LOCALHOST, 0).into());
    let given = Duration::from_millis(400);
    let both = vec![IpAddress::LOCAL_HOST_V6, IpAddress::LOCAL_HOST_V6];
    takes(given, || {
        let limit = TimeLimit::after(Some(given));
        let error = reach_any(both.clone(), dead.port, first(b""), limit, &Cancel::new()).unwrap_err();
        assert!(matches!(error, Error::TimedOut { phase: Phase::Connect, limit } if limit == given), "{error:?}");
    });
}

#[test]
fn a_cancel_ends_every_wait_at_once() {
    let dead = Blackhole::at((Ipv4Addr::LOCALHOST, 0).into());
    let silent = listener(IpAddress::LOCAL_HOST);
    let proxied = |kind| Route {
        proxy: Some(ProxyAddress { kind, host: "127.0.0.1".into(), port: silent.local_port(), credentials: None }),
        https: true,
        ..direct(9)
    };
    let twice = vec![IpAddress::LOCAL_HOST, IpAddress::LOCAL_HOST];
    type Way<'a> = &'a (dyn Fn(&Cancel) -> Result<Connected> + Sync);
    let ways: [Way<'_>; 4] = [
        &|cancel| connect(&direct(dead.port), b"GET", soon(), cancel),
        &|cancel| reach_any(twice.clone(), dead.port, first(b""), soon(), cancel),
        &|cancel| connect(&proxied(ProxyKind::Http), b"", soon(), cancel),
        &|cancel| connect(&proxied(ProxyKind::Socks5h), b"", soon(), cancel),
    ];
    for way in ways {
        is_late_by_less_than(Duration::from_millis(20), || {
            let cancel = Cancel::new();
            let (started, has_started) = mpsc::channel();
            thread::scope(|scope| {
                let (way, cancel) = (&way, &cancel);
                let waits = scope.spawn(move || {
                    started.send(()).unwrap();
                    let error = way(cancel).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
                    Instant::now()
                });
                has_started.recv_timeout(SOON).unwrap();
                // Not to synchronise: whatever the other thread has come to, it must end.
                thread::sleep(Duration::from_millis(20));
                let cancelled = Instant::now();
                cancel.cancel();
                waits.join().unwrap().saturating_duration_since(cancelled)
            })
        });
    }
}

#[test]
fn what_is_cancelled_does_not_begin() {
    let mut listener = listener(IpAddress::LOCAL_HOST);
    listener.set_timeout(Some(Duration::from_millis(20))).unwrap();
    let cancel = Cancel::new();
    cancel.cancel();
    let error = connect(&direct(listener.local_port()), b"GET", soon(), &cancel).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(listener.accept().is_not_ready());
}

#[test]
fn a_name_is_looked_up_and_all_its_addresses_are_tried() {
    let mut listener = listener(IpAddress::LOCAL_HOST);
    let route = Route { host: "localhost".into(), ..direct(listener.local_port()) };
    let connected = connect(&route, b"", soon(), &Cancel::new()).unwrap();
    assert_eq!(connected.socket.remote_address(), Some(IpAddress::LOCAL_HOST));
    listener.accept().into_result().unwrap();
}

#[test]
fn a_forwarded_route_leads_to_the_proxy_and_carries_its_credentials() {
    let mut listener = listener(IpAddress::LOCAL_HOST);
    let proxy = ProxyAddress::parse(&format!("user:pw@127.0.0.1:{}", listener.local_port())).unwrap();
    let route = Route { host: "name.invalid".into(), port: 80, https: false, proxy: Some(proxy) };
    assert!(route.is_forwarded());
    assert_eq!(route.proxy_authorization().unwrap().as_deref(), Some("Basic dXNlcjpwdw=="));
    let connected = connect(&route, b"GET http://name.invalid/ HTTP/1.1\r\n", soon(), &Cancel::never()).unwrap();
    assert_eq!(connected.socket.remote_port(), listener.local_port());
    listener.accept().into_result().unwrap();

    let tunnel = Route { https: true, ..route };
    assert!(!tunnel.is_forwarded());
    assert_eq!(tunnel.proxy_authorization().unwrap(), None);
}

#[test]
fn nothing_is_sent_in_plain_text_where_it_is_to_be_encrypted() {
    let mut listener = listener(IpAddress::LOCAL_HOST);
    let route = Route { https: true, ..direct(listener.local_port()) };
    let connected = connect(&route, b"GET / HTTP/1.1\r\n", soon(), &Cancel::never()).unwrap();
    assert_eq!(connected.sent, 0);
    let mut server = listener.accept().into_result().unwrap();
    drop(connected);
    assert!(server.receive(&mut [0]).is_disconnected());
}
