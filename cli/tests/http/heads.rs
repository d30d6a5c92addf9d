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

#[test]
fn verbose_shows_the_heads_of_every_step_without_credentials() {
    let server = serve(|door| {
        let mut peer = door.accept();
        let first = peer.reply(response("302 Found", "Location: /there\r\nSet-Cookie: id=secret\r\n", "moved"));
        [first, peer.reply(response("200 OK", "X-Title: \x1b[2Jsea\r\n", "arrived"))]
    });
    let outcome = run(&["-v", "-L", "-u", "Ada:lovelace", "-H", "Cookie: id=secret", &server.url("/here")]);
    assert_eq!((outcome.code, outcome.stdout.as_slice()), (Some(0), &b"arrived"[..]), "{}", outcome.stderr);
    // What the server read is what is shown, line by line, but for the secrets.
    let mut expected = String::new();
    let responses = ["HTTP/1.1 302 Found", "HTTP/1.1 200 OK"];
    for (head, response) in server.end().iter().zip(responses) {
        for line in head.lines() {
            let shown = match line.split_once(": ") {
                Some(("Authorization", value)) => {
                    assert_eq!(value, "Basic QWRhOmxvdmVsYWNl");
                    "Authorization: Basic [redacted]"
                }
                Some(("Cookie", "id=secret")) => "Cookie: [redacted]",
                _ => line,
            };
            expected += &format!("> {shown}\n");
        }
        expected += &format!("< {response}\n");
        expected += if response.ends_with("OK") {
            "< X-Title: \\u{1b}[2Jsea\n< Content-Length: 7\n< \n"
        } else {
            "< Location: /there\n< Set-Cookie: [redacted]\n< Content-Length: 5\n< \n"
        };
    }
    assert_eq!(outcome.stderr, expected);
    assert_eq!(expected.matches("> Authorization").count(), 2);
}
