//! Downloads that go on where they were cut off.

use crate::{
    program::{Folder, run},
    server::{Server, answer, field, response, serve},
};

/// The first attempt: half of it, and then the connection ends.
fn cut_at_half(folder: &Folder, data: &[u8]) {
    let (head, half) = (full_head(data), data[..data.len() / 2].to_vec());
    let server = answer([head.into_bytes(), half].concat());
    let said = run(&["--resume", "-o", &folder.path("big"), &server.url("/big")]).failure(1);
    assert!(said.contains(&format!("after {} of {} bytes", data.len() / 2, data.len())), "{said}");
    assert_eq!(field(&server.end(), "Range"), None);
    assert!(!folder.names().contains(&"big".to_owned()), "{:?}", folder.names());
}

fn full_head(data: &[u8]) -> String {
    format!("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: {}\r\n\r\n", data.len())
}

fn go_on(folder: &Folder, server: Server<String>) -> String {
    run(&["--resume", "-o", &folder.path("big"), &server.url("/big")]).output();
    assert_eq!(folder.names(), ["big"]);
    server.end()
}

fn data() -> Vec<u8> {
    (0..=250).cycle().take(1_000_001).collect()
}

#[test]
fn the_rest_is_asked_for_and_the_file_is_the_same() {
    let (folder, data) = (Folder::new("resumed"), data());
    cut_at_half(&folder, &data);
    let (rest, length) = (data[500_000..].to_vec(), data.len());
    let fields = format!("ETag: \"v1\"\r\nContent-Range: bytes 500000-{}/{length}\r\n", length - 1);
    let head = go_on(&folder, answer(response("206 Partial Content", &fields, rest)));
    assert_eq!((field(&head, "Range"), field(&head, "If-Range")), (Some("bytes=500000-"), Some("\"v1\"")));
    assert!(folder.read("big") == data);
}

/// The server has another file by now, or cannot give a part.
#[test]
fn a_whole_answer_begins_again() {
    let (folder, data) = (Folder::new("not_resumed"), data());
    cut_at_half(&folder, &data);
    let other: Vec<u8> = data.iter().rev().copied().collect();
    go_on(&folder, answer(response("200 OK", "ETag: \"v2\"\r\n", &other)));
    assert!(folder.read("big") == other);
}

#[test]
fn a_part_that_is_another_than_asked_for_is_refused() {
    let (folder, data) = (Folder::new("wrong_part"), data());
    cut_at_half(&folder, &data);
    let server = answer(response("206 Partial Content", "Content-Range: bytes 0-4/1000001\r\n", "hello"));
    run(&["--resume", "-o", &folder.path("big"), &server.url("/big")]).failure(1);
    server.end();
    assert!(!folder.names().contains(&"big".to_owned()));
}

/// Everything was there but the name: the program was killed between the two.
#[test]
fn a_whole_part_only_gets_its_name() {
    let (folder, data) = (Folder::new("whole_part"), data());
    cut_at_half(&folder, &data);
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.reply(response("416 Range Not Satisfiable", "Content-Range: bytes */500000\r\n", ""))
    });
    go_on(&folder, server);
    assert!(folder.read("big") == data[..500_000]);
}

/// Without a cut it is a download like any other.
#[test]
fn nothing_to_go_on_with_is_a_first_attempt() {
    let (folder, data) = (Folder::new("first"), data());
    let head = go_on(&folder, answer([full_head(&data).as_bytes(), &data].concat()));
    assert_eq!((field(&head, "Range"), field(&head, "If-Range")), (None, None));
    assert!(folder.read("big") == data);
}
