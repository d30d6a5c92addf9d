//! What the machine calls itself.

/// The name of this machine, as far as the system tells it.
pub(crate) fn host_name() -> Option<String> {
    #[cfg(unix)]
    {
        // POSIX allows 255 bytes and does not say that a longer name ends with a NUL.
        let mut name = [0_u8; 256];
        // SAFETY: the system writes at most as many bytes as it is told that there are.
        let result = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len()) };
        let length = name.iter().position(|byte| *byte == 0)?;
        (result == 0).then(|| String::from_utf8_lossy(name.get(..length).unwrap_or_default()).into_owned())
    }
    #[cfg(windows)]
    std::env::var("COMPUTERNAME").ok()
}
