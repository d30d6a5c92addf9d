//! Peers that want in without the key, or want us to work for them.

use super::*;

fn fails(side: &mut Handshake, bytes: &[u8], why: AuthError) {
    said(side);
    hear(side, bytes, usize::MAX);
    assert_eq!(side.verdict(), Some(Err(why)), "{bytes:?}");
    assert_eq!(side.wanted(), 0);
}

#[test]
fn no_message_is_longer_than_256_bytes() {
    for length in [257_u32, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, u32::MAX] {
        fails(&mut client(), &length.to_be_bytes(), AuthError::TooLong);
        let mut listener = listener();
        fails(&mut listener, &length.to_be_bytes(), AuthError::TooLong);
        assert_eq!(listener.output(), message(&[FAILURE]));
        assert!(listener.input.capacity() <= 8, "an announcement costs nothing");
    }
    let mut client = client();
    hear(&mut client, &message(&[CHALLENGE, b"{sha256}", &[7; 256 - 11 - 8]]), usize::MAX);
    assert_eq!((client.verdict(), client.output().len()), (None, 44));
}

#[test]
fn what_is_no_challenge_is_not_answered() {
    for (challenge, why) in [
        (&b"#CHALLENGE#"[..], AuthError::ShortChallenge),
        (b"#CHALLENGE#0123456789012345678", AuthError::ShortChallenge),
        (b"", AuthError::Unexpected),
        (b"#WELCOME#", AuthError::Unexpected),
        (b"#CHALLENGE:01234567890123456789", AuthError::Unexpected),
        (b"#CHALLENGE#{sha1}678901234567890", AuthError::UnknownAlgorithm),
        (b"#CHALLENGE#{sha256789012345678901234567890", AuthError::UnknownAlgorithm),
        (b"#CHALLENGE#012345678901234567890", AuthError::UnknownAlgorithm),
        (b"#CHALLENGE#{sha256}123456789012", AuthError::WeakAlgorithm),
        (b"#CHALLENGE#{md5}5678901234567890", AuthError::WeakAlgorithm),
        (b"#CHALLENGE#01234567890123456789", AuthError::WeakAlgorithm),
    ] {
        let mut client = client();
        fails(&mut client, &message(&[challenge]), why);
        assert_eq!(client.output(), b"", "{challenge:?}");
    }
}

#[test]
fn a_welcome_is_exact() {
    // The word, and what a client makes of it that has answered one of ours, or a Python.
    for (verdict, to_ours, to_python) in [
        (&b"#WELCOME#x"[..], Err(AuthError::WrongDigest), Some(Err(AuthError::Unexpected))),
        (b"#WELCOME#", Err(AuthError::WrongDigest), None),
        (b"#WELCOME", Err(AuthError::Unexpected), Some(Err(AuthError::Unexpected))),
        (b"", Err(AuthError::Unexpected), Some(Err(AuthError::Unexpected))),
        (b"#FAILURE#", Err(AuthError::Rejected), Some(Err(AuthError::Rejected))),
        (b"#FAILURE#x", Err(AuthError::Unexpected), Some(Err(AuthError::Unexpected))),
    ] {
        let mut ours = client();
        hear(&mut ours, &said(&mut listener()), usize::MAX);
        said(&mut ours);
        hear(&mut ours, &message(&[verdict]), usize::MAX);
        assert_eq!(ours.verdict(), Some(to_ours), "{verdict:?}");
        let mut python = client();
        hear(&mut python, &message(&[CHALLENGE, b"{sha256}", &[7; 40]]), usize::MAX);
        said(&mut python);
        hear(&mut python, &message(&[verdict]), usize::MAX);
        assert_eq!(python.verdict(), to_python, "{verdict:?}");
        assert_eq!(python.output().is_empty(), to_python.is_some(), "no challenge for one who does not know the key");
    }
}

#[test]
fn a_listener_does_not_answer_before_the_key_was_shown() {
    // Its own challenge thrown back, on the same connection and on a second one.
    let (mut first, mut second) = (listener(), listener());
    let own = said(&mut first);
    for listener in [&mut first, &mut second] {
        fails(listener, &own, AuthError::UnknownAlgorithm);
        assert_eq!(listener.output(), message(&[FAILURE]));
    }
}

#[test]
fn a_marked_challenge_is_answered_in_no_other_way() {
    // The peer has shown the key in Python's way, and then challenges with what another listener of ours has sent.
    let key = key("secret");
    let other = said(&mut listener())[PREFIX_LENGTH..].to_vec();
    let mut ours = listener();
    let challenge = said(&mut ours)[PREFIX_LENGTH + CHALLENGE.len()..].to_vec();
    let answer = python::answer(key.bytes(), &challenge, AuthLevel::Sha256).unwrap();
    hear(&mut ours, &message(&[&answer]), usize::MAX);
    assert_eq!(said(&mut ours), message(&[WELCOME]));
    fails(&mut ours, &message(&[&other]), AuthError::Reflected);
    assert_eq!(ours.output(), b"");
}

#[test]
fn a_challenge_of_ours_is_not_answered_on_another_connection() {
    // A rogue without the key, and two clients of this process: what fools Python's own.
    let (mut one, mut two) = (client(), client());
    hear(&mut one, &message(&[CHALLENGE, b"{sha256}", &[7; 40]]), usize::MAX);
    said(&mut one);
    hear(&mut one, &message(&[WELCOME]), usize::MAX);
    let challenge = said(&mut one);
    assert_eq!(challenge.len(), 63);
    fails(&mut two, &challenge, AuthError::Reflected);
    assert_eq!(two.output(), b"");
    // Once it is over nobody waits for the answer any more.
    drop(one);
    let mut three = client();
    hear(&mut three, &challenge, usize::MAX);
    assert_eq!((three.verdict(), three.output().len()), (None, 44));
}

