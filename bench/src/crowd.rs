//! Ten thousand connections in one loop: echoes a second, how long each takes, and whether one is lost. And lines: how many
//! a second a server takes, ours and python-network.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use message_io::network::{self, NetEvent, Transport};
use sockeye::{ConnectionId, Endpoint, EventLoop, EventLoopOptions, Framing, Handler, HookResult, ListenOptions};

use crate::contestant::epoll::Epoll;
use crate::contestant::expect;
use crate::rounds::{median, quantile};
use crate::sys::{self, Core};
use crate::workload::far;
use crate::{Result, contestant};

/// Connections that echo.
const CONNECTIONS: usize = 10_000;
/// Echoes that are under way at a time.
const UNDER_WAY: usize = 256;
const LENGTH: usize = 64;
const TIME: Duration = Duration::from_secs(2);
/// Lines of 16 bytes.
const LINES: usize = 1_000_000;

/// Prints what everybody does, in turns.
pub fn print(rounds: usize) -> Result<()> {
    sys::raise_descriptor_limit()?;
    sys::pin(Core::Peer)?;
    println!("{CONNECTIONS} connections, {LENGTH} B each, {UNDER_WAY} echoes under way, medians of {rounds} rounds\n");
    println!("| | echoes/s | processor for each | p50 | p99 | largest | all at once, p99 | lost |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let contestants = ["ours", "message-io"];
    let mut found = contestants.map(|_| Vec::new());
    for _ in 0..rounds {
        for (contestant, found) in contestants.iter().zip(&mut found) {
            found.push(Server::start(&["crowd-server", contestant])?.crowd()?);
        }
    }
    for (contestant, found) in contestants.iter().zip(&found) {
        let of = |value: fn(&Crowd) -> f64| median(found.iter().map(value));
        println!(
            "| {contestant} | {:.1} k | {:.1} us | {:.2} ms | {:.2} ms | {:.2} ms | {:.1} ms | {} |",
            of(|crowd| crowd.rate) / 1e3,
            of(|crowd| crowd.cost),
            of(|crowd| crowd.p50),
            of(|crowd| crowd.p99),
            of(|crowd| crowd.largest),
            of(|crowd| crowd.burst_p99),
            found.iter().map(|crowd| crowd.lost).sum::<usize>(),
        );
    }
    let [ours, _] = &found;
    expect(ours.iter().all(|crowd| crowd.lost == 0), "our loop has lost an echo")?;
    print_lines(rounds)
}

fn print_lines(rounds: usize) -> Result<()> {
    println!("\n{LINES} lines of 16 B to one server\n\n| | lines/s |\n| --- | --- |");
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    let has_peer = far::python()
        .args(["-c", "import network"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    for _ in 0..rounds {
        ours.push(Server::start(&["lines-server"])?.lines()?);
        if has_peer {
            // It cannot say which port it has got.
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            let mut command = far::python();
            command.args(["-c", PYTHON_SERVER, &port.to_string()]);
            theirs.push(Server::of(command)?.lines()?);
        }
    }
    let ours = median(ours.into_iter());
    println!("| ours | {:.2} M |", ours / 1e6);
    if has_peer {
        let theirs = median(theirs.into_iter());
        println!("| python-network (network-wrapper) | {:.2} M |\n\nratio {:.1}", theirs / 1e6, ours / theirs);
    } else {
        println!("python-network is missing: pip install network-wrapper==0.4, BENCH_PYTHON says which Python");
    }
    Ok(())
}

/// What a round found out; times in milliseconds.
struct Crowd {
    rate: f64,
    /// What the server took of the processor for an echo, in microseconds.
    cost: f64,
    p50: f64,
    p99: f64,
    largest: f64,
    burst_p99: f64,
    lost: usize,
}

/// A server in a process of its own, until it is dropped.
struct Server {
    child: Child,
    _output: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Server {
    fn start(words: &[&str]) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(words);
        Self::of(command)
    }

    /// The first line that a server prints is its port.
    fn of(mut command: Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut output = BufReader::new(child.stdout.take().ok_or("the server has no output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, line.trim().parse()?));
        Ok(Self { child, _output: output, address })
    }

    fn crowd(self) -> Result<Crowd> {
        let epoll = Epoll::new()?;
        let mut peers = Vec::with_capacity(CONNECTIONS);
        for number in 0..CONNECTIONS {
            let peer = contestant::raw::connect_peer(self.address)?;
            peer.set_nonblocking(true)?;
            epoll.add(&peer, number as u64)?;
            peers.push(peer);
        }
        let mut driver = Driver { epoll, sent: vec![None; peers.len()], peers, under_way: 0 };
        // All of them once, which also tells that all of them were accepted.
        let warm = driver.run(CONNECTIONS, Duration::ZERO)?;
        expect(warm.len() == CONNECTIONS, "a connection was not served")?;
        let burst = driver.run(CONNECTIONS, Duration::ZERO)?;
        let (begin, used) = (Instant::now(), self.processor_time()?);
        let mut times = driver.run(UNDER_WAY, TIME)?;
        let rate = times.len() as f64 / begin.elapsed().as_secs_f64();
        let cost = (self.processor_time()? - used) / times.len() as f64;
        times.sort_unstable();
        let mut bursts = burst;
        bursts.sort_unstable();
        let at =
            |times: &[Duration], share: f64| quantile(times, share).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3);
        Ok(Crowd {
            rate,
            cost,
            p50: at(&times, 0.5),
            p99: at(&times, 0.99),
            largest: times.last().map_or(f64::NAN, |time| time.as_secs_f64() * 1e3),
            burst_p99: at(&bursts, 0.99),
            lost: driver.under_way,
        })
    }

    /// What it has used of the processor so far, in microseconds.
    fn processor_time(&self) -> Result<f64> {
        // SAFETY: `sysconf` takes a number and touches no memory.
        let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let field = |number: usize| fields.get(number).and_then(|text| text.parse::<f64>().ok()).ok_or("no such time");
        Ok((field(11)? + field(12)?) / ticks * 1e6)
    }

    fn lines(self) -> Result<f64> {
        let mut peer = TcpStream::connect(self.address)?;
        let mut bytes = b"0123456789abcde\n".repeat(LINES);
        bytes.extend_from_slice(b"end\n");
        let begin = Instant::now();
        peer.write_all(&bytes)?;
        let mut answer = [0; 5];
        peer.read_exact(&mut answer)?;
        expect(&answer == b"done\n", "another answer")?;
        Ok(LINES as f64 / begin.elapsed().as_secs_f64())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Python's has no other way to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The clients of a crowd.
struct Driver {
    epoll: Epoll,
    peers: Vec<TcpStream>,
    sent: Vec<Option<(Instant, usize)>>,
    under_way: usize,
}

impl Driver {
    /// Keeps so many echoes under way, one connection after the other, for a time or, if it is zero, once each; gives the
    /// time that each took.
    fn run(&mut self, under_way: usize, time: Duration) -> Result<Vec<Duration>> {
        let begin = Instant::now();
        let mut times = Vec::new();
        let mut next = 0;
        let mut begun = 0;
        let message = [7; LENGTH];
        let mut buffer = [0; LENGTH];
        let mut ready = Vec::new();
        loop {
            let goes_on = if time.is_zero() { begun < under_way } else { begin.elapsed() < time };
            while goes_on && self.under_way < under_way && (!time.is_zero() || begun < under_way) {
                let number = next % self.peers.len();
                next += 1;
                if self.sent[number].is_some() {
                    continue;
                }
                self.sent[number] = Some((Instant::now(), 0));
                (&self.peers[number]).write_all(&message)?;
                self.under_way += 1;
                begun += 1;
            }
            if self.under_way == 0 {
                return Ok(times);
            }
            ready.clear();
            ready.extend(self.epoll.wait(5_000)?.map(|number| number as usize));
            if ready.is_empty() {
                // Nothing for five seconds: what is under way is lost.
                return Ok(times);
            }
            for &number in &ready {
                let count = match (&self.peers[number]).read(&mut buffer) {
                    Ok(0) => return Err("the server has closed a connection".into()),
                    Ok(count) => count,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                    Err(error) => return Err(error.into()),
                };
                let (since, had) = self.sent[number].ok_or("an echo that nobody asked for")?;
                if had + count == LENGTH {
                    self.sent[number] = None;
                    self.under_way -= 1;
                    times.push(since.elapsed());
                } else {
                    self.sent[number] = Some((since, had + count));
                }
            }
        }
    }
}

/// The server of a crowd, in a process of its own.
pub fn serve(contestant: &str) -> Result<()> {
    sys::arm_alarm();
    sys::raise_descriptor_limit()?;
    sys::pin(Core::Main)?;
    match contestant {
        "ours" => serve_ours(Framing::Raw),
        "message-io" => serve_message_io(),
        _ => Err("no such contestant".into()),
    }
}

/// The server of lines.
pub fn serve_lines() -> Result<()> {
    sys::arm_alarm();
    sys::pin(Core::Main)?;
    serve_ours(Framing::lines())
}

struct Echo {
    framing: Framing,
}

impl Handler for Echo {
    fn message(&mut self, event_loop: &mut EventLoop, id: ConnectionId, message: Vec<u8>) -> HookResult {
        if self.framing == Framing::Raw {
            event_loop.send(id, &message).into_result()?;
        } else if message == b"end" {
            event_loop.send(id, b"done").into_result()?;
        }
        Ok(())
    }
}

fn serve_ours(framing: Framing) -> Result<()> {
    let mut options = EventLoopOptions::default();
    options.tick = None;
    let mut event_loop = EventLoop::with_options(options)?;
    let at = Endpoint::Tcp { host: None, port: 0 };
    let listener = event_loop.listen(&at, framing, ListenOptions::default())?;
    println!("{}", event_loop.local_port(listener));
    event_loop.run(&mut Echo { framing })?;
    Ok(())
}

fn serve_message_io() -> Result<()> {
    let (controller, mut processor) = network::split();
    let (_, address) = controller.listen(Transport::Tcp, "127.0.0.1:0")?;
    println!("{}", address.port());
    loop {
        processor.process_poll_event(None, |event| {
            if let NetEvent::Message(endpoint, data) = event {
                controller.send(endpoint, data);
            }
        });
    }
}

const PYTHON_SERVER: &str = "
import sys, network
def accept(socket):
    def line(text):
        if text == 'end':
            socket.send(b'done\\n')
    socket.readlines(line)
server = network.Server(int(sys.argv[1]), accept)
print(sys.argv[1], flush=True)
network.fgloop()
";
