//! What a game leaves behind: measured figures, and what was wrong with it.

use std::fmt;
use std::time::Duration;

use super::client::Measured;
use super::error::ArenaError;
use super::server::Tally;
use super::stats::{Bytes, Flow, Histogram, Millis};
use super::text::Name;

/// The share of ticks, in percent, that may be missed before a run counts as failed.
pub(crate) const MISSED_PERCENT: u64 = 10;

/// The figures of one run, for people and for scripts: a line for each, its name first.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) elapsed: Duration,
    /// Of the server, where it ran in this process.
    pub(crate) tally: Option<&'a Tally>,
    /// Of the clients in this process.
    pub(crate) clients: &'a [(Name, Measured)],
}

/// Something that was not as it should be.
#[derive(Debug)]
pub(crate) enum Complaint {
    /// The server missed too many of its ticks.
    MissedTicks { missed: u64, due: u64 },
    /// A client got no snapshot.
    NoSnapshot(Name),
    /// A client got no answer to a ping.
    NoRoundTrip(Name),
    /// A client had to leave the game.
    Lost(Name, ArenaError),
}

impl Report<'_> {
    /// Looks for what is wrong with the figures.
    pub(crate) fn complaints(&self) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        if let Some(tally) = self.tally {
            let due = tally.tick_time.count() + tally.missed;
            if due == 0 || tally.missed * 100 > due * MISSED_PERCENT {
                complaints.push(Complaint::MissedTicks { missed: tally.missed, due });
            }
        }
        for (name, measured) in self.clients {
            if measured.snapshots == 0 {
                complaints.push(Complaint::NoSnapshot(name.clone()));
            } else if measured.round_trip.count() == 0 {
                complaints.push(Complaint::NoRoundTrip(name.clone()));
            }
        }
        complaints
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "time          {}.{:03} s", self.elapsed.as_secs(), self.elapsed.subsec_millis())?;
        if let Some(tally) = self.tally {
            write_server(out, tally, self.elapsed)?;
        }
        if !self.clients.is_empty() {
            write_clients(out, self.clients, self.elapsed)?;
        }
        Ok(())
    }
}

fn write_server(out: &mut fmt::Formatter<'_>, tally: &Tally, elapsed: Duration) -> fmt::Result {
    let (dropped, partings) = (tally.dropped, tally.partings);
    writeln!(out, "players       {} at most, {} at the end", tally.most_players, tally.players)?;
    writeln!(out, "ticks         {} done, {} missed", tally.tick_time.count(), tally.missed)?;
    writeln!(out, "tick time     {}", Times(&tally.tick_time))?;
    writeln!(out, "tick delay    {}", Times(&tally.lateness))?;
    writeln!(out, "server in     {}", Total(tally.traffic.received, elapsed))?;
    writeln!(out, "server out    {}", Total(tally.traffic.sent, elapsed))?;
    writeln!(
        out,
        "not used      {} malformed, {} from strangers, {} stale, {} over the rate, {} not sent, {} connections",
        dropped.malformed, dropped.strangers, dropped.stale, dropped.over_rate, dropped.unsent, dropped.connections
    )?;
    writeln!(
        out,
        "partings      {} left, {} failed, {} malformed, {} refused, {} silent, {} did not read",
        partings.left, partings.failed, partings.malformed, partings.refused, partings.silent, partings.unread
    )
}

fn write_clients(out: &mut fmt::Formatter<'_>, clients: &[(Name, Measured)], elapsed: Duration) -> fmt::Result {
    let mut sum = Measured::nothing();
    clients.iter().for_each(|(_, measured)| sum.add(measured));
    writeln!(out, "clients       {}", clients.len())?;
    writeln!(out, "round trip    {}", Times(&sum.round_trip))?;
    writeln!(out, "snapshots     {} received, {} lost", sum.snapshots, sum.lost)?;
    writeln!(out, "client in     {}", Total(sum.traffic.received, elapsed))?;
    writeln!(out, "client out    {}", Total(sum.traffic.sent, elapsed))
}

impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissedTicks { due: 0, .. } => out.write_str("the server did no tick"),
            Self::MissedTicks { missed, due } => {
                write!(out, "{missed} of {due} ticks were missed, more than {MISSED_PERCENT} %")
            }
            Self::NoSnapshot(name) => write!(out, "{name} received no snapshot"),
            Self::NoRoundTrip(name) => write!(out, "{name} got no answer to a ping"),
            Self::Lost(name, error) => write!(out, "{name} was lost: {error}"),
        }
    }
}

/// A distribution of times in one line.
struct Times<'a>(&'a Histogram);

impl fmt::Display for Times<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(times) = self;
        let (mean, half, p99, max) = (times.mean(), times.percentile(50), times.percentile(99), times.max());
        write!(out, "mean {}, p50 {}, ", Millis(mean), Millis(half))?;
        write!(out, "p99 {}, max {}, {} samples", Millis(p99), Millis(max), times.count())
    }
}

/// A flow in one line: its rate and its total.
struct Total(Flow, Duration);

impl fmt::Display for Total {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(flow, elapsed) = self;
        write!(out, "{}, {} in {} packets", flow.per_second(*elapsed), Bytes(flow.bytes), flow.packets)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn measured(snapshots: u64, pongs: u64) -> Measured {
        let mut measured = Measured::nothing();
        measured.snapshots = snapshots;
        (0..pongs).for_each(|_| measured.round_trip.record(Duration::from_millis(1)));
        measured
    }

    fn tally(done: u64, missed: u64) -> Tally {
        let mut tally = Tally::starting(Instant::now());
        (0..done).for_each(|_| tally.ticked(Duration::from_micros(30), Duration::from_micros(60)));
        tally.missed = missed;
        tally
    }

    fn complaints(tally: Option<&Tally>, clients: &[(Name, Measured)]) -> Vec<String> {
        let report = Report { elapsed: Duration::from_secs(1), tally, clients };
        report.complaints().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn ticks_may_be_missed_up_to_the_stated_share() {
        assert_eq!(complaints(Some(&tally(90, 10)), &[]), [""; 0]);
        assert_eq!(complaints(Some(&tally(89, 11)), &[]), ["11 of 100 ticks were missed, more than 10 %"]);
        assert_eq!(complaints(Some(&tally(0, 0)), &[]), ["the server did no tick"]);
    }

    #[test]
    fn every_client_must_have_seen_something_and_been_answered() {
        let name = Name::clean;
        let clients = [(name("Ada"), measured(0, 0)), (name("Bob"), measured(5, 0)), (name("Cat"), measured(5, 5))];
        assert_eq!(complaints(None, &clients), ["Ada received no snapshot", "Bob got no answer to a ping"]);
    }

    #[test]
    fn figures_are_sums_and_rates() {
        let mut tally = tally(120, 1);
        (0..120).for_each(|_| tally.traffic.sent.count(1_000));
        let clients = [(Name::clean("Ada"), measured(100, 1)), (Name::clean("Bob"), measured(20, 2))];
        let report = Report { elapsed: Duration::from_secs(2), tally: Some(&tally), clients: &clients }.to_string();
        for line in [
            "time          2.000 s",
            "ticks         120 done, 1 missed",
            "tick time     mean 0.030 ms, p50 0.030 ms, p99 0.030 ms, max 0.030 ms, 120 samples",
            "server out    60.0 kB/s, 60 packets/s, 120.0 kB in 120 packets",
            "round trip    mean 1.000 ms, p50 1.000 ms, p99 1.000 ms, max 1.000 ms, 3 samples",
            "snapshots     120 received, 0 lost",
        ] {
            assert!(report.lines().any(|found| found == line), "{line:?} is missing in\n{report}");
        }
    }
}
