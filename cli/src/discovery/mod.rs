//! `sockeye publish` and `sockeye find`: services of the local network.

mod find;
mod options;
mod publish;

pub(crate) use find::{FindArgs, run as find};
pub(crate) use options::choose_interfaces;
pub(crate) use publish::{PublishArgs, run as publish};

pub(crate) const ABOUT_PUBLISH: &str = "\
Tells the local network of a service (DNS-SD over multicast DNS), until Ctrl-C

Prints the name under which others find it once they can: another one than was asked for if that is taken. The program \
that listens at the port is another one.";

pub(crate) const ABOUT_FIND: &str = "\
Finds services of the local network (DNS-SD over multicast DNS)

Prints a line for each, with a tab between its parts: address and port, name, machine, and what else it says of itself. \
Any machine of the network can say anything: what is printed is a hint and no proof.";
