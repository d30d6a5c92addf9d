//! Downloads of one file.

use std::process::Command;

use crate::{
    program::{Folder, Outcome, Running, command, run},
    server::{Server, content},
};

/// Runs the program in a folder.
fn run_in(folder: &Folder, arguments: &[&str]) -> Outcome {
    let mut command: Command = command(arguments);
    Running::start(command.current_dir(folder.path(""))).end()
}

#[test]
fn a_file_has_its_own_name_or_another_one() {
    let folder = Folder::new("get");
    let server = Server::start(&folder, |_| {});
    for (name, length) in [("empty", 0), ("sub/a b\u{e9}", 1), ("large", 3_000_000)] {
        server.put(name, content(length));
        let url = server.url(&name.replace(' ', "%20"));
        assert_eq!(run_in(&folder, &["get", &url]).output(), b"");
        let last = name.rsplit('/').next().unwrap();
        assert!(folder.read(last) == content(length), "{name}");
        assert_eq!(run(&["get", &url, "-o", &folder.path("other")]).output(), b"");
        assert!(folder.read("other") == content(length), "{name}");
        assert!(run(&["get", &url, "-o", "-"]).output() == content(length), "{name}");
        assert!(run(&["cat", &url]).output() == content(length), "{name}");
    }
    assert_eq!(folder.names(), ["a b\u{e9}", "empty", "large", "other", "server"]);
}

#[test]
fn paths_begin_at_the_top_when_they_say_so() {
    let folder = Folder::new("get_absolute");
    let server = Server::start(&folder, |_| {});
    server.put("sub/file", "x");
    for path in ["/sub/file", "%2Fsub/file", "sub/file"] {
        assert_eq!(run(&["cat", &server.url(path)]).output(), b"x");
    }
    let paths: Vec<String> =
        server.heard().into_iter().filter_map(|(_, heard)| Some(heard.strip_prefix("RETR ")?.to_owned())).collect();
    assert_eq!(paths, ["/sub/file", "/sub/file", "sub/file"]);
}

#[test]
fn text_has_the_line_ends_of_this_system() {
    let folder = Folder::new("get_text");
    let server = Server::start(&folder, |_| {});
    server.put("text", "a\nb\n");
    let url = server.url("text");
    let typed = format!("{url};type=a");
    for arguments in [vec!["cat", "--mode", "ascii", &url], vec!["cat", &typed]] {
        let text = run(&arguments).output();
        assert_eq!(String::from_utf8(text).unwrap().lines().collect::<Vec<_>>(), ["a", "b"]);
        assert!(server.heard().iter().any(|(_, command)| command == "TYPE A"));
    }
    let said = run(&["cat", "--mode", "ebcdic", &url]).failure(1);
    assert_eq!(said, "the peer answered 504 only I and A");
}

#[test]
fn what_fails_leaves_what_was_there() {
    let folder = Folder::new("get_failed");
    let server = Server::start(&folder, |options| options.breaks_after = Some(1000));
    folder.write("file", "before");
    let path = folder.path("file");
    let said = run(&["get", &server.url("missing"), "-o", &path]).failure(1);
    assert!(said.starts_with("the peer answered 550 "), "{said}");
    server.put("cut", content(100_000));
    let said = run(&["get", &server.url("cut"), "-o", &path]).failure(1);
    assert!(said.contains("connect") || said.contains("closed"), "{said}");
    assert_eq!(
        (folder.read("file").as_slice(), folder.names()),
        (&b"before"[..], vec!["file".into(), "server".into()])
    );
}

#[test]
fn a_file_that_cannot_be_made_is_found_out_first() {
    let folder = Folder::new("get_nowhere");
    let server = Server::start(&folder, |_| {});
    server.put("file", "x");
    let said = run(&["get", &server.url("file"), "-o", &folder.path("no/such/file")]).failure(1);
    assert!(said.contains("no/such/file") && said.contains("No such file"), "{said}");
    for url in [server.url(""), server.url("folder/"), server.url("..")] {
        let said = run_in(&folder, &["get", &url]).failure(1);
        assert!(said.starts_with("expected a URL that ends with a file name"), "{said}");
    }
    assert_eq!(server.verbs(), [""; 0]);
}

