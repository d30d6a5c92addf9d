//! A game loop of 60 frames a second with eight exchanges in flight, and what each poll takes. Beside it, in the same frames,
//! arithmetic that needs nobody: what of the longest times is the machine's shows there.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use sockeye::{Http, HttpExchange, HttpRequest, Status};

use crate::Result;
use crate::contestant::http::options;
use crate::rounds::quantile;
use crate::server::nginx;
use crate::sys::{self, Core};

const FRAME: Duration = Duration::from_micros(16_667);
/// What a poll may take of a frame.
const SHARE: Duration = Duration::from_millis(1);
/// How long the arithmetic takes: as long as a step of an exchange may.
const ARITHMETIC: Duration = Duration::from_micros(200);
const UPLOAD: usize = 8 << 20;

/// Plays for so many seconds and prints what was found.
pub fn print(seconds: u64) -> Result<()> {
    sys::pin(Core::Main)?;
    let nginx = nginx::start()?;
    // The system takes the connection, and nobody says anything.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut upload = HttpRequest::put("/put/frames")?;
    upload.set_body(vec![7; UPLOAD]);
    let served = nginx.address(Core::Peer);
    let mut players = vec![
        Player::new("a silent host", silent.local_addr()?, HttpRequest::get("/")?)?,
        Player::named("a name that does not exist", "sockeye.invalid", 80, HttpRequest::get("/")?)?,
        Player::new("GET, 1 KiB", served, HttpRequest::get("/small")?)?,
        Player::new("GET, 1 KiB, again", served, HttpRequest::get("/small")?)?,
        Player::new("GET, 1 KiB, closed", served, closing(HttpRequest::get("/small")?)?)?,
        Player::new("GET, 16 MiB", served, HttpRequest::get("/large")?)?,
        Player::new("GET, 16 MiB, closed", served, closing(HttpRequest::get("/large")?)?)?,
        Player::new("PUT, 8 MiB", served, upload)?,
    ];
    let turns = turns_for(ARITHMETIC)?;
    let mut arithmetic = Vec::new();
    let begin = Instant::now();
    let mut next = begin;
    while begin.elapsed() < Duration::from_secs(seconds) {
        for player in &mut players {
            player.frame()?;
            arithmetic.push(measured(|| work(turns))?.1);
        }
        next += FRAME;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    println!(
        "{seconds} s of 60 frames a second; what one poll takes of the processor, and the most of one by the clock\n"
    );
    println!("| | ended | polls | p50 | p99 | most | of 1 ms or more | most by the clock |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut all = Vec::new();
    for player in players {
        row(player.name, &player.ended.to_string(), &player.polls);
        all.extend(player.polls);
    }
    row("all polls", "", &all);
    row("arithmetic", "", &arithmetic);
    Ok(())
}

fn row(name: &str, ended: &str, costs: &[Cost]) {
    let mut times: Vec<Duration> = costs.iter().map(|cost| cost.processor).collect();
    times.sort_unstable();
    let at = |share| quantile(&times, share).unwrap_or_default();
    println!(
        "| {name} | {ended} | {} | {} us | {} us | {} us | {} | {} us |",
        times.len(),
        at(0.5).as_micros(),
        at(0.99).as_micros(),
        times.last().map_or(0, Duration::as_micros),
        times.iter().filter(|time| **time >= SHARE).count(),
        costs.iter().map(|cost| cost.elapsed).max().unwrap_or_default().as_micros(),
    );
}

fn closing(mut request: HttpRequest) -> Result<HttpRequest> {
    request.set_field("Connection", "close")?;
    Ok(request)
}

/// An exchange that is begun anew whenever it has ended.
struct Player {
    name: &'static str,
    http: Http,
    request: HttpRequest,
    exchange: Option<HttpExchange>,
    polls: Vec<Cost>,
    ended: usize,
}

impl Player {
    fn new(name: &'static str, server: SocketAddr, request: HttpRequest) -> Result<Self> {
        Self::named(name, &server.ip().to_string(), server.port(), request)
    }

    fn named(name: &'static str, host: &str, port: u16, request: HttpRequest) -> Result<Self> {
        let mut options = options();
        // The silent host is to stay in flight.
        options.silence = None;
        let http = Http::with_options(host, port, options)?;
        Ok(Self { name, http, request, exchange: None, polls: Vec::new(), ended: 0 })
    }

    fn frame(&mut self) -> Result<()> {
        let exchange = self.exchange.get_or_insert_with(|| self.http.begin(&self.request));
        let (status, cost) = measured(|| exchange.poll())?;
        self.polls.push(cost);
        if !matches!(status, Status::NotReady) {
            self.exchange = None;
            self.ended += 1;
        }
        Ok(())
    }
}

/// What a call took.
#[derive(Clone, Copy)]
struct Cost {
    processor: Duration,
    elapsed: Duration,
}

fn measured<T>(body: impl FnOnce() -> T) -> Result<(T, Cost)> {
    let (processor, begin) = (sys::thread_time()?, Instant::now());
    let value = body();
    let elapsed = begin.elapsed();
    Ok((value, Cost { processor: sys::thread_time()?.saturating_sub(processor), elapsed }))
}

/// How many turns of the arithmetic take so long where nothing disturbs them.
fn turns_for(time: Duration) -> Result<u64> {
    const TURNS: u64 = 100_000;
    let mut least = Duration::MAX;
    for _ in 0..100 {
        least = least.min(measured(|| work(TURNS))?.1.processor);
    }
    Ok((TURNS as f64 * time.as_secs_f64() / least.as_secs_f64()) as u64)
}

fn work(turns: u64) {
    let mut value = 1_u64;
    for _ in 0..turns {
        value = black_box(value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
}
