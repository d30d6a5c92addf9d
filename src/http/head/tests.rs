use proptest::prelude::*;

use super::*;

/// What nginx 1.22.1 sends.
const NGINX: &[u8] = b"HTTP/1.1 206 Partial Content\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 08:22:33 GMT\r\n\
    Content-Type: text/plain\r\nContent-Length: 4\r\nLast-Modified: Sat, 21 Nov 2026 08:22:31 GMT\r\n\
    Connection: close\r\nETag: \"6b0154c7-24\"\r\nContent-Range: bytes 2-5/36\r\n\r\n";

/// What Python's `http.server` sends.
const PYTHON: &[u8] = b"HTTP/1.0 404 File not found\r\nServer: SimpleHTTP/0.6 Python/3.11.7\r\n\
    Date: Sat, 21 Nov 2026 08:19:02 GMT\r\nConnection: close\r\nContent-Type: text/html;charset=utf-8\r\n\
    Content-Length: 335\r\n\r\n";

fn parse(input: &[u8], limits: HeadLimits) -> Result<Option<(usize, ResponseHead)>> {
    parse_head(input, &mut 0, limits)
}

fn whole(input: &[u8]) -> ResponseHead {
    let (length, head) = parse(input, HeadLimits::default()).unwrap().expect("a whole head");
    assert_eq!(length, input.len());
    head
}

/// The head or the error, in a form that can be compared.
fn outcome(result: Result<Option<(usize, ResponseHead)>>) -> Option<String> {
    match result {
        Ok(None) => None,
        Ok(Some((length, head))) => Some(format!("{length} {head:?}")),
        Err(error) => Some(format!("{error:?}")),
    }
}

/// Shows the input byte by byte, as the slowest peer sends it.
fn drip(input: &[u8], limits: HeadLimits) -> Option<String> {
    let mut scanned = 0;
    (0..=input.len()).find_map(|length| outcome(parse_head(&input[..length], &mut scanned, limits)))
}

fn malformed(input: &[u8]) -> &'static str {
    match parse(input, HeadLimits::default()) {
        Err(Error::Malformed { expected }) => expected,
        other => panic!("{:?}: {other:?}", String::from_utf8_lossy(input)),
    }
}

#[test]
fn heads_of_real_servers_are_read() {
    let head = whole(NGINX);
    assert_eq!((head.version, head.status, &*head.reason), ((1, 1), HttpStatus::PARTIAL_CONTENT, "Partial Content"));
    assert!(matches!(head.reason, Cow::Borrowed(_)), "a common reason costs no memory");
    let names: Vec<_> = head.fields.iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(
        names,
        ["Server", "Date", "Content-Type", "Content-Length", "Last-Modified", "Connection", "ETag", "Content-Range"]
    );
    assert_eq!(head.fields.get("etag"), Some("\"6b0154c7-24\""));
    assert_eq!(head.fields.get("content-range"), Some("bytes 2-5/36"));

    let head = whole(PYTHON);
    assert_eq!((head.version, head.status, &*head.reason), ((1, 0), HttpStatus::NOT_FOUND, "File not found"));
    assert_eq!(head.fields.get("server"), Some("SimpleHTTP/0.6 Python/3.11.7"));
    assert_eq!(head.fields.get("content-length"), Some("335"));
}

#[test]
fn every_prefix_of_a_head_waits_for_more_and_what_follows_is_left() {
    for head in [NGINX, PYTHON] {
        for length in 0..head.len() {
            let mut scanned = 0;
            let found = parse_head(&head[..length], &mut scanned, HeadLimits::default()).unwrap();
            assert!(found.is_none(), "after {length} bytes");
            let (length, _) = parse_head(head, &mut scanned, HeadLimits::default()).unwrap().unwrap();
            assert_eq!(length, head.len());
        }
        let two = [head, head].concat();
        assert_eq!(parse(&two, HeadLimits::default()).unwrap().unwrap().0, head.len());
        let byte_by_byte = drip(head, HeadLimits::default());
        assert!(byte_by_byte.is_some());
        assert_eq!(byte_by_byte, outcome(parse(head, HeadLimits::default())));
    }
}

