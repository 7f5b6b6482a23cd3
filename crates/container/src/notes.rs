//! What stands in a file or stream beside its pictures and its sound.

/// What is not handed out, though nothing is wrong with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notes {
    /// Tracks that are neither audio nor video; of a stream with several headers, in the one that
    /// has most of them.
    pub other_tracks: u32,
    /// Attachments, such as fonts or a cover (RFC 9559 section 5.1.6).
    pub has_attachments: bool,
    /// Chapters (RFC 9559 section 5.1.7).
    pub has_chapters: bool,
    /// Samples behind the end of what the edit lists of an MP4 show (ISO 14496-12 clause 8.6.6).
    pub hidden_samples: u64,
    /// Tracks of which an edit list shows several parts: all is handed out from the first on.
    pub unfollowed_edits: u32,
}

impl Notes {
    /// Those of another recording, too.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let other_tracks = self.other_tracks.saturating_add(other.other_tracks);
        Self { other_tracks, ..self.and_again(other) }
    }

    /// Those of the same recording behind its next header, which names the same tracks.
    pub(crate) fn and_again(self, other: Self) -> Self {
        Self {
            other_tracks: self.other_tracks.max(other.other_tracks),
            has_attachments: self.has_attachments || other.has_attachments,
            has_chapters: self.has_chapters || other.has_chapters,
            hidden_samples: self.hidden_samples.saturating_add(other.hidden_samples),
            unfollowed_edits: self.unfollowed_edits.saturating_add(other.unfollowed_edits),
        }
    }
}
