//! What a terminal shows.

use crate::{
    on_terminal::on_terminal,
    program::{Folder, command},
    server::{Server, content},
};

#[test]
fn a_bar_shows_how_far_a_file_has_come() {
    let folder = Folder::new("bar");
    let server = Server::start(&folder, |_| {});
    server.put("file", content(3 << 20));
    let local = folder.path("here");
    for arguments in [["get", &server.url("file"), "-o", &local], ["put", &local, &server.url("up"), "--in-place"]] {
        let (code, shown) = on_terminal(&mut command(&arguments));
        assert_eq!(code, Some(0), "{shown}");
        let last = shown.trim_end().rsplit('\r').next().unwrap();
        assert!(last.contains("] 100% 3.00 MiB of 3.00 MiB, "), "{shown:?}");
        // No colour, and a line of its own.
        assert!(!shown.contains("\x1b[3") && shown.ends_with('\n'), "{shown:?}");
    }
}

#[test]
fn a_bar_shows_how_far_a_folder_has_come() {
    let folder = Folder::new("bar_many");
    let server = Server::start(&folder, |_| {});
    for number in 0..40 {
        server.put(&format!("many/{number}"), content(1 << 18));
    }
    let (code, shown) = on_terminal(&mut command(&["get", "-r", "-P", "2", &server.url("many"), &folder.path("here")]));
    assert_eq!(code, Some(0), "{shown}");
    let last = shown.trim_end().rsplit('\r').next().unwrap();
    assert!(last.contains("] 100% 40 of 40 files, 10.00 MiB of 10.00 MiB, "), "{shown:?}");
}

#[test]
fn a_file_on_the_terminal_has_no_bar() {
    let folder = Folder::new("bar_none");
    let server = Server::start(&folder, |_| {});
    server.put("text", "hello\n");
    server.put("binary", "PNG\0\x1b[2J");
    assert_eq!(on_terminal(&mut command(&["cat", &server.url("text")])), (Some(0), "hello\r\n".to_owned()));
    let (code, shown) = on_terminal(&mut command(&["cat", &server.url("binary")]));
    assert!(code == Some(1) && shown.starts_with("sockeye: ftp: the body is binary"), "{shown:?}");
}
