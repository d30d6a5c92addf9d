//! Bodies that become files.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    arriving::Sink, content::codings, date::is_settled, fields::HttpFields, head::ResponseHead, request::HttpRequest,
    response::HttpResponse, status::HttpStatus, url::Url,
};
use crate::{
    error::{Error, Result},
    sys::{Predecessor, open_alone},
};

/// Whether [`download_file`](crate::Http::download_file) goes on from where an earlier one stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resume {
    /// Every download begins at the first byte.
    #[default]
    Never,
    /// What an earlier download of the same URL left is used, if the server still has the same file.
    IfPossible,
}

/// A body that goes to a writer.
pub(super) struct WriterSink<'a>(pub(super) &'a mut dyn Write);

impl Sink for WriterSink<'_> {
    fn begin(&mut self, _head: &ResponseHead) -> Result<bool> {
        Ok(true)
    }

    fn write(&mut self, data: &[u8]) -> Result<()> {
        self.0.write_all(data).map_err(Error::Io)
    }
}

/// A body that goes to a file under a temporary name, with the permissions of the one that it replaces.
pub(super) struct FileSink {
    path: PathBuf,
    old: Predecessor,
    part: PathBuf,
    /// Beside the part; `None` where nothing is resumed.
    note: Option<Note>,
    /// What the note said before anything was asked for: the server is to send the rest of that version alone.
    known: Option<String>,
    /// Bytes that the part had before, which the server is asked to leave out.
    offset: u64,
    /// What the server says that it sends, where that is a part of the file.
    range: Option<ContentRange>,
    written: u64,
    file: Option<File>,
}

/// What a part is the beginning of: the server's word for the file, and the URL, since a word of another URL may be the
/// same (RFC 9110 section 8.8.1).
struct Note {
    path: PathBuf,
    /// Without credentials.
    url: String,
}

/// The bytes of a file that a response has (RFC 9110 section 14.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ContentRange {
    first: u64,
    last: u64,
    /// The length of the whole file, if the server knows it.
    complete: Option<u64>,
}

type Run<'a> = &'a mut dyn FnMut(&HttpRequest, &mut FileSink) -> HttpResponse;

/// Runs a request for a URL whose body becomes the file at `path`.
pub(super) fn to_file(request: &HttpRequest, url: &Url, path: &Path, resume: Resume, run: Run<'_>) -> HttpResponse {
    match resume {
        Resume::Never => {
            let mut sink = match FileSink::temporary(path) {
                Ok(sink) => sink,
                Err(error) => return HttpResponse::not_begun(error),
            };
            let response = run(request, &mut sink);
            sink.end(response)
        }
        Resume::IfPossible => resumed(request, url, path, run),
    }
}

fn resumed(request: &HttpRequest, url: &Url, path: &Path, run: Run<'_>) -> HttpResponse {
    let part = with_suffix(path, ".part");
    let note = Note { path: with_suffix(path, ".part.id"), url: url.shown() };
    let mut request = request.clone();
    // An offset counts the bytes as they are stored at the server.
    request.fields_mut().set("Accept-Encoding", b"identity");
    let offset = part.metadata().map_or(0, |metadata| metadata.len());
    let known = note.read().filter(|_| offset > 0);
    let (path, old, note) = (path.to_owned(), Predecessor::at(path), Some(note));
    let mut sink = FileSink { path, old, part, note, known, offset: 0, range: None, written: 0, file: None };
    if let Some(known) = &sink.known {
        let mut ranged = request.clone();
        ranged.fields_mut().set("Range", format!("bytes={offset}-").as_bytes());
        ranged.fields_mut().set("If-Range", known.as_bytes());
        sink.offset = offset;
        let mut response = run(&ranged, &mut sink);
        match response.status() {
            // It was whole already, and only its name was missing; or it has become shorter.
            HttpStatus::RANGE_NOT_SATISFIABLE if response.error().is_none() => {
                let is_same = !sink.known.as_deref().is_some_and(|known| is_other(known, response.fields()));
                if is_same && response.field("Content-Range") == Some(format!("bytes */{offset}").as_str()) {
                    // The rest is empty, which HTTP can only say by a refusal; to the caller it is none.
                    response.settle(HttpStatus::PARTIAL_CONTENT);
                    return sink.name_whole(response);
                }
                (sink.offset, sink.known) = (0, None);
            }
            _ => return sink.end(response),
        }
    }
    let response = run(&request, &mut sink);
    sink.end(response)
}

