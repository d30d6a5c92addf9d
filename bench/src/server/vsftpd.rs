//! The server of the FTP rows.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Pair, Scratch, Server, free_address};
use crate::Result;
use crate::sys::Core;

/// The servers, and folders for their clients.
pub struct Vsftpd {
    pub servers: Pair,
    /// That were made for clients.
    folders: AtomicUsize,
}

/// Small files, each by its number.
pub const FILES: usize = 1_000;
/// What a small file has.
pub const SMALL: usize = 1024;
/// Folders that the same small files are in once more.
pub const FOLDERS: usize = 10;
/// The file of the downloads and the uploads.
pub const HUGE: u64 = 512 << 20;

impl Vsftpd {
    pub fn start() -> Result<Self> {
        let folder = Scratch::new("ftp")?;
        let files = folder.0.join("files");
        for name in ["files/put", "files/small", "files/tree", "taken", "empty"] {
            fs::create_dir_all(folder.0.join(name))?;
        }
        let small = [b'x'; SMALL];
        for number in 0..FILES {
            fs::write(files.join(format!("small/{number}")), small)?;
            let inner = files.join(format!("tree/{}", number % FOLDERS));
            fs::create_dir_all(&inner)?;
            fs::write(inner.join(number.to_string()), small)?;
        }
        Ok(Self { servers: Pair::start(folder, serve)?, folders: AtomicUsize::new(0) })
    }

    /// A new folder for what a client downloads: it makes files there, as the others do, and replaces none of theirs.
    pub fn new_folder(&self) -> Result<PathBuf> {
        let folder = self.servers.folder().join(format!("taken/{}", self.folders.fetch_add(1, Ordering::Relaxed)));
        fs::create_dir(&folder)?;
        Ok(folder)
    }
}

fn serve(folder: &Path, core: Core) -> Result<Server> {
    let address = free_address()?;
    let configuration = folder.join(format!("{}.conf", address.port()));
    fs::write(&configuration, text(folder, address))?;
    let mut command = Command::new("vsftpd");
    command.arg(&configuration);
    // Where it is on Debian, which not everybody's PATH names.
    command.env("PATH", "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin:/sbin:/bin");
    Server::start(command, address, core)
}

/// Anonymous users alone, with the rights of whoever runs it: no accounts, no PAM.
fn text(folder: &Path, address: SocketAddr) -> String {
    let (ip, port, folder) = (address.ip(), address.port(), folder.display());
    format!(
        "listen=YES
listen_address={ip}
listen_port={port}
background=NO
run_as_launching_user=YES
secure_chroot_dir={folder}/empty
anonymous_enable=YES
local_enable=NO
no_anon_password=YES
anon_root={folder}/files
anon_umask=022
anon_upload_enable=YES
anon_other_write_enable=YES
allow_writeable_chroot=YES
write_enable=YES
xferlog_enable=NO
idle_session_timeout=3600
"
    )
}
