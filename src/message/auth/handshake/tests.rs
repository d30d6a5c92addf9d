mod attacks;
mod captures;

use std::net::Ipv4Addr;

use super::*;

fn key(text: &str) -> AuthKey {
    AuthKey::new(text).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// The ends of one connection.
fn beneath(role: Role, binding: &[u8]) -> Beneath {
    let (listener, client) = ((Ipv4Addr::LOCALHOST.into(), 6000), (Ipv4Addr::LOCALHOST.into(), 40_000));
    let (here, there) = if role == Role::Listener { (listener, client) } else { (client, listener) };
    Beneath { binding: binding.to_vec(), ends: Ends::Tcp { here, there } }
}

fn handshake(role: Role, least: AuthLevel) -> Handshake {
    Handshake::new(role, &key("secret"), least, beneath(role, b"")).unwrap()
}

fn listener() -> Handshake {
    handshake(Role::Listener, AuthLevel::Sha256)
}

fn client() -> Handshake {
    handshake(Role::Client, AuthLevel::Sha256)
}

/// A side that draws this challenge, which has no mark: as if it were a Python.
fn python(role: Role, key: &AuthKey, least: AuthLevel, challenge: &[u8]) -> Handshake {
    let drawn = Drawn { challenge: challenge.to_vec(), nonce: Vec::new() };
    Handshake::with(role, key, least, Beneath::default(), drawn)
}

fn message(pieces: &[&[u8]]) -> Vec<u8> {
    let body = pieces.concat();
    [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], &body].concat()
}

/// All that a side has to say now.
fn said(side: &mut Handshake) -> Vec<u8> {
    let said = side.output().to_vec();
    side.note_sent(said.len());
    said
}

/// Feeds bytes as they are wanted, in pieces of this size at most; returns what was left over.
fn hear<'a>(side: &mut Handshake, mut bytes: &'a [u8], piece: usize) -> &'a [u8] {
    while side.wanted() > 0 && !bytes.is_empty() {
        let (now, later) = bytes.split_at(side.wanted().min(piece).min(bytes.len()));
        side.feed(now);
        bytes = later;
    }
    bytes
}

/// Lets two sides talk until neither has anything to say; returns how many messages each has sent.
fn talk(listener: &mut Handshake, client: &mut Handshake, piece: usize) -> (usize, usize) {
    let mut counts = (0, 0);
    for _ in 0..10 {
        let from_listener = said(listener);
        counts.0 += usize::from(!from_listener.is_empty());
        assert!(hear(client, &from_listener, piece).is_empty());
        let from_client = said(client);
        counts.1 += usize::from(!from_client.is_empty());
        assert!(hear(listener, &from_client, piece).is_empty());
        if from_listener.is_empty() && from_client.is_empty() {
            return counts;
        }
    }
    panic!("they never end");
}

#[test]
fn two_of_ours_need_three_messages() {
    for piece in [1, 2, 7, usize::MAX] {
        let (mut listener, mut client) = (listener(), client());
        assert_eq!(talk(&mut listener, &mut client, piece), (2, 1));
        assert_eq!((listener.verdict(), client.verdict()), (Some(Ok(())), Some(Ok(()))));
        assert_eq!((listener.wanted(), client.wanted()), (0, 0));
    }
}

#[test]
fn another_key_is_refused_before_the_listener_shows_its_own() {
    let (mut listener, mut client) = (listener(), client());
    client.key = key("Secret");
    talk(&mut listener, &mut client, usize::MAX);
    assert_eq!(listener.verdict(), Some(Err(AuthError::WrongDigest)));
    assert_eq!(client.verdict(), Some(Err(AuthError::Rejected)));
}

#[test]
fn both_sides_are_in_the_same_tls_session() {
    for (one, other, expected) in [
        (&b"session"[..], &b"session"[..], Ok(())),
        (b"session", b"other", Err(AuthError::WrongDigest)),
        (b"session", b"", Err(AuthError::WrongDigest)),
    ] {
        let (mut listener, mut client) = (listener(), client());
        listener.beneath.binding = one.to_vec();
        client.beneath.binding = other.to_vec();
        talk(&mut listener, &mut client, usize::MAX);
        assert_eq!(listener.verdict(), Some(expected));
    }
}

#[test]
fn nobody_speaks_the_same_bytes_twice() {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..20 {
        let (mut listener, mut client) = (listener(), client());
        let challenge = said(&mut listener);
        hear(&mut client, &challenge, usize::MAX);
        let answer = said(&mut client);
        hear(&mut listener, &answer, usize::MAX);
        assert!([challenge, answer, said(&mut listener)].into_iter().all(|said| seen.insert(said)));
    }
}

#[test]
fn a_python_of_either_age_is_met_by_both_roles() {
    let modern: Vec<u8> = [&b"{sha256}"[..], &[8; 40]].concat();
    for (challenge, least) in [(&modern[..], AuthLevel::Sha256), (&[9; 20], AuthLevel::LegacyMd5)] {
        let key = key("secret");
        // Its client answers our marked challenge in its own way; the other process is this one, so it is made by hand.
        let mut ours = handshake(Role::Listener, least);
        let marked = said(&mut ours)[15..].to_vec();
        assert!(marked.ends_with(MARK) && marked.len() == 58);
        let answer = if least == AuthLevel::Sha256 {
            python::answer(key.bytes(), &marked, least).unwrap()
        } else {
            super::super::digest::Algorithm::Md5.sign(key.bytes(), &[&marked])
        };
        hear(&mut ours, &message(&[&answer]), usize::MAX);
        assert_eq!(said(&mut ours), message(&[WELCOME]));
        hear(&mut ours, &message(&[CHALLENGE, challenge]), usize::MAX);
        assert_eq!(said(&mut ours), message(&[&python::answer(key.bytes(), challenge, least).unwrap()]));
        assert_eq!(ours.verdict(), None, "the client has not said that it takes the answer");
        hear(&mut ours, &message(&[WELCOME]), usize::MAX);
        assert_eq!(ours.verdict(), Some(Ok(())));

        let mut listener = python(Role::Listener, &key, least, challenge);
        let from_listener = said(&mut listener);
        // The challenge belongs to another process.
        listener.step = Step::Verdict;
        let mut ours = handshake(Role::Client, least);
        hear(&mut ours, &from_listener, usize::MAX);
        let answer = python::answer(key.bytes(), challenge, least).unwrap();
        assert_eq!(said(&mut ours), message(&[&answer]));
    }
}

#[test]
fn bytes_behind_the_handshake_are_left_alone() {
    let (mut listener, mut client) = (listener(), client());
    hear(&mut client, &said(&mut listener), usize::MAX);
    hear(&mut listener, &said(&mut client), usize::MAX);
    let with_data = [said(&mut listener), message(&[b"the first message"])].concat();
    assert_eq!(hear(&mut client, &with_data, usize::MAX), message(&[b"the first message"]));
    assert_eq!(client.verdict(), Some(Ok(())));
}

#[test]
fn a_key_is_not_printed() {
    assert!(!format!("{:?}", listener()).contains("secret"));
}
