//! What is promised, over the whole of it.

mod codes;
mod devices;
mod first;
mod guesses;
mod makers;
mod secrets;
mod slow_disk;
mod taking;

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr};

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::saving::By;
use super::store::FILE;
use super::*;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What happens to a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Good,
    /// Nothing is written.
    Fails,
    /// The new file has its name, but the folder could not be synced.
    FailsLate,
}

#[derive(Debug)]
struct Faulty {
    store: Store,
    fates: Mutex<VecDeque<Fate>>,
}

impl Disk for Faulty {
    fn replace(&self, text: &str) -> io::Result<()> {
        let fate = self.fates.lock().unwrap().pop_front().unwrap_or(Fate::Good);
        if fate != Fate::Fails {
            self.store.replace(text)?;
        }
        match fate {
            Fate::Good => Ok(()),
            _ => Err(io::Error::other("no space")),
        }
    }
}

/// A state folder, and the server that has it.
struct World {
    folder: TempDir,
    disk: Arc<Faulty>,
    access: Access,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned());
        let disk = Arc::new(Faulty { store, fates: Mutex::default() });
        let access = Access::new(Book::default(), Arc::clone(&disk) as Arc<dyn Disk>, false);
        Self { folder, disk, access }
    }

    fn fate(&self, fates: &[Fate]) {
        *self.disk.fates.lock().unwrap() = fates.iter().copied().collect();
    }

    /// The server is killed and started again.
    fn crash(&mut self) {
        let book = self.disk.store.load().unwrap();
        self.access = Access::new(book, Arc::clone(&self.disk) as Arc<dyn Disk>, false);
    }

    async fn decided(mode: Mode) -> (Self, LetIn) {
        let world = Self::new();
        let first = world.access.decide_first(mode, &claim(0), "Desk", HERE).await.unwrap();
        world.access.by_cookie(first.cookie.reveal(), HERE).unwrap();
        (world, first)
    }

    fn code(&self, role: Role, uses: u32) -> Code {
        let new = NewCode { role, scope: Scope::All, user: None, uses, minutes: 10 };
        self.access.new_code(new, None).unwrap()
    }

    async fn redeem(&self, code: &str, number: u8, from: IpAddr) -> Result<LetIn, Refused> {
        let redeem = Redeem {
            code: code.to_owned().into(),
            claim: claim(number).into(),
            name: format!("Tablet {number}"),
            device: Some((
                format!("device-{number}"),
                format!("the-key-of-device-{number}").into(),
            )),
            is_anothers: false,
            from,
        };
        self.access.redeem(redeem).await
    }
}

impl Access {
    /// For an admin who stays one.
    async fn change(&self, change: Change) -> Result<Applied, Error> {
        self.apply_by(change, By::Admin(CancellationToken::new())).await
    }
}

/// A page's claim.
fn claim(number: u8) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode([number; 32])
}

fn token(name: &str, days: Option<u32>) -> Change {
    let name = name.to_owned();
    Change::AddToken { name, role: Role::Camera, scope: Scope::All, days }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
