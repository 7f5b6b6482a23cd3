//! Sound that has to be converted, as one viewer hears it.

use std::sync::Arc;

use crate::live::Stream;
use crate::live::playback::NoSound;
use crate::live::sound::{Listening, Packet, Sounds};

/// Where sound comes from that has to be converted.
pub(super) struct Heard {
    pub(super) sounds: Sounds,
    pub(super) stream: Arc<Stream>,
    pub(super) listening: Option<Listening>,
}

impl Heard {
    /// Listens if there is something to be heard, and no longer than that.
    pub(super) fn listen(&mut self, is_wanted: bool) -> Result<(), NoSound> {
        if !is_wanted {
            self.listening = None;
        } else if self.listening.is_none() {
            self.listening = Some(self.sounds.listen(&self.stream)?);
        }
        Ok(())
    }

    /// The next packet; never when nothing is listened to.
    pub(super) async fn next(&mut self) -> Packet {
        match &mut self.listening {
            Some(listening) => listening.next().await,
            None => std::future::pending().await,
        }
    }
}
