use super::*;
use crate::http::head::{HeadLimits, parse_head};

fn head(status: &str, fields: &str) -> ResponseHead {
    let bytes = format!("{status}\r\n{fields}\r\n");
    parse_head(bytes.as_bytes(), &mut 0, HeadLimits::default()).unwrap().unwrap().1
}

fn framing(fields: &str) -> Result<Framing> {
    body_framing("GET", &head("HTTP/1.1 200 OK", fields))
}

fn refused(fields: &str) -> &'static str {
    match framing(fields) {
        Err(Error::Malformed { expected }) => expected,
        other => panic!("{fields:?}: {other:?}"),
    }
}

#[test]
fn each_framing_is_found() {
    for (fields, expected) in [
        ("", Framing::UntilClose),
        ("Connection: keep-alive\r\n", Framing::UntilClose),
        ("Content-Length: 0\r\n", Framing::Length(0)),
        ("content-length:5\r\n", Framing::Length(5)),
        ("Content-Length: 18446744073709551615\r\n", Framing::Length(u64::MAX)),
        ("Content-Length: 00000000000000000000000005\r\n", Framing::Length(5)),
        ("Content-Length: 5\r\nContent-Length: 5\r\n", Framing::Length(5)),
        ("Content-Length: 5, 5\r\n", Framing::Length(5)),
        ("Content-Length: 5 ,05\r\nContent-Length: 5\r\n", Framing::Length(5)),
        ("Transfer-Encoding: chunked\r\n", Framing::Chunked),
        ("TRANSFER-ENCODING:  CHUNKED \r\n", Framing::Chunked),
    ] {
        assert_eq!(framing(fields).unwrap(), expected, "{fields}");
    }
}

#[test]
fn lengths_that_are_no_number_or_not_one_are_refused() {
    for value in [
        "",
        "+5",
        "-5",
        "-0",
        "5.0",
        "5e1",
        "0x5",
        "5 5",
        "5;5",
        "five",
        "5,",
        ",5",
        "5,,5",
        "\"5\"",
        "5\u{a0}",
        "\u{665}",
        "18446744073709551616",
        "99999999999999999999999999",
    ] {
        assert_eq!(refused(&format!("Content-Length: {value}\r\n")), "a content-length in digits", "{value:?}");
    }
    for fields in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: 6\r\nX: y\r\nContent-Length: 0\r\n",
    ] {
        assert_eq!(refused(fields), "one content-length");
    }
}

#[test]
fn two_framings_at_once_are_refused() {
    for fields in [
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: identity\r\n",
        "Content-Length: 5\r\nTransfer-Encoding:\r\n",
    ] {
        assert_eq!(refused(fields), "either a content-length or a transfer-encoding");
    }
}

#[test]
fn other_transfer_encodings_than_chunked_are_refused() {
    for value in [
        "",
        "identity",
        "gzip",
        "gzip, chunked",
        "chunked, gzip",
        "chunked, chunked",
        "chunked,",
        ",chunked",
        "xchunked",
        "chunked;q=1",
        "\"chunked\"",
        "chunked\r\nTransfer-Encoding: chunked",
        "chunked\r\nTransfer-Encoding: identity",
        "chunk\r\n ed",
    ] {
        let fields = format!("Transfer-Encoding: {value}\r\n");
        assert_eq!(refused(&fields), "the transfer-encoding chunked and no other", "{value:?}");
    }
    match body_framing("GET", &head("HTTP/1.0 200 OK", "Transfer-Encoding: chunked\r\n")) {
        Err(Error::Malformed { expected: "no transfer-encoding in HTTP/1.0" }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn responses_that_have_no_body_have_none_whatever_they_say() {
    for fields in ["", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: x\r\n"] {
        for (method, status) in [
            ("HEAD", "HTTP/1.1 200 OK"),
            ("HEAD", "HTTP/1.0 404 Not Found"),
            ("GET", "HTTP/1.1 204 No Content"),
            ("GET", "HTTP/1.1 304 Not Modified"),
            ("POST", "HTTP/1.1 101 Switching Protocols"),
            ("CONNECT", "HTTP/1.1 200 OK"),
            ("CONNECT", "HTTP/1.1 299 Whatever"),
        ] {
            assert_eq!(
                body_framing(method, &head(status, fields)).unwrap(),
                Framing::None,
                "{method} {status} {fields}"
            );
        }
    }
    let refusal = head("HTTP/1.1 407 Proxy Authentication Required", "Content-Length: 5\r\n");
    assert_eq!(body_framing("CONNECT", &refusal).unwrap(), Framing::Length(5));
    for status in ["HTTP/1.1 200 OK", "HTTP/1.1 205 Reset Content", "HTTP/1.1 303 See Other", "HTTP/1.1 500 Sorry"] {
        assert_eq!(body_framing("GET", &head(status, "Content-Length: 5\r\n")).unwrap(), Framing::Length(5));
    }
}

#[test]
fn connections_are_kept_as_the_version_and_the_server_say() {
    for (status, fields, kept) in [
        ("HTTP/1.1 200 OK", "", true),
        ("HTTP/1.1 200 OK", "Connection: close\r\n", false),
        ("HTTP/1.1 200 OK", "Connection: CLOSE\r\n", false),
        ("HTTP/1.1 200 OK", "Connection: foo , close\r\n", false),
        ("HTTP/1.1 200 OK", "Connection: keep-alive\r\nConnection: close\r\n", false),
        ("HTTP/1.1 200 OK", "Connection: closed\r\n", true),
        ("HTTP/1.1 200 OK", "Connection: keep-alive\r\n", true),
        ("HTTP/1.0 200 OK", "", false),
        ("HTTP/1.0 200 OK", "Connection: Keep-Alive\r\n", true),
        ("HTTP/1.0 200 OK", "Connection: keep-alive, close\r\n", false),
        ("HTTP/1.1 101 Switching Protocols", "", false),
        ("HTTP/1.1 204 No Content", "", true),
        ("HTTP/1.1 204 No Content", "Content-Length: 0\r\n", true),
        ("HTTP/1.1 204 No Content", "Content-Length: 5\r\n", false),
        ("HTTP/1.1 204 No Content", "Content-Length: x\r\n", false),
        ("HTTP/1.1 204 No Content", "Transfer-Encoding: chunked\r\n", false),
        ("HTTP/1.1 304 Not Modified", "Content-Length: 5\r\n", true),
    ] {
        let head = head(status, fields);
        assert_eq!(keep_alive(&head, false), kept, "{status} {fields}");
        assert!(!keep_alive(&head, true), "{status} {fields}");
    }
}
