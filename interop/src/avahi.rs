//! The mDNS daemon of Linux desktops, on a host of its own.

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{DEADLINE, Folder, Peer, network::command_on};

/// A running avahi-daemon and the bus that its tools talk to it through; both end when the value is dropped.
#[derive(Debug)]
pub struct Avahi {
    host: String,
    address: String,
    daemons: Vec<Child>,
    _folder: Folder,
}

impl Avahi {
    /// Starts it on the host of this name.
    ///
    /// # Panics
    ///
    /// When it is not installed or does not start.
    #[must_use]
    pub fn on(host: &str) -> Self {
        let folder = Folder::new("avahi");
        let socket = folder.path().join("bus");
        let address = format!("unix:path={}", socket.display());
        let configuration = folder.path().join("bus.conf");
        // Whoever is on the bus may do everything: nobody else gets there.
        let policy = "<allow own=\"*\"/><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>";
        let text = format!(
            "<busconfig><type>system</type><listen>{address}</listen><auth>EXTERNAL</auth>\
             <policy context=\"default\">{policy}</policy></busconfig>"
        );
        fs::write(&configuration, text).expect("a file for the bus");
        let mut avahi = Self { host: host.to_owned(), address, daemons: Vec::new(), _folder: folder };
        let bus = format!("exec dbus-daemon --nofork --nopidfile --config-file={}", configuration.display());
        avahi.start(&bus);
        wait_for("the bus", || socket.exists());
        // What it keeps in /run is its own: another daemon may run on this machine.
        let daemon = "mkdir -p /run/avahi-daemon && mount -t tmpfs tmpfs /run/avahi-daemon && \
                      exec avahi-daemon --no-drop-root --no-chroot --no-rlimits";
        avahi.start(daemon);
        wait_for("avahi-daemon", || {
            avahi.command("avahi-browse").args(["-t", "_none._tcp"]).status().is_ok_and(|status| status.success())
        });
        avahi
    }

    /// Publishes a service until the child is killed, which [`Published`] does when it is dropped.
    #[must_use]
    pub fn publish(&self, name: &str, kind: &str, port: u16, txt: &[&str]) -> Published {
        let mut command = self.command("avahi-publish");
        command.args(["-s", name, kind, &port.to_string()]).args(txt);
        Published(command.spawn().expect("avahi-publish runs"))
    }

    /// Watches the services of a kind; each change is an answer of the peer, a line as `avahi-browse -p` writes it.
    #[must_use]
    pub fn browse(&self, kind: &str) -> Peer {
        let mut command = self.command("stdbuf");
        command.args(["-oL", "avahi-browse", "-r", "-p", kind]);
        Peer::start("avahi-browse", &mut command)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = command_on(&self.host, program);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", &self.address).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn start(&mut self, script: &str) {
        let child = self.command("sh").args(["-c", script]).spawn().expect("a shell");
        self.daemons.push(child);
    }
}

impl Drop for Avahi {
    fn drop(&mut self) {
        for daemon in self.daemons.iter_mut().rev() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// A service that avahi publishes.
#[derive(Debug)]
pub struct Published(Child);

impl Drop for Published {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !is_there() {
        assert!(Instant::now() < end, "{what} (Debian's avahi-daemon, avahi-utils and dbus) did not start");
        thread::sleep(Duration::from_millis(20));
    }
}
