//! What the project promises, and whether this run kept it.

use std::collections::HashMap;
use std::fmt;

use crate::rounds::Ratio;

/// One promise: the ratio of a row, or equal system calls.
pub struct Target {
    pub benchmark: &'static str,
    pub rival: &'static str,
    pub promise: Promise,
    /// The promise in the words it was given in.
    pub words: &'static str,
}

pub enum Promise {
    /// The ratio of ours over the rival is at least this.
    Ratio(f64),
    /// The same of the time of the processor: the rival's over ours.
    Processor(f64),
    /// No more system calls for one operation than the rival makes.
    SameCalls,
    /// No more system calls for one operation than this.
    Calls(f64),
    /// Less memory than so many bytes, at any time.
    PeakBelow(u64),
}

/// What a run found out about one row.
pub struct Finding {
    pub ratio: Ratio,
    /// System calls for one operation, ours and the rival's, where they were counted.
    pub calls: Option<(f64, f64)>,
    /// The rival's time of the processor over ours, and the most memory that ours ever had, where those were measured.
    pub processor: Option<Ratio>,
    pub peak: Option<u64>,
}

/// Whether a promise was kept.
#[derive(Clone, Copy, PartialEq)]
pub enum Verdict {
    Met,
    /// The median falls short, but by less than it can be told from the noise.
    Even,
    Missed,
}

/// Findings by benchmark and rival.
pub type Findings = HashMap<(&'static str, &'static str), Finding>;

impl Target {
    /// Whether the promise was kept and the figures that show it; `None` where the row was not measured.
    pub fn judge(&self, findings: &Findings) -> Option<(Verdict, String)> {
        let finding = findings.get(&(self.benchmark, self.rival))?;
        match self.promise {
            Promise::Ratio(least) => Some(judge_ratio(&finding.ratio, least)),
            Promise::Processor(least) => Some(judge_ratio(finding.processor.as_ref()?, least)),
            Promise::SameCalls => {
                let (ours, rival) = finding.calls?;
                Some(judge_calls(ours, rival))
            }
            Promise::Calls(most) => {
                let (ours, _) = finding.calls?;
                Some(judge_calls(ours, most))
            }
            Promise::PeakBelow(limit) => {
                let peak = finding.peak?;
                let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
                let verdict = if peak < limit { Verdict::Met } else { Verdict::Missed };
                Some((verdict, format!("{:.1} MiB, wanted less than {:.0}", mib(peak), mib(limit))))
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Verdict::Met => "met",
            Verdict::Even => "even",
            Verdict::Missed => "MISSED",
        })
    }
}

fn judge_ratio(ratio: &Ratio, least: f64) -> (Verdict, String) {
    let verdict = match () {
        () if as_shown(ratio.median) >= as_shown(least) => Verdict::Met,
        () if as_shown(ratio.interval.1) >= as_shown(least) => Verdict::Even,
        () => Verdict::Missed,
    };
    (verdict, format!("{ratio}, wanted {least:.2} or more"))
}

fn judge_calls(ours: f64, most: f64) -> (Verdict, String) {
    let verdict = if ours <= most + CALLS_TOLERANCE { Verdict::Met } else { Verdict::Missed };
    (verdict, format!("{ours:.2} calls, wanted {most:.2}"))
}

/// The two digits behind the point that a ratio is shown with: a verdict must not contradict what stands beside it.
fn as_shown(ratio: f64) -> f64 {
    (ratio * 100.0).round()
}

/// A stray call of the C library in one of the two runs that are compared is not one of ours.
const CALLS_TOLERANCE: f64 = 0.01;

