//! Whole folders.

use std::{collections::BTreeMap, path::Path};

use crate::{
    program::{Folder, run},
    script::serve,
    server::{Server, content, names},
};

/// A folder with folders in it, and more files than there are sessions.
const FILES: [(&str, usize); 5] =
    [("a", 10), ("sub/b c", 0), ("sub/\u{e9}/d", 100_000), ("sub/\u{e9}/-e", 3), ("sub-x/f", 1)];

fn expected() -> Vec<String> {
    let mut names: Vec<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.extend(["empty/", "sub/", "sub/\u{e9}/", "sub-x/"].map(str::to_owned));
    names.sort();
    names
}

fn fill(folder: &Path) {
    for (name, length) in FILES {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content(length)).unwrap();
    }
    std::fs::create_dir_all(folder.join("empty")).unwrap();
}

#[test]
fn a_tree_comes_and_goes() {
    let folder = Folder::new("tree");
    let server = Server::start(&folder, |_| {});
    fill(&server.path("from"));
    for sessions in ["1", "4"] {
        let local = folder.path(&format!("here{sessions}/deep"));
        // The second time everything is there already.
        for _ in 0..2 {
            assert_eq!(run(&["get", "-r", "-P", sessions, &server.url("from"), &local]).output(), b"");
            assert_eq!(names(Path::new(&local)), expected());
            let up = server.url(&format!("to{sessions}"));
            assert_eq!(run(&["put", "-r", "-P", sessions, &local, &up]).output(), b"");
            assert_eq!(names(&server.path(&format!("to{sessions}"))), expected());
        }
        for (name, length) in FILES {
            assert!(std::fs::read(Path::new(&local).join(name)).unwrap() == content(length), "{name}");
            assert!(server.get(&format!("to{sessions}/{name}")) == content(length), "{name}");
        }
    }
}

#[test]
fn sessions_share_the_files_and_waste_nothing() {
    let folder = Folder::new("tree_sessions");
    let server = Server::start(&folder, |_| {});
    for number in 0..200 {
        server.put(&format!("many/{number}"), content(2000));
    }
    run(&["get", "-r", "-P", "4", &server.url("many"), &folder.path("here")]).output();
    assert_eq!(names(Path::new(&folder.path("here"))).len(), 200);
    let mut sessions: BTreeMap<u64, BTreeMap<String, usize>> = BTreeMap::new();
    for (session, command) in server.heard() {
        let verb = command.split(' ').next().unwrap().to_owned();
        *sessions.entry(session).or_default().entry(verb).or_default() += 1;
    }
    assert!((2..=4).contains(&sessions.len()), "{sessions:?}");
    let count = |verb: &str| sessions.values().filter_map(|verbs| verbs.get(verb)).sum::<usize>();
    assert_eq!((count("RETR"), count("EPSV"), count("MLSD"), count("SIZE") + count("MDTM")), (200, 201, 1, 0));
    for (session, verbs) in sessions {
        // Two files or more on each, or it would not have been needed.
        assert_eq!(verbs.get("TYPE"), verbs.get("RETR").map(|_| &1), "session {session}: {verbs:?}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_left_out_and_times_are_kept() {
    use std::{
        os::unix::fs::symlink,
        time::{Duration, UNIX_EPOCH},
    };

    let folder = Folder::new("tree_links");
    let server = Server::start(&folder, |_| {});
    server.put("from/file", "x");
    let time = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    std::fs::File::open(server.path("from/file")).unwrap().set_modified(time).unwrap();
    run(&["get", "-r", &server.url("from"), &folder.path("here")]).output();
    assert_eq!(std::fs::metadata(folder.path("here/file")).unwrap().modified().unwrap(), time);
    symlink("file", folder.path("here/link")).unwrap();
    run(&["put", "-r", &folder.path("here"), &server.url("up")]).output();
    assert_eq!(names(&server.path("up")), ["file"]);
    // Nothing is written to where a link leads.
    std::fs::create_dir(folder.path("elsewhere")).unwrap();
    symlink(folder.path("elsewhere"), folder.path("here/way")).unwrap();
    server.put("from/way/deep", "x");
    server.put("from/way/sub/deep", "x");
    server.put("from/way-out", "x");
    for action in [&["get", "-r"][..], &["sync"]] {
        let said = run(&[action, &[&server.url("from"), &folder.path("here")]].concat()).failure(1);
        assert!(said.contains("way") && !said.contains(" of "), "{said}");
    }
    assert_eq!(names(Path::new(&folder.path("elsewhere"))), [""; 0]);
    assert_eq!(folder.read("here/way-out"), b"x");
}

#[cfg(unix)]
#[test]
fn what_fails_is_told_at_the_end_and_the_rest_is_done() {
    let folder = Folder::new("tree_failures");
    let server = Server::start(&folder, |_| {});
    for name in ["a", "b", "c"] {
        server.put(&format!("from/{name}"), name);
    }
    // Folders are in the way of two of the files.
    std::fs::create_dir_all(folder.path("here/a/x")).unwrap();
    let get = ["get", "-r", "-P", "2", &server.url("from"), &folder.path("here")];
    let said = run(&get).failure(1);
    assert!(said.contains("here/a\": "), "{said}");
    assert_eq!(names(Path::new(&folder.path("here"))), ["a/", "a/x/", "b", "c"]);
    std::fs::remove_file(folder.path("here/b")).unwrap();
    std::fs::create_dir_all(folder.path("here/b/x")).unwrap();
    let said = run(&get).failure(1);
    assert!(said.starts_with("2 of 3 failed; the first: ") && said.contains("here/"), "{said}");
    assert_eq!(names(Path::new(&folder.path("here"))), ["a/", "a/x/", "b/", "b/x/", "c"]);
}

#[test]
fn a_server_that_takes_fewer_sessions_is_no_failure() {
    let folder = Folder::new("tree_fewer");
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.log_in();
        peer.answer("FEAT", "211 none");
        peer.give("MLSD x", "type=file;size=1; a\r\ntype=file;size=1; b\r\n");
        peer.answer("TYPE I", "200 ok");
        // The second session comes while the first one has something to do.
        door.accept().send("421 only one\r\n");
        for name in ["a", "b"] {
            peer.give(&format!("RETR x/{name}"), name);
        }
        peer.answer("QUIT", "221 bye");
    });
    let url = format!("ftp://127.0.0.1:{}/x", server.port);
    run(&["get", "-r", "-P", "2", &url, &folder.path("here")]).output();
    server.end();
    assert_eq!((folder.read("here/a"), folder.read("here/b")), (b"a".to_vec(), b"b".to_vec()));
}

