//! Listeners in a selector, beside other sockets.

use std::{
    io::Write,
    net::{Ipv4Addr, TcpStream},
    time::{Duration, Instant},
};

use sockeye::{
    AuthError, AuthKey, Client, ClientOptions, Connection, Endpoint, ErrorKind, Listener, ListenerOptions,
    SocketSelector, Status, UdpSocket,
};

#[cfg(unix)]
use crate::support::{Family, Local, frames::framed};
use crate::{DEADLINE, assert_connected, client, key, loopback, port, raw, why, write_frame};

fn unblocked(key: Option<AuthKey>) -> Listener {
    let mut listener = Listener::bind(&loopback(), key).unwrap();
    listener.set_blocking(false).unwrap();
    listener
}

/// Waits for a connection as a game loop does, with few rounds and none in vain at the end.
fn accept(selector: &mut SocketSelector, listener: &mut Listener) -> Connection {
    for _ in 0..20 {
        assert!(selector.wait(Some(DEADLINE)).unwrap());
        assert!(selector.is_ready(listener));
        match listener.accept() {
            Status::NotReady => {}
            other => return other.into_result().unwrap(),
        }
    }
    panic!("too many rounds");
}

#[test]
fn a_listener_is_ready_when_somebody_comes() {
    let mut listener = unblocked(None);
    let mut other = UdpSocket::new();
    other.bind_to([127, 0, 0, 1], 0).into_result().unwrap();
    let mut selector = SocketSelector::new().unwrap();
    selector.add(&other).unwrap();
    let listening = selector.add(&listener).unwrap();
    assert!(!selector.wait(Some(Duration::ZERO)).unwrap());
    let _peer = TcpStream::connect((Ipv4Addr::LOCALHOST, port(&listener))).unwrap();
    assert!(selector.wait(Some(DEADLINE)).unwrap());
    assert_eq!(selector.ready().map(|event| event.key).collect::<Vec<_>>(), [listening]);
    assert!(selector.is_ready(&listener) && !selector.is_ready(&other));
    listener.accept().into_result().unwrap();
    assert!(!selector.wait(Some(Duration::ZERO)).unwrap());
    assert!(selector.remove(&listener));
    selector.add(&listener).unwrap();
    listener.close();
    assert_eq!(selector.len(), 1, "it left by itself");
}

/// All who have connected are let in by one accept, and given out one by one.
#[test]
fn a_listener_is_ready_while_it_has_somebody_to_give_out() {
    let mut listener = Listener::bind(&Endpoint::parse("localhost:0").unwrap(), None).unwrap();
    listener.set_blocking(false).unwrap();
    let mut selector = SocketSelector::new().unwrap();
    selector.add(&listener).unwrap();
    let _peers = [raw(&listener), raw(&listener)];
    assert!(selector.wait(Some(DEADLINE)).unwrap());
    for _ in 0..2 {
        assert!(selector.wait(Some(Duration::ZERO)).unwrap() && selector.is_ready(&listener));
        listener.accept().into_result().unwrap();
    }
    assert!(!selector.wait(Some(Duration::ZERO)).unwrap());
    // A selector that comes later hears of it, too.
    let _peers = [raw(&listener), raw(&listener)];
    listener.accept().into_result().unwrap();
    let mut other = SocketSelector::new().unwrap();
    other.add(&listener).unwrap();
    assert!(other.wait(Some(Duration::ZERO)).unwrap() && other.is_ready(&listener));
    listener.accept().into_result().unwrap();
    assert!(!other.wait(Some(Duration::ZERO)).unwrap() && !selector.wait(Some(Duration::ZERO)).unwrap());
}

#[test]
fn who_is_given_out_later_is_in_the_mode_of_then() {
    let mut listener = Listener::bind(&Endpoint::parse("localhost:0").unwrap(), None).unwrap();
    listener.set_blocking(false).unwrap();
    let _peers = [(); 3].map(|()| raw(&listener));
    assert!(!listener.accept().into_result().unwrap().is_blocking());
    listener.set_blocking(true).unwrap();
    listener.set_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut accepted = listener.accept().into_result().unwrap();
    assert_eq!((accepted.is_blocking(), accepted.timeout()), (true, Some(Duration::from_millis(20))));
    let begin = Instant::now();
    assert!(accepted.receive().is_not_ready());
    assert!(begin.elapsed() >= Duration::from_millis(20), "{:?}", begin.elapsed());
    listener.set_blocking(false).unwrap();
    assert!(!listener.accept().into_result().unwrap().is_blocking());
}

#[cfg(unix)]
#[test]
fn a_listener_is_ready_until_all_who_have_shown_the_key_are_given_out() {
    let mut listener = unblocked(Some(key()));
    let mut selector = SocketSelector::new().unwrap();
    selector.add(&listener).unwrap();
    let endpoint = listener.address().unwrap();
    let mut clients = [(); 2].map(|()| Client::begin(&endpoint, Some(&key()), &ClientOptions::default()).unwrap());
    let end = Instant::now() + DEADLINE;
    while listener.pending_handshakes() < 2 {
        assert!(Instant::now() < end);
        assert!(listener.accept().is_not_ready());
    }
    // Both have been challenged, and answer before the listener looks.
    clients.iter_mut().for_each(|client| assert!(client.poll().is_not_ready()));
    let _accepted = [(); 2].map(|()| accept(&mut selector, &mut listener));
    assert!(!selector.wait(Some(Duration::ZERO)).unwrap());
}

