//! A client for one host.

use std::{
    io::Write,
    mem,
    ops::ControlFlow,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use super::{
    arriving::{InMemory, Sink},
    cancel::Cancel,
    connector::Route,
    cookies::CookieJar,
    download::{FileSink, Resume, WriterSink},
    exchange::{HttpExchange, HttpProgress},
    observer::HttpObserver,
    opening::Opening,
    pool::Pool,
    proxy::{Proxies, Proxy},
    request::HttpRequest,
    response::HttpResponse,
    transfer::Pace,
    url::{Url, refuse},
    work::{Advance, Work},
};
use crate::{
    error::{Error, Result},
    mode::wait_until,
    sys::{Direction, Handle},
    time::Deadline,
    tls::TlsClient,
};

/// A client for one HTTP or HTTPS server: requests in, responses out.
///
/// It speaks HTTP/1.1 (RFC 9110, RFC 9112), keeps connections for the next request, follows redirects, decompresses
/// bodies and checks certificates. [`send_request`](Self::send_request) waits for the response,
/// [`begin`](Self::begin) does not. Several threads can use one client.
///
/// # Examples
///
/// ```
/// use sockeye::{Http, HttpRequest, HttpStatus, IpAddress, TcpListener};
///
/// let mut listener = TcpListener::new();
/// listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
/// let http = Http::new("127.0.0.1", listener.local_port())?;
/// # let server = std::thread::spawn(move || {
/// #     let mut socket = listener.accept().into_result()?;
/// #     socket.receive(&mut [0; 1024]).into_result()?;
/// #     socket.send(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nAda 700").into_result()
/// # });
///
/// let response = http.send_request(&HttpRequest::get("/scores")?);
/// assert_eq!(response.status(), HttpStatus::OK);
/// assert_eq!(response.text(), "Ada 700");
/// # server.join().unwrap()?;
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
pub struct Http {
    base: Url,
    shared: Arc<Shared>,
}

/// What a client does beyond the request itself. Make one with `default()` and change its fields.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpOptions {
    /// How long a whole exchange may take, from the name lookup to the last byte, redirects included. `None`, the
    /// default, is for ever.
    pub limit: Option<Duration>,
    /// How long the server may be silent and take nothing, once there is a connection, before the exchange fails. 30
    /// seconds; `None` is for ever.
    pub silence: Option<Duration>,
    /// How long a connection may take: name, address, proxy, TLS. 30 seconds; `None` is as long as the exchange.
    pub connect_limit: Option<Duration>,
    /// How many redirects are followed, one behind the other: 10. With 0 a redirect is the response.
    pub redirects: u32,
    /// Whether a redirect may lead from `https` to `http`: no.
    pub allow_downgrade: bool,
    /// How many bytes of a body are kept in memory at most, after decompression: 64 MiB. Downloads have no limit.
    pub body_limit: u64,
    /// Whether compressed bodies are asked for and decompressed (gzip, deflate): yes.
    pub compression: bool,
    /// Whether cookies are kept and sent back (RFC 6265): no. They live as long as the client.
    pub cookies: bool,
    /// Which proxy is used: the one that the environment names.
    pub proxy: Proxy,
    /// Whom `https` trusts and what it shows. `None`, the default, is the system's certificates.
    pub tls: Option<TlsClient>,
    /// What the client calls itself: `sockeye/` and its version.
    pub user_agent: String,
    /// How many idle connections are kept: 8. With 0 none is.
    pub pool: usize,
    /// From which length on a body waits, for a second or half of `silence` at most, until the server says that it wants
    /// it (`Expect: 100-continue`): 1 MiB.
    pub expect_continue: u64,
    /// Who hears the heads of requests and responses: nobody.
    pub observer: Option<HttpObserver>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            limit: None,
            silence: Some(Duration::from_secs(30)),
            connect_limit: Some(Duration::from_secs(30)),
            redirects: 10,
            allow_downgrade: false,
            body_limit: 64 * 1024 * 1024,
            compression: true,
            cookies: false,
            proxy: Proxy::Environment,
            tls: None,
            user_agent: concat!("sockeye/", env!("CARGO_PKG_VERSION")).to_owned(),
            pool: 8,
            expect_continue: 1024 * 1024,
            observer: None,
        }
    }
}

