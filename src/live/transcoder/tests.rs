//! With programs in ffmpeg's place that work, fail, and stand still.

pub(crate) mod world;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use container::{Demuxer, Event, Kind, Track};
use tokio::sync::watch;

use super::super::{Format, Told, Viewer};
use super::*;
use world::{World, look_again};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// The pictures of a stream as they are.
struct Copy {
    detail: &'static str,
    pictures: watch::Sender<u64>,
}

/// Takes what a program writes that copies.
struct Copied {
    demuxer: Demuxer,
    track: Option<Track>,
    pictures: watch::Sender<u64>,
}

impl Job for Copy {
    const FORMAT: &'static str = "copy";
    const IS_PACED: bool = false;
    type Reader = Copied;

    fn detail(&self) -> String {
        self.detail.to_owned()
    }

    fn track(&self, format: &Format) -> Option<usize> {
        format.tracks.iter().position(|track| track.kind == Kind::Video)
    }

    fn arguments(&self, _track: &Track) -> Vec<String> {
        vec!["-to-the-job".to_owned()]
    }

    fn reader(&self) -> Copied {
        let pictures = self.pictures.clone();
        Copied { demuxer: Demuxer::new(), track: None, pictures }
    }
}

impl Reader for Copied {
    fn take(&mut self, bytes: Bytes, _times: Times) -> Result<Made, String> {
        self.demuxer.push(bytes);
        let mut made = Made::default();
        while let Some(event) = self.demuxer.poll().map_err(|error| error.to_string())? {
            match event {
                Event::Init(init) => self.track = init.tracks.first().cloned(),
                Event::Sample(sample) => {
                    made.newest_ns = self.track.as_ref().map(|track| track.to_nanos(sample.pts));
                    made.packets += 1;
                }
                Event::Config { .. } => {}
            }
        }
        self.pictures.send_modify(|pictures| *pictures += made.packets);
        Ok(made)
    }
}

const CAPTURE: &[u8] = include_bytes!("../../../tests/captures/chromium-webm-vp8-opus.bin");

fn world() -> World {
    World::of(tempfile::tempdir().unwrap(), CAPTURE.to_vec())
}

fn copy(detail: &'static str) -> Copy {
    Copy { detail, pictures: watch::Sender::new(0) }
}

fn join(pool: &Pool<Copy>, world: &World) -> Client<Copy> {
    pool.join(&world.stream, copy("as it is"), |_| None).unwrap()
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let looking = async {
        while !is_so() {
            look_again().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, looking).await.is_ok(), "{what}");
}

async fn seen(client: &Client<Copy>, pictures: u64) {
    let job = client.job();
    until("too few pictures", || *job.pictures.borrow() >= pictures).await;
}