#[cfg(unix)]
#[test]
fn a_listener_is_ready_while_a_handshake_goes_on() {
    let path = crate::support::fresh_path();
    for endpoint in [loopback(), Endpoint::parse("localhost:0").unwrap(), Endpoint::Local(path)] {
        let mut listener = Listener::bind(&endpoint, Some(key())).unwrap();
        listener.set_blocking(false).unwrap();
        let mut selector = SocketSelector::new().unwrap();
        selector.add(&listener).unwrap();
        for _ in 0..3 {
            let other = client(&listener, Some(key()), ClientOptions::default());
            let mut accepted = accept(&mut selector, &mut listener);
            accepted.set_blocking(true).unwrap();
            assert_connected(&mut accepted, &mut other.join().unwrap().into_result().unwrap());
            assert!(!selector.wait(Some(Duration::ZERO)).unwrap(), "{endpoint}");
        }
        listener.close();
        assert!(selector.is_empty());
        selector.add(&listener).unwrap_err();
    }
}

#[cfg(unix)]
#[test]
fn who_is_silent_or_waits_for_an_answer_wakes_nobody() {
    let mut listener = Listener::bind_with(&loopback(), Some(key()), ListenerOptions::default()).unwrap();
    listener.set_blocking(false).unwrap();
    let mut selector = SocketSelector::new().unwrap();
    selector.add(&listener).unwrap();
    let _silent = raw(&listener);
    let mut guess = raw(&listener);
    write_frame(&mut guess, b"{sha256}0123456789abcdef0123456789abcdef");
    let end = Instant::now() + DEADLINE;
    while listener.pending_handshakes() < 2 || selector.wait(Some(Duration::ZERO)).unwrap() {
        assert!(Instant::now() < end);
        assert!(listener.accept().is_not_ready());
    }
    // The answer is due by the clock alone.
    let answered = loop {
        assert!(Instant::now() < end);
        assert!(!selector.wait(Some(Duration::from_millis(5))).unwrap());
        match listener.accept() {
            Status::NotReady => {}
            other => break other,
        }
    };
    assert_eq!(why(answered), AuthError::WrongDigest);
    assert_eq!(listener.pending_handshakes(), 1);
}

/// A local listener's queue cannot be watched; the client asks again at every poll.
#[cfg(unix)]
#[test]
fn a_client_that_waits_for_room_in_a_queue_wakes_nobody() {
    let (path, sockets) = Local::full_listener();
    let mut client = Client::begin(&Endpoint::Local(path), Some(&key()), &ClientOptions::default()).unwrap();
    let mut selector = SocketSelector::new().unwrap();
    let added = selector.add(&client).unwrap();
    for _ in 0..3 {
        assert!(client.poll().is_not_ready());
        assert!(!selector.wait(Some(Duration::from_millis(20))).unwrap(), "nothing has happened");
    }
    // Once there is room it is connected, and waits for a word.
    let mut accepted: Vec<_> = Vec::new();
    sockets[0].set_nonblocking(true).unwrap();
    accepted.extend(std::iter::from_fn(|| sockets[0].accept().ok()));
    assert!(client.poll().is_not_ready());
    assert!(!selector.wait(Some(Duration::ZERO)).unwrap(), "nothing has been said");
    for (mut socket, _) in std::iter::from_fn(|| sockets[0].accept().ok()).chain(accepted) {
        socket.write_all(&framed(b"hello")).unwrap();
    }
    assert!(selector.wait(Some(DEADLINE)).unwrap());
    assert_eq!(selector.ready().map(|event| event.key).collect::<Vec<_>>(), [added]);
    assert_eq!(client.poll().error().map(|error| error.kind()), Some(ErrorKind::Authentication));
    assert!(selector.is_empty());
}

/// A client that was added once stays in its selector until it is there: under one key, whichever address it tries, and
/// without being told of room to send that it does not wait for.
#[test]
fn a_client_stays_in_its_selector() {
    // The last address that the name stands for.
    let mut listener = Listener::bind(&loopback(), Some(key())).unwrap();
    listener.set_timeout(Some(DEADLINE)).unwrap();
    let named = Endpoint::Tcp { host: Some("localhost".into()), port: port(&listener) };
    let mut client = Client::begin(&named, Some(&key()), &ClientOptions::default()).unwrap();
    let mut selector = SocketSelector::new().unwrap();
    let added = selector.add(&client).unwrap();
    let (mut listener, mut accepted) = (Some(listener), None);
    let mut rounds = 0;
    let mut connection = loop {
        rounds += 1;
        assert!(rounds < 20, "it is told of in vain");
        assert!(selector.wait(Some(DEADLINE)).unwrap(), "it has left");
        assert_eq!(selector.ready().map(|event| event.key).collect::<Vec<_>>(), [added]);
        match client.poll() {
            Status::Done(connection) => break connection,
            Status::NotReady => {}
            other => panic!("{other:?}"),
        }
        // Once it is connected it waits for a word of the listener, and for nothing else.
        if !selector.wait(Some(Duration::from_millis(20))).unwrap()
            && let Some(mut listener) = listener.take()
        {
            accepted = Some(std::thread::spawn(move || listener.accept().into_result()));
        }
    };
    connection.set_blocking(true).unwrap();
    assert_connected(&mut accepted.unwrap().join().unwrap().unwrap(), &mut connection);
}
