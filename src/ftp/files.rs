//! Downloads and uploads between the server and files of this machine.

use std::path::Path;

use super::{
    cargo::{Cargo, Sink, Source},
    listing::is_safe_name,
    local::{PartFile, WholeFile},
    options::{Append, FtpProgress, FtpResume, FtpTransferOptions, TransferMode},
    response::FtpResponse,
    run::{Watching, run},
    session::Session,
    status::FtpStatus,
    time::parse_time,
    transfer::Order,
};
use crate::error::{Error, Result};

impl Order {
    /// The command of a transfer. It is refused here if it cannot be sent, before anything else was.
    pub(super) fn new(
        session: &mut Session,
        verb: &str,
        path: &str,
        options: &FtpTransferOptions,
        total: Option<u64>,
    ) -> Result<Self> {
        let command = session.build(verb, path)?;
        session.agree_on_names(path)?;
        let (mode, offset) = (Some(options.mode), options.offset);
        Ok(Self { command, mode, offset, is_behind: verb == "APPE", total })
    }
}

/// Downloads to wherever it goes.
pub(super) fn download(
    session: &mut Session,
    remote: &str,
    sink: &mut dyn Sink,
    options: &FtpTransferOptions,
    watching: Watching<'_>,
) -> FtpResponse {
    match Order::new(session, "RETR", remote, options, None) {
        Ok(order) => run(session, order, options, Cargo::Down(sink), watching),
        Err(error) => FtpResponse::failed(error),
    }
}

/// Uploads from wherever it comes.
pub(super) fn upload(
    session: &mut Session,
    source: &mut dyn Source,
    remote: &str,
    options: &FtpTransferOptions,
    total: Option<u64>,
    watching: Watching<'_>,
) -> FtpResponse {
    let verb = if options.append == Append::Yes { "APPE" } else { "STOR" };
    match Order::new(session, verb, remote, options, total) {
        Ok(order) => run(session, order, options, Cargo::Up(source), watching),
        Err(error) => FtpResponse::failed(error),
    }
}

/// Downloads to a file, which has its name when it is whole.
pub(super) fn download_file(
    session: &mut Session,
    remote: &str,
    local: &Path,
    options: &FtpTransferOptions,
    watching: Watching<'_>,
) -> FtpResponse {
    let options = FtpTransferOptions { offset: 0, ..*options };
    if options.resume == FtpResume::IfPossible && options.mode == TransferMode::Binary {
        return resume_download(session, remote, local, &options, watching).unwrap_or_else(FtpResponse::failed);
    }
    // Made before the server is asked for anything, which may take a folder that is not there.
    match PartFile::new(local) {
        Ok(mut part) => {
            let response = download(session, remote, &mut part, &options, watching);
            named(response, part)
        }
        Err(error) => FtpResponse::failed(error),
    }
}

fn named(response: FtpResponse, part: PartFile) -> FtpResponse {
    if !response.ok() {
        return response;
    }
    match part.finish() {
        Ok(()) => response,
        Err(error) => response.with_error(error),
    }
}

fn resume_download(
    session: &mut Session,
    remote: &str,
    local: &Path,
    options: &FtpTransferOptions,
    watching: Watching<'_>,
) -> Result<FtpResponse> {
    let sized = session.command_for_size(remote);
    let size = number(&sized);
    if !session.control.is_usable() {
        return Ok(sized);
    }
    let modified = session.command_on("MDTM", remote);
    let modified = if modified.ok() { modified.message() } else { "" };
    // Without a size nothing tells that what is there is a part of the same file.
    let identity = size.map(|size| format!("{size} {modified}\n"));
    let (mut part, offset) = PartFile::resumed(local, identity.as_deref().unwrap_or_default())?;
    let offset = if size.is_some_and(|size| offset <= size) { offset } else { 0 };
    if offset == 0 {
        part.clear()?;
    } else if size == Some(offset) {
        return Ok(named(sized, part));
    }
    let get = |session: &mut Session, part: &mut PartFile, offset, watching: Watching<'_>| {
        let options = FtpTransferOptions { offset, ..*options };
        let order = Order::new(session, "RETR", remote, &options, size)?;
        Ok::<_, Error>(run(session, order, &options, Cargo::Down(part), watching))
    };
    let mut response = get(session, &mut part, offset, watching)?;
    if offset > 0 && is_about_offset(response.status()) && response.error().is_none() {
        part.clear()?;
        response = get(session, &mut part, 0, watching)?;
    }
    match size {
        Some(expected) if response.ok() && part.length() < expected => {
            Ok(response.with_error(Error::CutShort { received: part.length(), expected }))
        }
        _ => Ok(named(response, part)),
    }
}

