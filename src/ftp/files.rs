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
        session: &Session,
        verb: &str,
        path: &str,
        options: &FtpTransferOptions,
        total: Option<u64>,
    ) -> Result<Self> {
        let command = session.build(verb, path)?;
        let (mode, offset) = (Some(options.mode), options.offset);
        Ok(Self { command, mode, offset, is_behind: verb == "APPE", total })
    }

    /// The same, with the server told how names are encoded.
    pub(super) fn agreed(
        session: &mut Session,
        verb: &str,
        path: &str,
        options: &FtpTransferOptions,
        total: Option<u64>,
    ) -> Result<Self> {
        let order = Self::new(session, verb, path, options, total)?;
        session.agree_on_names(path)?;
        Ok(order)
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
    match Order::agreed(session, "RETR", remote, options, None) {
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
    match Order::agreed(session, verb, remote, options, total) {
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
    if options.asks_before_download() {
        return resume_download(session, remote, local, &options, watching).unwrap_or_else(FtpResponse::failed);
    }
    // Made before the server is asked for anything: there may be no such folder.
    match BegunDownload::from_the_start(local) {
        Ok(mut begun) => {
            let response = download(session, remote, &mut begun.part, &options, watching);
            begun.end(response)
        }
        Err(error) => FtpResponse::failed(error),
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
    if !session.control.is_usable() {
        return Ok(sized);
    }
    let dated = session.command_on("MDTM", remote);
    if !session.control.is_usable() {
        return Ok(dated);
    }
    let mut begun = BegunDownload::new(local, sized, &dated)?;
    if let Some(sized) = begun.is_whole() {
        return Ok(begun.end(sized));
    }
    loop {
        let options = FtpTransferOptions { offset: begun.offset, ..*options };
        let order = Order::agreed(session, "RETR", remote, &options, begun.size)?;
        let response = run(session, order, &options, Cargo::Down(&mut begun.part), watching);
        if !begun.begins_again(&response)? {
            return Ok(begun.end(response));
        }
    }
}

/// A download to a file, perhaps of which there is a part.
#[derive(Debug)]
pub(super) struct BegunDownload {
    pub(super) part: PartFile,
    /// The bytes that are there.
    pub(super) offset: u64,
    /// The bytes of the server's file, if it has said how many.
    pub(super) size: Option<u64>,
    sized: Option<FtpResponse>,
}

impl BegunDownload {
    /// With the answers to SIZE and MDTM, which tell whether it is the same file.
    pub(super) fn new(local: &Path, sized: FtpResponse, dated: &FtpResponse) -> Result<Self> {
        let size = number(&sized);
        let modified = if dated.ok() { dated.message() } else { "" };
        // Without a size nothing tells that what is there is a part of the same file.
        let identity = size.map(|size| format!("{size} {modified}\n")).unwrap_or_default();
        let (mut part, offset) = PartFile::resumed(local, &identity)?;
        let is_part = size.is_some_and(|size| offset <= size);
        if offset > 0 && !is_part {
            part.clear()?;
        }
        Ok(Self { part, offset: if is_part { offset } else { 0 }, size, sized: Some(sized) })
    }

    /// From the first byte on.
    pub(super) fn from_the_start(local: &Path) -> Result<Self> {
        Ok(Self { part: PartFile::new(local)?, offset: 0, size: None, sized: None })
    }

    /// The answer to SIZE, if nothing is missing but the name.
    pub(super) fn is_whole(&mut self) -> Option<FtpResponse> {
        if self.offset > 0 && self.size == Some(self.offset) { self.sized.take() } else { None }
    }

    /// Tells whether the server cannot leave bytes out, and everything has to come.
    pub(super) fn begins_again(&mut self, response: &FtpResponse) -> Result<bool> {
        let begins_again = self.offset > 0 && is_about_offset(response);
        if begins_again {
            self.offset = 0;
            self.part.clear()?;
        }
        Ok(begins_again)
    }

    /// Gives the file its name if it is whole.
    pub(super) fn end(mut self, response: FtpResponse) -> FtpResponse {
        if !response.ok() {
            return response;
        }
        // An empty file has no first byte.
        if let Err(error) = self.part.begin() {
            return response.with_error(error);
        }
        if let Some(expected) = self.size
            && let received = self.part.length()
            && received < expected
        {
            return response.with_error(Error::CutShort { received, expected });
        }
        match self.part.finish() {
            Ok(()) => response,
            Err(error) => response.with_error(error),
        }
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
    if options.asks_for_size_before_upload() && total.is_some() {
        let sized = session.command_for_size(remote);
        if !session.control.is_usable() {
            return sized;
        }
        match rest_of_upload(&sized, total) {
            Some(offset) if total == Some(offset) => return sized,
            Some(offset) => {
                let options = FtpTransferOptions { offset, ..options };
                return upload_rest(session, &mut file, remote, &options, watching);
            }
            None => {}
        }
    }
    upload(session, &mut file, remote, &options, total, watching)
}

/// From where on the server has not got the file yet, by its answer to SIZE; `None` for a file that has to be sent whole.
pub(super) fn rest_of_upload(sized: &FtpResponse, total: Option<u64>) -> Option<u64> {
    number(sized).filter(|size| *size > 0 && total.is_some_and(|total| *size <= total))
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
    if is_about_offset(&response) {
        file.skip_to(options.offset);
        return upload(session, file, remote, options, total, watching);
    }
    response
}

impl FtpTransferOptions {
    pub(super) fn asks_before_download(&self) -> bool {
        self.resume == FtpResume::IfPossible && self.mode == TransferMode::Binary
    }

    pub(super) fn asks_for_size_before_upload(&self) -> bool {
        self.asks_before_download() && self.append == Append::No
    }
}

/// Tells whether a server does not do what a resumed transfer needs.
pub(super) fn is_about_offset(response: &FtpResponse) -> bool {
    matches!(response.status().code(), 500..=504 | 554) && response.error().is_none()
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

pub(super) fn number(response: &FtpResponse) -> Option<u64> {
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
