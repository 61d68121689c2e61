//! Generated bindings, one file for each contract version that this host speaks.

pub(crate) mod v0_1;
