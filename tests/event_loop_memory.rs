//! What connections of an event loop cost in heap, and what hostile peers can make them cost. Each test counts in a
//! process of its own.
#![cfg(feature = "messages")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::doc_markdown, clippy::cast_possible_truncation)]

#[path = "support/allocator.rs"]
mod allocator;
mod support;

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use sockeye::{Endpoint, EventLoop, Framing, ListenOptions, LoopEvent};

use allocator::counted;
use support::{LONG, child};

fn listening(framing: Framing) -> (EventLoop, u16) {
    let mut event_loop = EventLoop::new().unwrap();
    let endpoint = Endpoint::Tcp { host: None, port: 0 };
    let listener = event_loop.listen(&endpoint, framing, ListenOptions::default()).unwrap();
    let port = event_loop.local_port(listener);
    (event_loop, port)
}

fn until(event_loop: &mut EventLoop, mut found: impl FnMut(&mut EventLoop, LoopEvent) -> bool) {
    let end = Instant::now() + LONG;
    while Instant::now() < end {
        if let Some(event) = event_loop.poll(Some(Duration::from_millis(20))).unwrap()
            && found(event_loop, event)
        {
            return;
        }
    }
    panic!("nothing of the kind happened");
}

/// After each has had a message of a kilobyte echoed, and one of a megabyte: under 4 KiB.
#[test]
fn an_idle_connection_costs_little() {
    const COUNT: usize = 2000;
    child::in_child("an_idle_connection_costs_little", || {
        child::need_descriptors(2 * COUNT as u64 + 50);
        let (mut event_loop, port) = listening(Framing::Packet);
        let mut peers: Vec<_> = (0..COUNT).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
        let ((), held, _) = counted(|| {
            let mut opened = 0;
            until(&mut event_loop, |_, event| {
                opened += usize::from(matches!(event, LoopEvent::Opened { .. }));
                opened == COUNT
            });
        });
        println!("{} bytes for an idle connection", held / COUNT);
        assert!(held / COUNT < 2048, "{} bytes each", held / COUNT);
        let mut message = 1000_u32.to_be_bytes().to_vec();
        message.resize(1004, 7);
        let ((), held_after, _) = counted(|| {
            for peer in &mut peers {
                peer.write_all(&message).unwrap();
                until(&mut event_loop, |event_loop, event| {
                    let LoopEvent::Message { id, message } = event else { return false };
                    event_loop.queue(id, &message).into_result().unwrap();
                    event_loop.flush_connection(id).into_result().unwrap();
                    true
                });
                let mut echo = [0; 1004];
                peer.read_exact(&mut echo).unwrap();
            }
        });
        println!("{} bytes after an echo", (held + held_after) / COUNT);
        assert!((held + held_after) / COUNT < 4096, "{} bytes each", (held + held_after) / COUNT);
        let mut large = 1_000_000_u32.to_be_bytes().to_vec();
        large.resize(1_000_004, 7);
        let ((), more, _) = counted(|| {
            for peer in peers.iter_mut().take(100) {
                let mut writer = peer.try_clone().unwrap();
                let bytes = large.clone();
                let thread = std::thread::spawn(move || writer.write_all(&bytes).unwrap());
                until(&mut event_loop, |event_loop, event| {
                    let LoopEvent::Message { id, message } = event else { return false };
                    assert_eq!(message.len(), 1_000_000);
                    event_loop.send(id, &message[..20_000]).into_result().unwrap();
                    true
                });
                thread.join().unwrap();
                peer.read_exact(&mut vec![0; 20_004]).unwrap();
            }
        });
        assert!(more / 100 < 4096, "{} bytes each after a large message", more / 100);
    });
}

/// Attacks 1, 12 and 17: announcements, slow beginnings and endless lines of a crowd.
#[test]
fn hostile_beginnings_cost_little() {
    const COUNT: usize = 200;
    child::in_child("hostile_beginnings_cost_little", || {
        for (framing, bytes, most) in [
            (Framing::Packet, b"\x01\x00\x00\x00only this".to_vec(), 4096),
            (Framing::Multiprocessing, b"\xff\xff\xff\xff\x00\x00\x00\x00\x01\x00\x00\x00".to_vec(), 4096),
            (Framing::Tiny, b"\xff\x00\xf0\x00\x00".to_vec(), 4096),
            (Framing::lines(), vec![b'x'; 30_000], 80_000),
        ] {
            let (mut event_loop, port) = listening(framing);
            let mut peers: Vec<_> = (0..COUNT).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
            peers.iter_mut().for_each(|peer| peer.write_all(&bytes).unwrap());
            let ((), held, peak) = counted(|| {
                let end = Instant::now() + LONG;
                // All of them, and then nothing more for some rounds.
                let (mut opened, mut quiet) = (0, 0);
                while (opened < COUNT || quiet < 20) && Instant::now() < end {
                    match event_loop.poll(Some(Duration::from_millis(5))).unwrap() {
                        Some(LoopEvent::Opened { .. }) => (opened, quiet) = (opened + 1, 0),
                        None => quiet += 1,
                        other => panic!("{other:?}"),
                    }
                }
                assert_eq!(opened, COUNT);
            });
            assert!(held / COUNT < most, "{framing:?}: {} bytes each", held / COUNT);
            assert!(peak < held + 1_000_000, "{framing:?}: {peak} at most, {held} held");
        }
    });
}

/// Attack 15: a peer that never reads costs its queue and no more, however much is sent to it.
#[test]
fn a_peer_that_never_reads_costs_its_queue() {
    child::in_child("a_peer_that_never_reads_costs_its_queue", || {
        let mut event_loop = EventLoop::new().unwrap();
        let mut options = ListenOptions::default();
        options.connection.queue_limit = 1_000_000;
        let endpoint = Endpoint::Tcp { host: None, port: 0 };
        let listener = event_loop.listen(&endpoint, Framing::Packet, options).unwrap();
        let port = event_loop.local_port(listener);
        let _peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut connection = None;
        until(&mut event_loop, |_, event| {
            if let LoopEvent::Opened { id, .. } = event {
                connection = Some(id);
            }
            connection.is_some()
        });
        let id = connection.unwrap();
        let message = vec![0; 10_000];
        let ((), held, peak) = counted(|| {
            let mut refused = 0;
            for _ in 0..10_000 {
                refused += usize::from(event_loop.send(id, &message).is_not_ready());
                event_loop.poll(Some(Duration::ZERO)).unwrap();
            }
            assert!(refused > 5000, "{refused}");
        });
        // A growing buffer doubles.
        assert!(held < 2_500_000 && peak < 4_000_000, "{held} held, {peak} at most");
    });
}
