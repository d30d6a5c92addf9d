//! The game itself: who is where, at 60 steps a second. It knows no sockets, no clock and no terminal.
//!
//! Collect gems. Dash (three times as fast, with a rest between dashes) into somebody and they drop a part of theirs. A
//! round lasts a minute; whoever holds the most gems at its end wins it.
//!
//! Everything is whole numbers, so that the same seed and the same intents give the same game on every machine.

use std::collections::BTreeSet;

use super::body::{Body, Intent, PlayerId, Vector};
use super::random::Random;

/// Steps in a second.
pub(crate) const TICK_RATE: u32 = 60;
/// Subunits in one unit of length.
pub(crate) const UNIT: i32 = 256;
/// Width of the field in subunits; a coordinate fits into 16 bits.
pub(crate) const WIDTH: i32 = 160 * UNIT;
/// Height of the field in subunits.
pub(crate) const HEIGHT: i32 = 90 * UNIT;
/// Most players at once: a snapshot of all of them and all gems stays under 1,200 bytes, which no network cuts up.
pub(crate) const MAX_PLAYERS: usize = 32;
/// Most gems on the field at once.
pub(crate) const MAX_GEMS: usize = 96;
/// Steps in a round: one minute.
pub(crate) const ROUND_TICKS: u32 = 60 * TICK_RATE;

const GEM_REACH: i32 = 4 * UNIT;
const TICKS_PER_GEM: u32 = 10;
const FREE_GEMS: usize = 10;
const GEMS_PER_PLAYER: usize = 2;
const SPILL_RADIUS: i32 = 12 * UNIT;
const MOST_SPILLED: u16 = 8;

/// The state of one arena.
#[derive(Debug, Clone)]
pub(crate) struct World {
    tick: u32,
    round_left: u32,
    bodies: Vec<Body>,
    gems: Vec<Vector>,
    random: Random,
}

/// The end of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoundOver {
    /// Who held the most gems; `None` when nobody held any or two held the same.
    pub(crate) winner: Option<PlayerId>,
    /// How many the best held.
    pub(crate) gems: u16,
}

impl World {
    /// Opens an empty field.
    pub(crate) const fn new(seed: u64) -> Self {
        Self { tick: 0, round_left: ROUND_TICKS, bodies: Vec::new(), gems: Vec::new(), random: Random::new(seed) }
    }

    /// Puts a new player on the field; `None` when it is full.
    pub(crate) fn join(&mut self) -> Option<PlayerId> {
        let taken: BTreeSet<PlayerId> = self.bodies.iter().map(|body| body.id).collect();
        let id = PlayerId::all().find(|id| !taken.contains(id))?;
        let place = self.free_place();
        self.bodies.push(Body::new(id, place));
        Some(id)
    }

    /// Takes a player off the field; the gems held stay behind.
    pub(crate) fn leave(&mut self, id: PlayerId) {
        if let Some(index) = self.bodies.iter().position(|body| body.id == id) {
            let body = self.bodies.swap_remove(index);
            self.spill(body.place, body.gems.min(MOST_SPILLED));
        }
    }

    /// Notes what a player wants; it counts from the next step on, until the next call.
    pub(crate) fn steer(&mut self, id: PlayerId, intent: Intent) {
        if let Some(body) = self.bodies.iter_mut().find(|body| body.id == id) {
            body.intent = intent;
        }
    }

    /// Moves the game on by a 60th of a second.
    pub(crate) fn step(&mut self) -> Option<RoundOver> {
        self.tick = self.tick.wrapping_add(1);
        self.bodies.iter_mut().for_each(Body::advance);
        for (place, gems) in self.collide() {
            self.spill(place, gems);
        }
        self.collect();
        self.grow();
        self.round_left = self.round_left.saturating_sub(1);
        (self.round_left == 0).then(|| self.end_round())
    }

    /// Steps done so far.
    pub(crate) const fn tick(&self) -> u32 {
        self.tick
    }

