//! The file `.netrc`: users and passwords of servers, as other programs keep them there.

use std::{
    fmt, fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use crate::failure::Failure;

/// What the file says of a server.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) login: Option<String>,
    pub(super) password: Option<String>,
    pub(super) account: Option<String>,
}

/// Looks a server up, as this user or as whoever the file names. A file that is not there is an error only if it was
/// asked for.
pub(super) fn look_up(asked_for: Option<&Path>, host: &str, user: Option<&str>) -> Result<Option<Entry>, Failure> {
    let path = match asked_for {
        Some(path) => path.to_owned(),
        None => match home() {
            Some(home) => home.join(".netrc"),
            None => return Ok(None),
        },
    };
    if asked_for.is_none() && !path.exists() {
        return Ok(None);
    }
    let failed = |error| Failure::file(&path, error);
    let file = fs::File::open(&path).map_err(failed)?;
    let is_open_to_others = is_open_to_others(&file.metadata().map_err(failed)?);
    let mut text = String::new();
    file.take(LIMIT + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > LIMIT {
        return Err(Failure::Wrong(format!("expected at most {LIMIT} bytes in {}", path.display())));
    }
    let found = find(&text, host, user);
    let holds_a_password =
        found.as_ref().is_some_and(|entry| entry.password.is_some() && entry.login.as_deref() != Some("anonymous"));
    if holds_a_password && is_open_to_others {
        return Err(Failure::Wrong(format!("{} holds a password, and others can read it: chmod 600", path.display())));
    }
    Ok(found)
}

/// The first entry for this host, and for this user if one is given; `default` is for every host.
fn find(text: &str, host: &str, user: Option<&str>) -> Option<Entry> {
    let mut tokens = Tokens(text);
    let mut current: Option<Entry> = None;
    let is_it = |entry: &Entry| user.is_none() || entry.login.is_none() || entry.login.as_deref() == user;
    loop {
        let token = tokens.next();
        if matches!(token.as_deref(), None | Some("machine" | "default"))
            && let Some(entry) = current.take().filter(is_it)
        {
            return Some(entry);
        }
        match token?.as_str() {
            "machine" => current = (tokens.next()?.eq_ignore_ascii_case(host)).then(Entry::default),
            "default" => current = Some(Entry::default()),
            "macdef" => tokens.skip_macro(),
            word @ ("login" | "user" | "password" | "passwd" | "account") => {
                let value = tokens.next()?;
                if let Some(entry) = &mut current {
                    match word {
                        "login" | "user" => entry.login = Some(value),
                        "account" => entry.account = Some(value),
                        _ => entry.password = Some(value),
                    }
                }
            }
            _ => {}
        }
    }
}

/// Words with white space between them; one in quotation marks may have some in it.
struct Tokens<'a>(&'a str);

impl Tokens<'_> {
    /// A macro ends with an empty line.
    fn skip_macro(&mut self) {
        self.0 = self.0.split_once("\n\n").map_or("", |(_, rest)| rest);
    }
}

impl Iterator for Tokens<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            self.0 = self.0.trim_start();
            let Some(comment) = self.0.strip_prefix('#') else { break };
            self.0 = comment.split_once('\n').map_or("", |(_, rest)| rest);
        }
        let mut characters = self.0.chars();
        let is_quoted = self.0.starts_with('"');
        if is_quoted {
            characters.next();
        }
        let mut word = String::new();
        let mut is_any = is_quoted;
        while let Some(character) = characters.clone().next() {
            if !is_quoted && character.is_whitespace() {
                break;
            }
            characters.next();
            is_any = true;
            match character {
                '"' if is_quoted => break,
                '\\' => word.extend(characters.next()),
                character => word.push(character),
            }
        }
        self.0 = characters.as_str();
        is_any.then_some(word)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:[redacted]", self.login)
    }
}

fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

#[cfg(unix)]
fn is_open_to_others(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    metadata.permissions().mode() & 0o077 != 0
}

/// Other systems have other ways to say who may read a file.
#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

const LIMIT: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, host: &str, user: Option<&str>) -> Option<(String, String)> {
        let entry = find(text, host, user)?;
        Some((entry.login.unwrap_or_default(), entry.password.unwrap_or_default()))
    }

    fn pair(login: &str, password: &str) -> Option<(String, String)> {
        Some((login.to_owned(), password.to_owned()))
    }

    #[test]
    fn entries_are_found_by_host_and_user() {
        let text = "# mine\nmachine a login joe password one\nmachine b\n  login ann\n  password two account x\n\
                    machine a login ann password three\ndefault login anonymous password me@";
        assert_eq!(found(text, "a", None), pair("joe", "one"));
        assert_eq!(found(text, "A", Some("ann")), pair("ann", "three"));
        assert_eq!(found(text, "b", None), pair("ann", "two"));
        assert_eq!(find(text, "b", None).unwrap().account.as_deref(), Some("x"));
        assert_eq!(found(text, "c", None), pair("anonymous", "me@"));
        assert_eq!(found(text, "a", Some("bob")), None);
        assert_eq!(found("machine a login joe password one", "b", None), None);
        assert_eq!(found("machine a password one", "a", Some("joe")), pair("", "one"));
        assert_eq!(found("", "a", None), None);
    }

    #[test]
    fn macros_comments_and_quotes_are_understood() {
        let text = "machine x login y password z\nmacdef init\nmachine a login evil password evil\n\nmachine a login joe \
                    password \"a b\\\"c\" # not this\n";
        assert_eq!(found(text, "a", None), pair("joe", "a b\"c"));
        assert_eq!(found("machine a login j\\ oe password \"\"", "a", None), pair("j oe", ""));
        assert_eq!(found("macdef x", "a", None), None);
        assert_eq!(found("machine", "a", None), None);
        assert_eq!(found("machine a login", "a", None), None);
        assert_eq!(
            format!("{:?}", find("machine a login b password hunter2", "a", None).unwrap()),
            "Some(\"b\"):[redacted]"
        );
    }
}
