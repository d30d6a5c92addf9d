use proptest::prelude::*;

use super::*;

mod golden;

/// A response as it was told, step by step, without regard to the pieces in which its body came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Told {
    interim: Vec<u16>,
    status: Option<u16>,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
    trailers: Vec<(String, String)>,
    complete: bool,
    keep_alive: bool,
    /// Bytes that were taken.
    taken: usize,
    error: Option<String>,
}

/// Shows a peer's bytes in pieces that end at these places, as reads bring them, and then the peer's close.
fn tell(method: &'static str, input: &[u8], limits: HeadLimits, cuts: &[usize]) -> Told {
    let mut incoming = Incoming::new(method, limits);
    let mut told = Told::default();
    for end in cuts.iter().chain([&input.len()]) {
        while told.error.is_none() && !told.complete {
            match incoming.next(&input[told.taken..*end]) {
                Ok((taken, found)) => {
                    told.taken += taken;
                    match found {
                        Found::More => break,
                        Found::Interim(head) => told.interim.push(head.status.code()),
                        Found::Head(head) => {
                            told.status = Some(head.status.code());
                            told.fields = texts(&head.fields);
                        }
                        Found::Data(data) => {
                            assert!(!data.is_empty());
                            told.body.extend_from_slice(data);
                        }
                        Found::End => told.complete = true,
                    }
                    assert_eq!(incoming.received(), told.body.len() as u64);
                }
                Err(error) => told.error = Some(format!("{error:?}")),
            }
        }
    }
    if told.error.is_some() {
        // How far it was read is nobody's business any more.
        told.taken = 0;
    }
    told.keep_alive = incoming.can_keep_alive();
    if told.error.is_none() && !told.complete {
        match incoming.ended() {
            Ok(()) => told.complete = incoming.is_complete(),
            Err(error) => told.error = Some(format!("{error:?}")),
        }
        assert!(!incoming.can_keep_alive(), "the connection is gone");
    }
    told.trailers = texts(incoming.trailers());
    told
}

fn texts(fields: &HttpFields) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into_owned())).collect()
}

/// What is told however the bytes are cut.
fn told(method: &'static str, input: &[u8]) -> Told {
    let at_once = tell(method, input, HeadLimits::default(), &[]);
    let each: Vec<usize> = (0..input.len()).collect();
    assert_eq!(tell(method, input, HeadLimits::default(), &each), at_once, "byte by byte");
    at_once
}

fn cut_short(received: u64, expected: u64) -> Option<String> {
    Some(format!("{:?}", Error::CutShort { received, expected }))
}

fn malformed(expected: &'static str) -> Option<String> {
    Some(format!("{:?}", Error::Malformed { expected }))
}

