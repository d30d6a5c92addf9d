//! What is said where the feature `pickle` is off.

use super::{Limits, Protocol, Value};
use crate::error::{Error, Result};

/// Answers with [`Error::FeatureOff`]: this needs the feature `pickle`.
///
/// # Errors
///
/// Always.
pub fn decode(_bytes: &[u8]) -> Result<Value> {
    Err(OFF)
}

/// Answers with [`Error::FeatureOff`]: this needs the feature `pickle`.
///
/// # Errors
///
/// Always.
pub fn decode_within(_bytes: &[u8], _limits: &Limits) -> Result<Value> {
    Err(OFF)
}

/// Answers with [`Error::FeatureOff`]: this needs the feature `pickle`.
///
/// # Errors
///
/// Always.
pub fn encode(_value: &Value, _protocol: Protocol) -> Result<Vec<u8>> {
    Err(OFF)
}

const OFF: Error = Error::FeatureOff { feature: "pickle" };
