//! Packets: one call each, and many gathered into one.

use std::{
    thread,
    time::{Duration, Instant},
};

use sockeye::{IpAddress, Packet, TcpListener, TcpSocket};

use super::{
    PATIENCE,
    failure::{Failure, expect, join},
    millions_per_second,
};

pub(super) fn step() -> Result<String, Failure> {
    let single = timed(SINGLE, |socket, packet| socket.send_packet(packet).into_result())?;
    let gathered = timed(GATHERED, |socket, packet| {
        socket.queue_packet(packet).into_result()?;
        if socket.pending_bytes() >= FLUSH_AT { socket.flush().into_result() } else { Ok(()) }
    })?;
    Ok(format!(
        "of 64 bytes, one call each: {:.1} million/s; gathered: {:.1} million/s",
        millions_per_second(SINGLE, single),
        millions_per_second(GATHERED, gathered)
    ))
}

/// Sends so many packets to another thread, which checks them, and tells how long it took.
fn timed(
    count: u32,
    send: impl Fn(&mut TcpSocket, &Packet) -> Result<(), sockeye::Error>,
) -> Result<Duration, Failure> {
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
    let mut sender = TcpSocket::new();
    sender.connect_timeout(IpAddress::LOCAL_HOST, listener.local_port(), PATIENCE).into_result()?;
    sender.set_timeout(Some(PATIENCE))?;
    listener.set_timeout(Some(PATIENCE))?;
    let mut receiver = listener.accept().into_result()?;
    let begin = Instant::now();
    thread::scope(|scope| {
        let receiving = scope.spawn(move || -> Result<(), Failure> {
            let mut packet = Packet::new();
            for number in 0..count {
                receiver.receive_packet(&mut packet).into_result()?;
                expect("packet", &number, &packet.read_u32()?)?;
            }
            Ok(())
        });
        let mut packet = Packet::new();
        for number in 0..count {
            packet.clear();
            packet.write_u32(number).append(&[0; 60]);
            send(&mut sender, &packet)?;
        }
        sender.flush().into_result()?;
        join(receiving)
    })?;
    Ok(begin.elapsed())
}

const SINGLE: u32 = 100_000;
const GATHERED: u32 = 1_000_000;
/// Gather this much before the system is called.
const FLUSH_AT: usize = 64 * 1024;
