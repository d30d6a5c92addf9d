//! FTP servers: vsftpd, `ProFTPD`, Pure-FTPd and pyftpdlib, all with the same users and the same folder.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Authority, Folder, Server, peer::installed};

/// A program that serves files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FtpProgram {
    /// vsftpd: no `MLSD`, no `MFMT`; data connections have to resume the session of the control connection.
    Vsftpd,
    /// `ProFTPD`, which wants the same of data connections.
    Proftpd,
    /// Pure-FTPd.
    PureFtpd,
    /// pyftpdlib, one process for all sessions.
    Pyftpdlib,
}

/// What a server listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// 127.0.0.1
    V4,
    /// `[::1]`
    V6,
}

/// How a connection to the port of a server begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FtpPort {
    /// In plain text; `AUTH TLS` is allowed.
    Usual,
    /// With a TLS handshake, which vsftpd and `ProFTPD` can do.
    Implicit,
}

/// A running FTP server.
#[derive(Debug)]
pub struct FtpServer {
    server: Server,
    program: FtpProgram,
    family: Family,
}

/// Who may do everything in the folder, with the password.
pub const WRITER: (&str, &str) = ("anna", "sesame");

/// Who may only look, with the password.
pub const READER: (&str, &str) = ("paul", "sesame");

impl FtpProgram {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Vsftpd, Self::Proftpd, Self::PureFtpd, Self::Pyftpdlib];

    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vsftpd => "vsftpd",
            Self::Proftpd => "ProFTPD",
            Self::PureFtpd => "Pure-FTPd",
            Self::Pyftpdlib => "pyftpdlib",
        }
    }

    /// Tells on which ports it can listen.
    #[must_use]
    pub fn ports(self) -> &'static [FtpPort] {
        match self {
            Self::Vsftpd | Self::Proftpd => &[FtpPort::Usual, FtpPort::Implicit],
            Self::PureFtpd | Self::Pyftpdlib => &[FtpPort::Usual],
        }
    }
}

impl Family {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// Returns the address of this machine.
    #[must_use]
    pub fn address(self) -> &'static str {
        match self {
            Self::V4 => "127.0.0.1",
            Self::V6 => "::1",
        }
    }
}

impl FtpServer {
    /// Starts a server. It has to be done by root: three of the four change to the user who logs in.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn start(program: FtpProgram, family: Family, port: FtpPort) -> Self {
        assert!(program.ports().contains(&port), "{} has no {port:?} port", program.name());
        let folder = Folder::new(&program.name().to_lowercase());
        prepare(&folder);
        let server = Server::start(program.name(), folder, 1, move |command, folder, ports| match program {
            FtpProgram::Vsftpd => vsftpd(command, folder, family, ports[0], port),
            FtpProgram::Proftpd => proftpd(command, folder, family, ports[0], port),
            FtpProgram::PureFtpd => pure_ftpd(command, folder, family, ports[0]),
            FtpProgram::Pyftpdlib => pyftpdlib(command, folder, family, ports[0]),
        });
        Self { server, program, family }
    }

    /// Returns the program.
    #[must_use]
    pub fn program(&self) -> FtpProgram {
        self.program
    }

    /// Returns the address that it listens on.
    #[must_use]
    pub fn host(&self) -> &'static str {
        self.family.address()
    }

    /// Returns the port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.server.port(0)
    }

    /// Returns the path of something in the folder that users see as `/`.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.server.folder().join("files").join(name)
    }

    /// Returns the certificate of the authority that vouches for the server.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.server.folder().join("authority.pem")
    }

    /// Writes a file for the users to see, as the [`WRITER`]'s, with the folders above it.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.server.folder().write(&format!("files/{name}"), bytes);
        let root = self.path("");
        path.ancestors().take_while(|above| above.starts_with(&root)).for_each(give);
        path
    }

    /// Kills every process of the server at once, in the middle of whatever it does.
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Kills the processes of sessions and leaves the one that listens. A server that is one process dies.
    pub fn kill_sessions(&self) {
        match self.program {
            FtpProgram::Pyftpdlib => self.server.kill(),
            _ => self.server.kill_children(),
        }
    }

    /// Ends the server and starts it again on the same port.
    ///
    /// # Panics
    ///
    /// When it does not start again.
    pub fn restart(&mut self) {
        self.server.restart();
    }
}

impl AsRef<Server> for FtpServer {
    fn as_ref(&self) -> &Server {
        &self.server
    }
}

