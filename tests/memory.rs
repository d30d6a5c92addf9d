//! What sockets cost in heap, and what a hostile peer can make them cost. Each test counts in a process of its own.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::doc_markdown, clippy::cast_possible_truncation)]

#[path = "support/allocator.rs"]
mod allocator;
mod support;

#[cfg(feature = "messages")]
use sockeye::{Connection, Framing};
use sockeye::{ErrorKind, Interest, Packet, SocketSelector, StatusCode};

use allocator::counted;
use support::{Family, Listen, Local, Mode, Stream, V4, await_ready, child, connected, listening};

#[test]
fn an_idle_connected_socket_costs_almost_nothing() {
    child::in_child("an_idle_connected_socket_costs_almost_nothing", || {
        fn check<F: Family>() {
            const COUNT: usize = 100;
            let (mut listener, address) = listening::<F>();
            let mut peers = Vec::with_capacity(COUNT);
            let mut sockets = Vec::with_capacity(COUNT);
            let ((), held, _) = counted(|| {
                for _ in 0..COUNT {
                    let mut socket = <F::Stream as Stream>::new();
                    F::connect(&mut socket, &address).into_result().unwrap();
                    sockets.push(socket);
                    peers.push(listener.accept().into_result().unwrap());
                }
            });
            // The sockets themselves lie in the vectors, so their size is added.
            let each = held / (2 * COUNT) + size_of::<F::Stream>();
            assert!(each < 512, "{each} bytes");
        }
        check::<V4>();
        check::<Local>();
    });
}

#[test]
fn a_watched_socket_costs_little_more() {
    child::in_child("a_watched_socket_costs_little_more", || {
        const COUNT: usize = 200;
        let pairs: Vec<_> = (0..COUNT).map(|_| connected::<V4>(Mode::NonBlocking)).collect();
        let (selector, held, _) = counted(|| {
            let mut selector = SocketSelector::new().unwrap();
            for (client, server) in &pairs {
                selector.add(client).unwrap();
                selector.add(server).unwrap();
            }
            selector
        });
        assert_eq!(selector.len(), 2 * COUNT);
        assert!(held / (2 * COUNT) < 256, "{} bytes each", held / (2 * COUNT));
    });
}

/// 4 GiB, and the largest that is allowed, with nothing behind them.
#[test]
fn an_announced_packet_costs_no_memory() {
    child::in_child("an_announced_packet_costs_no_memory", || {
        for (announced, expected) in [(u32::MAX, StatusCode::Error), (16 * 1024 * 1024, StatusCode::NotReady)] {
            let (mut client, mut server) = connected::<V4>(Mode::NonBlocking);
            server.send(&announced.to_be_bytes()).into_result().unwrap();
            await_ready(&client, Interest::Read);
            let (status, held, peak) = counted(|| client.receive_packet(&mut Packet::new()));
            assert_eq!(status.code(), expected);
            assert!(peak < 256 * 1024 && held < 128 * 1024, "held {held}, at most {peak}");
            if let Some(error) = status.error() {
                assert_eq!(error.kind(), ErrorKind::TooLong);
                assert_eq!(server.receive(&mut [0]).code(), StatusCode::Disconnected);
            }
        }
    });
}

/// A crowd that sends a byte each, and then nothing, must not hold a read buffer each.
#[test]
fn the_beginning_of_a_packet_costs_little() {
    child::in_child("the_beginning_of_a_packet_costs_little", || {
        const COUNT: usize = 200;
        let mut pairs: Vec<_> = (0..COUNT).map(|_| connected::<V4>(Mode::NonBlocking)).collect();
        let ((), held, _) = counted(|| {
            for (client, server) in &mut pairs {
                server.send(&[0, 0, 1, 0, 7]).into_result().unwrap();
                await_ready(client, Interest::Read);
                assert_eq!(client.receive_packet(&mut Packet::new()).code(), StatusCode::NotReady);
            }
        });
        assert!(held / COUNT < 256, "{} bytes each", held / COUNT);
    });
}

/// And a socket that has received its packets holds nothing of them.
#[test]
fn received_packets_leave_nothing_behind() {
    child::in_child("received_packets_leave_nothing_behind", || {
        let (mut client, mut server) = connected::<V4>(Mode::Blocking);
        let ((), held, _) = counted(|| {
            for length in [10, 100_000, 3_000_000] {
                let sender = support::in_thread(move || {
                    server.send_packet(&support::packet_of(length, 1)).into_result().unwrap();
                    server
                });
                client.receive_packet(&mut Packet::new()).into_result().unwrap();
                server = sender.join();
            }
        });
        assert!(held < 20_000, "{held} bytes");
    });
}

/// What a framed connection costs while nothing comes, before and after messages of any size.
#[cfg(feature = "messages")]
#[test]
fn an_idle_connection_of_messages_costs_little() {
    child::in_child("an_idle_connection_of_messages_costs_little", || {
        const COUNT: usize = 50;
        for framing in [Framing::lines(), Framing::Packet, Framing::Tiny, Framing::Multiprocessing] {
            let pairs: Vec<_> = (0..COUNT).map(|_| connected::<V4>(Mode::Blocking)).collect();
            let (connections, held, _) = counted(|| {
                let new = |socket: sockeye::TcpSocket| Connection::new(socket, framing);
                let mut pairs: Vec<_> = pairs.into_iter().map(|(one, other)| (new(one), new(other))).collect();
                for (one, other) in &mut pairs {
                    for length in [10, 5000, 60_000] {
                        one.send(&vec![b'x'; length]).into_result().unwrap();
                        assert_eq!(other.receive().into_result().unwrap().len(), length);
                    }
                    other.send(b"y").into_result().unwrap();
                    one.receive().into_result().unwrap();
                }
                pairs
            });
            let each = held / (2 * COUNT);
            assert!(each < 4096, "{framing:?}: {each} bytes");
            drop(connections);
        }
    });
}

