//! The web server of the HTTP rows.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::{Pair, Scratch, Server, free_address, is_root};
use crate::Result;
use crate::sys::Core;

/// The file of the small requests.
pub const SMALL: usize = 1024;
/// The file of the requests whose body goes to memory, in MiB.
pub const LARGE_MIB: u64 = 16;
/// The file of the downloads: sparse, as it costs no disk either.
pub const HUGE: u64 = 1 << 30;

/// Starts two, with one worker each.
pub fn start() -> Result<Pair> {
    let folder = Scratch::new("http")?;
    let files = folder.0.join("files");
    fs::create_dir_all(files.join("put"))?;
    fs::write(files.join("small"), vec![b'x'; SMALL])?;
    fs::write(files.join("large"), vec![b'x'; (LARGE_MIB << 20) as usize])?;
    fs::File::create(files.join("huge"))?.set_len(HUGE)?;
    Pair::start(folder, serve)
}

fn serve(folder: &Path, core: Core) -> Result<Server> {
    let address = free_address()?;
    let folder = folder.join(address.port().to_string());
    fs::create_dir(&folder)?;
    let configuration = folder.join("nginx.conf");
    fs::write(&configuration, text(&folder, address)?)?;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(&folder).arg("-c").arg(&configuration).args(["-e", "stderr"]);
    Server::start(command, address, core)
}

fn text(folder: &Path, address: SocketAddr) -> Result<String> {
    let (here, files) = (folder.display(), folder.with_file_name("files"));
    let mut text = String::new();
    if is_root() {
        text.push_str("user root;\n");
    }
    write!(
        text,
        "daemon off;
worker_processes 1;
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
        files = files.display(),
    )?;
    Ok(text)
}
