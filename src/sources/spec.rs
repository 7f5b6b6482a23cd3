//! A source as it is configured: the words of `config::sources`.

pub(crate) use crate::config::sources::{
    Address, CameraSound, File, Hours, Input, Login, Name, Rtsp, Scheme, Spec, Transport,
};
