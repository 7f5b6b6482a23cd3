//! The sources that there are.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::refusal::Refusal;
use super::running::{self, Means};
use super::spec::{Name, Spec};
use super::status::{Facts, Status};
use super::store::{self, NotLoaded, Remembered, Store};
use crate::config::sources::{MAX_SOURCES, Writer, read};
use crate::ffmpeg::Ffmpeg;
use crate::live::{Hub, Streams};

/// A source lets go at once; this is for a disk or a program that does not answer.
const LET_GO_PATIENCE: Duration = Duration::from_secs(5);

/// The sources. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) ffmpeg: Ffmpeg,
    known: Mutex<Known>,
    store: Store,
    /// Below this a page may have files played.
    pub(super) files: Option<PathBuf>,
    /// Whoever changes something has this, until it is on the disk.
    changing: tokio::sync::Mutex<()>,
    pub(super) changed: Arc<watch::Sender<()>>,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
    pub(super) visits: super::visit::Visits,
}

#[derive(Debug)]
struct Known {
    entries: BTreeMap<Name, Entry>,
    /// Whether a source of the configuration file is paused, where a page has said so.
    paused: BTreeMap<Name, bool>,
    unread: Vec<Value>,
    /// Until the end: nothing is recorded any more then.
    hub: Option<Hub>,
    streams: Streams,
}

#[derive(Debug)]
struct Entry {
    spec: Arc<Spec>,
    is_from_file: bool,
    status: Arc<Status>,
    work: Option<Work>,
}

#[derive(Debug)]
struct Work {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// What there is to say of a source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    pub(crate) spec: Arc<Spec>,
    /// Whether it stands in the configuration file.
    pub(crate) is_from_file: bool,
    pub(crate) facts: Facts,
}

impl Sources {
    /// Fetches the sources of the configuration file, and those that were added by page, by which
    /// only videos below `files` are played.
    ///
    /// # Errors
    /// When those that were added by page cannot be read.
    pub(crate) fn load(
        folder: PathBuf,
        specs: Vec<Spec>,
        files: Option<PathBuf>,
        hub: Hub,
    ) -> Result<Self, NotLoaded> {
        let store = Store::new(folder);
        let Remembered { specs: added, mut paused, mut unread } = store.load(files.as_deref())?;
        paused.retain(|name, _| specs.iter().any(|spec| spec.name == *name));
        let changed = Arc::new(watch::Sender::new(()));
        let mut entries = BTreeMap::new();
        let mut put = |spec: Spec, is_from_file: bool| {
            let status = Arc::new(Status::new(Arc::clone(&changed)));
            let entry = Entry { spec: Arc::new(spec), is_from_file, status, work: None };
            entries.insert(entry.spec.name.clone(), entry);
        };
        for spec in &added {
            let Some(other) = specs.iter().find(|other| other.clashes_with(spec)) else {
                put(spec.clone(), false);
                continue;
            };
            tracing::warn!(source = %spec.name, other = %other.name, "a source that was added by page has the name of one in the configuration file, which goes first");
            unread.push(store::entry(spec));
        }
        for mut spec in specs {
            spec.is_paused = paused.get(&spec.name).copied().unwrap_or(spec.is_paused);
            put(spec, true);
        }
        let streams = hub.streams();
        let known = Known { entries, paused, unread, hub: Some(hub), streams };
        let sources = Self {
            shared: Arc::new(Shared {
                ffmpeg: Ffmpeg::default(),
                known: Mutex::new(known),
                store,
                files,
                changing: tokio::sync::Mutex::new(()),
                changed,
                tasks: TaskTracker::new(),
                stop: CancellationToken::new(),
                visits: super::visit::Visits::default(),
            }),
        };
        let mut known = sources.known();
        let names: Vec<Name> = known.entries.keys().cloned().collect();
        names.iter().for_each(|name| sources.work(&mut known, name));
        drop(known);
        Ok(sources)
    }