pub const TARGETS: &[Target] = &[
    ratio("tcp-bulk", "std", 0.97, "TCP bulk at least 0.97 of raw std"),
    ratio("tcp-bulk", "SFML", 1.0, "TCP bulk at least SFML's"),
    calls("tcp-bulk", "std", "TCP bulk with raw std's system calls"),
    ratio("tcp-ping-pong", "std", 0.97, "TCP ping-pong at least 0.97 of raw std"),
    ratio("tcp-ping-pong", "SFML", 1.0, "TCP ping-pong at least SFML's"),
    calls("tcp-ping-pong", "std", "TCP ping-pong with raw std's system calls"),
    ratio("udp-ping-pong", "std", 0.97, "UDP ping-pong at least 0.97 of raw std"),
    ratio("udp-ping-pong", "SFML", 1.0, "UDP ping-pong at least SFML's"),
    calls("udp-ping-pong", "std", "UDP ping-pong with raw std's system calls"),
    ratio("empty-tcp-receive", "std", 0.97, "an empty TCP receive at least 0.97 of raw std"),
    ratio("empty-tcp-receive", "SFML", 1.0, "an empty TCP receive at least SFML's"),
    calls("empty-tcp-receive", "std", "an empty TCP receive with raw std's system calls"),
    ratio("empty-udp-receive", "std", 0.97, "an empty UDP receive at least 0.97 of raw std"),
    ratio("empty-udp-receive", "SFML", 1.0, "an empty UDP receive at least SFML's"),
    calls("empty-udp-receive", "std", "an empty UDP receive with raw std's system calls"),
    ratio("packets", "SFML", 1.0, "packets, one call each, at least SFML's"),
    ratio("packets-gathered", "SFML", 15.0, "gathered packets at least 15 times SFML's"),
    ratio("find-1000", "SFML", 20.0, "finding the ready one of 1,000 sockets at least 20 times as fast as SFML 2.5"),
    ratio("selector-udp-1000", "SFML", 20.0, "1,000 UDP sockets at least 20 times as fast as SFML 2.5"),
    ratio("selector-9900", "mio", 1.0 / 1.25, "9,900 sockets at most 1.25 of mio's time"),
    ratio("selector-9900", "epoll", 1.0 / 1.1, "9,900 sockets at most 1.1 of a raw epoll loop's time"),
    ratio("selector-9900", "ours, 10 sockets", 1.0 / 3.5, "9,900 sockets at most 3.5 of the time of 10"),
    ratio("is-ready-9900", "ours, 10 sockets", 0.5, "is_ready of 9,900 sockets at most 2 of the time of 10"),
    ratio("udp-batch", "ours, one call each", 10.0, "batched UDP at least 10 times one call for each"),
    ratio("udp-batch", "std, one call each", 10.0, "batched UDP at least 10 times raw std, one call for each"),
    ratio("http-get", "ureq", 1.2, "HTTP GETs over a kept connection at least 1.2 of ureq's"),
    ratio("http-get", "libcurl", 1.2, "HTTP GETs over a kept connection at least 1.2 of libcurl's"),
    ratio("http-get", "std, by hand", 0.75, "HTTP GETs over a kept connection at least 0.75 of raw std's"),
    most_calls("http-get", "std, by hand", 3.0, "HTTP GETs over a kept connection with at most 3 system calls"),
    ratio("http-new", "SFML", 1.0, "HTTP GETs over new connections at least SFML's"),
    ratio("http-new", "std, by hand", 0.9, "HTTP GETs over new connections at least 0.9 of raw std's"),
    most_calls("http-new", "std, by hand", 7.0, "HTTP GETs over new connections with at most 7 system calls"),
    most_calls("http-body", "std, by hand", 16.0, "a MiB of an HTTP body to memory with at most 16 system calls"),
    ratio("http-download", "curl", 1.0, "a download of 1 GiB at least as fast as curl's"),
    processor("http-download", "curl", 1.0, "a download of 1 GiB with at most curl's processor time"),
    peak("http-download", "curl", 16 << 20, "a download of 1 GiB in less than 16 MiB of memory"),
    ratio("http-upload", "curl", 1.0, "an upload of 1 GiB at least as fast as curl's"),
    processor("http-upload", "curl", 2.0, "an upload of 1 GiB with at most half of curl's processor time"),
    ratio("ftp-download", "std, by hand", 0.95, "FTP: a download of 512 MiB at least 0.95 of raw std"),
    ratio("ftp-download", "curl", 1.0, "FTP: a download of 512 MiB at least as fast as curl's"),
    ratio("ftp-download", "lftp", 1.0, "FTP: a download of 512 MiB at least as fast as lftp's"),
    ratio("ftp-download", "suppaftp", 1.0, "FTP: a download of 512 MiB at least as fast as suppaftp's"),
    processor("ftp-download", "curl", 1.0, "FTP: a download of 512 MiB with at most curl's processor time"),
    peak("ftp-download", "curl", 16 << 20, "FTP: a download of 512 MiB in less than 16 MiB of memory"),
    ratio("ftp-upload", "std, by hand", 0.95, "FTP: an upload of 512 MiB at least 0.95 of raw std"),
    ratio("ftp-upload", "curl", 1.0, "FTP: an upload of 512 MiB at least as fast as curl's"),
    ratio("ftp-upload", "lftp", 1.0, "FTP: an upload of 512 MiB at least as fast as lftp's"),
    ratio("ftp-upload", "suppaftp", 1.0, "FTP: an upload of 512 MiB at least as fast as suppaftp's"),
    processor("ftp-upload", "curl", 2.0, "FTP: an upload of 512 MiB with at most half of curl's processor time"),
    peak("ftp-upload", "curl", 16 << 20, "FTP: an upload of 512 MiB in less than 16 MiB of memory"),
    ratio("ftp-get", "std, by hand", 0.95, "FTP: small files on one core at least 0.95 of raw std"),
    ratio(
        "ftp-get",
        "std, by hand, renamed",
        0.95,
        "FTP: small files on one core at least 0.95 of raw std that renames",
    ),
    most_calls("ftp-get", "std, by hand", 15.0, "FTP: a small file with at most 15 system calls"),
    ratio("ftp-files", "std, by hand", 0.95, "FTP: 1,000 small files at least 0.95 of raw std"),
    ratio("ftp-files", "suppaftp", 1.0, "FTP: 1,000 small files at least as fast as suppaftp's"),
    ratio("ftp-files", "SFML", 1.0, "FTP: 1,000 small files at least as fast as SFML's"),
    ratio("ftp-files", "lftp", 1.0, "FTP: 1,000 small files at least as fast as lftp's mirror"),
    ratio("ftp-files", "curl", 1.0, "FTP: 1,000 small files at least as fast as curl's best run"),
    ratio("ftp-tree", "lftp", 1.0, "FTP: a tree on four sessions at least as fast as lftp's mirror -P4"),
    ratio("message-echo-bursts", "Python's pair", 4.0, "echoes of 16 B in bursts at least 4 times Python's own pair"),
    ratio(
        "message-echo",
        "Python's pair",
        4.0,
        "echoes of 16 B, both ends on one thread, at least 4 times those of Python's own pair",
    ),
    ratio(
        "message-echo-64k",
        "Python's pair",
        4.0,
        "echoes of 64 KiB, both ends on one thread, at least 4 times those of Python's own pair",
    ),
    ratio(
        "message-echo-2p",
        "Python's pair",
        4.0,
        "echoes of 16 B between two processes at least 4 times those of Python's own pair",
    ),
    ratio(
        "message-echo-64k-2p",
        "Python's pair",
        4.0,
        "echoes of 64 KiB between two processes at least 4 times those of Python's own pair",
    ),
    ratio(
        "message-echo-python",
        "Python's pair",
        80.0,
        "echoes of 32 KiB by a Python at least 80 times those of its own pair",
    ),
    ratio("message-tinyproto", "tinyproto", 1000.0, "messages to tinyproto at least 1,000 times its own sender's"),
];

