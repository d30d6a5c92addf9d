//! One file, from or to a server.

use std::{ops::ControlFlow, path::Path};

use sockeye::{FtpProgress, FtpResume, FtpTransferOptions, TransferMode};

use super::{
    leave,
    options::{CatArgs, GetArgs, ModeArgs, PutArgs, SiteArgs},
    site::Site,
    tree,
    upload::{Source, Upload},
    url::Url,
};
use crate::{
    failure::Failure,
    transfer::{ending, output::Place, progress::Bar},
};

/// `sockeye ftp get`
pub(super) fn get(args: &GetArgs) -> Result<(), Failure> {
    let url = Url::parse(&args.url)?;
    let options = options(&url, &args.mode);
    if let Some(folder) = &args.folder {
        return tree::get(&url, folder, &options, args);
    }
    let place = match &args.output {
        Some(path) => Place::of(Some(path)),
        None => Place::of(Some(Path::new(local_name(&url)?))),
    };
    receive(&url, &place, &options, args.resume, &args.sessions.site)
}

/// `sockeye ftp cat`
pub(super) fn cat(args: &CatArgs) -> Result<(), Failure> {
    let url = Url::parse(&args.url)?;
    receive(&url, &Place::of(None), &options(&url, &args.mode), false, &args.site)
}

/// `sockeye ftp put`
pub(super) fn put(args: &PutArgs) -> Result<(), Failure> {
    let url = Url::parse(&args.url)?;
    let options = options(&url, &args.mode);
    if args.recursive {
        return tree::put(&args.local, &url, &options, args);
    }
    let source = Source::of(&args.local);
    if source.is_stream() && args.resume {
        return Err(Failure::Usage("--resume needs a file, not standard input"));
    }
    let remote = match args.local.file_name().and_then(|name| name.to_str()) {
        Some(name) if !source.is_stream() => url.path_for(name),
        _ if url.name().is_empty() => {
            return Err(Failure::Wrong("expected a URL that ends with a file name".to_owned()));
        }
        _ => url.path.clone(),
    };
    source.check()?;
    let bar = Bar::on_terminal();
    let site = Site::new(&url, &args.sessions.site, &bar)?;
    let mut ftp = site.open(0)?;
    let upload = Upload { options, is_in_place: args.in_place.in_place, resumes: args.resume, time: None };
    let sent = upload.send(&mut ftp, &source, &remote, &mut |progress| {
        show(&bar, progress);
    });
    bar.end();
    sent?;
    leave(ftp);
    Ok(())
}

/// Downloads a file to wherever it goes.
fn receive(
    url: &Url,
    place: &Place,
    options: &FtpTransferOptions,
    resumes: bool,
    args: &SiteArgs,
) -> Result<(), Failure> {
    if url.path.is_empty() || url.path.ends_with('/') {
        return Err(Failure::Wrong("expected a URL that ends with a file name".to_owned()));
    }
    let bar = if matches!(place, Place::StandardOutput { .. }) { Bar::hidden() } else { Bar::on_terminal() };
    let site = Site::new(url, args, &bar)?;
    let watch = |progress| {
        show(&bar, progress);
        ControlFlow::Continue(())
    };
    let mut sink = None;
    let (ftp, response) = match place {
        Place::File(path) if resumes => {
            let mut ftp = site.open(0)?;
            let mut options = *options;
            options.resume = FtpResume::IfPossible;
            let response = ftp.download_file(&url.path, path, &options, watch);
            (ftp, response)
        }
        _ if resumes => return Err(Failure::Usage("--resume needs a file to go on with")),
        _ => {
            // Made before the server is asked for anything.
            let sink = sink.insert(place.open()?);
            let mut ftp = site.open(0)?;
            let response = ftp.download_to(&url.path, sink, options, watch);
            (ftp, response)
        }
    };
    bar.end();
    if let Some(sink) = sink.take_if(|sink| !sink.is_open()) {
        return sink.finish();
    }
    response.into_result()?;
    if let Some(sink) = sink {
        sink.finish()?;
    }
    leave(ftp);
    Ok(())
}

fn show(bar: &Bar, progress: FtpProgress) {
    if progress.transferred > 0 && !ending::has_begun() {
        bar.show(progress.transferred, progress.total);
    }
}

/// What is said of the transfer; a `;type=` in the URL counts unless an option says something else.
fn options(url: &Url, args: &ModeArgs) -> FtpTransferOptions {
    let mut options = FtpTransferOptions::default();
    options.mode = args.mode.map(TransferMode::from).or(url.mode).unwrap_or_default();
    options
}

/// The name that a download has here if nothing else is said.
fn local_name(url: &Url) -> Result<&str, Failure> {
    let name = url.name();
    match is_local_name(name) {
        true => Ok(name),
        false => Err(Failure::Wrong("expected a URL that ends with a file name, or -o FILE".to_owned())),
    }
}

/// Tells whether a name leads nowhere but to a file in the folder that it is looked for in.
pub(super) fn is_local_name(name: &str) -> bool {
    Path::new(name).file_name().is_some_and(|last| last == name) && !name.contains(['/', '\\', '\0'])
}