    /// All of them, by name.
    pub(crate) fn list(&self) -> Vec<Source> {
        self.known().entries.values().map(Entry::source).collect()
    }

    /// Why nothing comes of each, and what to do, for people; by their ids among those that publish.
    pub(crate) fn reasons(&self) -> HashMap<String, String> {
        let known = self.known();
        let reason =
            |entry: &Entry| (running::device(&entry.spec, false), entry.status.facts().reason());
        known.entries.values().map(reason).collect()
    }

    /// Whether there is one of this id among those that publish.
    pub(crate) fn has(&self, device: &str) -> bool {
        self.known().entries.values().any(|entry| running::device(&entry.spec, false) == device)
    }

    /// Says when sources come, go, or change.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.shared.changed.subscribe()
    }

    /// One of them.
    pub(crate) fn get(&self, name: &str) -> Result<Source, Refusal> {
        let known = self.known();
        let entry = name.parse().ok().and_then(|name: Name| known.entries.get(&name));
        entry.map(Entry::source).ok_or_else(|| Refusal::Unknown(name.to_owned()))
    }

    /// Adds one.
    pub(crate) async fn add(&self, members: Map<String, Value>) -> Result<Source, Refusal> {
        self.change(async move |sources| {
            let spec = sources.read(members, None)?;
            let name = spec.name.clone();
            {
                let mut known = sources.known();
                known.is_free(&spec, None)?;
                if known.entries.len() >= MAX_SOURCES {
                    return Err(Refusal::TooMany);
                }
                sources.put(&mut known, spec, false);
                sources.work(&mut known, &name);
            }
            sources.save().await?;
            sources.get(name.as_str())
        })
        .await
    }

    /// Puts another in the place of one.
    pub(crate) async fn replace(
        &self,
        name: String,
        members: Map<String, Value>,
    ) -> Result<Source, Refusal> {
        self.change(async move |sources| {
            let before = sources.own(&name)?;
            let spec = sources.read(members, Some(&before.spec))?;
            let own = &before.spec.name;
            if spec.name != *own {
                let words = format!("source must stay \"{own}\": files and addresses go by it");
                return Err(Refusal::Bad(words));
            }
            if *before.spec != spec {
                let work = {
                    let mut known = sources.known();
                    known.is_free(&spec, Some(&before.spec))?;
                    let work = known.take_work(own);
                    sources.put(&mut known, spec, false);
                    work
                };
                let_go(work).await;
                sources.work(&mut sources.known(), own);
            }
            sources.save().await?;
            sources.get(&name)
        })
        .await
    }

    /// Forgets one. What was recorded of it stays.
    pub(crate) async fn remove(&self, name: String) -> Result<(), Refusal> {
        self.change(async move |sources| {
            let source = sources.own(&name)?;
            let work = {
                let mut known = sources.known();
                let work = known.take_work(&source.spec.name);
                known.entries.remove(&source.spec.name);
                work
            };
            sources.shared.changed.send_replace(());
            let_go(work).await;
            sources.save().await
        })
        .await
    }

    /// Fetches those of another configuration file from now on. Those that stay as they are go on
    /// untouched.
    ///
    /// # Errors
    /// When a name is not free; then all goes on as it is.
    pub(crate) async fn take_over(&self, specs: Vec<Spec>) -> Result<(), Refusal> {
        self.change(async move |sources| {
            let (work, names) = {
                let mut known = sources.known();
                let specs = known.as_configured(specs)?;
                let Known { entries, .. } = &mut *known;
                let goes = |entry: &Entry| entry.is_from_file && !specs.contains(&*entry.spec);
                let gone = entries.extract_if(.., |_, entry| goes(entry));
                let work: Vec<Option<Work>> = gone.map(|(_, entry)| entry.work).collect();
                let mut names = Vec::new();
                for spec in specs {
                    if !known.entries.contains_key(&spec.name) {
                        names.push(spec.name.clone());
                        sources.put(&mut known, spec, true);
                    }
                }
                (work, names)
            };
            if work.is_empty() && names.is_empty() {
                return Ok(());
            }
            sources.shared.changed.send_replace(());
            futures_util::future::join_all(work.into_iter().map(let_go)).await;
            let mut known = sources.known();
            names.iter().for_each(|name| sources.work(&mut known, name));
            Ok(())
        })
        .await
    }

    /// Pauses one, or lets it go on.
    pub(crate) async fn pause(&self, name: String, is_paused: bool) -> Result<Source, Refusal> {
        self.change(async move |sources| {
            let source = sources.get(&name)?;
            let own = &source.spec.name;
            let work = {
                let mut known = sources.known();
                if let Some(entry) = known.entries.get_mut(own) {
                    entry.spec = Arc::new(Spec { is_paused, ..(*entry.spec).clone() });
                }
                if source.is_from_file {
                    known.paused.insert(own.clone(), is_paused);
                }
                sources.work(&mut known, own);
                if is_paused { known.take_work(own) } else { None }
            };
            let_go(work).await;
            sources.shared.changed.send_replace(());
            sources.save().await?;
            sources.get(&name)
        })
        .await
    }

    /// Makes one change after the other, each to its end: also where whoever asked has gone.
    async fn change<T, F>(
        &self,
        change: impl FnOnce(Self) -> F + Send + 'static,
    ) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, Refusal>> + Send,
        T: Send + 'static,
    {
        let sources = self.clone();
        let changing = async move {
            let _turn = sources.shared.changing.lock().await;
            sources.is_going_on()?;
            change(sources.clone()).await
        };
        self.shared.tasks.spawn(changing).await.unwrap_or(Err(Refusal::Stopping))
    }

    /// Ends all of them, and waits until they have said what they had to say.
    pub(crate) async fn close(&self) {
        self.shared.stop.cancel();
        self.known().hub = None;
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }

    pub(super) fn is_going_on(&self) -> Result<(), Refusal> {
        if self.shared.stop.is_cancelled() { Err(Refusal::Stopping) } else { Ok(()) }
    }

    /// What a page has written.
    pub(super) fn read(
        &self,
        members: Map<String, Value>,
        before: Option<&Spec>,
    ) -> Result<Spec, Refusal> {
        let files = self.shared.files.as_deref();
        read(members, Writer::Page { before, files }).map_err(Refusal::Bad)
    }

    /// One that was added by page.
    fn own(&self, name: &str) -> Result<Source, Refusal> {
        let source = self.get(name)?;
        match source.is_from_file {
            true => Err(Refusal::FromFile(source.spec.name.clone())),
            false => Ok(source),
        }
    }

    fn put(&self, known: &mut Known, spec: Spec, is_from_file: bool) {
        let status = Arc::new(Status::new(Arc::clone(&self.shared.changed)));
        let name = spec.name.clone();
        let entry = Entry { spec: Arc::new(spec), is_from_file, status, work: None };
        known.entries.insert(name, entry);
        self.shared.changed.send_replace(());
    }

    /// Sets one to work that shall work and does not.
    fn work(&self, known: &mut Known, name: &Name) {
        let (hub, streams) = (known.hub.clone(), known.streams.clone());
        let Some(entry) = known.entries.get_mut(name) else { return };
        if entry.spec.is_paused || entry.work.is_some() || hub.is_none() {
            return;
        }
        let means = Means {
            ffmpeg: self.shared.ffmpeg.clone(),
            streams,
            hub,
            tasks: self.shared.tasks.clone(),
        };
        let stop = self.shared.stop.child_token();
        // What a former run still says is about that.
        entry.status = Arc::new(Status::new(Arc::clone(&self.shared.changed)));
        let (spec, status) = (Arc::clone(&entry.spec), Arc::clone(&entry.status));
        let task = self.shared.tasks.spawn(running::run(spec, means, status, stop.clone()));
        entry.work = Some(Work { stop, task });
    }

    /// Writes what there is.
    async fn save(&self) -> Result<(), Refusal> {
        let text = {
            let known = self.known();
            let own = known.entries.values().filter(|entry| !entry.is_from_file);
            store::text(own.map(|entry| &*entry.spec), &known.paused, &known.unread)
        };
        let store = self.shared.store.clone();
        let saved = match text {
            Ok(text) => {
                let saved = tokio::task::spawn_blocking(move || store.save(&text)).await;
                saved.map_err(std::io::Error::other).and_then(|saved| saved)
            }
            Err(error) => Err(error.into()),
        };
        saved.map_err(|error| {
            tracing::warn!(%error, "cannot write the list of sources");
            Refusal::NotSaved(error.to_string())
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.shared.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the work of one, and waits until its camera is free.
async fn let_go(work: Option<Work>) {
    if let Some(Work { stop, task }) = work {
        stop.cancel();
        let _ = tokio::time::timeout(LET_GO_PATIENCE, task).await;
    }
}

impl Known {
    fn take_work(&mut self, name: &Name) -> Option<Work> {
        self.entries.get_mut(name).and_then(|entry| entry.work.take())
    }

    /// The sources of another configuration file as they would be here, and which of them a page
    /// has paused or let go on.
    fn as_configured(&self, specs: Vec<Spec>) -> Result<Vec<Spec>, Refusal> {
        // Also those that the file names no more: one that comes back is as it was left.
        let paused = &self.paused;
        let mut configured = Vec::new();
        for mut spec in specs {
            spec.is_paused = paused.get(&spec.name).copied().unwrap_or(spec.is_paused);
            let before = self.entries.get(&spec.name).filter(|entry| entry.is_from_file);
            self.is_free_of(&spec, before.map(|entry| &*entry.spec), |entry| !entry.is_from_file)?;
            configured.push(spec);
        }
        Ok(configured)
    }

    /// Whether a source's streams can have their names, in the place of the one before.
    fn is_free(&self, spec: &Spec, before: Option<&Spec>) -> Result<(), Refusal> {
        self.is_free_of(spec, before, |_| true)
    }

    /// The same where not all of the others stay.
    fn is_free_of(
        &self,
        spec: &Spec,
        before: Option<&Spec>,
        stays: impl Fn(&Entry) -> bool,
    ) -> Result<(), Refusal> {
        let but = before.map(|before| &before.name);
        let others = self.entries.values().filter(|entry| Some(&entry.spec.name) != but);
        let others = others.filter(|entry| stays(entry));
        let mut clashing = others.filter(|entry| entry.spec.clashes_with(spec));
        if let Some(entry) = clashing.next() {
            return Err(Refusal::Exists(entry.spec.name.clone()));
        }
        // Whoever looks at a name goes on looking at the same camera.
        let is_anothers = |name: &Name| {
            let live = self.streams.get(name.as_str()).map(|stream| stream.about().source);
            let goes = |of: &str| {
                let entry = of.parse().ok().and_then(|of: Name| self.entries.get(&of));
                entry.is_some_and(|entry| !stays(entry))
            };
            live.is_some_and(|of| {
                of.is_none_or(|of| of.source != spec.name.as_str() && !goes(&of.source))
            })
        };
        let had: Vec<Name> = before.into_iter().flat_map(Spec::stream_names).collect();
        let mut new = spec.stream_names().filter(|name| !had.contains(name));
        new.find(is_anothers).map_or(Ok(()), |name| Err(Refusal::Live(name)))
    }
}

impl Entry {
    fn source(&self) -> Source {
        let (spec, facts) = (Arc::clone(&self.spec), self.status.facts());
        Source { spec, is_from_file: self.is_from_file, facts }
    }
}

#[cfg(test)]
mod tests;