#[test]
fn lines_may_end_with_a_bare_line_feed_and_blanks_may_stand_around_values() {
    let head = whole(b"HTTP/1.1 200 OK\nA:1\nB: \t 2 \t \n\n");
    assert_eq!(head.fields.get("a"), Some("1"));
    assert_eq!(head.fields.get("b"), Some("2"));
    let head = whole(b"HTTP/1.1 200 OK\r\nA: 1\nEmpty:\r\nBlank: \n\r\n");
    assert_eq!(head.fields.iter().count(), 3);
    assert_eq!((head.fields.get("empty"), head.fields.get("blank")), (Some(""), Some("")));
    assert_eq!(whole(b"HTTP/1.1 200 OK\n\n").fields.len(), 0);
}

#[test]
fn a_folded_line_is_one_value() {
    let head = whole(b"HTTP/1.1 200 OK\r\nA: one\r\n  two\r\n\tthree\r\nB:\r\n four\r\nC: five\r\n \r\nD:\n six\n\r\n");
    let values: Vec<_> = head.fields.iter().map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect();
    assert_eq!(values, ["one    two  \tthree", "four", "five", "six"]);
}

#[test]
fn a_line_end_left_over_from_the_last_body_is_skipped_and_two_are_not() {
    for start in ["\r\n", "\n"] {
        let bytes = format!("{start}HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n");
        let head = whole(bytes.as_bytes());
        assert_eq!((head.status, &*head.reason), (HttpStatus::NOT_FOUND, "Not Found"));
        assert_eq!(
            drip(bytes.as_bytes(), HeadLimits::default()),
            outcome(parse(bytes.as_bytes(), HeadLimits::default()))
        );
    }
    for start in [&b"\r\n\r\n"[..], b"\n\n", b"\r\n\n", b"\r\r", b"\rH", b"\n\r", b"\r\n\r"] {
        assert_eq!(malformed(start), "the status line of HTTP/1.0 or HTTP/1.1");
    }
}

#[test]
fn the_reason_is_whatever_the_server_says() {
    for (line, reason) in [
        (&b"HTTP/1.1 200 OK"[..], "OK"),
        (b"HTTP/1.1 200 ", ""),
        (b"HTTP/1.1 200", ""),
        (b"HTTP/1.1 418 I'M A TEAPOT", "I'M A TEAPOT"),
        (b"HTTP/1.1 302 FOUND", "FOUND"),
        (b"HTTP/1.1 404 Non trouv\xe9", "Non trouv\u{fffd}"),
        (b"HTTP/1.1 404 Non trouv\xc3\xa9", "Non trouv\u{e9}"),
        (b"HTTP/1.1 799  two  blanks", " two  blanks"),
    ] {
        for end in [&b"\r\n\r\n"[..], b"\n\n"] {
            assert_eq!(whole(&[line, end].concat()).reason, reason);
        }
    }
}

#[test]
fn other_protocols_are_known_by_their_first_bytes() {
    for start in [
        &b"SSH-2.0-OpenSSH_9.2\r\n"[..],
        b"220 ftp ready\r\n",
        b"\x15\x03\x01",
        b"HTTP/2 200\r\n",
        b"HTTP/0",
        b"http/1.1 200 OK\r\n",
        b"ICY 200 OK\r\n",
        b"<",
        b" HTTP/1.1",
        b"\0",
    ] {
        assert_eq!(malformed(start), "the status line of HTTP/1.0 or HTTP/1.1");
    }
}

