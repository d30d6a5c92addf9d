//! Bodies on standard output.

use std::{
    io::{Read, Write},
    process::Stdio,
    time::Instant,
};

use crate::{
    PATIENCE,
    program::{command, run},
    server::{answer, field, first_line, response, serve},
};

#[test]
fn a_body_goes_to_standard_output_byte_for_byte() {
    let body: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let server = answer(response("200 OK", "", &body));
    assert!(run(&[&server.url("/a?b=c%20d")]).output() == body);
    let port = server.port;
    let head = server.end();
    assert!(head.starts_with("GET /a?b=c%20d HTTP/1.1\r\n"), "{head}");
    assert_eq!(field(&head, "Host"), Some(format!("127.0.0.1:{port}").as_str()));
    assert!(field(&head, "User-Agent").unwrap().starts_with("sockeye/"));
}

#[test]
fn a_url_without_a_scheme_is_http() {
    let server = answer(response("200 OK", "", "hello"));
    assert_eq!(run(&[&format!("127.0.0.1:{}", server.port)]).output(), b"hello");
    assert!(server.end().starts_with("GET / HTTP/1.1\r\n"));
}

#[test]
fn a_compressed_body_is_asked_for_and_unpacked() {
    let gzip =
        b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xcb\x48\xcd\xc9\xc9\xd7\x51\xc8\x40\xa2\xb8\0\xe7\x42\x6e\x52\x14\0\0\0";
    let server = answer(response("200 OK", "Content-Encoding: gzip\r\n", gzip));
    assert_eq!(run(&[&server.url("/")]).output(), b"hello, hello, hello\n");
    assert!(field(&server.end(), "Accept-Encoding").unwrap().contains("gzip"));
}

#[test]
fn each_framing_ends_where_it_says() {
    let responses: [&[u8]; 3] = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nDigest: x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\n\r\nhello",
    ];
    for response in responses {
        let server = answer(response);
        assert_eq!(run(&[&server.url("/")]).output(), b"hello");
        server.end();
    }
}

/// What arrives is written at once, and not when the body is whole.
#[test]
fn a_body_is_written_as_it_arrives() {
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
        peer
    });
    let mut child = command(&[&server.url("/")]).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = [0; 5];
    stdout.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"first");
    // Only now does the server send the rest.
    server.end().send("other");
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).unwrap();
    assert_eq!((rest.as_slice(), child.wait().unwrap().code()), (&b"other"[..], Some(0)));
}

/// As in `sockeye http URL | head`.
#[test]
fn a_reader_that_has_had_enough_ends_it_quietly() {
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        let until = Instant::now() + PATIENCE;
        // Without an end, until the program goes.
        while peer.stream.write_all(&[b'.'; 65_536]).is_ok() {
            assert!(Instant::now() < until, "the program does not go");
        }
    });
    let mut command = command(&[&server.url("/")]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 1000]).unwrap();
    drop(stdout);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
    server.end();
}

#[test]
fn a_redirect_is_followed_only_when_asked() {
    let server = serve(|door| {
        let mut peer = door.accept();
        let first = peer.reply(response("302 Found", "Location: /there\r\n", "moved"));
        [first, peer.reply(response("200 OK", "", "arrived"))]
    });
    assert_eq!(run(&["-L", &server.url("/here")]).output(), b"arrived");
    assert_eq!(server.end().map(|head| first_line(&head)), ["GET /here HTTP/1.1", "GET /there HTTP/1.1"]);
    let server = answer(response("302 Found", "Location: /there\r\n", "moved"));
    assert_eq!(run(&[&server.url("/here")]).output(), b"moved");
    server.end();
}
