//! A disk that does not answer, or late.

use std::sync::Condvar;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::advance;

use super::*;

/// Each write waits for a leave of its own.
#[derive(Debug)]
pub(super) struct Held {
    store: Store,
    leaves: Mutex<usize>,
    leave: Condvar,
    /// So many of the next writes fail.
    failing: AtomicUsize,
    inside: AtomicUsize,
    most_inside: AtomicUsize,
    entered: Notify,
}

/// Leaves for a test's remaining writes.
const ALL: usize = 1_000;

impl Held {
    fn release(&self, writes: usize) {
        *self.leaves.lock().unwrap() += writes;
        self.leave.notify_all();
    }
}

impl Disk for Held {
    fn replace(&self, text: &str) -> io::Result<()> {
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_inside.fetch_max(inside, Ordering::SeqCst);
        self.entered.notify_one();
        let leaves = self.leaves.lock().unwrap();
        let mut leaves = self.leave.wait_while(leaves, |leaves| *leaves == 0).unwrap();
        *leaves -= 1;
        drop(leaves);
        let one_less = |failing: usize| failing.checked_sub(1);
        let fails = self.failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok();
        let replaced =
            if fails { Err(io::Error::other("broken")) } else { self.store.replace(text) };
        self.inside.fetch_sub(1, Ordering::SeqCst);
        replaced
    }
}

/// Releases whoever still waits, so that a test that fails ends.
struct Slow {
    disk: Arc<Held>,
    access: Access,
    _folder: TempDir,
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.disk.release(ALL);
    }
}

impl Slow {
    /// One on which an admin has decided, whose disk stops from now on.
    async fn decided() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(Held {
            store: Store::new(folder.path().to_owned()),
            leaves: Mutex::new(1),
            leave: Condvar::new(),
            failing: AtomicUsize::new(0),
            inside: AtomicUsize::new(0),
            most_inside: AtomicUsize::new(0),
            entered: Notify::new(),
        });
        let access = Access::new(Book::default(), Arc::clone(&disk) as Arc<dyn Disk>, false);
        let first = access.decide_first(Mode::Paired, &claim(0), "Desk", HERE).await.unwrap();
        access.by_cookie(first.cookie.reveal(), HERE).unwrap();
        disk.entered.notified().await;
        let slow = Self { disk, access, _folder: folder };
        slow.flush(1).await;
        slow
    }

    /// Writes what waits.
    async fn flush(&self, writes: usize) {
        self.disk.release(writes);
        self.access.close().await;
        *self.disk.leaves.lock().unwrap() = 0;
        // Of the writes that nobody has waited for.
        let _ = tokio::time::timeout(Duration::ZERO, self.disk.entered.notified()).await;
    }

    /// A change that has come as far as the disk.
    async fn begun(&self, change: Change) -> JoinHandle<Result<Applied, Error>> {
        let access = self.access.clone();
        let making = tokio::spawn(async move { access.change(change).await });
        self.disk.entered.notified().await;
        making
    }

    async fn add(&self, change: Change) -> (String, Option<Secret>) {
        self.disk.release(1);
        let applied = self.begun(change).await.await.unwrap().unwrap();
        let id = match applied.entry.unwrap() {
            Entry::User(user) => user.id,
            Entry::Token(token) => token.id,
            Entry::Browser(_) | Entry::Link(_) => panic!(),
        };
        (id, applied.secret)
    }

    fn stored(&self) -> Book {
        self.disk.store.load().unwrap()
    }
}

const fn mode(mode: Mode) -> Change {
    Change::SetMode { mode }
}