#[test]
fn bodies_with_a_length_end_there() {
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let whole = told("GET", response);
    assert_eq!((whole.status, &*whole.body, whole.taken), (Some(200), &b"hello"[..], response.len()));
    assert!(whole.complete && whole.keep_alive && whole.error.is_none());
    let empty = told("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert!(empty.complete && empty.keep_alive && empty.body.is_empty());
}

#[test]
fn two_responses_in_one_read_are_two() {
    let first = &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"[..];
    let second = &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n"[..];
    for (one, other) in [(first, second), (second, first), (second, second)] {
        let both = [one, other].concat();
        let told_one = told("GET", &both);
        assert_eq!(told_one, told("GET", one));
        assert_eq!(told_one.taken, one.len());
        assert_eq!(told("GET", &both[told_one.taken..]), told("GET", other));
    }
}

#[test]
fn a_body_without_a_length_ends_with_the_connection() {
    let whole = told("GET", b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\nhello");
    assert_eq!((&*whole.body, whole.complete, whole.keep_alive), (&b"hello"[..], true, false));
    let empty = told("GET", b"HTTP/1.1 200 OK\r\n\r\n");
    assert_eq!((&*empty.body, empty.complete, empty.keep_alive), (&b""[..], true, false));
}

#[test]
fn chunked_bodies_end_with_their_trailer() {
    let response =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nDigest: d\r\n\r\n";
    let whole = told("GET", response);
    assert_eq!((&*whole.body, whole.complete, whole.keep_alive), (&b"hello!"[..], true, true));
    assert_eq!(whole.trailers, [("Digest".to_owned(), "d".to_owned())]);
    assert_eq!(whole.taken, response.len());
}

#[test]
fn responses_without_a_body_leave_what_follows() {
    let next = &b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"[..];
    for (method, response, keep_alive) in [
        ("HEAD", &b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"[..], true),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true),
        ("HEAD", b"HTTP/1.1 200 OK\r\n\r\n", true),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", true),
        ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 10\r\n\r\n", false),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", true),
        ("CONNECT", b"HTTP/1.1 200 Connection established\r\n\r\n", true),
        ("GET", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", false),
    ] {
        let told = told(method, &[response, next].concat());
        assert_eq!((told.taken, told.complete, told.keep_alive), (response.len(), true, keep_alive), "{told:?}");
        assert!(told.body.is_empty());
    }
}

#[test]
fn interim_responses_are_told_and_not_taken_for_the_answer() {
    let response = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 7\r\n\r\n\
        HTTP/1.1 199 Whatever\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok";
    let whole = told("PUT", response);
    assert_eq!((&*whole.interim, whole.status, &*whole.body), (&[100, 103, 199][..], Some(201), &b"ok"[..]));
    assert!(whole.complete && whole.keep_alive);
}

#[test]
fn sixteen_interim_responses_are_allowed_and_one_more_is_not() {
    let interim =
        |count| "HTTP/1.1 102 Processing\r\n\r\n".repeat(count) + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let fits = told("GET", interim(16).as_bytes());
    assert_eq!((fits.interim.len(), fits.status, fits.complete), (16, Some(200), true));
    let long = told("GET", interim(17).as_bytes());
    let expected = Error::TooMany { what: Limit::InterimResponses, limit: 16 };
    assert_eq!((long.interim.len(), long.error), (16, Some(format!("{expected:?}"))));
}

#[test]
fn a_connection_that_ends_too_early_tells_how_much_was_there() {
    let head = &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"[..];
    let whole = [head, b"hello"].concat();
    assert_eq!(told("GET", b"").error, Some("Disconnected".to_owned()));
    for length in 1..whole.len() {
        let told = told("GET", &whole[..length]);
        let expected = match length.checked_sub(head.len()) {
            None => cut_short(length as u64, length as u64 + 1),
            Some(body) => cut_short(body as u64, 5),
        };
        assert_eq!(told.error, expected, "after {length} bytes");
        assert_eq!(told.body, b"hello"[..length.saturating_sub(head.len())], "what arrived is there");
    }
    // A server that has answered at all has seen the request.
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
    assert_eq!(told("GET", interim).error, cut_short(0, 1));
    assert_eq!(told("GET", &[interim, &head[..7]].concat()).error, cut_short(7, 8));
}

#[test]
fn a_chunked_body_that_ends_too_early_tells_how_much_was_there() {
    let head = &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..];
    let body = &b"5\r\nhello\r\n2\r\n!!\r\n0\r\nA: b\r\n\r\n"[..];
    let mut expected = Vec::new();
    // Before each byte of the body: how much of it was there, and how much must have followed.
    expected.extend([(0, 1); 3]);
    expected.extend([(0, 5), (1, 5), (2, 5), (3, 5), (4, 5)]);
    expected.extend([(5, 6); 5]);
    expected.extend([(5, 7), (6, 7)]);
    expected.extend([(7, 8); 13]);
    assert_eq!(expected.len(), body.len());
    for (length, (received, known)) in expected.into_iter().enumerate() {
        let told = told("GET", &[head, &body[..length]].concat());
        assert_eq!(told.error, cut_short(received, known), "after {length} bytes");
        assert_eq!(told.body.len() as u64, received);
    }
}

#[test]
fn forms_of_smuggling_are_refused() {
    for (fields, expected) in [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "either a content-length or a transfer-encoding"),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", "one content-length"),
        ("Content-Length: 5,6\r\n", "one content-length"),
        ("Content-Length: +5\r\n", "a content-length in digits"),
        ("Content-Length: 5\r\n 6\r\n", "a content-length in digits"),
        ("Content-Length : 5\r\n", "a field name with a colon right behind it"),
        ("X: y\rContent-Length: 5\r\n", "a field value without control characters"),
        ("Transfer-Encoding: xchunked\r\n", "the transfer-encoding chunked and no other"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", "the transfer-encoding chunked and no other"),
        ("Transfer-Encoding: gzip, chunked\r\n", "the transfer-encoding chunked and no other"),
        ("Transfer-Encoding:\r\n \r\n", "the transfer-encoding chunked and no other"),
        ("Transfer-Encoding: chunked\0\r\n", "a field value without control characters"),
    ] {
        let told = told("GET", format!("HTTP/1.1 200 OK\r\n{fields}\r\nhello").as_bytes());
        assert_eq!(told.error, malformed(expected), "{fields}");
        assert!(!told.keep_alive && !told.complete && told.body.is_empty());
    }
    // Folded, it is what it says.
    let folded = told("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
    assert_eq!((&*folded.body, folded.complete), (&b"x"[..], true));
}

#[test]
fn any_amount_may_pass_at_once() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 3000001\r\n\r\n";
    let mut incoming = Incoming::new("GET", HeadLimits::default());
    assert_eq!(incoming.remaining(), None);
    assert!(matches!(incoming.next(head).unwrap(), (count, Found::Head(_)) if count == head.len()));
    assert_eq!(incoming.remaining(), Some(3_000_001));
    let body = vec![7; 3_000_000];
    let (count, found) = incoming.next(&body).unwrap();
    let Found::Data(data) = found else { panic!("{found:?}") };
    assert_eq!((count, data.as_ptr_range()), (body.len(), body.as_ptr_range()), "it is not copied");
    assert_eq!((incoming.remaining(), incoming.received(), incoming.is_complete()), (Some(1), 3_000_000, false));
    assert!(matches!(incoming.next(b"xy").unwrap(), (1, Found::Data(b"x"))));
    assert!(incoming.is_complete() && incoming.can_keep_alive());
    assert!(matches!(incoming.next(b"y").unwrap(), (0, Found::End)));
    assert!(matches!(incoming.next(b"y").unwrap(), (0, Found::End)));
    assert_eq!(incoming.remaining(), Some(0));
    assert!(incoming.has_head());
    assert!(incoming.trailers().is_empty());
}

#[test]
fn a_close_behind_a_complete_response_changes_nothing_but_the_connection() {
    let mut incoming = Incoming::new("GET", HeadLimits::default());
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    assert!(matches!(incoming.next(response).unwrap(), (_, Found::Head(_))));
    assert!(incoming.can_keep_alive());
    incoming.ended().unwrap();
    incoming.ended().unwrap();
    assert!(incoming.is_complete() && !incoming.can_keep_alive());
}

#[test]
fn limits_are_those_that_were_given() {
    let limits = HeadLimits { bytes: 40, fields: 1 };
    let long = tell("GET", &[&b"HTTP/1.1 200 OK\r\nA: "[..], &[b'x'; 40]].concat(), limits, &[]);
    assert_eq!(long.error, Some(format!("{:?}", Error::TooLong { what: Limit::Head, length: 41, limit: 40 })));
    let many = tell("GET", b"HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n", limits, &[]);
    assert_eq!(many.error, Some(format!("{:?}", Error::TooMany { what: Limit::Fields, limit: 1 })));
}

/// A response of any framing, with what is to be told of it.
fn response() -> impl Strategy<Value = (Vec<u8>, Told)> {
    let body = prop::collection::vec(any::<u8>(), 0..60);
    (0_usize..3, 0_u8..3, body, 1_usize..20).prop_map(|(interim, framing, body, chunk)| {
        let mut bytes = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n".repeat(interim);
        let mut told = Told { interim: vec![103; interim], status: Some(200), complete: true, ..Told::default() };
        bytes.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        let field = match framing {
            0 => ("Content-Length", body.len().to_string()),
            1 => ("Transfer-Encoding", "chunked".to_owned()),
            _ => ("Connection", "close".to_owned()),
        };
        bytes.extend_from_slice(format!("{}: {}\r\n\r\n", field.0, field.1).as_bytes());
        told.fields = vec![(field.0.to_owned(), field.1)];
        if framing == 1 {
            for data in body.chunks(chunk) {
                bytes.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
                bytes.extend_from_slice(data);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\nA: b\r\n\r\n");
            told.trailers = vec![("A".to_owned(), "b".to_owned())];
        } else {
            bytes.extend_from_slice(&body);
        }
        told.keep_alive = framing != 2;
        told.body = body;
        told.taken = bytes.len();
        (bytes, told)
    })
}

proptest! {
    #[test]
    fn any_response_is_told_the_same_however_it_is_cut(
        (bytes, expected) in response(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.sort_unstable();
        prop_assert_eq!(tell("GET", &bytes, HeadLimits::default(), &cuts), expected);
    }

    #[test]
    fn any_spoiled_response_ends_the_same_however_it_is_cut(
        (mut bytes, _) in response(),
        spoil in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        for (place, byte) in spoil {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        let each: Vec<usize> = (0..bytes.len()).collect();
        let at_once = tell("GET", &bytes, HeadLimits::default(), &[]);
        prop_assert_eq!(tell("GET", &bytes, HeadLimits::default(), &each), at_once.clone());
        prop_assert!(at_once.complete != at_once.error.is_some());
    }
}
