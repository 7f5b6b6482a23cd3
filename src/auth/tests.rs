//! What is promised, over the whole of it.

mod devices;
mod makers;
mod slow_disk;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use tempfile::TempDir;

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

#[tokio::test]
async fn a_code_lets_in_whoever_shows_it_and_a_lost_answer_costs_nothing() {
    let (mut world, _) = World::decided(Mode::Paired).await;
    let code = world.code(Role::Camera, 1);
    let digits = code.digits.clone().unwrap();
    let one = world.redeem(digits.reveal(), 1, HERE).await.unwrap();
    // The answer was lost: the same claim again, for the same entry.
    let two = world.redeem(digits.reveal(), 1, HERE).await.unwrap();
    assert_eq!(one.pass.who(), two.pass.who());
    assert!(world.access.by_cookie(one.cookie.reveal(), HERE).is_none());
    let pass = world.access.by_cookie(two.cookie.reveal(), HERE).unwrap();
    assert_eq!((pass.role(), pass.device()), (Some(Role::Camera), Some("device-1")));
    assert!(matches!(world.redeem(digits.reveal(), 2, HERE).await, Err(Refused::Ended)));
    assert!(matches!(world.redeem("nothing", 2, HERE).await, Err(Refused::Wrong)));
    let hello = |key| world.access.by_key("device-1", key);
    assert!(
        matches!(hello(Some("the-key-of-device-1")), Admission::Admitted(pass) if pass.may_publish())
    );
    assert!(matches!(hello(Some("the-key-of-device-2")), Admission::NotPaired));
    assert!(matches!(hello(None), Admission::NotPaired));
    // A revoked device is told so, also after a restart, and its code brings it back to nothing.
    let Who::Browser { id, .. } = pass.who().clone() else { panic!() };
    let applied = world.access.apply(Change::RevokeBrowser { id }).await.unwrap();
    assert!(applied.warning.is_none() && pass.revoked().is_cancelled());
    assert!(matches!(world.redeem(digits.reveal(), 1, HERE).await, Err(Refused::Ended)));
    world.crash();
    assert!(matches!(
        world.access.by_key("device-1", Some("the-key-of-device-1")),
        Admission::Revoked
    ));
    assert!(world.access.by_cookie(two.cookie.reveal(), HERE).is_none());
    // Until it is let in anew.
    let again = world.code(Role::Camera, 1);
    world.redeem(again.secret.reveal(), 1, HERE).await.unwrap();
    assert!(matches!(
        world.access.by_key("device-1", Some("the-key-of-device-1")),
        Admission::Admitted(_)
    ));
}

#[tokio::test]
async fn a_code_is_not_spent_when_nobody_could_be_let_in() {
    let (world, _) = World::decided(Mode::Paired).await;
    let code = world.code(Role::Camera, 1);
    world.fate(&[Fate::FailsLate]);
    let refused = world.redeem(code.secret.reveal(), 1, HERE).await.unwrap_err();
    assert!(matches!(refused, Refused::Error(Error::Storage(_))), "{refused}");
    assert!(matches!(
        world.access.by_key("device-1", Some("the-key-of-device-1")),
        Admission::NotPaired
    ));
    world.redeem(code.secret.reveal(), 2, HERE).await.unwrap();
}

#[tokio::test]
async fn the_first_decision_is_open_until_its_cookie_has_been_shown() {
    let world = World::new();
    assert!(!world.access.everyone().may_publish() && world.access.needs_first_decision());
    let lost = world.access.decide_first(Mode::Network, &claim(1), "Lost", HERE).await.unwrap();
    assert_eq!(world.access.mode(), Mode::Network);
    let first = world.access.decide_first(Mode::Paired, &claim(2), "Desk", HERE).await.unwrap();
    assert!(world.access.by_cookie(lost.cookie.reveal(), HERE).is_none());
    assert!(world.access.by_cookie(first.cookie.reveal(), HERE).unwrap().is_admin());
    assert!(!world.access.needs_first_decision());
    let late = world.access.decide_first(Mode::Network, &claim(3), "Late", HERE).await;
    assert!(matches!(late, Err(Refused::NotNow)));
    for claim in ["", "short", &"=".repeat(43)] {
        let refused = world.access.decide_first(Mode::Paired, claim, "x", HERE).await;
        assert!(matches!(refused, Err(Refused::BadClaim)), "{claim}");
    }
}

