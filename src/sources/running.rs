//! A source at work: its connections, what is recorded of it, and when.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::course::{self, Course};
use super::failure::Failure;
use super::intake::{Intake, Live};
use super::recording::{Recording, Who};
use super::spec::{Input, Rtsp, Scheme, Spec};
use super::status::Status;
use super::{process, rtsp};
use crate::clock;
use crate::ffmpeg::Ffmpeg;
use crate::library::SOURCE;
use crate::live::feed::Ending;
use crate::live::{Hub, OfSource, Showing, Shown, Streams};

/// The clock on the wall may be set, so it is looked at again with each of its seconds: hours begin
/// and end with one.
const SECOND_MS: i64 = 1000;

/// What every source needs.
#[derive(Debug, Clone)]
pub(super) struct Means {
    pub(super) ffmpeg: Ffmpeg,
    pub(super) streams: Streams,
    /// `None` where nothing is recorded.
    pub(super) hub: Option<Hub>,
    /// What is still being said to the recorder.
    pub(super) tasks: TaskTracker,
}

/// Fetches a source until `stop`. Its session is over then, and its streams are gone.
pub(super) async fn run(
    spec: Arc<Spec>,
    means: Means,
    status: Arc<Status>,
    stop: CancellationToken,
) {
    let recording = means.hub.clone().filter(|_| spec.record);
    let recording = recording.map(|hub| {
        let recording = Recording::new(hub, who(&spec), Arc::clone(&status), means.tasks.clone());
        Arc::new(Mutex::new(recording))
    });
    status.connecting();
    let main = Fetching::new(&spec, &spec.input, false, &means, recording.clone(), &status, &stop);
    let small = small(&spec.input)
        .map(|input| Fetching::new(&spec, &input, true, &means, None, &status, &stop));
    {
        let small = async move {
            match small {
                Some(small) => small.run().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = keep_hours(&spec, recording.as_ref(), &status, &means.tasks) => {}
            () = main.run() => {}
            () = small => {}
        }
    }
    let farewell = match recording {
        Some(recording) => recording.lock().await.finish(Ending::Stopped),
        None => None,
    };
    status.paused();
    tracing::info!(source = %spec.name, "a source is fetched no more");
    if let Some(farewell) = farewell {
        farewell.say().await;
    }
}

fn who(spec: &Spec) -> Who {
    let (client, address) = match &spec.input {
        Input::Rtsp(rtsp) => ("rtsp", rtsp.address.to_string()),
        Input::Camera(camera) => ("camera", camera.device.clone()),
        Input::File(file) => ("file", file.path.display().to_string()),
        Input::Pattern(_) => ("pattern", "pattern".to_owned()),
    };
    Who {
        name: spec.name.as_str().to_owned(),
        device: device(spec, false),
        title: spec.title.clone(),
        address,
        client,
    }
}

/// Its id among those that publish; a device's own holds no colon.
pub(super) fn device(spec: &Spec, is_small: bool) -> String {
    let suffix = if is_small { ":small" } else { "" };
    format!("{SOURCE}{}{suffix}", spec.name)
}

/// The same camera with its smaller picture.
pub(super) fn small(input: &Input) -> Option<Input> {
    let Input::Rtsp(rtsp) = input else { return None };
    let address = rtsp.small.clone()?;
    Some(Input::Rtsp(Rtsp { address, small: None, ..rtsp.clone() }))
}

/// Begins and ends recording by the clock on the wall.
async fn keep_hours(
    spec: &Spec,
    recording: Option<&Arc<Mutex<Recording>>>,
    status: &Status,
    tasks: &TaskTracker,
) {
    loop {
        let is_within = spec.hours.contains(clock::local_now());
        status.within_hours(is_within);
        if let Some(recording) = recording {
            let mut recording = recording.lock().await;
            match is_within {
                true => recording.start().await,
                false => {
                    let farewell = recording.finish(Ending::Stopped);
                    farewell.into_iter().for_each(|farewell| drop(tasks.spawn(farewell.say())));
                }
            }
        }
        tokio::time::sleep(rest_of_second(clock::now_ms())).await;
    }
}

fn rest_of_second(now_ms: i64) -> Duration {
    let rest_ms = SECOND_MS - now_ms.rem_euclid(SECOND_MS);
    Duration::from_millis(rest_ms.unsigned_abs())
}

/// One connection after the other.
struct Fetching {
    name: String,
    input: Input,
    ffmpeg: Ffmpeg,
    intake: Intake,
    seen: Arc<Seen>,
    status: Arc<Status>,
    /// Whether it is the smaller picture: the source is live without it.
    is_small: bool,
    course: Course,
    /// What was complained of last.
    complained: Option<&'static str>,
    /// ffmpeg follows a camera that sends it to another address, which was allowed to no viewer.
    is_visit: bool,
}

/// Since when a connection brings media.
#[derive(Debug, Default)]
struct Seen {
    since: std::sync::Mutex<Option<Instant>>,
    was_ever: AtomicBool,
}

impl Seen {
    /// Returns whether it is the first of its connection, and whether another has brought some.
    fn now(&self) -> (bool, bool) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = since.is_none();
        since.get_or_insert_with(Instant::now);
        let was_ever = self.was_ever.swap(true, Ordering::Relaxed);
        (is_first, is_first && was_ever)
    }

    fn take(&self) -> Option<Duration> {
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner).take();
        since.map(|since| since.elapsed())
    }
}

