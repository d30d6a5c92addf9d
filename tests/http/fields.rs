//! The fields, the status line and the versions of responses.

use sockeye::{HttpRequest, HttpStatus};

use crate::{
    script::Server,
    ways::{Way, client, options},
};

#[test]
fn repeated_fields_stay_apart_and_in_order() {
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/, b\r\nX-B: one\r\nset-cookie: b=2\r\nx-b:two\r\nX-b: \t three \t\r\n\
         X-Empty:\r\nX-Latin: caf\u{e9}\r\nContent-Length: 0\r\n\r\n",
    );
    Way::each(|way| {
        let answer = way.get(&server, "/");
        answer.expect(HttpStatus::OK, b"");
        let expected: [(&str, &str); 8] = [
            ("Set-Cookie", "a=1; Path=/, b"),
            ("X-B", "one"),
            ("set-cookie", "b=2"),
            ("x-b", "two"),
            ("X-b", "three"),
            ("X-Empty", ""),
            ("X-Latin", "caf\u{e9}"),
            ("Content-Length", "0"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.as_bytes().to_owned()));
        assert_eq!(answer.fields, expected);
    });
    let response = client(&server).send_request(&HttpRequest::get("/").unwrap());
    assert_eq!(response.field("X-B"), Some("one"));
    assert_eq!(response.fields().get_all("x-B").collect::<Vec<_>>(), ["one", "two", "three"].map(str::as_bytes));
    assert_eq!(response.field("x-none"), None);
}

#[test]
fn a_value_that_is_not_utf_8_is_kept_in_bytes() {
    let server = Server::answering(&b"HTTP/1.1 200 OK\r\nX-Old: caf\xe9\r\nContent-Length: 0\r\n\r\n"[..]);
    Way::each(|way| {
        let answer = way.get(&server, "/");
        answer.expect(HttpStatus::OK, b"");
        assert_eq!(answer.fields[0], ("X-Old".into(), b"caf\xe9".to_vec()));
    });
    let response = client(&server).send_request(&HttpRequest::get("/").unwrap());
    assert_eq!(response.field("x-old"), None);
    assert_eq!(response.fields().get_bytes("x-old"), Some(&b"caf\xe9"[..]));
}

/// RFC 9112 section 5.2: a client replaces the fold by a space.
#[test]
fn a_folded_field_is_one_line() {
    let server =
        Server::answering("HTTP/1.1 200 OK\r\nX-Long: one\r\n two\r\n\tthree\r\nContent-Length: 5\r\n\r\nhello");
    Way::each(|way| {
        let answer = way.get(&server, "/");
        answer.expect(HttpStatus::OK, b"hello");
        let words: Vec<&str> = answer.field("x-long").unwrap().split_whitespace().collect();
        assert_eq!(words, ["one", "two", "three"]);
        assert!(!answer.field("x-long").unwrap().contains(['\r', '\n']));
    });
}

#[test]
fn status_lines_are_read_as_they_are() {
    let lines = [
        ("HTTP/1.1 200 OK", (1, 1), 200, "OK"),
        ("HTTP/1.1 200 ", (1, 1), 200, ""),
        ("HTTP/1.1 200", (1, 1), 200, ""),
        ("HTTP/1.0 404 Nowhere to be found", (1, 0), 404, "Nowhere to be found"),
        ("HTTP/1.1 799 My own", (1, 1), 799, "My own"),
        ("HTTP/1.1 418 I'm a teapot", (1, 1), 418, "I'm a teapot"),
    ];
    for (line, version, status, reason) in lines {
        let server = Server::answering_once(format!("{line}\r\nContent-Length: 2\r\n\r\nok"));
        Way::each(|way| {
            let answer = way.get(&server, "/");
            answer.expect(HttpStatus::from(status), b"ok");
            assert_eq!((answer.version, answer.reason.as_str()), (version, reason));
            assert_eq!(answer.status.code(), status);
        });
    }
}

#[test]
fn a_status_of_400_or_more_is_an_answer_and_an_error_of_into_result() {
    let server = Server::answering("HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nlater");
    let response = client(&server).send_request(&HttpRequest::get("/").unwrap());
    assert!(!response.ok());
    assert!(response.error().is_none());
    assert_eq!((response.status(), response.text().as_ref()), (HttpStatus::SERVICE_UNAVAILABLE, "later"));
    let error = response.into_result().unwrap_err();
    assert_eq!(error.to_string(), "the peer answered 503 Busy");
}

/// Content-Type and the like are not needed, and no field at all is fine.
#[test]
fn a_head_may_have_no_fields() {
    let server = Server::answering_once("HTTP/1.1 200 OK\r\n\r\nhello");
    Way::each(|way| {
        let answer = way.get_with(&server, "/", options(crate::ways::LONG));
        answer.expect(HttpStatus::OK, b"hello");
        assert_eq!(answer.fields, []);
    });
}

/// 128 fields and 64 KiB: the caps themselves are fine.
#[test]
fn a_head_at_its_limits_is_fine() {
    let many: String = (0..127).map(|number| format!("X-{number}: {number}\r\n")).collect();
    let server = Server::answering(format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 0\r\n\r\n"));
    Way::each(|way| {
        let answer = way.get(&server, "/");
        answer.expect(HttpStatus::OK, b"");
        assert_eq!(answer.fields.len(), 128);
    });
    let frame = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Long: \r\n\r\n";
    let long = "a".repeat(64 * 1024 - frame.len());
    let server = Server::answering(frame.replace("Long: ", &format!("Long: {long}")));
    Way::each(|way| {
        let answer = way.get(&server, "/");
        answer.expect(HttpStatus::OK, b"");
        assert_eq!(answer.field("x-long").unwrap().len(), long.len());
    });
}
