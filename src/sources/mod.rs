//! What the server fetches by itself: cameras on the network, cameras that are plugged into it,
//! files, a test pattern (`docs/sources.md`).

mod failure;
mod intake;
mod process;
mod registry;
mod rtsp;
mod spec;

pub(crate) use failure::Failure;
pub(crate) use intake::{Intake, Over};
pub(crate) use process::AttachedCamera;
pub(crate) use registry::{Source, Sources, State, Visit};
pub(crate) use spec::{Address, Login, Name, Spec};
