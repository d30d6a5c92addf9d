use super::*;
use crate::arena::protocol::{MAX_DATAGRAM, ServerDatagram, Snapshot, Token};

fn full_house(seed: u64) -> (World, Vec<PlayerId>) {
    let mut world = World::new(seed);
    let players = (0..MAX_PLAYERS).map(|_| world.join().unwrap()).collect();
    (world, players)
}

/// Everybody does something else in every step.
fn play(world: &mut World, players: &[PlayerId], steps: u32) {
    let mut random = Random::new(99);
    for _ in 0..steps {
        for player in players {
            let mut axis = || i8::try_from(random.below(3)).unwrap() - 1;
            let intent = Intent { across: axis(), down: axis(), dash: random.below(20) == 0 };
            world.steer(*player, intent);
        }
        world.step();
    }
}

fn encoded(world: &World) -> Vec<u8> {
    let mut packet = sockeye::Packet::new();
    ServerDatagram::address(&mut packet, Token(0), &ServerDatagram::Snapshot(Snapshot::of(world)).encode_body());
    packet.data().to_vec()
}

/// FNV-1a, so that a whole game is one number in the test.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3))
}

#[test]
fn the_same_seed_and_intents_give_the_same_game_on_every_machine() {
    let game = |seed| {
        let (mut world, players) = full_house(seed);
        play(&mut world, &players, 2_000);
        encoded(&world)
    };
    assert_eq!(game(7), game(7));
    assert_ne!(game(7), game(8));
    assert_eq!(digest(&game(7)), 11_345_236_907_381_517_105);
}

#[test]
fn nobody_leaves_the_field_and_a_snapshot_always_fits_a_datagram() {
    let (mut world, players) = full_house(1);
    for _ in 0..500 {
        play(&mut world, &players, 10);
        for body in world.bodies() {
            assert_eq!(body.place, body.place.inside(super::super::body::RADIUS));
        }
        assert!(world.gems().len() <= MAX_GEMS);
        assert!(encoded(&world).len() <= MAX_DATAGRAM);
    }
    world.gems = vec![Vector::new(1, 1); MAX_GEMS];
    assert_eq!(encoded(&world).len(), 8 + 1 + 4 + 2 + 1 + MAX_PLAYERS * 9 + 1 + MAX_GEMS * 4);
}

#[test]
fn the_house_is_full_at_the_cap_and_a_place_that_gets_free_is_given_again() {
    let (mut world, players) = full_house(1);
    assert_eq!(world.join(), None);
    world.leave(players[5]);
    assert_eq!(world.join(), Some(players[5]));
    assert_eq!(world.join(), None);
}

#[test]
fn players_begin_apart_from_one_another() {
    let mut world = World::new(3);
    let players: Vec<_> = (0..8).map(|_| world.join()).collect();
    assert_eq!(players, PlayerId::all().take(8).map(Some).collect::<Vec<_>>());
    for (index, one) in world.bodies().iter().enumerate() {
        for other in &world.bodies()[index + 1..] {
            assert!((one.place - other.place).length() > 8 * UNIT);
        }
    }
}

#[test]
fn a_gem_goes_to_the_nearest_in_reach() {
    let mut world = World::new(1);
    let (near, far) = (world.join().unwrap(), world.join().unwrap());
    world.bodies[0].place = Vector::new(50 * UNIT, 50 * UNIT);
    world.bodies[1].place = Vector::new(56 * UNIT, 50 * UNIT);
    world.gems = vec![Vector::new(52 * UNIT, 50 * UNIT), Vector::new(50 * UNIT, 50 * UNIT + GEM_REACH + 1)];
    world.step();
    let held = |id| world.bodies().iter().find(|body| body.id == id).map(|body| body.gems);
    assert_eq!((held(near), held(far)), (Some(1), Some(0)));
    assert_eq!(world.gems(), [Vector::new(50 * UNIT, 50 * UNIT + GEM_REACH + 1)]);
}

#[test]
fn gems_grow_to_their_number_and_no_further() {
    let mut world = World::new(1);
    (0..1_000).for_each(|_| assert_eq!(world.step(), None));
    assert_eq!(world.gems().len(), FREE_GEMS);
}

#[test]
fn a_dash_spills_what_it_knocks_out_around_the_victim() {
    let mut world = World::new(1);
    let (dasher, victim) = (world.join().unwrap(), world.join().unwrap());
    world.bodies[0].place = Vector::new(50 * UNIT, 50 * UNIT);
    world.bodies[1].place = Vector::new(58 * UNIT, 50 * UNIT);
    world.bodies[1].gems = 12;
    world.steer(dasher, Intent { across: 1, down: 0, dash: true });
    for _ in 0..6 {
        world.step();
    }
    let total: usize = world.bodies().iter().map(|body| usize::from(body.gems)).sum();
    let victim = world.bodies().iter().find(|body| body.id == victim).unwrap();
    assert_eq!(victim.gems, 8);
    assert_eq!(total + world.gems().len(), 12);
    assert!(world.gems().iter().all(|gem| (*gem - victim.place).length() < 2 * SPILL_RADIUS));
}

#[test]
fn who_leaves_spills_at_most_so_many() {
    let mut world = World::new(1);
    let id = world.join().unwrap();
    world.bodies[0].gems = MOST_SPILLED + 1;
    world.leave(id);
    assert_eq!((world.bodies().len(), world.gems().len()), (0, usize::from(MOST_SPILLED)));
    world.leave(id);
    world.steer(id, Intent::default());
    assert_eq!(world.step(), None);
}

#[test]
fn a_round_lasts_a_minute_and_the_richest_wins_it() {
    let mut world = World::new(1);
    let (_, rich) = (world.join().unwrap(), world.join().unwrap());
    world.gems = Vec::new();
    for _ in 1..ROUND_TICKS {
        assert_eq!(world.step(), None);
    }
    world.bodies[0].gems = 3;
    world.bodies[1].gems = 5;
    world.gems.clear();
    assert_eq!(world.step(), Some(RoundOver { winner: Some(rich), gems: 5 }));
    let scores: Vec<_> = world.bodies().iter().map(|body| (body.gems, body.wins)).collect();
    assert_eq!((scores, world.round_left()), (vec![(0, 0), (0, 1)], ROUND_TICKS));
}

#[test]
fn nobody_wins_a_draw_or_without_a_gem() {
    for gems in [0, 4] {
        let mut world = World::new(1);
        assert!(world.join().is_some() && world.join().is_some());
        world.round_left = 1;
        world.bodies[0].gems = gems;
        world.bodies[1].gems = gems;
        assert_eq!(world.step(), Some(RoundOver { winner: None, gems }));
    }
}