async fn past_patience() {
    advance(Duration::from_secs(11)).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_answered_as_not_given_is_not_given_later() {
    let slow = Slow::decided().await;
    let network = slow.begun(mode(Mode::Network)).await;
    past_patience().await;
    assert!(matches!(network.await.unwrap(), Err(Error::Storage(_))));
    // To be sure; there is nothing to do.
    assert!(slow.access.change(mode(Mode::Paired)).await.unwrap().warning.is_none());
    slow.flush(ALL).await;
    assert_eq!((slow.access.mode(), slow.stored().mode), (Mode::Paired, Mode::Paired));
}

#[tokio::test(start_paused = true)]
async fn what_waits_behind_a_slow_write_is_not_begun_after_its_answer() {
    let slow = Slow::decided().await;
    let first = slow.begun(token("first", None)).await;
    let access = slow.access.clone();
    let second = tokio::spawn(async move { access.change(token("second", None)).await });
    tokio::task::yield_now().await;
    past_patience().await;
    assert!(matches!(first.await.unwrap(), Err(Error::Storage(_))));
    assert!(matches!(second.await.unwrap(), Err(Error::Storage(_))));
    slow.flush(ALL).await;
    assert!(slow.access.people().tokens.is_empty() && slow.stored().tokens.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_is_answered_as_taken_also_without_the_disk() {
    let slow = Slow::decided().await;
    let (id, secret) = slow.add(token("ci", None)).await;
    let pass = slow.access.by_token(secret.unwrap().reveal()).unwrap();
    let revoking = slow.begun(Change::RevokeToken { id }).await;
    assert!(pass.revoked().is_cancelled());
    past_patience().await;
    let warning = revoking.await.unwrap().unwrap().warning.unwrap();
    assert!(warning.contains("does not answer") && warning.contains("restart"), "{warning}");
    slow.flush(ALL).await;
    assert!(slow.stored().tokens.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_change_that_takes_and_gives_says_which_of_it_holds() {
    let slow = Slow::decided().await;
    let user = |role| ("Ana".to_owned(), role, Scope::All);
    let (name, role, scope) = user(Role::Viewer);
    let (id, _) = slow.add(Change::AddUser { name, role, scope, password: None }).await;
    // A camera may not watch what a viewer may, nor a viewer record.
    let (name, role, scope) = user(Role::Camera);
    let altering = slow.begun(Change::AlterUser { id, name, role, scope }).await;
    past_patience().await;
    let error = altering.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::OnlyTaken(_)), "{error}");
    assert_eq!(slow.access.people().users[0].scope, Scope::nothing());
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_is_over_while_the_disk_does_not_answer() {
    let slow = Slow::decided().await;
    let (_, secret) = slow.add(token("ci", Some(1))).await;
    let pass = slow.access.by_token(secret.unwrap().reveal()).unwrap();
    let keeper = slow.access.clone();
    let keeping = tokio::spawn(async move { keeper.keep().await });
    slow.access.lock().unwritten.add();
    slow.access.shared.wake.notify_one();
    slow.disk.entered.notified().await;
    clock::simulate(Some(clock::now_us() + 25 * 3600 * 1_000_000));
    let mut looks = 0;
    while !pass.revoked().is_cancelled() && looks < 100 {
        advance(Duration::from_millis(100)).await;
        looks += 1;
    }
    clock::simulate(None);
    keeping.abort();
    assert!(looks <= 20, "after {looks} tenths of a second");
}

#[tokio::test(start_paused = true)]
async fn nobody_writes_beside_a_keeper_that_was_stopped_in_the_middle() {
    let slow = Slow::decided().await;
    let keeper = slow.access.clone();
    let keeping = tokio::spawn(async move { keeper.keep().await });
    let revoking = slow.begun(token("ci", None)).await;
    slow.disk.release(1);
    let applied = revoking.await.unwrap().unwrap();
    let Some(Entry::Token(entry)) = applied.entry else { panic!() };
    slow.access.lock().unwritten.add();
    slow.access.shared.wake.notify_one();
    slow.disk.entered.notified().await;
    keeping.abort();
    assert!(keeping.await.unwrap_err().is_cancelled());
    let revoking = {
        let access = slow.access.clone();
        let change = Change::RevokeToken { id: entry.id };
        tokio::spawn(async move { access.change(change).await })
    };
    let access = slow.access.clone();
    let closing = tokio::spawn(async move { access.close().await });
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(!closing.is_finished(), "the file does not hold what it should");
    slow.disk.release(ALL);
    closing.await.unwrap();
    revoking.await.unwrap().unwrap();
    assert_eq!(slow.disk.most_inside.load(Ordering::SeqCst), 1);
    assert_eq!(slow.stored(), slow.access.lock().book);
}

#[tokio::test(start_paused = true)]
async fn what_a_stopped_keeper_did_not_come_to_write_is_written_at_the_end() {
    let slow = Slow::decided().await;
    slow.add(token("ci", None)).await;
    let keeper = slow.access.clone();
    let keeping = tokio::spawn(async move { keeper.keep().await });
    {
        let mut state = slow.access.lock();
        state.book.tokens.clear();
        state.unwritten.add();
    }
    slow.access.shared.wake.notify_one();
    slow.disk.entered.notified().await;
    keeping.abort();
    assert!(keeping.await.unwrap_err().is_cancelled());
    slow.disk.failing.store(1, Ordering::SeqCst);
    slow.flush(ALL).await;
    assert!(slow.stored().tokens.is_empty());
}

/// The answer is still to come.
#[tokio::test(start_paused = true)]
async fn what_waits_for_the_disk_does_not_beat_what_is_decided_meanwhile() {
    let slow = Slow::decided().await;
    let network = slow.begun(mode(Mode::Network)).await;
    assert!(slow.access.change(mode(Mode::Paired)).await.unwrap().warning.is_none());
    slow.disk.release(1);
    let refused = network.await.unwrap().unwrap_err();
    assert!(matches!(refused, Error::Superseded), "{refused}");
    assert_eq!(slow.access.mode(), Mode::Paired);
    slow.flush(ALL).await;
    assert_eq!(slow.stored().mode, Mode::Paired);
}

#[tokio::test(start_paused = true)]
async fn rights_that_wait_for_the_disk_do_not_beat_narrower_ones() {
    let slow = Slow::decided().await;
    let (name, role, scope) = ("Ana".to_owned(), Role::Viewer, Scope::All);
    let (id, _) = slow.add(Change::AddUser { name, role, scope, password: None }).await;
    let alter =
        |role, scope| Change::AlterUser { id: id.clone(), name: "Ana".to_owned(), role, scope };
    let door = Scope::Only(BTreeSet::from(["door".to_owned()]));
    // A no-op, and one that takes and waits for its turn to be written.
    for (role, scope) in [(Role::Viewer, Scope::All), (Role::Viewer, door)] {
        let mighty = slow.begun(alter(Role::Admin, Scope::All)).await;
        let access = slow.access.clone();
        let change = alter(role, scope.clone());
        let taking = tokio::spawn(async move { access.change(change).await });
        tokio::task::yield_now().await;
        slow.disk.release(ALL);
        let refused = mighty.await.unwrap().unwrap_err();
        assert!(matches!(refused, Error::Superseded), "{refused}");
        taking.await.unwrap().unwrap();
        slow.flush(ALL).await;
        for user in [slow.access.lock().book.users[&id].clone(), slow.stored().users[&id].clone()] {
            assert_eq!((user.rights.role, user.rights.scope), (role, scope.clone()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_disk_is_not_let_in_by_a_code_that_was_ended() {
    let slow = Slow::decided().await;
    let new = NewCode { role: Role::Viewer, scope: Scope::All, user: None, uses: 1, minutes: 10 };
    let code = slow.access.new_code(new, None).unwrap();
    let (access, secret) = (slow.access.clone(), code.secret.clone());
    let claim = claim(1).into();
    let redeem = Redeem {
        code: secret,
        claim,
        name: "Tablet".to_owned(),
        device: None,
        is_anothers: false,
        from: HERE,
    };
    let coming = tokio::spawn(async move { access.redeem(redeem).await });
    slow.disk.entered.notified().await;
    slow.access.end_code(&code.id);
    slow.disk.release(ALL);
    assert!(matches!(coming.await.unwrap(), Err(Refused::Ended)));
    slow.flush(ALL).await;
    assert_eq!((slow.access.people().browsers.len(), slow.stored().browsers.len()), (1, 1));
}

/// The admin changes the password, and looks who is in by the one before.
#[tokio::test(start_paused = true)]
async fn who_waits_for_the_disk_is_not_let_in_by_a_password_that_was_changed() {
    let slow = Slow::decided().await;
    let add = Change::AddUser {
        name: "Ana".to_owned(),
        role: Role::Viewer,
        scope: Scope::All,
        password: Some("correct horse".to_owned().into()),
    };
    let (id, _) = slow.add(add).await;
    let access = slow.access.clone();
    let coming = tokio::spawn(async move {
        let password = Password::from("correct horse".to_owned());
        access.sign_in("ana", &password, &claim(1), "Phone", HERE).await
    });
    slow.disk.entered.notified().await;
    let access = slow.access.clone();
    let change = Change::SetPassword { id, password: None };
    let changing = tokio::spawn(async move { access.change(change).await });
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    slow.disk.release(ALL);
    assert!(matches!(coming.await.unwrap(), Err(Refused::WrongPassword)));
    changing.await.unwrap().unwrap();
}

/// There could always be something that waits.
#[tokio::test(start_paused = true)]
async fn what_waits_for_the_disk_is_not_given_by_whoever_is_sent_away() {
    let slow = Slow::decided().await;
    let (name, role, scope) = ("mighty".to_owned(), Role::Admin, Scope::All);
    let (id, secret) = slow.add(Change::AddToken { name, role, scope, days: None }).await;
    let pass = slow.access.by_token(secret.unwrap().reveal()).unwrap();
    let (access, by) = (slow.access.clone(), pass.clone());
    let giving = tokio::spawn(async move { access.apply(token("back", None), &by).await });
    slow.disk.entered.notified().await;
    let access = slow.access.clone();
    let taking = tokio::spawn(async move { access.change(Change::RevokeToken { id }).await });
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    slow.disk.release(ALL);
    let refused = giving.await.unwrap().unwrap_err();
    assert!(matches!(refused, Error::SentAway), "{refused}");
    taking.await.unwrap().unwrap();
    let code = NewCode { role: Role::Admin, scope: Scope::All, user: None, uses: 1, minutes: 10 };
    assert!(matches!(slow.access.new_code(code, Some(&pass)), Err(Error::SentAway)));
    assert!(matches!(slow.access.apply(token("back", None), &pass).await, Err(Error::SentAway)));
    slow.flush(ALL).await;
    assert!(slow.access.people().tokens.is_empty() && slow.stored().tokens.is_empty());
}