/// What the exchanges of one client have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: HttpOptions,
    proxies: Proxies,
    pub(super) pool: Pool,
    cookies: Mutex<CookieJar>,
    tls: OnceLock<TlsClient>,
}

impl Shared {
    pub(super) fn cookies(&self) -> MutexGuard<'_, CookieJar> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way to a URL.
    pub(super) fn route(&self, url: &Url) -> Route {
        let Url { https, host, port, .. } = url;
        let proxy = self.proxies.address_for(*https, host, *port).cloned();
        Route { host: host.clone(), port: *port, https: *https, proxy }
    }

    /// Whom `https` trusts. The system's certificates are read when they are first needed.
    pub(super) fn tls(&self) -> Result<&TlsClient> {
        if let Some(client) = self.options.tls.as_ref().or_else(|| self.tls.get()) {
            return Ok(client);
        }
        let client = TlsClient::new()?;
        Ok(self.tls.get_or_init(|| client))
    }
}

impl Http {
    /// Makes a client for a host: `"example.org"`, `"example.org:8080"`, `"[::1]"`, `"http://example.org"`,
    /// `"https://example.org:8443"`. Nothing is connected yet.
    ///
    /// A `port` of 0 is the one that the host names, or the scheme's (80, 443); without a scheme it is `http`. A name
    /// and a password in a URL are sent with each request to that host (RFC 7617), also where a redirect leads to it from
    /// itself.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for what is no host and no URL.
    pub fn new(host: &str, port: u16) -> Result<Self> {
        Self::with_options(host, port, HttpOptions::default())
    }

    /// Makes a client that does as the options say.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new); also for a user agent with control characters and a proxy's URL that is none.
    pub fn with_options(host: &str, port: u16, options: HttpOptions) -> Result<Self> {
        super::fields::field("User-Agent", &options.user_agent)?;
        let proxies = Proxies::new(&options.proxy)?;
        let pool = Pool::new(options.pool);
        let shared = Shared { options, proxies, pool, cookies: Mutex::default(), tls: OnceLock::new() };
        Ok(Self { base: base(host, port)?, shared: Arc::new(shared) })
    }

    /// Leads further requests to another host; see [`new`](Self::new). Connections and cookies are kept.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new); the client stays with its host then.
    pub fn set_host(&mut self, host: &str, port: u16) -> Result<()> {
        self.base = base(host, port)?;
        Ok(())
    }

    /// Sends a request and waits for the response, as long as the options allow.
    pub fn send_request(&self, request: &HttpRequest) -> HttpResponse {
        self.run(request, self.shared.options.limit, &mut InMemory, &mut go_on)
    }

    /// Sends a request and waits for the response. The limit covers everything: the name lookup, connecting,
    /// redirects, the last byte of the body.
    pub fn send_request_timeout(&self, request: &HttpRequest, limit: Duration) -> HttpResponse {
        self.run(request, Some(limit), &mut InMemory, &mut go_on)
    }

    /// Begins a request and returns at once; see [`HttpExchange`].
    pub fn begin(&self, request: &HttpRequest) -> HttpExchange {
        HttpExchange::begin(&self.shared, request, &self.base, self.shared.options.limit)
    }

    /// The same with a limit of its own; see [`send_request_timeout`](Self::send_request_timeout).
    pub fn begin_timeout(&self, request: &HttpRequest, limit: Duration) -> HttpExchange {
        HttpExchange::begin(&self.shared, request, &self.base, Some(limit))
    }

