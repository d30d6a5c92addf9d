//! From the numbered values of the machine to one value that owns its parts.

use super::{EMPTY_STACK, Id, Node, too_deep, too_many};
use crate::{
    error::{Error, Limit, Result},
    message::pickle::{DEPTH_LIMIT, Limits, Value},
};

/// Copies what is named more than once, within the limits: a list that contains itself ends at that of nesting, and
/// lists of lists of the same list at that of values.
pub(super) struct Builder<'a> {
    nodes: &'a [Node<'a>],
    limits: &'a Limits,
    values: usize,
    bytes: usize,
    depth: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(nodes: &'a [Node<'a>], limits: &'a Limits) -> Self {
        Self { nodes, limits, values: limits.values, bytes: limits.bytes, depth: DEPTH_LIMIT }
    }

    pub(super) fn build(&mut self, id: Id) -> Result<Value> {
        self.values = self.values.checked_sub(1).ok_or_else(|| too_many(self.limits))?;
        match self.nodes.get(id as usize).ok_or(EMPTY_STACK)? {
            Node::Plain(value) => {
                if let Value::BigInt(number) = value {
                    self.spend(number.magnitude().len())?;
                }
                Ok(value.clone())
            }
            Node::Str(text) => {
                self.spend(text.len())?;
                Ok(Value::Str(text.clone().into_owned()))
            }
            Node::Bytes(bytes) => {
                self.spend(bytes.len())?;
                Ok(Value::Bytes(bytes.clone().into_owned()))
            }
            Node::List(items) => self.inside(|builder| Ok(Value::List(builder.build_all(items)?))),
            Node::Tuple(items) => self.inside(|builder| Ok(Value::Tuple(builder.build_all(items)?))),
            Node::Dict(pairs) => self.inside(|builder| {
                builder.has_room(pairs.len().saturating_mul(2))?;
                let pairs = pairs.iter().map(|(key, value)| Ok((builder.build(*key)?, builder.build(*value)?)));
                Ok(Value::Dict(pairs.collect::<Result<_>>()?))
            }),
        }
    }

    fn build_all(&mut self, items: &[Id]) -> Result<Vec<Value>> {
        self.has_room(items.len())?;
        items.iter().map(|item| self.build(*item)).collect()
    }

    fn inside(&mut self, build: impl FnOnce(&mut Self) -> Result<Value>) -> Result<Value> {
        self.depth = self.depth.checked_sub(1).ok_or_else(too_deep)?;
        let value = build(self)?;
        self.depth += 1;
        Ok(value)
    }

    /// Before memory is taken for so many values.
    fn has_room(&self, values: usize) -> Result<()> {
        if values > self.values { Err(too_many(self.limits)) } else { Ok(()) }
    }

    fn spend(&mut self, bytes: usize) -> Result<()> {
        let left = self.bytes.checked_sub(bytes);
        let limit = self.limits.bytes as u64;
        let length = (self.limits.bytes - self.bytes) as u64 + bytes as u64;
        self.bytes = left.ok_or(Error::TooLong { what: Limit::Decoded, length, limit })?;
        Ok(())
    }
}
