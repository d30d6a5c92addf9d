//! Many peers of one event loop.

use std::{
    io::Write,
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use sockeye::{
    CloseReason, Connection, ConnectionOptions, Endpoint, EventLoop, Framing, LineOptions, LineText, ListenOptions,
    LoopEvent,
};

use super::bounds::{KIB, TIME, leaves_nothing, within};
use crate::{
    allocator::counted,
    support::{LONG, child},
};

struct Rig {
    event_loop: EventLoop,
    port: u16,
}

impl Rig {
    fn new(framing: Framing, connection: ConnectionOptions) -> Self {
        let mut options = ListenOptions::default();
        options.connection = connection;
        let mut event_loop = EventLoop::new().unwrap();
        let listener = event_loop.listen(&Endpoint::Tcp { host: None, port: 0 }, framing, options).unwrap();
        let port = event_loop.local_port(listener);
        Self { event_loop, port }
    }

    fn peer(&self) -> TcpStream {
        let peer = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        peer.set_read_timeout(Some(LONG)).unwrap();
        peer
    }

    /// Serves until nobody is connected any more; how many messages there were, and why each one was closed.
    fn serve(&mut self, count: u64) -> (usize, Vec<CloseReason>) {
        let mut messages = 0;
        let mut reasons = Vec::new();
        let end = Instant::now() + LONG;
        let before = self.event_loop.counters();
        loop {
            match self.event_loop.poll(Some(Duration::from_millis(5))).unwrap() {
                Some(LoopEvent::Message { .. }) => messages += 1,
                Some(LoopEvent::Closed { reason, .. }) => reasons.push(reason),
                Some(_) => {}
                None => {
                    let now = self.event_loop.counters();
                    let gone = now.closed + now.refused - before.closed - before.refused;
                    if gone == count && now.connections == 0 {
                        return (messages, reasons);
                    }
                    assert!(Instant::now() < end, "{now:?}");
                }
            }
        }
    }
}

fn reset(peer: &TcpStream) {
    socket2::SockRef::from(peer).set_linger(Some(Duration::ZERO)).unwrap();
}

/// 12: who says nothing, or takes its time, is closed when its time is over, and costs little until then.
#[test]
fn silent_beginnings() {
    child::in_child("hostile_messages::crowds::silent_beginnings", || {
        const COUNT: usize = 200;
        let mut options = ConnectionOptions::default();
        options.opening_limit = Some(Duration::from_secs(1));
        let mut rig = Rig::new(Framing::Tiny, options);
        let mut round = || {
            let peers: Vec<_> = (0..COUNT).map(|_| rig.peer()).collect();
            let (messages, reasons) = rig.serve(COUNT as u64);
            assert_eq!((messages, reasons.len()), (0, 0), "nobody hears of them");
            drop(peers);
        };
        within(COUNT * 4 * KIB, "silent", &mut round);
        leaves_nothing("silent", 2, round);
    });
}

/// 13: ends inside of a message are told as what they are, and nothing of them is a message.
#[test]
fn ends_inside_of_a_message() {
    child::in_child("hostile_messages::crowds::ends_inside_of_a_message", || {
        const COUNT: usize = 100;
        for (framing, part) in [
            (Framing::Packet, &b"\0\x0f\0\0abc"[..]),
            (Framing::Multiprocessing, b"\xff\xff\xff\xff\0\0\0"),
            (Framing::Tiny, b"\xff\0\x0f\0\0abc"),
            (Framing::lines(), b"abc"),
        ] {
            let mut rig = Rig::new(framing, ConnectionOptions::default());
            let mut round = || {
                let mut peers: Vec<_> = (0..COUNT).map(|_| rig.peer()).collect();
                for peer in &mut peers {
                    peer.write_all(part).unwrap();
                    peer.shutdown(Shutdown::Write).unwrap();
                }
                let (messages, reasons) = rig.serve(COUNT as u64);
                assert_eq!((messages, reasons.len()), (0, COUNT), "{framing:?}");
                for reason in reasons {
                    assert_eq!(reason.error().unwrap().kind(), sockeye::ErrorKind::Truncated, "{framing:?}: {reason}");
                }
            };
            within(COUNT * 8 * KIB, framing, &mut round);
            leaves_nothing(framing, 3, round);
        }
    });
}

/// 14: resets of everybody, before they are accepted and after.
#[test]
fn resets() {
    child::in_child("hostile_messages::crowds::resets", || {
        const COUNT: usize = 100;
        let mut rig = Rig::new(Framing::lines(), ConnectionOptions::default());
        let line = vec![b'x'; 60_000];
        let mut round = || {
            let accepted = rig.event_loop.counters().opened;
            let early: Vec<_> = (0..COUNT).map(|_| rig.peer()).collect();
            early.iter().for_each(reset);
            drop(early);
            let late: Vec<_> = (0..COUNT).map(|_| rig.peer()).collect();
            let end = Instant::now() + LONG;
            let mut open = Vec::with_capacity(2 * COUNT);
            while open.len() < COUNT || rig.event_loop.counters().opened - accepted < COUNT as u64 {
                assert!(Instant::now() < end);
                if let Some(LoopEvent::Opened { id, .. }) = rig.event_loop.poll(Some(Duration::from_millis(5))).unwrap()
                    && rig.event_loop.connection(id).is_some_and(Connection::is_connected)
                {
                    open.push(id);
                }
            }
            for id in open.iter().take(3) {
                for _ in 0..100 {
                    let _ = rig.event_loop.send(*id, &line);
                }
            }
            late.iter().for_each(reset);
            drop(late);
            while rig.event_loop.counters().connections > 0 {
                assert!(Instant::now() < end);
                rig.event_loop.poll(Some(Duration::from_millis(5))).unwrap();
            }
            while rig.event_loop.poll(Some(Duration::ZERO)).unwrap().is_some() {}
        };
        within(40 * 1024 * KIB, "resets", &mut round);
        leaves_nothing("resets", 3, round);
        // It is still there for others.
        let mut peer = rig.peer();
        peer.write_all(b"hello\n").unwrap();
        drop(peer);
        assert_eq!(rig.serve(1).0, 1);
    });
}

/// 16: lines of bytes that are no text, from everybody.
#[test]
fn strange_lines() {
    child::in_child("hostile_messages::crowds::strange_lines", || {
        const COUNT: usize = 50;
        let mut strange = vec![0xff; 10_000];
        strange.extend(b"\0\r\xe2\x80\xa8\n");
        for (text, expected) in [(LineText::Bytes, COUNT), (LineText::Lossy, COUNT), (LineText::Strict, 0)] {
            let mut options = LineOptions::new();
            options.text = text;
            let mut rig = Rig::new(Framing::Lines(options), ConnectionOptions::default());
            let mut round = || {
                let mut peers: Vec<_> = (0..COUNT).map(|_| rig.peer()).collect();
                peers.iter_mut().for_each(|peer| peer.write_all(&strange).unwrap());
                if expected > 0 {
                    peers.clear();
                }
                let (messages, reasons) = rig.serve(COUNT as u64);
                assert_eq!((messages, reasons.len()), (expected, COUNT), "{text:?}");
            };
            // They are served one after the other: nobody's line is kept while the next one's is read.
            within(COUNT * 20 * KIB, text, &mut round);
            leaves_nothing(text, 3, round);
        }
    });
}

/// 18: connections that come and go by the hundred, and no descriptor left for them.
#[test]
fn floods() {
    child::in_child("hostile_messages::crowds::floods", || {
        const COUNT: usize = 500;
        let mut rig = Rig::new(Framing::lines(), ConnectionOptions::default());
        let mut round = || {
            let mut peers: Vec<_> = (0..COUNT).map(|_| rig.peer()).collect();
            peers.iter_mut().for_each(|peer| peer.write_all(b"hello\n").unwrap());
            drop(peers);
            assert_eq!(rig.serve(COUNT as u64).0, COUNT);
        };
        within(COUNT * 4 * KIB, "a flood", &mut round);
        leaves_nothing("a flood", 3, round);
    });
}

/// 18: as long as there are none, what waits costs nothing, and the loop says so now and then and not all the time.
#[cfg(target_os = "linux")]
#[test]
fn no_descriptors() {
    child::in_child("hostile_messages::crowds::no_descriptors", || {
        const COUNT: usize = 200;
        let mut rig = Rig::new(Framing::lines(), ConnectionOptions::default());
        let mut peers: Vec<_> = (0..COUNT).map(|_| rig.peer()).collect();
        let open = std::fs::read_dir("/proc/self/fd").unwrap().count() as u64;
        assert_eq!(child::limit_descriptors(open), open);
        let files: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
        let begin = Instant::now();
        let (told, held, peak) = counted(|| {
            let mut told = 0;
            while rig.event_loop.counters().refused < COUNT as u64 {
                assert!(begin.elapsed() < TIME);
                match rig.event_loop.poll(Some(Duration::from_millis(5))).unwrap() {
                    Some(LoopEvent::AcceptFailed { error, .. }) => {
                        assert_eq!(error.kind(), sockeye::ErrorKind::TooManyFiles);
                        told += 1;
                    }
                    None => {}
                    other => panic!("{other:?}"),
                }
            }
            told
        });
        assert!(told <= COUNT / 2, "told {told} times of {COUNT}");
        assert!(held < 4 * KIB && peak < 64 * KIB, "{held} held, {peak} at most");
        for peer in &mut peers {
            assert_eq!(std::io::Read::read(peer, &mut [0]).unwrap_or(0), 0, "closed, not left waiting");
        }
        drop((files, peers));
        let mut peer = rig.peer();
        peer.write_all(b"hello\n").unwrap();
        drop(peer);
        assert_eq!(rig.serve(1).0, 1);
    });
}
