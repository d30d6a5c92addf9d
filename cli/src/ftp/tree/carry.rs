//! A plan is carried out, by as many sessions as there are.

use std::{
    fs, io,
    ops::ControlFlow,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use sockeye::{Ftp, FtpProgress, FtpTransferOptions};

use super::{
    crew::{Crew, Failures},
    plan::{Moved, Plan},
    walk::{below, below_here},
};
use crate::{
    failure::Failure,
    ftp::upload::{Source, Upload},
    transfer::{progress::Bar, unfinished::Unfinished},
};

/// Which of the two trees changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// The one here.
    Down,
    /// The one at the server.
    Up,
}

/// Between which folders, and how.
pub(super) struct Errand<'a> {
    /// At the server.
    pub(super) top: &'a str,
    pub(super) here: &'a Path,
    pub(super) options: &'a FtpTransferOptions,
    pub(super) is_in_place: bool,
    /// Files get the time of the last change of what they are made from, where it is known.
    pub(super) keeps_times: bool,
    pub(super) bar: &'a Bar,
}

impl Errand<'_> {
    /// Removes first, so that nothing is in the way; then makes the folders, then transfers the files. What has failed
    /// before counts, too.
    pub(super) fn carry_out(
        &self,
        mut crew: Crew<'_>,
        plan: &Plan,
        direction: Direction,
        before: Failures,
    ) -> Result<(), Failure> {
        let all = plan.len() + before.count;
        let mut closed = Closed::default();
        let failures = before
            .then(|| self.remove_files(&mut crew, plan, direction))
            .then(|| self.remove_folders(&mut crew, plan, direction))
            .then(|| self.make_folders(&mut crew, plan, direction, &mut closed))
            .then(|| self.transfer(&mut crew, plan, direction, &closed));
        self.bar.end();
        failures.of(all)?;
        crew.leave();
        Ok(())
    }

    fn remove_files(&self, crew: &mut Crew<'_>, plan: &Plan, direction: Direction) -> Failures {
        match direction {
            Direction::Down => here(&plan.removed_files, |path| fs::remove_file(below_here(self.here, path))),
            Direction::Up => crew.work(plan.removed_files.iter().collect(), |ftp, path, _| {
                done(ftp.delete_file(&below(self.top, path)).into_result(), path)
            }),
        }
    }

    /// One after the other: each has to be empty.
    fn remove_folders(&self, crew: &mut Crew<'_>, plan: &Plan, direction: Direction) -> Failures {
        match direction {
            Direction::Down => here(&plan.removed_folders, |path| fs::remove_dir(below_here(self.here, path))),
            Direction::Up => crew.work(vec![&plan.removed_folders], |ftp, paths, _| {
                let mut paths = paths.iter();
                paths.try_for_each(|path| done(ftp.delete_directory(&below(self.top, path)).into_result(), path))
            }),
        }
    }

    /// Each as soon as the one that it is in is there.
    fn make_folders(&self, crew: &mut Crew<'_>, plan: &Plan, direction: Direction, closed: &mut Closed) -> Failures {
        let folders = &plan.folders;
        if direction == Direction::Down {
            return here(folders, |path| match closed.holds(path) {
                true => Ok(()),
                false => make_folder_at(&below_here(self.here, path)).inspect_err(|_| closed.0.push(path.to_owned())),
            });
        }
        let refused = Mutex::new(Vec::new());
        let is_made_here = |parent: &str| folders.binary_search_by(|path| path.as_str().cmp(parent)).is_ok();
        let first = folders.iter().filter(|path| parent(path).is_none_or(|parent| !is_made_here(parent)));
        let failures = crew.work(first.collect(), |ftp, path, queue| {
            done(ftp.ensure_directory(&below(self.top, path)).into_result(), path).inspect_err(|_| {
                refused.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
            })?;
            let inside = format!("{path}/");
            // They are in order, so that those inside stand together.
            let from = folders.partition_point(|other| other.as_str() < inside.as_str());
            let inside = folders.iter().skip(from).take_while(|other| other.starts_with(&inside));
            inside.filter(|other| parent(other) == Some(path.as_str())).for_each(|other| queue.push(other));
            Ok(())
        });
        closed.0.extend(refused.into_inner().unwrap_or_else(PoisonError::into_inner));
        failures
    }

    fn transfer(&self, crew: &mut Crew<'_>, plan: &Plan, direction: Direction, closed: &Closed) -> Failures {
        let whole = AtomicUsize::new(0);
        self.bar.count(0, plan.files.len());
        self.bar.show_many(plan.bytes());
        let files = plan.files.iter().filter(|file| !closed.holds(&file.path));
        crew.work(files.collect(), |ftp, file, _| {
            let mut moved = 0;
            let mut watch = |progress: FtpProgress| {
                if progress.transferred > moved {
                    self.bar.add(progress.transferred - moved);
                    moved = progress.transferred;
                }
            };
            let result = match direction {
                Direction::Down => self.download(ftp, file, &mut watch),
                Direction::Up => self.upload(ftp, file, &mut watch),
            };
            result.map_err(|failure| failure.about(&file.path))?;
            self.bar.count(whole.fetch_add(1, Ordering::Relaxed) + 1, plan.files.len());
            Ok(())
        })
    }

    fn download(&self, ftp: &mut Ftp, file: &Moved, watch: &mut dyn FnMut(FtpProgress)) -> Result<(), Failure> {
        let path = below_here(self.here, &file.path);
        let failed = |error| Failure::file(&path, error);
        let mut part = Unfinished::beside(&path).map_err(failed)?;
        let watch = |progress| {
            watch(progress);
            ControlFlow::Continue(())
        };
        ftp.download_to(&below(self.top, &file.path), &mut part, self.options, watch).into_result()?;
        if let Some(time) = file.modified.filter(|_| self.keeps_times) {
            part.set_modified(time).map_err(failed)?;
        }
        part.finish().map_err(failed)
    }

    fn upload(&self, ftp: &mut Ftp, file: &Moved, watch: &mut dyn FnMut(FtpProgress)) -> Result<(), Failure> {
        let knows_times = self.keeps_times && ftp.features().is_ok_and(|features| features.has("MFMT"));
        let upload = Upload {
            options: *self.options,
            is_in_place: self.is_in_place,
            resumes: false,
            time: file.modified.filter(|_| knows_times),
        };
        let source = Source::File(below_here(self.here, &file.path));
        upload.send(ftp, &source, &below(self.top, &file.path), watch)
    }
}

/// Folders that could not be made. Nothing goes into them: what is there instead may be a link to somewhere else.
#[derive(Debug, Default)]
struct Closed(Vec<String>);

impl Closed {
    fn holds(&self, path: &str) -> bool {
        self.0.iter().any(|folder| path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/')))
    }
}

/// The folder of a tree that a path leads into.
fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent)
}

/// Makes a folder of this machine where there is none, and those above it.
pub(super) fn make_folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(|error| Failure::file(path, error))
}

/// The same in a tree. A link to a folder is none: what it leads to is not a part of the tree.
fn make_folder_at(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match path.symlink_metadata()?.is_dir() {
            true => Ok(()),
            false => Err(io::ErrorKind::NotADirectory.into()),
        },
        made => made,
    }
}

/// Does something to each of these on this machine.
fn here(paths: &[String], mut act: impl FnMut(&str) -> io::Result<()>) -> Failures {
    let mut failures = Failures::default();
    for path in paths {
        if let Err(error) = act(path) {
            failures.note(Failure::file(Path::new(path), error));
        }
    }
    failures
}

fn done<T>(result: sockeye::Result<T>, path: &str) -> Result<(), Failure> {
    result.map(drop).map_err(|error| Failure::from(error).about(path))
}
