//! Values as messages between two ends of one connection.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sockeye::{
    Connection, ErrorKind, Framing, LocalSocket, StatusCode,
    pickle::{self, Protocol, Value},
};

fn pair(framing: Framing) -> (Connection, Connection) {
    let (left, right) = LocalSocket::pair().unwrap();
    (Connection::new(left, framing), Connection::new(right, framing))
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Order {
    Move { x: f64, y: f64 },
    Say(String),
    Inventory(Vec<(u32, Option<Box<Order>>)>),
    Nothing,
}

#[test]
fn values_of_any_type_arrive_as_they_were_sent() {
    for framing in [Framing::Packet, Framing::Multiprocessing] {
        let (mut left, mut right) = pair(framing);
        let orders = [
            Order::Move { x: 2.5, y: -0.0 },
            Order::Say("h\u{e9}".into()),
            Order::Inventory(vec![(7, None), (u32::MAX, Some(Box::new(Order::Nothing)))]),
            Order::Nothing,
        ];
        for order in &orders {
            left.send_object(order).into_result().unwrap();
        }
        for order in &orders {
            assert_eq!(right.receive_object::<Order>().done().as_ref(), Some(order));
        }
        left.send_object("").into_result().unwrap();
        assert_eq!(right.receive_object::<String>().done().as_deref(), Some(""));
        left.close();
        assert!(right.receive_object::<Order>().is_disconnected());
    }
}

#[test]
fn a_message_that_is_no_such_value_is_an_error_and_the_next_one_is_read() {
    let (mut left, mut right) = pair(Framing::Packet);
    for wrong in [&b"\xff"[..], b"", b"\x03\x00", b"\x01\x05abc", b"\x01\x02\xff\xfe"] {
        left.send(wrong).into_result().unwrap();
        let error = right.receive_object::<Order>().error();
        assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Malformed), "{wrong:?}");
    }
    // A list of four thousand million orders in ten bytes.
    left.send(b"\x02\xff\xff\xff\xff\x0f\0\0\0\0").into_result().unwrap();
    let start = Instant::now();
    assert_eq!(right.receive_object::<Order>().code(), StatusCode::Error);
    assert!(start.elapsed() < Duration::from_secs(10));
    left.send_object(&Order::Nothing).into_result().unwrap();
    assert_eq!(right.receive_object::<Order>().done(), Some(Order::Nothing));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Chain {
    End,
    Link(Box<Chain>),
}

#[test]
fn values_are_not_too_deep_inside_one_another() {
    let (mut left, mut right) = pair(Framing::Packet);
    let chain = |links| [vec![1; links], vec![0]].concat();
    left.send(&chain(255)).into_result().unwrap();
    let mut received = right.receive_object::<Chain>().into_result().unwrap();
    let mut links = 0;
    while let Chain::Link(next) = received {
        received = *next;
        links += 1;
    }
    assert_eq!(links, 255);
    let orders = [[2, 1, 0, 1].repeat(20_000), vec![3]].concat();
    left.send(&chain(256)).into_result().unwrap();
    let error = right.receive_object::<Chain>().error().unwrap();
    assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::TooLong, "more than 256 values inside one another"));
    left.send(&orders).into_result().unwrap();
    let error = right.receive_object::<Order>().error().unwrap();
    assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::TooLong, "more than 256 values inside one another"));
    left.send_object(&Order::Nothing).into_result().unwrap();
    assert_eq!(right.receive_object::<Order>().done(), Some(Order::Nothing));
}

