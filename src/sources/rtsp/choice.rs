//! Which of a camera's streams are fetched.

use super::super::failure::Failure;

/// One stream as the camera describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offer<'a> {
    /// `video`, `audio`, `application`.
    pub(super) media: &'a str,
    /// In small letters.
    pub(super) encoding: &'a str,
}

/// What is fetched, by its place among the offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) video: Option<(usize, Picture)>,
    pub(super) audio: Option<(usize, Sound)>,
}

/// How pictures are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Picture {
    H264,
    H265,
    Jpeg,
}

/// How sound is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sound {
    Aac,
    Alaw,
    Ulaw,
    L16,
    Opus,
}

/// Encodings of sound that ffmpeg fetches and a file can hold.
const SOUND_FOR_FFMPEG: [&str; 2] = ["mp4a-latm", "opus"];

impl Picture {
    fn of(offer: &Offer<'_>) -> Option<Self> {
        match (offer.media, offer.encoding) {
            ("video", "h264") => Some(Self::H264),
            ("video", "h265") => Some(Self::H265),
            ("video" | "image", "jpeg") => Some(Self::Jpeg),
            _ => None,
        }
    }
}

impl Sound {
    fn of(offer: &Offer<'_>) -> Option<Self> {
        match (offer.media, offer.encoding) {
            ("audio", "mpeg4-generic") => Some(Self::Aac),
            ("audio", "pcma") => Some(Self::Alaw),
            ("audio", "pcmu") => Some(Self::Ulaw),
            ("audio", "l16") => Some(Self::L16),
            ("audio", "opus") => Some(Self::Opus),
            _ => None,
        }
    }
}

/// Takes the first picture and the first sound that are understood: cameras offer the better one
/// first.
///
/// # Errors
/// When there is nothing, or only what ffmpeg understands. Sound alone that neither does is left
/// out.
pub(super) fn choose(offers: &[Offer<'_>], has_sound: bool) -> Result<Choice, Failure> {
    fn first<T>(offers: &[Offer<'_>], of: impl Fn(&Offer<'_>) -> Option<T>) -> Option<(usize, T)> {
        offers.iter().enumerate().find_map(|(at, offer)| Some((at, of(offer)?)))
    }
    let other = |media: &str, known: &dyn Fn(&str) -> bool| {
        let found = offers.iter().find(|offer| offer.media == media && known(offer.encoding));
        found.map(|offer| offer.encoding.to_owned())
    };
    let video = first(offers, Picture::of);
    if video.is_none()
        && let Some(encoding) = other("video", &|_| true)
    {
        return Err(Failure::OtherCodec(encoding));
    }
    // Opus comes beside pictures only.
    let is_taken = |sound: &Sound| *sound != Sound::Opus || video.is_some();
    let audio = first(offers, |offer| Sound::of(offer).filter(is_taken)).filter(|_| has_sound);
    if audio.is_none()
        && has_sound
        && let Some(encoding) = other("audio", &|encoding| SOUND_FOR_FFMPEG.contains(&encoding))
    {
        return Err(Failure::OtherCodec(encoding));
    }
    if video.is_none() && audio.is_none() {
        return Err(Failure::NotMedia("the camera offers neither pictures nor sound".to_owned()));
    }
    Ok(Choice { video, audio })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(text: &str, has_sound: bool) -> Result<Choice, Failure> {
        let offers: Vec<Offer<'_>> = text
            .split_whitespace()
            .filter_map(|offer| offer.split_once('/'))
            .map(|(media, encoding)| Offer { media, encoding })
            .collect();
        choose(&offers, has_sound)
    }

    #[test]
    fn the_first_that_is_understood_is_taken() {
        let offers = "application/vnd.onvif.metadata video/h265 video/h264 audio/g722 audio/pcma";
        let choice = chosen(offers, true).unwrap();
        assert_eq!(choice.video, Some((1, Picture::H265)));
        assert_eq!(choice.audio, Some((4, Sound::Alaw)));
        assert_eq!(chosen(offers, false).unwrap().audio, None);
        let choice = chosen("audio/mpeg4-generic", true).unwrap();
        assert_eq!((choice.video, choice.audio), (None, Some((0, Sound::Aac))));
        let choice = chosen("video/jpeg audio/g726-32", true).unwrap();
        assert_eq!((choice.video, choice.audio), (Some((0, Picture::Jpeg)), None));
    }

    #[test]
    fn what_ffmpeg_understands_is_left_to_it() {
        let other = |encoding: &str| Err(Failure::OtherCodec(encoding.to_owned()));
        assert_eq!(chosen("video/mp4v-es audio/pcma", true), other("mp4v-es"));
        assert_eq!(chosen("video/h264 audio/mp4a-latm", true), other("mp4a-latm"));
        assert!(chosen("video/h264 audio/mp4a-latm", false).is_ok());
        assert_eq!(chosen("audio/opus", true), other("opus"));
        let choice = chosen("video/h264 audio/opus", true).unwrap();
        assert_eq!(choice.audio, Some((1, Sound::Opus)));
    }

    #[test]
    fn nothing_is_said_to_be_nothing() {
        for offers in ["", "application/vnd.onvif.metadata", "audio/g722"] {
            assert!(matches!(chosen(offers, true), Err(Failure::NotMedia(_))), "{offers}");
        }
        assert!(matches!(chosen("audio/pcma", false), Err(Failure::NotMedia(_))));
    }
}
