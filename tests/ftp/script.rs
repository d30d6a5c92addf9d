//! A server that plays a part once.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use sockeye::{Ftp, FtpOptions, FtpTransferOptions};

use crate::{
    folder::Wire,
    support::{Joined, LONG, in_thread},
};

/// A running server.
pub(crate) struct Script {
    pub(crate) port: u16,
    thread: Joined<()>,
}

/// The server's end of the control connection.
pub(crate) struct Peer {
    control: BufReader<Wire>,
}

/// Begins to play a part to the one client that connects.
pub(crate) fn play(part: impl FnOnce(&mut Peer) + Send + 'static) -> Script {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = in_thread(move || {
        let (control, _) = listener.accept().unwrap();
        control.set_read_timeout(Some(LONG)).unwrap();
        control.set_nodelay(true).unwrap();
        part(&mut Peer { control: BufReader::new(Wire::Plain(control)) });
    });
    Script { port, thread }
}

/// The same behind a greeting, with a client that has connected.
pub(crate) fn play_to(options: FtpOptions, part: impl FnOnce(&mut Peer) + Send + 'static) -> (Ftp, Script) {
    let script = play(move |peer| {
        peer.say("220 ready\r\n");
        part(peer);
    });
    let mut ftp = Ftp::with_options(options);
    let greeting = ftp.connect("127.0.0.1", script.port);
    assert_eq!((greeting.status().code(), greeting.message()), (220, "ready"), "{greeting:?}");
    (ftp, script)
}

impl Script {
    /// Waits until the part is over.
    pub(crate) fn join(self) {
        self.thread.join();
    }
}

impl Peer {
    /// Sends bytes of a reply.
    pub(crate) fn say(&mut self, text: impl AsRef<[u8]>) {
        self.control.get_mut().write_all(text.as_ref()).unwrap();
    }

    /// Secures the control connection.
    #[cfg(feature = "tls")]
    pub(crate) fn secure(&mut self, tls: &sockeye::TlsServer) {
        assert!(self.control.get_mut().secure(tls));
    }

    /// Receives a command.
    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        self.control.read_line(&mut line).unwrap();
        assert!(line.ends_with("\r\n"), "{line:?}");
        line.trim_end().to_owned()
    }

    /// Receives a command that is not in UTF-8.
    pub(crate) fn hear_bytes(&mut self, line: &mut Vec<u8>) {
        self.control.read_until(b'\n', line).unwrap();
    }

    /// Receives this command and answers it.
    pub(crate) fn answer(&mut self, command: &str, reply: impl AsRef<[u8]>) {
        assert_eq!(self.hear(), command);
        self.say(reply);
    }

    /// Answers EPSV with a listener.
    pub(crate) fn passive(&mut self) -> TcpListener {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        self.answer("EPSV", format!("229 Entering Extended Passive Mode (|||{port}|)\r\n"));
        listener
    }

    /// Plays a transfer up to its data connection.
    pub(crate) fn open(&mut self, command: &str, reply: &str) -> TcpStream {
        let listener = self.passive();
        self.answer(command, reply);
        accept(&listener)
    }

    /// Plays a download up to the data connection.
    pub(crate) fn retrieve(&mut self, name: &str) -> TcpStream {
        self.open(&format!("RETR {name}"), "150 here it comes\r\n")
    }

    /// Plays a listing.
    pub(crate) fn list(&mut self, command: &str, listing: impl AsRef<[u8]>) {
        self.open(command, "150 here\r\n").write_all(listing.as_ref()).unwrap();
        self.say("226 done\r\n");
    }

    /// Waits for the client to close the connection.
    pub(crate) fn ends(&mut self) {
        let mut rest = String::new();
        // A reset is an end, too.
        let _ = self.control.read_to_string(&mut rest);
        assert_eq!(rest, "");
    }

    /// Sends, until the client has gone.
    pub(crate) fn try_say(&mut self, text: impl AsRef<[u8]>) -> bool {
        self.control.get_mut().write_all(text.as_ref()).is_ok()
    }

    /// Receives whatever comes until the client has gone.
    pub(crate) fn drain(&mut self) {
        let _ = self.control.read_to_end(&mut Vec::new());
    }
}

pub(crate) fn accept(listener: &TcpListener) -> TcpStream {
    let (data, _) = listener.accept().unwrap();
    data.set_read_timeout(Some(LONG)).unwrap();
    data
}

/// Makes the close of a connection a reset.
pub(crate) fn reset(data: TcpStream) {
    socket2::SockRef::from(&data).set_linger(Some(Duration::ZERO)).unwrap();
    drop(data);
}

/// Options with a limit for silence that a test can wait for.
pub(crate) fn impatient() -> FtpOptions {
    let mut options = FtpOptions::default();
    options.silence = Some(Duration::from_millis(300));
    options.connect_limit = Some(Duration::from_millis(300));
    options
}

pub(crate) fn binary() -> FtpTransferOptions {
    FtpTransferOptions::default()
}
