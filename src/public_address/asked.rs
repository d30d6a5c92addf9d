//! A provider that has been asked and has not answered yet.

use std::time::{Duration, Instant};

use super::{question::Question, range};
use crate::{
    error::{Error, Phase, Result},
    ip::IpAddress,
    status::Status,
    udp::UdpSocket,
};

/// A question, the socket that it is asked through, and when it has to be asked again.
///
/// Each has its own socket, so that each has its own port: to answer for a server, one has to know it.
#[derive(Debug)]
pub(super) struct Asked {
    question: Question,
    socket: UdpSocket,
    /// The addresses of the server: each asking is to the next one.
    servers: Vec<IpAddress>,
    port: u16,
    times: u32,
    next: Instant,
}

impl Asked {
    /// Asks for the first time.
    ///
    /// # Errors
    ///
    /// The last one, when none of the addresses can be reached from here.
    pub(super) fn new(question: Question, servers: &[IpAddress], port: u16) -> Result<Self> {
        // As they will be reported.
        let servers = servers.iter().map(|server| IpAddress::reported(server.to_socket_addr(port))).collect();
        let mut socket = UdpSocket::new();
        socket.set_blocking(false)?;
        let mut asked = Self { question, socket, servers, port, times: 0, next: Instant::now() };
        asked.ask_again()?;
        Ok(asked)
    }

    pub(super) fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// When to call [`ask_again`](Self::ask_again).
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// Asks again, the next address of the server.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] once it has been asked often enough, else why it cannot be asked.
    pub(super) fn ask_again(&mut self) -> Result<()> {
        if self.times >= MOST_TIMES {
            return Err(Error::TimedOut { phase: Phase::PublicAddress, limit: PATIENCE });
        }
        let bytes = self.question.to_bytes();
        let mut failure = Error::NotReady;
        for _ in 0..self.servers.len() {
            let Some(&server) = self.servers.first() else { break };
            self.servers.rotate_left(1);
            match self.socket.send(&bytes, server, self.port) {
                // A datagram that finds no room is one that is lost: there will be another.
                Status::Done(_) | Status::NotReady => {
                    self.next = Instant::now() + self.pause();
                    self.times += 1;
                    return Ok(());
                }
                other => failure = other.into_result().err().unwrap_or(failure),
            }
        }
        Err(failure)
    }

    /// How long to wait for an answer to what is about to be sent (RFC 8489 section 6.2.1).
    fn pause(&self) -> Duration {
        if self.times + 1 < MOST_TIMES { FIRST_PAUSE * 2_u32.pow(self.times) } else { LAST_PAUSE }
    }

    /// Looks at what has arrived; `None` when nothing of it is the answer.
    ///
    /// # Errors
    ///
    /// Why the server's answer is of no use.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> Result<Option<IpAddress>> {
        // The rest stays for the next wait, so that a flood does not keep the others waiting.
        for _ in 0..MOST_AT_ONCE {
            let (length, from, port) = match self.socket.receive(buffer) {
                Status::Done(received) => received,
                Status::NotReady => break,
                // Larger than any answer.
                Status::Error(Error::Truncated { .. }) => continue,
                other => return other.into_result().map(|_| None),
            };
            if port != self.port || !self.servers.contains(&from) {
                continue;
            }
            if let Some(answer) = self.question.read(buffer.get(..length).unwrap_or_default()) {
                return range::believed(answer?, from.is_loopback()).map(Some);
            }
        }
        Ok(None)
    }
}

/// The times and pauses of RFC 8489 section 6.2.1: 0.5 s, doubled each time, and 8 s after the last.
const MOST_TIMES: u32 = 7;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(8);
/// All of the pauses together.
const PATIENCE: Duration = Duration::from_millis(39_500);
/// Datagrams that are looked at before the other providers have their turn.
const MOST_AT_ONCE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_asking_is_to_the_next_address_of_the_server() {
        let addresses = [IpAddress::LOCAL_HOST, IpAddress::LOCAL_HOST_V6];
        // The port that is free at one address may be taken at the other.
        let Some((servers, port)) = (0..16).find_map(|_| same_port(addresses)) else {
            assert!(std::env::var_os("CI").is_none(), "this machine has no IPv6");
            return;
        };
        let mut asked = Asked::new(Question::stun().unwrap(), &addresses, port).unwrap();
        for times in 1..=4 {
            let mut buffer = [0; 64];
            let (length, ..) = servers[(times + 1) % 2].receive(&mut buffer).into_result().unwrap();
            assert_eq!(buffer[..length], asked.question.to_bytes());
            asked.ask_again().unwrap();
        }
    }

    fn same_port(addresses: [IpAddress; 2]) -> Option<([UdpSocket; 2], u16)> {
        let mut servers = [UdpSocket::new(), UdpSocket::new()];
        let mut port = UdpSocket::ANY_PORT;
        for (server, address) in servers.iter_mut().zip(addresses) {
            server.set_timeout(Some(Duration::from_secs(20))).unwrap();
            server.bind_to(address, port).done()?;
            port = server.local_port();
        }
        Some((servers, port))
    }

    #[test]
    fn the_pauses_are_those_of_the_rfc() {
        let mut asked = Asked::new(Question::stun().unwrap(), &[IpAddress::LOCAL_HOST], 9).unwrap();
        let mut pauses = vec![FIRST_PAUSE];
        while pauses.len() < 7 {
            pauses.push(asked.pause());
            asked.ask_again().unwrap();
        }
        assert_eq!(
            pauses.iter().map(Duration::as_millis).collect::<Vec<_>>(),
            [500, 1000, 2000, 4000, 8000, 16000, 8000]
        );
        assert_eq!(pauses.iter().sum::<Duration>(), PATIENCE);
        assert!(matches!(asked.ask_again(), Err(Error::TimedOut { phase: Phase::PublicAddress, limit: PATIENCE })));
    }
}
