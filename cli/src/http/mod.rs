//! `sockeye http`: transfers from and to a URL, with an exit status to rely on.

mod heads;
mod options;
mod request;
mod settings;

use std::{ops::ControlFlow, process::ExitCode};

use sockeye::{Http, HttpProgress, HttpResponse, Resume};

use crate::{
    failure::Failure,
    transfer::{ending, output::Place, progress::Bar},
};
pub(crate) use options::{ABOUT, HttpArgs};

/// Runs `sockeye http`; what went wrong is one line on standard error.
pub(crate) fn run(args: &HttpArgs) -> ExitCode {
    match transfer(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(NAME),
    }
}

fn transfer(args: &HttpArgs) -> Result<(), Failure> {
    let receiving = &args.receiving;
    let place = Place::of(receiving.output.as_deref());
    let url = with_scheme(&args.url);
    let request = request::build(&args.sending, &url)?;
    let bar = match &place {
        Place::StandardOutput { .. } => Bar::hidden(),
        Place::File(_) | Place::Device(_) => Bar::on_terminal(),
    };
    let http = Http::with_options(origin(&url), 0, settings::of(args, &bar)?)?;
    let last_bar = bar.clone();
    ending::on_signals(NAME, move || last_bar.end())?;
    // The library's own limit would not end the wait for who gives or takes a body.
    if let Some(limit) = args.connecting.max_time {
        let last_bar = bar.clone();
        ending::after(limit, NAME, move || last_bar.end())?;
    }

    let show = |progress: HttpProgress| {
        if let Some((done, total)) = shown(progress) {
            bar.show(done, total);
        }
        ControlFlow::Continue(())
    };
    let mut sink = None;
    let response = match &place {
        Place::File(path) if receiving.resume => http.download_file(&request, path, Resume::IfPossible, show),
        _ if receiving.resume => return Err(Failure::Usage("--resume needs a file to go on with: -o FILE")),
        _ => http.download(&request, sink.insert(place.open()?), show),
    };
    bar.end();
    if let Some(sink) = sink.take_if(|sink| !sink.is_open()) {
        return sink.finish();
    }

    let response = whole(response)?;
    let status = response.status();
    if let Some(path) = &receiving.head {
        Place::of(Some(path)).write(&heads::of(&response))?;
    }
    if receiving.fail && status.code() >= 400 {
        return Err(Failure::Status(status));
    }
    // What was not written as it arrived: the bodies of responses without success.
    let rest = if args.sending.head_only { heads::of(&response) } else { response.into_body() };
    match sink {
        // Nothing takes the place of what there was when the server gave nothing (304, 301).
        _ if rest.is_empty() && !status.is_success() => Ok(()),
        Some(sink) => sink.finish_with(&rest),
        None if rest.is_empty() => Ok(()),
        None => place.write(&rest),
    }
}

/// What it is called in messages.
const NAME: &str = "http";

/// What has been received, or what has been sent as long as nothing comes back; with how much there will be, if that is
/// known.
fn shown(progress: HttpProgress) -> Option<(u64, Option<u64>)> {
    match progress {
        HttpProgress { sent: 0, received: 0, to_receive: None, .. } => None,
        HttpProgress { sent, to_send, received: 0, to_receive: None } => Some((sent, to_send)),
        HttpProgress { received, to_receive, .. } => Some((received, to_receive)),
    }
}

/// A response that is whole, whatever its status.
fn whole(response: HttpResponse) -> Result<HttpResponse, Failure> {
    if response.error().is_none() {
        return Ok(response);
    }
    Ok(response.into_result()?)
}

/// The URL that a text means: `example.org/page` is one of `http`.
fn with_scheme(text: &str) -> String {
    let scheme = text.split_once("://").filter(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if scheme.is_some() { text.to_owned() } else { format!("http://{text}") }
}

/// A URL up to its path.
fn origin(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let path = url.get(authority..).and_then(|rest| rest.find(['/', '?', '#']));
    path.and_then(|at| url.get(..authority + at)).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_is_shown() {
        let shown = |sent, to_send, received, to_receive| shown(HttpProgress { sent, to_send, received, to_receive });
        assert_eq!(shown(0, Some(0), 0, None), None);
        assert_eq!(shown(0, Some(9), 0, None), None);
        assert_eq!(shown(5, Some(9), 0, None), Some((5, Some(9))));
        assert_eq!(shown(9, Some(9), 0, Some(7)), Some((0, Some(7))));
        assert_eq!(shown(9, Some(9), 3, None), Some((3, None)));
    }

    #[test]
    fn a_url_is_completed_and_cut() {
        assert_eq!(with_scheme("example.org/a?b=c://d"), "http://example.org/a?b=c://d");
        assert_eq!(with_scheme("https://example.org"), "https://example.org");
        assert_eq!(with_scheme("[::1]:80/a"), "http://[::1]:80/a");
        for (url, expected) in [
            ("http://example.org", "http://example.org"),
            ("https://Ada:love@example.org:8443/a/b", "https://Ada:love@example.org:8443"),
            ("http://[::1]?a", "http://[::1]"),
            ("http:///a", "http://"),
        ] {
            assert_eq!(origin(url), expected);
        }
    }
}
