//! What a terminal shows: the bar, and nothing that would disturb it.

use crate::{
    on_terminal::on_terminal,
    program::{Folder, command},
    server::{answer, response},
};

#[test]
fn a_bar_shows_how_far_a_file_has_come() {
    let folder = Folder::new("bar");
    let server = answer(response("200 OK", "", vec![b'.'; 3 << 20]));
    let (code, shown) = on_terminal(&mut command(&["-o", &folder.path("page"), &server.url("/")]));
    server.end();
    assert_eq!(code, Some(0), "{shown}");
    let last = shown.trim_end().rsplit('\r').next().unwrap();
    assert!(last.contains("] 100% 3.00 MiB of 3.00 MiB, "), "{shown:?}");
    // No colour, and a line of its own.
    assert!(!shown.contains("\x1b[3") && shown.ends_with('\n'), "{shown:?}");
}

#[test]
fn what_goes_wrong_stands_below_the_bar() {
    let folder = Folder::new("bar_cut");
    let server = answer([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n".as_slice(), &[b'.'; 50]].concat());
    let (code, shown) = on_terminal(&mut command(&["-o", &folder.path("page"), &server.url("/")]));
    server.end();
    assert_eq!(code, Some(1), "{shown}");
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].contains("]  50% 50 B of 100 B, "), "{shown:?}");
    assert_eq!(lines[1], "sockeye: http: the peer closed the connection after 50 of 100 bytes");
}

#[test]
fn a_body_on_the_terminal_has_no_bar() {
    let server = answer(response("200 OK", "", "hello\n"));
    assert_eq!(on_terminal(&mut command(&[&server.url("/")])), (Some(0), "hello\r\n".to_owned()));
    server.end();
}

#[test]
fn a_binary_body_is_kept_from_the_terminal_unless_it_is_asked_for() {
    let server = answer(response("200 OK", "", "PNG\0\x1b[2J"));
    let (code, shown) = on_terminal(&mut command(&[&server.url("/")]));
    server.end();
    assert_eq!(code, Some(1), "{shown:?}");
    assert!(shown.starts_with("sockeye: http: the body is binary") && shown.contains("-o FILE"), "{shown:?}");

    let server = answer(response("200 OK", "", "PNG\0\x1b[2J"));
    assert_eq!(on_terminal(&mut command(&["-o", "-", &server.url("/")])), (Some(0), "PNG\0\x1b[2J".to_owned()));
    server.end();
}
