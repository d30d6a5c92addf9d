//! The program's own server on a thread, and what it heard; and one that says what a test tells it.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use sockeye::Waker;

use crate::{
    ftp_server::{Ear, FtpServer, FtpServerOptions, Said},
    program::Folder,
    script::Peer,
};

/// A running server of a folder.
pub(crate) struct Server {
    pub(crate) port: u16,
    root: PathBuf,
    heard: Arc<Mutex<Vec<(u64, String)>>>,
    is_over: Arc<AtomicBool>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves the folder `server` of a test's folder, for reading and writing unless told otherwise.
    pub(crate) fn start(folder: &Folder, change: impl FnOnce(&mut FtpServerOptions)) -> Self {
        let root = PathBuf::from(folder.path("server"));
        fs::create_dir_all(&root).unwrap();
        let mut options = FtpServerOptions::new(root.clone());
        options.may_write = true;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        options.hear = Some(Ear(Box::new(move |number, said| {
            if let Said::Command(text) = said {
                ear.lock().unwrap().push((number, text.to_owned()));
            }
        })));
        change(&mut options);
        let mut server = FtpServer::new(options).unwrap();
        let (port, waker, is_over) = (server.port(), server.waker(), Arc::new(AtomicBool::new(false)));
        let stop = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                server.serve().unwrap();
            }
        });
        Self { port, root, heard, is_over, waker, thread: Some(thread) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("ftp://127.0.0.1:{}/{path}", self.port)
    }

    /// The commands since the last time, each behind the number of its session.
    pub(crate) fn heard(&self) -> Vec<(u64, String)> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }

    /// The commands since the last time, without parameters.
    pub(crate) fn verbs(&self) -> Vec<String> {
        let heard = self.heard();
        heard.iter().map(|(_, command)| command.split(' ').next().unwrap_or_default().to_owned()).collect()
    }

    pub(crate) fn put(&self, name: &str, data: impl AsRef<[u8]>) {
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, data).unwrap();
    }

    pub(crate) fn get(&self, name: &str) -> Vec<u8> {
        fs::read(self.root.join(name)).unwrap()
    }

    /// Everything in the folder, with a slash behind the names of folders.
    pub(crate) fn names(&self) -> Vec<String> {
        names(&self.root)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        _ = self.waker.wake();
        if let Some(thread) = self.thread.take() {
            let result = thread.join();
            assert!(result.is_ok() || thread::panicking());
        }
    }
}

/// Everything in a folder.
pub(crate) fn names(root: &std::path::Path) -> Vec<String> {
    fn walk(root: &std::path::Path, folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && !path.is_symlink() {
                found.push(name + "/");
                walk(root, &path, found);
            } else {
                found.push(name);
            }
        }
    }
    let mut found = Vec::new();
    walk(root, root, &mut found);
    found.sort();
    found
}

/// Bytes that are not the same everywhere.
pub(crate) fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 7 + at / 251) % 256).unwrap()).collect()
}

impl Peer {
    pub(crate) fn line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.extend(self.body(1));
        }
        String::from_utf8(line).unwrap().trim_end().to_owned()
    }

    /// Hears this command and answers it.
    pub(crate) fn answer(&mut self, command: &str, reply: &str) {
        assert_eq!(self.line(), command);
        self.send(format!("{reply}\r\n"));
    }

    /// Reads whatever the client still says before it closes the connection.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.stream.read_to_string(&mut rest).unwrap();
        rest
    }

    /// Greets, and lets an anonymous user in.
    pub(crate) fn log_in(&mut self) {
        self.send("220 ready\r\n");
        self.answer("USER anonymous", "230 welcome");
    }

    /// Answers EPSV, and gives what takes the data connection.
    pub(crate) fn passive(&mut self) -> TcpListener {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        self.answer("EPSV", &format!("229 here (|||{port}|)"));
        listener
    }

    /// Answers EPSV and this command, and sends what it asks for.
    pub(crate) fn give(&mut self, command: &str, data: &str) {
        let listener = self.passive();
        self.answer(command, "150 here");
        listener.accept().unwrap().0.write_all(data.as_bytes()).unwrap();
        self.send("226 done\r\n");
    }

    /// Answers EPSV and STOR; gives the name that is stored and the connection that its bytes come over.
    pub(crate) fn take(&mut self) -> (String, TcpStream) {
        let listener = self.passive();
        let name = self.line().strip_prefix("STOR ").unwrap().to_owned();
        self.send("150 go\r\n");
        (name, listener.accept().unwrap().0)
    }
}
