//! One seed: a server, a disk and some devices, and everything that can happen to them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::device::Device;
use super::disk::SimulatedDisk;
use super::network;
use super::random::Random;
use super::verdict;
use crate::addresses::Reach;
use crate::auth::{Access, Pass};
use crate::clock;
use crate::devices::Devices;
use crate::ingest::Ingest;
use crate::library::Library;
use crate::live::Hub;
use crate::live::socket::{Arrival, Door};
use crate::metrics::Protocol;
use crate::recorder::{Recorder, Settings};
use crate::storage::{Open, Storage};

/// Files of this length make several of a stream.
pub(super) const SEGMENT_MS: u64 = 2500;

/// Until then things go wrong; afterwards everything must come to its end.
const TROUBLE_MS: i64 = 40_000;

/// Nothing takes this long once nothing goes wrong any more.
const PATIENCE_MS: i64 = 600_000;

/// Little beside a disk without bounds, much beside a full one.
const RESERVE_BYTES: u64 = 2000;

pub(super) const START_MS: i64 = 1_795_163_509_123;

pub(super) const ROOT: &str = "/recordings";

/// One life of the server's process.
struct Life {
    runtime: Runtime,
    door: Door,
    pass: Pass,
    stop: CancellationToken,
}

pub(super) struct World {
    random: Random,
    pub(super) disk: SimulatedDisk,
    pub(super) devices: Vec<Device>,
    life: Option<Life>,
    pub(super) now_ms: i64,
    end_of_trouble_ms: i64,
    /// When what fails at the moment is taken back.
    relief_ms: Option<i64>,
}

/// Runs a seed. The error says what was lost, and what the disk did last.
pub(super) fn run(seed: u64) -> Result<(), String> {
    let mut world = World::new(seed);
    let result = world.run();
    clock::simulate(None);
    result.map_err(|reason| {
        let trace = world.disk.trace();
        let last = trace.join("\n");
        format!("seed {seed}: {reason}\n{last}")
    })
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let devices = 1 + u8::from(random.below(4) == 0);
        let devices = (0..devices).map(|number| Device::new(number, START_MS, &mut random));
        let devices = devices.collect();
        Self { end_of_trouble_ms: START_MS + TROUBLE_MS, ..Self::quiet(devices, random) }
    }

    /// A world in which nothing goes wrong by itself.
    pub(super) fn quiet(devices: Vec<Device>, mut random: Random) -> Self {
        let disk = SimulatedDisk::new(random.draw());
        let storage: &dyn Storage = &disk;
        storage.create_folder(ROOT.as_ref()).unwrap();
        storage.sync_folder("/".as_ref()).unwrap();
        let claim = PathBuf::from(ROOT).join(".lock");
        storage.open(&claim, Open::CreateNew).unwrap().sync().unwrap();
        storage.sync_folder(ROOT.as_ref()).unwrap();
        Self {
            random,
            disk,
            devices,
            life: None,
            now_ms: START_MS,
            end_of_trouble_ms: START_MS,
            relief_ms: None,
        }
    }

    fn run(&mut self) -> Result<(), String> {
        let end_ms = self.end_of_trouble_ms + PATIENCE_MS;
        while !self.devices.iter().all(|device| device.is_done) {
            if self.now_ms > end_ms {
                return Err("a device never came to its end".to_owned());
            }
            self.tick()?;
        }
        self.stop_server();
        verdict::complete(&self.disk, &self.devices)
    }

    pub(super) fn tick(&mut self) -> Result<(), String> {
        if self.life.is_none() {
            self.life = Some(Life::start(&self.disk, self.now_ms));
        }
        if self.now_ms < self.end_of_trouble_ms {
            self.trouble();
        } else {
            self.relieve();
        }
        let step_ms = 10 + self.random.below(400) as i64;
        let now_ms = self.now_ms + step_ms;
        if let Some(life) = &self.life {
            for device in self.devices.iter_mut().filter(|d| d.wants_to_connect(self.now_ms)) {
                device.connected(life.connect(), self.now_ms);
            }
            clock::simulate(Some(now_ms * 1000));
            life.run(step_ms);
        }
        self.now_ms = now_ms;
        if self.disk.is_off() {
            self.crash()?;
        }
        for device in &mut self.devices {
            device.run(now_ms, &mut self.random)?;
        }
        Ok(())
    }

    /// The process dies. What its devices have let go of must be in the files, as they are.
    fn crash(&mut self) -> Result<(), String> {
        self.life = None;
        for device in &mut self.devices {
            device.cut(self.now_ms + self.random.below(3000) as i64);
        }
        if self.random.coin() {
            self.disk.power_cut();
        } else {
            self.disk.kill();
        }
        verdict::acknowledged(&self.disk, &self.devices)
    }

    fn trouble(&mut self) {
        if self.relief_ms.is_some_and(|at_ms| self.now_ms >= at_ms) {
            self.relieve();
        }
        let count = self.devices.len() as u64;
        let victim = self.random.below(count) as usize;
        let soon_ms = self.now_ms + 500 + self.random.below(6000) as i64;
        match self.random.below(160) {
            0..=3 => self.disk.crash_after(1 + self.random.below(25)),
            4 => {
                // In the middle of nothing.
                self.disk.crash_after(1);
            }
            5 => self.disk.fail_next_sync(),
            6 => {
                let used: usize = self.disk.snapshot().values().map(Vec::len).sum();
                self.disk.set_capacity(Some(used as u64 + self.random.below(3000)));
                self.relief_ms = Some(soon_ms);
            }
            7 => {
                self.disk.fail_writes(true);
                self.relief_ms = Some(soon_ms);
            }
            8 => {
                self.disk.set_read_only(true);
                self.relief_ms = Some(soon_ms);
            }
            9 => self.stop_server(),
            10..=17 => self.devices[victim].cut(soon_ms),
            18 => {
                // Longer than a session stays open.
                let away_ms = 100_000 + self.random.below(100_000) as i64;
                self.devices[victim].cut(self.now_ms + away_ms);
                self.end_of_trouble_ms += 20_000;
            }
            19..=20 => self.devices[victim].reload(self.now_ms, &mut self.random),
            21..=22 => self.devices[victim].rotate(self.now_ms, &mut self.random),
            _ => {}
        }
    }

    fn relieve(&mut self) {
        self.disk.set_capacity(None);
        self.disk.fail_writes(false);
        self.disk.set_read_only(false);
        self.relief_ms = None;
    }

    /// An orderly stop.
    fn stop_server(&mut self) {
        if let Some(life) = self.life.take() {
            life.stop.cancel();
            life.run(5000);
        }
        for device in &mut self.devices {
            device.cut(self.now_ms + self.random.below(3000) as i64);
        }
    }
}

