//! Recordings as they are played and taken along: reels, by reference
//! (`docs/adr/0018-recordings-are-played-by-reference.md`).

mod frames;
mod fronts;
mod groups;
mod made;
mod stretches;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use container::reel::ReelError;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::session::{File, Session};
use crate::clock::WallUs;
use fronts::Fronts;
pub(super) use fronts::read_at;
pub(crate) use fronts::{Fault, Front, Kind, Stamp};
use groups::{Group, LONGEST_REEL_NS, groups};
pub(crate) use made::{Made, Reading};
pub(crate) use stretches::Stretch;

/// Indexes of some twenty hours of footage that somebody watches.
const MAX_REELS_BYTES: u64 = 32 << 20;

/// For the cache's first allocation.
const EXPECTED_REELS: usize = 64;

/// An export may be longer than what is played at once: a day's index is some 40 MB, and in memory
/// only while it is read.
const LONGEST_EXPORT_NS: i64 = 25 * 3600 * 1_000_000_000;

/// Puts reels together. Clones remember the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Reels {
    root: Arc<PathBuf>,
    fronts: Fronts,
    made: Arc<Cache<(PathBuf, String), Arc<Made>, Weight>>,
}

#[derive(Debug, Clone)]
struct Weight;

impl Weighter<(PathBuf, String), Arc<Made>> for Weight {
    fn weight(&self, _: &(PathBuf, String), made: &Arc<Made>) -> u64 {
        made.weight_bytes()
    }
}

/// The reels of a session, and what is wrong with its files.
#[derive(Debug, Clone)]
pub(crate) struct Lineup {
    /// One for each file.
    pub(crate) fronts: Vec<Front>,
    pub(crate) reels: Vec<Entry>,
}

/// A reel, or a file that cannot be in one.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    Reel(Arc<Made>),
    /// The place of its front.
    Alone(usize),
}

/// Which reel, as its address says it: how many files it has, and what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    files: usize,
    tag: String,
}

impl Version {
    /// As it stands in an address.
    pub(crate) fn text(&self) -> String {
        format!("{}-{}", self.files, self.tag)
    }

    /// `None` when no reel has such a version.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (files, tag) = text.split_once('-')?;
        let is_tag = !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_tag
            .then(|| files.parse().ok())
            .flatten()
            .map(|files| Self { files, tag: tag.to_owned() })
    }
}

impl Reels {
    pub(super) fn new(root: Arc<PathBuf>) -> Self {
        let made = Cache::with_weighter(EXPECTED_REELS, MAX_REELS_BYTES, Weight);
        Self { root, fronts: Fronts::default(), made: Arc::new(made) }
    }

    /// What a session consists of. Blocks.
    pub(crate) fn lineup(&self, session: &Session) -> Lineup {
        let fronts = self.fronts.read(&self.root, session, &session.files);
        let reels = groups(&fronts, LONGEST_REEL_NS).into_iter();
        let reels = reels.filter_map(|group| self.entry(session, &fronts, &group)).collect();
        Lineup { fronts, reels }
    }

    /// One of its reels: of a version, or as it is now. `None` when there is none. Blocks.
    pub(crate) fn reel(
        &self,
        session: &Session,
        number: usize,
        version: Option<&Version>,
    ) -> Option<Arc<Made>> {
        if let Some(version) = version
            && let Some(made) = self.made.get(&(key(session), version.tag.clone()))
            && made.is_as_it_was()
        {
            return Some(made);
        }
        let fronts = self.fronts.read(&self.root, session, &session.files);
        let mut group = groups(&fronts, LONGEST_REEL_NS).into_iter().nth(number)?;
        if let Some(version) = version {
            // It may have grown since.
            group.files.truncate(version.files);
            group.follows.truncate(version.files);
        }
        let Entry::Reel(made) = self.entry(session, &fronts, &group)? else { return None };
        let is_wanted = version.is_none_or(|version| version.tag == made.tag());
        is_wanted.then_some(made)
    }

    /// What of a session lies between two wall times, as few files as possible. Blocks.
    pub(crate) fn cut(&self, session: &Session, from_us: WallUs, to_us: WallUs) -> Outtake {
        let inside = |file: &&File| file.start_us < to_us && from_us < file.end_us();
        let files: Vec<File> = session.files.iter().filter(inside).cloned().collect();
        let fronts = self.fronts.read(&self.root, session, &files);
        let groups = groups(&fronts, LONGEST_EXPORT_NS);
        let mut outtake = Outtake::default();
        for front in &fronts {
            let why = match front.kind {
                Kind::Joinable(_) => continue,
                Kind::Alone => ALONE,
                Kind::Faulty(fault) => fault.word(),
            };
            outtake.left_out.push((front.file.clone(), why));
        }
        groups.iter().for_each(|group| outtake.cut(session, &fronts, group, from_us, to_us));
        outtake
    }

    fn entry(&self, session: &Session, fronts: &[Front], group: &Group) -> Option<Entry> {
        if let [alone] = group.files[..]
            && matches!(fronts[alone].kind, Kind::Alone)
        {
            return Some(Entry::Alone(alone));
        }
        let tag = made::tag(fronts, group, None);
        let key = (key(session), tag);
        let made = match self.made.get(&key) {
            Some(made) => made,
            None => match Made::whole(fronts, group) {
                Ok(made) => {
                    let made = Arc::new(made);
                    self.made.insert(key, Arc::clone(&made));
                    made
                }
                Err(error) => return refused(session, &error),
            },
        };
        Some(Entry::Reel(made))
    }
}

/// A part of a session as files.
#[derive(Debug, Default)]
pub(crate) struct Outtake {
    pub(crate) made: Vec<Made>,
    /// Recorded files of that time that are in none of them, and why.
    pub(crate) left_out: Vec<(File, &'static str)>,
}

/// A file that an early version has written: it is had by itself alone.
const ALONE: &str = "alone";

/// Files that do not go together, although their fronts say so.
const UNJOINABLE: &str = "unjoinable";

impl Outtake {
    /// Adds what of a group lies between two wall times: two files, where one would be too long.
    fn cut(
        &mut self,
        session: &Session,
        fronts: &[Front],
        group: &Group,
        from_us: WallUs,
        to_us: WallUs,
    ) {
        if let [only] = group.files[..]
            && matches!(fronts[only].kind, Kind::Alone)
        {
            return;
        }
        match Made::cut(fronts, group, from_us, to_us) {
            Ok(made) => self.made.push(made),
            Err(ReelError::Empty) => {}
            Err(ReelError::TooLong) if group.files.len() > 1 => {
                group.halves().iter().for_each(|half| {
                    self.cut(session, fronts, half, from_us, to_us);
                });
            }
            Err(error) => {
                refused::<()>(session, &error);
                let files = group.files.iter().map(|&at| (fronts[at].file.clone(), UNJOINABLE));
                self.left_out.extend(files);
            }
        }
    }
}

fn refused<T>(session: &Session, error: &ReelError) -> Option<T> {
    let session = &session.id;
    tracing::warn!(session, %error, "files of a recording cannot be played as one");
    None
}

/// Whose reel it is: a tag alone would give it to whoever knows it.
fn key(session: &Session) -> PathBuf {
    Path::new(&session.journal.folder).join(&session.journal.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_it_was_written() {
        let version = Version { files: 12, tag: "0af3".to_owned() };
        assert_eq!(Version::read(&version.text()), Some(version));
        for text in ["", "12", "12-", "x-0af3", "12-../..", "12-0af3-1"] {
            assert_eq!(Version::read(text), None, "{text}");
        }
    }
}
