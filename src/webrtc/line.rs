//! The media lines of a connection: which of a stream's tracks goes out where.

use std::time::Duration;

use container::Kind;
use str0m::Rtc;
use str0m::format::PayloadParams;
use str0m::media::{Media, MediaKind, Mid, Pt};

use super::frames::Outgoing;
use super::rhythm::Rhythm;

/// A media line of the answer.
pub(super) struct Line {
    pub(super) mid: Mid,
    pub(super) pt: Pt,
    pub(super) track: usize,
    pub(super) kind: Kind,
    /// The time that went out last: a receiver takes frames of one time for one frame.
    pub(super) sent: Duration,
    /// Of sound: the times of what it is sent in.
    pub(super) rhythm: Rhythm,
}

impl Line {
    /// Finds out which of the tracks the offer takes. `Err` names what it lacks.
    pub(super) fn all(
        rtc: &mut Rtc,
        outgoing: &[Outgoing],
        offer: &str,
    ) -> Result<Vec<Self>, String> {
        let mut lines: Vec<Self> = Vec::new();
        // The library tells of its media lines only once the connection is there.
        let mids = offer.lines().filter_map(|line| line.trim().strip_prefix("a=mid:"));
        let kind = |mid: Mid| {
            let takes = |media: &&Media| media.direction().is_sending();
            rtc.media(mid).filter(takes).map(|media| (mid, media.kind()))
        };
        let added: Vec<(Mid, MediaKind)> = mids.filter_map(|mid| kind(mid.into())).collect();
        for outgoing in outgoing {
            let kind =
                if outgoing.kind == Kind::Video { MediaKind::Video } else { MediaKind::Audio };
            // One track of each kind: that is what a player shows.
            if lines.iter().any(|line| line.kind == outgoing.kind) {
                continue;
            }
            let taken = added.iter().filter(|(_, own)| *own == kind).find_map(|&(mid, _)| {
                let writer = rtc.writer(mid)?;
                let fits = |params: &&PayloadParams| outgoing.fits(params);
                let pt = writer.payload_params().find(fits)?.pt();
                let (track, kind) = (outgoing.track, outgoing.kind);
                let (sent, rhythm) = (Duration::ZERO, Rhythm::default());
                Some(Self { mid, pt, track, kind, sent, rhythm })
            });
            match taken {
                Some(line) => lines.push(line),
                None if outgoing.kind == Kind::Video => {
                    return Err(format!(
                        "the stream's video is {}, and the offer takes none of its kind",
                        outgoing.codec
                    ));
                }
                // A picture without sound is better than none.
                None => {}
            }
        }
        Ok(lines)
    }
}
