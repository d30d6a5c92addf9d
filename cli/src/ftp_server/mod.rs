//! A small FTP server for one folder: any number of sessions on one thread, over a selector and non-blocking sockets.
//! Everything a client can make it hold is capped, and whoever says nothing has to go.

mod client;
mod commands;
mod data;
mod folder;
mod listing;
mod text;
mod wire;

use std::{
    collections::HashMap,
    fmt,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use sockeye::{Error, IpAddress, Key, Result, SocketSelector, Status, TcpListener, TcpSocket, TlsServer, Waker};

use self::{client::Client, folder::Folder};

/// What is served, where, and to whom.
#[derive(Debug)]
pub(crate) struct FtpServerOptions {
    /// The folder. Nothing outside of it can be reached, and links in it are not there.
    pub(crate) folder: PathBuf,
    /// Where the server listens.
    pub(crate) address: IpAddress,
    /// 0 takes a free one.
    pub(crate) port: u16,
    /// Whether anything may be changed.
    pub(crate) may_write: bool,
    /// Who may log in; nobody in particular if there is none.
    pub(crate) login: Option<Login>,
    /// Whether sessions are encrypted. Plain text is refused then.
    pub(crate) tls: ServerTls,
    /// Who hears what is said, without passwords.
    pub(crate) hear: Option<Ear>,
    /// Ends a session without a word after so many bytes of data: for tests of clients.
    pub(crate) breaks_after: Option<u64>,
}

/// A user and a password.
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// When sessions become encrypted.
#[derive(Debug)]
pub(crate) enum ServerTls {
    Off,
    /// By `AUTH TLS`.
    Explicit(TlsServer),
    /// From the first byte on.
    Implicit(TlsServer),
}

/// A function that gets a session's number, from 1 on, and what was said.
pub(crate) struct Ear(pub(crate) Box<dyn Fn(u64, Said<'_>) + Send + Sync>);

/// What is said in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    /// By the client; `****` stands for a password.
    Command(&'a str),
    /// By the server.
    Reply(&'a str),
}

/// The server: what it serves, and its sessions.
pub(crate) struct FtpServer {
    listener: TcpListener,
    selector: SocketSelector,
    shared: Arc<Shared>,
    clients: HashMap<u64, Client>,
    owners: HashMap<Key, u64>,
    came: u64,
    looked: Instant,
}

/// What all sessions know.
#[derive(Debug)]
struct Shared {
    options: FtpServerOptions,
    folder: Folder,
}

impl FtpServerOptions {
    /// To everybody on this machine, for reading.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            address: IpAddress::LOCAL_HOST,
            port: 0,
            may_write: false,
            login: None,
            tls: ServerTls::Off,
            hear: None,
            breaks_after: None,
        }
    }
}

impl FtpServer {
    /// Listens. Sessions are served by [`serve`](Self::serve).
    pub(crate) fn new(options: FtpServerOptions) -> Result<Self> {
        let folder = Folder::new(&options.folder)
            .map_err(|source| Error::File { path: options.folder.to_string_lossy().into(), source })?;
        let mut listener = TcpListener::new();
        listener.set_blocking(false)?;
        listener.listen_on(options.address, options.port).into_result()?;
        let mut selector = SocketSelector::new()?;
        selector.add(&listener)?;
        Ok(Self {
            listener,
            selector,
            shared: Arc::new(Shared { options, folder }),
            clients: HashMap::new(),
            owners: HashMap::new(),
            came: 0,
            looked: Instant::now(),
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_port()
    }

    /// Ends a [`serve`](Self::serve) that waits, from another thread.
    pub(crate) fn waker(&self) -> Waker {
        self.selector.waker()
    }

    /// Waits until a client wants something, for a second at most, and does it; gives how many sessions there are.
    pub(crate) fn serve(&mut self) -> Result<usize> {
        self.selector.wait(Some(GLANCE))?;
        if self.selector.is_ready(&self.listener) {
            for _ in 0..MOST_CLIENTS {
                let Status::Done(socket) = self.listener.accept() else { break };
                self.welcome(socket)?;
            }
        }
        let ready: Vec<(Key, u64)> = self
            .selector
            .ready()
            .filter_map(|event| Some((event.key, self.owners.get(&event.key).copied()?)))
            .collect();
        for (key, number) in ready {
            self.attend(number, Some(key))?;
        }
        if self.looked.elapsed() >= GLANCE {
            self.looked = Instant::now();
            let numbers: Vec<u64> = self.clients.keys().copied().collect();
            for number in numbers {
                if self.clients.get_mut(&number).is_some_and(Client::is_late) {
                    self.attend(number, None)?;
                }
            }
        }
        Ok(self.clients.len())
    }

    fn welcome(&mut self, mut socket: TcpSocket) -> Result<()> {
        if self.clients.len() >= MOST_CLIENTS {
            // It may have gone, and need not know why.
            _ = socket.send(b"421 too many sessions, come back later\r\n");
            return Ok(());
        }
        self.came += 1;
        let Ok(client) = Client::new(self.came, socket, Arc::clone(&self.shared)) else { return Ok(()) };
        self.clients.insert(self.came, client);
        self.attend(self.came, None)
    }

    /// Lets a session go on as far as it can.
    fn attend(&mut self, number: u64, key: Option<Key>) -> Result<()> {
        let Some(client) = self.clients.get_mut(&number) else { return Ok(()) };
        if client.go_on(key) {
            client.watch(&mut self.selector, &mut self.owners)
        } else {
            client.leave(&mut self.owners);
            self.clients.remove(&number);
            Ok(())
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:[redacted]", self.user)
    }
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ear")
    }
}

/// Sessions at a time. Each has two sockets and a buffer at the most.
const MOST_CLIENTS: usize = 64;
/// How often it is looked after those who say nothing.
const GLANCE: Duration = Duration::from_secs(1);