#[tokio::test]
async fn a_stricter_mode_ends_what_everyone_had() {
    let (world, _) = World::decided(Mode::Network).await;
    let everyone = world.access.everyone();
    assert!(everyone.may_publish() && everyone.watches_all() && !everyone.is_admin());
    assert!(matches!(world.access.by_key("device-9", None), Admission::Admitted(_)));
    let camera = world.redeem(world.code(Role::Camera, 1).secret.reveal(), 1, HERE).await.unwrap();
    assert!(camera.pass.watches_all());
    world.fate(&[Fate::Fails]);
    let applied = world.access.apply(Change::SetMode { mode: Mode::Paired }).await.unwrap();
    assert!(applied.warning.unwrap().contains("restart"));
    assert!(everyone.revoked().is_cancelled() && camera.pass.revoked().is_cancelled());
    assert!(!world.access.everyone().may_publish());
    assert!(matches!(world.access.by_key("device-9", None), Admission::NotPaired));
    // Laxer only once it is written.
    world.fate(&[Fate::FailsLate]);
    world.access.apply(Change::SetMode { mode: Mode::Network }).await.unwrap_err();
    assert_eq!(world.access.mode(), Mode::Paired);
    world.access.close().await;
    assert_eq!(world.disk.store.load().unwrap().mode, Mode::Paired);
}

#[tokio::test]
async fn rights_of_a_users_browsers_are_the_users() {
    let (world, _) = World::decided(Mode::Paired).await;
    let add = Change::AddUser {
        name: "Ana".to_owned(),
        role: Role::Viewer,
        scope: Scope::All,
        password: Some("correct horse".to_owned().into()),
    };
    world.access.apply(add).await.unwrap();
    let sign_in = async |password: &str| {
        let password = Password::from(password.to_owned());
        world.access.sign_in(" ana", &password, &claim(5), "Phone", HERE).await
    };
    assert!(matches!(sign_in("wrong").await, Err(Refused::Wrong)));
    let in_as_ana = sign_in("correct horse").await.unwrap();
    assert!(in_as_ana.pass.may_watch("door", None) && !in_as_ana.pass.may_publish());
    let id = world.access.people().users[0].id.clone();
    let door = Scope::Only(BTreeSet::from(["door".to_owned()]));
    let name = "Ana".to_owned();
    let change = Change::AlterUser { id: id.clone(), name, role: Role::Viewer, scope: door };
    world.access.apply(change).await.unwrap();
    assert!(in_as_ana.pass.revoked().is_cancelled());
    let pass = world.access.by_cookie(in_as_ana.cookie.reveal(), HERE).unwrap();
    assert!(pass.may_watch("door", None) && !pass.may_watch("hall", None));
    world.access.apply(Change::RemoveUser { id }).await.unwrap();
    assert!(pass.revoked().is_cancelled());
    assert!(world.access.by_cookie(in_as_ana.cookie.reveal(), HERE).is_none());
    assert!(matches!(sign_in("correct horse").await, Err(Refused::Wrong)));
}

#[tokio::test]
async fn the_last_admin_stays_unless_the_owner_says_so() {
    let (world, first) = World::decided(Mode::Paired).await;
    let Who::Browser { id, .. } = first.pass.who().clone() else { panic!() };
    let revoke = Change::RevokeBrowser { id: id.clone() };
    let refused = |outcome: Result<Applied, Error>| matches!(outcome, Err(Error::LastAdmin));
    assert!(refused(world.access.apply(revoke.clone()).await));
    let name = "Desk".to_owned();
    let demote = Change::AlterBrowser { id, name, role: Role::Viewer, scope: Scope::All };
    assert!(refused(world.access.apply(demote).await));
    assert!(matches!(world.access.sign_out(&first.pass).await, Err(Error::LastAdmin)));
    assert!(!first.pass.revoked().is_cancelled());
    world.access.apply_as_owner(revoke).await.unwrap();
    assert!(first.pass.revoked().is_cancelled() && world.access.people().browsers.is_empty());
}

#[tokio::test]
async fn what_has_ended_says_so() {
    let (world, _) = World::decided(Mode::Paired).await;
    let added = world.access.apply(token("ci", Some(1))).await.unwrap().secret.unwrap();
    let pass = world.access.by_token(added.reveal()).unwrap();
    let now_us = clock::now_us();
    clock::simulate(Some(now_us + 25 * 3600 * 1_000_000));
    let ended = world.access.by_token(added.reveal()).unwrap_err();
    world.access.end_what_is_over();
    assert!(ended == TokenRefused::Ended && pass.revoked().is_cancelled());
    // A clock that was wrong, and is set back, has locked nobody out.
    clock::simulate(Some(now_us - 3600 * 1_000_000));
    assert!(world.access.by_token(added.reveal()).is_ok());
    clock::simulate(None);
    let unknown = world.access.by_token("lct_x").unwrap_err();
    assert_eq!(unknown, TokenRefused::Unknown);
}

