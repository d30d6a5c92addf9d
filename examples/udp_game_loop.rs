//! A game loop that polls a non-blocking UDP socket: it never waits for the network. Here the other player is a thread;
//! in a game it is another machine.

use std::{
    thread,
    time::{Duration, Instant},
};

use sockeye::{IpAddress, Packet, Result, Status, UdpSocket};

const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 60);
const FRAMES: u32 = 60;

/// Where a player is, and at which frame: datagrams may overtake one another.
struct Position {
    frame: u32,
    x: f32,
}

/// Takes everything that has arrived, and keeps the newest.
fn poll(socket: &UdpSocket, newest: &mut Option<Position>) -> Result<()> {
    let mut packet = Packet::new();
    loop {
        match socket.receive_packet(&mut packet) {
            Status::Done(_) => {
                // Anybody can send anything to a UDP port: what cannot be read is left alone.
                if let (Ok(frame), Ok(x)) = (packet.read_u32(), packet.read_f32())
                    && newest.as_ref().is_none_or(|newest| frame > newest.frame)
                {
                    *newest = Some(Position { frame, x });
                }
            }
            Status::NotReady => return Ok(()),
            other => return other.into_result().map(|_| ()),
        }
    }
}

/// Plays so many frames, and gives the last position of the other player.
fn play(socket: &UdpSocket, other: u16, speed: f32) -> Result<Option<Position>> {
    let begin = Instant::now();
    let (mut x, mut seen) = (0.0, None);
    for frame in 1..=FRAMES {
        poll(socket, &mut seen)?;
        x += speed / 60.0;
        let mut packet = Packet::new();
        packet.write_u32(frame).write_f32(x);
        // NotReady would only mean that this position is not sent: the next frame has a newer one.
        if let Status::Error(error) = socket.send_packet(&packet, IpAddress::LOCAL_HOST, other) {
            return Err(error);
        }
        // Here a game draws; then it waits for its next frame, without drifting.
        thread::sleep((begin + FRAME * frame).saturating_duration_since(Instant::now()));
    }
    poll(socket, &mut seen)?;
    Ok(seen)
}

fn open() -> Result<UdpSocket> {
    let mut socket = UdpSocket::new();
    socket.set_blocking(false)?;
    socket.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result()?;
    Ok(socket)
}

fn main() -> Result<()> {
    let (mine, yours) = (open()?, open()?);
    let (my_port, your_port) = (mine.local_port(), yours.local_port());
    let other = thread::spawn(move || play(&yours, my_port, 3.0));
    let seen = play(&mine, your_port, 2.0)?.expect("the other player was heard of");
    other.join().expect("the other player does not panic")?;
    println!("at frame {} the other player was at {:.2}", seen.frame, seen.x);
    assert!(seen.frame > FRAMES / 2 && (seen.x - 3.0).abs() < 1.6);
    Ok(())
}
