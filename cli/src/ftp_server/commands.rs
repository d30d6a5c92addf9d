//! What each command does.

use std::{
    fs::{self, File},
    io::{self, Seek as _, SeekFrom},
    net::{IpAddr, SocketAddr},
};

use sockeye::{IpAddress, TcpListener};

use super::{
    ServerTls,
    client::{Client, Then},
    data::{Cargo, Content, Data},
    folder::Place,
    listing::{Form, Listing, facts, modified},
    text::{FromLines, ToLines},
};
use crate::calendar::Moment;

/// The reply to a command that needs no transfer, or to one that was refused.
type Reply = Result<String, Refusal>;

/// Why a command is refused, in the words of its reply.
struct Refusal(String);

impl Client {
    /// Does what a command says; the verb is in upper case.
    pub(super) fn act(&mut self, verb: &str, parameter: &str) {
        let reply = match self.allows(verb) {
            Ok(()) => self.answer(verb, parameter),
            Err(refusal) => Some(Err(refusal)),
        };
        // Only the next command is concerned with these.
        if verb != "REST" {
            self.state.offset = 0;
        }
        if verb != "RNFR" {
            self.state.renamed = None;
        }
        if let Some(Ok(reply) | Err(Refusal(reply))) = reply {
            self.say(&reply);
        }
    }

    fn allows(&self, verb: &str) -> Result<(), Refusal> {
        let is_for_all = matches!(
            verb,
            "USER" | "PASS" | "ACCT" | "AUTH" | "PBSZ" | "PROT" | "FEAT" | "OPTS" | "NOOP" | "SYST" | "QUIT"
        );
        let is_plain = !matches!(self.shared.options.tls, ServerTls::Off) && !self.wire().is_encrypted();
        if is_plain && matches!(verb, "USER" | "PASS" | "ACCT") {
            return Err("530 not in plain text: AUTH TLS first".into());
        }
        if !is_for_all && !self.state.is_logged_in {
            return Err("530 log in first".into());
        }
        let changes = matches!(verb, "STOR" | "APPE" | "DELE" | "MKD" | "RMD" | "RNFR" | "RNTO" | "MFMT");
        if changes && !self.shared.options.may_write {
            return Err("550 this server is for reading only".into());
        }
        Ok(())
    }

    /// `None` where the reply was given already.
    fn answer(&mut self, verb: &str, parameter: &str) -> Option<Reply> {
        Some(match verb {
            "USER" => self.user(parameter),
            "PASS" => self.password(parameter),
            "ACCT" => Ok("202 no account is needed".to_owned()),
            "AUTH" => self.encrypt(parameter),
            "PBSZ" if self.wire().is_encrypted() => Ok("200 PBSZ=0".to_owned()),
            "PROT" if self.wire().is_encrypted() => self.protect(parameter),
            "FEAT" => Ok(self.features()),
            "OPTS" if parameter.to_ascii_uppercase().starts_with("UTF8") => Ok("200 it is UTF-8 always".to_owned()),
            "OPTS" if parameter.to_ascii_uppercase().starts_with("MLST") => {
                Ok("200 MLST OPTS type;size;modify;perm;UNIX.mode;".to_owned())
            }
            "OPTS" => Err("501 no such option".into()),
            "NOOP" => Ok("200 here".to_owned()),
            "SYST" => Ok("215 UNIX Type: L8".to_owned()),
            "QUIT" => {
                self.then = Then::Leave;
                Ok("221 bye".to_owned())
            }
            "PWD" | "XPWD" => Ok(format!("257 {} is where you are", self.state.working.quoted())),
            "CWD" | "XCWD" => self.change_to(parameter),
            "CDUP" | "XCUP" => self.change_to(".."),
            "TYPE" => self.set_type(parameter),
            "MODE" if parameter.eq_ignore_ascii_case("S") => Ok("200 stream".to_owned()),
            "STRU" if parameter.eq_ignore_ascii_case("F") => Ok("200 files".to_owned()),
            "MODE" | "STRU" => Err("504 only the usual one".into()),
            "ALLO" => Ok("202 there is room".to_owned()),
            "ABOR" => Ok("226 there is nothing to abort".to_owned()),
            "EPSV" => self.extended_passive(parameter),
            "PASV" => self.passive(),
            "EPRT" => self.invite(extended_address(parameter)),
            "PORT" => self.invite(old_address(parameter)),
            "REST" => self.restart(parameter),
            "RETR" => return self.retrieve(parameter).err().map(Err),
            "STOR" => return self.store(parameter, false).err().map(Err),
            "APPE" => return self.store(parameter, true).err().map(Err),
            "LIST" => return self.list(without_options(parameter), Form::Long).err().map(Err),
            "NLST" => return self.list(without_options(parameter), Form::Name).err().map(Err),
            "MLSD" => return self.list(parameter, Form::Facts).err().map(Err),
            "MLST" => self.tell_facts(parameter),
            "SIZE" => self.size(parameter),
            "MDTM" => self.modified(parameter),
            "MFMT" => self.set_modified(parameter),
            "DELE" => self.on_file(parameter, fs::remove_file),
            "MKD" | "XMKD" => self.make_folder(parameter),
            "RMD" | "XRMD" => self.remove_folder(parameter),
            "RNFR" => self.rename_from(parameter),
            "RNTO" => self.rename_to(parameter),
            _ => Err("502 that is not done here".into()),
        })
    }

