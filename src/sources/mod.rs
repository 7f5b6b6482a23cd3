//! What the server fetches by itself: cameras on the network, cameras that are plugged into it,
//! files, a test pattern (`docs/sources.md`).

mod course;
mod failure;
mod generation;
mod intake;
mod probe;
mod process;
mod recording;
mod refusal;
mod registry;
mod rtsp;
mod running;
mod spec;
mod status;
mod store;
mod timing;
mod visit;

pub(crate) use failure::Failure;
pub(crate) use probe::Found;
pub(crate) use process::{AttachedCamera, Cameras, table, video_encoder};
pub(crate) use refusal::Refusal;
pub(crate) use registry::{Source, Sources};
pub(crate) use spec::{Address, Input, Login, Transport};
pub(crate) use status::State;
pub(crate) use store::{KNOWN as FILE, look, size, sound};
pub(crate) use visit::Visit;