#[tokio::test(start_paused = true)]
async fn codes_end_by_a_clock_that_nobody_sets() {
    let (world, _) = World::decided(Mode::Paired).await;
    let code = world.code(Role::Camera, 2);
    clock::simulate(Some(clock::now_us() - 365 * 24 * 3600 * 1_000_000));
    tokio::time::advance(std::time::Duration::from_secs(601)).await;
    let refused = world.redeem(code.secret.reveal(), 1, HERE).await;
    clock::simulate(None);
    assert!(matches!(refused, Err(Refused::Ended)));
    assert!(world.access.people().codes.is_empty());
}

#[tokio::test]
async fn many_guesses_at_once_are_no_more_guesses() {
    let (world, _) = World::decided(Mode::Paired).await;
    let code = world.code(Role::Camera, 1);
    let digits = code.digits.unwrap();
    let wrong = if digits.reveal() == "000000" { "000001" } else { "000000" };
    let guesses = (0..64).map(|number| world.redeem(wrong, number, HERE));
    let outcomes = futures_util::future::join_all(guesses).await;
    let judged = outcomes.iter().filter(|o| matches!(o, Err(Refused::Wrong))).count();
    assert_eq!(judged, 10);
    // The right digits wait as well; the long secret does not, nor do others.
    let paused = world.redeem(digits.reveal(), 1, HERE).await;
    assert!(matches!(paused, Err(Refused::TooMany { retry_after_s: 1..=600 })));
    let access = &world.access;
    let sentence = paused.unwrap_err().to_string();
    assert!(sentence.contains("QR code"), "{sentence}");
    let passwords = (0..64).map(|number| {
        let (claim, password) = (claim(number), Password::from("x".to_owned()));
        async move { access.sign_in("nobody", &password, &claim, "x", HERE).await }
    });
    let outcomes = futures_util::future::join_all(passwords).await;
    assert_eq!(outcomes.iter().filter(|o| matches!(o, Err(Refused::Wrong))).count(), 10);
    // Who has a password only is not sent to what lets in others.
    let waits = outcomes.into_iter().filter_map(Result::err).map(|error| error.to_string());
    assert_eq!(waits.filter(|text| text.contains("s, or ask an admin")).count(), 54);
    world.redeem(code.secret.reveal(), 1, HERE).await.unwrap();
}

