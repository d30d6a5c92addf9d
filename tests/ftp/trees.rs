//! Whole folders.

use std::{fs, ops::ControlFlow, path::PathBuf};

use sockeye::{ErrorKind, Ftp, FtpOptions, FtpResponse, FtpTreeProgress};

use crate::{
    files::content,
    folder::{Habits, Server},
    local_folder::Folder,
    script::{binary, play_to},
};

fn go_on(_: FtpTreeProgress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn a_tree_comes_back_as_it_went() {
    for no_mlsd in [false, true] {
        let server = Server::start(Habits { no_mlsd, ..Habits::default() });
        let local = Folder::new();
        let files = [("a", 10), ("sub/b c", 0), ("sub/\u{e9}/d", 100_000), ("sub/\u{e9}/-e", 3)];
        for (name, length) in files {
            let path = local.0.join("there").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content(length)).unwrap();
        }
        fs::create_dir(local.0.join("there/empty")).unwrap();
        let mut ftp = server.client();
        for _ in 0..2 {
            // The second time everything is there already.
            let response = ftp.upload_tree(local.0.join("there"), "up", &binary(), go_on);
            assert_eq!((response.ok(), response.message()), (true, "4 files"), "{response:?}");
        }
        assert_eq!(ftp.working_directory().directory(), "/");
        assert!(server.root.join("up/empty").is_dir());
        let mut seen = Vec::new();
        let response = ftp.download_tree("up", local.0.join("back"), &binary(), |progress| {
            seen.push((progress.path.to_owned(), progress.files));
            ControlFlow::Continue(())
        });
        assert_eq!((response.ok(), response.message()), (true, "4 files"), "{response:?}");
        for (name, length) in files {
            assert!(fs::read(local.0.join("back").join(name)).unwrap() == content(length), "{name}");
        }
        assert!(local.0.join("back/empty").is_dir());
        assert!(seen.windows(2).all(|pair| pair[0].1 <= pair[1].1) && seen.last().unwrap().1 == 3, "{seen:?}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;

    let server = Server::start(Habits::default());
    server.put("down/a", b"x");
    symlink("/", server.root.join("down/link")).unwrap();
    let local = Folder::new();
    let mut ftp = server.client();
    assert_eq!(ftp.download_tree("down", local.0.join("down"), &binary(), go_on).message(), "1 files");
    assert!(local.0.join("down/link").symlink_metadata().unwrap_err().kind() == std::io::ErrorKind::NotFound);

    symlink("/", local.0.join("down/link")).unwrap();
    assert_eq!(ftp.upload_tree(local.0.join("down"), "up", &binary(), go_on).message(), "1 files");
    assert!(server.root.join("up/link").symlink_metadata().unwrap_err().kind() == std::io::ErrorKind::NotFound);

    // Nor is one that stands where a folder should be.
    server.put("down/link2/b", b"x");
    fs::create_dir(local.0.join("elsewhere")).unwrap();
    symlink(local.0.join("elsewhere"), local.0.join("down/link2")).unwrap();
    let response = ftp.download_tree("down", local.0.join("down"), &binary(), go_on);
    assert_eq!(response.error().unwrap().kind(), ErrorKind::File);
    assert!(local.0.join("elsewhere").read_dir().unwrap().next().is_none());
}

/// Downloads a tree whose root has this listing.
fn download_of(listing: &'static str) -> (FtpResponse, Folder) {
    let (mut ftp, script): (Ftp, _) = play_to(FtpOptions::default(), move |peer| {
        peer.answer("FEAT", "500 what?\r\n");
        peer.list("MLSD /", listing);
        peer.ends();
    });
    let local = Folder::new();
    let response = ftp.download_tree("/", local.0.join("into"), &binary(), go_on);
    drop(ftp);
    script.join();
    (response, local)
}

#[test]
fn names_never_lead_out_of_the_folder() {
    for listing in [
        "type=file; ../evil\r\n",
        "type=file; /evil\r\n",
        "type=dir; ..\r\n",
        "type=dir; .\r\n",
        "type=file; a/b\r\n",
        "type=file; a\0b\r\n",
        "type=file; ..\\evil\r\n",
    ] {
        let (response, local) = download_of(listing);
        assert_eq!(response.error().unwrap().kind(), ErrorKind::Malformed, "{listing:?}");
        assert_eq!(local.names(), ["into"]);
        assert!(local.0.join("into").read_dir().unwrap().next().is_none());
    }
}

#[test]
fn a_tree_without_an_end_has_one() {
    let server = Server::start(Habits::default());
    let deep = "d/".repeat(70);
    server.put(&format!("{deep}x"), b"x");
    let local = Folder::new();
    let response = server.client().download_tree("", local.0.join("into"), &binary(), go_on);
    assert_eq!(response.error().unwrap().to_string(), "more than 64 folders inside one another");
}

/// Few bytes of a listing for each of many folders whose paths are long.
#[test]
fn paths_of_a_tree_do_not_take_all_memory() {
    let (mut ftp, script): (Ftp, _) = play_to(FtpOptions::default(), |peer| {
        peer.answer("FEAT", "500 what?\r\n");
        let (mut path, name) = (String::new(), "d".repeat(250));
        for _ in 0..3 {
            peer.list(format!("MLSD {path}").trim_end(), format!("type=dir; {name}\r\n"));
            path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        }
        let many: String = (0..200_000).map(|number| format!("type=dir; {number}\r\n")).collect();
        peer.list(&format!("MLSD {path}"), many);
        peer.ends();
    });
    let local = Folder::new();
    let response = ftp.download_tree("", local.0.join("into"), &binary(), go_on);
    let said = response.error().unwrap().to_string();
    assert!(said.starts_with("a list of folders of ") && said.ends_with(" than the limit of 268435456"), "{said}");
    drop(ftp);
    script.join();
}

#[test]
fn the_first_failure_is_the_answer() {
    let server = Server::start(Habits { dies_after: Some(150_000), ..Habits::default() });
    server.put("a", &content(100_000));
    server.put("b", &content(100_000));
    let local = Folder::new();
    let mut ftp = server.client();
    let response = ftp.download_tree("", local.0.join("into"), &binary(), go_on);
    assert!(!response.ok() && !ftp.is_connected());
    assert_eq!(fs::read_dir(local.0.join("into")).unwrap().count(), 1, "what was whole stays");
    let response = server.client().download_tree("nowhere", local.0.join("into"), &binary(), go_on);
    assert_eq!((response.status().code(), response.message()), (550, "no such folder"));
    let response = server.client().download_tree("", local.0.join("no/where"), &binary(), go_on);
    assert_eq!(response.status().code(), 1003);
    let response = server.client().download_tree("", local.0.join("other"), &binary(), |_| ControlFlow::Break(()));
    assert_eq!(response.error().unwrap().kind(), ErrorKind::Cancelled);
}

#[test]
fn a_tree_of_small_files_is_told_of_and_can_be_ended() {
    let server = Server::start(Habits::default());
    let local = Folder::new();
    for name in ["a", "b", "c", "d"] {
        server.put(&format!("down/{name}"), b"x");
        fs::create_dir_all(local.0.join("there")).unwrap();
        fs::write(local.0.join("there").join(name), b"x").unwrap();
    }
    let mut ftp = server.client();
    let mut end = |progress: FtpTreeProgress<'_>| {
        if progress.files == 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let response = ftp.download_tree("down", local.0.join("back"), &binary(), &mut end);
    assert_eq!(response.into_result().unwrap_err().kind(), ErrorKind::Cancelled);
    // A file that is whole when the word comes stays, and one that is on its way goes.
    let is_told = |folder: PathBuf| (1..=2).contains(&fs::read_dir(folder).unwrap().count());
    assert!(is_told(local.0.join("back")));
    let response = ftp.upload_tree(local.0.join("there"), "up", &binary(), &mut end);
    assert_eq!(response.into_result().unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(is_told(server.root.join("up")));
    assert!(ftp.keep_alive().ok());
}
