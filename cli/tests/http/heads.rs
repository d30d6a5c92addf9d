//! Heads: into a file, instead of a body, and for people to read.

use crate::{
    program::{Folder, run},
    server::{answer, first_line, response, serve},
};

#[test]
fn the_head_goes_into_a_file_of_its_own() {
    let folder = Folder::new("head");
    let path = folder.path("head");
    let server = answer(response("203 Hearsay", "X-One: 1\r\nSet-Cookie: a=b\r\nx-one: 2\r\n", "body"));
    assert_eq!(run(&["--head", &path, &server.url("/")]).output(), b"body");
    server.end();
    let head = "HTTP/1.1 203 Hearsay\r\nX-One: 1\r\nSet-Cookie: a=b\r\nx-one: 2\r\nContent-Length: 4\r\n\r\n";
    assert_eq!(String::from_utf8(folder.read("head")).unwrap(), head);

    // It says why there is no body.
    let server = answer(response("404 Not Found", "", "body"));
    run(&["--fail", "--head", &path, &server.url("/")]).failure(22);
    server.end();
    assert_eq!(folder.read("head"), b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\n");
}

#[test]
fn the_head_alone_is_asked_for_and_written() {
    let folder = Folder::new("head_only");
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    let server = answer(head);
    assert_eq!(run(&["-I", &server.url("/")]).output(), head.as_bytes());
    assert_eq!(first_line(&server.end()), "HEAD / HTTP/1.1");
    let server = answer(head);
    assert_eq!(run(&["-I", "-o", &folder.path("head"), &server.url("/")]).output(), b"");
    server.end();
    assert_eq!(folder.read("head"), head.as_bytes());
}

/// What the server read and said is what is shown, line by line, but for the secrets.
#[test]
fn verbose_shows_the_heads_of_every_step_without_credentials() {
    let first = "HTTP/1.1 302 Found\r\nLocation: /there\r\nSet-Cookie: id=secret\r\nContent-Length: 0\r\n\r\n";
    let second = "HTTP/1.1 200 OK\r\nX-Title: \u{9b}2Jsea\r\nContent-Length: 7\r\n\r\n";
    let server = serve(move |door| {
        let mut peer = door.accept();
        let asked = peer.reply(first);
        [asked, peer.reply([second, "arrived"].concat())]
    });
    let outcome = run(&["-v", "-L", "-u", "Ada:lovelace", "-H", "Cookie: id=secret", &server.url("/here")]);
    assert_eq!((outcome.code, outcome.stdout.as_slice()), (Some(0), &b"arrived"[..]), "{}", outcome.stderr);
    let shown =
        |mark: char, head: &str| -> String { head.trim_end().lines().map(|line| format!("{mark} {line}\n")).collect() };
    let [first_request, second_request] = server.end();
    let all = [shown('>', &first_request), shown('<', first), shown('>', &second_request), shown('<', second)].concat();
    assert_eq!(all.matches("Authorization: Basic QWRhOmxvdmVsYWNl\n").count(), 2, "{all}");
    let expected = all
        .replace("Basic QWRhOmxvdmVsYWNl", "...")
        .replace("Cookie: id=secret", "Cookie: ...")
        .replace('\u{9b}', "\\u{9b}");
    assert_eq!(outcome.stderr, expected);
}
