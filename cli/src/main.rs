//! The command-line program `sockeye`: the library at work.

#[cfg(test)]
#[path = "../../tests/support/allocator.rs"]
mod allocator;
mod arena;
mod args;
mod calendar;
mod discovery;
mod failure;
mod ftp;
mod ftp_server;
mod http;
mod ip;
mod messages;
mod printable;
mod seconds;
mod tour;
mod transfer;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command};

fn main() -> ExitCode {
    match Args::parse().command {
        Command::Arena(args) => arena::run(&args),
        Command::Ftp(args) => ftp::run(&args),
        Command::Find(args) => discovery::find(&args),
        Command::Http(args) => http::run(&args),
        Command::Ip(args) => ip::run(&args),
        Command::Publish(args) => discovery::publish(&args),
        Command::Listen(args) => messages::listen(&args),
        Command::Connect(args) => messages::connect(&args),
        Command::Tour => tour::run(),
    }
}
