//! Framed messages: `Connection` over every kind of stream, by the rows of `send_packet` and `receive_packet`.

use std::time::{Duration, Instant};

use sockeye::{
    Connection, Error, ErrorKind, Framing, LineEnding, LineOptions, LineText, Result, SocketSelector, StatusCode,
};

use crate::support::{
    Family, LONG, Mode, SHORT, Stream, await_ready, connected, drain, eventually, fill, in_thread, reset,
};

crate::rows! {
    send_is_what_the_peer_reads: both;
    send_with_room_for_some: both;
    send_without_room_within_a_limit: blocking;
    outbox_over_its_cap: both;
    send_over_the_limit: both;
    send_what_the_framing_cannot_carry: both;
    send_after_the_peer_closed: both;
    receive_nothing_yet: both;
    receive_part_of_a_message: both;
    receive_byte_by_byte: both;
    receive_many_out_of_one_read: both;
    receive_after_the_peer_closed_inside_a_message: both;
    receive_after_the_peer_reset_inside_a_message: both;
    receive_after_the_peer_closed_between_messages: both;
    receive_over_the_limit: both;
    receive_at_the_limit: both;
    receive_large_messages: both;
    receive_what_breaks_the_framing: both;
    receive_what_came_with_packets: both;
    poll_is_true_for_whole_messages_only: both;
    poll_keeps_the_end_for_the_receive: both;
    a_selector_knows_of_messages_inside: non_blocking;
    unread_bytes_belong_to_the_next_protocol: both;
    after_its_own_close: both;
    half_closed: both;
}

const FRAMINGS: [Framing; 4] =
    [Framing::Packet, Framing::Multiprocessing, Framing::Tiny, Framing::Lines(lines(LineEnding::Lf, LineText::Bytes))];

const fn lines(ending: LineEnding, text: LineText) -> LineOptions {
    let mut options = DEFAULT;
    options.ending = ending;
    options.text = text;
    options
}

const DEFAULT: LineOptions = LineOptions::new();

/// A connection in a mode, and its peer as a bare socket that blocks; a tinyproto peer has greeted and been greeted.
fn pair<F: Family>(mode: Mode, framing: Framing) -> (Connection, F::Stream) {
    let (client, mut server) = connected::<F>(mode);
    let connection = Connection::new(client.into_stream(), framing);
    if framing == Framing::Tiny {
        assert_eq!(drain(&mut server, 1), [0xff], "the greeting goes at once");
        server.send(&[0xff]).into_result().unwrap();
    }
    (connection, server)
}

/// Two connections.
fn two<F: Family>(mode: Mode, framing: Framing) -> (Connection, Connection) {
    let (client, server) = connected::<F>(mode);
    let mut connections = [client, server].map(|socket| Connection::new(socket.into_stream(), framing));
    connections[1].set_timeout(Some(LONG)).unwrap();
    let [client, server] = connections;
    (client, server)
}

/// The bytes of a message, as its sender writes them.
fn wire(framing: Framing, message: &[u8]) -> Vec<u8> {
    match framing {
        Framing::Lines(_) => [message, b"\n"].concat(),
        _ => [&(message.len() as u32).to_be_bytes(), message].concat(),
    }
}

fn receive(connection: &mut Connection) -> Result<Vec<u8>> {
    eventually(|| connection.receive()).into_result()
}

fn send_is_what_the_peer_reads<F: Family>(mode: Mode) {
    for framing in FRAMINGS {
        let (mut connection, mut server) = pair::<F>(mode, framing);
        for message in [&b"hello"[..], b""] {
            assert_eq!(connection.send(message).code(), StatusCode::Done);
            let expected = wire(framing, message);
            assert_eq!(drain(&mut server, expected.len()), expected, "{framing:?}");
        }
        assert_eq!(connection.pending_bytes(), 0);
    }
    let (mut connection, mut server) = pair::<F>(mode, Framing::Lines(lines(LineEnding::CrLf, LineText::Strict)));
    assert_eq!(connection.send("caf\u{e9}".as_bytes()).code(), StatusCode::Done);
    assert_eq!(drain(&mut server, 7), "caf\u{e9}\r\n".as_bytes());
    let (mut connection, mut server) = pair::<F>(mode, Framing::Raw);
    assert_eq!(connection.send(b"").code(), StatusCode::Done);
    assert_eq!(connection.send(b"raw").code(), StatusCode::Done);
    assert_eq!(drain(&mut server, 3), b"raw");
}

