//! One silent peer, one that sends a byte now and then, one that never reads, one that never stops: the others keep
//! their rate.

use std::{
    io::Write,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sockeye::{ConnectionId, EventLoop, Framing, Handler, HookResult};

use super::rig::{Rig, read, write};

/// Answers lines; whoever asks for much gets much.
struct Echo;

impl Handler for Echo {
    fn message(&mut self, event_loop: &mut EventLoop, id: ConnectionId, message: Vec<u8>) -> HookResult {
        if message == b"much" {
            for _ in 0..100 {
                event_loop.send(id, &[b'm'; 60_000]).into_result()?;
            }
        } else if message != b"x" {
            event_loop.send(id, &message).into_result()?;
        }
        Ok(())
    }
}

/// Echoes each peer a line, again and again for a while, and tells how many a second there were.
fn rate(peers: &mut [TcpStream], time: Duration) -> f64 {
    let begin = Instant::now();
    let mut count = 0;
    while begin.elapsed() < time {
        for peer in peers.iter_mut() {
            write(peer, b"swimming upstream\n");
        }
        for peer in peers.iter_mut() {
            assert_eq!(read(peer, 18), b"swimming upstream\n");
            count += 1;
        }
    }
    f64::from(count) / begin.elapsed().as_secs_f64()
}

#[test]
fn bad_peers_do_not_slow_the_good_ones_down() {
    const TIME: Duration = Duration::from_millis(700);
    let rig = Rig::new(Framing::lines());
    let mut peers: Vec<_> = (0..100).map(|_| rig.peer()).collect();
    let (silent, mut slow, mut deaf) = (rig.peer(), rig.peer(), rig.peer());
    let mut endless = rig.peer();
    let running = rig.event_loop.spawn(Echo).unwrap();
    rate(&mut peers, TIME / 2);
    let before = (0..3).map(|_| rate(&mut peers, TIME / 2)).fold(0.0, f64::max);

    write(&mut deaf, b"much\n");
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    let dripping = std::thread::spawn(move || {
        while !over.load(Ordering::Relaxed) {
            slow.write_all(b".").unwrap();
            std::thread::park_timeout(Duration::from_millis(50));
        }
    });
    // Other programs share the machine: the best of some. Who is held up is never half as fast.
    let mut during = 0.0_f64;
    for _ in 0..12 {
        during = during.max(rate(&mut peers, TIME / 2));
        if during > before * 0.5 {
            break;
        }
    }

    // And one that never stops, which costs what a busy peer costs, and a core of this test besides.
    let over = Arc::clone(&is_over);
    let flooding = std::thread::spawn(move || {
        let lines = b"x\n".repeat(4096);
        while !over.load(Ordering::Relaxed) {
            endless.write_all(&lines).unwrap();
        }
    });
    let flooded = rate(&mut peers, TIME).max(rate(&mut peers, TIME));
    is_over.store(true, Ordering::Relaxed);
    dripping.join().unwrap();
    flooding.join().unwrap();
    println!("echoes a second: {before:.0} before, {during:.0} with bad peers, {flooded:.0} with a flood too");
    assert!(during > before * 0.5, "{before:.0} before, {during:.0} with bad peers");
    // Starving would be next to nothing.
    assert!(flooded > before * 0.02, "{before:.0} before, {flooded:.0} with a flood");
    drop(silent);
    running.stop(Duration::ZERO).unwrap();
}