#[tokio::test]
async fn no_secret_is_shown() {
    let (world, first) = World::decided(Mode::Paired).await;
    let code = world.code(Role::Camera, 1);
    let password = Password::from("correct horse".to_owned());
    let change = Change::AddUser {
        name: "Ana".to_owned(),
        role: Role::Viewer,
        scope: Scope::All,
        password: Some(password.clone()),
    };
    let shown = format!("{change:?} {password:?} {first:?} {code:?}");
    world.access.apply(change).await.unwrap();
    let applied = world.access.apply(token("ci", None)).await.unwrap();
    let shown = format!("{shown} {applied:?} {:?} {:?}", world.access, world.access.people());
    let people = serde_json::to_string(&world.access.people()).unwrap();
    let stored = std::fs::read_to_string(world.folder.path().join(FILE)).unwrap();
    let hash = Hash::of(first.cookie.reveal());
    let hash = serde_json::to_string(&hash).unwrap();
    assert!(stored.contains(&hash) && stored.contains("$argon2id$v=19$m=19456,t=2,p=1$"));
    for text in [&shown, &people] {
        assert!(!text.contains("argon2id$") && !text.contains(hash.trim_matches('"')));
    }
    assert_eq!(format!("{:?}", code.digits), "Some(Secret(…))");
    let secrets = [first.cookie, code.secret, applied.secret.unwrap()];
    for secret in secrets.iter().map(Secret::reveal).chain(["correct horse"]) {
        assert!(!shown.contains(secret) && !people.contains(secret) && !stored.contains(secret));
    }
    let mode = std::fs::metadata(world.folder.path().join(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn open_lets_everyone_do_everything() {
    let folder = tempfile::tempdir().unwrap();
    let access = Access::load(folder.path(), true).unwrap();
    assert!(access.everyone().is_admin() && !access.needs_first_decision());
    assert!(
        matches!(access.by_key("device-1", None), Admission::Admitted(pass) if pass.is_admin())
    );
    assert_eq!((access.mode(), access.people().mode), (Mode::Open, Mode::Open));
    // A file that is broken opens nothing.
    std::fs::write(folder.path().join(FILE), "{\"v\":1,\"mode\":\"open\"").unwrap();
    let access = Access::load(folder.path(), false).unwrap();
    assert_eq!(access.mode(), Mode::Undecided);
    assert!(!access.everyone().may_publish());
    assert!(folder.path().join("access.json.broken").exists());
    std::fs::write(folder.path().join(FILE), "{\"v\":2}").unwrap();
    let refused = Access::load(folder.path(), false).unwrap_err().to_string();
    assert!(refused.contains("newer version"), "{refused}");
}

#[derive(Debug, Clone)]
enum Step {
    Add,
    Revoke(prop::sample::Index),
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<(Step, Fate)>> {
    let step = prop_oneof![
        3 => Just(Step::Add),
        3 => any::<prop::sample::Index>().prop_map(Step::Revoke),
        1 => Just(Step::Crash),
    ];
    let fate =
        prop_oneof![3 => Just(Fate::Good), 1 => Just(Fate::Fails), 1 => Just(Fate::FailsLate)];
    prop::collection::vec((step, fate), 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_was_taken_stays_taken_and_what_was_given_was_written(steps in steps()) {
        run(async {
            let mut world = World::new();
            // By id: the token, whether it is in, and whether its end could be written.
            let mut tokens: BTreeMap<String, (String, bool, bool)> = BTreeMap::new();
            for (step, fate) in steps {
                world.fate(&[fate]);
                match step {
                    Step::Add => match world.access.apply(token("t", None)).await {
                        Ok(applied) => {
                            let Some(Entry::Token(entry)) = applied.entry else { panic!() };
                            let text = applied.secret.unwrap().reveal().to_owned();
                            tokens.insert(entry.id, (text, true, false));
                        }
                        Err(error) => assert!(fate != Fate::Good, "{error}"),
                    },
                    Step::Revoke(index) => {
                        let there: Vec<String> =
                            tokens.iter().filter(|(_, t)| t.1).map(|(id, _)| id.clone()).collect();
                        if there.is_empty() { continue }
                        let id = index.get(&there).clone();
                        let pass = world.access.by_token(&tokens[&id].0).unwrap();
                        let applied = world.access.apply(Change::RevokeToken { id: id.clone() }).await;
                        let warned = applied.unwrap().warning.is_some();
                        assert_eq!(warned, fate != Fate::Good);
                        assert!(pass.revoked().is_cancelled());
                        let known = tokens.get_mut(&id).unwrap();
                        (known.1, known.2) = (false, !warned);
                    }
                    Step::Crash => {
                        world.crash();
                        // Of what could not be written a restart may bring back something.
                        for (text, is_in, is_gone) in tokens.values_mut() {
                            let passes = world.access.by_token(text).is_ok();
                            assert!(passes || !*is_in, "given, and lost");
                            assert!(!passes || !*is_gone, "taken, and back");
                            *is_in = passes;
                        }
                    }
                }
                for (text, is_in, _) in tokens.values() {
                    assert_eq!(world.access.by_token(text).is_ok(), *is_in);
                }
                // Nobody is in of whom nobody was told.
                let known = world.access.people().tokens;
                assert!(known.iter().all(|t| tokens.get(&t.id).is_none_or(|t| t.1)));
            }
            // What could not be written is, once the disk is good again.
            world.fate(&[]);
            world.access.close().await;
            let held = world.access.people().tokens;
            world.crash();
            assert_eq!(world.access.people().tokens.len(), held.len());
            for (text, is_in, _) in tokens.values() {
                assert_eq!(world.access.by_token(text).is_ok(), *is_in);
            }
        });
    }

    #[test]
    fn a_code_is_spent_as_often_as_it_may_be(
        uses in 1_u32..5,
        shows in prop::collection::vec((0_u8..8, prop::bool::weighted(0.3)), 1..40),
    ) {
        run(async {
            let (world, _) = World::decided(Mode::Paired).await;
            let code = world.code(Role::Camera, uses);
            let mut let_in = BTreeSet::new();
            for (number, fails) in shows {
                let number = number + 1;
                world.fate(if fails { &[Fate::Fails] } else { &[] });
                let outcome = world.redeem(code.secret.reveal(), number, HERE).await;
                let may = let_in.contains(&number) || let_in.len() < uses as usize;
                match outcome {
                    Ok(_) => { assert!(may && !fails); let_in.insert(number); }
                    Err(Refused::Ended) => assert!(!may),
                    Err(error) => assert!(may && fails, "{error}"),
                }
            }
            assert!(let_in.len() <= uses as usize);
            assert_eq!(world.access.people().browsers.len(), 1 + let_in.len());
        });
    }

    #[test]
    fn failures_are_counted_within_bounds(
        tries in prop::collection::vec((0_u16..40, 0_u64..60_000), 1..400),
    ) {
        let mut attempts = Attempts::of_digits();
        let (mut now_ms, mut judged) = (0_u64, Vec::<(u64, u16)>::new());
        for (network, pause_ms) in tries {
            now_ms += pause_ms;
            // Each comes from another address of its network.
            let from = IpAddr::from([0xfd00, 0, 0, network, 0, 0, 1, now_ms as u16]);
            let recent = judged.iter().filter(|(at_ms, _)| at_ms + 600_000 > now_ms);
            let of_one = recent.clone().filter(|(_, other)| *other == network).count();
            let is_free = of_one < 10 && recent.count() < 100;
            prop_assert_eq!(attempts.check(from, now_ms).is_ok(), is_free);
            if is_free {
                attempts.fail(from, now_ms);
                judged.push((now_ms, network));
            }
        }
    }
}

/// Somebody who has heard or copied the request would have the cookie of whoever is in.
#[tokio::test]
async fn a_claim_is_worth_nothing_once_its_cookie_was_shown() {
    let (world, _) = World::decided(Mode::Paired).await;
    let code = world.code(Role::Camera, 1);
    let first = world.redeem(code.secret.reveal(), 1, HERE).await.unwrap();
    let again = world.redeem(code.secret.reveal(), 1, HERE).await.unwrap();
    assert!(world.access.by_cookie(first.cookie.reveal(), HERE).is_none());
    assert!(world.access.by_cookie(again.cookie.reveal(), HERE).is_some());
    let late = world.redeem(code.secret.reveal(), 1, HERE).await;
    assert!(matches!(late, Err(Refused::Ended)));
    assert!(world.access.by_cookie(again.cookie.reveal(), HERE).is_some());
}

/// On a computer without a screen the first admin comes by a link, and never decides anything.
#[tokio::test]
async fn an_admin_who_came_by_a_link_closes_the_first_decision() {
    let world = World::new();
    let link = world.code(Role::Admin, 1);
    let admin = world.redeem(link.secret.reveal(), 1, HERE).await.unwrap();
    assert!(world.access.needs_first_decision());
    world.access.by_cookie(admin.cookie.reveal(), HERE).unwrap();
    let late = world.access.decide_first(Mode::Network, &claim(7), "Desk", HERE).await;
    assert!(matches!(late, Err(Refused::NotNow)));
    assert_eq!(world.access.mode(), Mode::Paired);
    // What the terminal has shown ends with the decision.
    let decided = World::new();
    let shown = decided.code(Role::Admin, 1);
    decided.access.decide_first(Mode::Paired, &claim(7), "Desk", HERE).await.unwrap();
    let late = decided.redeem(shown.secret.reveal(), 1, HERE).await;
    assert!(matches!(late, Err(Refused::Wrong | Refused::Ended)));
}

/// Everybody on a home's network has an address of the same link-local network.
#[tokio::test]
async fn who_guesses_keeps_nobody_else_from_signing_in() {
    let at = |host: u16| IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, host]);
    let mut attempts = Attempts::of_passwords();
    for _ in 0..10 {
        attempts.fail(at(1), 0);
    }
    assert!(attempts.check(at(1), 0).is_err() && attempts.check(at(2), 0).is_ok());
    for host in 3..30 {
        for _ in 0..10 {
            attempts.fail(at(host), 0);
        }
    }
    assert!(attempts.check(at(2), 0).is_ok());
    let home = |host: u16| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, host]);
    let mut attempts = Attempts::of_digits();
    for host in 0..10 {
        attempts.fail(home(host), 0);
    }
    assert!(attempts.check(home(77), 0).is_err());
}
