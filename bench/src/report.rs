//! The run of everything and what it prints.

use std::collections::BTreeMap;

use crate::Result;
use crate::arguments::Options;
use crate::benchmark::{self, Benchmark, HELD, MEMORY_BENCHMARKS, MemoryBenchmark, Threads};
use crate::calls::{self, Calls};
use crate::launch::Launcher;
use crate::rounds::{self, Ratio, Series, median};
use crate::sys;
use crate::table::Table;
use crate::target::{Finding, Findings, TARGETS, Verdict};
use crate::transfer::{self, TRANSFERS, Transfer};

/// Measures what `options` ask for, printing each row as soon as it is known.
pub fn print(launcher: &Launcher, options: &Options) -> Result<()> {
    let benchmarks: Vec<_> = benchmark::in_rounds().filter(|benchmark| options.wants(benchmark.name)).collect();
    let memory: Vec<_> = MEMORY_BENCHMARKS.iter().filter(|benchmark| options.wants(benchmark.name)).collect();
    let transfers: Vec<_> = TRANSFERS.iter().filter(|transfer| options.wants(transfer.name)).collect();
    if benchmarks.is_empty() && memory.is_empty() && transfers.is_empty() {
        return Err("no benchmark has such a name; `bench list` names them".into());
    }
    let no_strace = if options.calls { calls::missing_strace() } else { Some("they were not asked for".into()) };
    println!("{}", sys::description());
    println!("Rates, medians of {} interleaved rounds of {} ms.", options.rounds, options.length.as_millis());
    println!("Ratio: the speed of ours over the speed of the rival; 1.00 is equal, larger is better for us.");
    for (name, reason) in missing_peers(launcher) {
        println!("{name} is MISSING, and so are its rows: {reason}");
    }
    if let Some(reason) = &no_strace {
        println!("System calls are not counted: {reason}");
    }

    let mut report =
        Report { launcher, counts_calls: no_strace.is_none(), findings: Findings::new(), failures: Vec::new() };
    report.benchmarks(&benchmarks, options);
    report.transfers(&transfers, options);
    report.memory(&memory, options);
    print_targets(&report.findings);
    report.outcome()
}

struct Report<'a> {
    launcher: &'a Launcher,
    counts_calls: bool,
    findings: Findings,
    /// Who did not finish, and why.
    failures: Vec<String>,
}

