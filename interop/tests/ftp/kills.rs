//! Servers that are killed in the middle of transfers, which go on from there.

use std::{
    env, fs,
    path::Path,
    process, thread,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use interop::{Family, Folder, FtpPort, FtpProgram, FtpServer, WRITER};
use sockeye::FtpResponse;

use super::support::{client, large, on, resuming};

/// Transfers with each server, a hundred in all; pyftpdlib takes its time to start.
const TRANSFERS: [(FtpProgram, usize); 4] =
    [(FtpProgram::Vsftpd, 30), (FtpProgram::Proftpd, 30), (FtpProgram::PureFtpd, 30), (FtpProgram::Pyftpdlib, 10)];

#[test]
fn a_hundred_transfers_survive_the_death_of_their_servers() {
    let seed = seed();
    println!("{SEED}={seed}");
    let begun = Instant::now();
    let counts: Vec<Count> = thread::scope(|scope| {
        let threads = TRANSFERS.iter().zip(1..).map(|((program, times), place)| {
            let random = Random(seed ^ place << 56);
            scope.spawn(move || transfers(*program, *times, random))
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().expect("no failure")).collect()
    });
    println!("{counts:?} in {:?}", begun.elapsed());
    assert_eq!(counts.iter().map(|count| count.whole).sum::<usize>(), 100);
    // Some deaths come when all has arrived already.
    assert!(counts.iter().map(|count| count.interrupted).sum::<usize>() >= 50, "{counts:?}");
    assert!(counts.iter().all(|count| count.interrupted >= 3), "{counts:?}");
}

/// What is transferred.
fn content() -> &'static [u8] {
    &large()[..LENGTH]
}

/// More than is on the way when a server dies.
const LENGTH: usize = 8 * 1024 * 1024 + 7;

#[derive(Debug, Default)]
struct Count {
    whole: usize,
    /// Deaths that a transfer did not survive.
    interrupted: usize,
    /// Deaths that came when all was there.
    late: usize,
}

/// As many transfers, half of them down and half up.
fn transfers(program: FtpProgram, times: usize, mut random: Random) -> Count {
    let mut server = FtpServer::start(program, Family::V4, FtpPort::Usual);
    let local = Folder::new("killed");
    let source = local.write("source", content());
    server.write("source", content());
    let mut count = Count::default();
    for number in 0..times {
        let name = format!("file-{number}");
        if number.is_multiple_of(2) {
            download(&mut server, &local, &name, &mut random, &mut count);
        } else {
            upload(&mut server, &source, &name, &mut random, &mut count);
        }
        count.whole += 1;
    }
    count
}

fn download(server: &mut FtpServer, local: &Folder, name: &str, random: &mut Random, count: &mut Count) {
    let path = local.join(name);
    interrupted(server, random, count, |server, kill| {
        let mut ftp = client(server, WRITER);
        let response = ftp.download_file("source", &path, &resuming(), |progress| {
            assert!(!path.exists(), "it has its name before it is whole");
            kill(server, progress.transferred);
            on(progress)
        });
        assert_eq!(path.exists(), response.ok(), "{response:?}");
        response
    });
    assert!(fs::read(&path).unwrap() == content(), "{name} is not what it was");
    assert!(!local.names().iter().any(|name| name.contains(".part")), "{:?}", local.names());
    fs::remove_file(path).unwrap();
}

/// FTP has no names for what is not whole: whoever wants one uploads to another and renames.
fn upload(server: &mut FtpServer, source: &Path, name: &str, random: &mut Random, count: &mut Count) {
    let part = format!("{name}.part");
    interrupted(server, random, count, |server, kill| {
        let mut ftp = client(server, WRITER);
        let response = ftp.upload_file(source, &part, &resuming(), |progress| {
            kill(server, progress.transferred);
            on(progress)
        });
        assert!(!server.path(name).exists(), "it has its name before it is whole");
        if response.ok() { ftp.rename_file(&part, name) } else { response }
    });
    assert!(fs::read(server.path(name)).unwrap() == content(), "{name} is not what it was");
    assert!(!server.path(&part).exists());
    fs::remove_file(server.path(name)).unwrap();
}

/// What kills the server, told how far the transfer has come.
type Kill<'a> = &'a mut dyn FnMut(&FtpServer, u64);

/// Repeats a transfer until it is whole. The server dies at a random byte of the first attempt, and of some of the next.
fn interrupted(
    server: &mut FtpServer,
    random: &mut Random,
    count: &mut Count,
    mut transfer: impl FnMut(&FtpServer, Kill<'_>) -> FtpResponse,
) {
    for attempt in 0..10 {
        let place = random.below(LENGTH as u64);
        let mut is_due = attempt == 0 || random.below(3) == 0;
        let only_sessions = random.below(2) == 0;
        let mut has_died = false;
        let response = transfer(server, &mut |server, transferred| {
            if is_due && transferred >= place {
                is_due = false;
                has_died = true;
                if only_sessions { server.kill_sessions() } else { server.kill() }
            }
        });
        match (has_died, response.ok()) {
            (true, false) => count.interrupted += 1,
            (true, true) => count.late += 1,
            (false, _) => {}
        }
        if has_died {
            server.restart();
        }
        if response.ok() {
            return;
        }
        assert!(has_died, "{response:?} without a reason");
    }
    panic!("not whole after ten attempts");
}

/// Numbers that look random (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % limit
    }
}

fn seed() -> u64 {
    let given = env::var(SEED).ok().map(|seed| seed.parse().expect("a number"));
    given.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        now.as_secs() ^ u64::from(process::id()) << 32
    })
}

/// The variable of the environment that repeats a run.
const SEED: &str = "SOCKEYE_SEED";
