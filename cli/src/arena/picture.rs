//! What a client knows of the arena: who is there, where everybody was last, what was said. It knows no sockets.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::body::PlayerId;
use super::protocol::{Load, ServerMessage, Snapshot, Sprite};
use super::text::{Line, Name};
use super::world::TICK_RATE;

/// The arena as this client has been told.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    me: PlayerId,
    names: BTreeMap<PlayerId, Name>,
    news: VecDeque<News>,
    before: Snapshot,
    latest: Snapshot,
    latest_at: Instant,
    load: Load,
    rounds: u32,
}

/// A line of the chat window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// Somebody said something.
    Said(Name, Line),
    /// Somebody came.
    Came(Name),
    /// Somebody went.
    Went(Name),
    /// A round ended.
    RoundWon(Name, u16),
    /// A round ended and nobody had more than all others.
    RoundDrawn,
}

impl Picture {
    /// Most lines that are kept.
    pub(crate) const MAX_NEWS: usize = 100;

    /// Begins with nothing but the own number.
    pub(crate) fn new(me: PlayerId, now: Instant) -> Self {
        Self {
            me,
            names: BTreeMap::new(),
            news: VecDeque::new(),
            before: Snapshot::default(),
            latest: Snapshot::default(),
            latest_at: now,
            load: Load::default(),
            rounds: 0,
        }
    }

    /// Takes in a message; what tells nothing about the arena changes nothing.
    pub(crate) fn hear(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Joined { player, name } => {
                self.names.insert(player, name.clone());
                self.tell(News::Came(name));
            }
            ServerMessage::Left { player } => {
                if let Some(name) = self.names.remove(&player) {
                    self.tell(News::Went(name));
                }
            }
            ServerMessage::Chat { player, line } => self.tell(News::Said(self.name(player), line)),
            ServerMessage::RoundOver { winner, gems } => {
                self.rounds = self.rounds.saturating_add(1);
                self.tell(winner.map_or(News::RoundDrawn, |winner| News::RoundWon(self.name(winner), gems)));
            }
            ServerMessage::Load(load) => self.load = load,
            ServerMessage::Welcome { .. } | ServerMessage::Refused { .. } => {}
        }
    }

    /// Takes in a snapshot that is newer than the latest.
    pub(crate) fn see(&mut self, snapshot: Snapshot, now: Instant) {
        self.before = std::mem::replace(&mut self.latest, snapshot);
        self.latest_at = now;
    }

    /// Everybody, where they are to be drawn now: on the way from the snapshot before to the latest, so that movement
    /// is smooth although it arrives in steps.
    pub(crate) fn sprites(&self, now: Instant) -> impl Iterator<Item = Sprite> + '_ {
        let way = Share::of(now.saturating_duration_since(self.latest_at), Duration::from_secs(1) / TICK_RATE);
        self.latest.players.iter().map(move |sprite| {
            let before = self.before.players.iter().find(|before| before.player == sprite.player).unwrap_or(sprite);
            Sprite { x: way.between(before.x, sprite.x), y: way.between(before.y, sprite.y), ..*sprite }
        })
    }

    /// The latest snapshot.
    pub(crate) const fn latest(&self) -> &Snapshot {
        &self.latest
    }

    /// The own number.
    pub(crate) const fn me(&self) -> PlayerId {
        self.me
    }

    /// Somebody's name; a number where none was told yet.
    pub(crate) fn name(&self, player: PlayerId) -> Name {
        self.names.get(&player).cloned().unwrap_or_else(|| Name::clean(&format!("player {}", player.number())))
    }

    /// How many players there are.
    pub(crate) fn players(&self) -> usize {
        self.names.len()
    }

    /// Rounds that ended while we watched.
    pub(crate) const fn rounds(&self) -> u32 {
        self.rounds
    }

    /// The chat window, the newest last.
    pub(crate) fn news(&self) -> impl DoubleEndedIterator<Item = &News> {
        self.news.iter()
    }

    /// How the server does.
    pub(crate) const fn load(&self) -> Load {
        self.load
    }

    fn tell(&mut self, news: News) {
        if self.news.len() >= Self::MAX_NEWS {
            self.news.pop_front();
        }
        self.news.push_back(news);
    }
}

