//! Who hears what is said on the control connection.

use std::{fmt, sync::Arc};

use super::{
    command::{Command, HIDDEN},
    reply::Reply,
};

/// Is told of every command and every reply of a session, without passwords and accounts: for a log or for `--verbose`.
/// Clones are the same.
///
/// # Examples
///
/// ```no_run
/// use sockeye::{Ftp, FtpLine, FtpObserver, FtpOptions};
///
/// let mut options = FtpOptions::default();
/// options.observer = Some(FtpObserver::new(|line| match line {
///     FtpLine::Command(text) => println!("sent: {text}"),
///     FtpLine::Reply { code, text } => println!("received: {code} {text}"),
///     _ => {}
/// }));
/// let ftp = Ftp::with_options(options);
/// ```
#[derive(Clone)]
pub struct FtpObserver(Arc<dyn Fn(FtpLine<'_>) + Send + Sync>);

/// Something that is said on the control connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FtpLine<'a> {
    /// A command that is sent.
    Command(&'a str),
    /// A reply that has come; the server chose its text.
    Reply {
        /// Its number.
        code: u16,
        /// Its text; lines are separated by `\n`.
        text: &'a str,
    },
}

impl FtpObserver {
    /// Makes one that calls this function.
    pub fn new(hear: impl Fn(FtpLine<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hear))
    }

    /// A command goes out.
    pub(super) fn command(&self, command: &Command) {
        (self.0)(FtpLine::Command(&format!("{command:?}")));
    }

    /// A reply to a command has come; some repeat what they do not understand.
    pub(super) fn reply(&self, reply: &Reply, secret: &[u8]) {
        let mut text = String::from_utf8_lossy(&reply.text).into_owned();
        if !secret.is_empty() {
            text = text.replace(&*String::from_utf8_lossy(secret), HIDDEN);
        }
        (self.0)(FtpLine::Reply { code: reply.code, text: &text });
    }
}

impl fmt::Debug for FtpObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FtpObserver")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::ftp::encoding::FtpEncoding;

    #[test]
    fn a_session_is_heard_without_secrets() {
        let heard = Arc::new(Mutex::new(String::new()));
        let ear = Arc::clone(&heard);
        let observer = FtpObserver::new(move |line| *ear.lock().unwrap() += &format!("{line:?} "));
        let command = |verb, parameter| Command::new(verb, parameter, FtpEncoding::Utf8).unwrap();
        observer.command(&command("CWD", "a b"));
        let pass = command("PASS", "hunter2");
        observer.command(&pass);
        let reply = Reply { code: 500, text: b"'PASS hunter2'?\nno".to_vec() };
        observer.reply(&reply, pass.secret());
        observer.reply(&reply, command("CWD", "hunter2").secret());
        assert_eq!(
            *heard.lock().unwrap(),
            "Command(\"CWD a b\") Command(\"PASS ****\") Reply { code: 500, text: \"'PASS ****'?\\nno\" } \
             Reply { code: 500, text: \"'PASS hunter2'?\\nno\" } "
        );
    }
}
