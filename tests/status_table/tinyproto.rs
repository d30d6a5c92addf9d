//! Framed messages that leave together, and those that the peer answers: `Connection` over every kind of stream.

use std::{
    thread,
    time::{Duration, Instant},
};

use sockeye::{Connection, Error, ErrorKind, Framing, SocketSelector, StatusCode};

use crate::support::{
    Family, LONG, Listen, Mode, SHORT, Stream, connected, drain, eventually, fill, in_thread, listening, receive_soon,
};

crate::rows! {
    queued_messages_leave_together: both;
    queue_over_the_outbox: both;
    send_to_a_peer_that_does_not_answer: both;
    more_is_queued_than_a_peer_may_leave_unanswered: both;
    a_send_that_takes_a_message_in_tells_selectors: non_blocking not tls;
    receive_from_a_peer_that_refuses: both;
    receive_from_a_peer_that_sends_too: both;
    a_connection_on_its_way: non_blocking not tls;
    a_greeting_on_its_way: non_blocking not tls;
    a_greeting_behind_a_handshake: both;
    what_was_received_is_answered_though_the_connection_is_dropped: both;
    what_was_received_is_answered_before_the_end_of_what_is_sent: both;
    a_greeting_before_the_end_of_what_is_sent: both;
    a_receive_and_its_answers_have_one_limit: blocking;
    a_send_and_the_answers_before_it_have_one_limit: blocking;
}

/// A connection in a mode, and its peer as a bare socket that has greeted.
fn tiny<F: Family>(mode: Mode) -> (Connection, F::Stream) {
    let (client, mut server) = connected::<F>(mode);
    let connection = Connection::new(client.into_stream(), Framing::Tiny);
    assert_eq!(drain(&mut server, 1), [0xff]);
    server.send(&[0xff]).into_result().unwrap();
    (connection, server)
}

/// Queueing is no system call, in either mode.
fn queued_messages_leave_together<F: Family>(mode: Mode) {
    let (client, mut server) = connected::<F>(mode);
    let mut connection = Connection::new(client.into_stream(), Framing::lines());
    for line in [&b"one"[..], b"", b"three"] {
        assert_eq!(connection.queue(line).code(), StatusCode::Done);
    }
    assert_eq!(connection.pending_bytes(), 11);
    server.set_blocking(false).unwrap();
    assert_eq!(server.receive(&mut [0]).code(), StatusCode::NotReady, "queueing must not send");
    assert_eq!(connection.send(b"four").code(), StatusCode::Done);
    assert_eq!(drain(&mut server, 16), b"one\n\nthree\nfour\n", "in their order");
    assert_eq!(connection.queue(b"five").code(), StatusCode::Done);
    assert_eq!(connection.flush().code(), StatusCode::Done);
    assert_eq!(connection.flush().code(), StatusCode::Done);
    assert_eq!(drain(&mut server, 5), b"five\n");
}

/// `NotReady` also in blocking mode, since only a flush can make room.
fn queue_over_the_outbox<F: Family>(mode: Mode) {
    let (client, mut server) = connected::<F>(mode);
    let mut connection = Connection::new(client.into_stream(), Framing::Packet);
    connection.set_outbox_limit(100);
    assert_eq!(connection.queue(&[1; 500]).code(), StatusCode::Done, "an empty outbox takes any message");
    assert_eq!(connection.queue(b"").code(), StatusCode::NotReady);
    assert_eq!(connection.pending_bytes(), 504);
    assert_eq!(connection.flush().code(), StatusCode::Done);
    assert_eq!(connection.queue(b"").code(), StatusCode::Done);
    assert_eq!(connection.flush().code(), StatusCode::Done);
    assert_eq!(drain(&mut server, 508)[504..], [0; 4]);
    connection.close();
    assert_eq!(connection.queue(b"x").code(), StatusCode::Disconnected);
}

