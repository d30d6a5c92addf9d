//! The command-line program `sockeye`: the library at work.

mod arena;
mod args;
mod discovery;
mod http;
mod ip;
mod tour;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command};

fn main() -> ExitCode {
    match Args::parse().command {
        Command::Arena(args) => arena::run(&args),
        Command::Find(args) => discovery::find(&args),
        Command::Http(args) => http::run(&args),
        Command::Ip(args) => ip::run(&args),
        Command::Publish(args) => discovery::publish(&args),
        Command::Tour => tour::run(),
    }
}