/// Makes what all servers need: users, groups, a certificate, the folder that they serve.
fn prepare(folder: &Folder) {
    let home = folder.join("files");
    fs::create_dir(&home).expect("a folder can be made");
    fs::create_dir(folder.join("empty")).expect("a folder can be made");
    give(&home);
    let home = home.display();
    let passwd = format!(
        "root:*:0:0::/:/bin/sh\nnobody:*:65534:65534::/:/bin/sh\n\
         anna:{HASH}:{WRITER_ID}:{GROUP_ID}::{home}:/bin/sh\npaul:{HASH}:{READER_ID}:{GROUP_ID}::{home}:/bin/sh\n"
    );
    let passwd = folder.write("passwd", passwd);
    // ProFTPD takes no file of passwords that others can read.
    fs::set_permissions(passwd, fs::Permissions::from_mode(0o600)).expect("a file's mode can be set");
    folder.write("group", format!("root:x:0:\nnogroup:x:65534:\nusers:x:{GROUP_ID}:\n"));
    let authority = Authority::new(folder, "authority");
    authority.issue("server", "DNS:localhost,IP:127.0.0.1,IP:::1");
}

fn vsftpd(command: &mut Command, folder: &Folder, family: Family, port: u16, kind: FtpPort) {
    // `nodelay`: a wrong password would cost two seconds.
    folder.write("pam.d/vsftpd", "auth required pam_unix.so nodelay\naccount required pam_unix.so\n");
    let listen = match family {
        Family::V4 => "listen=YES\nlisten_address=127.0.0.1",
        Family::V6 => "listen=NO\nlisten_ipv6=YES\nlisten_address6=::1",
    };
    let implicit = if kind == FtpPort::Implicit { "YES" } else { "NO" };
    configure("vsftpd.conf", folder, &[("@listen@", listen), ("@port@", &port.to_string()), ("@implicit@", implicit)]);
    command.arg("/bin/sh").arg(peers().join("vsftpd.sh")).arg(folder.path()).arg(unpacked("usr/sbin/vsftpd"));
}

fn proftpd(command: &mut Command, folder: &Folder, family: Family, port: u16, kind: FtpPort) {
    let program = unpacked("usr/sbin/proftpd");
    let programs = program.ancestors().nth(3).expect("a path").display().to_string();
    let implicit = if kind == FtpPort::Implicit { "TLSOptions UseImplicitSSL" } else { "" };
    let words = [
        ("@programs@", programs.as_str()),
        ("@address@", family.address()),
        ("@port@", &port.to_string()),
        ("@implicit@", implicit),
    ];
    let file = configure("proftpd.conf", folder, &words);
    command.arg(program).args(["--nodaemon", "--config"]).arg(file);
}

fn pure_ftpd(command: &mut Command, folder: &Folder, family: Family, port: u16) {
    let home = folder.join("files").display().to_string();
    let user = |name, id: u32| format!("{name}:{HASH}:{id}:{GROUP_ID}::{home}/./::::::::::::\n");
    let users = folder.write("users", user(WRITER.0, WRITER_ID) + &user(READER.0, READER_ID));
    let database = folder.join("users.pdb");
    let made = Command::new(unpacked("usr/bin/pure-pw")).arg("mkdb").arg(&database).arg("-f").arg(users).status();
    assert!(made.is_ok_and(|status| status.success()), "pure-pw makes a database");
    let read = |name| fs::read_to_string(folder.join(name)).expect("a file of openssl");
    let both = folder.write("both.pem", read("server.pem") + &read("server.key"));
    command.arg(unpacked("usr/sbin/pure-ftpd"));
    command.args([if family == Family::V4 { "-4" } else { "-6" }, "-S", &format!("{},{port}", family.address())]);
    command.arg("-l").arg(format!("puredb:{}", database.display())).arg("-2").arg(both);
    command.args(["-Y", "1", "-E", "-H", "-A", "-u", "100", "-g"]).arg(folder.join("pure-ftpd.pid"));
}

fn pyftpdlib(command: &mut Command, folder: &Folder, family: Family, port: u16) {
    command.arg(installed("venv/bin/python")).arg("-B").arg(peers().join("pyftpd.py"));
    command.args([family.address(), &port.to_string()]).arg(folder.path());
}

/// Writes a configuration with the words of a template replaced.
fn configure(name: &str, folder: &Folder, words: &[(&str, &str)]) -> PathBuf {
    let template = peers().join(name);
    let text = fs::read_to_string(&template).unwrap_or_else(|error| panic!("{}: {error}", template.display()));
    let text = text.replace("@folder@", &folder.path().display().to_string());
    folder.write(name, words.iter().fold(text, |text, (word, value)| text.replace(word, value)))
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// A program of a Debian package that is not installed, but unpacked.
fn unpacked(name: &str) -> PathBuf {
    installed(&format!("ftp/{name}"))
}

/// Makes the [`WRITER`] the owner.
fn give(path: &Path) {
    chown(path, Some(WRITER_ID), Some(GROUP_ID)).unwrap_or_else(|error| {
        panic!("the FTP servers have to be started by root: {}: {error}", path.display());
    });
}

const WRITER_ID: u32 = 54_001;
const READER_ID: u32 = 54_002;
const GROUP_ID: u32 = 54_000;

/// The password of both: `openssl passwd -6 -salt salmon sesame`.
const HASH: &str = "$6$salmon$fciHOt/RpITzSLhEzjQDD60OI9K.11AYC8bIQVvU9UiY0T4zReRGdkTu6x5NYSXd9xfzmUnkT7vmr11j3euQO1";
