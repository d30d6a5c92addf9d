//! A bot: a client with a little logic instead of a player.

use std::time::Instant;

use sockeye::IpAddress;

use super::body::Intent;
use super::client::Client;
use super::error::ArenaError;
use super::picture::Picture;
use super::protocol::Sprite;
use super::random::Random;
use super::text::{Line, Name};
use super::world::UNIT;

/// A client that plays by itself.
pub(crate) struct Bot {
    client: Client,
    mind: Mind,
}

/// What a bot thinks. It sees what a player sees and decides at the same rate; it knows no sockets.
#[derive(Debug, Clone)]
struct Mind {
    random: Random,
    /// How many gems somebody must hold to be worth a dash.
    greed: u16,
    /// Frames until the next decision: nobody reacts within a sixtieth of a second.
    hesitation: u32,
    intent: Intent,
    has_greeted: bool,
    rounds_seen: u32,
}

impl Bot {
    /// Begins to join; the seed makes the character.
    ///
    /// # Errors
    ///
    /// As [`Client::join`].
    pub(crate) fn join(
        addresses: Vec<IpAddress>,
        port: u16,
        name: Name,
        seed: u64,
        now: Instant,
    ) -> Result<Self, ArenaError> {
        Ok(Self { client: Client::join(addresses, port, name, now)?, mind: Mind::new(seed) })
    }

    /// The name of the n-th bot.
    pub(crate) fn name_of(number: usize) -> Name {
        let name = NAMES.get(number % NAMES.len()).map_or_else(|| Name::clean("bot"), |name| Name::clean(name));
        if number < NAMES.len() { name } else { name.numbered(number / NAMES.len() + 1) }
    }

    /// Plays one frame.
    ///
    /// # Errors
    ///
    /// As [`Client::poll`].
    pub(crate) fn frame(&mut self) -> Result<(), ArenaError> {
        self.client.poll(Instant::now())?;
        let Some(picture) = self.client.picture() else { return Ok(()) };
        let intent = self.mind.decide(picture);
        let line = self.mind.remark(picture).and_then(Line::clean);
        self.client.steer(intent, Instant::now());
        line.map_or(Ok(()), |line| self.client.say(line))
    }

    /// The client it plays with.
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Reads what has arrived, between two frames.
    ///
    /// # Errors
    ///
    /// As [`Client::poll`].
    pub(crate) fn read(&mut self) -> Result<(), ArenaError> {
        self.client.poll(Instant::now())
    }
}

impl Mind {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let greed = u16::try_from(2 + random.below(6)).unwrap_or(2);
        Self { random, greed, hesitation: 0, intent: Intent::default(), has_greeted: false, rounds_seen: 0 }
    }

    /// Goes for the nearest gem, or for somebody close by who holds enough of them.
    fn decide(&mut self, picture: &Picture) -> Intent {
        if self.hesitation > 0 {
            self.hesitation -= 1;
            return self.intent;
        }
        self.hesitation = 8 + self.random.below(16);
        let snapshot = picture.latest();
        let Some(own) = snapshot.players.iter().find(|sprite| sprite.player == picture.me()) else {
            return self.intent;
        };
        let worthy = snapshot.players.iter().filter(|other| self.is_worth_a_dash(own, other));
        let victim = worthy.min_by_key(|other| distance(own, place(other)));
        self.intent = match victim {
            Some(victim) => Intent { dash: distance(own, place(victim)) < DASH_REACH, ..towards(own, place(victim)) },
            None => {
                let gem = snapshot.gems.iter().copied().min_by_key(|gem| distance(own, *gem));
                gem.map_or_else(|| self.wander(), |gem| towards(own, gem))
            }
        };
        self.intent
    }

    fn is_worth_a_dash(&self, own: &Sprite, other: &Sprite) -> bool {
        other.player != own.player && !other.stunned && other.gems >= self.greed && distance(own, place(other)) < SIGHT
    }

    fn wander(&mut self) -> Intent {
        let mut axis = || i8::try_from(self.random.below(3)).unwrap_or(1) - 1;
        Intent { across: axis(), down: axis(), dash: false }
    }

    /// Says hello once, and something when a round was won.
    fn remark(&mut self, picture: &Picture) -> Option<&'static str> {
        if !self.has_greeted {
            self.has_greeted = true;
            return pick(&mut self.random, &GREETINGS);
        }
        if self.rounds_seen != picture.rounds() {
            self.rounds_seen = picture.rounds();
            return (self.random.below(3) == 0).then(|| pick(&mut self.random, &REMARKS)).flatten();
        }
        None
    }
}

