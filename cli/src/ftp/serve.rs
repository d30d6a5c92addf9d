//! `sockeye ftp serve`: a folder for clients, safe unless options say otherwise.

use std::io::{self, Write as _};

use sockeye::{IpAddress, TlsIdentity, TlsServer};

use super::{
    NAME,
    options::{ServeArgs, ServeTls},
    site::first_line,
};
use crate::{
    failure::Failure,
    ftp_server::{Ear, FtpServer, FtpServerOptions, Login, Said, ServerTls},
    printable::printable,
    transfer::ending,
};

/// `sockeye ftp serve`
pub(super) fn serve(args: &ServeArgs) -> Result<(), Failure> {
    let mut options = FtpServerOptions::new(args.folder.clone());
    options.address = IpAddress::from(args.bind);
    options.port = args.port;
    options.may_write = args.write;
    options.login = match (&args.user, &args.password_file) {
        (Some(user), Some(path)) => Some(Login { user: user.clone(), password: first_line(path)? }),
        _ => None,
    };
    if args.write && !args.bind.is_loopback() && options.login.is_none() {
        return Err(Failure::Usage("--write for other machines needs --user and --password-file"));
    }
    let mut trust = String::new();
    if let Some(tls) = args.tls {
        let identity = TlsIdentity::self_signed(&["localhost", &args.bind.to_string()])?;
        trust = format!(", --pin {}", identity.fingerprint());
        let server = TlsServer::new(identity)?;
        options.tls = match tls {
            ServeTls::Explicit => ServerTls::Explicit(server),
            ServeTls::Implicit => ServerTls::Implicit(server),
        };
    }
    if args.verbose {
        options.hear = Some(Ear(Box::new(|number, said| {
            let (mark, text) = match said {
                Said::Command(text) => ('>', text),
                Said::Reply(text) => ('<', text),
            };
            // Nobody may be left to read it.
            _ = text.split("\r\n").try_for_each(|line| writeln!(io::stderr(), "[{number}] {mark} {}", printable(line)));
        })));
    }
    let mut server = FtpServer::new(options)?;
    ending::on_signals(NAME, || {})?;
    let scheme = if args.tls == Some(ServeTls::Implicit) { "ftps" } else { "ftp" };
    let host = if args.bind.is_ipv6() { format!("[{}]", args.bind) } else { args.bind.to_string() };
    let how = if args.write { "reading and writing" } else { "reading only" };
    writeln!(io::stdout(), "{scheme}://{host}:{}/ for {how}{trust}", server.port()).map_err(Failure::Output)?;
    loop {
        server.serve()?;
    }
}