/// Uploads a file.
pub(super) fn upload_file(
    session: &mut Session,
    local: &Path,
    remote: &str,
    options: &FtpTransferOptions,
    watching: Watching<'_>,
) -> FtpResponse {
    let mut file = match WholeFile::open(local) {
        Ok(file) => file,
        Err(error) => return FtpResponse::failed(error),
    };
    let options = FtpTransferOptions { offset: 0, ..*options };
    let total = file.length().filter(|_| options.mode != TransferMode::Ascii);
    let resumes = options.resume == FtpResume::IfPossible && options.append == Append::No;
    if let (true, TransferMode::Binary, Some(length)) = (resumes, options.mode, total) {
        let sized = session.command_for_size(remote);
        if !session.control.is_usable() {
            return sized;
        }
        match number(&sized) {
            Some(size) if size == length && size > 0 => return sized,
            Some(offset @ 1..) if offset < length => {
                return upload_rest(session, &mut file, remote, &FtpTransferOptions { offset, ..options }, watching);
            }
            _ => {}
        }
    }
    upload(session, &mut file, remote, &options, total, watching)
}

/// Sends what the server has not got yet: behind what it has, or from that offset on.
fn upload_rest(
    session: &mut Session,
    file: &mut WholeFile,
    remote: &str,
    options: &FtpTransferOptions,
    watching: Watching<'_>,
) -> FtpResponse {
    let total = file.length();
    file.skip_to(options.offset);
    let behind = FtpTransferOptions { append: Append::Yes, ..*options };
    let response = upload(session, file, remote, &behind, total, watching);
    if is_about_offset(response.status()) && response.error().is_none() {
        file.skip_to(options.offset);
        return upload(session, file, remote, options, total, watching);
    }
    response
}

/// Tells whether a server does not do what a resumed transfer needs.
fn is_about_offset(status: FtpStatus) -> bool {
    matches!(status.code(), 500..=504 | 554)
}

impl Session {
    /// Asks for a size; some servers tell it in the binary type alone.
    pub(super) fn command_for_size(&mut self, path: &str) -> FtpResponse {
        match self.set_mode(TransferMode::Binary) {
            Ok(set) if set.ok() => self.command_on("SIZE", path),
            Ok(refused) => refused,
            Err(error) => FtpResponse::failed(error),
        }
    }

    pub(super) fn size(&mut self, path: &str) -> Result<u64> {
        let response = self.command_for_size(path);
        let size = number(&response);
        response.into_result()?;
        size.ok_or(Error::Malformed { expected: "a number in the answer to SIZE" })
    }

    pub(super) fn modified(&mut self, path: &str) -> Result<std::time::SystemTime> {
        let response = self.command_on("MDTM", path).into_result()?;
        parse_time(response.message().trim()).ok_or(Error::Malformed { expected: "a time in the answer to MDTM" })
    }
}

fn number(response: &FtpResponse) -> Option<u64> {
    let text = response.message().trim();
    let is_number = response.status() == FtpStatus::FILE_STATUS && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// The name that a path of the server ends with, if a local file can have it.
pub(super) fn file_name(remote: &str) -> Result<&str> {
    let name = remote.rsplit('/').next().unwrap_or_default();
    if is_safe_name(name) { Ok(name) } else { Err(Error::invalid_input(remote, "a path that ends with a file name")) }
}

/// Nobody looks on.
pub(super) fn nobody(_: FtpProgress) -> std::ops::ControlFlow<()> {
    std::ops::ControlFlow::Continue(())
}
