//! Recordings as they are played and taken along: reels, by reference
//! (`docs/adr/0018-recordings-are-played-by-reference.md`).

mod frames;
mod fronts;
mod groups;
mod made;
mod outtake;
mod recipe;
mod stretches;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::session::Session;
use fronts::Fronts;
pub(super) use fronts::read_at;
pub(crate) use fronts::{Fault, Front, Kind, Stamp};
use groups::{Group, Until, groups};
use made::MakeError;
pub(crate) use made::{Made, Reading};
pub(crate) use outtake::{Outtake, Portion};
pub(crate) use recipe::Outline;
use recipe::Recipe;
pub(crate) use stretches::Stretch;

/// Indexes of some twenty hours of footage that somebody watches.
const MAX_REELS_BYTES: u64 = 32 << 20;

/// For the cache's first allocation.
const EXPECTED_REELS: usize = 64;

/// What there is to say of the reels of some weeks of a dozen cameras.
const MAX_OUTLINES_BYTES: u64 = 8 << 20;

/// For that cache's first allocation.
const EXPECTED_OUTLINES: usize = 512;

/// What any outline takes, and each of its stretches.
const OUTLINE_BYTES: u64 = 512;
const STRETCH_BYTES: u64 = 24;

/// A file that can suddenly not be read is faulty at the next look, and the others go on without it.
const LOOKS: usize = 3;

/// Whose reel it is, since a tag alone would give it to whoever knows it; and its tag.
type Key = (PathBuf, String);

/// Puts reels together. Clones remember the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Reels {
    root: Arc<PathBuf>,
    fronts: Fronts,
    made: Arc<Cache<Key, Arc<Made>, Weight>>,
    outlines: Arc<Cache<Key, Arc<Outline>, Weight>>,
}

#[derive(Debug, Clone)]
struct Weight;

impl Weighter<Key, Arc<Made>> for Weight {
    fn weight(&self, _: &Key, made: &Arc<Made>) -> u64 {
        made.weight_bytes()
    }
}

impl Weighter<Key, Arc<Outline>> for Weight {
    fn weight(&self, _: &Key, outline: &Arc<Outline>) -> u64 {
        let stretches = outline.stretches().len() as u64;
        OUTLINE_BYTES + stretches.saturating_mul(STRETCH_BYTES)
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
    Reel(Arc<Outline>),
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
        let outlines = Cache::with_weighter(EXPECTED_OUTLINES, MAX_OUTLINES_BYTES, Weight);
        let fronts = Fronts::default();
        Self { root, fronts, made: Arc::new(made), outlines: Arc::new(outlines) }
    }

    /// What a session consists of. Blocks.
    pub(crate) fn lineup(&self, session: &Session) -> Lineup {
        let mut looks = LOOKS;
        loop {
            looks -= 1;
            let (fronts, groups) = self.groups(session);
            let entries: Result<Vec<Option<Entry>>, ()> = groups
                .iter()
                .map(|group| match self.entry(session, &fronts, group) {
                    Err(MakeError::Disk(_)) if looks > 0 => Err(()),
                    entry => Ok(entry.map_err(|error| refused(session, &error)).ok()),
                })
                .collect();
            if let Ok(entries) = entries {
                return Lineup { fronts, reels: entries.into_iter().flatten().collect() };
            }
        }
    }

    /// One of its reels: of a version, whichever number it has by now, or as it is now. `None` when
    /// there is none. Blocks.
    pub(crate) fn reel(
        &self,
        session: &Session,
        number: usize,
        version: Option<&Version>,
    ) -> Option<Arc<Made>> {
        if let Some(version) = version
            && let Some(made) = self.made.get(&key(session, &version.tag))
            && made.is_as_it_was(session)
        {
            return Some(made);
        }
        let (fronts, groups) = self.groups(session);
        let recipe = match version {
            None => groups.get(number)?.recipe(&fronts, usize::MAX),
            // It may have grown since, and others in front of it may be gone.
            Some(version) => {
                let large = groups.iter().filter(|group| group.files.len() >= version.files);
                let mut recipes = large.map(|group| group.recipe(&fronts, version.files));
                recipes.find(|recipe| recipe.tag() == version.tag)?
            }
        };
        if let [(front, _)] = &recipe.parts[..]
            && matches!(front.kind, Kind::Alone)
        {
            return None;
        }
        let made = self.make(session, &recipe);
        if made.is_err() {
            // Its address must not be told again.
            self.outlines.remove(&key(session, &recipe.tag()));
        }
        made.map_err(|error| refused(session, &error)).ok()
    }

    fn groups(&self, session: &Session) -> (Vec<Front>, Vec<Group>) {
        let fronts = self.fronts.read(&self.root, session, &session.files);
        let groups = groups(&fronts, Until::Slot { from_us: session.started_us });
        (fronts, groups)
    }

    fn entry(
        &self,
        session: &Session,
        fronts: &[Front],
        group: &Group,
    ) -> Result<Entry, MakeError> {
        if let [alone] = group.files[..]
            && matches!(fronts[alone].kind, Kind::Alone)
        {
            return Ok(Entry::Alone(alone));
        }
        self.outline(session, &group.recipe(fronts, usize::MAX)).map(Entry::Reel)
    }

    /// What comes of it, made only where nobody remembers.
    fn outline(&self, session: &Session, recipe: &Recipe) -> Result<Arc<Outline>, MakeError> {
        match self.outlines.get(&key(session, &recipe.tag())) {
            Some(outline) => Ok(outline),
            None => Ok(Arc::clone(self.make(session, recipe)?.outline())),
        }
    }

    fn make(&self, session: &Session, recipe: &Recipe) -> Result<Arc<Made>, MakeError> {
        let key = key(session, &recipe.tag());
        if let Some(made) = self.made.get(&key) {
            return Ok(made);
        }
        let made = Arc::new(Made::new(&self.fronts, recipe)?);
        self.outlines.insert(key.clone(), Arc::clone(made.outline()));
        self.made.insert(key, Arc::clone(&made));
        Ok(made)
    }
}

fn refused(session: &Session, error: &MakeError) {
    let session = &session.id;
    tracing::warn!(session, %error, "files of a recording cannot be played as one");
}

fn key(session: &Session, tag: &str) -> Key {
    (Path::new(&session.journal.folder).join(&session.journal.name), tag.to_owned())
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
