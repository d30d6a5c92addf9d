//! Addresses that answer late, wrongly or not at all.

use std::{
    io::Write,
    net::{Ipv6Addr, UdpSocket},
    thread,
};

use super::*;
use crate::{
    event_loop::{EventLoopOptions, ListenOptions, LoopEvent, options::ConnectionOptions},
    tcp::{TcpListener, blackhole::Blackhole},
};

const LIMIT: Duration = Duration::from_secs(2);

/// An IPv6 address of loopback that says nothing, and an IPv4 address with a listener, on one port.
fn dead_and_good() -> Option<(Blackhole, TcpListener)> {
    UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).ok()?;
    let dead = Blackhole::at((Ipv6Addr::LOCALHOST, 0).into());
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, dead.port).into_result().unwrap();
    Some((dead, listener))
}

/// Begins a connection as if the host had been looked up and had these addresses.
fn dial(event_loop: &mut EventLoop, addresses: Vec<IpAddress>, port: u16, framing: Framing) -> ConnectionId {
    let connection = ConnectionOptions { opening_limit: Some(LIMIT), ..ConnectionOptions::default() };
    let options = ConnectOptions { connection, ..ConnectOptions::default() };
    let host = Endpoint::Tcp { host: Some("localhost".into()), port };
    let id = event_loop.connect(&host, framing, options).unwrap();
    let slot = event_loop.slots.get_mut(&id.0).unwrap();
    let Stage::Dialing(dial) = &mut slot.stage else { panic!("{:?}", slot.stage) };
    dial.target = Target::addresses(addresses, port);
    event_loop.dial(id.0);
    id
}

fn next(event_loop: &mut EventLoop) -> LoopEvent {
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < 2 * LIMIT);
        if let Some(event) = event_loop.poll(None).unwrap() {
            return event;
        }
    }
}

#[test]
fn a_silent_address_leaves_time_for_the_next() {
    let Some((dead, _good)) = dead_and_good() else { return };
    let mut event_loop = EventLoop::with_options(EventLoopOptions::default()).unwrap();
    let addresses = vec![IpAddress::from(Ipv6Addr::LOCALHOST), IpAddress::LOCAL_HOST];
    let begun = Instant::now();
    let id = dial(&mut event_loop, addresses, dead.port, Framing::Raw);
    let event = next(&mut event_loop);
    assert!(matches!(event, LoopEvent::Opened { id: opened, .. } if opened == id), "{event:?}");
    assert!(begun.elapsed() >= LIMIT / 4, "the silent address had its share: {:?}", begun.elapsed());
    let at = event_loop.connection(id).unwrap().remote_address();
    assert_eq!(at, Some(IpAddress::LOCAL_HOST));
}

/// A program that is busy while an address answers has that address, however late it looks.
#[test]
fn an_address_that_has_answered_is_not_given_up() {
    let Some((dead, good)) = dead_and_good() else { return };
    let good = std::net::TcpListener::try_from(good).unwrap();
    for busy in [LIMIT * 3 / 4, LIMIT * 5 / 4] {
        let mut event_loop = EventLoop::with_options(EventLoopOptions::default()).unwrap();
        let addresses = vec![IpAddress::LOCAL_HOST, IpAddress::from(Ipv6Addr::LOCALHOST)];
        let id = dial(&mut event_loop, addresses, dead.port, Framing::Tiny);
        let (mut peer, _) = good.accept().unwrap();
        peer.write_all(b"\xff").unwrap();
        thread::sleep(busy);
        let event = next(&mut event_loop);
        assert!(matches!(event, LoopEvent::Opened { id: opened, .. } if opened == id), "{event:?}");
        let at = event_loop.connection(id).unwrap().remote_address();
        assert_eq!(at, Some(IpAddress::LOCAL_HOST));
    }
}

/// Nor does a program that is busy behind the lookup of a name take the time of its addresses.
#[test]
fn an_address_that_was_found_long_ago_has_its_time() {
    let good = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = good.local_addr().unwrap().port();
    let mut event_loop = EventLoop::with_options(EventLoopOptions::default()).unwrap();
    let connection = ConnectionOptions { opening_limit: Some(LIMIT), ..ConnectionOptions::default() };
    let options = Arc::new(connection);
    let target = Target::Unknown { phase: Phase::Resolve, wanted: Arc::default() };
    let (framing, last) = (Framing::Tiny, Error::Disconnected);
    let dial = Box::new(Dial { target, tls: None, framing, until: None, phase: Phase::Connect, last });
    let placeholder = prepared(TcpSocket::new(), framing, &options);
    let id = event_loop.next_id();
    let slot = Slot::new(placeholder, Stage::Dialing(dial), options, Instant::now());
    event_loop.slots.insert(id, Box::new(slot));
    event_loop.schedule(id);
    event_loop.handle().put(Command::DialAt(id, Ok((vec![IpAddress::LOCAL_HOST], port)), Instant::now()));
    thread::sleep(LIMIT * 11 / 10);
    assert!(event_loop.poll(Some(Duration::ZERO)).unwrap().is_none());
    let (mut peer, _) = good.accept().unwrap();
    peer.write_all(b"\xff").unwrap();
    let event = next(&mut event_loop);
    assert!(matches!(event, LoopEvent::Opened { id: opened, .. } if opened.0 == id), "{event:?}");
}

/// An IPv6 address of loopback that accepts and says nothing.
fn silent() -> Option<(std::net::TcpListener, u16)> {
    let silent = std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).ok()?;
    let port = silent.local_addr().unwrap().port();
    Some((silent, port))
}

#[test]
fn an_address_that_accepts_and_says_nothing_leaves_time_for_the_next() {
    let Some((_silent, port)) = silent() else { return };
    let mut event_loop = EventLoop::with_options(EventLoopOptions::default()).unwrap();
    let good = Endpoint::Tcp { host: Some("127.0.0.1".into()), port };
    event_loop.listen(&good, Framing::Tiny, ListenOptions::default()).unwrap();
    let addresses = vec![IpAddress::from(Ipv6Addr::LOCALHOST), IpAddress::LOCAL_HOST];
    let id = dial(&mut event_loop, addresses, port, Framing::Tiny);
    loop {
        match next(&mut event_loop) {
            LoopEvent::Opened { id: opened, .. } if opened == id => break,
            LoopEvent::Opened { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let at = event_loop.connection(id).unwrap().remote_address();
    assert_eq!(at, Some(IpAddress::LOCAL_HOST));
}

/// However many refuse at once, as a name of somebody hostile may have them.
#[test]
fn addresses_without_end_are_one_failure() {
    let Some((_silent, port)) = silent() else { return };
    let mut event_loop = EventLoop::with_options(EventLoopOptions::default()).unwrap();
    let id = dial(&mut event_loop, vec![IpAddress::LOCAL_HOST; 20_000], port, Framing::Tiny);
    let event = next(&mut event_loop);
    let LoopEvent::Closed { id: closed, reason: CloseReason::ConnectFailed(_), .. } = event else {
        panic!("{event:?}")
    };
    assert_eq!(closed, id);
    assert!(event_loop.poll(Some(Duration::ZERO)).unwrap().is_none());
}