fn is_there(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

#[tokio::test]
async fn all_share_one_process_which_ends_a_little_after_the_last() {
    let mut world = world();
    let transcoders = Transcoders::with(world.program("exec cat"));
    let pool = Pool::new(transcoders.clone());
    let first = join(&pool, &world);
    world.pass(2000);
    seen(&first, 10).await;
    let second = join(&pool, &world);
    let [report] = &transcoders.of("d")[..] else { panic!("{:?}", transcoders.of("d")) };
    assert_eq!((report.format, report.clients, report.state), ("copy", 2, State::Running));
    assert!(report.packets >= 10 && report.bytes > 1000 && report.restarts == 0);
    assert!(report.log[0].contains("-to-the-job"), "{:?}", report.log);
    drop((first, second));
    // Who is back at once finds it.
    let back = join(&pool, &world);
    let before = *back.job().pictures.borrow();
    world.pass(4000);
    seen(&back, before + 10).await;
    let [pid] = &world.pids()[..] else { panic!("{:?}", world.pids()) };
    drop(back);
    until("it goes on without anybody", || !is_there(pid)).await;
    until("it is listed still", || transcoders.of("d").is_empty()).await;
    until("it watches still", || world.stream.about().viewers == 0).await;
    let again = join(&pool, &world);
    seen(&again, 1).await;
    assert_eq!(world.pids().len(), 2);
}

#[tokio::test]
async fn one_that_dies_is_started_again_and_says_why() {
    let mut world = world();
    let script = format!(
        "[ $(wc -l < {0}) -gt 2 ] && exec cat\necho no such encoder >&2; exit 1",
        world.runs().display()
    );
    let transcoders = Transcoders::with(world.program(&script));
    let pool = Pool::new(transcoders.clone());
    let client = join(&pool, &world);
    world.pass(2000);
    seen(&client, 1).await;
    let report = &transcoders.of("d")[0];
    assert_eq!((report.restarts, report.state), (2, State::Running));
    let said: Vec<&String> =
        report.log.iter().filter(|line| line.contains("no such encoder")).collect();
    assert!(said.iter().any(|line| line.contains("started again in 2 s")), "{said:?}");
}

#[tokio::test]
async fn one_that_stands_still_holds_nobody_up_and_is_replaced() {
    let mut world = world();
    let script =
        format!("[ $(wc -l < {0}) -gt 1 ] && exec cat\nexec sleep 1000", world.runs().display());
    let transcoders = Transcoders::with(world.program(&script));
    let pool = Pool::new(transcoders.clone());
    let client = join(&pool, &world);
    let mut viewer = Viewer::new(Arc::clone(&world.stream));
    for until_ms in (500..=9000).step_by(500) {
        world.pass(until_ms);
        let told = std::iter::from_fn(|| match viewer.next() {
            Told::Delivery(delivery) => Some(delivery),
            _ => None,
        });
        assert!(told.count() > 0, "another viewer gets everything");
        tokio::task::yield_now().await;
    }
    seen(&client, 1).await;
    let pids = world.pids();
    assert_eq!(pids.len(), 2);
    until("the first one is there still", || !is_there(&pids[0])).await;
    let report = &transcoders.of("d")[0];
    assert!(report.log.iter().any(|line| line.contains("gives nothing back")), "{:?}", report.log);
}

#[tokio::test]
async fn what_is_not_understood_is_given_up() {
    let mut world = world();
    let transcoders = Transcoders::with(world.program("echo nonsense; exec cat > /dev/null"));
    let pool = Pool::new(transcoders.clone());
    let _client = join(&pool, &world);
    world.pass(2000);
    until("it is not given up", || {
        transcoders.of("d")[0].log.iter().any(|line| line.contains("not understood"))
    })
    .await;
}

#[tokio::test]
async fn it_ends_with_the_stream_and_with_the_server() {
    for ends in ["stream", "server"] {
        let mut world = world();
        let transcoders = Transcoders::with(world.program("exec cat"));
        let pool = Pool::new(transcoders.clone());
        let client = join(&pool, &world);
        world.pass(2000);
        seen(&client, 1).await;
        match ends {
            "stream" => world.stream.end(),
            _ => transcoders.stop.cancel(),
        }
        let over = tokio::time::timeout(PATIENCE, client.over()).await;
        assert!(over.is_ok(), "its clients are not told of the end of the {ends}");
        let pids = world.pids();
        until("it goes on", || !is_there(&pids[0])).await;
        until("it is listed", || transcoders.of("d").is_empty()).await;
    }
}

#[tokio::test]
async fn there_are_no_more_than_the_server_can_take() {
    let world = world();
    let transcoders = Transcoders::with(world.program("exec cat"));
    let pool = Pool::new(transcoders.clone());
    let details: [&'static str; MAX_OF_A_FORMAT + 1] =
        std::array::from_fn(|number| &*Box::leak(number.to_string().into_boxed_str()));
    let mut clients: Vec<_> =
        details.iter().map(|detail| pool.join(&world.stream, copy(detail), |_| None)).collect();
    assert_eq!(clients.pop().unwrap().err(), Some(Refusal::TooMany));
    assert!(clients.iter().all(Result::is_ok));
    // What is there already may do.
    assert!(pool.join(&world.stream, copy(details[MAX_OF_A_FORMAT]), |_| Some(3)).is_ok());
    let nothing = Transcoders::with(world.folder.path().join("nothing"));
    let refused = Pool::new(nothing).join(&world.stream, copy("x"), |_| None);
    assert_eq!(refused.err(), Some(Refusal::NoFfmpeg));
}

#[tokio::test]
async fn viewers_that_come_and_go_at_random_leave_one_process_or_none() {
    let mut world = world();
    let transcoders = Transcoders::with(world.program("exec cat"));
    let pool = Pool::new(transcoders.clone());
    let mut clients = Vec::new();
    let mut random = 1_u32;
    for round in 0..500 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match random >> 16 & 1 {
            0 => clients.push(join(&pool, &world)),
            _ => drop(clients.pop()),
        }
        if round % 50 == 0 {
            world.pass(round * 20);
            look_again().await;
        }
        let reports = transcoders.of("d");
        assert!(reports.len() <= 1 && reports.iter().all(|one| one.clients == clients.len()));
    }
    drop(clients);
    until("one is left", || transcoders.of("d").is_empty()).await;
    let pids = world.pids();
    until("a process is left", || pids.iter().all(|pid| !is_there(pid))).await;
    assert!(pids.len() <= 2, "{pids:?}");
}
