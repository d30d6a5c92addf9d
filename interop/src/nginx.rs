//! Nginx, as `peers/nginx.conf` sets it up.

use std::{
    env,
    fs::{self, File},
    io::{Read, Write},
    net::{TcpStream, UdpSocket},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use crate::{Authority, DEADLINE, Folder, Server, Shared, Slot, pattern, server::until};

/// A running nginx.
#[derive(Debug)]
pub struct Nginx {
    server: Server,
}

/// A server of `peers/nginx.conf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// The files, and everything else that has a path, without encryption.
    Plain,
    /// The same with TLS 1.2 or 1.3, and a certificate of the private authority for `localhost` and `127.0.0.1`.
    Tls,
    /// TLS 1.2 only. Its answer says version, name and whether the session was resumed.
    Tls12,
    /// The same with TLS 1.3 only.
    Tls13,
    /// A certificate of the private authority for `other.example`.
    OtherName,
    /// A certificate for this machine, of an authority that nobody knows.
    OtherAuthority,
    /// Wants a certificate of the client. Its answer says whose it is.
    Client,
}

impl Nginx {
    /// Starts a server for one test alone.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        let folder = Folder::new("nginx");
        make_files(&folder);
        make_certificates(&folder);
        let server = Server::start("nginx", folder, PLACES.len(), |command, folder, ports| {
            folder.write("nginx.conf", configuration(ports));
            command.args(["/usr/sbin/nginx", "-e", "error.log", "-c", "nginx.conf", "-p"]).arg(folder.path());
        });
        Self { server }
    }

    /// Returns the server that all tests use which do not stop it.
    pub fn shared() -> Shared<Self> {
        static SLOT: Slot<Nginx> = Slot::new();
        SLOT.get(Self::start)
    }

    /// Returns the port of a site, on 127.0.0.1.
    #[must_use]
    pub fn port(&self, site: Site) -> u16 {
        self.server.port(site as usize)
    }

    /// Returns the URL of a site, without a slash at its end.
    #[must_use]
    pub fn url(&self, site: Site) -> String {
        let scheme = if site == Site::Plain { "http" } else { "https" };
        format!("{scheme}://127.0.0.1:{}", self.port(site))
    }

    /// Returns the path of a file that the server gives out.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.server.folder().join("files").join(name)
    }

    /// Returns the path of a certificate or a key.
    #[must_use]
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.server.folder().join(name)
    }

    /// Ends the server and starts it again on the same ports.
    ///
    /// # Panics
    ///
    /// When it does not start again.
    pub fn restart(&mut self) {
        self.server.restart();
    }

    /// Returns the lines of the access log with this word in it: all requests that have ended so far.
    ///
    /// # Panics
    ///
    /// When the server does not answer.
    #[must_use]
    pub fn requests(&self, word: &str) -> Vec<String> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        // A line is written after the response has gone. What comes after this request's has not ended yet.
        let mark = format!("/nothing?mark={}-", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut socket = TcpStream::connect(("127.0.0.1", self.port(Site::Plain))).expect("nginx listens");
        socket.set_read_timeout(Some(DEADLINE)).expect("a limit can be set");
        write!(socket, "GET {mark} HTTP/1.0\r\n\r\n").expect("nginx takes a request");
        socket.read_to_end(&mut Vec::new()).expect("nginx answers");
        let log = until("nginx has logged a request", || {
            let log = fs::read_to_string(self.server.folder().join("access.log")).ok()?;
            log.contains(&mark).then_some(log)
        });
        let before = log.lines().take_while(|line| !line.contains(&mark));
        before.filter(|line| line.contains(word)).map(str::to_owned).collect()
    }
}

impl AsRef<Server> for Nginx {
    fn as_ref(&self) -> &Server {
        &self.server
    }
}

/// What the template calls the ports, in the order of [`Site`].
const PLACES: [&str; 7] = ["@plain@", "@tls@", "@tls12@", "@tls13@", "@other-name@", "@other-authority@", "@client@"];

/// The length of the file `sparse`: as much as nobody keeps in memory.
pub const SPARSE: u64 = 1 << 30;

/// The length of the file `pattern`: no multiple of anything.
pub const PATTERN: usize = 1_000_003;

/// What the file `text.txt` holds: something that can be compressed.
#[must_use]
pub fn text() -> String {
    (0..20_000).map(|line| format!("line {line} of a text that compresses well\n")).collect()
}

/// Tells whether this machine has IPv6, which a container may not have. Where the project's own gate runs there must be.
///
/// # Panics
///
/// When there is none where there must be.
#[must_use]
pub fn has_ipv6() -> bool {
    let has = UdpSocket::bind("[::1]:0").is_ok();
    assert!(has || env::var_os("CI").is_none(), "this machine has no IPv6");
    has
}

fn make_files(folder: &Folder) {
    folder.write("files/hello.txt", "hello from nginx\n");
    folder.write("files/missing.txt", "there is no such file\n");
    folder.write("files/empty", "");
    folder.write("files/pattern", pattern(PATTERN));
    folder.write("files/text.txt", text());
    folder.write("passwords", "anna:{PLAIN}open sesame\n");
    let sparse = File::create(folder.join("files/sparse")).expect("a file can be made");
    sparse.set_len(SPARSE).expect("a file can have holes");
}

fn make_certificates(folder: &Folder) {
    let here = "DNS:localhost,IP:127.0.0.1";
    let authority = Authority::new(folder, "authority");
    authority.issue("server", here);
    authority.issue("other-name", "DNS:other.example");
    authority.issue("visitor", "DNS:visitor.example");
    Authority::new(folder, "stranger").issue("other-authority", here);
}

fn configuration(ports: &[u16]) -> String {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/nginx.conf");
    let ipv6 = if has_ipv6() { "listen [::1]:@plain@;" } else { "" };
    let mut text = fs::read_to_string(&template).unwrap_or_else(|error| panic!("{}: {error}", template.display()));
    text = text.replace("@ipv6@", ipv6);
    for (place, port) in PLACES.iter().zip(ports) {
        text = text.replace(place, &port.to_string());
    }
    let fields = |count: usize| (0..count).map(|n| format!("add_header X-{n} {n};")).collect::<String>();
    // Nginx adds Server, Date, Content-Type, Content-Length and Connection.
    text.replace("@100 fields@", &fields(100 - 5))
        .replace("@130 fields@", &fields(130 - 5))
        .replace("@kibibyte@", &"k".repeat(1024))
}
