//! The server: as a program, and what it lets nobody do.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::Stdio,
};

use crate::{
    PATIENCE,
    ftp_server::Login,
    program::{Folder, command, run},
    server::{Server, content},
};

/// A session in which every word is the test's.
struct Session(BufReader<TcpStream>);

impl Session {
    fn open(server: &Server) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut session = Self(BufReader::new(stream));
        assert!(session.reply().starts_with("220 "));
        session
    }

    fn logged_in(server: &Server) -> Self {
        let mut session = Self::open(server);
        session.say("USER a", "331");
        session.say("PASS b", "230");
        session
    }

    fn send(&mut self, text: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(text.as_ref()).unwrap();
    }

    fn reply(&mut self) -> String {
        let mut reply = String::new();
        self.0.read_line(&mut reply).unwrap();
        reply
    }

    /// Sends a command that has to be answered with this code.
    #[track_caller]
    fn say(&mut self, command: &str, code: &str) -> String {
        self.send(format!("{command}\r\n"));
        let reply = self.reply();
        assert!(reply.starts_with(code), "{command}: {reply}");
        reply
    }

    fn passive(&mut self) -> TcpStream {
        let reply = self.say("EPSV", "229");
        let port: u16 = reply.split('|').nth(3).unwrap().parse().unwrap();
        TcpStream::connect(("127.0.0.1", port)).unwrap()
    }

    /// What is left to be heard.
    fn rest(mut self) -> String {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).unwrap();
        rest
    }
}

#[test]
fn nothing_outside_of_the_folder_can_be_reached() {
    let folder = Folder::new("serve_outside");
    let server = Server::start(&folder, |_| {});
    folder.write("secret", "x");
    server.put("inside", "y");
    let mut session = Session::logged_in(&server);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path(""), server.path("link")).unwrap();
        std::os::unix::fs::symlink(folder.path("secret"), server.path("file")).unwrap();
    }
    for path in ["../secret", "/../secret", "link/secret", "file", "..\\secret", "x/../../secret"] {
        session.say(&format!("SIZE {path}"), "55");
        session.say(&format!("RETR {path}"), "55");
        session.say(&format!("DELE {path}"), "55");
        session.say(&format!("RNFR {path}"), "55");
        session.say(&format!("MFMT 20200101000000 {path}"), "55");
    }
    session.say("CWD ..", "250");
    assert!(session.say("PWD", "257").starts_with("257 \"/\""));
    session.say("CWD link", "550");
    session.say("RMD /", "550");
    session.say("RNFR inside", "350");
    session.say("RNTO ../outside", "250");
    session.say("MKD ../folder", "257");
    assert!(server.names().contains(&"outside".to_owned()) && server.names().contains(&"folder/".to_owned()));
    let mut data = session.passive();
    session.say("NLST", "150");
    let mut listing = String::new();
    data.read_to_string(&mut listing).unwrap();
    let mut names: Vec<&str> = listing.lines().collect();
    names.sort_unstable();
    assert_eq!(names, ["folder", "outside"]);
    assert!(session.reply().starts_with("226"));
    assert_eq!(folder.read("secret"), b"x");
    assert_eq!(folder.names(), ["secret", "server"]);
}

#[test]
fn a_folder_for_reading_stays_as_it_is() {
    let folder = Folder::new("serve_reading");
    let server = Server::start(&folder, |options| options.may_write = false);
    server.put("file", "x");
    let mut session = Session::logged_in(&server);
    for command in
        ["STOR a", "APPE file", "DELE file", "MKD a", "RMD a", "RNFR file", "RNTO a", "MFMT 20200101000000 file"]
    {
        session.say(command, "550 this server is for reading only");
    }
    assert_eq!(server.names(), ["file"]);
}

#[test]
fn data_connections_are_the_clients_own() {
    let folder = Folder::new("serve_data");
    let server = Server::start(&folder, |_| {});
    server.put("file", "x");
    let mut session = Session::logged_in(&server);
    // The bounce of RFC 2577.
    for command in ["PORT 127,0,0,2,200,0", "PORT 127,0,0,1,0,80", "EPRT |1|192.0.2.1|50000|", "EPRT |2|::1|50000|"] {
        session.say(command, "504");
    }
    for command in ["PORT 1,2,3", "PORT 127,0,0,1,256,0", "EPRT |1|::1|50000|", "EPRT", "EPRT |1|127.0.0.1|"] {
        session.say(command, "501");
    }
    session.say("RETR file", "425");
    session.say("EPSV 2", "522");
    session.say("EPSV 1", "229");
    assert!(session.say("PASV", "227").contains("(127,0,0,1,"));
    session.say("EPSV ALL", "200");
    session.say("PASV", "522");
    session.say("REST 2", "350");
    let _data = session.passive();
    // The offset was for the next command only.
    session.say("TYPE I", "200");
    session.say("RETR file", "150");
    assert!(session.reply().starts_with("226"));
}