#[test]
fn values_without_bytes_are_counted() {
    let (mut left, mut right) = pair(Framing::Packet);
    for count in [0, 1, 1 << 16] {
        left.send_object(&vec![(); count]).into_result().unwrap();
        assert_eq!(right.receive_object::<Vec<()>>().done().map(|list| list.len()), Some(count));
    }
    // Values with bytes are as many as the message has room for.
    for list in [vec![7_u8; 100_000], vec![]] {
        left.send_object(&list).into_result().unwrap();
        assert_eq!(right.receive_object::<Vec<u8>>().done(), Some(list));
    }
    left.send_object(&vec![(); (1 << 16) + 1]).into_result().unwrap();
    assert_eq!(right.receive_object::<Vec<()>>().error().map(|error| error.kind()), Some(ErrorKind::Malformed));
    left.send_object(&vec![vec![(); 1 << 15]; 3]).into_result().unwrap();
    assert_eq!(right.receive_object::<Vec<Vec<()>>>().error().map(|error| error.kind()), Some(ErrorKind::Malformed));
    // Those with bytes do not count for those without.
    let mixed = (vec![7_u8; 60_000], vec![(); 10_000], vec![vec![(); 3]; 5000], vec![7_u16; 65_536], vec![(); 40_000]);
    left.send_object(&mixed).into_result().unwrap();
    assert!(right.receive_object().done() == Some(mixed));
    // 2^64 - 1 of them, which nobody could wait for.
    left.send(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").into_result().unwrap();
    assert_eq!(right.receive_object::<Vec<()>>().error().map(|error| error.kind()), Some(ErrorKind::Malformed));
}

#[test]
fn plain_values_arrive_in_pickles() {
    let (mut left, mut right) = pair(Framing::Multiprocessing);
    let value = Value::Dict(vec![
        ("none".into(), Value::None),
        (7.into(), Value::Tuple(vec![true.into(), 2.5.into(), Value::from(1_i128 << 70)])),
        (Value::Bytes(vec![0, 255]), Value::List(vec!["h\u{e9}".into()])),
    ]);
    left.send_pickle(&value).into_result().unwrap();
    left.send(&pickle::encode(&value, Protocol::Two).unwrap()).into_result().unwrap();
    for _ in 0..2 {
        assert_eq!(right.receive_pickle().into_result().unwrap(), value);
    }
    right.set_blocking(false).unwrap();
    assert!(right.receive_pickle().is_not_ready());
    left.close();
    assert!(right.receive_pickle().is_disconnected());
}

#[test]
fn a_pickle_that_wants_code_to_run_is_an_error_and_the_next_one_is_read() {
    let (mut left, mut right) = pair(Framing::Multiprocessing);
    for wrong in [&b"cos\nsystem\n(S'true'\ntR."[..], b"", b"hello"] {
        left.send(wrong).into_result().unwrap();
        let error = right.receive_pickle().error();
        assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Malformed), "{wrong:?}");
    }
    left.send_pickle(&"on".into()).into_result().unwrap();
    assert_eq!(right.receive_pickle().done(), Some("on".into()));
}

#[test]
fn queued_messages_go_together_and_in_order() {
    for framing in [Framing::lines(), Framing::Packet, Framing::Multiprocessing, Framing::Raw] {
        let (mut left, mut right) = pair(framing);
        right.set_blocking(false).unwrap();
        left.send(b"a").into_result().unwrap();
        left.queue(b"b").into_result().unwrap();
        left.queue(b"c").into_result().unwrap();
        assert_eq!(right.receive().done().as_deref(), Some(&b"a"[..]));
        assert!(right.receive().is_not_ready(), "nothing was sent");
        left.send(b"d").into_result().unwrap();
        let mut received = Vec::new();
        while let Some(message) = right.receive().done() {
            received.push(message);
        }
        let expected: &[&[u8]] = if framing == Framing::Raw { &[b"bcd"] } else { &[b"b", b"c", b"d"] };
        assert_eq!(received, expected, "{framing:?}");
        // A message is taken as a whole or not at all.
        left.set_outbox_limit(10);
        left.queue(&[b'x'; 100]).into_result().unwrap();
        assert!(left.queue(b"e").is_not_ready());
        left.flush().into_result().unwrap();
        assert_eq!(right.receive().done().as_deref(), Some(&[b'x'; 100][..]));
        assert!(right.receive().is_not_ready());
    }
    let (mut left, _right) = pair(Framing::lines());
    let error = left.queue(b"a\nb").error();
    assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::InvalidInput));
    assert_eq!(left.pending_bytes(), 0);
}