/// As if there were no room, and nothing is taken: until the peer answers.
fn send_to_a_peer_that_does_not_answer<F: Family>(mode: Mode) {
    const MOST: usize = 4096;
    let (mut connection, mut server) = tiny::<F>(mode);
    let peer = in_thread(move || {
        drain(&mut server, 4 * MOST);
        server
    });
    for number in 0..MOST {
        assert_eq!(connection.queue(b"").code(), StatusCode::Done, "{number}");
    }
    assert_eq!(eventually(|| connection.flush()).code(), StatusCode::Done);
    let mut server = peer.join();
    connection.set_timeout(Some(SHORT)).unwrap();
    let begin = Instant::now();
    assert_eq!(connection.send(b"x").code(), StatusCode::NotReady);
    assert!(mode == Mode::NonBlocking || begin.elapsed() >= SHORT);
    assert_eq!(connection.pending_bytes(), 0, "nothing was taken");
    assert_eq!(connection.unanswered_messages(), MOST);
    connection.set_timeout(Some(LONG)).unwrap();
    let peer = in_thread(move || {
        server.send(&[0xff; MOST]).into_result().unwrap();
        assert_eq!(drain(&mut server, 5), b"\0\0\0\x01y");
        server
    });
    assert_eq!(eventually(|| connection.send(b"y")).code(), StatusCode::Done);
    peer.join();
}

/// Nobody answers what has not been sent: it goes before answers are waited for.
fn more_is_queued_than_a_peer_may_leave_unanswered<F: Family>(mode: Mode) {
    const MOST: usize = 5000;
    for with_send in [false, true] {
        let (client, server) = connected::<F>(mode);
        let [mut connection, mut server] =
            [client, server].map(|socket| Connection::new(socket.into_stream(), Framing::Tiny));
        server.set_timeout(Some(LONG)).unwrap();
        let receiver = in_thread(move || {
            for number in 0..MOST {
                assert_eq!(server.receive().into_result().unwrap(), number.to_string().as_bytes());
            }
            server
        });
        let sender = in_thread(move || {
            for number in 0..MOST {
                let message = number.to_string();
                let status = eventually(|| match with_send && number >= 4096 {
                    true => connection.send(message.as_bytes()),
                    false => connection.queue(message.as_bytes()),
                });
                assert_eq!(status.code(), StatusCode::Done, "{number}");
            }
            assert_eq!(eventually(|| connection.flush()).code(), StatusCode::Done);
            connection
        });
        // Answers that nobody has received must not become a reset.
        let _connection = sender.join();
        receiver.join();
    }
}

/// A message that has come behind the answers which a send has looked for.
fn a_send_that_takes_a_message_in_tells_selectors<F: Family>(mode: Mode) {
    let (client, server) = connected::<F>(mode);
    let [mut connection, mut server] =
        [client, server].map(|socket| Connection::new(socket.into_stream(), Framing::Tiny));
    server.set_timeout(Some(LONG)).unwrap();
    let mut selector = SocketSelector::new().unwrap();
    selector.add(&connection).unwrap();
    for _ in 0..512 {
        connection.queue(b"x").into_result().unwrap();
    }
    assert_eq!(eventually(|| connection.flush()).code(), StatusCode::Done);
    for _ in 0..512 {
        server.receive().into_result().unwrap();
    }
    server.send(b"done").into_result().unwrap();
    connection.send(b"one more").into_result().unwrap();
    assert!(selector.wait(Some(Duration::ZERO)).unwrap() && selector.is_ready(&connection));
    assert_eq!(connection.receive().done().unwrap(), b"done");
    assert!(!selector.wait(Some(Duration::ZERO)).unwrap(), "nothing is left");
}

/// The code is in the error, and the connection is over.
fn receive_from_a_peer_that_refuses<F: Family>(mode: Mode) {
    for (answer, code) in [(&b"\0"[..], 0), (b"\xff\xfe", 0xfe), (b"\xff\xfd", 0xfd)] {
        let (mut connection, mut server) = tiny::<F>(mode);
        for message in [&b"one"[..], b"two"] {
            connection.send(message).into_result().unwrap();
        }
        server.send(answer).into_result().unwrap();
        server.shutdown_send().into_result().unwrap();
        match eventually(|| connection.receive()).error() {
            Some(Error::PeerRefused { code: found, .. }) => assert_eq!(found, code, "{answer:?}"),
            other => panic!("{answer:?}: {other:?}"),
        }
        assert_eq!(connection.receive().code(), StatusCode::Disconnected);
        assert!(!connection.is_connected());
    }
}

/// Both ends are told, and no length is taken for an answer.
fn receive_from_a_peer_that_sends_too<F: Family>(mode: Mode) {
    let (mut connection, mut server) = tiny::<F>(mode);
    connection.send(b"from here").into_result().unwrap();
    server.send(b"\0\0\0\x05there").into_result().unwrap();
    assert_eq!(eventually(|| connection.receive()).error().unwrap().kind(), ErrorKind::Collision);
    assert_eq!(connection.receive().code(), StatusCode::Disconnected);
    assert_eq!(connection.send(b"x").code(), StatusCode::Disconnected);
}

