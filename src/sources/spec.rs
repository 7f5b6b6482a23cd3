//! A source as it is configured: the words of `config::sources`.

pub(crate) use crate::config::sources::{
    Address, Camera, CameraSound, File, Hours, Input, Login, Name, Pattern, Rtsp, Scheme, Spec,
    Transport,
};