#[test]
fn what_readers_differ_about_is_refused() {
    for (head, expected) in [
        (&b"HTTP/1.2 200 OK\r\n\r\n"[..], "the status line of HTTP/1.0 or HTTP/1.1"),
        (b"HTTP/1.12 200 OK\r\n\r\n", "the status line of HTTP/1.0 or HTTP/1.1"),
        (b"HTTP/1.1200 OK\r\n\r\n", "the status line of HTTP/1.0 or HTTP/1.1"),
        (b"HTTP/1.1\t200 OK\r\n\r\n", "the status line of HTTP/1.0 or HTTP/1.1"),
        (b"HTTP/1.1  200 OK\r\n\r\n", "a status of three digits and a text behind it"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "a status of three digits and a text behind it"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "a status of three digits and a text behind it"),
        (b"HTTP/1.1 +20 OK\r\n\r\n", "a status of three digits and a text behind it"),
        (b"HTTP/1.1 200\tOK\r\n\r\n", "a status of three digits and a text behind it"),
        (b"HTTP/1.1 200 O\rK\r\n\r\n", "a status of three digits and a text behind it"),
        (b"HTTP/1.1 200 O\0K\r\n\r\n", "a status of three digits and a text behind it"),
        (b"HTTP/1.1 200 \x1b[31m\r\n\r\n", "a status of three digits and a text behind it"),
        (b"HTTP/1.1 099 OK\r\n\r\n", "a status from 100 to 999"),
        (b"HTTP/1.1 000 OK\r\n\r\n", "a status from 100 to 999"),
        (b"HTTP/1.1 200 OK\r\n A: b\r\n\r\n", "a field name with a colon right behind it"),
        (b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "a field name with a colon right behind it"),
        (b"HTTP/1.1 200 OK\r\nA\t: b\r\n\r\n", "a field name with a colon right behind it"),
        (b"HTTP/1.1 200 OK\r\nA\r\n\r\n", "a field name with a colon right behind it"),
        (b"HTTP/1.1 200 OK\r\n: b\r\n\r\n", "a field name with a colon right behind it"),
        (b"HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n", "a field name with a colon right behind it"),
        (b"HTTP/1.1 200 OK\r\nA(: b\r\n\r\n", "a field name with a colon right behind it"),
        (b"HTTP/1.1 200 OK\r\n\xc3\xa9: b\r\n\r\n", "a field name with a colon right behind it"),
        (b"HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n", "a field value without control characters"),
        (b"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n", "a field value without control characters"),
        (b"HTTP/1.1 200 OK\r\nA: \x7f\r\n\r\n", "a field value without control characters"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n", "a field value without control characters"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n\rX\r\n\r\n", "a line end of CR and LF"),
    ] {
        assert_eq!(malformed(head), expected, "{:?}", String::from_utf8_lossy(head));
        assert_eq!(drip(head, HeadLimits::default()), outcome(parse(head, HeadLimits::default())));
    }
}

#[test]
fn a_head_of_the_limit_is_read_and_one_more_byte_is_not() {
    for bytes in [19, 64, 1000, 64 * 1024] {
        let limits = HeadLimits { bytes, ..HeadLimits::default() };
        let head = |length: usize| match length.checked_sub(b"HTTP/1.1 200 OK\r\nA: \r\n\r\n".len()) {
            Some(value) => format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "x".repeat(value)),
            None => format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(length - b"HTTP/1.1 200 \r\n\r\n".len())),
        };
        let fits = head(bytes);
        assert_eq!(parse(fits.as_bytes(), limits).unwrap().expect("it fits").0, bytes);
        let long = head(bytes + 1);
        let expected = Error::TooLong { what: Limit::Head, length: bytes as u64 + 1, limit: bytes as u64 };
        assert_eq!(outcome(parse(long.as_bytes(), limits)), Some(format!("{expected:?}")));
        // Whoever holds so many bytes never needs room for more.
        assert_eq!(outcome(parse(&long.as_bytes()[..bytes], limits)), Some(format!("{expected:?}")));
        if bytes < 2000 {
            assert_eq!(drip(long.as_bytes(), limits), Some(format!("{expected:?}")));
        }
    }
}

