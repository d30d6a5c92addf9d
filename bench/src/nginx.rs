//! The web server of the HTTP rows: nginx, started for one run, with its files where no disk is measured.

use std::fmt::Write as _;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use crate::Result;
use crate::sys::{self, Core};

/// Two servers with one worker each, one on either core of a benchmark.
pub struct Nginx {
    folder: PathBuf,
    main: Worker,
    peer: Worker,
}

struct Worker {
    master: Child,
    address: SocketAddr,
}

/// The file of the small requests.
pub const SMALL: usize = 1024;
/// The file of the requests whose body goes to memory, in MiB.
pub const LARGE_MIB: u64 = 16;
/// The file of the downloads: sparse, as it costs no disk either.
pub const HUGE: u64 = 1 << 30;

impl Nginx {
    pub fn start() -> Result<Self> {
        let folder = scratch()?.join(format!("sockeye-bench-{}", process::id()));
        fs::create_dir(&folder)?;
        let started = Self::start_in(&folder);
        if started.is_err() {
            let _ = fs::remove_dir_all(&folder);
        }
        started
    }

    fn start_in(folder: &Path) -> Result<Self> {
        let files = folder.join("files");
        fs::create_dir_all(files.join("put"))?;
        fs::write(files.join("small"), vec![b'x'; SMALL])?;
        fs::write(files.join("large"), vec![b'x'; (LARGE_MIB << 20) as usize])?;
        fs::File::create(files.join("huge"))?.set_len(HUGE)?;
        let (main, peer) = (Worker::start(folder, Core::Main)?, Worker::start(folder, Core::Peer)?);
        Ok(Self { folder: folder.to_owned(), main, peer })
    }

    /// Where the server on a core listens.
    pub fn address(&self, core: Core) -> SocketAddr {
        match core {
            Core::Main => self.main.address,
            Core::Peer => self.peer.address,
        }
    }

    /// A folder beside the served files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.main.stop();
        self.peer.stop();
        // What is left of it is no harm but memory.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Worker {
    fn start(folder: &Path, core: Core) -> Result<Self> {
        // nginx cannot choose a port; between here and there another program could take this one.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let folder = folder.join(address.port().to_string());
        fs::create_dir(&folder)?;
        let configuration = folder.join("nginx.conf");
        fs::write(&configuration, text(&folder, address, core)?)?;
        let mut command = Command::new("nginx");
        command.arg("-p").arg(&folder).arg("-c").arg(&configuration).stdin(Stdio::null()).stdout(Stdio::null());
        command.args(["-e", "stderr"]).stderr(Stdio::piped());
        // SAFETY: `prctl` is safe between fork and exec, and gets only numbers.
        unsafe {
            command.pre_exec(|| {
                // A harness that is killed leaves no server behind.
                sys::check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM)).map(drop)
            })
        };
        let mut master = command.spawn().map_err(|error| format!("nginx cannot be run: {error}"))?;
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).is_err() {
            if master.try_wait()?.is_some() || Instant::now() > end {
                let _ = master.kill();
                let mut complaint = String::new();
                master.stderr.take().ok_or("no standard error")?.read_to_string(&mut complaint)?;
                return Err(format!("nginx does not start: {}", complaint.trim()).into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(Self { master, address })
    }

    fn stop(&mut self) {
        if let Ok(id) = libc::pid_t::try_from(self.master.id()) {
            // SAFETY: it takes numbers. The child was not waited for, so its number is still its own.
            unsafe { libc::kill(id, libc::SIGTERM) };
        }
        let _ = self.master.wait();
    }
}

fn text(folder: &Path, address: SocketAddr, core: Core) -> Result<String> {
    let (here, files) = (folder.display(), folder.with_file_name("files"));
    let mut text = String::new();
    // SAFETY: it has no arguments and cannot fail.
    if unsafe { libc::geteuid() } == 0 {
        text.push_str("user root;\n");
    }
    write!(
        text,
        "daemon off;
worker_processes 1;
worker_cpu_affinity {affinity};
pid {here}/pid;
error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {here}/body;
    proxy_temp_path {here}/proxy;
    fastcgi_temp_path {here}/fastcgi;
    uwsgi_temp_path {here}/uwsgi;
    scgi_temp_path {here}/scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 3600;
    open_file_cache max=100;
    tcp_nodelay on;
    sendfile on;
    tcp_nopush on;
    server {{
        listen {address} backlog=4096;
        root {files};
        location = /small {{
            sendfile off;
        }}
        location /put/ {{
            dav_methods PUT;
            client_max_body_size 0;
        }}
    }}
}}
",
        affinity = mask(sys::core(core)?),
        files = files.display(),
    )?;
    Ok(text)
}

/// nginx wants the cores in binary digits.
fn mask(core: usize) -> String {
    format!("1{}", "0".repeat(core))
}

/// A file system in memory, or the usual place: then the page cache has to do.
fn scratch() -> Result<PathBuf> {
    let memory = PathBuf::from("/dev/shm");
    let mounts = fs::read_to_string("/proc/mounts")?;
    let is_memory = mounts.lines().any(|line| line.split(' ').nth(1) == memory.to_str() && line.contains("tmpfs"));
    Ok(if is_memory && !memory.metadata()?.permissions().readonly() { memory } else { env::temp_dir() })
}
