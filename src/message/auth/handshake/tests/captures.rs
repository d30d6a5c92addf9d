//! What real Pythons have said to one another with the key `secret`, and our side in place of each of them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;

/// One handshake: the messages without their lengths, the listener's first, then in turn.
struct Capture {
    name: &'static str,
    least: AuthLevel,
    messages: [&'static str; 6],
}

const WELCOMED: &str = "2357454c434f4d4523";

const CAPTURES: [Capture; 4] = [
    Capture {
        name: "Python 3.11 both",
        least: AuthLevel::LegacyMd5,
        messages: [
            "234348414c4c454e474523affb45e8c173f166e5925d44136ab35511a7cda3",
            "a90b549cec812caa5f82829b81d9b25a",
            WELCOMED,
            "234348414c4c454e474523c44ddb8d24669cdf2e9e485b24369ad11db1c7ad",
            "93792b54c7ef9c86fd2f4491d689c8a2",
            WELCOMED,
        ],
    },
    Capture {
        name: "Python 3.13 both",
        least: AuthLevel::Sha256,
        messages: [
            "234348414c4c454e4745237b7368613235367d7ec16c8e31ae004e69009e7236c1b5258403155d34685d29d3bf199679b3df4de75efda94e875349",
            "7b7368613235367dffb46e5f1be87bfe3614d1b9362f804e94e318ae6220e116178901ce3ec7b4ab",
            WELCOMED,
            "234348414c4c454e4745237b7368613235367d164507fd26ed550536e70250006f0dfdef9c31694bf3bfe149b4b394ec172af694e779dc083001a0",
            "7b7368613235367d55ba88dbdc4d7093eff7ebdd14b71e50044c76ad7ff43d5f34429ec61fa2b1db",
            WELCOMED,
        ],
    },
    Capture {
        name: "listener 3.11, client 3.13",
        least: AuthLevel::LegacyMd5,
        messages: [
            "234348414c4c454e4745238ff99d7fb8b80172c3378283fa04a32d819b2807",
            "76bee5f7aa37879fd9809221ea5f56e1",
            WELCOMED,
            "234348414c4c454e4745237b7368613235367d05d9f77049c55ff491edfe3bc6e7e99fef1d896311a317d80b055eaef779c69c46e0cb91dd1f853c",
            "f34aada12c8b2a1db6a7df930097978d",
            WELCOMED,
        ],
    },
    Capture {
        name: "listener 3.13, client 3.11",
        least: AuthLevel::LegacyMd5,
        messages: [
            "234348414c4c454e4745237b7368613235367de8533d3b7e114bdb9f0b8f50871d1de15d1d266095ae471186dae9f5bd953bbd3734096ea7da2fd7",
            "0ba72bd339a4050a0bda2ea41117ca1b",
            WELCOMED,
            "234348414c4c454e474523739ddbdc3b74a74d6493c989a61c3a97a2746fa3",
            "c7185cd8a82b87c250d10bb67aa9bda6",
            WELCOMED,
        ],
    },
];

/// A side in one test would refuse the challenge that a side in another has sent: so it is one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The messages with their lengths.
fn messages(capture: &Capture) -> Vec<Vec<u8>> {
    capture.messages.iter().map(|hex| message(&[&bytes(hex)])).collect()
}

/// A challenge without the word in front of it.
fn challenge(message: &[u8]) -> &[u8] {
    message[PREFIX_LENGTH..].strip_prefix(CHALLENGE).unwrap()
}

/// What a side of ours says where a Python has said `theirs` to `challenged`. An old one answers a new challenge with
/// MD5, as it knows nothing else; a new side names the algorithm.
fn expected(challenged: &[u8], theirs: &[u8]) -> Vec<u8> {
    let challenged = challenge(challenged);
    let checked = python::verify(b"secret", challenged, &theirs[PREFIX_LENGTH..], AuthLevel::LegacyMd5);
    assert_eq!(checked, Ok(()));
    if challenged.len() == 20 || theirs.len() == 44 {
        return theirs.to_vec();
    }
    assert_eq!(theirs.len(), 20);
    message(&[&python::answer(b"secret", challenged, AuthLevel::Sha256).unwrap()])
}

#[test]
fn our_listener_in_the_place_of_a_python_says_what_it_said() {
    let _alone = alone();
    for capture in CAPTURES {
        let [first, answer, welcome, second, ours, end] = &messages(&capture)[..] else { panic!() };
        for piece in [1, 3, usize::MAX] {
            let mut listener = python(Role::Listener, &key("secret"), capture.least, challenge(first));
            assert_eq!(said(&mut listener), *first, "{}", capture.name);
            hear(&mut listener, answer, piece);
            assert_eq!(said(&mut listener), *welcome, "{}", capture.name);
            hear(&mut listener, second, piece);
            assert_eq!(said(&mut listener), expected(second, ours), "{}", capture.name);
            hear(&mut listener, end, piece);
            assert_eq!(listener.verdict(), Some(Ok(())), "{}", capture.name);
        }
    }
}

#[test]
fn our_client_in_the_place_of_a_python_says_what_it_said() {
    let _alone = alone();
    for capture in CAPTURES {
        let [first, answer, welcome, second, theirs, end] = &messages(&capture)[..] else { panic!() };
        for piece in [1, 3, usize::MAX] {
            let mut client = python(Role::Client, &key("secret"), capture.least, challenge(second));
            assert_eq!(client.output(), b"", "the listener speaks first");
            hear(&mut client, first, piece);
            assert_eq!(said(&mut client), expected(first, answer), "{}", capture.name);
            hear(&mut client, welcome, piece);
            assert_eq!(said(&mut client), *second, "{}", capture.name);
            hear(&mut client, theirs, piece);
            assert_eq!(said(&mut client), *end, "{}", capture.name);
            assert_eq!(client.verdict(), Some(Ok(())), "{}", capture.name);
        }
    }
}

#[test]
fn old_pythons_are_refused_unless_they_are_asked_for() {
    let _alone = alone();
    for (at, capture) in CAPTURES.iter().enumerate() {
        let messages = messages(capture);
        let mut listener = python(Role::Listener, &key("secret"), AuthLevel::Sha256, challenge(&messages[0]));
        hear(&mut listener, &messages[1], usize::MAX);
        let mut client = python(Role::Client, &key("secret"), AuthLevel::Sha256, challenge(&messages[3]));
        hear(&mut client, &[&messages[0][..], &messages[2], &messages[4]].concat(), usize::MAX);
        let expected = if at == 1 { Some(Ok(())) } else { Some(Err(AuthError::WeakAlgorithm)) };
        assert_eq!(client.verdict(), expected, "{}", capture.name);
        let expected = if at == 1 { None } else { expected };
        assert_eq!(listener.verdict(), expected, "{}", capture.name);
    }
}

#[test]
fn every_prefix_of_a_capture_is_unfinished() {
    let _alone = alone();
    for capture in CAPTURES {
        let all = messages(&capture);
        let from_client = [&all[1][..], &all[3], &all[5]].concat();
        for length in 0..from_client.len() {
            let mut listener = python(Role::Listener, &key("secret"), AuthLevel::LegacyMd5, challenge(&all[0]));
            hear(&mut listener, &from_client[..length], usize::MAX);
            assert_eq!(listener.verdict(), None, "{}: {length}", capture.name);
            assert!(listener.wanted() > 0);
            let boundary = [0, all[1].len(), all[1].len() + all[3].len()].contains(&length);
            assert_eq!(listener.unfinished().is_none(), boundary, "{}: {length}", capture.name);
        }
    }
}

#[test]
fn a_wrong_key_looks_as_it_does_with_python() {
    let _alone = alone();
    let challenge =
        bytes("7b7368613235367d7ec16c8e31ae004e69009e7236c1b5258403155d34685d29d3bf199679b3df4de75efda94e875349");
    let mut listener = python(Role::Listener, &key("secret"), AuthLevel::Sha256, &challenge);
    said(&mut listener);
    let answer = python::answer(b"wrong", &challenge, AuthLevel::Sha256).unwrap();
    hear(&mut listener, &message(&[&answer]), usize::MAX);
    assert_eq!(said(&mut listener), bytes("00000009234641494c55524523"));
    assert_eq!(listener.verdict(), Some(Err(AuthError::WrongDigest)));
    let mut client = client();
    hear(&mut client, &message(&[CHALLENGE, b"{sha256}", &[3; 40]]), usize::MAX);
    assert_eq!(said(&mut client).len(), 44);
    hear(&mut client, &bytes("00000009234641494c55524523"), usize::MAX);
    assert_eq!((client.verdict(), client.output()), (Some(Err(AuthError::Rejected)), &b""[..]));
}