    /// Sends a request and writes the body of its response to `sink` as it arrives, however long it is. The body of the
    /// response that is returned is empty.
    ///
    /// Only a body that was asked for is written, that of a status from 200 to 299; others are kept in the response.
    /// `progress` is called after each step; [`ControlFlow::Break`] cancels ([`Error::Cancelled`]).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::ops::ControlFlow;
    /// use sockeye::{Http, HttpRequest};
    ///
    /// let http = Http::new("https://example.org", 0)?;
    /// let mut page = Vec::new();
    /// let response = http.download(&HttpRequest::get("/")?, &mut page, |progress| {
    ///     println!("{} bytes", progress.received);
    ///     ControlFlow::Continue(())
    /// });
    /// assert!(response.ok());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn download(
        &self,
        request: &HttpRequest,
        sink: &mut dyn Write,
        mut progress: impl FnMut(HttpProgress) -> ControlFlow<()>,
    ) -> HttpResponse {
        self.run(request, self.shared.options.limit, &mut WriterSink(sink), &mut progress)
    }

    /// Sends a request and makes a file of the body of its response, which has its name only once it is whole.
    ///
    /// Until then the bytes are in a file beside it: with [`Resume::Never`] one with a name of its own, which is removed
    /// when the download fails; with [`Resume::IfPossible`] one named `NAME.part`, which stays, and from whose end the
    /// next download of the same URL goes on if the server still has the same file (`If-Range`, RFC 9110 section
    /// 13.1.5). One download at a time writes to it: another one of the same name fails ([`Error::File`]) and leaves the
    /// first alone. A file that is there already is replaced by one with its permissions. As for
    /// [`download`](Self::download), a body of another status than 200 to 299 is kept in the response, and no file is made.
    pub fn download_file(
        &self,
        request: &HttpRequest,
        path: impl AsRef<Path>,
        resume: Resume,
        mut progress: impl FnMut(HttpProgress) -> ControlFlow<()>,
    ) -> HttpResponse {
        let limit = self.shared.options.limit;
        let mut run = |request: &HttpRequest, sink: &mut FileSink| self.run(request, limit, sink, &mut progress);
        match self.base.of_request(request.uri()) {
            Ok(url) => super::download::to_file(request, &url, path.as_ref(), resume, &mut run),
            Err(error) => HttpResponse::not_begun(error),
        }
    }

    /// Runs an exchange to its end on this thread.
    fn run(
        &self,
        request: &HttpRequest,
        limit: Option<Duration>,
        sink: &mut dyn Sink,
        progress: &mut dyn FnMut(HttpProgress) -> ControlFlow<()>,
    ) -> HttpResponse {
        match Work::new(&self.shared, request, &self.base, limit) {
            Ok(mut work) => {
                let outcome = self.drive(&mut work, sink, progress);
                work.retire(|_| ());
                work.into_response(outcome)
            }
            Err(error) => HttpResponse::not_begun(error),
        }
    }

    fn drive(
        &self,
        work: &mut Work,
        sink: &mut dyn Sink,
        progress: &mut dyn FnMut(HttpProgress) -> ControlFlow<()>,
    ) -> Result<()> {
        let mut pace = Pace::Straight;
        loop {
            let advance = work.advance(mem::replace(&mut pace, Pace::Straight), sink)?;
            if progress(work.progress().beyond(sink.offset())).is_break() {
                return Err(Error::Cancelled);
            }
            match advance {
                Advance::Wait(Direction::Read) if work.grow_patient()? => pace = Pace::Patient,
                Advance::Wait(direction) => {
                    let Some(socket) = work.handle().map(Handle::socket) else { return Err(Error::Disconnected) };
                    // The answer may come before all of the request has gone.
                    let direction = if direction == Direction::Write { Direction::Either } else { direction };
                    // Whether it is ready or the time is up is found out by the next step.
                    wait_until(socket, direction, Deadline::after(work.wakes_in())).map_err(Error::from_os)?;
                }
                Advance::More => {}
                Advance::Connect => {
                    work.retire(|_| ());
                    if !work.take_connection()? {
                        let mut prepared = work.prepare()?;
                        let (connection, sent) = Opening::of(work).open(prepared.0.front(), &Cancel::never())?;
                        prepared.0.skip(sent);
                        work.begin(connection, prepared, false);
                    }
                }
                Advance::Done => return Ok(()),
            }
        }
    }
}

fn base(host: &str, port: u16) -> Result<Url> {
    let url = if host.contains("://") { Url::parse(host)? } else { Url::parse(&format!("http://{host}"))? };
    if url.target != "/" {
        return Err(refuse(host, "a host or a URL without a path"));
    }
    Ok(if port == 0 { url } else { url.with_port(port) })
}

fn go_on(_: HttpProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