impl Fetching {
    fn new(
        spec: &Spec,
        input: &Input,
        is_small: bool,
        means: &Means,
        recording: Option<Arc<Mutex<Recording>>>,
        status: &Arc<Status>,
        stop: &CancellationToken,
    ) -> Self {
        let small_name = spec.small_name().and_then(Result::ok).filter(|_| is_small);
        let name = small_name.as_ref().unwrap_or(&spec.name).as_str().to_owned();
        let showing = Showing::new(
            means.streams.clone(),
            Shown {
                name: name.clone(),
                device: device(spec, is_small),
                title: spec.title.clone(),
                source: OfSource { source: spec.name.as_str().to_owned(), is_small },
            },
        );
        let seen = Arc::new(Seen::default());
        let live = live(&name, is_small, Arc::clone(&seen), Arc::clone(status));
        Self {
            name,
            input: input.clone(),
            ffmpeg: means.ffmpeg.clone(),
            intake: Intake::new(showing, recording, live, stop.clone()),
            seen,
            status: Arc::clone(status),
            is_small,
            course: Course::default(),
            complained: None,
            is_visit: means.hub.is_none(),
        }
    }

    async fn run(mut self) {
        loop {
            if !self.is_small {
                self.status.connecting();
            }
            let failure = drive(&self.input, !self.is_visit, &self.ffmpeg, &mut self.intake).await;
            let failure = hiding(failure, &self.input);
            let silent_for = self.intake.silent_for();
            self.intake.lost(&failure).await;
            let live_for = self.seen.take();
            if live_for.is_some() {
                self.course.live();
                self.complained = None;
            }
            let pause = self.course.failed(&failure, live_for, course::chance());
            self.complain(&failure, pause);
            match self.is_small {
                true => self.status.small_waiting(failure),
                false => self.status.waiting(failure, pause, silent_for),
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Once for each reason: a camera that is away over night fills no log.
    fn complain(&mut self, failure: &Failure, pause: Duration) {
        if self.complained.replace(failure.code()) == Some(failure.code()) {
            return;
        }
        if self.is_visit {
            // Its viewer goes with it, and is told.
            return tracing::debug!(source = %self.name, code = failure.code(), reason = %failure, "nothing comes from an address that a viewer gave");
        }
        let (name, retry_s) = (&self.name, pause.as_secs_f64().ceil());
        tracing::warn!(source = %name, code = failure.code(), reason = %failure, retry_s, "nothing comes from a source; it is tried again");
    }
}

fn live(name: &str, is_small: bool, seen: Arc<Seen>, status: Arc<Status>) -> Live {
    let name = name.to_owned();
    Box::new(move |stream| {
        let (is_first, is_again) = seen.now();
        match is_small {
            true => status.small_live(stream),
            false => status.live(stream, is_again),
        }
        if is_first {
            tracing::info!(source = %name, "a source is live");
        }
    })
}

/// Fetches until that fails. What a camera sends that is not read here goes `by_ffmpeg`, where
/// that may be.
pub(super) async fn drive(
    input: &Input,
    by_ffmpeg: bool,
    ffmpeg: &Ffmpeg,
    intake: &mut Intake,
) -> Failure {
    if let Input::Rtsp(rtsp) = input
        && rtsp.address.scheme() == Scheme::Rtsp
    {
        let failure = rtsp::run(rtsp, &rtsp.address, intake).await;
        let is_odd = matches!(failure, Failure::OtherCodec(_)) && by_ffmpeg && ffmpeg.is_there();
        if !is_odd {
            return failure;
        }
    }
    process::run(ffmpeg, input, intake).await
}

/// Whatever a driver's words are, what lets somebody in is not among them.
pub(super) fn hiding(failure: Failure, input: &Input) -> Failure {
    let Input::Rtsp(Rtsp { address, login, .. }) = input else { return failure };
    let mut secrets = vec![(address.reveal().to_string(), address.to_string())];
    if let Some(login) = login.as_ref().filter(|login| !login.password.reveal().is_empty()) {
        let plain = login.password.reveal();
        let all = percent_encoding::NON_ALPHANUMERIC;
        let encoded = percent_encoding::utf8_percent_encode(plain, all).to_string();
        secrets.extend([plain.to_owned(), encoded].map(|secret| (secret, "\u{2026}".to_owned())));
    }
    failure.map(|words| {
        secrets.iter().fold(words, |words, (secret, shown)| words.replace(secret, shown))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::spec::{Address, Login, Transport};

    #[test]
    fn hours_begin_and_end_with_a_second_of_the_clock_on_the_wall() {
        let ms = |now_ms| rest_of_second(now_ms).as_millis();
        assert_eq!([ms(0), ms(1), ms(61_999), ms(-1)], [1000, 999, 1, 1]);
    }

    #[test]
    fn a_password_is_in_no_failure() {
        let (address, login) = Address::parse("rtsp://u:p%40ss@cam/1?token=t0ken").unwrap();
        let login: Option<Login> = login;
        let input = Input::Rtsp(Rtsp {
            address,
            small: None,
            login,
            transport: Transport::Tcp,
            has_sound: true,
        });
        let words = "401 for u:p@ss, u:p%40ss at rtsp://cam/1?token=t0ken";
        for failure in [
            Failure::BadAddress(words.to_owned()),
            Failure::Unreachable(words.to_owned()),
            Failure::NotMedia(words.to_owned()),
            Failure::NoCamera(words.to_owned()),
        ] {
            let said = hiding(failure, &input).to_string();
            assert!(
                !said.contains("p@ss") && !said.contains("p%40ss") && !said.contains("t0ken"),
                "{said}"
            );
            assert!(said.contains("rtsp://cam/1"), "{said}");
        }
    }
}
