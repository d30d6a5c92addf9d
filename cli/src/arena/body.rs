//! One player on the field: place, speed, and what happens when two of them meet.

use std::ops::{Add, Sub};

use super::world::{HEIGHT, MAX_PLAYERS, UNIT, WIDTH};

/// Radius of a player in subunits.
pub(crate) const RADIUS: i32 = 2 * UNIT;

/// Subunits a step at a walk: 40 units a second, four seconds across the field.
const WALK: i32 = 171;
const DASH: i32 = 3 * WALK;
/// Change of speed in one step: a quarter of a second from rest to a walk, so that turning takes skill.
const GRIP: i32 = 12;
const DASH_TICKS: u16 = 12;
const REST_TICKS: u16 = 75;
const STUN_TICKS: u16 = 35;

/// A player's number in the arena, below [`MAX_PLAYERS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PlayerId(u8);

impl PlayerId {
    /// The number as it goes over the wire.
    pub(crate) const fn number(self) -> u8 {
        self.0
    }

    /// Takes a number from the wire; `None` when no player can have it.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        (usize::from(number) < MAX_PLAYERS).then_some(Self(number))
    }

    /// All numbers, the lowest first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map_while(Self::from_number)
    }
}

/// What a player wants to do. It is all that a client may say about its place in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Intent {
    /// -1 to the left, 1 to the right.
    pub(crate) across: i8,
    /// -1 up, 1 down.
    pub(crate) down: i8,
    /// Dash as soon as the rest is over.
    pub(crate) dash: bool,
}

/// A place or a speed in subunits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Vector {
    /// To the right.
    pub(crate) x: i32,
    /// Downwards.
    pub(crate) y: i32,
}

/// Gems knocked out of a player.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Where the player was.
    pub(crate) place: Vector,
    /// How many fell.
    pub(crate) gems: u16,
}

/// A player on the field.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    /// Whose it is.
    pub(crate) id: PlayerId,
    /// Centre, always on the field.
    pub(crate) place: Vector,
    /// Subunits a step.
    pub(crate) speed: Vector,
    /// What the player wants.
    pub(crate) intent: Intent,
    /// Gems held in this round.
    pub(crate) gems: u16,
    /// Rounds won.
    pub(crate) wins: u16,
    facing: Vector,
    motion: Motion,
    rest: u16,
}

/// What a body is doing, and for how many steps still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Motion {
    Walking,
    Dashing(u16),
    Stunned(u16),
}

impl Body {
    /// Puts a player at a place, at rest.
    pub(crate) fn new(id: PlayerId, place: Vector) -> Self {
        Self {
            id,
            place: place.inside(RADIUS),
            speed: Vector::default(),
            intent: Intent::default(),
            gems: 0,
            wins: 0,
            facing: Vector::new(1, 0),
            motion: Motion::Walking,
            rest: 0,
        }
    }

    /// Whether the player is in a dash.
    pub(crate) const fn is_dashing(&self) -> bool {
        matches!(self.motion, Motion::Dashing(_))
    }

    /// Whether the player was hit and cannot steer.
    pub(crate) const fn is_stunned(&self) -> bool {
        matches!(self.motion, Motion::Stunned(_))
    }

    /// Whether gems can be picked up: not when stunned, so that what was spilled goes to others.
    pub(crate) const fn can_collect(&self) -> bool {
        !self.is_stunned()
    }

    /// Moves the body by one step.
    pub(crate) fn advance(&mut self) {
        let wish = Vector::new(i32::from(self.intent.across.signum()), i32::from(self.intent.down.signum()));
        if wish != Vector::default() {
            self.facing = wish;
        }
        self.rest = self.rest.saturating_sub(1);
        self.motion = match self.motion {
            Motion::Walking if self.intent.dash && self.rest == 0 => {
                self.rest = REST_TICKS;
                self.speed = self.facing.with_length(DASH);
                Motion::Dashing(DASH_TICKS)
            }
            Motion::Dashing(left @ 1..) => Motion::Dashing(left - 1),
            Motion::Stunned(left @ 1..) => Motion::Stunned(left - 1),
            _ => Motion::Walking,
        };
        self.speed = match self.motion {
            Motion::Walking => self.speed.towards(wish.with_length(WALK), GRIP),
            Motion::Dashing(_) => self.speed,
            Motion::Stunned(_) => self.speed.towards(Vector::default(), GRIP / 2),
        };
        self.place = self.place + self.speed;
        self.bounce_off_walls();
    }