    /// Steps left in this round.
    pub(crate) const fn round_left(&self) -> u32 {
        self.round_left
    }

    /// Everybody on the field.
    pub(crate) fn bodies(&self) -> &[Body] {
        &self.bodies
    }

    /// Where the gems lie.
    pub(crate) fn gems(&self) -> &[Vector] {
        &self.gems
    }

    /// Lets every pair of players that touch bounce, and tells where how many gems were lost.
    fn collide(&mut self) -> Vec<(Vector, u16)> {
        let mut lost = Vec::new();
        let mut rest = self.bodies.as_mut_slice();
        while let Some((one, others)) = rest.split_first_mut() {
            for other in others.iter_mut() {
                if let Some(hit) = one.meet(other) {
                    lost.push((hit.place, hit.gems.min(MOST_SPILLED)));
                }
            }
            rest = others;
        }
        lost
    }

    /// Gives each gem in reach to the player nearest to it.
    fn collect(&mut self) {
        let bodies = &mut self.bodies;
        self.gems.retain(|gem| {
            let nearest = bodies
                .iter_mut()
                .filter(|body| body.can_collect())
                .map(|body| ((body.place - *gem).length(), body))
                .min_by_key(|(distance, body)| (*distance, body.id));
            match nearest {
                Some((distance, body)) if distance <= GEM_REACH => {
                    body.gems = body.gems.saturating_add(1);
                    false
                }
                _ => true,
            }
        });
    }

    fn grow(&mut self) {
        let wanted = FREE_GEMS.saturating_add(self.bodies.len().saturating_mul(GEMS_PER_PLAYER));
        if self.tick.is_multiple_of(TICKS_PER_GEM) && self.gems.len() < wanted.min(MAX_GEMS) {
            let place = self.random_place();
            self.gems.push(place);
        }
    }

    fn end_round(&mut self) -> RoundOver {
        let best = self.bodies.iter().map(|body| body.gems).max().unwrap_or(0);
        let mut leaders = self.bodies.iter_mut().filter(|body| body.gems == best && best > 0);
        let winner = match (leaders.next(), leaders.next()) {
            (Some(leader), None) => {
                leader.wins = leader.wins.saturating_add(1);
                Some(leader.id)
            }
            _ => None,
        };
        self.bodies.iter_mut().for_each(|body| body.gems = 0);
        self.round_left = ROUND_TICKS;
        RoundOver { winner, gems: best }
    }

    /// Scatters gems around a place, as many as the field still takes.
    fn spill(&mut self, around: Vector, gems: u16) {
        for _ in 0..gems {
            if self.gems.len() >= MAX_GEMS {
                return;
            }
            let offset = Vector::new(self.offset(SPILL_RADIUS), self.offset(SPILL_RADIUS));
            self.gems.push((around + offset).inside(GEM_REACH / 2));
        }
    }

    /// Tries a few places and takes the one farthest from everybody.
    fn free_place(&mut self) -> Vector {
        let tries: [Vector; 8] = std::array::from_fn(|_| self.random_place());
        let room =
            |place: &Vector| self.bodies.iter().map(|body| (body.place - *place).length()).min().unwrap_or(WIDTH);
        tries.into_iter().max_by_key(room).unwrap_or(Vector::new(WIDTH / 2, HEIGHT / 2))
    }

    fn random_place(&mut self) -> Vector {
        let x = self.offset(WIDTH / 2);
        let y = self.offset(HEIGHT / 2);
        (Vector::new(WIDTH / 2, HEIGHT / 2) + Vector::new(x, y)).inside(GEM_REACH)
    }

    fn offset(&mut self, most: i32) -> i32 {
        let span = most.unsigned_abs().saturating_mul(2).saturating_add(1);
        i32::try_from(self.random.below(span)).unwrap_or(0) - most
    }
}

#[cfg(test)]
mod tests;