#[test]
fn what_a_listener_asks_is_answered_at_the_other_end_only() {
    let (ours, theirs) = ((Ipv4Addr::LOCALHOST.into(), 40_001), (Ipv4Addr::LOCALHOST.into(), 6001));
    let Ends::Tcp { here: client_end, there: listener_end } = client().beneath.ends else { panic!() };
    let elsewhere = [
        // A rogue has connected to the listener, and a client of this process to the rogue.
        Ends::Tcp { here: ours, there: theirs },
        Ends::Tcp { here: ours, there: listener_end },
        Ends::Tcp { here: client_end, there: theirs },
        Ends::Tcp { here: listener_end, there: client_end },
        Ends::Own,
        Ends::Unknown,
    ];
    for ends in elsewhere {
        let (mut listener, mut other) = (listener(), client());
        other.beneath.ends = ends;
        let challenge = said(&mut listener);
        fails(&mut other, &challenge, AuthError::Reflected);
        assert_eq!(other.output(), b"", "{ends:?}");
        // The one that it was meant for answers it, and after that it is nobody's.
        let mut client = client();
        hear(&mut client, &challenge, usize::MAX);
        hear(&mut listener, &said(&mut client), usize::MAX);
        assert_eq!(listener.verdict(), Some(Ok(())));
        let mut late = self::client();
        late.beneath.ends = ends;
        hear(&mut late, &challenge, usize::MAX);
        assert_eq!((late.verdict(), late.output().len()), (None, 78));
    }
    // What is sent to this very process is in nobody else's hands, and over TLS an answer is good for one session only.
    let of_own = Beneath { ends: Ends::Own, ..Beneath::default() };
    let mut of_own = Handshake::new(Role::Listener, &key("secret"), AuthLevel::Sha256, of_own).unwrap();
    let mut other = listener();
    for (listener, binding) in [(&mut of_own, &b""[..]), (&mut other, b"session")] {
        let mut client = client();
        client.beneath = Beneath { binding: binding.to_vec(), ends: Ends::Unknown };
        hear(&mut client, &said(listener), usize::MAX);
        assert_eq!((client.verdict(), client.output().len()), (None, 78));
    }
}

#[test]
fn a_digest_is_of_one_side_only() {
    // What the client has sent comes back to it as the listener's.
    let (mut listener, mut client) = (listener(), client());
    hear(&mut client, &said(&mut listener), usize::MAX);
    let answer = said(&mut client);
    let digest = &answer[answer.len() - 32..];
    fails(&mut client, &message(&[WELCOME, digest]), AuthError::WrongDigest);
}

#[test]
fn an_answer_is_for_one_challenge_only() {
    let (mut one, mut two, mut client) = (listener(), listener(), client());
    hear(&mut client, &said(&mut one), usize::MAX);
    let answer = said(&mut client);
    fails(&mut two, &answer, AuthError::WrongDigest);
    hear(&mut one, &answer, usize::MAX);
    assert_eq!(one.verdict(), Some(Ok(())));
}

#[test]
fn taking_the_mark_away_gains_nothing() {
    // A peer in the middle wants both to use Python's way, which can be passed on.
    let (mut listener, mut client) = (listener(), client());
    let challenge = said(&mut listener);
    let stripped = message(&[&challenge[PREFIX_LENGTH..challenge.len() - MARK.len()]]);
    hear(&mut client, &stripped, usize::MAX);
    let answer = said(&mut client);
    assert_eq!(answer.len(), 44);
    fails(&mut listener, &answer, AuthError::WrongDigest);
}

#[test]
fn only_our_own_kind_is_bound() {
    let key = key("secret");
    let mut bound = handshake(Role::Client, AuthLevel::Bound);
    fails(&mut bound, &message(&[CHALLENGE, b"{sha256}", &[7; 40]]), AuthError::WeakAlgorithm);
    let mut bound = handshake(Role::Listener, AuthLevel::Bound);
    let challenge = said(&mut bound)[PREFIX_LENGTH + CHALLENGE.len()..].to_vec();
    let answer = python::answer(key.bytes(), &challenge, AuthLevel::Sha256).unwrap();
    fails(&mut bound, &message(&[&answer]), AuthError::WeakAlgorithm);
}

proptest::proptest! {
    #[test]
    fn no_bytes_are_accepted_without_the_key(bytes: Vec<u8>, is_listener: bool, piece in 1_usize..300) {
        let mut side = if is_listener { listener() } else { client() };
        said(&mut side);
        hear(&mut side, &bytes, piece);
        proptest::prop_assert_ne!(side.verdict(), Some(Ok(())));
        proptest::prop_assert!(side.input.len() <= PREFIX_LENGTH + MESSAGE_LIMIT && side.output.len() < 200);
    }

    #[test]
    fn one_wrong_bit_is_enough(bit in 0_usize..(78 * 8)) {
        let (mut listener, mut client) = (listener(), client());
        hear(&mut client, &said(&mut listener), usize::MAX);
        let mut answer = said(&mut client);
        answer[bit / 8] ^= 1 << (bit % 8);
        hear(&mut listener, &answer, usize::MAX);
        proptest::prop_assert_ne!(listener.verdict(), Some(Ok(())));
    }
}
