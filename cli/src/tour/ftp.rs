//! FTP against the program's own server: a large file up and down, many small ones, and a list of them.

use std::{
    collections::hash_map::RandomState,
    fs,
    hash::BuildHasher as _,
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use sockeye::{Error, Ftp, FtpOptions, FtpProgress, FtpTransferOptions};

use super::{
    PATIENCE,
    failure::{Failure, expect},
    median,
};
use crate::ftp_server::{FtpServer, FtpServerOptions};

pub(super) fn step() -> Result<String, Failure> {
    let folder = Folder::new()?;
    let mut options = FtpServerOptions::new(folder.make("server")?);
    options.may_write = true;
    let mut server = FtpServer::new(options)?;
    let (port, waker, is_over) = (server.port(), server.waker(), Arc::new(AtomicBool::new(false)));
    let stop = Arc::clone(&is_over);
    // After a failure nobody waits for it: it ends with the program.
    let serving = thread::spawn(move || -> Result<(), Error> {
        while !stop.load(Ordering::Relaxed) {
            server.serve()?;
        }
        Ok(())
    });
    let mut options = FtpOptions::default();
    options.silence = Some(PATIENCE);
    let mut ftp = Ftp::with_options(options);
    ftp.connect("127.0.0.1", port).into_result()?;
    ftp.login_anonymous().into_result()?;

    let (up, down) = there_and_back(&mut ftp, &folder)?;
    let mut small = many(&mut ftp)?;
    let listed = list(&mut ftp)?;
    ftp.disconnect().into_result()?;
    is_over.store(true, Ordering::Relaxed);
    waker.wake()?;
    serving.join().map_err(|_| Failure::Panicked)??;
    let speed = |elapsed: Duration| LARGE as f64 / elapsed.as_secs_f64() / 1e9;
    Ok(format!(
        "{} MB uploaded, {:.1} GB/s; downloaded, {:.1} GB/s; the same bytes\n{SMALL} files of 1 KiB uploaded, median \
         {:.0} us; listed in {:.1} ms",
        LARGE / 1_000_000,
        speed(up),
        speed(down),
        median(&mut small).as_secs_f64() * 1e6,
        listed.as_secs_f64() * 1e3,
    ))
}

/// Uploads a large file, downloads it, and compares the two.
fn there_and_back(ftp: &mut Ftp, folder: &Folder) -> Result<(Duration, Duration), Failure> {
    let content: Vec<u8> = (0..=250).cycle().take(LARGE).collect();
    let (sent, received) = (folder.0.join("sent"), folder.0.join("received"));
    fs::write(&sent, &content).map_err(|error| failed(&sent, error))?;
    let options = FtpTransferOptions::default();
    let begin = Instant::now();
    ftp.upload_file(&sent, "large", &options, go_on).into_result()?;
    let up = begin.elapsed();
    let begin = Instant::now();
    ftp.download_file("large", &received, &options, go_on).into_result()?;
    let down = begin.elapsed();
    let found = fs::read(&received).map_err(|error| failed(&received, error))?;
    expect("the same bytes:", &true, &(found == content))?;
    Ok((up, down))
}

/// Uploads many small files.
fn many(ftp: &mut Ftp) -> Result<Vec<Duration>, Failure> {
    ftp.create_directory("small").into_result()?;
    let mut times = Vec::new();
    for number in 0..SMALL {
        let mut content: &[u8] = &[7; 1024];
        let begin = Instant::now();
        ftp.upload_from(&mut content, &format!("small/{number}"), &FtpTransferOptions::default(), go_on)
            .into_result()?;
        times.push(begin.elapsed());
    }
    Ok(times)
}

fn list(ftp: &mut Ftp) -> Result<Duration, Failure> {
    let begin = Instant::now();
    let entries = ftp.entries("small")?;
    let elapsed = begin.elapsed();
    expect("files of 1 KiB", &SMALL, &entries.iter().filter(|entry| entry.size == Some(1024)).count())?;
    Ok(elapsed)
}

/// Ends the program, whose files do not outlive it.
pub(super) fn end_interrupted() -> ! {
    // Held to the end: none is made any more.
    let folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(path) = &*folder {
        // Until what the step is just writing is not in the way.
        let is_gone = |_| fs::remove_dir_all(path).is_ok();
        _ = (0..TRIES).any(is_gone);
    }
    // As shells expect it.
    process::exit(130)
}

/// A folder that goes with the step, and with the program.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        let name = format!("sockeye-tour-{:016x}", RandomState::new().hash_one(process::id()));
        let path = std::env::temp_dir().join(name);
        let mut folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
        fs::create_dir(&path).map_err(|error| failed(&path, error))?;
        *folder = Some(path.clone());
        Ok(Self(path))
    }

    fn make(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.0.join(name);
        fs::create_dir(&path).map_err(|error| failed(&path, error))?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let mut folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
        // There is nobody to tell.
        _ = fs::remove_dir_all(&self.0);
        *folder = None;
    }
}

fn failed(path: &Path, source: io::Error) -> Failure {
    Failure::Socket(Error::File { path: path.to_string_lossy().into(), source })
}

fn go_on(_: FtpProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// What is to be removed if the program ends now.
static FOLDER: Mutex<Option<PathBuf>> = Mutex::new(None);
/// How often that is tried.
const TRIES: u32 = 16;
const LARGE: usize = 32_000_000;
const SMALL: usize = 100;