/// Blocking is Done when all went; non-blocking is Done with the rest in the outbox, and flush moves it.
fn send_with_room_for_some<F: Family>(mode: Mode) {
    let (mut client, mut server) = two::<F>(mode, Framing::Multiprocessing);
    let body: Vec<u8> = (0..12 * 1024 * 1024_u32).map(|number| (number % 253) as u8).collect();
    let expected = body.clone();
    let begin = |mut server: Connection| in_thread(move || server.receive().into_result().unwrap() == expected);
    if mode == Mode::Blocking {
        let reader = begin(server);
        assert_eq!(client.send(&body).code(), StatusCode::Done);
        assert_eq!(client.pending_bytes(), 0);
        assert!(reader.join());
        return;
    }
    assert_eq!(client.send(&body).code(), StatusCode::Done);
    assert!((1..body.len() + 4).contains(&client.pending_bytes()), "{} bytes", client.pending_bytes());
    assert_eq!(client.flush().code(), StatusCode::NotReady);
    server.set_blocking(true).unwrap();
    let reader = begin(server);
    assert_eq!(eventually(|| client.flush()).code(), StatusCode::Done);
    assert!(reader.join());
}

/// NotReady when nothing of the message went.
fn send_without_room_within_a_limit<F: Family>(_mode: Mode) {
    let (mut client, server) = connected::<F>(Mode::NonBlocking);
    fill(&mut client);
    client.set_blocking(true).unwrap();
    client.set_timeout(Some(SHORT)).unwrap();
    let mut connection = Connection::new(client.into_stream(), Framing::Packet);
    let pending = connection.pending_bytes();
    let begin = Instant::now();
    assert_eq!(connection.send(b"hello").code(), StatusCode::NotReady);
    assert!((SHORT..LONG / 2).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    assert_eq!(connection.pending_bytes(), pending, "nothing may be taken");
    drop(server);
}

fn outbox_over_its_cap<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(Mode::NonBlocking);
    let filled = fill(&mut client);
    let mut connection = Connection::new(client.into_stream(), Framing::Packet);
    connection.set_outbox_limit(1000);
    assert_eq!(connection.outbox_limit(), 1000);
    assert_eq!(connection.send(&[1; 996]).code(), StatusCode::Done, "1000 bytes are allowed");
    let pending = connection.pending_bytes();
    assert_eq!(connection.send(b"").code(), StatusCode::NotReady);
    assert_eq!(connection.pending_bytes(), pending);
    connection.set_blocking(mode == Mode::Blocking).unwrap();
    let reader = in_thread(move || {
        drain(&mut server, filled);
        drain(&mut server, 1000 + 7)
    });
    assert_eq!(eventually(|| connection.send(b"two")).code(), StatusCode::Done);
    assert_eq!(eventually(|| connection.flush()).code(), StatusCode::Done);
    assert_eq!(reader.join()[1000..], *b"\0\0\0\x03two");
}

fn send_over_the_limit<F: Family>(mode: Mode) {
    for framing in FRAMINGS {
        let (mut connection, mut server) = pair::<F>(mode, framing);
        assert_eq!(connection.message_limit(), framing.default_limit());
        connection.set_message_limit(Some(3));
        assert_eq!(connection.send(b"four").error().unwrap().kind(), ErrorKind::TooLong, "{framing:?}");
        assert_eq!(connection.send(b"abc").code(), StatusCode::Done, "the connection goes on");
        assert_eq!(drain(&mut server, wire(framing, b"abc").len()), wire(framing, b"abc"));
    }
}

