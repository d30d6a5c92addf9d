//! The servers that clients are measured with: started for one run, with their files where no disk is measured.

pub mod nginx;
pub mod vsftpd;

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io, process, thread};

use crate::Result;
use crate::sys::{self, Core};

/// A server that ends with the run.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts a program that is to listen at an address, on one core, and waits until it does.
    fn start(mut command: Command, address: SocketAddr, core: Core) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // SAFETY: nothing between fork and exec but system calls and sets on the stack; an error would allocate, and ends
        // the child.
        unsafe {
            command.pre_exec(move || {
                // A harness that is killed leaves no server behind.
                sys::check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM))?;
                sys::pin(core).map_err(io::Error::other)
            })
        };
        let mut child = command.spawn().map_err(|error| format!("{name} cannot be run: {error}"))?;
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).is_err() {
            if child.try_wait()?.is_some() || Instant::now() > end {
                let _ = child.kill();
                let mut complaint = String::new();
                child.stderr.take().ok_or("no standard error")?.read_to_string(&mut complaint)?;
                return Err(format!("{name} does not start: {}", complaint.trim()).into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(Self { child, address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(id) = libc::pid_t::try_from(self.child.id()) {
            // SAFETY: it takes numbers. The child was not waited for, so its number is still its own.
            unsafe { libc::kill(id, libc::SIGTERM) };
        }
        let _ = self.child.wait();
    }
}

/// Two servers of the same files, one on either core of a benchmark.
pub struct Pair {
    main: Server,
    peer: Server,
    folder: Scratch,
}

impl Pair {
    fn start(folder: Scratch, start: fn(&Path, Core) -> Result<Server>) -> Result<Self> {
        Ok(Self { main: start(&folder.0, Core::Main)?, peer: start(&folder.0, Core::Peer)?, folder })
    }

    /// Where the server on a core listens.
    pub fn address(&self, core: Core) -> SocketAddr {
        match core {
            Core::Main => self.main.address,
            Core::Peer => self.peer.address,
        }
    }

    /// A folder with the served `files`, and room beside them.
    pub fn folder(&self) -> &Path {
        &self.folder.0
    }
}

/// A folder of this run.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Result<Self> {
        let folder = memory_or_temporary()?.join(format!("sockeye-bench-{}-{name}", process::id()));
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of it is no harm but memory.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A file with something in it: holes would be read without a copy.
pub fn fill(path: &Path, length: u64) -> Result<()> {
    let mut file = File::create(path)?;
    let block: Vec<u8> = (0..1 << 20).map(|at: u32| (at % 251) as u8).collect();
    for _ in 0..length >> 20 {
        file.write_all(&block)?;
    }
    Ok(())
}

/// These servers cannot choose a port; between here and there another program could take this one.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn is_root() -> bool {
    // SAFETY: it has no arguments and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// A file system in memory, or the usual place: then the page cache has to do.
fn memory_or_temporary() -> Result<PathBuf> {
    let memory = PathBuf::from("/dev/shm");
    let mounts = fs::read_to_string("/proc/mounts")?;
    let is_memory = mounts.lines().any(|line| line.split(' ').nth(1) == memory.to_str() && line.contains("tmpfs"));
    Ok(if is_memory && !memory.metadata()?.permissions().readonly() { memory } else { env::temp_dir() })
}
