//! A transfer that is polled to its end, as a game loop or a selector does it.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use sockeye::{FtpProgress, FtpResponse, FtpTransfer, Result, SocketSelector, Status};

/// Polls when the selector says so, and as often as the transfer wants to be. Whoever looks on can cancel it.
pub(crate) fn finish(
    transfer: &mut FtpTransfer,
    patience: Duration,
    mut look: impl FnMut(FtpProgress) -> ControlFlow<()>,
) -> Result<FtpResponse> {
    let mut selector = SocketSelector::new().unwrap();
    let key = selector.add(&*transfer).unwrap();
    let end = Instant::now() + patience;
    loop {
        match transfer.poll() {
            Status::NotReady => assert!(Instant::now() < end, "it does not end"),
            status => {
                assert!(transfer.is_finished() && transfer.poll().is_disconnected());
                assert!(selector.is_empty(), "it leaves its selectors");
                return status.into_result();
            }
        }
        assert_eq!(selector.len(), 1);
        if look(transfer.progress()).is_break() {
            transfer.cancel();
        }
        // Far more than it takes: a missed wake-up makes the test time out.
        let limit = transfer.wakes_in().unwrap_or(patience);
        if selector.wait(Some(limit)).unwrap() {
            assert!(selector.ready().all(|event| event.key == key));
        }
    }
}
