//! The servers are what the other tests take them for: a client that everybody knows says so. And what they refuse.

use std::{fs, process::Command, thread};

use interop::{Family, FtpPort, FtpProgram, FtpServer, READER, WRITER, curl};
use sockeye::{Ftp, FtpDataMode, FtpStatus};

use super::support::{Security, connected};

fn servers() -> impl Iterator<Item = (FtpServer, FtpPort)> {
    FtpProgram::ALL.into_iter().flat_map(|program| {
        program.ports().iter().map(move |port| (FtpServer::start(program, Family::V4, *port), *port))
    })
}

#[test]
fn curl_gets_and_puts_files() {
    for (server, port) in servers() {
        let name = server.program().name();
        let path = server.write("folder/hello.txt", format!("hello from {name}\n"));
        let scheme = if port == FtpPort::Usual { "ftp" } else { "ftps" };
        let url = format!("{scheme}://{}:{}/folder/", server.host(), server.port());
        let (user, authority) = (format!("{}:{}", WRITER.0, WRITER.1), server.authority());
        for security in if port == FtpPort::Usual { &["", "--ssl-reqd"][..] } else { &["--ssl-reqd"] } {
            let common = ["--cacert", authority.to_str().unwrap(), "-u", &user];
            let common: Vec<&str> = common.into_iter().chain((!security.is_empty()).then_some(*security)).collect();
            let got = curl(&[&common, &[&*format!("{url}hello.txt")][..]].concat());
            assert_eq!(String::from_utf8(got.body).unwrap(), format!("hello from {name}\n"));
            let put = format!("{url}put-{}", security.len());
            assert_eq!(curl(&[&common, &["-T", path.to_str().unwrap(), &put][..]].concat()).status, 226, "{name}");
            assert_eq!(
                fs::read(server.path(&format!("folder/put-{}", security.len()))).unwrap(),
                fs::read(&path).unwrap()
            );
        }
    }
}

#[test]
fn vsftpd_and_proftpd_want_data_connections_to_resume_a_session() {
    for program in [FtpProgram::Vsftpd, FtpProgram::Proftpd] {
        let server = FtpServer::start(program, Family::V4, FtpPort::Usual);
        server.write("file", "never to be seen\n");
        let url = format!("ftp://{}:{}/file", server.host(), server.port());
        let ended = Command::new("curl")
            .args(["-q", "-sS", "-k", "--ssl-reqd", "--no-sessionid", "--max-time", "20", "-u"])
            .args([&format!("{}:{}", WRITER.0, WRITER.1), &url])
            .output()
            .unwrap();
        assert!(!ended.status.success() && ended.stdout.is_empty(), "{}: {ended:?}", program.name());
    }
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_refused() {
    // At the same time: Pure-FTPd takes seconds to refuse.
    thread::scope(|scope| {
        for (server, port) in servers() {
            scope.spawn(move || refused(&server, port));
        }
    });
}

fn refused(server: &FtpServer, port: FtpPort) {
    for security in Security::at(port) {
        let mut ftp = connected(server, *security, FtpDataMode::Passive);
        let user = if *security == Security::Plain { WRITER.0 } else { "nobody-here" };
        let refused = ftp.login(user, "trout");
        assert_eq!(refused.status(), FtpStatus::NOT_LOGGED_IN, "{}: {refused:?}", server.program().name());
        assert!(refused.error().is_none() && !refused.message().is_empty(), "{refused:?}");
        let before = ftp.size("file").unwrap_err();
        assert!(before.to_string().starts_with("the peer answered 5"), "{before}");
        ftp.login(READER.0, READER.1).into_result().unwrap();
        assert_eq!(ftp.working_directory().directory(), "/");
        assert!(ftp.disconnect().ok());
    }
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let mut server = FtpServer::start(FtpProgram::Vsftpd, Family::V4, FtpPort::Usual);
    let mut ftp = connected(&server, Security::Plain, FtpDataMode::Passive);
    server.kill();
    let response = ftp.login(WRITER.0, WRITER.1);
    assert_eq!(response.status(), FtpStatus::CONNECTION_CLOSED, "{response:?}");
    let response = Ftp::new().connect(server.host(), server.port());
    assert!(!response.ok() && response.error().is_some(), "{response:?}");
    server.restart();
    assert!(ftp.connect(server.host(), server.port()).ok());
}
