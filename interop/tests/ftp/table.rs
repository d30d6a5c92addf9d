//! Every server in every combination; `docs/ftp-servers.md` is what came of it.

use std::{collections::BTreeMap, env, fs, path::Path, thread};

use interop::{Family, Folder, FtpPort, FtpProgram, FtpServer};
use sockeye::{Error, FtpDataMode};

use super::{
    steps::{STEPS, Visit},
    support::{Security, connected},
};

/// The place of a row in the table, and what is in it.
type Rows = BTreeMap<(FtpProgram, Family, FtpPort, usize), String>;

#[test]
fn every_server_does_in_every_combination_what_the_table_says() {
    let servers = FtpProgram::ALL.into_iter().flat_map(|program| {
        let ports = program.ports().iter();
        ports.flat_map(move |port| Family::ALL.map(|family| (program, family, *port)))
    });
    let rows: Rows = thread::scope(|scope| {
        let threads: Vec<_> =
            servers.map(|(program, family, port)| scope.spawn(move || visits(program, family, port))).collect();
        // All of them, so that each failure is seen.
        let ended: Vec<_> = threads.into_iter().map(thread::ScopedJoinHandle::join).collect();
        ended.into_iter().flat_map(|rows| rows.expect("no failure")).collect()
    });
    compare(&document(&rows));
}

/// All combinations at one server.
fn visits(program: FtpProgram, family: Family, port: FtpPort) -> Rows {
    let server = FtpServer::start(program, family, port);
    let mut rows = Rows::new();
    for security in Security::at(port) {
        for data_mode in [FtpDataMode::Passive, FtpDataMode::Active] {
            let place = rows.len();
            rows.insert((program, family, port, place), row(&server, family, *security, data_mode));
        }
    }
    rows
}

fn row(server: &FtpServer, family: Family, security: Security, data_mode: FtpDataMode) -> String {
    let family = if family == Family::V4 { "IPv4" } else { "IPv6" };
    let mode = if data_mode == FtpDataMode::Passive { "passive" } else { "active" };
    let tls = match security {
        Security::Plain => "none",
        Security::Explicit => "explicit",
        Security::Implicit => "implicit",
    };
    let name = server.program().name();
    let mut text = format!("| {name} | {family} | {mode} | {tls} |");
    let ftp = connected(server, security, data_mode);
    let folder = format!("{mode} {tls}");
    println!("{text}");
    let mut visit = Visit { server, security, data_mode, folder, ftp, local: Folder::new("visit") };
    for (what, step) in STEPS {
        let cell = match step(&mut visit) {
            Ok(answer) => answer.to_owned(),
            Err(Error::PeerRefused { code, .. }) => code.to_string(),
            Err(error) => panic!("{text}: {what}: {error}"),
        };
        text += &format!(" {cell} |");
    }
    assert!(visit.ftp.disconnect().ok());
    text
}

fn document(rows: &Rows) -> String {
    let mut text = TOP.to_owned();
    text += "\n| server | family | data | TLS |";
    STEPS.iter().for_each(|(what, _)| text += &format!(" {what} |"));
    text += "\n|---|---|---|---|";
    text += &"---|".repeat(STEPS.len());
    text += "\n";
    rows.values().for_each(|row| text += &format!("{row}\n"));
    text
}

/// Compares the document with the one in the project, or writes it there.
fn compare(document: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ftp-servers.md");
    if env::var_os(WRITE).is_some() {
        fs::write(&path, document).unwrap();
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    let mut lines = known.lines();
    for line in document.lines() {
        assert_eq!(Some(line), lines.next(), "{} says something else; {WRITE}=1 writes it", path.display());
    }
    assert_eq!(lines.next(), None, "{} says more; {WRITE}=1 writes it", path.display());
}

/// The variable of the environment that lets the test write the document.
const WRITE: &str = "SOCKEYE_WRITE_DOCS";

const TOP: &str = "\
# FTP servers

Written by `cargo test -p interop --test ftp`, which fails where it sees something else than this;
`SOCKEYE_WRITE_DOCS=1` lets it write. The servers are Debian 12's, and pyftpdlib of PyPI.

Every line is a session with a server that listens on one family (127.0.0.1 or ::1), with data connections that the
client opens (passive) or the server (active), in plain text or with TLS from a command (explicit) or from the first
byte on (implicit). vsftpd and ProFTPD take only data connections that resume the session of the control connection. A
number is the server's refusal. The columns:

- up, down: files of 0, 1 and 1,000,003 bytes, waited for and polled in a selector, the same on both sides
- list: typed entries and names of a folder, and by which command
- size, time; set time: `size`, `modified`, `set_modified`
- ASCII, EBCDIC: the type is taken; lines come back as they went
- append: behind what is there, and from an offset on, in both directions
- resume: 16 MiB, cancelled and continued where they stopped, in both directions
- folders; rename, delete: made, entered, left, removed; and refused where nothing is
- names: two spaces in a row, quotation marks, characters of one to four bytes in UTF-8, a hyphen in front, brackets and
  braces: as folders and as files in them, for every command
- spaces around: names that begin or end with one; `no` where the server gives the file another name
- cancel: uploads and downloads of 16 MiB, waited for and polled, given up in the middle; the session is used for others
- read-only user: uploads, folders, deletions and renames are refused and nothing has changed; the answer to an upload

Besides, each server takes and gives a file of 1 GiB and a tree of 2,000 files, refuses wrong passwords, and is killed in
the middle of a hundred transfers, which go on from there until every byte is right.
";
