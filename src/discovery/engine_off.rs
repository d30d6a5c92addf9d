//! What stands for discovery where the feature is off: nothing of it can be made.

use std::{convert::Infallible, time::Duration};

use super::{Interfaces, TxtRecord, watch::Watch};
use crate::{
    error::{Error, Result},
    status::Status,
};

pub(super) struct Publication(Infallible);

pub(super) struct Browsing(Infallible);

pub(super) fn browse(_service: &str) -> Result<Browsing> {
    off()
}

pub(super) fn set_interfaces(_interfaces: Interfaces) -> Result<()> {
    off()
}

impl Publication {
    pub(super) fn new(_service: &str, _name: &str, _port: u16, _txt: &TxtRecord) -> Result<Self> {
        off()
    }

    pub(super) fn wait(&self, _limit: Option<Duration>) -> Status {
        match self.0 {}
    }

    pub(super) fn name(&self) -> String {
        match self.0 {}
    }
}

impl Browsing {
    pub(super) fn watch(&self) -> &Watch {
        match self.0 {}
    }
}

fn off<T>() -> Result<T> {
    Err(Error::FeatureOff { feature: "discovery" })
}