    fn user(&mut self, user: &str) -> Reply {
        self.state.is_logged_in = false;
        self.state.user = Some(user.to_owned());
        Ok("331 who says so?".to_owned())
    }

    fn password(&mut self, password: &str) -> Reply {
        let Some(user) = self.state.user.take() else { return Err("503 who are you? USER first".into()) };
        let is_right = self.shared.options.login.as_ref().is_none_or(|login| {
            // As long for a wrong one, wherever it is wrong.
            is_same(login.user.as_bytes(), user.as_bytes()) & is_same(login.password.as_bytes(), password.as_bytes())
        });
        if is_right {
            self.state.is_logged_in = true;
            return Ok("230 welcome".to_owned());
        }
        self.state.refusals += 1;
        if self.state.refusals >= MOST_REFUSALS {
            self.then = Then::Leave;
            return Err("421 that was wrong too often".into());
        }
        Err("530 that is not right".into())
    }

    fn encrypt(&mut self, how: &str) -> Reply {
        let is_possible = matches!(self.shared.options.tls, ServerTls::Explicit(_)) && !self.wire().is_encrypted();
        match how.to_ascii_uppercase().as_str() {
            "TLS" | "TLS-C" | "SSL" if is_possible => {
                self.then = Then::Secure;
                Ok("234 go ahead".to_owned())
            }
            _ => Err("504 not in this way".into()),
        }
    }

    fn protect(&mut self, level: &str) -> Reply {
        match level.to_ascii_uppercase().as_str() {
            "P" => {
                self.state.protects = true;
                Ok("200 data connections are encrypted".to_owned())
            }
            _ => Err("536 only PROT P".into()),
        }
    }

    fn features(&self) -> String {
        let tls =
            if matches!(self.shared.options.tls, ServerTls::Off) { "" } else { " AUTH TLS\r\n PBSZ\r\n PROT\r\n" };
        format!(
            "211-This is what there is:\r\n EPRT\r\n EPSV\r\n MDTM\r\n MFMT\r\n MLST type*;size*;modify*;perm*;UNIX.mode*;\r\n \
             REST STREAM\r\n SIZE\r\n TVFS\r\n UTF8\r\n{tls}211 That is all"
        )
    }

    fn set_type(&mut self, parameter: &str) -> Reply {
        match parameter.to_ascii_uppercase().as_str() {
            "I" | "L 8" => self.state.is_text = false,
            "A" | "A N" => self.state.is_text = true,
            _ => return Err("504 only I and A".into()),
        }
        Ok("200 so be it".to_owned())
    }

    fn restart(&mut self, parameter: &str) -> Reply {
        self.state.offset = parameter.parse().map_err(|_| "501 from which byte on?")?;
        Ok("350 from there on".to_owned())
    }

    fn place(&self, path: &str) -> Result<Place, Refusal> {
        self.state.working.join(path).ok_or_else(|| "553 that is no name here".into())
    }

    fn change_to(&mut self, path: &str) -> Reply {
        let place = self.place(path)?;
        let found = self.shared.folder.find(&place).and_then(fs::metadata);
        if !found?.is_dir() {
            return Err("550 that is no folder".into());
        }
        self.state.working = place;
        Ok("250 there you are".to_owned())
    }

