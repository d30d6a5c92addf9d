//! Who asks, and where passwords come from.

use std::{io::Write as _, process::Stdio};

use crate::{
    ftp_server::Login,
    process::eventually,
    program::{Folder, Outcome, Running, command, run_with_input},
    server::{Server, content},
};

fn guarded(folder: &Folder) -> Server {
    let server = Server::start(folder, |options| {
        options.login = Some(Login { user: "joe".into(), password: "hunter 2".into() });
    });
    server.put("file", "x");
    server
}

fn url(server: &Server, who: &str) -> String {
    format!("ftp://{who}127.0.0.1:{}/file", server.port)
}

/// Runs the program with a password in the environment.
fn run_with(variable: &str, arguments: &[&str]) -> Outcome {
    Running::start(command(arguments).env("SOCKEYE_FTP_PASSWORD", variable)).end()
}

/// Writes a file that only its owner can read, as far as the system knows that.
fn private(folder: &Folder, name: &str, text: &str) -> String {
    let path = folder.write(name, text);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    path
}

#[test]
fn a_password_comes_from_one_of_four_places_in_their_order() {
    let folder = Folder::new("passwords");
    let server = guarded(&folder);
    let (right, wrong) = (folder.write("right", "hunter 2\nmore\n"), folder.write("wrong", "other\n"));
    let netrc = private(&folder, "netrc", "machine 127.0.0.1 login joe password \"hunter 2\"\n");
    let (in_url, not_in_url) = (url(&server, "joe:hunter%202@"), url(&server, "joe@"));
    for (variable, arguments) in [
        ("other", &["cat", "--password-file", &wrong, &in_url][..]),
        ("other", &["cat", "--password-file", &right, "--netrc-file", &netrc, &not_in_url]),
        ("hunter 2", &["cat", &not_in_url]),
        ("", &["cat", "--netrc-file", &netrc, &not_in_url]),
        ("", &["cat", "--netrc-file", &netrc, &url(&server, "")]),
    ] {
        assert_eq!(run_with(variable, arguments).output(), b"x", "{arguments:?}");
    }
    assert_eq!(run_with_input(&["cat", "--password-file", "-", &not_in_url], b"hunter 2\n").output(), b"x");
    for (variable, arguments) in
        [("hunter 2", &["cat", "--password-file", &wrong, &not_in_url][..]), ("other", &["cat", &not_in_url])]
    {
        assert_eq!(run_with(variable, arguments).failure(1), "the peer answered 530 that is not right");
    }
}

#[test]
fn the_netrc_of_the_home_folder_is_read() {
    let folder = Folder::new("home");
    let server = guarded(&folder);
    private(&folder, ".netrc", "default login joe password \"hunter 2\"");
    let outcome = Running::start(command(&["cat", &url(&server, "")]).env("HOME", folder.path(""))).end();
    assert_eq!(outcome.output(), b"x");
}

#[cfg(unix)]
#[test]
fn a_netrc_with_a_password_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new("netrc_open");
    let server = guarded(&folder);
    let path = folder.write("netrc", "machine 127.0.0.1 login joe password \"hunter 2\"\nmachine h login a\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let said = run_with("", &["cat", "--netrc-file", &path, &url(&server, "")]).failure(1);
    assert_eq!(said, format!("{path} holds a password, and others can read it: chmod 600"));
    assert_eq!(server.verbs(), [""; 0]);
    // Nothing of it is needed then.
    assert_eq!(run_with("hunter 2", &["cat", &url(&server, "joe@")]).output(), b"x");
}

#[test]
fn what_is_missing_is_one_line() {
    let folder = Folder::new("no_password");
    let server = guarded(&folder);
    let said = run_with("", &["cat", &url(&server, "joe@")]).failure(1);
    assert!(said.starts_with("no password for \"joe\": neither in the URL, "), "{said}");
    let said = run_with("", &["cat", "--netrc-file", &folder.path("none"), &url(&server, "")]).failure(1);
    assert!(said.contains("none") && said.contains("No such file"), "{said}");
    let said = run_with("", &["cat", "--password-file", &folder.path("none"), &url(&server, "joe@")]).failure(1);
    assert!(said.contains("none") && said.contains("No such file"), "{said}");
    let right = folder.write("right", "hunter 2");
    let said = run_with("", &["cat", "--password-file", &right, &url(&server, "")]).failure(2);
    assert_eq!(said, "--password-file needs a user in the URL or in .netrc");
    assert_eq!(server.verbs(), [""; 0]);
}

#[test]
fn nobody_in_particular_is_anonymous() {
    let folder = Folder::new("anonymous");
    let server = guarded(&folder);
    // The password in the environment is not for everybody.
    let said = run_with("hunter 2", &["cat", &url(&server, "")]).failure(1);
    assert_eq!(said, "the peer answered 530 that is not right");
    assert!(server.heard().contains(&(1, "USER anonymous".to_owned())));
}

/// What is behind it is for somebody else, and need not be there yet.
#[test]
fn a_password_on_standard_input_is_one_line_of_it() {
    let folder = Folder::new("password_line");
    let server = guarded(&folder);
    let url = url(&server, "joe@");
    for end in ["\n", "\r\n"] {
        let input = [b"hunter 2", end.as_bytes(), &content(100_000)].concat();
        let put = run_with_input(&["put", "--password-file", "-", "-", &url], &input);
        assert_eq!(put.output(), b"");
        assert!(server.get("file") == content(100_000));
    }
    let mut running = Running::start(command(&["put", "--password-file", "-", "-", &url]).stdin(Stdio::piped()));
    let mut input = running.child.stdin.take().unwrap();
    input.write_all(b"hunter 2\n").unwrap();
    eventually(|| server.verbs().contains(&"STOR".to_owned()).then_some(()));
    input.write_all(b"late").unwrap();
    drop(input);
    assert_eq!(running.end().output(), b"");
    assert_eq!(server.get("file"), b"late");
}

#[test]
fn a_password_has_an_end() {
    let folder = Folder::new("password_long");
    let server = guarded(&folder);
    let long = folder.write("long", "p".repeat(4097));
    let said = run_with("", &["cat", "--password-file", &long, &url(&server, "joe@")]).failure(1);
    assert!(said.ends_with("expected a line of at most 4096 bytes"), "{said}");
    let binary = folder.write("binary", b"\xff\n");
    let said = run_with("", &["cat", "--password-file", &binary, &url(&server, "joe@")]).failure(1);
    assert!(said.contains("binary") && said.contains("UTF-8"), "{said}");
    assert_eq!(server.verbs(), [""; 0]);
}
