//! What the harness asks of the system and std has no word for: cores, limits, an alarm and the size of this process.

use std::os::fd::RawFd;
use std::time::Duration;
use std::{fs, io, mem};

use crate::Result;
use crate::workload::far;

/// Ends the process when a round hangs: no round takes a tenth of this.
pub fn arm_alarm() {
    const SECONDS: u32 = 120;
    // SAFETY: `alarm` takes a number and touches no memory.
    unsafe { libc::alarm(SECONDS) };
}

/// Raises the limit of open descriptors as far as the system allows and returns it.
pub fn raise_descriptor_limit() -> Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid `rlimit` for both calls.
    let done = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 && {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit) == 0
        }
    };
    if done { Ok(limit.rlim_cur) } else { Err(io::Error::last_os_error().into()) }
}

/// Which of the two cores of a benchmark a thread runs on.
#[derive(Clone, Copy)]
pub enum Core {
    /// The last core this process may use: the one that answers fewer interrupts than core 0.
    Main,
    /// The first core this process may use; the same as `Main` where there is only one.
    Peer,
}

/// Pins the calling thread, so that the scheduler's migrations are not part of what is measured.
pub fn pin(core: Core) -> Result<()> {
    // The process's main thread keeps every core until the first call here, and a peer's thread inherits a pinned set, so
    // the set is read from the process's parent, which pins nothing.
    // SAFETY: `getppid` cannot fail.
    let chosen = choose(unsafe { libc::getppid() }, core)?;
    // SAFETY: an all-zero set is a valid one, and the index came from a set.
    let set = unsafe {
        let mut set: libc::cpu_set_t = mem::zeroed();
        libc::CPU_SET(chosen, &mut set);
        set
    };
    // SAFETY: `set` is valid for reads of the size passed; 0 is the calling thread.
    check(unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) })?;
    Ok(())
}

/// Lets the calling thread run on every core that the process's parent may use.
pub fn unpin() -> Result<()> {
    // SAFETY: `getppid` cannot fail.
    let allowed = allowed(unsafe { libc::getppid() })?;
    // SAFETY: `allowed` is valid for reads of the size passed; 0 is the calling thread.
    check(unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &allowed) })?;
    Ok(())
}

fn choose(process: libc::pid_t, core: Core) -> Result<usize> {
    let allowed = allowed(process)?;
    // SAFETY: the index is below the set's capacity.
    let mut usable = (0..libc::CPU_SETSIZE as usize).filter(|&core| unsafe { libc::CPU_ISSET(core, &allowed) });
    let chosen = match core {
        Core::Main => usable.next_back(),
        Core::Peer => usable.next(),
    };
    Ok(chosen.ok_or("no core may be used")?)
}

/// The cores that a process may use.
fn allowed(process: libc::pid_t) -> Result<libc::cpu_set_t> {
    // SAFETY: an all-zero `cpu_set_t` is a valid empty set.
    let mut allowed: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: `allowed` is valid for writes of the size passed; a process id is a number.
    check(unsafe { libc::sched_getaffinity(process, size_of::<libc::cpu_set_t>(), &mut allowed) })?;
    Ok(allowed)
}

/// Sets TCP_NODELAY on every TCP socket of this process: for message-io, which offers no such option.
pub fn set_nodelay_everywhere() -> Result<()> {
    for entry in fs::read_dir("/proc/self/fd")? {
        let Some(descriptor) = entry?.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok()) else {
            continue;
        };
        let on: libc::c_int = 1;
        // The answer is left alone: what is not a TCP socket refuses the option, and that is well.
        // SAFETY: the option's value is an int that outlives the call; a stale descriptor number is answered with EBADF.
        unsafe {
            libc::setsockopt(
                descriptor,
                libc::IPPROTO_TCP,
                libc::TCP_NODELAY,
                (&raw const on).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            )
        };
    }
    Ok(())
}

/// Bytes of this process that are in memory (VmRSS).
pub fn resident_bytes() -> Result<i64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse::<i64>().ok())
        .ok_or("no VmRSS in /proc/self/status")?;
    Ok(kib * 1024)
}

/// The machine in a line, as far as it matters to the figures.
pub fn description() -> String {
    let read = |path| fs::read_to_string(path).map_or_else(|_| "unknown".into(), |text| text.trim().to_string());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let python = far::python().arg("--version").output().ok().and_then(|output| String::from_utf8(output.stdout).ok());
    format!(
        "Linux {}, {cores} cores, congestion control {}, {}.",
        read("/proc/sys/kernel/osrelease"),
        read("/proc/sys/net/ipv4/tcp_congestion_control"),
        python.as_deref().map_or("no Python", str::trim)
    )
}

/// What this thread has used of the processor so far.
pub fn thread_time() -> Result<Duration> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` outlives the call, which writes to nothing else.
    check(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) })?;
    Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

/// Turns the `-1` of a system call into the error it stands for.
pub fn check(answer: libc::c_int) -> io::Result<libc::c_int> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}
