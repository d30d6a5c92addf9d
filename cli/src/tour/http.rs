//! HTTP against a small server on a selector: requests over one connection, a download, and a game loop that asks.

#[path = "../../../examples/http_server/server.rs"]
mod server;

use std::{
    io::{self, Write},
    ops::ControlFlow,
    thread,
    time::{Duration, Instant},
};

use sockeye::{Http, HttpExchange, HttpOptions, HttpRequest, HttpResponse, Proxy, Status};

use self::server::Server;
use super::{
    PATIENCE,
    failure::{Failure, expect},
    median, p99,
};

pub(super) fn step() -> Result<String, Failure> {
    let mut server = Server::new(0)?;
    let port = server.port();
    // After a failure nobody waits for it: it ends with the program.
    let serving = thread::spawn(move || -> Result<usize, sockeye::Error> {
        while server.serve()? {}
        Ok(server.accepted())
    });
    let mut options = HttpOptions::default();
    options.limit = Some(PATIENCE);
    // What the environment says is not meant for this server.
    options.proxy = Proxy::None;
    let http = Http::with_options("127.0.0.1", port, options)?;

    let mut trips = one_after_another(&http)?;
    let download = download(&http)?;
    let mut frames = play(&http)?;
    drop(http);
    let accepted = serving.join().map_err(|_| Failure::Panicked)??;
    expect("connections", &IN_FLIGHT, &accepted)?;
    Ok(format!(
        "{REQUESTS} requests over one connection, median {:.1} us, p99 {:.1} us\n{} MB downloaded, {:.1} GB/s\n{IN_FLIGHT} \
         exchanges in flight, {FRAMES} frames at 60 Hz: {:.0} us a frame, p99 {:.0} us; {} answers",
        median(&mut trips).as_secs_f64() * 1e6,
        p99(&mut trips).as_secs_f64() * 1e6,
        LARGE / 1_000_000,
        LARGE as f64 / download.as_secs_f64() / 1e9,
        median(&mut frames.spent).as_secs_f64() * 1e6,
        p99(&mut frames.spent).as_secs_f64() * 1e6,
        frames.answers
    ))
}

/// The same request again and again.
fn one_after_another(http: &Http) -> Result<Vec<Duration>, Failure> {
    let request = small()?;
    let mut trips = Vec::new();
    for _ in 0..REQUESTS {
        let begin = Instant::now();
        let response = http.send_request(&request);
        trips.push(begin.elapsed());
        check_small(response)?;
    }
    Ok(trips)
}

/// A body that is not held in memory.
fn download(http: &Http) -> Result<Duration, Failure> {
    let mut counted = Counted(0);
    let begin = Instant::now();
    let request = HttpRequest::get(&format!("/bytes/{LARGE}"))?;
    http.download(&request, &mut counted, |_| ControlFlow::Continue(())).into_result()?;
    let elapsed = begin.elapsed();
    expect("bytes", &LARGE, &counted.0)?;
    Ok(elapsed)
}

/// What a game loop spent on the network, and what it got for it.
struct Frames {
    spent: Vec<Duration>,
    answers: u32,
}

/// A game loop that always has some exchanges in flight, and never waits for one.
fn play(http: &Http) -> Result<Frames, Failure> {
    let request = small()?;
    let mut exchanges: Vec<HttpExchange> = (0..IN_FLIGHT).map(|_| http.begin(&request)).collect();
    let mut frames = Frames { spent: Vec::new(), answers: 0 };
    let start = Instant::now();
    for number in 1..=FRAMES {
        let begin = Instant::now();
        for exchange in &mut exchanges {
            match exchange.poll() {
                Status::NotReady => {}
                status => {
                    check_small(status.into_result()?)?;
                    frames.answers += 1;
                    *exchange = http.begin(&request);
                }
            }
        }
        frames.spent.push(begin.elapsed());
        // Here a game draws.
        thread::sleep((start + FRAME * number).saturating_duration_since(Instant::now()));
    }
    let middle = median(&mut frames.spent);
    if middle > BUDGET {
        return Err(Failure::wrong(format!("at most {BUDGET:?} of network a frame"), format!("{middle:?}")));
    }
    Ok(frames)
}

fn small() -> Result<HttpRequest, Failure> {
    Ok(HttpRequest::get(&format!("/bytes/{SMALL}"))?)
}

fn check_small(response: HttpResponse) -> Result<(), Failure> {
    let response = response.into_result()?;
    expect("bytes", &SMALL, &response.body().len())
}

struct Counted(usize);

impl Write for Counted {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0 += data.len();
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const REQUESTS: usize = 1000;
const SMALL: usize = 1024;
const LARGE: usize = 32 << 20;
const IN_FLIGHT: usize = 8;
const FRAMES: u32 = 20;
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 60);
/// What a frame may spend on the network.
const BUDGET: Duration = Duration::from_millis(1);
