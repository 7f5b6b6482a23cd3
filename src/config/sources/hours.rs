//! When a source records.

/// Hours of the week, in local time. Without any it is always.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Hours(Vec<String>);
