//! Datagrams: a ping-pong between two threads, and a burst in batches.

use std::{
    thread,
    time::{Duration, Instant},
};

use sockeye::{DatagramBatch, IpAddress, Status, UdpSocket};

use super::{
    PATIENCE,
    failure::{Failure, expect, join},
    median, millions_per_second, p99,
};

pub(super) fn step() -> Result<String, Failure> {
    let mut trips = ping_pong()?;
    let burst = burst()?;
    Ok(format!(
        "{} round trips of 64 bytes, median {:.1} us, p99 {:.1} us\n{} datagrams of 64 bytes in batches, {:.1} million/s",
        trips.len(),
        median(&mut trips).as_secs_f64() * 1e6,
        p99(&mut trips).as_secs_f64() * 1e6,
        BURST,
        millions_per_second(BURST, burst),
    ))
}

fn open() -> Result<UdpSocket, Failure> {
    let mut socket = UdpSocket::new();
    socket.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result()?;
    socket.set_timeout(Some(PATIENCE))?;
    Ok(socket)
}

fn ping_pong() -> Result<Vec<Duration>, Failure> {
    let (server, client) = (open()?, open()?);
    let to = server.local_port();
    thread::scope(|scope| {
        let echo = scope.spawn(move || -> Result<(), Failure> {
            let mut buffer = [0; 64];
            for _ in 0..ROUND_TRIPS {
                let (length, from, port) = server.receive(&mut buffer).into_result()?;
                server.send(buffer.get(..length).unwrap_or_default(), from, port).into_result()?;
            }
            Ok(())
        });
        let mut trips = Vec::new();
        let mut buffer = [0; 64];
        for number in 0..ROUND_TRIPS {
            let ping = [number; 64];
            let begin = Instant::now();
            client.send(&ping, IpAddress::LOCAL_HOST, to).into_result()?;
            let answer = client.receive(&mut buffer).into_result()?;
            trips.push(begin.elapsed());
            expect("the answer", &(64, IpAddress::LOCAL_HOST, to), &answer)?;
            expect("the datagram", &ping, &buffer)?;
        }
        join(echo)?;
        Ok(trips)
    })
}

/// Sends and receives in turn, so that no datagram is lost for want of room.
fn burst() -> Result<Duration, Failure> {
    let (receiver, sender) = (open()?, open()?);
    let datagrams = [[7; 64]; 64];
    let slices = datagrams.each_ref().map(|datagram| &datagram[..]);
    let mut batch = DatagramBatch::new();
    let mut received = 0;
    let begin = Instant::now();
    while received < BURST {
        let sent = sender.send_batch(&slices, IpAddress::LOCAL_HOST, receiver.local_port()).into_result()?;
        expect("to send", &slices.len(), &sent)?;
        let mut missing = sent;
        while missing > 0 {
            let count = match receiver.receive_batch(&mut batch) {
                Status::NotReady => return Err(Failure::wrong("a datagram", "none")),
                status => status.into_result()?,
            };
            let good = batch.iter().filter(|datagram| datagram.data == slices[0]).count();
            expect("good datagrams", &count, &good)?;
            missing = missing.saturating_sub(count);
            received += u32::try_from(count).unwrap_or(u32::MAX);
        }
    }
    Ok(begin.elapsed())
}

const ROUND_TRIPS: u8 = 250;
const BURST: u32 = 128_000;
