//! Line ends of ASCII transfers: CR LF on the wire (RFC 959 section 3.1.1.1), the system's own in files.

/// Turns the wire's line ends into the system's.
#[derive(Debug, Default)]
pub(super) struct FromWire {
    /// A CR has come, and nothing yet behind it.
    has_cr: bool,
}

impl FromWire {
    /// Appends what the bytes mean.
    pub(super) fn push(&mut self, bytes: &[u8], to: &mut Vec<u8>) {
        for byte in bytes {
            if self.has_cr {
                self.has_cr = false;
                if *byte == b'\n' {
                    to.extend_from_slice(LINE_END);
                    continue;
                }
                to.push(b'\r');
            }
            match byte {
                b'\r' => self.has_cr = true,
                _ => to.push(*byte),
            }
        }
    }

    /// Appends what was kept for a line feed that has not come.
    pub(super) fn finish(&mut self, to: &mut Vec<u8>) {
        if std::mem::take(&mut self.has_cr) {
            to.push(b'\r');
        }
    }
}

/// Turns the system's line ends into the wire's. What has the wire's already keeps them.
#[derive(Debug, Default)]
pub(super) struct ToWire {
    /// The last byte was a CR.
    after_cr: bool,
}

impl ToWire {
    /// Appends what is to be sent for the bytes.
    pub(super) fn push(&mut self, bytes: &[u8], to: &mut Vec<u8>) {
        for byte in bytes {
            if *byte == b'\n' && !self.after_cr {
                to.push(b'\r');
            }
            self.after_cr = *byte == b'\r';
            to.push(*byte);
        }
    }
}

const LINE_END: &[u8] = if cfg!(windows) { b"\r\n" } else { b"\n" };

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn from_wire(bytes: &[u8], piece: usize) -> Vec<u8> {
        let (mut codec, mut all) = (FromWire::default(), Vec::new());
        bytes.chunks(piece).for_each(|part| codec.push(part, &mut all));
        codec.finish(&mut all);
        all
    }

    fn to_wire(bytes: &[u8], piece: usize) -> Vec<u8> {
        let (mut codec, mut all) = (ToWire::default(), Vec::new());
        bytes.chunks(piece).for_each(|part| codec.push(part, &mut all));
        all
    }

    fn local(text: &str) -> Vec<u8> {
        text.replace('\n', std::str::from_utf8(LINE_END).unwrap()).into_bytes()
    }

    #[test]
    fn line_ends_of_the_wire_become_the_systems() {
        let cases: [(&[u8], &str); 6] = [
            (b"a\r\nb\r\n", "a\nb\n"),
            (b"\r\n\r\n", "\n\n"),
            (b"a\r", "a\r"),
            (b"a\rb\r\r\n", "a\rb\r\n"),
            (b"", ""),
            (b"no end", "no end"),
        ];
        for (wire, text) in cases {
            for piece in 1..=wire.len().max(1) {
                assert_eq!(from_wire(wire, piece), local(text), "{wire:?} in pieces of {piece}");
            }
        }
        assert_eq!(from_wire(b"a\nb", 1), b"a\nb", "a bare line feed is not touched");
    }

    #[test]
    fn line_ends_of_the_system_become_the_wires() {
        let cases: [(&[u8], &[u8]); 5] = [
            (b"a\nb\n", b"a\r\nb\r\n"),
            (b"\n\n", b"\r\n\r\n"),
            (b"a\r\nb", b"a\r\nb"),
            (b"a\rb\r\r\n", b"a\rb\r\r\n"),
            (b"", b""),
        ];
        for (text, wire) in cases {
            for piece in 1..=text.len().max(1) {
                assert_eq!(to_wire(text, piece), wire, "{text:?} in pieces of {piece}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back_however_it_is_cut(text in "[a\r\n]{0,60}", there in 1_usize..9, back in 1_usize..9) {
            let wire = to_wire(text.as_bytes(), there);
            prop_assert_eq!(&to_wire(text.as_bytes(), back), &wire);
            // A file with both kinds of line ends comes back with the system's alone.
            let unified = text.replace("\r\n", "\n");
            prop_assert_eq!(from_wire(&wire, back), local(&unified));
        }
    }
}
