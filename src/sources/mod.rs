//! What the server fetches by itself: cameras on the network, cameras that are plugged into it,
//! files, a test pattern (`docs/sources.md`).

mod course;
mod failure;
mod generation;
mod intake;
mod probe;
mod process;
mod recording;
mod registry;
mod rtsp;
mod running;
mod spec;
mod status;
mod store;
mod timing;
mod visit;

pub(crate) use failure::Failure;
pub(crate) use intake::{Intake, Over};
pub(crate) use probe::Found;
pub(crate) use process::AttachedCamera;
pub(crate) use registry::{Refusal, Source, Sources};
pub(crate) use spec::{Address, CameraSound, Input, Login, Name, Spec, Transport};
pub(crate) use status::{Facts, State};
pub(crate) use store::{NotLoaded, size, sound};
pub(crate) use visit::Visit;
