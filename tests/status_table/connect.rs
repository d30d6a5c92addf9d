//! connect, finish_connect.

use std::time::{Duration, Instant};

use sockeye::{ErrorKind, Interest, StatusCode};

use crate::support::{
    Family, LONG, Listen, Mode, SHORT, Stream, await_ready, connected, eventually, in_thread, listening, receive_soon,
};

crate::rows! {
    accepted: both;
    refused: both;
    limit_passed: both;
    limit_kept: both;
    already_connected: both not tls;
    already_pending: non_blocking not tls;
    disconnected_while_pending: non_blocking;
    pending_socket_sends_once_it_is_there: non_blocking not local;
    mode_changes_while_pending: non_blocking;
    a_limit_holds_while_pending: non_blocking;
}

fn socket<F: Family>(mode: Mode) -> F::Stream {
    let mut socket = <F::Stream as Stream>::new();
    socket.set_blocking(mode == Mode::Blocking).unwrap();
    socket
}

/// Ends a connect that was begun in either mode.
fn outcome<F: Family>(socket: &mut F::Stream, to: &F::Address) -> sockeye::Status {
    match F::connect(socket, to) {
        sockeye::Status::NotReady => {
            assert!(!socket.is_blocking(), "a blocking connect must not be NotReady");
            eventually(|| socket.finish_connect())
        }
        status => status,
    }
}

/// Done; in non-blocking mode NotReady, then finish_connect Done.
fn accepted<F: Family>(mode: Mode) {
    let (mut listener, address) = listening::<F>();
    let mut client = socket::<F>(mode);
    let first = F::connect(&mut client, &address);
    if mode == Mode::Blocking {
        assert_eq!(first.code(), StatusCode::Done);
    } else if first.is_not_ready() {
        await_ready(&client, Interest::Write);
    }
    assert_eq!(client.finish_connect().code(), StatusCode::Done);
    assert_eq!(client.finish_connect().code(), StatusCode::Done);
    let mut server = listener.accept().into_result().unwrap();
    F::meet(&mut client, &mut server);
    assert_eq!(client.send(b"hello").done(), Some(5));
    let mut buffer = [0; 8];
    assert_eq!(receive_soon(&mut server, &mut buffer).done(), Some(5));
    assert_eq!(client.is_blocking(), mode == Mode::Blocking);
}

/// Error(Refused), said once; later calls Disconnected.
fn refused<F: Family>(mode: Mode) {
    let address = F::refusing_address();
    let mut client = socket::<F>(mode);
    let error = outcome::<F>(&mut client, &address).error().unwrap();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(!client.is_connected());
    assert_eq!(client.finish_connect().code(), StatusCode::Disconnected);
    assert_eq!(client.send(b"x").code(), StatusCode::Disconnected);
    assert_eq!(client.receive(&mut [0]).code(), StatusCode::Disconnected);
    assert_eq!(client.is_blocking(), mode == Mode::Blocking);
    // The next attempt is not marked by the failure.
    let (_listener, address) = listening::<F>();
    assert_eq!(outcome::<F>(&mut client, &address).code(), StatusCode::Done);
}

/// Error(Unreachable) for a path where nothing is.
#[cfg(unix)]
#[test]
fn unreachable_path() {
    use crate::support::{Local, fresh_path};

    for mode in [Mode::Blocking, Mode::NonBlocking] {
        let mut client = socket::<Local>(mode);
        let error = client.connect(fresh_path()).error().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unreachable);
        assert_eq!(client.finish_connect().code(), StatusCode::Disconnected);
    }
}

/// Error(TimedOut), socket closed, mode as before; in non-blocking mode the limit counts from connect.
fn limit_passed<F: Family>(mode: Mode) {
    let (address, _full) = F::full_listener();
    let mut client = socket::<F>(mode);
    let begin = Instant::now();
    let status = match F::connect_timeout(&mut client, &address, SHORT) {
        sockeye::Status::NotReady => {
            assert_eq!(mode, Mode::NonBlocking);
            eventually(|| client.finish_connect())
        }
        status => {
            assert_eq!(mode, Mode::Blocking, "{status:?}");
            status
        }
    };
    let error = status.error().unwrap();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    assert_eq!(error.to_string(), format!("the connect did not end within {SHORT:?}"));
    assert!(begin.elapsed() >= SHORT, "{:?}", begin.elapsed());
    assert!(begin.elapsed() < LONG / 2, "{:?}", begin.elapsed());
    assert!(!client.is_connected());
    assert_eq!(client.finish_connect().code(), StatusCode::Disconnected);
    assert_eq!(client.receive(&mut [0]).code(), StatusCode::Disconnected);
    assert_eq!(client.is_blocking(), mode == Mode::Blocking);
}

/// A limit that is kept leaves the socket in its mode.
fn limit_kept<F: Family>(mode: Mode) {
    let (mut listener, address) = listening::<F>();
    let mut client = socket::<F>(mode);
    match F::connect_timeout(&mut client, &address, LONG) {
        sockeye::Status::NotReady => {
            assert_eq!(mode, Mode::NonBlocking);
            assert_eq!(eventually(|| client.finish_connect()).code(), StatusCode::Done);
        }
        status => assert_eq!(status.code(), StatusCode::Done),
    }
    let mut server = listener.accept().into_result().unwrap();
    F::meet(&mut client, &mut server);
    if mode == Mode::NonBlocking {
        assert_eq!(client.receive(&mut [0]).code(), StatusCode::NotReady);
    }
    server.send(b"x").into_result().unwrap();
    assert_eq!(receive_soon(&mut client, &mut [0]).done(), Some(1));
}