#[test]
fn a_download_that_is_cut_goes_on() {
    let folder = Folder::new("get_resume");
    let all = content(1_000_000);
    let server = Server::start(&folder, |options| options.breaks_after = Some(300_000));
    server.put("file", &all);
    let (path, url) = (folder.path("file"), server.url("file"));
    let mut tries = 0;
    while run(&["get", "--resume", &url, "-o", &path]).code != Some(0) {
        assert!(!folder.names().contains(&"file".to_owned()), "{:?}", folder.names());
        tries += 1;
        assert!(tries < 20, "it does not come to an end");
    }
    assert!(tries >= 3 && folder.read("file") == all, "{tries} tries");
    assert_eq!(folder.names(), ["file", "server"]);
    let offsets = server.heard().iter().filter(|(_, command)| command.starts_with("REST ")).count();
    assert!(offsets >= 3, "{offsets}");
}

#[test]
fn the_server_may_open_the_data_connection() {
    let folder = Folder::new("get_active");
    let server = Server::start(&folder, |_| {});
    server.put("file", content(500_000));
    assert!(run(&["cat", "--active", &server.url("file")]).output() == content(500_000));
    let verbs = server.verbs();
    assert!(verbs.contains(&"EPRT".to_owned()) && !verbs.contains(&"EPSV".to_owned()), "{verbs:?}");
}

#[test]
fn commands_and_replies_can_be_seen_without_the_password() {
    let folder = Folder::new("get_verbose");
    let server = Server::start(&folder, |_| {});
    server.put("file", "x");
    let outcome = run(&["cat", "-v", &format!("ftp://joe:hunter2@127.0.0.1:{}/file", server.port)]);
    assert_eq!((outcome.code, outcome.stdout.as_slice()), (Some(0), &b"x"[..]));
    for line in ["< 220 sockeye", "> USER joe\n", "> PASS ****\n", "< 230 welcome\n", "> RETR file\n", "< 226 done\n"] {
        assert!(outcome.stderr.contains(line), "{line:?} is not in\n{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
    assert!(server.heard().contains(&(1, "PASS ****".to_owned())));
}

#[cfg(unix)]
#[test]
fn a_file_that_is_replaced_keeps_its_permissions() {
    use std::{
        fs,
        os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    };

    let folder = Folder::new("get_permissions");
    let server = Server::start(&folder, |_| {});
    server.put("from/file", "after");
    fs::create_dir(folder.path("here")).unwrap();
    let (path, url) = (folder.path("here/file"), server.url("from/file"));
    let tree = [server.url("from"), folder.path("here")];
    for action in [
        &["get", "-o", &path, &url][..],
        &["get", "--resume", "-o", &path, &url],
        &["get", "-r", &tree[0], &tree[1]],
        &["sync", &tree[0], &tree[1]],
    ] {
        // More and less than what new files get.
        for mode in [0o600, 0o777, 0o440] {
            folder.write("here/new", "before");
            fs::set_permissions(folder.path("here/new"), fs::Permissions::from_mode(mode)).unwrap();
            fs::rename(folder.path("here/new"), &path).unwrap();
            assert_eq!(run(action).output(), b"");
            assert_eq!(folder.read("here/file"), b"after");
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, mode, "{action:?}");
        }
    }
    // A new one is like any other.
    fs::remove_file(&path).unwrap();
    run(&["get", "-o", &path, &url]).output();
    let usual = folder.write("usual", "");
    assert_eq!(fs::metadata(&path).unwrap().mode(), fs::metadata(usual).unwrap().mode());
}