fn send_what_the_framing_cannot_carry<F: Family>(mode: Mode) {
    let (mut connection, mut server) = pair::<F>(mode, Framing::Lines(lines(LineEnding::Lf, LineText::Strict)));
    for line in [&b"two\nlines"[..], b"\xff"] {
        assert_eq!(connection.send(line).error().unwrap().kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(connection.send(b"one").code(), StatusCode::Done);
    assert_eq!(drain(&mut server, 4), b"one\n");
}

fn send_after_the_peer_closed<F: Family>(mode: Mode) {
    let (mut connection, server) = pair::<F>(mode, Framing::Packet);
    drop(server);
    let end = Instant::now() + LONG;
    while connection.send(&[1; 10_000]).is_done() {
        assert!(Instant::now() < end);
    }
    assert_eq!(connection.send(b"x").code(), StatusCode::Disconnected);
}

/// Blocking waits for its limit; non-blocking answers at once.
fn receive_nothing_yet<F: Family>(mode: Mode) {
    for framing in FRAMINGS {
        let (mut connection, _server) = pair::<F>(mode, framing);
        let limit = if mode == Mode::Blocking { SHORT } else { LONG };
        connection.set_timeout(Some(limit)).unwrap();
        assert_eq!(connection.timeout(), Some(limit));
        let begin = Instant::now();
        assert_eq!(connection.receive().code(), StatusCode::NotReady);
        assert_eq!(connection.receive_into(&mut [0; 9]).code(), StatusCode::NotReady);
        assert!(mode == Mode::NonBlocking || begin.elapsed() >= 2 * SHORT, "{:?}", begin.elapsed());
        assert!(begin.elapsed() < LONG / 2, "{:?}", begin.elapsed());
    }
}

fn receive_part_of_a_message<F: Family>(mode: Mode) {
    for framing in FRAMINGS {
        let (mut connection, mut server) = pair::<F>(mode, framing);
        if mode == Mode::Blocking {
            connection.set_timeout(Some(SHORT)).unwrap();
        }
        let bytes = wire(framing, &[b'a'; 100_000][..60_000]);
        server.send(&bytes[..50_000]).into_result().unwrap();
        await_ready(&connection, sockeye::Interest::Read);
        for _ in 0..3 {
            assert_eq!(connection.receive().code(), StatusCode::NotReady);
        }
        let sender = in_thread(move || server.send(&bytes[50_000..]).into_result().map(|_| server));
        assert_eq!(receive(&mut connection).unwrap().len(), 60_000, "{framing:?}");
        sender.join().unwrap();
    }
}

fn receive_byte_by_byte<F: Family>(mode: Mode) {
    for framing in FRAMINGS {
        let (mut connection, mut server) = pair::<F>(mode, framing);
        let bytes = [wire(framing, b"hello"), wire(framing, b""), wire(framing, b"world")].concat();
        let sender = in_thread(move || {
            for byte in bytes {
                server.send(&[byte]).into_result().unwrap();
            }
            server
        });
        for expected in [&b"hello"[..], b"", b"world"] {
            assert_eq!(receive(&mut connection).unwrap(), expected, "{framing:?}");
        }
        sender.join();
    }
}

fn receive_many_out_of_one_read<F: Family>(mode: Mode) {
    for framing in FRAMINGS {
        let (mut connection, mut server) = pair::<F>(mode, framing);
        let messages: Vec<Vec<u8>> = (0..5000_u32).map(|number| number.to_string().into_bytes()).collect();
        let bytes: Vec<u8> = messages.iter().flat_map(|message| wire(framing, message)).collect();
        let sender = in_thread(move || {
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                rest = &rest[server.send(rest).into_result().unwrap()..];
            }
            server
        });
        for message in messages {
            assert_eq!(receive(&mut connection).unwrap(), message, "{framing:?}");
        }
        let mut server = sender.join();
        if framing == Framing::Tiny {
            assert_eq!(drain(&mut server, 5000), [0xff; 5000], "each length is answered");
        }
    }
}

/// What was there is not a message: the error says how much, once, and the bytes are left.
fn receive_after_the_peer_closed_inside_a_message<F: Family>(mode: Mode) {
    for framing in FRAMINGS {
        for cut in [1, 3, 5, 60_000] {
            let (mut connection, mut server) = pair::<F>(mode, framing);
            let bytes = [wire(framing, b"whole"), wire(framing, &[b'x'; 65_000])[..cut].to_vec()].concat();
            server.send(&bytes).into_result().unwrap();
            server.disconnect();
            assert_eq!(receive(&mut connection).unwrap(), b"whole");
            match receive(&mut connection) {
                Err(Error::CutShort { received, expected }) => {
                    let known = if cut < 4 || matches!(framing, Framing::Lines(_)) { cut } else { 65_004 };
                    assert_eq!((received, expected), (cut as u64, known as u64), "{framing:?}");
                }
                other => panic!("{framing:?} cut after {cut}: {other:?}"),
            }
            for _ in 0..3 {
                assert_eq!(connection.receive().code(), StatusCode::Disconnected);
            }
            assert_eq!(connection.unread(), wire(framing, &[b'x'; 65_000])[..cut]);
        }
    }
}

fn receive_after_the_peer_reset_inside_a_message<F: Family>(mode: Mode) {
    let (mut connection, mut server) = pair::<F>(mode, Framing::Packet);
    // A local socket resets when it closes with something unread.
    connection.send(b"unread").into_result().unwrap();
    server.send(b"\0\0\0\x09four").into_result().unwrap();
    await_ready(&connection, sockeye::Interest::Read);
    assert!(!connection.poll(Some(Duration::ZERO)).unwrap());
    reset(server);
    assert_eq!(receive(&mut connection).unwrap_err().kind(), ErrorKind::Truncated);
    assert_eq!(connection.receive().code(), StatusCode::Disconnected);
}

fn receive_after_the_peer_closed_between_messages<F: Family>(mode: Mode) {
    for framing in FRAMINGS {
        let (mut connection, mut server) = pair::<F>(mode, framing);
        server.send(&wire(framing, b"last")).into_result().unwrap();
        server.disconnect();
        assert_eq!(receive(&mut connection).unwrap(), b"last");
        for _ in 0..3 {
            assert_eq!(eventually(|| connection.receive()).code(), StatusCode::Disconnected, "{framing:?}");
        }
        assert!(!connection.is_connected());
        assert!(connection.unread().is_empty());
    }
}

fn receive_over_the_limit<F: Family>(mode: Mode) {
    for framing in FRAMINGS {
        let (mut connection, mut server) = pair::<F>(mode, framing);
        connection.set_message_limit(Some(10));
        server.send(&[wire(framing, b"fine"), wire(framing, b"eleven byte")].concat()).into_result().unwrap();
        assert_eq!(receive(&mut connection).unwrap(), b"fine");
        match receive(&mut connection) {
            Err(Error::TooLong { length: 11, limit: 10, .. }) => {}
            other => panic!("{framing:?}: {other:?}"),
        }
        assert_eq!(connection.receive().code(), StatusCode::Disconnected);
        assert_eq!(connection.send(b"x").code(), StatusCode::Disconnected, "the connection is closed");
        assert_eq!(connection.unread(), wire(framing, b"eleven byte"));
        if framing == Framing::Tiny {
            assert_eq!(drain(&mut server, 2), [0xff, 0x00], "the refusal is said");
        }
    }
}

fn receive_at_the_limit<F: Family>(mode: Mode) {
    for framing in FRAMINGS {
        let (mut connection, mut server) = pair::<F>(mode, framing);
        connection.set_message_limit(Some(10));
        server.send(&wire(framing, b"ten bytes!")).into_result().unwrap();
        assert_eq!(receive(&mut connection).unwrap(), b"ten bytes!");
    }
}

fn receive_large_messages<F: Family>(mode: Mode) {
    for framing in [Framing::Packet, Framing::Multiprocessing, Framing::Tiny] {
        let (mut client, mut server) = two::<F>(Mode::Blocking, framing);
        client.set_blocking(mode == Mode::Blocking).unwrap();
        let lengths = [16_384, 16_385, 65_479, 65_536, 1 << 20, 16 << 20, 1];
        let sender = in_thread(move || {
            for length in lengths {
                server.send(&vec![length as u8; length]).into_result().unwrap();
            }
            server
        });
        for length in lengths {
            assert!(receive(&mut client).unwrap() == vec![length as u8; length], "{framing:?} {length}");
        }
        sender.join();
    }
}

fn receive_what_breaks_the_framing<F: Family>(mode: Mode) {
    for (framing, bytes, kind) in [
        (Framing::Multiprocessing, &b"\xff\xff\xff\xfe"[..], ErrorKind::Malformed),
        (Framing::Multiprocessing, b"\x80\0\0\0", ErrorKind::Malformed),
        (Framing::Multiprocessing, b"\x7f\xff\xff\xff", ErrorKind::TooLong),
        (Framing::Multiprocessing, b"\xff\xff\xff\xff\0\0\x01\0\0\0\0\0", ErrorKind::TooLong),
        (Framing::Tiny, b"\xff", ErrorKind::Malformed),
        (Framing::Tiny, b"\xfe", ErrorKind::PeerRefused),
        (Framing::Lines(lines(LineEnding::Lf, LineText::Strict)), b"\xff\n", ErrorKind::Malformed),
    ] {
        let (mut connection, mut server) = pair::<F>(mode, framing);
        server.send(bytes).into_result().unwrap();
        assert_eq!(receive(&mut connection).unwrap_err().kind(), kind, "{bytes:?}");
        assert_eq!(connection.receive().code(), StatusCode::Disconnected);
        assert_eq!(eventually(|| server.receive(&mut [0; 9])).code(), StatusCode::Disconnected, "{bytes:?}");
    }
}

/// A program may begin with packets and go on with messages; nothing of what it has read is lost.
fn receive_what_came_with_packets<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    server.send(b"\0\0\0\x05hello\0\0\0\x03onetwo\n").into_result().unwrap();
    let mut packet = sockeye::Packet::new();
    eventually(|| client.receive_packet(&mut packet)).into_result().unwrap();
    assert_eq!(packet.data(), b"hello");
    let mut connection = Connection::new(client.into_stream(), Framing::Packet);
    assert_eq!(receive(&mut connection).unwrap(), b"one");
    connection.set_framing(Framing::lines());
    assert_eq!(receive(&mut connection).unwrap(), b"two");
}

