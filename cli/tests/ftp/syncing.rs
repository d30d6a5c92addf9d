//! Folders that become the same.

use std::{
    fs::File,
    path::Path,
    time::{Duration, SystemTime},
};

use crate::{
    program::{Folder, run},
    script::serve,
    server::{Server, names},
};

fn moved(server: &Server) -> Vec<String> {
    let heard = server.heard();
    let mut moved: Vec<String> = heard
        .iter()
        .filter_map(|(_, command)| {
            let (verb, path) = command.split_once(' ')?;
            matches!(verb, "RETR" | "RNTO" | "DELE" | "RMD" | "MKD").then(|| format!("{verb} {path}"))
        })
        .filter(|command| !command.starts_with("DELE .sockeye"))
        .collect();
    moved.sort();
    moved
}

fn age(path: impl AsRef<Path>, seconds: u64) {
    let time = SystemTime::now() - Duration::from_secs(seconds);
    File::open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn only_what_differs_goes_up() {
    let folder = Folder::new("sync_up");
    let server = Server::start(&folder, |_| {});
    std::fs::create_dir_all(folder.path("here/sub")).unwrap();
    for name in ["here/same", "here/sub/newer", "here/sub/longer"] {
        folder.write(name, "text");
        age(folder.path(name), 1000);
    }
    let (here, there) = (folder.path("here"), server.url("there"));
    let sync = |options: &[&str]| run(&[&["sync", &here, &there], options].concat()).output();
    assert_eq!(
        String::from_utf8(sync(&["--dry-run"])).unwrap(),
        "make     sub/\ntransfer same (4 B)\ntransfer sub/longer (4 B)\ntransfer sub/newer (4 B)\n"
    );
    assert!(moved(&server).is_empty() && server.names().is_empty());
    assert_eq!(sync(&["-P", "3"]), b"");
    assert_eq!(names(&server.path("there")), ["same", "sub/", "sub/longer", "sub/newer"]);
    moved(&server);
    assert_eq!(sync(&[]), b"");
    assert_eq!(moved(&server), ["MKD there"]);
    folder.write("here/sub/longer", "longer text");
    age(folder.path("here/sub/longer"), 1000);
    age(folder.path("here/sub/newer"), 500);
    server.put("there/old/deep/file", "x");
    assert_eq!(sync(&[]), b"");
    assert_eq!(moved(&server), ["MKD there", "RNTO there/sub/longer", "RNTO there/sub/newer"]);
    assert_eq!(server.get("there/sub/longer"), b"longer text");
    assert_eq!(
        String::from_utf8(sync(&["--delete", "-n"])).unwrap(),
        "remove   old/deep/file\nremove   old/deep/\nremove   old/\n"
    );
    assert_eq!(sync(&["--delete"]), b"");
    assert_eq!(moved(&server), ["DELE there/old/deep/file", "MKD there", "RMD there/old", "RMD there/old/deep"]);
    assert_eq!(names(&server.path("there")), ["same", "sub/", "sub/longer", "sub/newer"]);
}

#[test]
fn only_what_differs_comes_down() {
    let folder = Folder::new("sync_down");
    let server = Server::start(&folder, |_| {});
    for name in ["same", "sub/newer"] {
        server.put(name, "text");
        age(server.path(name), 1000);
    }
    let (here, there) = (folder.path("here"), server.url(""));
    let sync = |options: &[&str]| run(&[&["sync", &there, &here], options].concat()).output();
    sync(&["-P", "2"]);
    assert_eq!(names(Path::new(&here)), ["same", "sub/", "sub/newer"]);
    server.heard();
    sync(&[]);
    assert_eq!(moved(&server), [""; 0]);
    age(server.path("sub/newer"), 10);
    folder.write("here/extra", "x");
    sync(&[]);
    assert_eq!(moved(&server), ["RETR sub/newer"]);
    assert_eq!(names(Path::new(&here)), ["extra", "same", "sub/", "sub/newer"]);
    sync(&["--delete"]);
    assert_eq!(names(Path::new(&here)), ["same", "sub/", "sub/newer"]);
}

#[test]
fn a_folder_in_the_place_of_a_file_goes_only_when_that_is_asked_for() {
    let folder = Folder::new("sync_kinds");
    let server = Server::start(&folder, |_| {});
    server.put("it/inside", "x");
    std::fs::create_dir_all(folder.path("here")).unwrap();
    folder.write("here/it", "file");
    let said = run(&["sync", &server.url(""), &folder.path("here")]).failure(1);
    assert_eq!(said, "\"it\" is a folder here and a file there; --delete removes the old one");
    assert_eq!(folder.read("here/it"), b"file");
    run(&["sync", "--delete", &server.url(""), &folder.path("here")]).output();
    assert_eq!(folder.read("here/it/inside"), b"x");
}

/// Nothing is removed because of a listing that has failed.
#[test]
fn a_source_that_is_not_there_removes_nothing() {
    let folder = Folder::new("sync_missing");
    let server = Server::start(&folder, |_| {});
    std::fs::create_dir_all(folder.path("here")).unwrap();
    folder.write("here/file", "x");
    let said = run(&["sync", "--delete", &server.url("missing"), &folder.path("here")]).failure(1);
    assert!(said.starts_with("\"missing\": the peer answered 550"), "{said}");
    let said = run(&["sync", "--delete", &folder.path("missing"), &server.url("")]).failure(1);
    assert!(said.contains("missing") && said.contains("No such file"), "{said}");
    assert_eq!(folder.read("here/file"), b"x");
    for arguments in [["sync", "a", "b"], ["sync", "ftp://h/a", "ftp://h/b"]] {
        assert_eq!(run(&arguments).failure(2), "sync is between a folder and a URL");
    }
}

/// The times of a LIST are those of some time zone.
#[test]
fn times_are_asked_for_where_listings_do_not_tell_them() {
    let folder = Folder::new("sync_times");
    std::fs::create_dir_all(folder.path("here")).unwrap();
    folder.write("here/same", "x");
    age(folder.path("here/same"), 1000);
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.log_in();
        peer.answer("FEAT", "211-\r\n MDTM\r\n211 end");
        let unused = peer.passive();
        peer.answer("MLSD x", "500 what");
        drop(unused);
        peer.give("LIST x", "-rw-r--r-- 1 ftp ftp 1 Jan 01  2037 same\r\n");
        peer.answer("MDTM x/same", "213 20010101000000");
        peer.answer("QUIT", "221 bye");
    });
    run(&["sync", &format!("ftp://127.0.0.1:{}/x", server.port), &folder.path("here")]).output();
    server.end();
}
