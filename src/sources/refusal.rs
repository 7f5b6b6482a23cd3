//! Why something is not done with a source.

use super::spec::Name;
use crate::config::sources::MAX_SOURCES;

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    Bad(String),
    #[error("a stream of the source {0} has that name")]
    Exists(Name),
    #[error("a device is live as {0}; choose another name, or add it when that has ended")]
    Live(Name),
    #[error("there is no source {0}")]
    Unknown(String),
    #[error(
        "the source {0} stands in the configuration file and is changed there; here it can be paused"
    )]
    FromFile(Name),
    #[error("there are {MAX_SOURCES} sources already, which is as many as there may be")]
    TooMany,
    #[error("the server is busy with other tests; try again in a moment")]
    Busy,
    #[error("the server is stopping")]
    Stopping,
    #[error("it is so until the server ends, but cannot be written: {0}")]
    NotSaved(String),
}
