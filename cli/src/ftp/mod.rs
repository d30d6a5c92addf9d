//! `sockeye ftp`: files and folders of FTP servers, with an exit status to rely on.

mod files;
mod listing;
mod netrc;
mod options;
mod serve;
mod site;
mod tree;
mod upload;
mod url;

use std::process::ExitCode;

use sockeye::{Ftp, FtpResponse};

use self::{
    options::{FtpCommand, MvArgs, OneArgs},
    site::Site,
    url::Url,
};
use crate::{failure::Failure, transfer::progress::Bar};
pub(crate) use options::{ABOUT, FtpArgs};

/// Runs `sockeye ftp`; what went wrong is one line on standard error.
pub(crate) fn run(args: &FtpArgs) -> ExitCode {
    let done = match &args.command {
        FtpCommand::Get(args) => files::get(args),
        FtpCommand::Put(args) => files::put(args),
        FtpCommand::Ls(args) => listing::ls(args),
        FtpCommand::Cat(args) => files::cat(args),
        FtpCommand::Rm(args) => on(args, Ftp::delete_file),
        FtpCommand::Mkdir(args) => on(args, Ftp::create_directory),
        FtpCommand::Rmdir(args) => on(args, Ftp::delete_directory),
        FtpCommand::Mv(args) => mv(args),
        FtpCommand::Sync(args) => tree::sync(args),
        FtpCommand::Serve(args) => serve::serve(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(NAME),
    }
}

/// One command about one path.
fn on(args: &OneArgs, act: fn(&mut Ftp, &str) -> FtpResponse) -> Result<(), Failure> {
    let url = Url::parse(&args.url)?;
    let path = url.path.trim_end_matches('/');
    if path.is_empty() {
        return Err(Failure::Wrong("expected a path in the URL".to_owned()));
    }
    let mut ftp = Site::new(&url, &args.site, &Bar::hidden())?.open(0)?;
    act(&mut ftp, path).into_result()?;
    leave(ftp);
    Ok(())
}

fn mv(args: &MvArgs) -> Result<(), Failure> {
    let url = Url::parse(&args.url)?;
    let from = url.path.trim_end_matches('/');
    let mut to = url.clone();
    to.path.clone_from(&args.to);
    if Url::is_one(&args.to) {
        to = Url::parse(&args.to)?;
        let is_there = (to.host.eq_ignore_ascii_case(&url.host), to.port) == (true, url.port);
        let is_same_user = to.user.is_none() || to.user == url.user;
        if !is_there || !is_same_user || to.is_implicit != url.is_implicit {
            return Err(Failure::Usage("both URLs of mv have to be of the same server and user"));
        }
    }
    let name = from.rsplit('/').next().unwrap_or_default();
    if from.is_empty() || to.path.is_empty() {
        return Err(Failure::Wrong("expected two paths".to_owned()));
    }
    let mut ftp = Site::new(&url, &args.site, &Bar::hidden())?.open(0)?;
    ftp.rename_file(from, &to.path_for(name)).into_result()?;
    leave(ftp);
    Ok(())
}

/// Ends a session of which nothing is wanted any more.
fn leave(mut ftp: Ftp) {
    // All is done, whatever the server says to that.
    _ = ftp.disconnect();
}

/// What stands in front of every line on standard error.
const NAME: &str = "ftp";