    fn listen(&self) -> Result<TcpListener, Refusal> {
        let at = self.wire().local_address().ok_or(NO_CONNECTION)?;
        let mut listener = TcpListener::new();
        let begun = listener.set_blocking(false).and_then(|()| listener.listen_on(at, 0).into_result());
        begun.map(|()| listener).map_err(|error| format!("425 {error}").into())
    }

    fn extended_passive(&mut self, parameter: &str) -> Reply {
        let is_v4 = matches!(self.wire().local_address().map(IpAddr::from), Some(IpAddr::V4(_)));
        match (parameter, is_v4) {
            ("", _) | ("1", true) | ("2", false) => {}
            (all, _) if all.eq_ignore_ascii_case("ALL") => {
                self.state.only_epsv = true;
                return Ok("200 EPSV from now on".to_owned());
            }
            _ => return Err(format!("522 not that family, use ({})", if is_v4 { 1 } else { 2 }).into()),
        }
        let listener = self.listen()?;
        let port = listener.local_port();
        self.data = Some(Data::Listening(listener));
        Ok(format!("229 Entering Extended Passive Mode (|||{port}|)"))
    }

    fn passive(&mut self) -> Reply {
        let Some(IpAddr::V4(at)) = self.wire().local_address().map(IpAddr::from).filter(|_| !self.state.only_epsv)
        else {
            return Err("522 EPSV is the way here".into());
        };
        let listener = self.listen()?;
        let ([a, b, c, d], [high, low]) = (at.octets(), listener.local_port().to_be_bytes());
        self.data = Some(Data::Listening(listener));
        Ok(format!("227 Entering Passive Mode ({a},{b},{c},{d},{high},{low})"))
    }

    /// Nobody but the client itself is connected to, and no port of the system (RFC 2577 section 3).
    fn invite(&mut self, at: Option<SocketAddr>) -> Reply {
        let at = at.ok_or("501 where is that?")?;
        let is_client = self.wire().remote_address() == Some(IpAddress::from(at.ip()));
        if !is_client || at.port() < 1024 || self.state.only_epsv {
            return Err("504 not to there".into());
        }
        self.data = Some(Data::Invited(at));
        Ok("200 so be it".to_owned())
    }

    fn data(&mut self) -> Result<Data, Refusal> {
        let is_plain = !matches!(self.shared.options.tls, ServerTls::Off) && !self.state.protects;
        if is_plain {
            return Err("521 not in plain text: PROT P first".into());
        }
        self.data.take().ok_or_else(|| NO_CONNECTION.into())
    }

    fn retrieve(&mut self, path: &str) -> Result<(), Refusal> {
        let place = self.place(path)?;
        let (path, metadata) = self.shared.folder.find_file(&place)?;
        let mut file = File::open(path)?;
        let offset = self.state.offset;
        if offset > metadata.len() {
            return Err("554 there is nothing behind the end".into());
        }
        file.seek(SeekFrom::Start(offset))?;
        let data = self.data()?;
        self.say(&format!("150 Here comes {} ({} bytes).", place.quoted(), metadata.len()));
        let lines = self.state.is_text.then(ToLines::default);
        self.begin(data, Cargo::Down(Content::File(file), lines));
        Ok(())
    }

    fn store(&mut self, path: &str, is_behind: bool) -> Result<(), Refusal> {
        let place = self.place(path)?;
        let path = self.shared.folder.find_file_to_write(&place)?;
        let data = self.data()?;
        let offset = self.state.offset;
        let mut options = File::options();
        options.create(true).append(is_behind).write(true).truncate(!is_behind && offset == 0);
        let mut file = options.open(path)?;
        if !is_behind {
            file.set_len(offset.min(file.metadata()?.len()))?;
            file.seek(SeekFrom::Start(offset))?;
        }
        self.say("150 send it");
        let lines = self.state.is_text.then(FromLines::default);
        self.begin(data, Cargo::Up(file, lines));
        Ok(())
    }

    fn list(&mut self, path: &str, form: Form) -> Result<(), Refusal> {
        let path = self.shared.folder.find(&self.place(path)?)?;
        let listing = Listing::of(&path, form, self.shared.options.may_write)?;
        let data = self.data()?;
        self.say("150 this is what there is");
        self.begin(data, Cargo::Down(Content::Listing(Box::new(listing)), None));
        Ok(())
    }

    fn tell_facts(&self, path: &str) -> Reply {
        let place = self.place(path)?;
        let path = self.shared.folder.find(&place)?;
        let metadata = path.symlink_metadata()?;
        let facts = facts(&metadata, self.shared.options.may_write);
        Ok(format!("250-This is it:\r\n {facts} {place}\r\n250 That is all"))
    }

