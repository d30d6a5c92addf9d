//! A server that keeps a folder, for one session after the other.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, UNIX_EPOCH},
};

use sockeye::{Ftp, FtpOptions, TcpSocket, TlsServer, TlsSocket};

use crate::support::{LONG, fresh_path};

/// What the server does not do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Habits {
    pub(crate) no_epsv: bool,
    pub(crate) no_mlsd: bool,
    pub(crate) no_appe: bool,
    pub(crate) no_rest: bool,
    pub(crate) no_size: bool,
    /// Ends every session after so many bytes of data, of both directions.
    pub(crate) dies_after: Option<usize>,
    /// It knows `AUTH TLS`, and takes nothing else before that.
    pub(crate) explicit_tls: Option<TlsServer>,
    /// It speaks TLS from the first byte on.
    pub(crate) implicit_tls: Option<TlsServer>,
    /// It takes only data connections that go on from an earlier session.
    pub(crate) insists_on_resumption: bool,
    /// It ends data connections without saying so.
    pub(crate) cuts_sessions: bool,
}

/// A connection, plain or encrypted.
pub(crate) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsSocket>),
    Gone,
}

impl Wire {
    /// Secures the connection; `false` if that fails.
    pub(crate) fn secure(&mut self, tls: &TlsServer) -> bool {
        let Self::Plain(stream) = std::mem::replace(self, Self::Gone) else { return false };
        let mut session = TlsSocket::server(TcpSocket::try_from(stream).unwrap(), tls).unwrap();
        session.set_timeout(Some(LONG)).unwrap();
        let is_done = session.handshake().is_done();
        *self = Self::Tls(Box::new(session));
        is_done
    }

    fn is_resumed(&self) -> bool {
        matches!(self, Self::Tls(session) if session.is_resumed())
    }

