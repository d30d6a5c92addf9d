//! Listings: names, lines and JSON.

use std::{
    fs::File,
    time::{Duration, UNIX_EPOCH},
};

use crate::{
    program::{Folder, run},
    script::serve,
    server::Server,
};

fn filled(test: &str) -> (Folder, Server) {
    let folder = Folder::new(test);
    let server = Server::start(&folder, |_| {});
    server.put("b \"q\"", "four");
    server.put("a/inside", "");
    let time = UNIX_EPOCH + Duration::from_secs(1_603_120_770);
    for name in ["b \"q\"", "a"] {
        let file = File::open(server.path(name)).unwrap();
        file.set_modified(time).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = if name == "a" { 0o755 } else { 0o640 };
            file.set_permissions(std::fs::Permissions::from_mode(mode)).unwrap();
        }
    }
    (folder, server)
}

#[test]
fn a_folder_is_listed_by_name() {
    let (_folder, server) = filled("ls");
    assert_eq!(String::from_utf8(run(&["ls", &server.url("")]).output()).unwrap(), "a/\nb \"q\"\n");
    assert_eq!(run(&["ls", &server.url("a")]).output(), b"inside\n");
    let said = run(&["ls", &server.url("missing")]).failure(1);
    assert!(said.starts_with("the peer answered 550 "), "{said}");
}

#[cfg(unix)]
#[test]
fn a_long_listing_and_one_in_json_say_what_is_known() {
    let (_folder, server) = filled("ls_long");
    let output = |option| String::from_utf8(run(&["ls", option, &server.url("")]).output()).unwrap();
    assert_eq!(
        output("--long"),
        "d rwxr-xr-x  -  2020-10-19T15:19:30Z  a/\n- rw-r-----  4  2020-10-19T15:19:30Z  b \"q\"\n"
    );
    assert_eq!(
        output("--json"),
        "[\n  {\"name\": \"a\", \"kind\": \"directory\", \"size\": null, \"modified\": \"2020-10-19T15:19:30Z\", \
         \"permissions\": \"rwxr-xr-x\"},\n  {\"name\": \"b \\\"q\\\"\", \"kind\": \"file\", \"size\": 4, \"modified\": \
         \"2020-10-19T15:19:30Z\", \"permissions\": \"rw-r-----\"}\n]\n"
    );
}

#[test]
fn what_a_server_does_not_say_is_null() {
    let server = serve(|door| {
        for _ in 0..3 {
            let mut peer = door.accept();
            peer.log_in();
            peer.answer("FEAT", "500 what");
            peer.give("MLSD d", "type=OS.unix=slink:/x; l\r\ntype=file; \x1b[31mred\r\ntype=x; o\r\n");
            peer.answer("QUIT", "221 bye");
        }
    });
    let url = format!("ftp://127.0.0.1:{}/d", server.port);
    let output = |option: &[&str]| String::from_utf8(run(&[&["ls", &url], option].concat()).output()).unwrap();
    let unknown = "\"size\": null, \"modified\": null, \"permissions\": null";
    assert_eq!(
        output(&["--json"]),
        format!(
            "[\n  {{\"name\": \"\\u001b[31mred\", \"kind\": \"file\", {unknown}}},\n  {{\"name\": \"l\", \"kind\": \"link\", \
             {unknown}}},\n  {{\"name\": \"o\", \"kind\": \"other\", {unknown}}}\n]\n"
        )
    );
    assert_eq!(output(&[]), "\\u{1b}[31mred\nl\no\n");
    let line = |kind, name| format!("{kind} -  -  -                     {name}\n");
    assert_eq!(output(&["-l"]), [line('-', "\\u{1b}[31mred"), line('l', "l"), line('?', "o")].concat());
    server.end();
}

/// vsftpd knows no MLSD, and answers LIST of a folder that is not there with an empty listing.
#[test]
fn an_empty_listing_of_a_folder_that_is_not_there_is_a_failure() {
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.log_in();
        peer.answer("FEAT", "211 none");
        let listener = peer.passive();
        peer.answer("MLSD gone", "500 what");
        drop(listener);
        let listener = peer.passive();
        peer.answer("LIST gone", "150 here");
        drop(listener.accept().unwrap());
        peer.send("226 done, but it could not be opened\r\n");
        peer.answer("PWD", "257 \"/\"");
        peer.answer("CWD gone", "550 no such folder");
    });
    let said = run(&["ls", &format!("ftp://127.0.0.1:{}/gone", server.port)]).failure(1);
    assert_eq!(said, "the peer answered 550 no such folder");
    server.end();
}