/// A connect that has begun and has no answer yet: nothing goes and nothing comes, and nothing is an error.
fn a_connection_on_its_way<F: Family>(_mode: Mode) {
    for framing in [Framing::Packet, Framing::Tiny] {
        let (address, fillers) = F::full_listener();
        let mut socket = <F::Stream as Stream>::new();
        socket.set_blocking(false).unwrap();
        assert_eq!(F::connect(&mut socket, &address).code(), StatusCode::NotReady);
        let mut connection = Connection::new(socket.into_stream(), framing);
        assert_eq!(connection.receive().code(), StatusCode::NotReady);
        assert_eq!(connection.send(b"hello").code(), StatusCode::NotReady);
        assert_eq!(connection.pending_bytes(), 0);
        assert!(!connection.poll(Some(Duration::ZERO)).unwrap());
        // A limit is kept, whatever the connect has.
        let begin = Instant::now();
        let mut connection = in_thread(move || {
            assert!(!connection.poll(Some(SHORT)).unwrap());
            connection
        })
        .join();
        connection.set_blocking(true).unwrap();
        connection.set_timeout(Some(SHORT)).unwrap();
        in_thread(move || assert_eq!(connection.receive().code(), StatusCode::NotReady)).join();
        assert!((2 * SHORT..LONG / 2).contains(&begin.elapsed()), "{:?}", begin.elapsed());
        drop(fillers);
    }
}

fn what_was_received_is_answered_though_the_connection_is_dropped<F: Family>(mode: Mode) {
    let (mut connection, mut server) = tiny::<F>(mode);
    server.send(b"\0\0\0\x01a\0\0\0\x01b").into_result().unwrap();
    for expected in [b"a", b"b"] {
        assert_eq!(eventually(|| connection.receive()).done().unwrap(), expected);
    }
    drop(connection);
    assert_eq!(drain(&mut server, 2), [0xff; 2]);
}

/// It leaves when the connection is there, whatever the program does with that first.
fn a_greeting_on_its_way<F: Family>(_mode: Mode) {
    let (mut listener, address) = listening::<F>();
    let mut socket = <F::Stream as Stream>::new();
    socket.set_blocking(false).unwrap();
    let _ = F::connect(&mut socket, &address);
    let mut connection = Connection::new(socket.into_stream(), Framing::Tiny);
    let mut server = eventually(|| listener.accept()).into_result().unwrap();
    server.set_blocking(false).unwrap();
    let mut greeting = [0];
    eventually(|| {
        assert_eq!(connection.receive().code(), StatusCode::NotReady);
        server.receive(&mut greeting)
    })
    .into_result()
    .unwrap();
    assert_eq!(greeting, [0xff]);
}

/// Whoever only receives says it too, as soon as a handshake has ended.
fn a_greeting_behind_a_handshake<F: Family>(mode: Mode) {
    for is_client in [true, false] {
        let [client, server] = strangers::<F>(mode);
        let (mut end, mut other) = if is_client { (client, server) } else { (server, client) };
        end.set_blocking(mode == Mode::Blocking).unwrap();
        end.set_timeout(Some(LONG / 2)).unwrap();
        let mut connection = Connection::new(end.into_stream(), Framing::Tiny);
        let receiver = in_thread(move || eventually(|| connection.receive()).done());
        let mut greeting = [0];
        assert_eq!(receive_soon(&mut other, &mut greeting).done(), Some(1), "{is_client}");
        assert_eq!(greeting, [0xff]);
        other.send(b"\xff\0\0\0\x01a").into_result().unwrap();
        assert_eq!(receiver.join().as_deref(), Some(&b"a"[..]));
    }
}

