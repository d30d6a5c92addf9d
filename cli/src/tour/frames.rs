//! A game loop at 60 frames a second that polls non-blocking sockets, while 32 bots talk to it.

use std::{
    thread,
    time::{Duration, Instant},
};

use sockeye::{IpAddress, Packet, Status, TcpListener, TcpSocket, UdpSocket};

use super::{
    PATIENCE,
    failure::{Failure, expect, join},
    median, p99,
};

pub(super) fn step() -> Result<String, Failure> {
    let mut game = Game::open()?;
    let (tcp, udp) = (game.listener.local_port(), game.positions.local_port());
    thread::scope(|scope| {
        let bots = scope.spawn(move || talk(tcp, udp));
        for number in 1..=FRAMES {
            game.frame(number)?;
        }
        join(bots)
    })?;
    game.report()
}

/// What a game has: its sockets, and what it heard.
struct Game {
    listener: TcpListener,
    positions: UdpSocket,
    players: Vec<TcpSocket>,
    begin: Instant,
    spent: Vec<Duration>,
    said: u32,
    moved: u32,
    late: u32,
}

impl Game {
    fn open() -> Result<Self, Failure> {
        let mut listener = TcpListener::new();
        listener.set_blocking(false)?;
        listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
        let mut positions = UdpSocket::new();
        positions.set_blocking(false)?;
        positions.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result()?;
        let players = Vec::new();
        let (spent, begin) = (Vec::new(), Instant::now());
        Ok(Self { listener, positions, players, begin, spent, said: 0, moved: 0, late: 0 })
    }

    /// One frame: everything that has arrived, within the budget, and then the wait for the next frame.
    fn frame(&mut self, number: u32) -> Result<(), Failure> {
        let begin = Instant::now();
        self.poll(begin + BUDGET)?;
        self.spent.push(begin.elapsed());
        let next = self.begin + FRAME * number;
        match next.checked_duration_since(Instant::now()) {
            // Here a game draws.
            Some(rest) => thread::sleep(rest),
            None => self.late += 1,
        }
        Ok(())
    }

    fn poll(&mut self, end: Instant) -> Result<(), Failure> {
        while let Status::Done(player) = self.listener.accept() {
            self.players.push(player);
        }
        let mut buffer = [0; 64];
        while Instant::now() < end {
            match self.positions.receive(&mut buffer) {
                Status::Done(_) => self.moved += 1,
                Status::NotReady => break,
                other => return Ok(other.map(|_| ()).into_result()?),
            }
        }
        let mut packet = Packet::new();
        let mut failure = None;
        self.players.retain_mut(|player| {
            while Instant::now() < end {
                match player.receive_packet(&mut packet) {
                    Status::Done(()) => {
                        self.said += 1;
                        // The answer goes into the socket's outbox if the player is slow; the frame never waits.
                        if let Status::Error(error) = player.send_packet(&packet) {
                            failure = Some(error);
                        }
                    }
                    Status::NotReady => return true,
                    Status::Disconnected => return false,
                    Status::Error(error) => {
                        failure = Some(error);
                        return false;
                    }
                }
            }
            true
        });
        failure.map_or(Ok(()), |error| Err(error.into()))
    }

    fn report(mut self) -> Result<String, Failure> {
        expect("chat packets", &(BOTS * WORDS), &self.said)?;
        // Datagrams may be lost by right, but on loopback most arrive.
        if self.moved < BOTS * WORDS / 2 {
            return Err(Failure::wrong(format!("most of {} positions", BOTS * WORDS), self.moved));
        }
        let (middle, worst) = (median(&mut self.spent), p99(&mut self.spent));
        // A busy machine may take the processor away from any one frame; that is not the network's doing.
        if middle > BUDGET {
            return Err(Failure::wrong(format!("at most {BUDGET:?} of network a frame"), format!("{middle:?}")));
        }
        Ok(format!(
            "{FRAMES} frames at 60 Hz with {BOTS} bots: network {:.0} us a frame, p99 {:.0} us of {:.0}; {} late\n{} packets \
             echoed, {} positions",
            middle.as_secs_f64() * 1e6,
            worst.as_secs_f64() * 1e6,
            BUDGET.as_secs_f64() * 1e6,
            self.late,
            self.said,
            self.moved
        ))
    }
}

/// Plays 32 bots in one thread: each says a word and moves, hears the echo, and does it again.
fn talk(tcp: u16, udp: u16) -> Result<(), Failure> {
    let mut bots = Vec::new();
    for _ in 0..BOTS {
        let mut bot = TcpSocket::new();
        bot.set_timeout(Some(PATIENCE))?;
        bot.connect(IpAddress::LOCAL_HOST, tcp).into_result()?;
        bots.push(bot);
    }
    let positions = UdpSocket::new();
    let mut echo = Packet::new();
    for number in 0..WORDS {
        let mut word = Packet::new();
        word.write_u32(number).write_str("a word to everybody");
        for bot in &mut bots {
            bot.send_packet(&word).into_result()?;
            positions.send(&[0; 24], IpAddress::LOCAL_HOST, udp).into_result()?;
        }
        for bot in &mut bots {
            bot.receive_packet(&mut echo).into_result()?;
            expect("the echo", &number, &echo.read_u32()?)?;
        }
    }
    Ok(())
}

const FRAMES: u32 = 60;
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 60);
/// What a frame may spend on the network.
const BUDGET: Duration = Duration::from_millis(2);
const BOTS: u32 = 32;
/// How often each bot speaks: fewer than there are frames, for each word waits for its echo.
const WORDS: u32 = 45;