/// With multiprocessing's own poll, one byte is enough, and the receive behind it hangs.
fn poll_is_true_for_whole_messages_only<F: Family>(mode: Mode) {
    for framing in FRAMINGS {
        let (mut connection, mut server) = pair::<F>(mode, framing);
        assert!(!connection.poll(Some(Duration::ZERO)).unwrap());
        let bytes = wire(framing, b"hello");
        server.send(&bytes[..5]).into_result().unwrap();
        let begin = Instant::now();
        assert!(!connection.poll(Some(SHORT)).unwrap());
        assert!((SHORT..LONG / 2).contains(&begin.elapsed()), "{:?}", begin.elapsed());
        assert_eq!(connection.is_blocking(), mode == Mode::Blocking, "the mode is as before");
        server.send(&bytes[5..]).into_result().unwrap();
        assert!(connection.poll(Some(LONG)).unwrap());
        assert!(connection.poll(None).unwrap(), "nothing is taken");
        assert_eq!(connection.receive().done().unwrap(), b"hello");
        assert!(!connection.poll(Some(Duration::ZERO)).unwrap());
    }
}

fn poll_keeps_the_end_for_the_receive<F: Family>(mode: Mode) {
    let (mut connection, mut server) = pair::<F>(mode, Framing::Packet);
    server.send(b"\0\0").into_result().unwrap();
    server.disconnect();
    for _ in 0..2 {
        assert!(connection.poll(Some(LONG)).unwrap());
    }
    assert_eq!(receive(&mut connection).unwrap_err().kind(), ErrorKind::Truncated);
    assert!(connection.poll(Some(LONG)).unwrap());
    assert_eq!(connection.receive().code(), StatusCode::Disconnected);

    let (mut connection, mut server) = pair::<F>(mode, Framing::Multiprocessing);
    server.send(b"\x80\0\0\0").into_result().unwrap();
    assert!(connection.poll(Some(LONG)).unwrap());
    assert_eq!(connection.receive().error().unwrap().kind(), ErrorKind::Malformed);
    assert_eq!(connection.receive().code(), StatusCode::Disconnected);
}