impl Life {
    fn start(disk: &SimulatedDisk, now_ms: i64) -> Self {
        clock::simulate(Some(now_ms * 1000));
        let builder = &mut tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        let stop = CancellationToken::new();
        let storage: Arc<dyn Storage> = Arc::new(disk.clone());
        let library = Library::new(PathBuf::from(ROOT));
        let (hub, recordings) = Hub::new();
        let settings = Settings {
            segment: Duration::from_millis(SEGMENT_MS),
            reserve_bytes: RESERVE_BYTES,
            max_device_bytes: None,
        };
        let recorder = Recorder::new(storage, library, settings);
        let recovery = recorder.clone();
        runtime.spawn(async move { recovery.recover(|_| true).await });
        runtime.spawn(recorder.clone().watch_space());
        runtime.spawn(recorder.run(recordings));
        // Who gets in is no part of this world.
        let access = Access::open();
        let reach = watch::channel(Reach::default()).1;
        let door = Ingest::new(hub, reach, access.clone(), Devices::none(), stop.clone()).door();
        Self { runtime, door, pass: access.everyone(), stop }
    }

    fn connect(&self) -> network::Wire {
        let (wire, socket) = network::connect();
        // Devices behind one address share a folder.
        let peer = SocketAddr::from(([192, 168, 1, 20], 50412));
        let pass = self.pass.clone();
        self.runtime.spawn((self.door)(Arrival { peer, pass, protocol: Protocol::V1, socket }));
        wire
    }

    /// Lets the process run for as long.
    fn run(&self, ms: i64) {
        let ms = u64::try_from(ms).unwrap_or(0);
        self.runtime.block_on(async { tokio::time::sleep(Duration::from_millis(ms)).await });
    }
}