    /// Ends it in the way of the one or the other.
    fn finish(self, cuts: bool) {
        if let Self::Tls(mut session) = self {
            if cuts {
                let handle = session.native_handle().unwrap();
                socket2::SockRef::from(&handle).shutdown(std::net::Shutdown::Write).unwrap();
                return;
            }
            let _ = session.shutdown_send();
            // The client's end has to be heard, or the close would be a reset.
            while session.receive(&mut [0; 1024]).is_done() {}
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(session) => session.read(buffer),
            Self::Gone => Ok(0),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(data),
            Self::Tls(session) => session.write(data),
            Self::Gone => Err(std::io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A running server; its folder goes with it.
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    pub(crate) root: PathBuf,
    commands: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start(habits: Habits) -> Self {
        Self::start_on("127.0.0.1", habits)
    }

    pub(crate) fn start_on(address: &str, habits: Habits) -> Self {
        let root = fresh_path();
        fs::create_dir_all(&root).unwrap();
        let listener = TcpListener::bind((address, 0)).unwrap();
        let at = listener.local_addr().unwrap();
        let commands = Arc::new(Mutex::new(Vec::new()));
        let (folder, log) = (root.clone(), Arc::clone(&commands));
        // It ends with the test program.
        thread::spawn(move || {
            for control in listener.incoming() {
                let session = Session::new(control.unwrap(), folder.clone(), habits.clone(), Arc::clone(&log));
                thread::spawn(move || session.serve());
            }
        });
        Self { at, root, commands }
    }

    /// A client that has logged in.
    pub(crate) fn client(&self) -> Ftp {
        self.client_with(FtpOptions::default())
    }

    pub(crate) fn client_with(&self, options: FtpOptions) -> Ftp {
        let mut ftp = Ftp::with_options(options);
        ftp.connect(&self.at.ip().to_string(), self.at.port()).into_result().unwrap();
        ftp.login("joe", "secret").into_result().unwrap();
        self.commands();
        ftp
    }

    /// The commands since the last time, without their parameters.
    pub(crate) fn commands(&self) -> Vec<String> {
        std::mem::take(&mut self.commands.lock().unwrap())
    }

    pub(crate) fn put(&self, name: &str, content: &[u8]) {
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn get(&self, name: &str) -> Vec<u8> {
        fs::read(self.root.join(name)).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

struct Session {
    control: BufReader<Wire>,
    local: IpAddr,
    protects: bool,
    root: PathBuf,
    working: PathBuf,
    habits: Habits,
    log: Arc<Mutex<Vec<String>>>,
    passive: Option<TcpListener>,
    active: Option<SocketAddr>,
    offset: u64,
    renamed: Option<PathBuf>,
    ascii: bool,
    moved: usize,
}

impl Session {
    fn new(control: TcpStream, root: PathBuf, habits: Habits, log: Arc<Mutex<Vec<String>>>) -> Self {
        control.set_nodelay(true).unwrap();
        let local = control.local_addr().unwrap().ip();
        Self {
            control: BufReader::new(Wire::Plain(control)),
            local,
            protects: false,
            root,
            working: PathBuf::from("/"),
            habits,
            log,
            passive: None,
            active: None,
            offset: 0,
            renamed: None,
            ascii: true,
            moved: 0,
        }
    }

    fn serve(mut self) {
        if let Some(tls) = self.habits.implicit_tls.clone()
            && !self.control.get_mut().secure(&tls)
        {
            return;
        }
        self.say("220 a folder");
        let mut line = String::new();
        while matches!(self.control.read_line(&mut line), Ok(1..)) {
            let (verb, parameter) =
                line.trim_end_matches(['\r', '\n']).split_once(' ').unwrap_or((line.trim_end(), ""));
            self.log.lock().unwrap().push(verb.to_owned());
            let (verb, parameter) = (verb.to_owned(), parameter.to_owned());
            if self.act(&verb, &parameter).is_none() {
                return;
            }
            line.clear();
        }
    }

    fn say(&mut self, reply: &str) {
        let _ = write!(self.control.get_mut(), "{reply}\r\n");
    }

    /// `None` ends the session.
    fn act(&mut self, verb: &str, parameter: &str) -> Option<()> {
        let is_open = !matches!(self.control.get_ref(), Wire::Plain(_)) || self.habits.explicit_tls.is_none();
        let reply = match verb {
            "AUTH" if self.habits.explicit_tls.is_some() => {
                self.say("234 go ahead");
                let tls = self.habits.explicit_tls.clone().unwrap();
                return self.control.get_mut().secure(&tls).then_some(());
            }
            "PBSZ" if is_open => "200 ok".to_owned(),
            "PROT" if is_open => {
                self.protects = parameter == "P";
                "200 ok".to_owned()
            }
            _ if !is_open => "530 not in plain text".to_owned(),
            "USER" => "331 who says so?".to_owned(),
            "PASS" if parameter == "secret" || parameter.contains('@') => "230 welcome".to_owned(),
            "PASS" => "530 no".to_owned(),
            "NOOP" => "200 ok".to_owned(),
            "TYPE" => {
                self.ascii = parameter == "A";
                "200 ok".to_owned()
            }
            "FEAT" => "211-Features:\r\n UTF8\r\n SIZE\r\n MLST type*;size*;modify*;\r\n211 End".to_owned(),
            "OPTS" => "200 ok".to_owned(),
            "PWD" => format!("257 \"{}\" is where you are", self.working.display().to_string().replace('"', "\"\"")),
            "CWD" | "CDUP" => {
                let to = if verb == "CDUP" { ".." } else { parameter };
                let working = self.virtual_path(to);
                let is_there = self.real(to).is_dir();
                if is_there {
                    self.working = working;
                }
                done(is_there)
            }
            "MKD" => done(fs::create_dir(self.real(parameter)).is_ok()),
            "RMD" => done(fs::remove_dir(self.real(parameter)).is_ok()),
            "DELE" => done(fs::remove_file(self.real(parameter)).is_ok()),
            "RNFR" => {
                self.renamed = Some(self.real(parameter)).filter(|path| path.exists());
                if self.renamed.is_some() { "350 to what?".to_owned() } else { done(false) }
            }
            "RNTO" => {
                let from = self.renamed.take();
                done(from.is_some_and(|from| fs::rename(from, self.real(parameter)).is_ok()))
            }
            "SIZE" if !self.habits.no_size => match self.real(parameter).metadata() {
                Ok(metadata) if metadata.is_file() => format!("213 {}", metadata.len()),
                _ => done(false),
            },
            "MDTM" => match self.real(parameter).metadata() {
                Ok(_) => "213 20260101000000".to_owned(),
                Err(_) => done(false),
            },
            "MFMT" => {
                let (time, name) = parameter.split_once(' ').unwrap();
                let path = self.real(name);
                let file = OpenOptions::new().write(true).open(path);
                done(
                    time == "19700101000001" && file.unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(1)).is_ok(),
                )
            }
            "EPSV" if !self.habits.no_epsv => {
                let port = self.listen();
                format!("229 Extended Passive Mode (|||{port}|)")
            }
            "PASV" => {
                let port = self.listen();
                // The address is nobody's.
                format!("227 Passive Mode (192,0,2,1,{},{})", port >> 8, port & 255)
            }
            "EPRT" if !self.habits.no_epsv => {
                let fields: Vec<&str> = parameter.split('|').collect();
                self.active = Some(SocketAddr::new(fields[2].parse().unwrap(), fields[3].parse().unwrap()));
                "200 ok".to_owned()
            }
            "PORT" => {
                let numbers: Vec<u8> = parameter.split(',').map(|number| number.parse().unwrap()).collect();
                let ip = IpAddr::from([numbers[0], numbers[1], numbers[2], numbers[3]]);
                self.active = Some(SocketAddr::new(ip, u16::from_be_bytes([numbers[4], numbers[5]])));
                "200 ok".to_owned()
            }
            "REST" if !self.habits.no_rest => {
                self.offset = parameter.parse().unwrap();
                "350 from there".to_owned()
            }
            "RETR" => return self.retrieve(parameter),
            "STOR" | "APPE" if verb == "STOR" || !self.habits.no_appe => return self.store(parameter, verb == "APPE"),
            "NLST" => return self.list(parameter, |name, _| name.to_owned()),
            "MLSD" if !self.habits.no_mlsd => {
                return self.list(parameter, |name, path| {
                    let metadata = path.symlink_metadata().unwrap();
                    let kind = match () {
                        () if metadata.is_symlink() => "OS.unix=slink:/",
                        () if metadata.is_dir() => "dir",
                        () => "file",
                    };
                    format!("type={kind};size={};modify=20260101000000;UNIX.mode=0644; {name}", metadata.len())
                });
            }
            "LIST" => {
                return self.list(parameter, |name, path| {
                    let metadata = path.metadata().unwrap();
                    let kind = if metadata.is_dir() { 'd' } else { '-' };
                    format!("{kind}rw-r--r--    1 ftp      ftp      {} Jan 01  2026 {name}", metadata.len())
                });
            }
            "ABOR" => "225 nothing to abort".to_owned(),
            "QUIT" => {
                self.say("221 bye");
                return None;
            }
            _ => "502 not here".to_owned(),
        };
        self.say(&reply);
        Some(())
    }

    fn virtual_path(&self, path: &str) -> PathBuf {
        let mut to = self.working.clone();
        for part in Path::new(path).components() {
            match part.as_os_str().to_str().unwrap() {
                ".." => drop(to.pop()),
                "." => {}
                part => to.push(part),
            }
        }
        to
    }

    fn real(&self, path: &str) -> PathBuf {
        self.root.join(self.virtual_path(path).strip_prefix("/").unwrap())
    }

    fn listen(&mut self) -> u16 {
        let listener = TcpListener::bind((self.local, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        self.passive = Some(listener);
        port
    }

    /// The data connection; `None` if it is not as it should be.
    fn connection(&mut self) -> Option<Wire> {
        let data = match (self.passive.take(), self.active.take()) {
            (Some(listener), _) => listener.accept().unwrap().0,
            (None, Some(address)) => TcpStream::connect(address).unwrap(),
            (None, None) => panic!("no data connection was asked for"),
        };
        data.set_read_timeout(Some(LONG)).unwrap();
        data.set_write_timeout(Some(LONG)).unwrap();
        let mut wire = Wire::Plain(data);
        if self.protects {
            let tls = self.habits.explicit_tls.as_ref().or(self.habits.implicit_tls.as_ref()).unwrap();
            if !wire.secure(tls) || (self.habits.insists_on_resumption && !wire.is_resumed()) {
                self.say("522 go on from the session that there is");
                return None;
            }
        }
        Some(wire)
    }

    /// How much of these bytes still goes; fewer when the server dies.
    fn allowed(&mut self, count: usize) -> usize {
        let most = self.habits.dies_after.map_or(count, |limit| count.min(limit - self.moved.min(limit)));
        self.moved += most;
        most
    }

    fn retrieve(&mut self, name: &str) -> Option<()> {
        let offset = std::mem::take(&mut self.offset);
        let file = File::open(self.real(name)).ok().filter(|file| file.metadata().unwrap().is_file());
        let Some(mut file) = file else {
            self.passive = None;
            self.say("550 no such file");
            return Some(());
        };
        let length = file.metadata().unwrap().len();
        self.say(&format!("150 Opening data connection for {name} ({length} bytes)."));
        let Some(mut data) = self.connection() else { return Some(()) };
        file.seek(SeekFrom::Start(offset)).unwrap();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = file.read(&mut buffer).unwrap();
            let allowed = self.allowed(count);
            let mut bytes = Vec::with_capacity(allowed);
            for byte in &buffer[..allowed] {
                if self.ascii && *byte == b'\n' {
                    bytes.push(b'\r');
                }
                bytes.push(*byte);
            }
            if data.write_all(&bytes).is_err() {
                self.say("426 you went away");
                return Some(());
            }
            if allowed < count {
                return None;
            }
            if count == 0 {
                break;
            }
        }
        data.finish(self.habits.cuts_sessions);
        self.say("226 done");
        Some(())
    }

    fn store(&mut self, name: &str, append: bool) -> Option<()> {
        let offset = std::mem::take(&mut self.offset);
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(!append && offset == 0);
        let Ok(mut file) = options.open(self.real(name)) else {
            self.passive = None;
            self.say("553 not there");
            return Some(());
        };
        let from = if append { SeekFrom::End(0) } else { SeekFrom::Start(offset) };
        file.seek(from).unwrap();
        self.say("150 send it");
        let Some(mut data) = self.connection() else { return Some(()) };
        let (mut buffer, mut bytes) = (vec![0; 64 * 1024], Vec::new());
        loop {
            let count = match data.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => {
                    self.say(&format!("426 you went away: {error}"));
                    return Some(());
                }
            };
            let allowed = self.allowed(count);
            for byte in &buffer[..allowed] {
                if self.ascii && *byte == b'\n' && bytes.ends_with(b"\r") {
                    bytes.pop();
                }
                bytes.push(*byte);
            }
            // Its line feed may be in the next piece.
            let kept = if self.ascii && bytes.ends_with(b"\r") { bytes.pop() } else { None };
            file.write_all(&bytes).unwrap();
            bytes.clear();
            bytes.extend(kept);
            if allowed < count {
                return None;
            }
        }
        file.write_all(&bytes).unwrap();
        data.finish(false);
        self.say("226 done");
        Some(())
    }

    fn list(&mut self, name: &str, line: impl Fn(&str, &Path) -> String) -> Option<()> {
        let Ok(folder) = fs::read_dir(self.real(name)) else {
            self.passive = None;
            self.say("550 no such folder");
            return Some(());
        };
        let mut paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        self.say("150 the names");
        let Some(mut data) = self.connection() else { return Some(()) };
        for path in paths {
            let name = path.file_name().unwrap().to_str().unwrap();
            let _ = write!(data, "{}\r\n", line(name, &path));
        }
        data.finish(self.habits.cuts_sessions);
        self.say("226 done");
        Some(())
    }
}

fn done(is_done: bool) -> String {
    if is_done { "250 done" } else { "550 no" }.to_owned()
}
