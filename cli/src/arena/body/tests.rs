use super::*;

fn body(number: u8, x: i32, y: i32) -> Body {
    Body::new(PlayerId::from_number(number).unwrap(), Vector::new(x * UNIT, y * UNIT))
}

fn steered(across: i8, down: i8, dash: bool, steps: usize) -> Body {
    let mut body = body(0, 80, 45);
    body.intent = Intent { across, down, dash };
    (0..steps).for_each(|_| body.advance());
    body
}

#[test]
fn a_walk_has_the_same_pace_in_every_direction() {
    for (across, down) in [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)] {
        let pace = steered(across, down, false, 30).speed.length();
        assert!((WALK - 2..=WALK).contains(&pace), "{across} {down}: {pace}");
    }
}

#[test]
fn without_a_wish_a_body_comes_to_rest() {
    let mut body = steered(1, 0, false, 30);
    body.intent = Intent::default();
    (0..15).for_each(|_| body.advance());
    assert_eq!(body.speed, Vector::default());
}

#[test]
fn a_dash_lasts_its_ticks_and_needs_its_rest() {
    let mut body = body(0, 20, 45);
    body.intent = Intent { across: 1, down: 0, dash: true };
    let dashing: Vec<usize> = (0..100)
        .filter(|_| {
            body.advance();
            body.is_dashing()
        })
        .collect();
    let first: Vec<usize> = (0..=usize::from(DASH_TICKS)).collect();
    let second: Vec<usize> = first.iter().map(|tick| tick + usize::from(REST_TICKS)).collect();
    assert_eq!(dashing, [first, second].concat());
}

#[test]
fn a_dash_without_a_direction_goes_where_the_body_faces() {
    let mut body = steered(0, -1, false, 5);
    body.intent = Intent { across: 0, down: 0, dash: true };
    body.advance();
    assert_eq!(body.speed, Vector::new(0, -DASH));
}

#[test]
fn walls_hold_and_turn_a_body_back() {
    let body = steered(-1, 0, true, 60);
    assert!(body.place.x >= RADIUS);
    let mut body = self::body(0, 80, 45);
    body.place.x = RADIUS + 10;
    body.speed = Vector::new(-100, 40);
    body.intent = Intent { across: -1, down: 0, dash: false };
    body.advance();
    assert_eq!(body.place.x, RADIUS);
    assert!(body.speed.x > 0, "{:?}", body.speed);
}

#[test]
fn bodies_that_meet_head_on_exchange_their_speeds() {
    let (mut left, mut right) = (body(0, 50, 45), body(1, 53, 45));
    left.speed = Vector::new(100, 30);
    right.speed = Vector::new(-60, -10);
    assert_eq!(left.meet(&mut right), None);
    assert_eq!((left.speed, right.speed), (Vector::new(-60, 30), Vector::new(100, -10)));
    assert!((right.place - left.place).length() >= 2 * RADIUS);
}

#[test]
fn bodies_that_move_apart_are_not_slowed_down() {
    let (mut left, mut right) = (body(0, 50, 45), body(1, 53, 45));
    (left.speed, right.speed) = (Vector::new(-100, 0), Vector::new(100, 0));
    assert_eq!(left.meet(&mut right), None);
    assert_eq!((left.speed, right.speed), (Vector::new(-100, 0), Vector::new(100, 0)));
}

#[test]
fn bodies_in_one_place_come_apart() {
    let (mut one, mut other) = (body(0, 50, 45), body(1, 50, 45));
    assert_eq!(one.meet(&mut other), None);
    assert!((other.place - one.place).length() >= 2 * RADIUS);
}

#[test]
fn bodies_that_do_not_touch_are_left_alone() {
    let (mut one, mut other) = (body(0, 50, 45), body(1, 54, 45));
    one.speed = Vector::new(100, 0);
    assert_eq!(one.meet(&mut other), None);
    assert_eq!((one.speed, other.speed), (Vector::new(100, 0), Vector::default()));
}

#[test]
fn a_dash_knocks_a_third_out_and_stuns() {
    for (dasher_is_first, held, lost) in [(true, 9, 3), (false, 10, 4), (true, 1, 1)] {
        let (mut dasher, mut victim) = (body(0, 50, 45), body(1, 53, 45));
        dasher.motion = Motion::Dashing(5);
        dasher.speed = Vector::new(DASH, 0);
        dasher.gems = 7;
        victim.gems = held;
        let hit = if dasher_is_first { dasher.meet(&mut victim) } else { victim.meet(&mut dasher) };
        assert_eq!(hit, Some(Hit { place: victim.place, gems: lost }));
        assert_eq!((dasher.gems, victim.gems), (7, held - lost));
        assert!(victim.is_stunned() && !dasher.is_dashing() && !victim.can_collect());
    }
}

#[test]
fn who_is_stunned_cannot_steer_and_loses_no_more() {
    let (mut dasher, mut victim) = (body(0, 50, 45), body(1, 53, 45));
    victim.gems = 9;
    victim.motion = Motion::Stunned(STUN_TICKS);
    dasher.motion = Motion::Dashing(5);
    assert_eq!(dasher.meet(&mut victim), None);
    assert_eq!(victim.gems, 9);
    victim.speed = Vector::default();
    victim.intent = Intent { across: 1, down: 0, dash: true };
    for _ in 0..STUN_TICKS {
        victim.advance();
        assert_eq!(victim.speed, Vector::default());
    }
    victim.advance();
    victim.advance();
    assert!(victim.is_dashing());
}

#[test]
fn two_who_dash_bounce_and_lose_nothing() {
    let (mut one, mut other) = (body(0, 50, 45), body(1, 53, 45));
    (one.motion, other.motion) = (Motion::Dashing(5), Motion::Dashing(5));
    (one.gems, other.gems) = (4, 5);
    (one.speed, other.speed) = (Vector::new(DASH, 0), Vector::new(-DASH, 0));
    assert_eq!(one.meet(&mut other), None);
    assert_eq!((one.gems, other.gems), (4, 5));
    assert_eq!((one.speed, other.speed), (Vector::new(-DASH, 0), Vector::new(DASH, 0)));
}

#[test]
fn only_numbers_below_the_cap_are_players() {
    assert_eq!(PlayerId::from_number(31).map(PlayerId::number), Some(31));
    assert_eq!(PlayerId::from_number(32), None);
    assert_eq!(PlayerId::all().count(), MAX_PLAYERS);
}
