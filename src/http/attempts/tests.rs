use std::io;

use super::*;

const V4: IpAddress = IpAddress::LOCAL_HOST;
const V6: IpAddress = IpAddress::LOCAL_HOST_V6;

fn v4(last: u8) -> IpAddress {
    IpAddress::new(192, 0, 2, last)
}

fn v6(last: u8) -> IpAddress {
    let mut bytes = [0; 16];
    bytes[0] = 0x20;
    bytes[15] = last;
    bytes.into()
}

fn refused() -> Error {
    Error::Refused(io::ErrorKind::ConnectionRefused.into())
}

fn unreachable() -> Error {
    Error::Unreachable(io::ErrorKind::NetworkUnreachable.into())
}

#[test]
fn families_take_turns_from_the_preferred_one_on() {
    let order = |addresses: &[IpAddress]| Vec::from(interleave(addresses.to_vec()));
    assert_eq!(order(&[v6(1), v6(2), v6(3), v4(1), v4(2)]), [v6(1), v4(1), v6(2), v4(2), v6(3)]);
    assert_eq!(order(&[v4(1), v6(1), v6(2)]), [v4(1), v6(1), v6(2)]);
    assert_eq!(order(&[v4(1), v4(2), v6(1)]), [v4(1), v6(1), v4(2)]);
    assert_eq!(order(&[v4(1), v4(2)]), [v4(1), v4(2)]);
    assert_eq!(order(&[]), []);
}

#[test]
fn a_name_with_too_many_addresses_is_cut() {
    let addresses: Vec<_> = (0..=255).map(v4).collect();
    assert_eq!(interleave(addresses.clone()).len(), MAX_ADDRESSES);
    assert_eq!(interleave(addresses[..MAX_ADDRESSES].to_vec()), &addresses[..MAX_ADDRESSES]);
}

#[test]
fn the_next_begins_after_the_stagger_and_not_before() {
    let start = Instant::now();
    let mut attempts = Attempts::new(vec![V6, V4]);
    assert_eq!(attempts.step(start), Step::Begin(0, V6));
    let next = start + STAGGER;
    assert_eq!(attempts.step(start), Step::Wait(Some(next)));
    assert_eq!(attempts.step(next - Duration::from_nanos(1)), Step::Wait(Some(next)));
    assert_eq!(attempts.step(next), Step::Begin(1, V4));
    assert_eq!(attempts.step(next), Step::Wait(None));
}

#[test]
fn the_next_begins_at_once_when_one_fails() {
    let start = Instant::now();
    let mut attempts = Attempts::new(vec![v4(1), v4(2), v4(3)]);
    assert_eq!(attempts.step(start), Step::Begin(0, v4(1)));
    attempts.failed(0, refused());
    assert_eq!(attempts.step(start), Step::Begin(1, v4(2)));
    assert_eq!(attempts.step(start), Step::Wait(Some(start + STAGGER)));
    // One of two that run fails: the third takes its place without waiting.
    assert_eq!(attempts.step(start + STAGGER), Step::Begin(2, v4(3)));
    attempts.failed(1, refused());
    assert_eq!(attempts.step(start + STAGGER), Step::Wait(None));
    attempts.failed(2, refused());
    assert_eq!(attempts.step(start + STAGGER), Step::Over);
}

#[test]
fn the_error_is_that_of_the_most_preferred_address_whoever_fails_first() {
    let mut attempts = Attempts::new(vec![v4(1), v4(2)]);
    attempts.failed(1, Error::NotOpen);
    attempts.failed(0, refused());
    assert_eq!(attempts.into_error().kind(), ErrorKind::Refused);
}

#[test]
fn an_address_that_cannot_be_reached_from_here_does_not_hide_what_another_says() {
    let mut attempts = Attempts::new(vec![V6, V4]);
    attempts.failed(0, unreachable());
    attempts.failed(1, refused());
    assert_eq!(attempts.into_error().kind(), ErrorKind::Refused);

    let mut attempts = Attempts::new(vec![V6]);
    attempts.failed(0, unreachable());
    assert_eq!(attempts.into_error().kind(), ErrorKind::Unreachable);
}

#[test]
fn no_address_is_over_at_once() {
    assert_eq!(Attempts::new(Vec::new()).step(Instant::now()), Step::Over);
}
