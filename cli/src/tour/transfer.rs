//! Bytes over TCP, blocking on both ends.

use std::{thread, time::Instant};

use sockeye::{IpAddress, Status, TcpListener, TcpSocket};

use super::{
    PATIENCE,
    failure::{Failure, expect, join},
};

pub(super) fn step() -> Result<String, Failure> {
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
    listener.set_timeout(Some(PATIENCE))?;
    let port = listener.local_port();
    let begin = Instant::now();
    let received = thread::scope(|scope| {
        let receiver = scope.spawn(|| receive(&mut listener));
        send(port)?;
        join(receiver)
    })?;
    let elapsed = begin.elapsed();
    expect("a sum of all bytes of", &(CHUNKS * sum(&chunk())), &received)?;
    let megabytes = CHUNKS * CHUNK as u64 / 1_000_000;
    let speed = CHUNKS as f64 * CHUNK as f64 / elapsed.as_secs_f64() / 1e9;
    Ok(format!("{megabytes} MB from one thread to another, {speed:.1} GB/s, every byte summed up"))
}

fn send(port: u16) -> Result<(), Failure> {
    let mut socket = TcpSocket::new();
    socket.set_timeout(Some(PATIENCE))?;
    socket.connect(IpAddress::LOCAL_HOST, port).into_result()?;
    let chunk = chunk();
    for _ in 0..CHUNKS {
        let sent = socket.send(&chunk).into_result()?;
        expect("to send", &chunk.len(), &sent)?;
    }
    Ok(())
}

/// Receives until the sender has disconnected; returns the sum of all bytes.
fn receive(listener: &mut TcpListener) -> Result<u64, Failure> {
    let mut socket = listener.accept().into_result()?;
    let mut buffer = vec![0; CHUNK];
    let mut total = 0;
    loop {
        match socket.receive(&mut buffer) {
            Status::Done(received) => total += sum(buffer.get(..received).unwrap_or_default()),
            Status::Disconnected => return Ok(total),
            other => return other.into_result().map(|_| total).map_err(Failure::from),
        }
    }
}

fn chunk() -> Vec<u8> {
    (0..=250).cycle().take(CHUNK).collect()
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte)).sum()
}

const CHUNK: usize = 64 * 1024;
const CHUNKS: u64 = 4000;
