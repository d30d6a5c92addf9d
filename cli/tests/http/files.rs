//! Bodies that become files.

use std::fs;

use crate::{
    process::eventually,
    program::{Folder, Running, command, run},
    server::{answer, response, serve},
};

#[test]
fn a_body_becomes_a_file_without_a_word() {
    let folder = Folder::new("file");
    let body: Vec<u8> = (0..=255).cycle().take(1_000_000).collect();
    let server = answer(response("200 OK", "", &body));
    assert_eq!(run(&["-o", &folder.path("page"), &server.url("/")]).output(), b"");
    server.end();
    assert!(folder.read("page") == body);
    assert_eq!(folder.names(), ["page"]);
}

#[test]
fn what_was_there_stays_until_the_new_file_is_whole() {
    let folder = Folder::new("replaced");
    let path = folder.write("page", "old");
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.reply("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
        peer
    });
    let running = Running::start(&mut command(&["-o", &path, &server.url("/")]));
    let mut peer = server.end();
    eventually(|| (folder.bytes() == 8).then_some(()));
    assert_eq!(folder.read("page"), b"old");
    peer.send("other");
    running.end().output();
    assert_eq!((folder.read("page").as_slice(), folder.names().len()), (&b"firstother"[..], 1));
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_a_pipe_a_pipe() {
    use std::{os::unix::fs::FileTypeExt as _, process::Command, thread};

    let folder = Folder::new("links");
    folder.write("page", "old");
    std::os::unix::fs::symlink("page", folder.path("link")).unwrap();
    let server = answer(response("200 OK", "", "new"));
    run(&["-o", &folder.path("link"), &server.url("/")]).output();
    server.end();
    assert_eq!(folder.read("page"), b"new");
    assert!(fs::symlink_metadata(folder.path("link")).unwrap().is_symlink());

    let pipe = folder.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let path = pipe.clone();
    let reader = thread::spawn(move || fs::read(path).unwrap());
    let server = answer(response("200 OK", "", "through"));
    run(&["-o", &pipe, &server.url("/")]).output();
    server.end();
    assert_eq!(reader.join().unwrap(), b"through");
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

#[test]
fn a_dash_is_standard_output() {
    let server = answer(response("200 OK", "", "here"));
    assert_eq!(run(&["-o", "-", &server.url("/")]).output(), b"here");
    server.end();
}

#[test]
fn a_file_that_cannot_be_made_is_one_line() {
    let folder = Folder::new("no_folder");
    let said = run(&["-o", &folder.path("no/page"), "http://127.0.0.1:9/"]).failure(1);
    assert!(said.contains("no/page") && said.contains("No such file"), "{said}");
    let said = run(&["-o", &folder.path(""), "http://127.0.0.1:9/"]).failure(1);
    assert!(said.contains("directory"), "{said}");
    assert_eq!(folder.names(), [""; 0]);
}

/// What a server says about a failure is a body too.
#[test]
fn a_page_about_an_error_is_written_and_kept_apart_from_success_by_fail_alone() {
    let folder = Folder::new("error_page");
    let path = folder.path("page");
    let server = answer(response("404 Not Found", "", "no such page"));
    assert_eq!(run(&["-o", &path, &server.url("/")]).output(), b"");
    server.end();
    assert_eq!(folder.read("page"), b"no such page");

    let server = answer(response("500 Internal Server Error", "", "oh"));
    assert_eq!(run(&[&server.url("/")]).output(), b"oh");
    server.end();
}

/// A long body needs no more memory than a short one.
#[cfg(target_os = "linux")]
#[test]
fn a_long_body_takes_little_memory() {
    const LENGTH: usize = 96 << 20;
    let folder = Folder::new("memory");
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.reply(format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n"));
        let piece = vec![b'.'; 1 << 20];
        for _ in 0..LENGTH / piece.len() - 1 {
            peer.send(&piece);
        }
        (peer, piece)
    });
    let running = Running::start(&mut command(&["-o", &folder.path("long"), &server.url("/")]));
    let (mut peer, piece) = server.end();
    let status = fs::read_to_string(format!("/proc/{}/status", running.child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix(" kB")).unwrap();
    let peak: usize = peak.trim().parse().unwrap();
    peer.send(&piece);
    running.end().output();
    assert_eq!(folder.bytes(), LENGTH as u64);
    assert!(peak < 16 * 1024, "{peak} KiB");
    fs::remove_file(folder.path("long")).unwrap();
}