    /// Lets two bodies bounce off one another if they touch. Who dashes into one who does not knocks gems out of them.
    pub(crate) fn meet(&mut self, other: &mut Self) -> Option<Hit> {
        let apart = other.place - self.place;
        let distance = apart.length();
        let overlap = 2 * RADIUS - distance;
        if overlap <= 0 {
            return None;
        }
        // Two bodies in one place have no direction between them: take any.
        let (apart, distance) = if distance == 0 { (Vector::new(1, 0), 1) } else { (apart, distance) };
        let push = apart.scaled(overlap / 2 + 1, distance);
        self.place = (self.place - push).inside(RADIUS);
        other.place = (other.place + push).inside(RADIUS);

        let approach = (self.speed - other.speed).dot(apart) / distance;
        if approach > 0 {
            let exchange = apart.scaled(approach, distance);
            self.speed = self.speed - exchange;
            other.speed = other.speed + exchange;
        }
        match (self.is_dashing(), other.is_dashing()) {
            (true, false) => self.knock(other),
            (false, true) => other.knock(self),
            _ => None,
        }
    }

    fn knock(&mut self, victim: &mut Self) -> Option<Hit> {
        self.motion = Motion::Walking;
        if victim.is_stunned() {
            return None;
        }
        victim.motion = Motion::Stunned(STUN_TICKS);
        let gems = victim.gems.div_ceil(3);
        victim.gems -= gems;
        (gems > 0).then_some(Hit { place: victim.place, gems })
    }

    fn bounce_off_walls(&mut self) {
        let inside = self.place.inside(RADIUS);
        if inside.x != self.place.x {
            self.speed.x = -self.speed.x / 2;
        }
        if inside.y != self.place.y {
            self.speed.y = -self.speed.y / 2;
        }
        self.place = inside;
    }
}

impl Vector {
    /// Makes a vector.
    pub(crate) const fn new(x: i32, y: i32) -> Self {
        Self { x, y }
    }

    /// The length, rounded down.
    pub(crate) fn length(self) -> i32 {
        let square = i64::from(self.x) * i64::from(self.x) + i64::from(self.y) * i64::from(self.y);
        i32::try_from(square.isqrt()).unwrap_or(i32::MAX)
    }

    /// The nearest place at least `margin` from every wall.
    pub(crate) fn inside(self, margin: i32) -> Self {
        Self::new(self.x.clamp(margin, WIDTH - margin), self.y.clamp(margin, HEIGHT - margin))
    }

    /// The same direction with another length; no direction stays none.
    fn with_length(self, length: i32) -> Self {
        // In fixed point, since the length of a small vector is too coarse: (1, 1) has a length of 1.
        let long = Self::new(self.x * UNIT, self.y * UNIT);
        match long.length() {
            0 => Self::default(),
            distance => long.scaled(length, distance),
        }
    }

    /// This vector times `times`, divided by `by`.
    const fn scaled(self, times: i32, by: i32) -> Self {
        Self::new(self.x * times / by, self.y * times / by)
    }

    const fn dot(self, other: Self) -> i32 {
        self.x * other.x + self.y * other.y
    }

    /// Comes nearer to `goal` by at most `step`.
    fn towards(self, goal: Self, step: i32) -> Self {
        let way = goal - self;
        let distance = way.length();
        if distance <= step { goal } else { self + way.scaled(step, distance) }
    }
}

impl Add for Vector {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Vector {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

#[cfg(test)]
mod tests;
