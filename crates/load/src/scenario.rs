//! One run: a subject, those who send and those who watch, and what it took.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use crate::connection::{Line, Socket};
use crate::console::say;
use crate::measured::Times;
use crate::media::{Captured, Generated, Media};
use crate::meter::{Meter, Reading};
use crate::pictures::{Shown, look};
use crate::publisher::{Acknowledged, Handed, Outcome, Plan, Publisher, raw, v1};
use crate::subject::{Kind, Running, recordings};
use crate::verify::{self, Verdict};
use crate::viewer::{Seen, watch};

/// Handshakes at once: a crowd that comes all together is another measurement.
const CONNECTING: usize = 32;

/// Behind the last connection.
const LEAD: Duration = Duration::from_millis(500);

/// For what the server owes behind the end: a thousand summaries, or a resumption after a crash.
const PATIENCE: Duration = Duration::from_secs(120);

const SETTLING_POLL: Duration = Duration::from_millis(50);

/// What to do.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) title: String,
    pub(crate) kind: Kind,
    pub(crate) is_raw: bool,
    pub(crate) publishers: usize,
    pub(crate) kbps: u64,
    pub(crate) length: Duration,
    /// Between two chunks of an encoder.
    pub(crate) interval: Duration,
    /// In place of a generated stream.
    pub(crate) capture: Option<PathBuf>,
    pub(crate) viewers: usize,
    pub(crate) picture_viewers: usize,
    /// When the server is killed and started again, from the start.
    pub(crate) restart_at: Option<Duration>,
    /// When all connections are cut, and for how long.
    pub(crate) away: Option<(Duration, Duration)>,
}

/// What it took.
#[derive(Debug)]
pub(crate) struct Measurement {
    pub(crate) scenario: Scenario,
    /// Media alone.
    pub(crate) sent_bytes: u64,
    pub(crate) written_bytes: u64,
    /// User and system, from the first chunk to the last file, without the handshakes.
    pub(crate) cpu_seconds: f64,
    /// Of this program at the same time.
    pub(crate) own_cpu_seconds: f64,
    /// Before the first connection.
    pub(crate) idle_bytes: u64,
    pub(crate) peak: Reading,
    pub(crate) acknowledged: Vec<Acknowledged>,
    pub(crate) ages: Times,
    pub(crate) skips: u64,
    pub(crate) pictures: u64,
    pub(crate) reconnects: u64,
    pub(crate) verdict: Verdict,
    /// What else went wrong.
    pub(crate) troubles: Vec<String>,
}

/// Everybody of a run.
#[derive(Default)]
struct People {
    outcomes: Vec<Outcome>,
    seen: Vec<Seen>,
    shown: Vec<Shown>,
}