fn a_selector_knows_of_messages_inside<F: Family>(mode: Mode) {
    for (behind, code) in [(&b"\0\0\0\x03two"[..], StatusCode::Done), (b"\xff\xff\xff\xfe", StatusCode::Error)] {
        let (mut connection, mut server) = pair::<F>(mode, Framing::Multiprocessing);
        let mut selector = SocketSelector::new().unwrap();
        selector.add(&connection).unwrap();
        server.send(&[b"\0\0\0\x03one", behind].concat()).into_result().unwrap();
        assert!(selector.wait(Some(LONG)).unwrap());
        assert_eq!(receive(&mut connection).unwrap(), b"one");
        assert!(selector.wait(Some(LONG)).unwrap() && selector.is_ready(&connection));
        assert_eq!(connection.receive().code(), code);
        if code == StatusCode::Done {
            assert!(!selector.wait(Some(Duration::ZERO)).unwrap(), "nothing is left");
            assert_eq!(connection.receive().code(), StatusCode::NotReady);
        }
    }
}

/// What python-network's own switch does: in a callback of a line, everything behind it is left.
fn unread_bytes_belong_to_the_next_protocol<F: Family>(mode: Mode) {
    let (mut connection, mut server) = pair::<F>(mode, Framing::lines());
    server.send(b"a\nswitch\nb\nc").into_result().unwrap();
    assert_eq!(receive(&mut connection).unwrap(), b"a");
    assert_eq!(receive(&mut connection).unwrap(), b"switch");
    let (_stream, unread) = connection.into_parts();
    assert_eq!(unread, b"b\nc");
}