#[test]
fn a_transfer_can_be_aborted_and_the_session_goes_on() {
    let folder = Folder::new("serve_abort");
    let server = Server::start(&folder, |_| {});
    server.put("file", content(50_000_000));
    let mut session = Session::logged_in(&server);
    session.say("TYPE I", "200");
    let data = session.passive();
    session.say("RETR file", "150");
    // As clients of old do, with the words of Telnet in front.
    session.send(b"\xff\xf4\xff\xf2ABOR\r\n");
    assert!(session.reply().starts_with("426"));
    assert!(session.reply().starts_with("226"));
    drop(data);
    session.say("NOOP", "200");
    session.say("ABOR", "226");
    assert!(session.say("SIZE file", "213").starts_with("213 50000000"));
}

#[test]
fn whoever_is_nobody_can_do_nothing() {
    let folder = Folder::new("serve_login");
    let server = Server::start(&folder, |options| {
        options.login = Some(Login { user: "joe".into(), password: "secret".into() });
    });
    let mut session = Session::open(&server);
    for command in ["PWD", "LIST", "EPSV", "RETR x", "STOR x", "DELE x", "CWD /"] {
        session.say(command, "530");
    }
    session.say("PASS secret", "503");
    for (user, password) in [("joe", "secre"), ("jo", "secret")] {
        session.say(&format!("USER {user}"), "331");
        session.say(&format!("PASS {password}"), "530");
    }
    session.say("USER joe", "331");
    session.say("PASS secret2", "421");
    assert_eq!(session.rest(), "");
    let mut session = Session::open(&server);
    session.say("user joe", "331");
    session.say("pass secret", "230");
    session.say("PWD", "257");
    assert!(!server.heard().iter().any(|(_, command)| command.contains("secre")));
}

#[test]
fn what_is_no_command_does_no_harm() {
    let folder = Folder::new("serve_odd");
    let server = Server::start(&folder, |_| {});
    let mut session = Session::logged_in(&server);
    for command in
        ["", "X", "SITE EXEC", "AUTH TLS", "PROT P", "TYPE E", "MODE B", "OPTS x", "REST x", "RNTO x", "MFMT x"]
    {
        session.say(command, "50");
    }
    session.send(b"SIZE \xff\xff\xfe\r\n");
    assert!(session.reply().starts_with("501"));
    // One byte at a time, and several commands at once.
    for byte in b"NOOP\r\n" {
        session.send([*byte]);
    }
    assert!(session.reply().starts_with("200"));
    session.send("NOOP\r\nPWD\nQUIT\r\nNOOP\r\n");
    let rest = session.rest();
    assert_eq!(rest.lines().map(|line| &line[..3]).collect::<Vec<_>>(), ["200", "257", "221"]);
    let mut session = Session::logged_in(&server);
    session.send(vec![b'x'; 8192]);
    assert!(session.rest().starts_with("500"));
}

#[test]
fn the_program_serves_a_folder() {
    let folder = Folder::new("serve");
    std::fs::create_dir_all(folder.path("served")).unwrap();
    folder.write("served/file", "x");
    let start = |options: &[&str]| {
        let mut serve = command(&[&["serve", "-p", "0", &folder.path("served")], options].concat());
        let mut child = serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (Ended(child), line.trim_end().to_owned())
    };
    let (_server, line) = start(&[]);
    let url = line.strip_suffix(" for reading only").unwrap();
    assert!(url.starts_with("ftp://127.0.0.1:"), "{line}");
    assert_eq!(run(&["cat", &format!("{url}file")]).output(), b"x");
    run(&["rm", &format!("{url}file")]).failure(1);
    let password = folder.write("password", "hunter2\n");
    let (_server, line) = start(&["--write", "--tls", "explicit", "--user", "joe", "--password-file", &password]);
    let (url, pin) = line.split_once(" for reading and writing, --pin ").unwrap();
    let url = url.replace("ftp://", "ftp://joe:hunter2@");
    run(&["rm", "--tls", "explicit", "--pin", pin, &format!("{url}file")]).output();
    assert!(!std::path::Path::new(&folder.path("served/file")).exists());
    let said = run(&["serve", "-p", "0", &folder.path("missing")]).failure(1);
    assert!(said.contains("missing") && said.contains("No such file"), "{said}");
}

/// A program that ends with its test.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}