#[test]
fn names_that_lead_out_are_refused() {
    let folder = Folder::new("tree_hostile");
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.log_in();
        peer.answer("FEAT", "211 none");
        peer.give("MLSD x", "type=file;size=1; ../evil\r\n");
    });
    let url = format!("ftp://127.0.0.1:{}/x", server.port);
    let said = run(&["get", "-r", &url, &folder.path("here")]).failure(1);
    assert_eq!(said, "\"x\": expected names in a listing that lead nowhere else, found other bytes");
    server.end();
    assert_eq!(folder.names(), ["here"]);
}

#[cfg(unix)]
#[test]
fn a_name_that_is_there_twice_leads_through_no_link() {
    let folder = Folder::new("tree_twice");
    for name in ["here", "elsewhere"] {
        std::fs::create_dir(folder.path(name)).unwrap();
    }
    std::os::unix::fs::symlink(folder.path("elsewhere"), folder.path("here/a")).unwrap();
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.log_in();
        peer.answer("FEAT", "211 none");
        peer.give("MLSD x", "type=dir; a\r\ntype=file;size=1; a\r\ntype=dir; a\r\n");
        peer.give("MLSD x/a", "type=file;size=1; b\r\n");
        peer.rest()
    });
    let url = format!("ftp://127.0.0.1:{}/x", server.port);
    let said = run(&["get", "-r", "-P", "1", &url, &folder.path("here")]).failure(1);
    assert!(said.contains("a\": "), "{said}");
    assert_eq!(server.end(), "", "nothing is asked for");
    assert_eq!(names(Path::new(&folder.path("elsewhere"))), [""; 0]);
}

/// Few bytes of a listing for each of many files whose paths are long.
#[test]
fn paths_do_not_take_all_memory() {
    let folder = Folder::new("tree_memory");
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.log_in();
        peer.answer("FEAT", "211 none");
        let name = "d".repeat(8_000);
        peer.give("MLSD x", &format!("type=dir; {name}\r\n"));
        let many: String = (0..40_000).map(|number| format!("type=file; {number}\r\n")).collect();
        peer.give(&format!("MLSD x/{name}"), &many);
    });
    let url = format!("ftp://127.0.0.1:{}/x", server.port);
    let said = run(&["get", "-r", &url, &folder.path("here")]).failure(1);
    assert!(said.contains("expected a folder with paths of at most 268435456 bytes in it"), "{}", said.len());
    server.end();
}

#[test]
fn a_folder_that_is_not_there_is_one_line() {
    let folder = Folder::new("tree_missing");
    let server = Server::start(&folder, |_| {});
    let said = run(&["get", "-r", &server.url("missing"), &folder.path("here")]).failure(1);
    assert!(said.starts_with("\"missing\": the peer answered 550 "), "{said}");
    let said = run(&["put", "-r", &folder.path("missing"), &server.url("up")]).failure(1);
    assert!(said.contains("missing") && said.contains("No such file"), "{said}");
    let said = run(&["put", "-r", &folder.path("here"), &server.url("no/such/up")]).failure(1);
    assert!(said.starts_with("\"no/such/up\": the peer answered 550 "), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_looked_at_here_is_told_at_the_end_and_the_rest_goes_up() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    let folder = Folder::new("tree_unnamed");
    let server = Server::start(&folder, |_| {});
    fill(Path::new(&folder.path("here")));
    std::fs::write(Path::new(&folder.path("here/sub")).join(OsStr::from_bytes(b"\xff")), "x").unwrap();
    let said = run(&["put", "-r", &folder.path("here"), &server.url("up")]).failure(1);
    assert!(said.starts_with("expected names in Unicode, found ") && !said.contains(" of "), "{said}");
    assert_eq!(names(&server.path("up")), expected());
    std::fs::write(Path::new(&folder.path("here")).join(OsStr::from_bytes(b"\xfe")), "x").unwrap();
    let said = run(&["put", "-r", &folder.path("here"), &server.url("up")]).failure(1);
    assert!(said.starts_with("2 of 11 failed; the first: expected names in Unicode, found "), "{said}");

    // What is not known to be here is not removed there, either.
    server.verbs();
    for (from, to) in [(folder.path("here"), server.url("up")), (server.url("up"), folder.path("here"))] {
        let said = run(&["sync", "--delete", &from, &to]).failure(1);
        assert!(said.starts_with("2 of 11 failed; the first: expected names in Unicode, found "), "{said}");
    }
    assert_eq!(server.verbs(), [""; 0]);
}