/// Nothing can be said behind it.
fn what_was_received_is_answered_before_the_end_of_what_is_sent<F: Family>(mode: Mode) {
    let (mut connection, mut server) = tiny::<F>(mode);
    server.send(b"\0\0\0\x01a\0\0\0\x01b").into_result().unwrap();
    for expected in [b"a", b"b"] {
        assert_eq!(eventually(|| connection.receive()).done().unwrap(), expected);
    }
    assert_eq!(eventually(|| connection.shutdown_send()).code(), StatusCode::Done);
    assert_eq!(drain(&mut server, 2), [0xff; 2]);
    assert_eq!(receive_soon(&mut server, &mut [0]).code(), StatusCode::Disconnected);
    // What comes now cannot be answered, and that is no failure.
    server.send(b"\0\0\0\x01c").into_result().unwrap();
    assert_eq!(eventually(|| connection.receive()).done().unwrap(), b"c");
    assert_eq!(connection.shutdown_send().code(), StatusCode::Done);
}

fn a_greeting_before_the_end_of_what_is_sent<F: Family>(mode: Mode) {
    let [client, mut server] = strangers::<F>(mode);
    let peer = in_thread(move || {
        let greeting = drain(&mut server, 1);
        (greeting, receive_soon(&mut server, &mut [0]).code())
    });
    let mut connection = Connection::new(client.into_stream(), Framing::Tiny);
    assert_eq!(eventually(|| connection.shutdown_send()).code(), StatusCode::Done);
    assert_eq!(peer.join(), (vec![0xff], StatusCode::Disconnected));
}

/// Answers that find no room for a while leave a receive the rest of its limit.
fn a_receive_and_its_answers_have_one_limit<F: Family>(_mode: Mode) {
    let took = || {
        let (mut client, mut server) = connected::<F>(Mode::NonBlocking);
        let filled = fill(&mut client);
        let mut connection = Connection::new(client.into_stream(), Framing::Tiny);
        server.send(b"\xff\0\0\0\x01a").into_result().unwrap();
        assert_eq!(eventually(|| connection.receive()).done().unwrap(), b"a");
        connection.set_blocking(true).unwrap();
        connection.set_timeout(Some(LIMIT)).unwrap();
        let begin = Instant::now();
        let reader = in_thread(move || {
            thread::sleep(LIMIT * 3 / 4);
            drain(&mut server, filled + 2);
            server
        });
        assert_eq!(connection.receive().code(), StatusCode::NotReady);
        let took = begin.elapsed();
        connection.set_timeout(Some(LONG)).unwrap();
        connection.flush().into_result().unwrap();
        reader.join();
        took
    };
    assert_once(took, LIMIT * 3 / 2);
}

/// Those that a send has to wait for do so too.
fn a_send_and_the_answers_before_it_have_one_limit<F: Family>(_mode: Mode) {
    const MOST: usize = 4096;
    let took = || {
        let (mut connection, mut server) = tiny::<F>(Mode::NonBlocking);
        connection.set_outbox_limit(usize::MAX);
        // More than any system has room for, so that the answers are there before all that is in the outbox has gone.
        assert_eq!(connection.queue(&vec![7; 16 * 1024 * 1024]).code(), StatusCode::Done);
        for number in 1..MOST {
            assert_eq!(connection.queue(b"").code(), StatusCode::Done, "{number}");
        }
        server.send(&[0xff; MOST]).into_result().unwrap();
        assert_eq!(connection.unanswered_messages(), MOST);
        connection.set_blocking(true).unwrap();
        connection.set_timeout(Some(LIMIT)).unwrap();
        let begin = Instant::now();
        assert_eq!(connection.send(b"x").code(), StatusCode::NotReady);
        begin.elapsed()
    };
    assert_once(took, LIMIT * 3 / 2);
}

/// Two ends that have settled nothing yet; the first one may be connecting, the second one blocks for a while.
fn strangers<F: Family>(mode: Mode) -> [F::Stream; 2] {
    let (mut listener, address) = listening::<F>();
    let mut client = <F::Stream as Stream>::new();
    client.set_blocking(mode == Mode::Blocking).unwrap();
    let _ = F::connect(&mut client, &address);
    listener.set_timeout(Some(LONG)).unwrap();
    let mut server = listener.accept().into_result().unwrap();
    server.set_timeout(Some(LONG / 2)).unwrap();
    [client, server]
}

/// Asserts that something takes less than a limit once in ten times: the machine may hold it up.
fn assert_once(took: impl Fn() -> Duration, limit: Duration) {
    let all = Vec::from_iter((0..10).map(|_| took()).take_while(|took| *took >= limit));
    assert!(all.len() < 10, "later than {limit:?} every time: {all:?}");
}

/// Of a call that waits, and far above what is done without waiting.
const LIMIT: Duration = Duration::from_millis(400);