fn pick(random: &mut Random, lines: &[&'static str]) -> Option<&'static str> {
    let bound = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    lines.get(usize::try_from(random.below(bound)).ok()?).copied()
}

const fn place(sprite: &Sprite) -> (u16, u16) {
    (sprite.x, sprite.y)
}

/// The longer of the two ways, across or down: near enough, and no root.
fn distance(from: &Sprite, to: (u16, u16)) -> i32 {
    i32::from(from.x.abs_diff(to.0).max(from.y.abs_diff(to.1)))
}

/// One of eight directions; straight on when the other axis is nearly right.
fn towards(from: &Sprite, to: (u16, u16)) -> Intent {
    let axis = |from: u16, to: u16| match i32::from(to) - i32::from(from) {
        way if way <= -CLOSE => -1,
        way if way >= CLOSE => 1,
        _ => 0,
    };
    Intent { across: axis(from.x, to.0), down: axis(from.y, to.1), dash: false }
}

/// How near to the right line is near enough, in subunits.
const CLOSE: i32 = 2 * UNIT;
const SIGHT: i32 = 24 * UNIT;
const DASH_REACH: i32 = 16 * UNIT;

/// Fish of the sockeye's family, no two with the same first letter: that is what the field shows.
const NAMES: [&str; 12] = [
    "Chinook",
    "Pink",
    "Masu",
    "Taimen",
    "Huchen",
    "Kokanee",
    "Grayling",
    "Steelhead",
    "Lenok",
    "Dolly",
    "Vendace",
    "Nelma",
];
const GREETINGS: [&str; 4] = ["hello", "here for the gems", "good luck, all", "mind your gems"];
const REMARKS: [&str; 4] = ["well played", "again!", "next one is mine", "who bumped me?"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::body::PlayerId;
    use crate::arena::protocol::Snapshot;

    fn sprite(player: u8, x: i32, y: i32, gems: u16) -> Sprite {
        Sprite {
            player: PlayerId::from_number(player).unwrap(),
            x: u16::try_from(x * UNIT).unwrap(),
            y: u16::try_from(y * UNIT).unwrap(),
            dashing: false,
            stunned: false,
            gems,
            wins: 0,
        }
    }

    fn decide(players: Vec<Sprite>, gems: Vec<(i32, i32)>) -> Intent {
        let unit = |n: i32| u16::try_from(n * UNIT).unwrap();
        let gems = gems.into_iter().map(|(x, y)| (unit(x), unit(y))).collect();
        let now = Instant::now();
        let mut picture = Picture::new(PlayerId::from_number(0).unwrap(), now);
        picture.see(Snapshot { tick: 1, round_left: 9, players, gems }, now);
        Mind::new(1).decide(&picture)
    }

    #[test]
    fn goes_for_the_nearest_gem() {
        let intent = decide(vec![sprite(0, 50, 50, 0)], vec![(10, 10), (60, 40), (90, 50)]);
        assert_eq!(intent, Intent { across: 1, down: -1, dash: false });
    }

    #[test]
    fn dashes_into_the_rich_who_are_near_and_not_into_the_poor() {
        let rich = decide(vec![sprite(0, 50, 50, 0), sprite(1, 40, 50, 30)], vec![(60, 50)]);
        assert_eq!(rich, Intent { across: -1, down: 0, dash: true });
        let poor = decide(vec![sprite(0, 50, 50, 0), sprite(1, 40, 50, 1)], vec![(60, 50)]);
        assert_eq!(poor, Intent { across: 1, down: 0, dash: false });
        let far = decide(vec![sprite(0, 50, 50, 0), sprite(1, 20, 50, 30)], vec![(60, 50)]);
        assert_eq!(far, Intent { across: 1, down: 0, dash: false });
    }

    #[test]
    fn speaks_once_at_the_beginning() {
        let picture = Picture::new(PlayerId::from_number(0).unwrap(), Instant::now());
        let mut mind = Mind::new(1);
        assert!(mind.remark(&picture).is_some_and(|line| GREETINGS.contains(&line)));
        assert_eq!(mind.remark(&picture), None);
    }

    #[test]
    fn every_bot_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<String> =
            (0..31).map(|number| Bot::name_of(number).to_string()).collect();
        assert_eq!(names.len(), 31);
    }
}