impl FileSink {
    /// Makes the file now, so that a folder that takes none is found out before anything is asked for.
    fn temporary(path: &Path) -> Result<Self> {
        let old = Predecessor::at(path);
        for _ in 0..TRIES {
            let mut random = [0; 4];
            getrandom::fill(&mut random).map_err(|error| Error::Io(io::Error::other(error)))?;
            let part = with_suffix(path, &format!(".{:08x}.part", u32::from_ne_bytes(random)));
            match old.successor().write(true).create_new(true).open(&part) {
                Ok(file) => {
                    let (note, known, range) = (None, None, None);
                    let (path, file) = (path.to_owned(), Some(file));
                    return Ok(Self { path, old, part, note, known, offset: 0, range, written: 0, file });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::file(path, error)),
            }
        }
        Err(Error::file(path, io::ErrorKind::AlreadyExists.into()))
    }

    /// Gives the file its name if the response is what was asked for; else what is to go goes.
    fn end(mut self, mut response: HttpResponse) -> HttpResponse {
        if let Some(file) = self.file.as_ref().filter(|_| response.ok()) {
            match self.check_length(file) {
                Ok(()) => return self.name(response),
                Err(error) => response.fail(HttpStatus::INVALID_RESPONSE, error),
            }
        }
        self.file = None;
        if self.note.is_none() {
            // It may never have been made; there is nobody to tell.
            let _ = fs::remove_file(&self.part);
        }
        response
    }

    /// The file must be what has come, which a part of a file must be the part that it is said to be, and the last one.
    fn check_length(&self, file: &File) -> Result<()> {
        let length = file.metadata().map_err(|error| Error::file(&self.part, error))?.len();
        if length != self.offset.saturating_add(self.written) {
            self.forget();
            return Err(Error::file(&self.part, io::ErrorKind::ResourceBusy.into()));
        }
        let Some(range @ ContentRange { last, complete, .. }) = self.range else { return Ok(()) };
        if self.written != range.length() {
            self.forget();
            return Err(RANGE_LENGTH);
        }
        match complete {
            Some(complete) if complete > last + 1 => Err(Error::CutShort { received: last + 1, expected: complete }),
            _ => Ok(()),
        }
    }

    /// Says which part of the file comes, if it is one that can be joined with what is there.
    fn range(&self, head: &ResponseHead) -> Result<ContentRange> {
        let range = head.fields.get("Content-Range").and_then(ContentRange::parse);
        let range = range.filter(|range| range.first == self.offset);
        let range = range.ok_or(Error::Malformed { expected: "the range that was asked for" })?;
        // Not every server knows If-Range (RFC 9110 section 15.3.7.3).
        if let Some(known) = &self.known
            && (is_other(known, &head.fields) || codings(&head.fields).next().is_some())
        {
            return Err(Error::Malformed { expected: "the rest of the same file" });
        }
        if head.fields.get("Content-Length").and_then(number).is_some_and(|length| length != range.length()) {
            return Err(RANGE_LENGTH);
        }
        Ok(range)
    }

    /// Makes the next download begin anew.
    fn forget(&self) {
        if let Some(note) = &self.note {
            // Without it the part is not looked at.
            let _ = note.remove();
        }
    }

    /// The same for a part that was whole before anything was asked for.
    fn name_whole(mut self, mut response: HttpResponse) -> HttpResponse {
        match self.open() {
            Ok(file) => self.file = Some(file),
            Err(error) => {
                response.fail(HttpStatus::INVALID_RESPONSE, Error::file(&self.part, error));
                return response;
            }
        }
        self.name(response)
    }

    /// The part stays open until it has the name: nobody else may come to it before.
    fn name(self, mut response: HttpResponse) -> HttpResponse {
        if let Some(file) = &self.file {
            // Not before: one that may not be written to could not be gone on with.
            self.old.hand_on(file);
        }
        match fs::rename(&self.part, &self.path) {
            Ok(()) => self.forget(),
            Err(error) => response.fail(HttpStatus::INVALID_RESPONSE, Error::file(&self.path, error)),
        }
        response
    }

    /// Opens the part behind what it had, or makes it empty. No other download has it, nor has had it since it was looked
    /// at.
    fn open(&self) -> io::Result<File> {
        let mut file = open_alone(self.old.successor(), &self.part, self.offset == 0)?;
        if self.offset == 0 {
            file.set_len(0)?;
            return Ok(file);
        }
        let is_as_it_was =
            file.seek(SeekFrom::End(0))? == self.offset && self.note.as_ref().and_then(Note::read) == self.known;
        if is_as_it_was { Ok(file) } else { Err(io::ErrorKind::ResourceBusy.into()) }
    }

