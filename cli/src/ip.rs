//! `sockeye ip`: the addresses of this machine and of others.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use sockeye::{Error, IpAddress, PublicAddressProvider};

use crate::{failure::say, seconds::limit_up_to_a_day};

/// Options of `sockeye ip`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct IpArgs {
    /// A name or an address [default: this machine]
    #[arg(value_name = "HOST")]
    host: Option<String>,
    /// Every address; of this machine with a tab and what it is behind each
    #[arg(long)]
    all: bool,
    /// The address that the internet sees this machine at: asks servers out there
    #[arg(long, conflicts_with_all = ["host", "all"])]
    public: bool,
    /// How many seconds to ask for the public address
    #[arg(long, value_name = "S", default_value = "5", value_parser = limit_up_to_a_day, requires = "public")]
    max_time: Duration,
    /// Ask this server, and no others but those that are named as well: stun:HOST:PORT,
    /// dns://ADDRESS:PORT/NAME?type=TYPE, or a URL
    #[arg(long, value_name = "SERVER", requires = "public")]
    from: Vec<PublicAddressProvider>,
}

/// Runs `sockeye ip`; what went wrong is one line on standard error.
pub(crate) fn run(args: &IpArgs) -> ExitCode {
    let written = match lines(args) {
        Ok(lines) => write(&lines).map_err(|error| format!("cannot write the address: {error}")),
        Err(reason) => Err(reason),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            say("ip", &reason);
            ExitCode::FAILURE
        }
    }
}

/// What to print, or why there is nothing to print.
fn lines(args: &IpArgs) -> Result<Vec<String>, String> {
    let text = |address: &IpAddress| address.to_string();
    if args.public {
        let address = public(args).map_err(|error| format!("no public address: {error}"))?;
        return Ok(vec![text(&address)]);
    }
    if let Some(host) = &args.host {
        let addresses = IpAddress::resolve(host).map_err(|error| error.to_string())?;
        let count = if args.all { addresses.len() } else { 1 };
        return Ok(addresses.iter().take(count).map(text).collect());
    }
    if args.all {
        let addresses = IpAddress::local_addresses();
        let addresses = addresses.map_err(|error| format!("the system does not tell its addresses: {error}"))?;
        return Ok(addresses.iter().map(|address| format!("{address}\t{}", what_is(*address))).collect());
    }
    let address = IpAddress::local_address().ok_or("this machine has no address but loopback")?;
    Ok(vec![text(&address)])
}

fn public(args: &IpArgs) -> Result<IpAddress, Error> {
    if args.from.is_empty() {
        return IpAddress::public_address(args.max_time);
    }
    IpAddress::public_address_from(&args.from, args.max_time)
}

/// What an address of this machine is good for.
fn what_is(address: IpAddress) -> &'static str {
    if address.is_loopback() {
        "this machine only"
    } else if address.is_public() {
        "public"
    } else if address.scope_id() != 0 || is_link_local_v4(address) {
        "this link only"
    } else {
        "private"
    }
}

/// RFC 3927: what a machine takes when nobody gives it an address.
fn is_link_local_v4(address: IpAddress) -> bool {
    matches!(std::net::IpAddr::from(address), std::net::IpAddr::V4(v4) if v4.is_link_local())
}

fn write(lines: &[String]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    for line in lines {
        writeln!(output, "{line}")?;
    }
    output.flush()
}

const EXAMPLES: &str = "\
Examples:
  sockeye ip                           this machine's address in its network
  sockeye ip --all                     all of its addresses
  sockeye ip --all | cut -f1           without what they are
  sockeye ip game.example              where a name leads; --all: all of it
  sockeye ip --public                  where the internet sees this machine
  sockeye ip --public --max-time 2 --from stun:stun.example:3478

Exit status:
  0  there is an address
  1  there is none, and one line on standard error says why
  2  the command line is wrong";
