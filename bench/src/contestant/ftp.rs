//! FTP clients, each used as its documentation says.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::ControlFlow;
use std::path::Path;

use sockeye::{Ftp, FtpTransferOptions};
use suppaftp::types::FileType;
use suppaftp::{FtpStream, Mode};

use super::{BULK, expect};
use crate::Result;

/// A session of an anonymous user, for binary files.
pub trait Session: Sized {
    fn open(server: SocketAddr) -> Result<Self>;

    fn download(&mut self, remote: &str, local: &Path) -> Result<()>;

    fn upload(&mut self, local: &Path, remote: &str) -> Result<()>;
}

/// sockeye's client. A download of it has another name until it is whole.
pub struct OurFtp(pub Ftp);

impl Session for OurFtp {
    fn open(server: SocketAddr) -> Result<Self> {
        let mut ftp = Ftp::new();
        ftp.connect(&server.ip().to_string(), server.port()).into_result()?;
        ftp.login_anonymous().into_result()?;
        Ok(Self(ftp))
    }

    fn download(&mut self, remote: &str, local: &Path) -> Result<()> {
        let options = FtpTransferOptions::default();
        self.0.download_file(remote, local, &options, |_| ControlFlow::Continue(())).into_result()?;
        Ok(())
    }

    fn upload(&mut self, local: &Path, remote: &str) -> Result<()> {
        let options = FtpTransferOptions::default();
        self.0.upload_file(local, remote, &options, |_| ControlFlow::Continue(())).into_result()?;
        Ok(())
    }
}

/// Sockets of std and replies of one line that are looked at only for their code: the floor under everybody. Either it
/// writes to the file itself, or as ours does to one that is renamed when it is whole.
pub struct RawFtp<const RENAMES: bool> {
    control: TcpStream,
    server: SocketAddr,
    reply: [u8; 1024],
    /// Of the reply.
    start: usize,
    end: usize,
    buffer: Vec<u8>,
}

impl<const RENAMES: bool> RawFtp<RENAMES> {
    /// Sends a command and checks the code of the reply.
    fn ask(&mut self, command: &str, code: &str) -> Result<&str> {
        self.control.write_all(command.as_bytes())?;
        self.expect(code)
    }

    fn expect(&mut self, code: &str) -> Result<&str> {
        let length = loop {
            if let Some(length) = self.reply[self.start..self.end].iter().position(|byte| *byte == b'\n') {
                break length + 1;
            }
            self.reply.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            let length = self.control.read(&mut self.reply[self.end..])?;
            expect(length > 0, "the server closed the connection")?;
            self.end += length;
        };
        let line = std::str::from_utf8(&self.reply[self.start..self.start + length])?;
        self.start += length;
        expect(line.starts_with(code), "another reply than was expected")?;
        Ok(line)
    }

    /// Opens a data connection and sends a command that uses it.
    fn begin(&mut self, command: &str) -> Result<TcpStream> {
        let reply = self.ask("EPSV\r\n", "229 ")?;
        let port = reply.split_once("(|||").and_then(|(_, rest)| rest.split_once('|')).ok_or("no port")?.0.parse()?;
        let data = TcpStream::connect((self.server.ip(), port))?;
        self.ask(command, "150 ")?;
        Ok(data)
    }

    fn copy(&mut self, mut from: impl Read, mut to: impl Write) -> Result<()> {
        loop {
            let length = from.read(&mut self.buffer)?;
            if length == 0 {
                return Ok(());
            }
            to.write_all(&self.buffer[..length])?;
        }
    }
}

impl<const RENAMES: bool> Session for RawFtp<RENAMES> {
    fn open(server: SocketAddr) -> Result<Self> {
        let control = TcpStream::connect(server)?;
        control.set_nodelay(true)?;
        let buffer = vec![0; BULK];
        let mut session = Self { control, server, reply: [0; 1024], start: 0, end: 0, buffer };
        session.expect("220 ")?;
        session.ask("USER anonymous\r\n", "230 ")?;
        session.ask("TYPE I\r\n", "200 ")?;
        Ok(session)
    }

    fn download(&mut self, remote: &str, local: &Path) -> Result<()> {
        let part = local.with_extension("part");
        let file = File::create(if RENAMES { &part } else { local })?;
        let data = self.begin(&format!("RETR {remote}\r\n"))?;
        self.copy(data, file)?;
        self.expect("226 ")?;
        if RENAMES {
            fs::rename(part, local)?;
        }
        Ok(())
    }

    fn upload(&mut self, local: &Path, remote: &str) -> Result<()> {
        let file = File::open(local)?;
        let data = self.begin(&format!("STOR {remote}\r\n"))?;
        self.copy(file, data)?;
        self.expect("226 ")?;
        Ok(())
    }
}

/// suppaftp's blocking client.
pub struct Suppaftp(FtpStream);

impl Session for Suppaftp {
    fn open(server: SocketAddr) -> Result<Self> {
        let mut ftp = FtpStream::connect(server)?;
        ftp.login("anonymous", "anonymous@")?;
        ftp.transfer_type(FileType::Binary)?;
        ftp.set_mode(Mode::ExtendedPassive);
        Ok(Self(ftp))
    }

    fn download(&mut self, remote: &str, local: &Path) -> Result<()> {
        let mut file = File::create(local)?;
        let mut stream = self.0.retr_as_stream(remote)?;
        io::copy(&mut stream, &mut file)?;
        Ok(stream.finish()?)
    }

    fn upload(&mut self, local: &Path, remote: &str) -> Result<()> {
        self.0.put_file(remote, &mut File::open(local)?)?;
        Ok(())
    }
}