/// How far a time has got, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share(i32);

impl Share {
    fn of(part: Duration, whole: Duration) -> Self {
        let thousandths = part.as_nanos().saturating_mul(1_000).checked_div(whole.as_nanos()).unwrap_or(1_000);
        Self(i32::try_from(thousandths.min(1_000)).unwrap_or(1_000))
    }

    fn between(self, from: u16, to: u16) -> u16 {
        let way = (i32::from(to) - i32::from(from)) * self.0 / 1_000;
        u16::try_from(i32::from(from) + way).unwrap_or(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> PlayerId {
        PlayerId::from_number(number).unwrap()
    }

    fn at(x: u16, y: u16) -> Snapshot {
        let sprite = Sprite { player: id(0), x, y, dashing: false, stunned: false, gems: 0, wins: 0 };
        Snapshot { players: vec![sprite], ..Snapshot::default() }
    }

    fn places(picture: &Picture, now: Instant) -> Vec<(u16, u16)> {
        picture.sprites(now).map(|sprite| (sprite.x, sprite.y)).collect()
    }

    #[test]
    fn sprites_glide_from_the_snapshot_before_to_the_latest_and_stop_there() {
        let now = Instant::now();
        let tick = Duration::from_secs(1) / TICK_RATE;
        let mut picture = Picture::new(id(0), now);
        picture.see(at(100, 500), now);
        assert_eq!(places(&picture, now), [(100, 500)]);
        picture.see(at(200, 300), now);
        assert_eq!(places(&picture, now), [(100, 500)]);
        assert_eq!(places(&picture, now + tick / 2), [(150, 400)]);
        assert_eq!(places(&picture, now + tick), [(200, 300)]);
        assert_eq!(places(&picture, now + 100 * tick), [(200, 300)]);
    }

    #[test]
    fn who_went_is_forgotten_and_strangers_have_a_number() {
        let mut picture = Picture::new(id(0), Instant::now());
        let name = Name::clean("Bob");
        picture.hear(ServerMessage::Joined { player: id(4), name: name.clone() });
        assert_eq!((picture.name(id(4)), picture.players()), (name.clone(), 1));
        picture.hear(ServerMessage::Left { player: id(4) });
        picture.hear(ServerMessage::Left { player: id(4) });
        assert_eq!((picture.name(id(4)).as_str(), picture.players()), ("player 4", 0));
        let news: Vec<&News> = picture.news().collect();
        assert_eq!(news, [&News::Came(name.clone()), &News::Went(name)]);
    }

    #[test]
    fn rounds_are_counted_and_their_winner_is_named() {
        let mut picture = Picture::new(id(0), Instant::now());
        picture.hear(ServerMessage::RoundOver { winner: None, gems: 0 });
        picture.hear(ServerMessage::RoundOver { winner: Some(id(3)), gems: 9 });
        let news: Vec<News> = picture.news().cloned().collect();
        assert_eq!(news, [News::RoundDrawn, News::RoundWon(Name::clean("player 3"), 9)]);
        assert_eq!(picture.rounds(), 2);
    }

    #[test]
    fn the_news_are_kept_up_to_their_cap() {
        let mut picture = Picture::new(id(0), Instant::now());
        for gems in 0..=u16::try_from(Picture::MAX_NEWS).unwrap() {
            picture.hear(ServerMessage::RoundOver { winner: Some(id(0)), gems });
        }
        assert_eq!(picture.news().count(), Picture::MAX_NEWS);
        assert_eq!(picture.news().next(), Some(&News::RoundWon(Name::clean("player 0"), 1)));
    }
}
