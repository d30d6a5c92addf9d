//! One transfer in this process, as the harness starts it.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, thread};

use sockeye::{FtpEntryKind, FtpTransferOptions, Http, HttpRequest, Resume};

use crate::contestant::expect;
use crate::contestant::ftp::{OurFtp, RawFtp, Session, Suppaftp};
use crate::contestant::http::options;
use crate::server::vsftpd::FILES;
use crate::{Result, sys};

pub fn run(transfer: &str, program: &str, url: &str, path: &str) -> Result<()> {
    sys::arm_alarm();
    let path = Path::new(path);
    match (transfer, program) {
        ("http-download" | "http-upload", "ours") => http(transfer, url, path),
        ("ftp-download" | "ftp-upload", "ours") => ftp::<OurFtp>(transfer, url, path),
        ("ftp-download" | "ftp-upload", "std, by hand") => ftp::<RawFtp<false>>(transfer, url, path),
        ("ftp-download" | "ftp-upload", "suppaftp") => ftp::<Suppaftp>(transfer, url, path),
        ("ftp-files", "ours") => ftp_folder(url, path),
        ("ftp-files", "std, by hand") => ftp_files::<RawFtp<false>>(url, path),
        ("ftp-files", "suppaftp") => ftp_files::<Suppaftp>(url, path),
        ("ftp-tree", "ours") => ftp_tree(url, path),
        _ => Err("no such transfer".into()),
    }
}

fn http(transfer: &str, url: &str, path: &Path) -> Result<()> {
    let http = Http::with_options(url.split('/').nth(2).ok_or("no host")?, 0, options())?;
    let response = if transfer == "http-download" {
        http.download_file(&HttpRequest::get(url)?, path, Resume::Never, |_| ControlFlow::Continue(()))
    } else {
        let mut request = HttpRequest::put(url)?;
        request.set_body_file(path)?;
        http.send_request_timeout(&request, Duration::from_secs(60))
    };
    response.into_result()?;
    Ok(())
}

fn ftp<S: Session>(transfer: &str, url: &str, path: &Path) -> Result<()> {
    let (server, remote) = parse(url)?;
    let mut session = S::open(server)?;
    if transfer == "ftp-download" { session.download(remote, path) } else { session.upload(path, remote) }
}

/// Of those that cannot take a folder: they are told the names.
fn ftp_files<S: Session>(url: &str, path: &Path) -> Result<()> {
    let (server, remote) = parse(url)?;
    let mut session = S::open(server)?;
    (0..FILES).try_for_each(|name| session.download(&format!("{remote}/{name}"), &path.join(name.to_string())))
}

fn ftp_folder(url: &str, path: &Path) -> Result<()> {
    let (server, remote) = parse(url)?;
    let mut session = OurFtp::open(server)?;
    let options = FtpTransferOptions::default();
    session.0.download_tree(remote, path, &options, |_| ControlFlow::Continue(())).into_result()?;
    Ok(())
}

/// A tree as a program takes it over several sessions: the first one lists it, then all take files from one queue.
fn ftp_tree(url: &str, path: &Path) -> Result<()> {
    let (server, remote) = parse(url)?;
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(OurFtp::open(server)?);
    }
    let files = list(&mut sessions[0], remote, path)?;
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let workers: Vec<_> = sessions
            .iter_mut()
            .map(|session| {
                scope.spawn(|| -> Result<()> {
                    while let Some((remote, local)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                        session.download(remote, local)?;
                    }
                    Ok(())
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a thread panicked")?)
    })
}

/// All files below a folder, which is made here with the folders in it.
fn list(session: &mut OurFtp, remote: &str, local: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut folders = vec![(remote.to_owned(), local.to_owned())];
    let mut files = Vec::new();
    while let Some((remote, local)) = folders.pop() {
        fs::create_dir_all(&local)?;
        for entry in session.0.entries(&remote)? {
            expect(entry.is_safe_name(), "a name that leads elsewhere")?;
            let inside = (format!("{remote}/{}", entry.name), local.join(&entry.name));
            match entry.kind {
                FtpEntryKind::File => files.push(inside),
                FtpEntryKind::Directory => folders.push(inside),
                _ => {}
            }
        }
    }
    Ok(files)
}

/// The address and the path of a URL.
fn parse(url: &str) -> Result<(SocketAddr, &str)> {
    let (address, path) = url.strip_prefix("ftp://").and_then(|rest| rest.split_once('/')).ok_or("no URL of FTP")?;
    Ok((address.parse()?, path))
}

const SESSIONS: usize = 4;
