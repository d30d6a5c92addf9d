//! Integers without an upper bound, as far as they need to be carried.

/// An integer of any size: a sign and the bytes of its magnitude. It cannot calculate; give the bytes to a crate that can.
///
/// # Examples
///
/// ```
/// use sockeye::pickle::BigInt;
///
/// let number = BigInt::new(true, &[1, 0, 0, 0, 0, 0, 0, 0, 0]);
/// assert_eq!(number.to_i128(), Some(-(1 << 64)));
/// assert_eq!(number, BigInt::from(-(1_i128 << 64)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BigInt {
    is_negative: bool,
    /// Big-endian, without zeros in front: none at all for zero, which is not negative.
    magnitude: Vec<u8>,
}

impl BigInt {
    /// Makes a number of its sign and its magnitude, the most significant byte first.
    #[must_use]
    pub fn new(is_negative: bool, magnitude: &[u8]) -> Self {
        let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
        let magnitude = magnitude.get(zeros..).unwrap_or_default().to_vec();
        Self { is_negative: is_negative && !magnitude.is_empty(), magnitude }
    }

    /// Tells whether it is less than zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.is_negative
    }

    /// Returns the magnitude, the most significant byte first, without zeros in front.
    #[must_use]
    pub fn magnitude(&self) -> &[u8] {
        &self.magnitude
    }

    /// Returns the number if it has room in 128 bits.
    #[must_use]
    pub fn to_i128(&self) -> Option<i128> {
        let mut bytes = [0; 16];
        let start = bytes.len().checked_sub(self.magnitude.len())?;
        bytes.get_mut(start..)?.copy_from_slice(&self.magnitude);
        let magnitude = u128::from_be_bytes(bytes);
        if self.is_negative { 0_i128.checked_sub_unsigned(magnitude) } else { i128::try_from(magnitude).ok() }
    }

    /// Reads two's complement, the least significant byte first.
    #[cfg(feature = "pickle")]
    pub(super) fn from_twos_complement(bytes: &[u8]) -> Self {
        let is_negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut magnitude = bytes.to_vec();
        if is_negative {
            negate(&mut magnitude);
        }
        magnitude.reverse();
        Self::new(is_negative, &magnitude)
    }

    /// The shortest two's complement, the least significant byte first; none at all for zero.
    #[cfg(feature = "pickle")]
    pub(super) fn to_twos_complement(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.magnitude.iter().rev().copied().collect();
        if self.is_negative {
            negate(&mut bytes);
        }
        if bytes.last().is_some_and(|byte| (byte & 0x80 != 0) != self.is_negative) {
            bytes.push(if self.is_negative { 0xff } else { 0 });
        }
        bytes
    }
}

impl From<i128> for BigInt {
    fn from(number: i128) -> Self {
        Self::new(number < 0, &number.unsigned_abs().to_be_bytes())
    }
}

/// Inverts each bit and adds one, the least significant byte first.
#[cfg(feature = "pickle")]
fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes {
        (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
    }
}

#[cfg(test)]
#[cfg(feature = "pickle")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn twos_complement_is_as_short_as_can_be() {
        for (number, bytes) in [
            (0, &[][..]),
            (1, &[1]),
            (127, &[127]),
            (128, &[128, 0]),
            (255, &[255, 0]),
            (256, &[0, 1]),
            (-1, &[255]),
            (-128, &[128]),
            (-129, &[127, 255]),
            (-255, &[1, 255]),
            (-256, &[0, 255]),
            (-257, &[255, 254]),
            (-32768, &[0, 128]),
        ] {
            assert_eq!(BigInt::from(number).to_twos_complement(), bytes, "{number}");
            assert_eq!(BigInt::from_twos_complement(bytes), BigInt::from(number), "{number}");
        }
        // A longer form than needed means the same.
        assert_eq!(BigInt::from_twos_complement(&[255; 40]), BigInt::from(-1));
        assert_eq!(BigInt::from_twos_complement(&[0; 40]), BigInt::from(0));
    }

    #[test]
    fn the_bounds_of_128_bits_are_exact() {
        for number in [i128::MAX, i128::MIN, 0] {
            assert_eq!(BigInt::from(number).to_i128(), Some(number));
        }
        assert_eq!(BigInt::new(false, &(1_u128 << 127).to_be_bytes()).to_i128(), None);
        assert_eq!(BigInt::new(true, &((1_u128 << 127) + 1).to_be_bytes()).to_i128(), None);
        assert_eq!(BigInt::new(true, &[0, 0]), BigInt::from(0));
    }

    proptest! {
        #[test]
        fn any_number_comes_back(is_negative: bool, magnitude: Vec<u8>) {
            let number = BigInt::new(is_negative, &magnitude);
            prop_assert_eq!(BigInt::from_twos_complement(&number.to_twos_complement()), number);
        }
    }
}
