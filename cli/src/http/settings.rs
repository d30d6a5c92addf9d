//! From the command line to the options of a client.

use std::io::{self, Write as _};

use sockeye::{HttpObserver, HttpOptions, Proxy, RootCertificates, TlsClient, TlsClientOptions, Trust};

use super::{failure::Failure, heads, options::HttpArgs, progress::Bar};

/// How the command line wants the server to be reached and the response to be taken.
pub(super) fn of(args: &HttpArgs, bar: &Bar) -> Result<HttpOptions, Failure> {
    let mut options = HttpOptions::default();
    options.limit = args.connecting.max_time;
    if !args.sending.location {
        options.redirects = 0;
    }
    options.body_limit = IN_MEMORY;
    options.proxy = match args.connecting.proxy.as_deref() {
        None => Proxy::Environment,
        Some("none") => Proxy::None,
        Some(url) => Proxy::Url(url.to_owned()),
    };
    options.tls = trust(args)?.map(tls).transpose()?;
    if args.verbose {
        let bar = bar.clone();
        options.observer = Some(HttpObserver::new(move |head| {
            // Nobody may be left to read it.
            bar.above(|| _ = io::stderr().write_all(heads::shown(head).as_bytes()));
        }));
    }
    Ok(options)
}

/// Whom to trust, if not those whom the system trusts.
fn trust(args: &HttpArgs) -> Result<Option<Trust>, Failure> {
    let connecting = &args.connecting;
    Ok(match &connecting.cacert {
        Some(path) => Some(Trust::Roots(RootCertificates::load(path)?)),
        None if !connecting.pin.is_empty() => Some(Trust::Pinned(connecting.pin.clone())),
        None if connecting.insecure => Some(Trust::Nothing),
        None => None,
    })
}

fn tls(trust: Trust) -> Result<TlsClient, Failure> {
    let mut options = TlsClientOptions::default();
    options.trust = trust;
    Ok(TlsClient::with_options(options)?)
}

/// Only bodies of responses without success are held in memory: those that say what went wrong.
const IN_MEMORY: u64 = 4 << 20;
