//! The processes of a server, as `/proc` shows them.

use std::{fs, process::Command};

/// A server and every process that it has started, by the number of the first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group(pub(super) u32);

impl Group {
    /// Tells whether these processes, and not others, listen on each of the ports.
    pub(super) fn listens(self, ports: &[u16]) -> bool {
        let listeners = listeners();
        let sockets: Vec<String> = self.processes().iter().flat_map(|id| sockets(*id)).collect();
        ports.iter().all(|port| listeners.iter().any(|(at, socket)| at == port && sockets.contains(socket)))
    }

    /// Tells whether any of the processes is still there.
    pub(super) fn is_alive(self) -> bool {
        !self.processes().is_empty()
    }

    /// Ends all of them at once.
    pub(super) fn kill(self) {
        kill(&self.processes());
    }

    /// Ends all of them but the first one.
    pub(super) fn kill_children(self) {
        let children: Vec<u32> = self.processes().into_iter().filter(|id| *id != self.0).collect();
        kill(&children);
    }

    /// Those of the group, and what they have started, which may have a group of its own.
    fn processes(self) -> Vec<u32> {
        let entries = fs::read_dir("/proc").expect("Linux has /proc");
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let all: Vec<Process> = names.filter_map(|name| process(name.parse().ok()?)).collect();
        let mut found: Vec<u32> = all.iter().filter(|it| it.group == self.0).map(|it| it.id).collect();
        let mut next = 0;
        while let Some(parent) = found.get(next).copied() {
            let children = all.iter().filter(|it| it.parent == parent).map(|it| it.id);
            let new: Vec<u32> = children.filter(|id| !found.contains(id)).collect();
            found.extend(new);
            next += 1;
        }
        found
    }
}

/// A process that is not dead yet.
struct Process {
    id: u32,
    parent: u32,
    group: u32,
}

/// `18152 (python3) S 18151 18151 ...`: the state, the parent, the group. The name may hold anything.
fn process(id: u32) -> Option<Process> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = text.rsplit(')').next()?.split_whitespace();
    let (state, parent, group) = (fields.next()?, fields.next()?, fields.next()?);
    let is_alive = state != "Z";
    Some(Process { id, parent: parent.parse().ok()?, group: group.parse().ok()? }).filter(|_| is_alive)
}

fn kill(processes: &[u32]) {
    // They may have ended by themselves, which is no failure here.
    let _ = Command::new("kill").arg("-KILL").args(processes.iter().map(u32::to_string)).output();
}

/// The ports that somebody listens on, with the numbers of the sockets.
fn listeners() -> Vec<(u16, String)> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    tables.iter().flat_map(|table| table.lines()).filter_map(listener).collect()
}

/// `0: 0100007F:B6CD 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 71377 ...`
fn listener(line: &str) -> Option<(u16, String)> {
    const LISTENING: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let port = u16::from_str_radix(fields.get(1)?.rsplit(':').next()?, 16).ok()?;
    (*fields.get(3)? == LISTENING).then_some((port, (*fields.get(9)?).to_owned()))
}

/// The numbers of the sockets that a process has open.
fn sockets(id: u32) -> Vec<String> {
    let Ok(entries) = fs::read_dir(format!("/proc/{id}/fd")) else { return Vec::new() };
    let targets = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()?.to_str().map(str::to_owned));
    targets.filter_map(|target| Some(target.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())).collect()
}
