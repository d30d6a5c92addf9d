//! Bytes through a session: what selectors know of them, both directions at once, and the standard library's traits.

use std::{
    io::{ErrorKind, Read, Write},
    time::{Duration, Instant},
};

use socket2::SockRef;
use sockeye::{Interest, Packet, SocketSelector, Status, StatusCode, TlsSocket};

use crate::support::{LONG, Mode, await_ready, connected, drain, in_thread, packet_of, tls::Tls};

fn is_ready(selector: &mut SocketSelector) -> bool {
    selector.wait(Some(Duration::ZERO)).unwrap()
}

/// A session takes more from the system than the program has asked for: the selector knows of it.
#[test]
fn a_selector_sees_decrypted_bytes() {
    let (mut near, mut far) = connected::<Tls>(Mode::NonBlocking);
    let mut selector = SocketSelector::new().unwrap();
    let key = selector.add(&near).unwrap();
    let data: Vec<u8> = (0..40_000_u32).map(|number| (number % 251) as u8).collect();
    far.send(&data).into_result().unwrap();
    await_ready(&near, Interest::Read);
    let mut all = drain(&mut near, 10);
    // Until the rest has been taken from the system too, so that only the session knows of bytes.
    while SockRef::from(&near.native_handle().unwrap()).peek(&mut [std::mem::MaybeUninit::uninit()]).is_ok() {
        assert!(is_ready(&mut selector));
        all.extend(drain(&mut near, 100));
    }
    let mut waits = 0;
    while all.len() < data.len() {
        assert!(is_ready(&mut selector), "after {} bytes", all.len());
        assert!(selector.is_ready(&near));
        assert_eq!(selector.ready().map(|event| event.key).collect::<Vec<_>>(), [key]);
        let most = (data.len() - all.len()).min(700);
        all.extend(drain(&mut near, most));
        waits += 1;
    }
    assert!(waits > 5, "only {waits} waits: everything was read at once");
    assert!(all == data);
    assert!(!is_ready(&mut selector));
    assert_eq!(near.receive(&mut [0]).code(), StatusCode::NotReady);

    // One that is added later is known of, too, and an end is ready.
    far.send(b"two").into_result().unwrap();
    await_ready(&near, Interest::Read);
    drain(&mut near, 1);
    let mut later = SocketSelector::new().unwrap();
    later.add(&near).unwrap();
    assert!(is_ready(&mut later) && is_ready(&mut selector));
    drain(&mut near, 2);
    assert!(!is_ready(&mut later) && !is_ready(&mut selector));
    far.send(b"x").into_result().unwrap();
    far.disconnect();
    await_ready(&near, Interest::Read);
    drain(&mut near, 1);
    assert!(is_ready(&mut selector));
    assert_eq!(near.receive(&mut [0]).code(), StatusCode::Disconnected);
    near.disconnect();
    assert_eq!(selector.len(), 0);
}

#[test]
fn a_selector_sees_packets() {
    let (mut near, mut far) = connected::<Tls>(Mode::NonBlocking);
    let mut selector = SocketSelector::new().unwrap();
    selector.add(&near).unwrap();
    for number in 0..3 {
        far.queue_packet(&packet_of(10, number)).into_result().unwrap();
    }
    far.flush().into_result().unwrap();
    let mut packet = Packet::new();
    for number in 0..3 {
        assert!(selector.wait(Some(LONG)).unwrap());
        near.receive_packet(&mut packet).into_result().unwrap();
        assert_eq!(packet.data(), [number; 10]);
    }
    assert!(!is_ready(&mut selector));
}

/// Both ends send more than all buffers hold, on one thread: neither may wait for the other.
#[test]
fn both_directions_at_once() {
    const LENGTH: usize = 24 << 20;

    struct End {
        socket: TlsSocket,
        sent: usize,
        received: usize,
    }
    let byte = |at: usize| (at % 253) as u8;
    let (mut near, mut far) = connected::<Tls>(Mode::NonBlocking);
    far.set_blocking(false).unwrap();
    near.set_blocking(false).unwrap();
    let mut ends = [near, far].map(|socket| End { socket, sent: 0, received: 0 });
    let data: Vec<u8> = (0..LENGTH).map(byte).collect();
    let mut buffer = vec![0; 100_000];
    let end = Instant::now() + LONG;
    while ends.iter().any(|end| end.sent < LENGTH || end.received < LENGTH) {
        assert!(Instant::now() < end, "stuck");
        for End { socket, sent, received } in &mut ends {
            if let Status::Done(count) = socket.send(&data[*sent..LENGTH.min(*sent + 200_000)]) {
                *sent += count;
            }
            while let Status::Done(count) = socket.receive(&mut buffer) {
                if count == 0 {
                    break;
                }
                assert!(buffer[..count] == data[*received..*received + count]);
                *received += count;
            }
        }
    }
}

#[test]
fn large_and_small_pieces() {
    let (mut near, mut far) = connected::<Tls>(Mode::Blocking);
    let data: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 249) as u8).collect();
    let expected = data.clone();
    let sender = in_thread(move || {
        let mut rest = &data[..];
        let mut pieces =
            [1, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 64 * 1024, 64 * 1024 + 1, 1_000_000].iter().cycle();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(*pieces.next().unwrap()));
            assert_eq!(near.send(now).done(), Some(now.len()));
            rest = later;
        }
        near
    });
    assert!(drain(&mut far, expected.len()) == expected);
    drop(sender.join());
    assert_eq!(far.receive(&mut [0]).code(), StatusCode::Disconnected);
}

#[test]
fn as_a_reader_and_a_writer() {
    let (mut near, mut far) = connected::<Tls>(Mode::NonBlocking);
    assert_eq!(near.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    far.write_all(b"text").unwrap();
    Write::flush(&mut far).unwrap();
    drop(far);
    near.set_blocking(true).unwrap();
    let mut text = String::new();
    near.read_to_string(&mut text).unwrap();
    assert_eq!(text, "text");
    assert_eq!(near.read(&mut [0]).unwrap(), 0);

    // An end that nobody has announced is an error, every time.
    let (mut near, mut far) = connected::<Tls>(Mode::Blocking);
    far.write_all(b"text").unwrap();
    SockRef::from(&far.native_handle().unwrap()).shutdown(std::net::Shutdown::Write).unwrap();
    let mut text = Vec::new();
    assert_eq!(near.read_to_end(&mut text).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(text, b"text");
    assert_eq!(near.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionAborted);

    near.disconnect();
    assert_eq!(near.read(&mut [0]).unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(near.write(b"x").unwrap_err().kind(), ErrorKind::NotConnected);
}

/// What was sent arrives, although the socket closes with the server's tickets unread.
#[test]
fn a_client_that_only_sends() {
    for _ in 0..20 {
        let (mut near, mut far) = connected::<Tls>(Mode::Blocking);
        near.send(&[5; 100_000]).into_result().unwrap();
        drop(near);
        assert_eq!(drain(&mut far, 100_000), [5; 100_000]);
        assert_eq!(far.receive(&mut [0]).code(), StatusCode::Disconnected);
    }
}