const fn ratio(benchmark: &'static str, rival: &'static str, least: f64, words: &'static str) -> Target {
    Target { benchmark, rival, promise: Promise::Ratio(least), words }
}

const fn processor(benchmark: &'static str, rival: &'static str, least: f64, words: &'static str) -> Target {
    Target { benchmark, rival, promise: Promise::Processor(least), words }
}

const fn calls(benchmark: &'static str, rival: &'static str, words: &'static str) -> Target {
    Target { benchmark, rival, promise: Promise::SameCalls, words }
}

const fn most_calls(benchmark: &'static str, rival: &'static str, most: f64, words: &'static str) -> Target {
    Target { benchmark, rival, promise: Promise::Calls(most), words }
}

const fn peak(benchmark: &'static str, rival: &'static str, limit: u64, words: &'static str) -> Target {
    Target { benchmark, rival, promise: Promise::PeakBelow(limit), words }
}

#[cfg(test)]
mod tests {
    use super::{Finding, Findings, Promise, TARGETS, Target, Verdict};
    use crate::benchmark;
    use crate::rounds::Ratio;
    use crate::transfer::TRANSFERS;

    #[test]
    fn a_verdict_agrees_with_the_digits_that_are_shown() {
        let judge = |median, high, least| {
            let target = Target { benchmark: "b", rival: "r", promise: Promise::Ratio(least), words: "" };
            let ratio = Ratio { median, interval: (0.0, high) };
            let findings = Findings::from([(("b", "r"), Finding { ratio, calls: None, processor: None, peak: None })]);
            target.judge(&findings).map(|(verdict, _)| verdict)
        };
        assert!(judge(0.996, 0.998, 1.0) == Some(Verdict::Met));
        assert!(judge(0.98, 0.996, 1.0) == Some(Verdict::Even));
        assert!(judge(0.98, 0.99, 1.0) == Some(Verdict::Missed));
        assert!(judge(0.91, 0.92, 1.0 / 1.1) == Some(Verdict::Met));
    }

    #[test]
    fn every_target_names_a_row_that_is_measured() {
        for target in TARGETS {
            if let Some(transfer) = TRANSFERS.iter().find(|transfer| transfer.name == target.benchmark) {
                assert!(transfer.has_rival(target.rival), "{} against {} is no row", target.benchmark, target.rival);
                continue;
            }
            let benchmark = benchmark::in_rounds().find(|benchmark| benchmark.name == target.benchmark);
            let rivals = benchmark.map_or(&[][..], |benchmark| &benchmark.contestants[1..]);
            let named = rivals.iter().any(|rival| rival.name == target.rival);
            assert!(named, "{} against {} is no row", target.benchmark, target.rival);
        }
    }
}
