//! Live streams as JPEGs, for what plays no video: the camera's own where it makes them, otherwise
//! made by ffmpeg, once for all who look, and only while somebody does.

mod job;
mod quality;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use super::transcoder::{Client, Pool, Refusal, Transcoders};
use super::{State, Stream, Streams};
use crate::clock::{self, WallUs};
use crate::config::{self, InForce};
use job::Jpeg;

/// An older picture is not shown to who comes.
const FRESH_US: i64 = 1_000_000;

/// A camera that has made no picture of its own for this long makes none.
const OWN_US: i64 = 3_000_000;
const OWN_PATIENCE: Duration = Duration::from_micros(OWN_US.unsigned_abs());

/// Makes pictures of live streams. Clones share what makes them.
#[derive(Debug, Clone)]
pub(crate) struct Pictures {
    streams: Streams,
    pool: Pool<Jpeg>,
    settings: InForce<config::Pictures>,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) jpeg: Bytes,
    /// When it was captured, as far as that is known.
    pub(crate) at_us: WallUs,
    /// When it was there.
    pub(crate) came_us: WallUs,
}

/// What a viewer asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Wish {
    pub(crate) frames_per_second: Option<f64>,
    /// 0 to 100.
    pub(crate) quality: Option<u8>,
}

/// What a viewer gets.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Terms {
    frames_per_second: f64,
    quality: u8,
    /// Whether the viewer named a quality.
    is_quality_asked: bool,
}

/// Somebody who looks at a stream.
#[derive(Debug)]
pub(crate) struct Looking {
    pictures: Pictures,
    stream: Arc<Stream>,
    terms: Terms,
    way: Way,
}

/// Where pictures come from.
#[derive(Debug)]
enum Way {
    /// The camera makes them.
    Own(watch::Receiver<Newest>),
    Made(Client<Jpeg>, watch::Receiver<Option<Picture>>),
}

/// The newest picture that a stream brings itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Newest {
    pub(crate) picture: Option<Picture>,
    pub(crate) is_over: bool,
}

impl Pictures {
    pub(crate) fn new(
        streams: Streams,
        transcoders: Transcoders,
        settings: InForce<config::Pictures>,
    ) -> Self {
        Self { streams, pool: Pool::new(transcoders), settings }
    }

    #[cfg(test)]
    fn transcoders(&self) -> &Transcoders {
        self.pool.transcoders()
    }

    /// Looks at a stream. What is wished beyond the limits is taken for the nearest within.
    ///
    /// # Errors
    /// When there are no pictures of it.
    pub(crate) fn look(&self, name: &str, wish: Wish) -> Result<Looking, Refusal> {
        let stream = self.streams.get(name).ok_or_else(|| Refusal::NoStream(name.to_owned()))?;
        if stream.has_video() == Some(false) {
            return Err(Refusal::NoVideo(name.to_owned()));
        }
        if stream.state().0 != State::Live {
            return Err(Refusal::NotLive(name.to_owned()));
        }
        let terms = Terms::of(wish, self.settings.get().of(name));
        let way = self.way(&stream, terms)?;
        Ok(Looking { pictures: self.clone(), stream, terms, way })
    }

    fn way(&self, stream: &Arc<Stream>, terms: Terms) -> Result<Way, Refusal> {
        if let Some(own) = own_way(stream, terms) {
            return Ok(own);
        }
        let settings = self.settings.get().of(stream.name());
        let default = settings.frames_per_second;
        // Who wants more than others has them made for all that come later.
        let per_second = match terms.frames_per_second > default {
            true => settings.max_frames_per_second,
            false => default,
        };
        let job = Jpeg::new(terms.quality, per_second);
        let (scale, wanted) = (job.scale(), terms.frames_per_second);
        let client = self.pool.join(stream, job, |others| job::choose(others, scale, wanted))?;
        let mut pictures = client.job().pictures();
        if pictures.borrow().as_ref().is_some_and(|picture| is_fresh(picture, FRESH_US)) {
            pictures.mark_changed();
        }
        Ok(Way::Made(client, pictures))
    }
}

/// The camera's own pictures, if they come and will do.
fn own_way(stream: &Stream, terms: Terms) -> Option<Way> {
    let mut own = stream.own_pictures();
    let will_do = |picture: &Picture| is_fresh(picture, OWN_US) && terms.takes(&picture.jpeg);
    if !own.borrow().picture.as_ref().is_some_and(will_do) {
        return None;
    }
    own.mark_changed();
    Some(Way::Own(own))
}

/// Whether a picture is not older than that.
fn is_fresh(picture: &Picture, max_us: i64) -> bool {
    clock::now_us() - picture.came_us < max_us
}

impl Terms {
    fn of(wish: Wish, settings: config::PicturesSettings) -> Self {
        let frames_per_second = wish.frames_per_second.unwrap_or(settings.frames_per_second);
        let quality = wish.quality.unwrap_or(settings.quality);
        Self {
            frames_per_second: frames_per_second
                .clamp(config::MIN_FRAMES_PER_SECOND, settings.max_frames_per_second),
            quality: quality.min(settings.max_quality),
            is_quality_asked: wish.quality.is_some(),
        }
    }

    /// Whether a picture of the camera's own will do: better ones cannot be made, and worse ones
    /// only for who asks for them.
    fn takes(&self, jpeg: &[u8]) -> bool {
        !self.is_quality_asked
            || quality::estimate(jpeg).is_none_or(|own| own <= self.quality.saturating_add(5))
    }
}

impl Looking {
    /// How long to wait between two pictures.
    pub(crate) fn period(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.terms.frames_per_second)
    }

    /// The next picture; `None` when the stream is over. Who is slow sees fewer. Dropping the
    /// future loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Picture> {
        loop {
            match &mut self.way {
                Way::Own(pictures) => {
                    match tokio::time::timeout(OWN_PATIENCE, pictures.changed()).await {
                        Ok(Ok(())) => {}
                        Ok(Err(_)) => return None,
                        // The camera has stopped making them, and may go on otherwise.
                        Err(_) => {
                            if let Ok(way) = self.pictures.way(&self.stream, self.terms) {
                                self.way = way;
                            }
                            continue;
                        }
                    }
                    let newest = pictures.borrow_and_update().clone();
                    if newest.is_over {
                        return None;
                    }
                    if newest.picture.is_some() {
                        return newest.picture;
                    }
                }
                Way::Made(client, pictures) => {
                    tokio::select! {
                        changed = pictures.changed() => changed.ok()?,
                        () = client.over() => return None,
                    }
                    let picture = pictures.borrow_and_update().clone();
                    // From now on nobody has to make them.
                    if let Some(own) = own_way(&self.stream, self.terms) {
                        self.way = own;
                    } else if picture.is_some() {
                        return picture;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
