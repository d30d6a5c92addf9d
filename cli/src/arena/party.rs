//! Many clients in one game loop: all bots of a process, on one thread.

use std::time::Instant;

use sockeye::{IpAddress, SocketSelector};

use super::bot::Bot;
use super::client::Measured;
use super::clock::Clock;
use super::error::ArenaError;
use super::random;
use super::report::Complaint;
use super::stop::Stop;
use super::text::Name;

/// Bots that play together.
pub(crate) struct Party {
    bots: Vec<Bot>,
    selector: SocketSelector,
    played: Played,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Played {
    /// What each bot measured.
    pub(crate) measured: Vec<(Name, Measured)>,
    /// What went wrong.
    pub(crate) complaints: Vec<Complaint>,
}

impl Party {
    /// Lets bots of these names begin to join a server.
    ///
    /// # Errors
    ///
    /// As [`Bot::join`], or when the system has no randomness or no selector.
    pub(crate) fn gather(names: Vec<Name>, addresses: &[IpAddress], port: u16) -> Result<Self, ArenaError> {
        let bots =
            names.into_iter().map(|name| Bot::join(addresses.to_vec(), port, name, random::secret()?, Instant::now()));
        Ok(Self {
            bots: bots.collect::<Result<_, _>>()?,
            selector: SocketSelector::new().map_err(ArenaError::socket(SELECTING))?,
            played: Played::default(),
        })
    }

    /// Plays until somebody raises `stop`, the time is over or no bot is left. A bot that fails is missed but does not
    /// end the game.
    ///
    /// # Errors
    ///
    /// [`ArenaError::Socket`] when the selector fails.
    pub(crate) fn play(mut self, stop: &Stop, until: Option<Instant>) -> Result<Played, ArenaError> {
        let mut clock = Clock::starting(Instant::now());
        while !stop.is_raised() && !self.bots.is_empty() && until.is_none_or(|until| Instant::now() < until) {
            self.each(|bot, _| bot.frame());
            if self.selector.len() < SOCKETS_EACH * self.bots.len() {
                self.bots.iter().try_for_each(|bot| bot.client().watch(&mut self.selector))?;
            }
            self.wait_for_next_frame(&mut clock)?;
        }
        let measured = self.bots.iter().map(|bot| (bot.client().name().clone(), bot.client().measured().clone()));
        self.played.measured.extend(measured);
        Ok(self.played)
    }

    /// Sleeps until the next frame is due, and not in `sleep` but in the selector: what arrives is read when it
    /// arrives, so that a round-trip time is the network's and not the frame's.
    fn wait_for_next_frame(&mut self, clock: &mut Clock) -> Result<(), ArenaError> {
        while clock.take(Instant::now()).is_none() {
            let limit = clock.until_next(Instant::now());
            if self.selector.wait(Some(limit)).map_err(ArenaError::socket(SELECTING))? {
                self.each(|bot, selector| if bot.client().is_ready(selector) { bot.read() } else { Ok(()) });
            }
        }
        Ok(())
    }

    /// Does something with every bot, and parts with those that it fails for.
    fn each(&mut self, mut action: impl FnMut(&mut Bot, &SocketSelector) -> Result<(), ArenaError>) {
        let Self { bots, selector, played: Played { measured, complaints } } = self;
        bots.retain_mut(|bot| match action(bot, selector) {
            Ok(()) => true,
            Err(error) => {
                let client = bot.client();
                measured.push((client.name().clone(), client.measured().clone()));
                complaints.push(Complaint::Lost(client.name().clone(), error));
                false
            }
        });
    }
}

/// What a bot has in the selector: TCP and UDP.
const SOCKETS_EACH: usize = 2;
const SELECTING: &str = "the selector failed";

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::arena::host::Host;

    #[test]
    fn bots_that_lose_their_server_end_the_party_and_are_named() {
        let host = Host::start(Some(IpAddress::LOCAL_HOST), 0).unwrap();
        let names = ["Ada", "Bob"].map(Name::clean);
        let party = Party::gather(names.to_vec(), &[IpAddress::LOCAL_HOST], host.port()).unwrap();
        let ending = thread::spawn(move || {
            let pulse = host.pulses().recv_timeout(Duration::from_secs(10));
            host.end().map(|tally| (pulse.map(|pulse| pulse.players), tally.most_players))
        });
        let played = party.play(&Stop::default(), Some(Instant::now() + Duration::from_secs(20))).unwrap();
        assert_eq!(ending.join().unwrap().unwrap(), (Ok(2), 2));
        let mut complaints: Vec<String> = played.complaints.iter().map(ToString::to_string).collect();
        complaints.sort();
        let lost = |name| format!("{name} was lost: the server closed the connection");
        assert_eq!(complaints, [lost("Ada"), lost("Bob")]);
        assert!(played.measured.iter().all(|(_, measured)| measured.snapshots > 10), "{:?}", played.measured);
    }

    #[test]
    fn a_party_ends_when_it_is_told_to() {
        let host = Host::start(Some(IpAddress::LOCAL_HOST), 0).unwrap();
        let stop = Stop::default();
        stop.raise();
        let party = Party::gather(vec![Name::clean("Ada")], &[IpAddress::LOCAL_HOST], host.port()).unwrap();
        let played = party.play(&stop, None).unwrap();
        assert_eq!((played.measured.len(), played.complaints.len()), (1, 0));
    }
}
