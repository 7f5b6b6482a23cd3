//! A part of a session, to take along.

use std::io;
use std::sync::Arc;

use container::reel::{Cut, ReelError};

use super::made::{MakeError, index_bytes};
use super::recipe::{Outline, Recipe};
use super::stretches::media_us;
use super::{Front, Group, Kind, LOOKS, Made, Reels, Until, groups, refused};
use crate::clock::WallUs;
use crate::library::session::{File, Session};

/// A day on the clock that goes back, in one file: its index is some 40 MB, and in memory as long as
/// somebody reads it.
const LONGEST_EXPORT_NS: i64 = 25 * 3600 * 1_000_000_000;

/// A file that an early version has written: it is had by itself alone.
const ALONE: &str = "alone";

/// Files that do not go together, although their fronts say so.
const UNJOINABLE: &str = "unjoinable";

/// A part of a session as files.
#[derive(Debug, Default)]
pub(crate) struct Outtake {
    pub(crate) portions: Vec<Portion>,
    /// Recorded files of that time that are in none of them, and why.
    pub(crate) left_out: Vec<(File, &'static str)>,
}

/// One of its files. What it takes to read it is in memory only while it is read.
#[derive(Debug, Clone)]
pub(crate) struct Portion {
    pub(crate) outline: Arc<Outline>,
    reels: Reels,
    session: Arc<Session>,
    recipe: Arc<Recipe>,
}

impl Portion {
    /// About how much memory it takes to read it.
    pub(crate) fn weight_bytes(&self) -> u64 {
        index_bytes(&self.outline)
    }

    /// To be read. Blocks.
    ///
    /// # Errors
    /// When its recorded files cannot be read, or are others by now.
    pub(crate) fn made(&self) -> io::Result<Arc<Made>> {
        self.reels.make(&self.session, &self.recipe).map_err(|error| match error {
            MakeError::Disk(error) => error,
            error @ MakeError::Reel(_) => io::Error::other(error),
        })
    }
}

impl Reels {
    /// What of a session lies between two wall times, as few files as possible. Blocks.
    pub(crate) fn cut(&self, session: &Session, from_us: WallUs, to_us: WallUs) -> Outtake {
        (1..LOOKS)
            .find_map(|_| self.cut_once(session, from_us, to_us, IfUnreadable::LookAgain))
            .or_else(|| self.cut_once(session, from_us, to_us, IfUnreadable::LeaveOut))
            .unwrap_or_default()
    }

    /// `None` when a file that could be read a moment ago cannot be, and it is to be looked at again.
    fn cut_once(
        &self,
        session: &Session,
        from_us: WallUs,
        to_us: WallUs,
        if_unreadable: IfUnreadable,
    ) -> Option<Outtake> {
        let inside = |file: &&File| file.start_us < to_us && from_us < file.end_us();
        let files: Vec<File> = session.files.iter().filter(inside).cloned().collect();
        let fronts = self.fronts.read(&self.root, session, &files);
        let groups = groups(&fronts, Until::Length { max_ns: LONGEST_EXPORT_NS });
        let left_out = fronts.iter().filter_map(|front| {
            let why = match front.kind {
                Kind::Joinable(_) => return None,
                Kind::Alone => ALONE,
                Kind::Faulty(fault) => fault.word(),
            };
            Some((front.file.clone(), why))
        });
        let mut outtake = Outtake { portions: Vec::new(), left_out: left_out.collect() };
        let taking = Taking {
            reels: self,
            session: &Arc::new(session.without_files()),
            fronts: &fronts,
            from_us,
            to_us,
        };
        for group in &groups {
            let taken = taking.take(group, &mut outtake);
            if taken == Taken::Unreadable && if_unreadable == IfUnreadable::LookAgain {
                return None;
            }
        }
        Some(outtake)
    }
}

/// What becomes of a group of which a file can suddenly not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IfUnreadable {
    LookAgain,
    LeaveOut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Done,
    Unreadable,
}

/// What is taken of which files.
struct Taking<'a> {
    reels: &'a Reels,
    session: &'a Arc<Session>,
    fronts: &'a [Front],
    from_us: WallUs,
    to_us: WallUs,
}

impl Taking<'_> {
    /// Adds what of a group is wanted: two files, where one would be too long.
    fn take(&self, group: &Group, outtake: &mut Outtake) -> Taken {
        if let [only] = group.files[..]
            && matches!(self.fronts[only].kind, Kind::Alone)
        {
            return Taken::Done;
        }
        match self.portion(group.recipe(self.fronts, usize::MAX)) {
            Ok(portion) => outtake.portions.push(portion),
            Err(MakeError::Reel(ReelError::Empty)) => {}
            Err(MakeError::Reel(ReelError::TooLong)) if group.files.len() > 1 => {
                let taken = group.halves().map(|half| self.take(&half, outtake));
                if taken.contains(&Taken::Unreadable) {
                    return Taken::Unreadable;
                }
            }
            Err(error) => {
                refused(self.session, &error);
                let files = group.files.iter().map(|&at| &self.fronts[at].file);
                outtake.left_out.extend(files.map(|file| (file.clone(), UNJOINABLE)));
                if matches!(error, MakeError::Disk(_)) {
                    return Taken::Unreadable;
                }
            }
        }
        Taken::Done
    }

    fn portion(&self, whole: Recipe) -> Result<Portion, MakeError> {
        let of_all = self.reels.outline(self.session, &whole)?;
        let (from_us, to_us) =
            media_us(of_all.stretches(), self.from_us, self.to_us).ok_or(ReelError::Empty)?;
        let is_all = from_us <= 0 && to_us >= of_all.duration_us;
        let ns = |us: i64| us.saturating_mul(1000);
        let cut = (!is_all).then(|| Cut { from_ns: ns(from_us), to_ns: ns(to_us) });
        let recipe = whole.of(cut);
        Ok(Portion {
            outline: self.reels.outline(self.session, &recipe)?,
            reels: self.reels.clone(),
            session: Arc::clone(self.session),
            recipe: Arc::new(recipe),
        })
    }
}