/// Disconnects first.
fn already_connected<F: Family>(mode: Mode) {
    let (mut client, mut old_server) = connected::<F>(mode);
    let (mut listener, address) = listening::<F>();
    assert_eq!(outcome::<F>(&mut client, &address).code(), StatusCode::Done);
    let mut new_server = listener.accept().into_result().unwrap();
    assert_eq!(old_server.receive(&mut [0]).code(), StatusCode::Disconnected);
    client.send(b"new").into_result().unwrap();
    let mut buffer = [0; 8];
    assert_eq!(receive_soon(&mut new_server, &mut buffer).done(), Some(3));
}

/// The old attempt is dropped.
fn already_pending<F: Family>(mode: Mode) {
    let (stuck, _full) = F::full_listener();
    let mut client = socket::<F>(mode);
    assert_eq!(F::connect(&mut client, &stuck).code(), StatusCode::NotReady);
    assert_eq!(client.finish_connect().code(), StatusCode::NotReady);
    let (_listener, address) = listening::<F>();
    assert_eq!(outcome::<F>(&mut client, &address).code(), StatusCode::Done);
}

/// Sends and receives on a pending connection are NotReady; a disconnect ends it.
fn disconnected_while_pending<F: Family>(mode: Mode) {
    let (stuck, _full) = F::full_listener();
    let mut client = socket::<F>(mode);
    assert_eq!(F::connect(&mut client, &stuck).code(), StatusCode::NotReady);
    assert!(!client.is_connected());
    assert_eq!(client.send(b"x").code(), StatusCode::NotReady);
    assert_eq!(client.receive(&mut [0]).code(), StatusCode::NotReady);
    client.disconnect();
    assert_eq!(client.finish_connect().code(), StatusCode::Disconnected);
    assert_eq!(client.send(b"x").code(), StatusCode::Disconnected);
}

/// A send finishes the connect by itself, so that a program may do without finish_connect; what was queued goes first.
fn pending_socket_sends_once_it_is_there<F: Family>(mode: Mode) {
    let (mut listener, address) = listening::<F>();
    let mut client = socket::<F>(mode);
    let _ = F::connect(&mut client, &address);
    client.queue_packet(&crate::support::packet_of(3, b'q')).into_result().unwrap();
    let server = in_thread(move || {
        let mut server = listener.accept().into_result().unwrap();
        crate::support::drain(&mut server, 12)
    });
    assert_eq!(eventually(|| client.send(b"hello")).done(), Some(5));
    assert_eq!(server.join(), b"\0\0\0\x03qqqhello");

    let refusing = F::refusing_address();
    let _ = F::connect(&mut client, &refusing);
    let error = eventually(|| client.send(b"hello")).error().unwrap();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(client.send(b"hello").code(), StatusCode::Disconnected);
}

/// finish_connect waits once the socket blocks, and the socket then blocks.
fn mode_changes_while_pending<F: Family>(mode: Mode) {
    let (mut listener, address) = listening::<F>();
    let mut client = socket::<F>(mode);
    let _ = F::connect_timeout(&mut client, &address, LONG);
    client.set_blocking(true).unwrap();
    assert_eq!(client.finish_connect().code(), StatusCode::Done);
    let mut server = listener.accept().into_result().unwrap();
    F::meet(&mut client, &mut server);
    client.set_timeout(Some(Duration::from_millis(20))).unwrap();
    let begin = Instant::now();
    assert_eq!(client.receive(&mut [0]).code(), StatusCode::NotReady);
    assert!(begin.elapsed() >= Duration::from_millis(20));
}

/// The limit of an operation counts the connecting in, for which there is none or a longer one; both go on behind it.
fn a_limit_holds_while_pending<F: Family>(mode: Mode) {
    for connect_limit in [None, Some(LONG)] {
        let (address, _full) = F::full_listener();
        let mut client = socket::<F>(mode);
        let begun = match connect_limit {
            None => F::connect(&mut client, &address),
            Some(limit) => F::connect_timeout(&mut client, &address, limit),
        };
        assert_eq!(begun.code(), StatusCode::NotReady);
        client.set_blocking(true).unwrap();
        client.set_timeout(Some(SHORT)).unwrap();
        let mut client = in_time(client, |client| assert_eq!(client.finish_connect().code(), StatusCode::NotReady));
        client = in_time(client, |client| assert_eq!(client.send(b"x").code(), StatusCode::NotReady));
        client = in_time(client, |client| assert_eq!(client.receive(&mut [0]).code(), StatusCode::NotReady));
        client = in_time(client, |client| {
            assert_eq!(client.receive_packet(&mut sockeye::Packet::new()).code(), StatusCode::NotReady);
        });
        client = in_time(client, |client| assert_eq!(client.flush().code(), StatusCode::NotReady));
        assert!(!client.is_connected());
    }
}

/// Does something that takes `SHORT` and not much longer.
fn in_time<S: Stream>(mut socket: S, operation: impl FnOnce(&mut S) + Send + 'static) -> S {
    let begin = Instant::now();
    let socket = in_thread(move || {
        operation(&mut socket);
        socket
    })
    .join();
    assert!((SHORT..LONG / 2).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    socket
}