    fn size(&self, path: &str) -> Reply {
        let (_, metadata) = self.shared.folder.find_file(&self.place(path)?)?;
        // It would have to be read to be counted.
        if self.state.is_text { Err("550 not as text".into()) } else { Ok(format!("213 {}", metadata.len())) }
    }

    fn modified(&self, path: &str) -> Reply {
        let (_, metadata) = self.shared.folder.find_file(&self.place(path)?)?;
        modified(&metadata).map(|moment| format!("213 {}", moment.compact())).ok_or_else(|| "550 long ago".into())
    }

    fn set_modified(&self, parameter: &str) -> Reply {
        let (time, path) = parameter.split_once(' ').ok_or("501 a time and a name")?;
        let at = Moment::parse(time).ok_or("501 that is no time")?;
        self.on_file(path, |path| File::options().write(true).open(path)?.set_modified(at))?;
        Ok(format!("213 Modify={time}; {path}"))
    }

    fn on_file(&self, path: &str, act: impl FnOnce(std::path::PathBuf) -> io::Result<()>) -> Reply {
        let (path, _) = self.shared.folder.find_file(&self.place(path)?)?;
        act(path)?;
        Ok("250 done".to_owned())
    }

    fn make_folder(&self, path: &str) -> Reply {
        let place = self.place(path)?;
        let path = self.shared.folder.find(&place)?;
        fs::create_dir(path)?;
        Ok(format!("257 {} is there", place.quoted()))
    }

    fn remove_folder(&self, path: &str) -> Reply {
        let place = self.place(path)?;
        if place.is_top() {
            return Err("550 not this one".into());
        }
        fs::remove_dir(self.shared.folder.find(&place)?)?;
        Ok("250 done".to_owned())
    }

    fn rename_from(&mut self, path: &str) -> Reply {
        let place = self.place(path)?;
        let found = self.shared.folder.find(&place).and_then(|path| path.symlink_metadata());
        found?;
        self.state.renamed = Some(place).filter(|place| !place.is_top());
        Ok("350 to what?".to_owned())
    }

    fn rename_to(&mut self, path: &str) -> Reply {
        let from = self.state.renamed.take().ok_or("503 what? RNFR first")?;
        let to = self.place(path)?;
        let folder = &self.shared.folder;
        let renamed = folder.find(&from).and_then(|from| fs::rename(from, folder.find(&to)?));
        renamed?;
        Ok("250 done".to_owned())
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self(format!("452 {error}")),
            _ => Self(format!("550 {error}")),
        }
    }
}

impl From<String> for Refusal {
    fn from(reply: String) -> Self {
        Self(reply)
    }
}

impl From<&str> for Refusal {
    fn from(reply: &str) -> Self {
        Self(reply.to_owned())
    }
}

/// In a time that does not depend on where they differ.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let difference = one.iter().zip(other).fold(0, |difference, (one, other)| difference | (one ^ other));
    one.len() == other.len() && difference == 0
}

/// Some clients give options to `ls`.
fn without_options(parameter: &str) -> &str {
    match parameter.strip_prefix('-') {
        Some(options) => options.split_once(' ').map_or("", |(_, path)| path),
        None => parameter,
    }
}

/// The parameter of EPRT: `|1|132.235.1.2|6275|` with any delimiter.
fn extended_address(parameter: &str) -> Option<SocketAddr> {
    let mut fields = parameter.split(parameter.chars().next()?).skip(1);
    let (family, ip, port) = (fields.next()?, fields.next()?.parse::<IpAddr>().ok()?, fields.next()?.parse().ok()?);
    let expected = if ip.is_ipv4() { "1" } else { "2" };
    (family == expected).then(|| SocketAddr::new(ip, port))
}

/// The parameter of PORT: six numbers.
fn old_address(parameter: &str) -> Option<SocketAddr> {
    let numbers: Option<Vec<u8>> = parameter.split(',').map(|number| number.trim().parse().ok()).collect();
    let [a, b, c, d, high, low] = numbers?[..] else { return None };
    Some(SocketAddr::new([a, b, c, d].into(), u16::from_be_bytes([high, low])))
}

const NO_CONNECTION: &str = "425 say first how to connect";
/// How often a password may be wrong.
const MOST_REFUSALS: u32 = 3;