impl Scenario {
    /// Runs it with everything in a folder of its own below `parent`, which is removed afterwards.
    ///
    /// # Errors
    /// When it cannot be run; what the subject does wrong is in the measurement.
    pub(crate) async fn run(&self, server: &Path, parent: &Path) -> Result<Measurement> {
        say(&format!(
            "{}: {} publishers, {} s",
            self.title,
            self.publishers,
            self.length.as_secs()
        ));
        let folder = tempfile::Builder::new().prefix("load.").tempdir_in(parent)?;
        let capture = match &self.capture {
            Some(path) => Some(Arc::new(Captured::read(path, self.kbps)?)),
            None => None,
        };
        let mut running = self.kind.start(server, folder.path(), None)?;
        let mut meter = Meter::of(running.pid());
        let idle_bytes = meter.readings(running.pid()).first.resident_bytes;
        let connected = self.connect(&running.line).await?;

        let before = meter.readings(running.pid()).last;
        let own_before = Reading::of(std::process::id()).unwrap_or_default();
        let plan = self.plan(running.line.clone());
        let mut everybody = self.people(&plan, connected, capture.as_ref());
        let (mut cpu_seconds, mut written_bytes) =
            (-before.cpu_seconds, -(before.written_bytes as i64));
        let mut peak = Reading::default();
        if let Some(restart_at) = self.restart_at {
            sleep_until((plan.start + restart_at).into()).await;
            let readings = meter.readings(running.pid());
            cpu_seconds += readings.last.cpu_seconds;
            written_bytes += readings.last.written_bytes as i64;
            peak = readings.peak;
            running.kill()?;
            running = self.kind.start(server, folder.path(), Some(&plan.line))?;
            meter = Meter::of(running.pid());
            say("  it was killed and has been started again");
        }
        let mut people = People::default();
        while let Some(done) = everybody.join_next().await {
            match done? {
                Person::Publisher(outcome) => people.outcomes.push(outcome),
                Person::Viewer(seen) => people.seen.push(seen),
                Person::Pictures(shown) => people.shown.push(shown),
            }
        }
        settle(folder.path()).await;
        let readings = meter.readings(running.pid());
        cpu_seconds += readings.last.cpu_seconds;
        written_bytes += readings.last.written_bytes as i64;
        peak.resident_bytes = peak.resident_bytes.max(readings.peak.resident_bytes);
        peak.descriptors = peak.descriptors.max(readings.peak.descriptors);
        let own = Reading::of(std::process::id()).unwrap_or_default();
        let mut troubles = Vec::new();
        if let Err(error) = stop(running).await {
            troubles.push(format!("{}: {error:#}", self.kind.title()));
        }
        if self.kind == Kind::Localcamera {
            troubles.extend(check(server, folder.path()).err().map(|error| format!("{error:#}")));
        }
        let verdict = self.verify(folder.path(), capture.as_deref(), &people.outcomes);
        troubles.extend(people.troubles());
        Ok(Measurement {
            scenario: self.clone(),
            sent_bytes: people.outcomes.iter().map(|outcome| outcome.sent_bytes).sum(),
            written_bytes: u64::try_from(written_bytes).unwrap_or_default(),
            cpu_seconds,
            own_cpu_seconds: own.cpu_seconds - own_before.cpu_seconds,
            idle_bytes,
            peak,
            skips: people.seen.iter().map(|seen| seen.skips).sum(),
            pictures: people.shown.iter().map(|shown| shown.pictures).sum(),
            reconnects: people.outcomes.iter().map(|one| u64::from(one.reconnects)).sum(),
            ages: Times::new(people.seen.iter().flat_map(|seen| seen.ages.clone()).collect()),
            acknowledged: people.outcomes.into_iter().flat_map(|one| one.acknowledged).collect(),
            verdict,
            troubles,
        })
    }

    async fn connect(&self, line: &Line) -> Result<Vec<Connected>> {
        let (mut opening, mut connected) = (JoinSet::new(), Vec::new());
        for number in 0..self.publishers as u32 {
            if opening.len() == CONNECTING
                && let Some(opened) = opening.join_next().await
            {
                connected.push(opened??);
            }
            let (line, is_raw) = (line.clone(), self.is_raw);
            opening.spawn(async move {
                anyhow::Ok(match is_raw {
                    true => Connected::Raw(Box::new(line.raw().await?)),
                    false => Connected::V1(number, Box::new(v1::greet(number, &line).await?)),
                })
            });
        }
        while let Some(opened) = opening.join_next().await {
            connected.push(opened??);
        }
        Ok(connected)
    }

    fn plan(&self, line: Line) -> Plan {
        Plan {
            line,
            start: Instant::now() + LEAD,
            length: self.length,
            interval: self.interval,
            publishers: self.publishers,
            away: self.away,
            patience: PATIENCE,
        }
    }

