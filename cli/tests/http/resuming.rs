//! Downloads that go on where they were cut off.

use crate::{
    program::{Folder, Outcome, run},
    server::{Server, answer, field, response, serve},
};

/// Answers the first attempt with half of it, after which the connection ends, and the second one with this; gives the
/// heads of both.
fn cut_at_half(data: &[u8], second: impl AsRef<[u8]> + Send + 'static) -> Server<[String; 2]> {
    let first = [full_head(data).as_bytes(), &data[..data.len() / 2]].concat();
    serve(move |door| {
        let head = door.accept().reply(first);
        [head, door.accept().reply(second)]
    })
}

fn full_head(data: &[u8]) -> String {
    format!("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: {}\r\n\r\n", data.len())
}

fn attempt<T>(folder: &Folder, server: &Server<T>) -> Outcome {
    run(&["--resume", "-o", &folder.path("big"), &server.url("/big")])
}

/// The first attempt.
fn begin<T>(folder: &Folder, server: &Server<T>, data: &[u8]) {
    let said = attempt(folder, server).failure(1);
    assert!(said.contains(&format!("after {} of {} bytes", data.len() / 2, data.len())), "{said}");
    assert!(!folder.names().contains(&"big".to_owned()), "{:?}", folder.names());
}

/// Both attempts, the second of which goes well; gives the head of its request.
fn go_on(folder: &Folder, data: &[u8], second: impl AsRef<[u8]> + Send + 'static) -> String {
    let server = cut_at_half(data, second);
    begin(folder, &server, data);
    attempt(folder, &server).output();
    assert_eq!(folder.names(), ["big"]);
    let [first, second] = server.end();
    assert_eq!(field(&first, "Range"), None);
    second
}

fn data() -> Vec<u8> {
    (0..=250).cycle().take(1_000_001).collect()
}

#[test]
fn the_rest_is_asked_for_and_the_file_is_the_same() {
    let (folder, data) = (Folder::new("resumed"), data());
    let (rest, length) = (data[500_000..].to_vec(), data.len());
    let fields = format!("ETag: \"v1\"\r\nContent-Range: bytes 500000-{}/{length}\r\n", length - 1);
    let head = go_on(&folder, &data, response("206 Partial Content", &fields, rest));
    assert_eq!((field(&head, "Range"), field(&head, "If-Range")), (Some("bytes=500000-"), Some("\"v1\"")));
    assert!(folder.read("big") == data);
}

/// The server has another file by now, or cannot give a part.
#[test]
fn a_whole_answer_begins_again() {
    let (folder, data) = (Folder::new("not_resumed"), data());
    let other: Vec<u8> = data.iter().rev().copied().collect();
    go_on(&folder, &data, response("200 OK", "ETag: \"v2\"\r\n", &other));
    assert!(folder.read("big") == other);
}

#[test]
fn a_part_that_is_another_than_asked_for_is_refused() {
    let (folder, data) = (Folder::new("wrong_part"), data());
    let wrong = response("206 Partial Content", "Content-Range: bytes 0-4/1000001\r\n", "hello");
    let server = cut_at_half(&data, wrong);
    begin(&folder, &server, &data);
    attempt(&folder, &server).failure(1);
    server.end();
    assert!(!folder.names().contains(&"big".to_owned()));
}

/// Everything was there but the name: the program was killed between the two.
#[test]
fn a_whole_part_only_gets_its_name() {
    let (folder, data) = (Folder::new("whole_part"), data());
    let nothing_more = response("416 Range Not Satisfiable", "Content-Range: bytes */500000\r\n", "");
    go_on(&folder, &data, nothing_more);
    assert!(folder.read("big") == data[..500_000]);
}

/// The part is of another URL, which says nothing about this one.
#[test]
fn a_part_of_another_url_is_not_gone_on_with() {
    let (folder, data) = (Folder::new("other_url"), data());
    let other: Vec<u8> = data.iter().rev().copied().collect();
    let server = cut_at_half(&data, response("200 OK", "ETag: \"v1\"\r\n", &other));
    begin(&folder, &server, &data);
    run(&["--resume", "-o", &folder.path("big"), &server.url("/other")]).output();
    assert_eq!(field(&server.end()[1], "Range"), None);
    assert!(folder.read("big") == other);
}

/// Without a cut it is a download like any other.
#[test]
fn nothing_to_go_on_with_is_a_first_attempt() {
    let (folder, data) = (Folder::new("first"), data());
    let server = answer([full_head(&data).as_bytes(), &data].concat());
    attempt(&folder, &server).output();
    let head = server.end();
    assert_eq!((field(&head, "Range"), field(&head, "If-Range")), (None, None));
    assert_eq!(folder.names(), ["big"]);
    assert!(folder.read("big") == data);
}