fn after_its_own_close<F: Family>(mode: Mode) {
    let (mut connection, mut server) = pair::<F>(mode, Framing::Packet);
    connection.close();
    assert_eq!(connection.receive().code(), StatusCode::Disconnected);
    assert_eq!(connection.send(b"x").code(), StatusCode::Disconnected);
    assert_eq!(connection.flush().code(), StatusCode::Disconnected);
    assert!(connection.poll(Some(Duration::ZERO)).unwrap());
    assert_eq!((connection.local_port(), connection.remote_port()), (0, 0));
    assert!(!connection.is_connected() && connection.native_handle().is_none());
    assert_eq!(eventually(|| server.receive(&mut [0])).code(), StatusCode::Disconnected);
}

/// The peer has said its last and still listens.
fn half_closed<F: Family>(mode: Mode) {
    let (mut connection, mut server) = pair::<F>(mode, Framing::Packet);
    server.send(b"\0\0\0\x03oneha").into_result().unwrap();
    server.shutdown_send().into_result().unwrap();
    assert_eq!(receive(&mut connection).unwrap(), b"one");
    assert_eq!(receive(&mut connection).unwrap_err().kind(), ErrorKind::Truncated);
    assert_eq!(connection.receive().code(), StatusCode::Disconnected);
    assert_eq!(connection.send(b"good bye").code(), StatusCode::Done);
    assert_eq!(connection.shutdown_send().code(), StatusCode::Done);
    assert_eq!(drain(&mut server, 12), b"\0\0\0\x08good bye");
    assert_eq!(eventually(|| server.receive(&mut [0])).code(), StatusCode::Disconnected);
}
