//! System calls per operation, counted by `strace -c -f`.

use std::collections::BTreeMap;
use std::fmt;
use std::process::Command;

use crate::Result;
use crate::benchmark::{Benchmark, Contestant};
use crate::launch::Launcher;
use crate::session::Plan;

/// Operations that are counted, a multiple of the burst: enough that one stray call is below a hundredth.
pub const OPERATIONS: u64 = 1_024;

/// How often each system call was made for one operation.
pub struct Calls {
    each: BTreeMap<String, f64>,
}

impl Calls {
    /// All system calls for one operation.
    pub fn total(&self) -> f64 {
        self.each.values().sum()
    }
}

/// One number; with `{:#}` also which calls they are.
impl fmt::Display for Calls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A batch makes a few hundredths of a call for each datagram: two digits would show them all alike.
        let digits = if self.total() < 0.995 { 3 } else { 2 };
        write!(formatter, "{:.digits$}", self.total())?;
        if formatter.alternate() {
            for (name, count) in self.each.iter().filter(|(_, count)| count.abs() >= 0.0005) {
                write!(formatter, "\n  {count:.digits$} {name}")?;
            }
        }
        Ok(())
    }
}

/// Says why system calls cannot be counted here, if they cannot.
pub fn missing_strace() -> Option<String> {
    match Command::new("strace").args(["-c", "-f", "true"]).output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("strace failed").into()),
        Err(error) => Some(format!("strace cannot be run: {error}")),
    }
}

/// Runs a round twice with different numbers of operations; the difference is free of what setting up costs.
pub fn count(launcher: &Launcher, benchmark: &Benchmark, contestant: &Contestant, operations: u64) -> Result<Calls> {
    // The short run is long enough that buffers have grown to their final size in it.
    let short = traced(launcher, benchmark, contestant, operations / 4)?;
    let long = traced(launcher, benchmark, contestant, operations / 4 + operations)?;
    let names = short.keys().chain(long.keys());
    let of = |table: &BTreeMap<String, u64>, name| table.get(name).copied().unwrap_or(0) as f64;
    let each = names.map(|name| (name.clone(), (of(&long, name) - of(&short, name)) / operations as f64)).collect();
    Ok(Calls { each })
}

fn traced(
    launcher: &Launcher,
    benchmark: &Benchmark,
    contestant: &Contestant,
    operations: u64,
) -> Result<BTreeMap<String, u64>> {
    let mut running = launcher.start(&["strace", "-c", "-f", "--"], benchmark, contestant)?;
    running.round(Plan::Count(operations))?;
    Ok(parse(&running.finish()?))
}

/// Reads strace's summary: `% time, seconds, usecs/call, calls, [errors,] syscall` in each row.
fn parse(summary: &str) -> BTreeMap<String, u64> {
    summary.lines().filter_map(parse_row).collect()
}

fn parse_row(row: &str) -> Option<(String, u64)> {
    let columns: Vec<&str> = row.split_whitespace().collect();
    columns.first()?.parse::<f64>().ok()?;
    let name = *columns.last()?;
    let calls = columns.get(3)?.parse().ok()?;
    (name != "total").then(|| (name.to_string(), calls))
}

#[cfg(test)]
mod tests {
    use super::parse;

    const SUMMARY: &str = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ------------------
 56.35    0.039656          39      1000           sendto
 39.76    0.027982          27      1000        12 recvfrom
  1.18    0.000828          27        30           mmap
------ ----------- ----------- --------- --------- ------------------
100.00    0.070363          33      2030        12 total
";

    #[test]
    fn the_summary_is_read_with_and_without_errors_and_the_total_is_left_out() {
        let table: Vec<_> = parse(SUMMARY).into_iter().collect();
        assert_eq!(table, [("mmap".into(), 30), ("recvfrom".into(), 1000), ("sendto".into(), 1000)]);
    }
}
