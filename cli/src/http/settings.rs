//! From the command line to the options of a client.

use std::io::{self, Write as _};

use sockeye::{HttpObserver, HttpOptions, Proxy};

use super::{heads, options::HttpArgs};
use crate::{failure::Failure, transfer::progress::Bar};

/// How the command line wants the server to be reached and the response to be taken.
pub(super) fn of(args: &HttpArgs, bar: &Bar) -> Result<HttpOptions, Failure> {
    let mut options = HttpOptions::default();
    if !args.sending.location {
        options.redirects = 0;
    }
    options.body_limit = IN_MEMORY;
    options.proxy = match args.connecting.proxy.as_deref() {
        None => Proxy::Environment,
        Some("none") => Proxy::None,
        Some(url) => Proxy::Url(url.to_owned()),
    };
    let trust = &args.connecting.trust;
    options.tls = trust.is_given().then(|| trust.tls()).transpose()?;
    if args.verbose {
        let bar = bar.clone();
        options.observer = Some(HttpObserver::new(move |head| {
            // Nobody may be left to read it.
            bar.above(|| _ = io::stderr().write_all(heads::shown(head).as_bytes()));
        }));
    }
    Ok(options)
}

/// Only bodies of responses without success are held in memory: those that say what went wrong.
const IN_MEMORY: u64 = 4 << 20;
