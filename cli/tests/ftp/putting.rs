//! Uploads of one file.

use crate::{
    program::{Folder, command, run, run_with_input},
    script::serve,
    server::{Server, content},
};

#[test]
fn a_file_goes_under_its_own_name_or_another_one() {
    let folder = Folder::new("put");
    let server = Server::start(&folder, |_| {});
    server.put("sub/there", "before");
    for length in [0, 1, 3_000_000] {
        let local = folder.write("file", content(length));
        assert_eq!(run(&["put", &local, &server.url("")]).output(), b"");
        assert_eq!(run(&["put", &local, &server.url("sub/")]).output(), b"");
        // What was there is replaced.
        assert_eq!(run(&["put", &local, &server.url("sub/there")]).output(), b"");
        for name in ["file", "sub/file", "sub/there"] {
            assert!(server.get(name) == content(length), "{name}, {length} bytes");
        }
    }
    assert_eq!(server.names(), ["file", "sub/", "sub/file", "sub/there"]);
    assert_eq!(run_with_input(&["put", "-", &server.url("input")], b"hello").output(), b"");
    assert_eq!(server.get("input"), b"hello");
}

#[test]
fn a_file_has_its_name_when_it_is_whole() {
    let folder = Folder::new("put_temporary");
    let server = Server::start(&folder, |_| {});
    let local = folder.write("file", "x");
    run(&["put", &local, &server.url("sub")]).output();
    let heard: Vec<String> = server.heard().into_iter().map(|(_, command)| command).collect();
    let stored = heard.iter().find_map(|command| command.strip_prefix("STOR ")).unwrap();
    assert!(stored.starts_with(".sockeye-") && stored.ends_with(".part"), "{stored}");
    assert!(heard.contains(&format!("RNFR {stored}")) && heard.contains(&"RNTO sub".to_owned()), "{heard:?}");
    run(&["put", "--in-place", &local, &server.url("other")]).output();
    assert!(server.heard().contains(&(2, "STOR other".to_owned())));
    assert_eq!(server.names(), ["other", "sub"]);
}

#[test]
fn an_upload_that_is_cut_has_no_name_and_goes_on() {
    let folder = Folder::new("put_resume");
    let all = content(1_000_000);
    let server = Server::start(&folder, |options| options.breaks_after = Some(300_000));
    let (local, url) = (folder.write("file", &all), server.url("file"));
    let mut tries = 0;
    while run(&["put", "--resume", &local, &url]).code != Some(0) {
        let [part] = &server.names()[..] else { panic!("one part") };
        assert!(part.starts_with("file.") && part.ends_with(".part"), "{part}");
        tries += 1;
        assert!(tries < 20, "it does not come to an end");
    }
    assert!(tries >= 3 && server.get("file") == all, "{tries} tries");
    assert_eq!(server.names(), ["file"]);
}

#[test]
fn a_part_of_another_version_is_not_gone_on_with() {
    let folder = Folder::new("put_versions");
    let server = Server::start(&folder, |options| options.breaks_after = Some(300_000));
    let url = server.url("file");
    let local = folder.write("file", content(1_000_000));
    run(&["put", "--resume", &local, &url]).failure(1);
    // As long as the first one, and from another second.
    let other = vec![7; 1_000_000];
    folder.write("file", &other);
    let file = std::fs::File::options().write(true).open(&local).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_767_225_600)).unwrap();
    let tries = (1..20).find(|_| run(&["put", "--resume", &local, &url]).code == Some(0));
    assert!(tries.is_some() && server.get("file") == other, "{tries:?} tries");
}

#[test]
fn what_cannot_be_read_is_found_out_before_the_server_is_asked() {
    let folder = Folder::new("put_nothing");
    let server = Server::start(&folder, |_| {});
    let said = run(&["put", &folder.path("missing"), &server.url("")]).failure(1);
    assert!(said.contains("missing") && said.contains("No such file"), "{said}");
    let said = run(&["put", &folder.path("server"), &server.url("")]).failure(1);
    assert!(said.to_lowercase().contains("is a directory"), "{said}");
    let said = run(&["put", "-", &server.url("")]).failure(1);
    assert_eq!(said, "expected a URL that ends with a file name");
    assert_eq!(run(&["put", "--resume", "-", &server.url("a")]).code, Some(2));
    assert_eq!(server.verbs(), [""; 0]);
}

