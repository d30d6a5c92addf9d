use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

fn credentials(user: &str, password: &str) -> Credentials {
    Credentials { user: user.to_owned(), password: password.to_owned() }
}

/// Feeds a proxy's answers byte by byte, and gives what was sent to it and how many bytes it took.
fn run(socks: &mut Socks<'_>, answers: &[u8]) -> (Vec<Vec<u8>>, usize, Result<()>) {
    let mut sent = Vec::new();
    let mut taken = 0;
    loop {
        match socks.next() {
            Ok(Step::Send(bytes)) => sent.push(bytes),
            Ok(Step::Receive(wanted)) => {
                assert!((1..=257).contains(&wanted), "{wanted}");
                let Some(byte) = answers.get(taken) else { return (sent, taken, Err(Error::NotReady)) };
                taken += 1;
                socks.receive(&[*byte]);
            }
            Ok(Step::Done) => return (sent, taken, Ok(())),
            Err(error) => return (sent, taken, Err(error)),
        }
    }
}

/// A server that wants no login, and reports the address that it connects from.
const PLAIN: &[u8] = &[5, 0, 5, 0, 0, 1, 127, 0, 0, 1, 0x04, 0x38];

#[test]
fn a_name_an_ipv4_and_an_ipv6_address_are_asked_for_as_rfc_1928_says() {
    for (host, address) in [
        ("example.com", [&[3, 11], b"example.com".as_slice()].concat()),
        ("192.0.2.1", vec![1, 192, 0, 2, 1]),
        ("::1", [&[4], [0; 15].as_slice(), &[1]].concat()),
    ] {
        let mut socks = Socks::new(host, 0x1f90, None).unwrap();
        let (sent, taken, result) = run(&mut socks, PLAIN);
        result.unwrap();
        assert_eq!(taken, PLAIN.len());
        assert_eq!(sent, [vec![5, 1, 0], [&[5, 1, 0], address.as_slice(), &[0x1f, 0x90]].concat()]);
    }
}

#[test]
fn a_login_is_made_only_where_the_proxy_wants_one() {
    let credentials = credentials("user", "pass");
    let mut socks = Socks::new("h", 80, Some(&credentials)).unwrap();
    let (sent, _, result) = run(&mut socks, PLAIN);
    result.unwrap();
    assert_eq!(sent, [vec![5, 2, 0, 2], vec![5, 1, 0, 3, 1, b'h', 0, 80]]);

    let mut socks = Socks::new("h", 80, Some(&credentials)).unwrap();
    let answers = [[5, 2, 1, 0].as_slice(), &PLAIN[2..]].concat();
    let (sent, taken, result) = run(&mut socks, &answers);
    result.unwrap();
    assert_eq!(taken, answers.len());
    assert_eq!(sent, [vec![5, 2, 0, 2], b"\x01\x04user\x04pass".to_vec(), vec![5, 1, 0, 3, 1, b'h', 0, 80]]);
}

#[test]
fn no_byte_behind_the_reply_is_taken() {
    for bound in [[1, 0, 0, 0, 0].to_vec(), [[4].as_slice(), &[0; 16]].concat(), b"\x03\x03abc".to_vec(), vec![3, 0]] {
        let answers = [&[5, 0, 5, 0, 0], bound.as_slice(), &[0, 0]].concat();
        let longer = [answers.as_slice(), b"HTTP/1.1 200 OK"].concat();
        let (_, taken, result) = run(&mut Socks::new("h", 80, None).unwrap(), &longer);
        result.unwrap();
        assert_eq!(taken, answers.len());
        // And every prefix of it needs more.
        for end in 0..answers.len() {
            let (_, taken, result) = run(&mut Socks::new("h", 80, None).unwrap(), &answers[..end]);
            assert_eq!((taken, result.unwrap_err().kind()), (end, ErrorKind::NotReady));
        }
    }
}

#[test]
fn every_reply_has_its_text() {
    let mut texts = Vec::new();
    for reply in 1..=9 {
        let (_, taken, result) = run(&mut Socks::new("h", 80, None).unwrap(), &[5, 0, 5, reply, 0, 1]);
        // The rest of a refusal need not come.
        assert_eq!(taken, 6);
        let Error::PeerRefused { code, text } = result.unwrap_err() else { panic!("no refusal") };
        assert_eq!(code, u16::from(reply));
        assert!(text.contains("SOCKS proxy"), "{text}");
        texts.push(text);
    }
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 9);
}

#[test]
fn refusals_of_a_login_and_of_the_methods_are_told_apart() {
    let login = credentials("user", "hush");
    for (credentials, answers, code) in [
        (None, [5, 0xff].as_slice(), 0xff),
        (Some(&login), &[5, 0xff], 0xff),
        (Some(&login), &[5, 2, 1, 1], 1),
        (Some(&login), &[5, 2, 5, 9], 9),
    ] {
        let (_, _, result) = run(&mut Socks::new("h", 80, credentials).unwrap(), answers);
        let error = result.unwrap_err();
        assert!(!error.to_string().contains("hush"));
        assert!(matches!(error, Error::PeerRefused { code: found, .. } if found == code), "{error}");
    }
}

#[test]
fn what_is_not_socks_5_is_malformed() {
    let login = credentials("u", "p");
    for (credentials, answers) in [
        (None, [4, 0].as_slice()),
        (None, b"HTTP/1.1 400 Bad Request"),
        (None, &[5, 1]),
        (None, &[5, 2]),
        (Some(&login), &[5, 3]),
        (None, &[5, 0, 4, 0, 0, 1]),
        (None, &[5, 0, 5, 0, 0, 2]),
        (None, &[5, 0, 5, 0, 0, 0]),
    ] {
        let (_, _, result) = run(&mut Socks::new("h", 80, credentials).unwrap(), answers);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Malformed, "{answers:?}");
    }
}

#[test]
fn what_does_not_fit_into_the_protocol_is_refused_before_a_byte_is_sent() {
    let long = "x".repeat(256);
    let longest = "x".repeat(255);
    assert_eq!(Socks::new(&long, 80, None).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(Socks::new("", 80, None).unwrap_err().kind(), ErrorKind::InvalidInput);
    run(&mut Socks::new(&longest, 80, None).unwrap(), PLAIN).2.unwrap();
    for (user, password) in [(long.as_str(), "p"), ("u", long.as_str()), ("", "p"), ("u", "")] {
        let credentials = credentials(user, password);
        let (sent, _, result) = run(&mut Socks::new("h", 80, Some(&credentials)).unwrap(), PLAIN);
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(!error.to_string().contains("xxx"), "{error}");
        assert_eq!(sent, Vec::<Vec<u8>>::new());
    }
}

proptest! {
    #[test]
    fn any_answer_ends_or_needs_more(answers in proptest::collection::vec(any::<u8>(), 0..600)) {
        let credentials = credentials("user", "pass");
        let (sent, taken, result) = run(&mut Socks::new("h", 80, Some(&credentials)).unwrap(), &answers);
        prop_assert!(sent.len() <= 3);
        // Two for the method, two for the login, and the longest reply.
        prop_assert!(taken <= 2 + 2 + 4 + 1 + 255 + 2);
        if matches!(result, Err(Error::NotReady)) {
            prop_assert_eq!(taken, answers.len());
        }
    }
}
