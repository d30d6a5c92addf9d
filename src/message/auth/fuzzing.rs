//! The door of the fuzz target.

use super::{AuthKey, AuthLevel, Beneath, Handshake, Role};

/// Nobody is let in without the key, in whichever pieces the bytes come.
pub fn handshake(bytes: &[u8]) {
    let Some((first, mut rest)) = bytes.split_first() else { return };
    let role = if first & 1 == 0 { Role::Listener } else { Role::Client };
    let least = [AuthLevel::LegacyMd5, AuthLevel::Sha256, AuthLevel::Bound].get(usize::from(first >> 1 & 3));
    let (Some(least), Ok(key)) = (least, AuthKey::new("fuzz")) else { return };
    let Ok(mut handshake) = Handshake::new(role, &key, *least, Beneath::default()) else { return };
    while handshake.wanted() > 0 && !rest.is_empty() {
        let (now, later) = rest.split_at(handshake.wanted().min(usize::from(first >> 3) + 1).min(rest.len()));
        handshake.feed(now);
        handshake.note_sent(handshake.output().len());
        rest = later;
    }
    assert_ne!(handshake.verdict(), Some(Ok(())));
}
