//! What is done with one command.

use crate::{
    program::{Folder, run},
    server::Server,
};

#[test]
fn files_and_folders_are_made_named_and_removed() {
    let folder = Folder::new("actions");
    let server = Server::start(&folder, |_| {});
    server.put("file", "x");
    let url = |path: &str| server.url(path);
    assert_eq!(run(&["mkdir", &url("a%20b/")]).output(), b"");
    assert_eq!(run(&["mkdir", &url("a%20b/c")]).output(), b"");
    assert_eq!(run(&["mv", &url("file"), "a b/"]).output(), b"");
    assert_eq!(server.names(), ["a b/", "a b/c/", "a b/file"]);
    assert_eq!(run(&["mv", &url("a%20b/file"), &url("other")]).output(), b"");
    assert_eq!(run(&["mv", &url("a%20b/c"), "/d"]).output(), b"");
    assert_eq!(server.names(), ["a b/", "d/", "other"]);
    assert_eq!(run(&["rm", &url("other")]).output(), b"");
    assert_eq!(run(&["rmdir", &url("d")]).output(), b"");
    assert_eq!(run(&["rmdir", &url("a%20b/")]).output(), b"");
    assert_eq!(server.names(), [""; 0]);
}

#[test]
fn what_is_refused_is_one_line() {
    let folder = Folder::new("actions_refused");
    let server = Server::start(&folder, |_| {});
    server.put("full/file", "x");
    for (action, path) in
        [("rm", "missing"), ("rm", "full"), ("rmdir", "full"), ("rmdir", "missing"), ("mkdir", "full")]
    {
        let said = run(&[action, &server.url(path)]).failure(1);
        assert!(said.starts_with("the peer answered 550 "), "{action} {path}: {said}");
    }
    let said = run(&["mv", &server.url("missing"), "there"]).failure(1);
    assert!(said.starts_with("the peer answered 550 "), "{said}");
    for action in ["rm", "rmdir", "mkdir"] {
        assert_eq!(run(&[action, &server.url("")]).failure(1), "expected a path in the URL");
    }
    assert_eq!(run(&["mv", &server.url("full"), ""]).failure(1), "expected two paths");
    for other in ["ftp://127.0.0.2/x", "ftps://127.0.0.1/x", "ftp://joe@127.0.0.1/x"] {
        run(&["mv", &server.url("full"), other]).failure(2);
    }
    assert_eq!(server.names(), ["full/", "full/file"]);
}
