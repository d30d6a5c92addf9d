//! `sockeye http`: transfers from and to a URL, with an exit status to rely on.

mod failure;
mod heads;
mod interrupt;
mod options;
mod output;
mod progress;
mod request;
mod settings;

use std::{
    io::{self, Write as _},
    ops::ControlFlow,
    process::ExitCode,
};

use sockeye::{Http, HttpProgress, HttpResponse, Resume};

use self::{
    failure::Failure,
    interrupt::Interrupt,
    output::{Place, Sink},
    progress::Bar,
};
pub(crate) use options::{ABOUT, HttpArgs};

/// Runs `sockeye http`; what went wrong is one line on standard error.
pub(crate) fn run(args: &HttpArgs) -> ExitCode {
    match transfer(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody may be left to read it: the exit code says the same.
            _ = writeln!(io::stderr(), "sockeye: http: {}", heads::printable(&failure.to_string()));
            ExitCode::from(failure.exit_code())
        }
    }
}

fn transfer(args: &HttpArgs) -> Result<(), Failure> {
    let receiving = &args.receiving;
    let body = Place::of(receiving.output.as_deref());
    if receiving.resume && !matches!(body, Place::File(_)) {
        return Err(Failure::Usage("--resume needs a file to go on with: -o FILE"));
    }
    let url = with_scheme(&args.url);
    let request = request::build(&args.sending, &url)?;
    let http = Http::with_options(&url, 0, settings::of(args)?)?;
    let interrupt = Interrupt::listen()?;

    let mut bar = match &body {
        Place::StandardOutput { .. } => Bar::hidden(),
        Place::File(_) | Place::Device(_) => Bar::on_terminal(),
    };
    let go_on = |progress: HttpProgress| {
        bar.show(progress);
        if interrupt.is_raised() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let (response, ended) = match &body {
        Place::File(path) if !args.sending.head_only => {
            let resume = if receiving.resume { Resume::IfPossible } else { Resume::Never };
            (http.download_file(&request, path, resume, go_on), None)
        }
        place => {
            let mut sink = place.open()?;
            let response = http.download(&request, &mut sink, go_on);
            (response, sink.outcome())
        }
    };
    drop(bar);
    ...
}
