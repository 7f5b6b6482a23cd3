//! The few bytes of a codec that a container must understand: key frames' dimensions,
//! parameter sets, packet durations.

pub mod av1;
mod bits;
pub mod h264;
mod h265;
pub(crate) mod mpeg4;
mod name;
pub mod opus;
pub(crate) mod prefixed;
pub mod vp8;
pub mod vp9;
pub mod webp;

pub use name::{codec_name, configuration};

/// Width and height in pixels.
pub type Dimensions = (u32, u32);