#[test]
fn a_server_for_reading_refuses() {
    let folder = Folder::new("put_refused");
    let server = Server::start(&folder, |options| options.may_write = false);
    let local = folder.write("file", "x");
    let said = run(&["put", &local, &server.url("")]).failure(1);
    assert_eq!(said, "the peer answered 550 this server is for reading only");
    assert_eq!(server.names(), [""; 0]);
}

#[test]
fn a_file_gets_a_name_in_any_language() {
    let folder = Folder::new("put_names");
    let server = Server::start(&folder, |_| {});
    let local = folder.write("\u{e9}.txt", "x");
    assert_eq!(run(&["put", &local, &server.url("")]).output(), b"");
    assert_eq!(server.names(), ["\u{e9}.txt"]);
    assert_eq!(run(&["mv", &server.url("%C3%A9.txt"), "a"]).output(), b"");
    assert_eq!(run(&["mv", &server.url("a"), "\u{e9}"]).output(), b"");
    assert_eq!(server.names(), ["\u{e9}"]);
}

/// IIS, for one, does not rename onto a file.
#[test]
fn what_is_in_the_way_of_a_name_is_removed_first() {
    let folder = Folder::new("put_in_the_way");
    let local = folder.write("file", "x");
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.log_in();
        peer.answer("TYPE I", "200 ok");
        let (name, mut connection) = peer.take();
        let mut data = String::new();
        std::io::Read::read_to_string(&mut connection, &mut data).unwrap();
        peer.send("226 done\r\n");
        peer.answer(&format!("RNFR {name}"), "350 to what");
        peer.answer("RNTO file", "550 there is one");
        peer.answer("SIZE file", "213 7");
        peer.answer("DELE file", "250 gone");
        peer.answer(&format!("RNFR {name}"), "350 to what");
        peer.answer("RNTO file", "250 done");
        peer.answer("QUIT", "221 bye");
        data
    });
    run(&["put", &local, &format!("ftp://127.0.0.1:{}/file", server.port)]).output();
    assert_eq!(server.end(), "x");
}

/// What was there is not risked for a name that nothing can get, and what was sent is the only one once that is gone.
#[test]
fn a_file_is_never_lost_for_the_sake_of_its_name() {
    let folder = Folder::new("put_unnamed");
    let local = folder.write("file", "x");
    for removes in [false, true] {
        let server = serve(move |door| {
            let mut peer = door.accept();
            peer.log_in();
            peer.answer("TYPE I", "200 ok");
            let (name, mut connection) = peer.take();
            std::io::Read::read_to_end(&mut connection, &mut Vec::new()).unwrap();
            peer.send("226 done\r\n");
            if removes {
                peer.answer(&format!("RNFR {name}"), "350 to what");
                peer.answer("RNTO file", "550 there is one");
                peer.answer("SIZE file", "213 7");
                peer.answer("DELE file", "250 gone");
            }
            peer.answer(&format!("RNFR {name}"), "550 nothing is renamed");
            if !removes {
                peer.answer(&format!("DELE {name}"), "250 gone");
            }
            (name, peer.rest())
        });
        let said = run(&["put", &local, &format!("ftp://127.0.0.1:{}/file", server.port)]).failure(1);
        let (name, rest) = server.end();
        assert_eq!(rest, "");
        let refused = "the peer answered 550 nothing is renamed";
        let expected = if removes { format!("{refused}; the file is there, as {name:?}") } else { refused.to_owned() };
        assert_eq!(said, expected);
    }
}

#[test]
fn what_is_not_taken_is_removed() {
    let folder = Folder::new("put_not_taken");
    let local = folder.write("file", "x");
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.log_in();
        peer.answer("TYPE I", "200 ok");
        let (name, connection) = peer.take();
        drop(connection);
        peer.send("452 the disk is full\r\n");
        peer.answer(&format!("DELE {name}"), "250 gone");
    });
    let said = run(&["put", &local, &format!("ftp://127.0.0.1:{}/file", server.port)]).failure(1);
    assert_eq!(said, "the peer answered 452 the disk is full");
    server.end();
    assert_eq!(command(&["put"]).output().unwrap().status.code(), Some(2));
}