impl Report<'_> {
    fn benchmarks(&mut self, benchmarks: &[&'static Benchmark], options: &Options) {
        if benchmarks.is_empty() {
            return;
        }
        let table = Table::begin([
            ("benchmark", 57),
            ("ours", 11),
            ("rival", 31),
            ("ratio (95 % interval)", 23),
            ("system calls an operation, ours / rival", 39),
        ]);
        for benchmark in benchmarks {
            let all = rounds::run(self.launcher, benchmark, options);
            let Some((ours, rivals)) = all.split_first() else { continue };
            let Some(our_rates) = self.rates_of(benchmark, ours) else { continue };
            let our_calls = self.calls_of(benchmark, ours);
            for rival in rivals {
                let Some(rates) = self.rates_of(benchmark, rival) else { continue };
                let ratio = Ratio::of(our_rates, rates);
                let rival_calls = self.calls_of(benchmark, rival);
                let calls = our_calls.as_ref().zip(rival_calls.as_ref());
                let show = |rates: &[f64]| benchmark.unit.show(median(rates.iter().copied()));
                table.row([
                    benchmark.label(),
                    show(our_rates),
                    format!("{}: {}", rival.contestant.name, show(rates)),
                    ratio.to_string(),
                    calls.map_or("-".into(), |(ours, rival)| format!("{ours} / {rival}")),
                ]);
                let calls = calls.map(|(ours, rival)| (ours.total(), rival.total()));
                let finding = Finding { ratio, calls, processor: None, peak: None };
                self.findings.insert((benchmark.name, rival.contestant.name), finding);
            }
        }
    }

    fn transfers(&mut self, transfers: &[&'static Transfer], options: &Options) {
        let transfers: Vec<_> = transfers.iter().filter(|transfer| transfer.can_run(self.launcher)).collect();
        if transfers.is_empty() {
            return;
        }
        let rounds = options.rounds.div_ceil(10);
        println!(
            "\nWhole transfers by programs, medians of {rounds} interleaved rounds, and the highest of the peaks of memory; \
             ratio: the rival's cost over ours with its 95 % interval, larger is better for us."
        );
        let table = transfer::begin_table();
        for transfer in transfers {
            match transfer.compare(self.launcher, rounds, &table) {
                Ok(comparisons) => {
                    for one in comparisons {
                        let (processor, peak) = (Some(one.processor), Some(one.peak));
                        let finding = Finding { ratio: one.speed, calls: None, processor, peak };
                        self.findings.insert((transfer.name, one.rival), finding);
                    }
                }
                Err(error) => self.failures.push(format!("{}: {error}", transfer.name)),
            }
        }
    }

    fn memory(&mut self, benchmarks: &[&'static MemoryBenchmark], options: &Options) {
        if benchmarks.is_empty() {
            return;
        }
        println!("\nMemory of {HELD} of them, bytes each; ratio: the rival's over ours, larger is better for us.");
        println!("The socket objects are counted with the heap: ours has {} bytes.", size_of::<sockeye::TcpSocket>());
        let table = Table::begin([("memory", 50), ("ours", 6), ("rival", 16), ("ratio", 5)]);
        let each = |bytes: i64| format!("{:.0}", bytes as f64 / HELD as f64);
        for benchmark in benchmarks {
            let mut ours = None;
            for contestant in benchmark.contestants.iter().filter(|one| self.launcher.can_hold(one)) {
                let growth = match rounds::hold(self.launcher, benchmark, contestant, options) {
                    Ok(growth) => growth,
                    Err(error) => {
                        self.failures.push(format!("{}, {}: {error}", benchmark.name, contestant.name));
                        continue;
                    }
                };
                let Some(ours) = ours else {
                    ours = Some(growth);
                    continue;
                };
                for (kind, ours, rival) in
                    [("heap", ours.heap, growth.heap), ("resident", ours.resident, growth.resident)]
                {
                    table.row([
                        format!("{}, {kind}", benchmark.title),
                        each(ours),
                        format!("{}: {}", contestant.name, each(rival)),
                        format!("{:.2}", rival as f64 / ours as f64),
                    ]);
                }
            }
        }
    }

    fn rates_of<'a>(&mut self, benchmark: &Benchmark, series: &'a Series) -> Option<&'a [f64]> {
        match &series.rates {
            Ok(rates) => Some(rates),
            Err(error) => {
                self.failures.push(format!("{}, {}: {error}", benchmark.name, series.contestant.name));
                None
            }
        }
    }

    fn calls_of(&mut self, benchmark: &Benchmark, series: &Series) -> Option<Calls> {
        if !self.counts_calls || benchmark.threads == Threads::Two {
            return None;
        }
        let counted = calls::count(self.launcher, benchmark, series.contestant, calls::OPERATIONS);
        counted
            .map_err(|error| self.failures.push(format!("{}, {}: {error}", benchmark.name, series.contestant.name)))
            .ok()
    }

    fn outcome(self) -> Result<()> {
        if self.failures.is_empty() { Ok(()) } else { Err(format!("FAILED:\n  {}", self.failures.join("\n  ")).into()) }
    }
}

/// Who is not there, and why.
fn missing_peers(launcher: &Launcher) -> BTreeMap<&'static str, String> {
    let servers = [("nginx", launcher.nginx().err()), ("vsftpd", launcher.vsftpd().err())];
    let servers = servers.into_iter().filter_map(|(name, error)| Some((name, error?.to_string())));
    let sfml = launcher.sfml().err().map(|error| ("SFML", error.to_string()));
    servers.chain(sfml).chain(TRANSFERS.iter().flat_map(|transfer| transfer.missing(launcher))).collect()
}

fn print_targets(findings: &Findings) {
    let judged: Vec<_> =
        TARGETS.iter().filter_map(|target| target.judge(findings).map(|judged| (target, judged))).collect();
    if judged.is_empty() {
        return;
    }
    println!("\nTargets:");
    for (target, (verdict, shown)) in &judged {
        println!("  {verdict:<7} {:<60} {shown}", target.words);
    }
    let count = |wanted| judged.iter().filter(|(_, (verdict, _))| *verdict == wanted).count();
    println!(
        "{} met, {} even (short by less than the noise), {} missed, {} not measured.",
        count(Verdict::Met),
        count(Verdict::Even),
        count(Verdict::Missed),
        TARGETS.len() - judged.len()
    );
}