#[test]
fn fields_up_to_the_limit_are_read_and_one_more_is_not() {
    for limit in [0, 1, TYPICAL_FIELDS - 1, TYPICAL_FIELDS, TYPICAL_FIELDS + 1, FIELDS_LIMIT, 300] {
        let limits = HeadLimits { fields: limit, ..HeadLimits::default() };
        let head = |count: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(count));
        let (_, found) = parse(head(limit).as_bytes(), limits).unwrap().expect("it fits");
        assert_eq!(found.fields.len(), limit);
        match parse(head(limit + 1).as_bytes(), limits) {
            Err(Error::TooMany { what: Limit::Fields, limit: found }) => assert_eq!(found, limit as u64),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_endless_head_is_looked_at_once() {
    let head = [&b"HTTP/1.1 200 OK\r\n"[..], "A: b\r\n".repeat(10_000).as_bytes()].concat();
    let mut scanned = 0;
    for length in (0..head.len()).step_by(7) {
        let before = scanned;
        assert!(parse_head(&head[..length], &mut scanned, HeadLimits::default()).unwrap().is_none());
        assert!(scanned >= before && scanned + 2 >= length, "{scanned} of {length}");
    }
}

#[test]
fn trailers_are_fields_up_to_a_blank_line() {
    let limits = HeadLimits::default();
    for (section, fields) in [
        (&b"\r\n"[..], vec![]),
        (b"\n", vec![]),
        (b"A: b\r\n\r\n", vec![("A", "b")]),
        (b"A: b\nDigest: c \n\n", vec![("A", "b"), ("Digest", "c")]),
    ] {
        for length in 0..section.len() {
            let mut scanned = 0;
            assert!(parse_trailers(&section[..length], &mut scanned, limits).unwrap().is_none());
            let input = [section, b"HTTP/1.1 200 OK\r\n\r\n"].concat();
            let (length, trailers) = parse_trailers(&input, &mut scanned, limits).unwrap().expect("it is whole");
            assert_eq!(length, section.len());
            let trailers: Vec<_> =
                trailers.iter().map(|(name, value)| (name, std::str::from_utf8(value).unwrap())).collect();
            assert_eq!(trailers, fields);
        }
    }
    for section in [&b"A b\r\n\r\n"[..], b" A: b\r\n\r\n", b"A: b\r\n c\r\n\r\n", b"A: \0\r\n\r\n", b"\rA: b\r\n\r\n"] {
        match parse_trailers(section, &mut 0, limits) {
            Err(Error::Malformed { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn trailers_have_the_limits_of_heads() {
    let limits = HeadLimits { bytes: 20, fields: 2 };
    let fits = b"A: b\r\nC: 9012345\n\r\n";
    assert_eq!(fits.len(), 19);
    assert_eq!(parse_trailers(fits, &mut 0, limits).unwrap().unwrap().0, 19);
    assert_eq!(parse_trailers(b"A: b\r\nC: 9012345\r\n\r\n", &mut 0, limits).unwrap().unwrap().0, 20);
    match parse_trailers(b"A: b\r\nC: 90123456\r\n\r\n", &mut 0, limits) {
        Err(Error::TooLong { what: Limit::Fields, length: 21, limit: 20 }) => {}
        other => panic!("{other:?}"),
    }
    match parse_trailers(b"A:\r\nB:\r\nC:\r\n\r\n", &mut 0, limits) {
        Err(Error::TooMany { what: Limit::Fields, limit: 2 }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_is_written_as_the_rfc_shows_it() {
    let mut head = RequestHead::new("GET", "/a?b", (1, 1));
    for (name, value) in [("Host", &b"example.com:8080"[..]), ("Accept", b"*/*"), ("X-Empty", b"")] {
        head.push(name, value);
    }
    assert_eq!(
        String::from_utf8(head.finish()).unwrap(),
        "GET /a?b HTTP/1.1\r\nHost: example.com:8080\r\nAccept: */*\r\nX-Empty: \r\n\r\n"
    );
    assert_eq!(RequestHead::new("OPTIONS", "*", (1, 0)).finish(), b"OPTIONS * HTTP/1.0\r\n\r\n");
}

proptest! {
    #[test]
    fn any_fields_are_read_back_however_the_head_is_cut(
        status in 100_u16..1000,
        reason in "[!-~]{0,3}( [!-~]{1,5}){0,2}",
        fields in prop::collection::vec(("[!#-'*+.^_`|~0-9A-Za-z-]{1,12}", "([!-~]([ -~\u{e9}]{0,20}[!-~])?)?"), 0..8),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let mut bytes = format!("HTTP/1.1 {status} {reason}\r\n").into_bytes();
        for (name, value) in &fields {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        let mut scanned = 0;
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.sort_unstable();
        for cut in cuts {
            prop_assert!(parse_head(&bytes[..cut], &mut scanned, HeadLimits::default()).unwrap().is_none());
        }
        let (length, head) = parse_head(&bytes, &mut scanned, HeadLimits::default()).unwrap().unwrap();
        prop_assert_eq!(length, bytes.len());
        prop_assert_eq!(head.status.code(), status);
        prop_assert_eq!(head.reason, reason);
        let found: Vec<_> =
            head.fields.iter().map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into_owned())).collect();
        prop_assert_eq!(found, fields);
    }

    #[test]
    fn any_bytes_give_the_same_at_once_and_byte_by_byte(
        start in prop::sample::select(vec!["", "HTTP/1.1 200 OK\r\n", "HTTP/1.0 404\n", "\r\nHTTP/1.1 "]),
        rest in "[\r\n :a0\t\u{0}]{0,40}",
    ) {
        let bytes = format!("{start}{rest}\r\n\r\n").into_bytes();
        let limits = HeadLimits { bytes: 50, fields: 3 };
        // The first end is the one that counts: what is behind it is not looked at.
        prop_assert_eq!(drip(&bytes, limits), outcome(parse(&bytes, limits)));
    }
}