/// The largest that each framing can announce, and the largest that is allowed, with nothing behind them.
#[cfg(feature = "messages")]
#[test]
fn an_announced_message_costs_no_memory() {
    child::in_child("an_announced_message_costs_no_memory", || {
        let long = |length: u64| [&[0xff; 4][..], &length.to_be_bytes()].concat();
        for (framing, announced, expected) in [
            (Framing::Packet, vec![0xff; 4], StatusCode::Error),
            (Framing::Packet, vec![1, 0, 0, 0], StatusCode::NotReady),
            (Framing::Multiprocessing, vec![0x7f, 0xff, 0xff, 0xff], StatusCode::Error),
            (Framing::Multiprocessing, long(1 << 40), StatusCode::Error),
            (Framing::Multiprocessing, long(u64::MAX), StatusCode::Error),
            (Framing::Multiprocessing, long(16 << 20), StatusCode::NotReady),
            (Framing::Tiny, vec![0xff, 0xf0, 0xff, 0xff, 0xff], StatusCode::Error),
            (Framing::Tiny, vec![0xff, 1, 0, 0, 0], StatusCode::NotReady),
        ] {
            let (client, mut server) = connected::<V4>(Mode::NonBlocking);
            let mut connection = Connection::new(client, framing);
            server.send(&announced).into_result().unwrap();
            await_ready(&connection, Interest::Read);
            let (status, held, peak) = counted(|| connection.receive());
            assert_eq!(status.code(), expected, "{announced:?}");
            assert!(peak < 256 * 1024 && held < 128 * 1024, "{announced:?}: held {held}, at most {peak}");
        }
    });
}

/// Lists and maps inside one another, each of which announces more than the message has bytes.
#[cfg(feature = "serde")]
#[test]
fn announced_items_of_a_value_cost_no_memory() {
    use std::collections::HashMap;

    use serde::Deserialize;
    use sockeye::Status;

    #[derive(Deserialize)]
    struct Maps(#[allow(dead_code)] HashMap<u8, Maps>);

    #[derive(Deserialize)]
    struct Lists(#[allow(dead_code)] Vec<Lists>);

    fn check<T: for<'de> Deserialize<'de>>(message: &[u8], most: usize) {
        let [mut near, mut far] = <[sockeye::LocalSocket; 2]>::from(sockeye::LocalSocket::pair().unwrap())
            .map(|it| Connection::new(it, Framing::Packet));
        near.send(message).into_result().unwrap();
        let (status, _, peak) = counted(|| far.receive_object::<T>());
        assert!(matches!(status, Status::Error(_)), "{:?}", status.code());
        assert!(peak < most, "{peak} bytes for {}", message.len());
    }

    child::in_child("announced_items_of_a_value_cost_no_memory", || {
        // A map of 65,000, and the key of the first; a list of as many.
        check::<Maps>(&[0xe8, 0xfb, 0x03, 1].repeat(120), 1 << 20);
        check::<Lists>(&[0xe8, 0xfb, 0x03].repeat(20_000), 8 << 20);
    });
}

/// A crowd that sends the beginning of a message each, and then nothing.
#[cfg(feature = "messages")]
#[test]
fn the_beginning_of_a_message_costs_little() {
    child::in_child("the_beginning_of_a_message_costs_little", || {
        const COUNT: usize = 200;
        for (framing, bytes) in
            [(Framing::lines(), &b"GET /"[..]), (Framing::Packet, b"\0\0\x3f\0x"), (Framing::Packet, b"\0\x3f\0\0x")]
        {
            let mut pairs: Vec<_> = (0..COUNT)
                .map(|_| {
                    let (client, server) = connected::<V4>(Mode::NonBlocking);
                    (Connection::new(client, framing), server)
                })
                .collect();
            let ((), held, _) = counted(|| {
                for (connection, server) in &mut pairs {
                    server.send(bytes).into_result().unwrap();
                    await_ready(connection, Interest::Read);
                    assert_eq!(connection.receive().code(), StatusCode::NotReady);
                    assert_eq!(connection.receive().code(), StatusCode::NotReady);
                }
            });
            assert!(held / COUNT < 4096, "{bytes:?}: {} bytes each", held / COUNT);
        }
    });
}

/// The memory of a key is overwritten before it is given back, whatever was done with the key.
#[cfg(feature = "auth")]
#[test]
fn nothing_is_left_of_a_key() {
    use allocator::{SECRET, left_secrets};
    use sockeye::{AuthKey, Client, ClientOptions, Endpoint, Listener};

    child::in_child("nothing_is_left_of_a_key", || {
        assert_eq!(left_secrets(|| drop(std::hint::black_box(SECRET.to_vec()))), 1, "it would be seen");
        let left = left_secrets(|| {
            let key = AuthKey::new(SECRET).unwrap();
            let mut listener = Listener::bind(&Endpoint::parse("0").unwrap(), Some(key.clone())).unwrap();
            listener.set_blocking(false).unwrap();
            let options = ClientOptions::default();
            let mut client = Client::begin(&listener.address().unwrap(), Some(&key), &options).unwrap();
            let (mut ours, mut theirs) = (None, None);
            let end = std::time::Instant::now() + support::LONG;
            while ours.is_none() || theirs.is_none() {
                assert!(std::time::Instant::now() < end);
                theirs = theirs.or_else(|| listener.accept().done());
                ours = ours.or_else(|| client.poll().done());
            }
            drop((key, listener, client, ours, theirs));
        });
        assert_eq!(left, 0);
    });
}
