//! Whole folders: downloaded, uploaded, made the same.

mod carry;
mod crew;
mod plan;
mod queue;
mod walk;

use std::{
    io::{self, Write as _},
    path::Path,
};

use sockeye::{Error, FtpTransferOptions};

use self::{
    carry::{Direction, Errand, make_folder},
    crew::{Crew, Failures},
    plan::Plan,
    walk::Item,
};
use super::{
    options::{GetArgs, PutArgs, SyncArgs},
    site::Site,
    url::Url,
};
use crate::{failure::Failure, transfer::progress::Bar};

/// `sockeye ftp get -r`: what fails is left out, and is a failure at the end.
pub(super) fn get(url: &Url, folder: &Path, options: &FtpTransferOptions, args: &GetArgs) -> Result<(), Failure> {
    let bar = Bar::on_terminal();
    let site = Site::new(url, &args.sessions.site, &bar)?;
    // A folder that cannot be made is found out before the server is asked for anything.
    make_folder(folder)?;
    let mut crew = Crew::new(&site, args.sessions.parallel)?;
    let (tree, failures) = walk::at_server(&mut crew, &url.path);
    let plan = Plan::whole(&tree);
    let errand = Errand { top: &url.path, here: folder, options, is_in_place: false, keeps_times: true, bar: &bar };
    errand.carry_out(crew, &plan, Direction::Down, failures)
}

/// `sockeye ftp put -r`: the same.
pub(super) fn put(folder: &Path, url: &Url, options: &FtpTransferOptions, args: &PutArgs) -> Result<(), Failure> {
    let (tree, failures) = walk::here(folder)?;
    let bar = Bar::on_terminal();
    let site = Site::new(url, &args.sessions.site, &bar)?;
    let mut crew = Crew::new(&site, args.sessions.parallel)?;
    make_top(&mut crew, &url.path)?;
    let plan = Plan::whole(&tree);
    let is_in_place = args.in_place.in_place;
    let errand = Errand { top: &url.path, here: folder, options, is_in_place, keeps_times: false, bar: &bar };
    errand.carry_out(crew, &plan, Direction::Up, failures)
}

/// `sockeye ftp sync`
pub(super) fn sync(args: &SyncArgs) -> Result<(), Failure> {
    let (url, folder, direction) = match (Url::is_one(&args.from), Url::is_one(&args.to)) {
        (true, false) => (Url::parse(&args.from)?, Path::new(&args.to), Direction::Down),
        (false, true) => (Url::parse(&args.to)?, Path::new(&args.from), Direction::Up),
        _ => return Err(Failure::Usage("sync is between a folder and a URL")),
    };
    let bar = Bar::on_terminal();
    let (here, failures) = match direction {
        Direction::Down if !folder.exists() => Default::default(),
        Direction::Up | Direction::Down => walk::here(folder)?,
    };
    // What is not known to be there would be removed from the other one, or replaced.
    let all = here.len() + failures.count;
    failures.of(all)?;
    let site = Site::new(&url, &args.sessions.site, &bar)?;
    let mut crew = Crew::new(&site, args.sessions.parallel)?;
    let (mut there, failures) = walk::at_server(&mut crew, &url.path);
    // Nothing is known of a folder that is not there yet; any other failure could make a wrong plan.
    let is_new = there.is_empty() && failures.count == 1 && !failures.is_over && direction == Direction::Up;
    if !is_new {
        failures.of(there.len())?;
    }
    walk::complete_times(&mut crew, &url.path, &mut there, &here)?;
    let (from, to) = if direction == Direction::Up { (&here, &there) } else { (&there, &here) };
    if !args.delete
        && let Some((path, _)) = from.iter().find(|(path, item)| is_something_else(item, to.get(*path)))
    {
        return Err(Failure::Wrong(format!(
            "{path:?} is a folder here and a file there; --delete removes the old one"
        )));
    }
    let plan = if args.delete { Plan::with_removals(from, to) } else { Plan::between(from, to) };
    if args.dry_run {
        crew.leave();
        return io::stdout().write_all(plan.text().as_bytes()).map_err(Failure::Output);
    }
    match direction {
        Direction::Down => make_folder(folder)?,
        Direction::Up => make_top(&mut crew, &url.path)?,
    }
    let is_in_place = args.in_place.in_place;
    let options = FtpTransferOptions::default();
    let errand = Errand { top: &url.path, here: folder, options: &options, is_in_place, keeps_times: true, bar: &bar };
    errand.carry_out(crew, &plan, direction, Failures::default())
}

fn is_something_else(item: &Item, there: Option<&Item>) -> bool {
    there.is_some_and(|there| (*item == Item::Folder) != (*there == Item::Folder))
}

/// Makes the folder of the server that everything goes into, unless it is there.
fn make_top(crew: &mut Crew<'_>, path: &str) -> Result<(), Failure> {
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    if path.is_empty() || path == "/" {
        return Ok(());
    }
    match crew.first()?.ensure_directory(path).into_result() {
        Ok(_) => Ok(()),
        Err(error @ Error::PeerRefused { .. }) => Err(Failure::from(error).about(path)),
        Err(error) => Err(error.into()),
    }
}
