//! Tests that change something of the whole process run in a process of their own.

use std::process::Command;

/// Runs `body` in a child process that runs only the test of this name, and fails as it does.
pub fn in_child(test: &str, body: impl FnOnce()) {
    if is_child(test) {
        body();
        // Proof that the body ran to its end: the parent would else take "no test found" for a success.
        println!("{DONE}");
    } else {
        run(test, |_| {});
    }
}

/// Tells whether this process is the child that runs the test of this name.
pub fn is_child(test: &str) -> bool {
    std::env::var_os(MARK).is_some_and(|name| name == test)
}

/// Runs the test of this name in a child process whose environment is prepared first, and fails as it does.
pub fn run(test: &str, prepare: impl FnOnce(&mut Command)) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(MARK, test);
    prepare(&mut command);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains(DONE),
        "{test} in its own process: {}\n{text}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Sets how many descriptors this process may have; returns the new limit.
#[cfg(unix)]
#[allow(unsafe_code)]
pub fn limit_descriptors(count: u64) -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls get a pointer to one `rlimit`.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit), 0);
        limit.rlim_cur = count.min(limit.rlim_max);
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit), 0);
    }
    limit.rlim_cur
}

/// Makes sure that this process may have so many descriptors: many systems begin with 1,024.
pub fn need_descriptors(count: u64) {
    #[cfg(unix)]
    {
        let allowed = limit_descriptors(u64::MAX);
        assert!(allowed >= count, "this test needs {count} descriptors, the system allows {allowed}");
    }
    #[cfg(not(unix))]
    let _ = count;
}

const MARK: &str = "SOCKEYE_TEST_CHILD";
const DONE: &str = "the body of the child ran to its end";