    /// Writes down what identifies the file at the server, before its first byte.
    fn take_note(&self, head: &ResponseHead) -> io::Result<()> {
        let Some(note) = &self.note else { return Ok(()) };
        // What is unpacked has other offsets than at the server.
        match validator(head).filter(|_| codings(&head.fields).next().is_none()) {
            Some(validator) => note.write(validator),
            None => match note.remove() {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        }
    }
}

impl Note {
    /// What the server said, if it was about this URL.
    fn read(&self) -> Option<String> {
        let mut text = String::new();
        let most = VALIDATOR_LIMIT + self.url.len() as u64;
        File::open(&self.path).ok()?.take(most).read_to_string(&mut text).ok()?;
        let (validator, url) = text.split_once('\n')?;
        let is_sound = !validator.is_empty() && validator.bytes().all(|byte| (b' '..0x7f).contains(&byte));
        (is_sound && url.strip_suffix('\n') == Some(&self.url)).then(|| validator.to_owned())
    }

    fn write(&self, validator: &str) -> io::Result<()> {
        fs::write(&self.path, format!("{validator}\n{}\n", self.url))
    }

    fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

impl Sink for FileSink {
    fn begin(&mut self, head: &ResponseHead) -> Result<bool> {
        let is_part = head.status == HttpStatus::PARTIAL_CONTENT;
        if !is_part {
            self.offset = 0;
        }
        if self.note.is_some() {
            let opened = self.open().and_then(|file| {
                if self.offset == 0 {
                    self.take_note(head)?;
                }
                Ok(file)
            });
            self.file = Some(opened.map_err(|error| Error::file(&self.part, error))?);
        }
        if is_part {
            self.range = Some(self.range(head).inspect_err(|_| self.forget())?);
        }
        Ok(true)
    }

    fn write(&mut self, data: &[u8]) -> Result<()> {
        match &mut self.file {
            Some(file) => file.write_all(data).map_err(|error| Error::file(&self.part, error))?,
            None => return Ok(()),
        }
        self.written += data.len() as u64;
        Ok(())
    }

    fn offset(&self) -> u64 {
        self.offset
    }
}

impl ContentRange {
    /// Reads `bytes FIRST-LAST/COMPLETE`, in which the last may be `*`.
    fn parse(text: &str) -> Option<Self> {
        let (unit, rest) = text.split_once(' ')?;
        let (range, complete) = rest.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let complete = if complete == "*" { None } else { Some(number(complete)?) };
        let (first, last) = (number(first)?, number(last)?);
        let is_sound = first <= last && last < complete.unwrap_or(u64::MAX);
        (unit.eq_ignore_ascii_case("bytes") && is_sound).then_some(Self { first, last, complete })
    }

    fn length(self) -> u64 {
        self.last - self.first + 1
    }
}

/// Digits and nothing else: `parse` would take a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// What tells one version of a file from another: a strong entity tag or, where there is none at all, the time of its
/// last change, if it was not sent within the same second (RFC 9110 section 13.1.5).
fn validator(head: &ResponseHead) -> Option<&str> {
    match head.fields.get("ETag") {
        Some(tag) => Some(tag).filter(|tag| tag.starts_with('"')),
        None => head
            .fields
            .get("Last-Modified")
            .filter(|changed| head.fields.get("Date").is_some_and(|sent| is_settled(changed, sent, SystemTime::now()))),
    }
}

/// Tells whether what identified a file does not identify this one. What was not sent says nothing.
fn is_other(known: &str, fields: &HttpFields) -> bool {
    let name = if known.starts_with('"') { "ETag" } else { "Last-Modified" };
    fields.get(name).is_some_and(|now| now != known)
}

/// A path with something behind the name of the file.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

const RANGE_LENGTH: Error = Error::Malformed { expected: "a body as long as its Content-Range" };
/// How often another temporary name is tried.
const TRIES: usize = 16;
/// Entity tags are short.
const VALIDATOR_LIMIT: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::head::{HeadLimits, parse_head};

    #[test]
    fn only_what_names_one_version_of_a_file_is_asked_for_later() {
        let (changed, later) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:38 GMT");
        for (fields, expected) in [
            (vec![("ETag", "\"a\""), ("Last-Modified", changed), ("Date", later)], Some("\"a\"")),
            (vec![("Last-Modified", changed), ("Date", later)], Some(changed)),
            // It could have changed once more within that second.
            (vec![("Last-Modified", changed), ("Date", changed)], None),
            (vec![("Last-Modified", changed)], None),
            (vec![("ETag", "W/\"a\""), ("Last-Modified", changed), ("Date", later)], None),
            (vec![], None),
        ] {
            let lines: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let bytes = format!("HTTP/1.1 200 OK\r\n{lines}\r\n");
            let limits = HeadLimits { bytes: 1024, fields: 10 };
            let (_, head) = parse_head(bytes.as_bytes(), &mut 0, limits).unwrap().unwrap();
            assert_eq!(validator(&head), expected, "{bytes}");
        }
    }
}