    fn people(
        &self,
        plan: &Plan,
        connected: Vec<Connected>,
        capture: Option<&Arc<Captured>>,
    ) -> JoinSet<Person> {
        let (mut everybody, mut all_handed) = (JoinSet::new(), Vec::new());
        // As they came: a session has its number, a raw connection gets one.
        for (place, connected) in connected.into_iter().enumerate() {
            let number = match connected {
                Connected::Raw(_) => place as u32,
                Connected::V1(number, _) => number,
            };
            let handed = Arc::new(Handed::new(plan));
            all_handed.push((number, handed.clone()));
            let media = match capture {
                Some(capture) => Media::Captured(capture.clone()),
                None => Media::Generated(Generated::new(number, self.kbps)),
            };
            let publisher = Publisher { number, media, handed };
            let plan = plan.clone();
            everybody.spawn(async move {
                Person::Publisher(match connected {
                    Connected::Raw(socket) => raw::run(publisher, plan, *socket).await,
                    Connected::V1(_, greeted) => v1::run(publisher, plan, *greeted).await,
                })
            });
        }
        let until = plan.start + plan.length;
        for (number, handed) in all_handed.iter().cycle().take(self.viewers) {
            let stream = v1::device(*number);
            let (line, start, handed) = (plan.line.clone(), plan.start, handed.clone());
            everybody.spawn(async move {
                Person::Viewer(watch(line, stream, start, until, handed).await)
            });
        }
        for number in 0..self.picture_viewers {
            let stream = v1::device((number % self.publishers) as u32);
            let line = plan.line.clone();
            everybody.spawn(async move { Person::Pictures(look(line, stream, until).await) });
        }
        everybody
    }

    fn verify(&self, folder: &Path, capture: Option<&Captured>, outcomes: &[Outcome]) -> Verdict {
        let recordings = recordings(folder);
        match capture {
            Some(capture) => {
                let media_ms: Vec<u64> = outcomes.iter().map(|one| one.media_ms).collect();
                verify::captured(&recordings, capture, &media_ms)
            }
            None => {
                let media_ms = outcomes.iter().map(|one| (one.number, one.media_ms));
                verify::generated(&recordings, &BTreeMap::from_iter(media_ms))
            }
        }
    }
}

/// A publisher's connection, before anything is sent.
enum Connected {
    Raw(Box<Socket>),
    V1(u32, Box<v1::Greeted>),
}

enum Person {
    Publisher(Outcome),
    Viewer(Seen),
    Pictures(Shown),
}

impl People {
    fn troubles(&self) -> Vec<String> {
        let publishers = self.outcomes.iter().filter_map(|one| {
            one.trouble.as_ref().map(|trouble| format!("publisher {}: {trouble}", one.number))
        });
        let viewers = self.seen.iter().filter_map(|seen| match (seen.altered, &seen.trouble) {
            (0, None) => None,
            (0, Some(trouble)) => Some(format!("a viewer: {trouble}")),
            (altered, _) => Some(format!("a viewer got {altered} samples that nobody sent")),
        });
        let pictures = self.shown.iter().filter_map(|shown| shown.trouble.clone());
        publishers.chain(viewers).chain(pictures).collect()
    }
}

/// Waits until every file has its name; a raw session's end is not told.
async fn settle(folder: &Path) {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if !verify::files(&recordings(folder)).iter().any(|path| verify::is_growing(path)) {
            return;
        }
        tokio::time::sleep(SETTLING_POLL).await;
    }
}

async fn stop(running: Running) -> Result<()> {
    tokio::task::spawn_blocking(move || running.stop()).await?
}

/// What the program itself says of the folder: files, hashes, journals.
fn check(server: &Path, folder: &Path) -> Result<()> {
    let mut command = std::process::Command::new(server);
    let output = command.arg("check").arg(recordings(folder)).current_dir(folder).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "`check` finds: {}", said.trim());
    Ok(())
}

/// As many open files as the system permits: a connection each, on both sides.
///
/// # Errors
/// When that is too few.
pub(crate) fn allow_files(connections: usize) -> Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("raising the limit of open files")?;
    // The server has a socket and two files for each.
    let needed = connections as u64 * 4 + 200;
    if limit.current.is_some_and(|most| most < needed) {
        bail!("{needed} open files are needed, and `ulimit -Hn` permits {:?}", limit.current);
    }
    Ok(())
}
