//! Files as text on their way: lines end with CR LF there.

/// From a file to the wire.
#[derive(Debug, Default)]
pub(super) struct ToLines {
    after_cr: bool,
}

/// From the wire to a file.
#[derive(Debug, Default)]
pub(super) struct FromLines {
    /// A CR of which it is not known yet whether it is a part of a line end.
    holds_cr: bool,
}

impl ToLines {
    pub(super) fn push(&mut self, data: &[u8], out: &mut Vec<u8>) {
        for byte in data {
            if *byte == b'\n' && !self.after_cr {
                out.push(b'\r');
            }
            self.after_cr = *byte == b'\r';
            out.push(*byte);
        }
    }
}

impl FromLines {
    pub(super) fn push(&mut self, data: &[u8], out: &mut Vec<u8>) {
        for byte in data {
            if std::mem::take(&mut self.holds_cr) && *byte != b'\n' {
                out.push(b'\r');
            }
            self.holds_cr = *byte == b'\r';
            if !self.holds_cr {
                out.push(*byte);
            }
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.holds_cr) {
            out.push(b'\r');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        for (file, wire) in [("", ""), ("a\nb", "a\r\nb"), ("\n\n", "\r\n\r\n"), ("a\rb\r", "a\rb\r"), ("\n", "\r\n")] {
            for size in 1..4 {
                let (mut there, mut back) = (Vec::new(), Vec::new());
                let (mut to, mut from) = (ToLines::default(), FromLines::default());
                file.as_bytes().chunks(size).for_each(|piece| to.push(piece, &mut there));
                wire.as_bytes().chunks(size).for_each(|piece| from.push(piece, &mut back));
                from.finish(&mut back);
                assert_eq!((there.as_slice(), back.as_slice()), (wire.as_bytes(), file.as_bytes()), "{file:?}");
            }
        }
    }

    #[test]
    fn a_line_end_that_is_there_stays_one() {
        let mut out = Vec::new();
        ToLines::default().push(b"a\r\nb\n", &mut out);
        assert_eq!(out, b"a\r\nb\r\n");
    }
}
