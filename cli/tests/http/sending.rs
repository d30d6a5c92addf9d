//! What is asked for and what is sent with it.

use crate::{
    program::{Folder, run, run_with_input},
    server::{Server, answer, field, first_line, response, serve},
};

/// A server that takes a body of the announced length; gives the head and the body.
fn taking_a_body() -> Server<(String, Vec<u8>)> {
    serve(|door| {
        let mut peer = door.accept();
        let head = peer.head();
        let length = field(&head, "Content-Length").unwrap().parse().unwrap();
        let body = peer.body(length);
        peer.send(response("200 OK", "", "thanks"));
        (head, body)
    })
}

/// Runs it against such a server.
fn sent(arguments: &[&str]) -> (String, Vec<u8>) {
    let server = taking_a_body();
    assert_eq!(run(&[arguments, &[&server.url("/up")]].concat()).output(), b"thanks");
    server.end()
}

#[test]
fn the_method_the_version_and_the_fields_are_those_that_were_asked_for() {
    let server = answer(response("200 OK", "", "ok"));
    let url = server.url("/it");
    let arguments =
        ["-X", "DELETE", "-H", "X-One: 1", "-H", "x-one:2", "-H", "User-Agent: me", "-u", "Ada:love:lace", &url];
    assert_eq!(run(&arguments).output(), b"ok");
    let head = server.end();
    assert_eq!(first_line(&head), "DELETE /it HTTP/1.1");
    let ones: Vec<_> = head.lines().filter(|line| line.to_lowercase().starts_with("x-one")).collect();
    assert_eq!(ones, ["X-One: 1", "x-one: 2"]);
    assert_eq!(field(&head, "User-Agent"), Some("me"));
    assert_eq!(head.to_lowercase().matches("user-agent").count(), 1);
    assert_eq!(field(&head, "Authorization"), Some("Basic QWRhOmxvdmU6bGFjZQ=="));

    let server = answer("HTTP/1.0 200 OK\r\n\r\nold");
    assert_eq!(run(&["--http1.0", &server.url("/")]).output(), b"old");
    assert_eq!(first_line(&server.end()), "GET / HTTP/1.0");
}

#[test]
fn data_is_a_form_unless_a_field_says_otherwise() {
    let (head, body) = sent(&["-d", "name=Ada", "-d", "points=7"]);
    assert_eq!(first_line(&head), "POST /up HTTP/1.1");
    assert_eq!(field(&head, "Content-Type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(body, b"name=Ada&points=7");

    let (head, body) = sent(&["-X", "PATCH", "-d", "{}", "-H", "content-type: application/json"]);
    assert_eq!(first_line(&head), "PATCH /up HTTP/1.1");
    assert_eq!(field(&head, "Content-Type"), Some("application/json"));
    assert_eq!(head.to_lowercase().matches("content-type").count(), 1);
    assert_eq!(body, b"{}");

    let (head, body) = sent(&["-d", ""]);
    assert_eq!((first_line(&head).as_str(), body.len()), ("POST /up HTTP/1.1", 0));
}

#[test]
fn a_file_is_sent_byte_for_byte() {
    let folder = Folder::new("sent_file");
    let data: Vec<u8> = (0..=255).cycle().take(3_000_001).collect();
    let path = folder.write("data", &data);
    let server = serve(|door| {
        let mut peer = door.accept();
        let head = peer.head();
        // A body of this length waits until it is wanted.
        assert_eq!(field(&head, "Expect"), Some("100-continue"));
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        let body = peer.body(field(&head, "Content-Length").unwrap().parse().unwrap());
        peer.send(response("200 OK", "", ""));
        body
    });
    assert_eq!(run(&["-d", &format!("@{path}"), &server.url("/")]).output(), b"");
    assert!(server.end() == data);
}

#[test]
fn standard_input_is_sent_in_chunks() {
    let server = serve(|door| {
        let mut peer = door.accept();
        let head = peer.head();
        assert_eq!(field(&head, "Transfer-Encoding"), Some("chunked"));
        if field(&head, "Expect").is_some() {
            peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        }
        let body = peer.chunks();
        peer.send(response("201 Created", "", "made"));
        body
    });
    assert_eq!(run_with_input(&["-d", "@-", "-X", "PUT", &server.url("/")], b"line\r\n\0line").output(), b"made");
    assert_eq!(server.end(), b"line\r\n\0line");
}

#[test]
fn a_form_has_texts_and_files() {
    let folder = Folder::new("form");
    let path = folder.write("sea.jpg", b"\xff\xd8\0\r\n--\r\n");
    let (head, body) = sent(&["-F", "title=Sea & more", "-F", &format!("photo=@{path}")]);
    assert_eq!(first_line(&head), "POST /up HTTP/1.1");
    let boundary = field(&head, "Content-Type").unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
    let boundary = boundary.trim_matches('"');
    let body: String = body.iter().map(|byte| char::from(*byte)).collect();
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    assert_eq!((parts.len(), parts[0], parts[3]), (4, "", "--\r\n"), "{body:?}");
    let part = |text: &str| {
        let (head, data) = text.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), data.strip_suffix("\r\n").unwrap().to_owned())
    };
    let (head, data) = part(parts[1]);
    assert!(head.contains("name=\"title\"") && !head.contains("filename"), "{head}");
    assert_eq!(data, "Sea & more");
    let (head, data) = part(parts[2]);
    assert!(head.contains("name=\"photo\"") && head.contains("filename=\"sea.jpg\""), "{head}");
    assert_eq!(data, "\u{ff}\u{d8}\0\r\n--\r\n");
}

#[test]
fn what_cannot_be_sent_is_one_line_before_anything_goes() {
    let folder = Folder::new("not_sent");
    let missing = folder.path("missing");
    let said = run(&["-d", &format!("@{missing}"), "http://127.0.0.1:9/"]).failure(1);
    assert!(said.contains("missing") && said.contains("No such file"), "{said}");
    let said = run(&["-F", &format!("a=@{missing}"), "http://127.0.0.1:9/"]).failure(1);
    assert!(said.contains("missing") && said.contains("No such file"), "{said}");
    for field in ["X-A: b\r\nX-C: d", "X A: b", ": b"] {
        let said = run(&["-H", field, "http://127.0.0.1:9/"]).failure(1);
        assert!(said.starts_with("expected "), "{said}");
    }
    let said = run(&["-d", "@a", "-d", "b", "http://127.0.0.1:9/"]).failure(2);
    assert_eq!(said, "a file or standard input must be the only -d");
    let said = run(&["--http1.0", "-d", "@-", "http://127.0.0.1:9/"]).failure(2);
    assert_eq!(said, "standard input has no length, which --http1.0 must announce; use a file");
    let said = run(&["-F", "a=@-", "http://127.0.0.1:9/"]).failure(2);
    assert!(said.contains("use a file"), "{said}");
}
