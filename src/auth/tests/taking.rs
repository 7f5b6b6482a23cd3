//! What is given and what is taken, on a disk that fails.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[tokio::test]
async fn a_stricter_mode_ends_what_everyone_had() {
    let (world, _) = World::decided(Mode::Network).await;
    let everyone = world.access.everyone();
    assert!(everyone.may_publish() && everyone.watches_all() && !everyone.is_admin());
    assert!(matches!(world.access.by_key("device-9", None), Admission::Admitted(_)));
    let camera = world.redeem(world.code(Role::Camera, 1).secret.reveal(), 1, HERE).await.unwrap();
    assert!(camera.pass.watches_all());
    world.fate(&[Fate::Fails]);
    let applied = world.access.change(Change::SetMode { mode: Mode::Paired }).await.unwrap();
    assert!(applied.warning.unwrap().contains("restart"));
    assert!(everyone.revoked().is_cancelled() && camera.pass.revoked().is_cancelled());
    assert!(!world.access.everyone().may_publish());
    assert!(matches!(world.access.by_key("device-9", None), Admission::NotPaired));
    // Laxer only once it is written.
    world.fate(&[Fate::FailsLate]);
    world.access.change(Change::SetMode { mode: Mode::Network }).await.unwrap_err();
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
    world.access.change(add).await.unwrap();
    let sign_in = async |password: &str| {
        let password = Password::from(password.to_owned());
        world.access.sign_in(" ana", &password, &claim(5), "Phone", HERE).await
    };
    assert!(matches!(sign_in("wrong").await, Err(Refused::WrongPassword)));
    let in_as_ana = sign_in("correct horse").await.unwrap();
    assert!(in_as_ana.pass.may_watch("door", None) && !in_as_ana.pass.may_publish());
    let id = world.access.people().users[0].id.clone();
    let door = Scope::Only(BTreeSet::from(["door".to_owned()]));
    let name = "Ana".to_owned();
    let change = Change::AlterUser { id: id.clone(), name, role: Role::Viewer, scope: door };
    world.access.change(change).await.unwrap();
    assert!(in_as_ana.pass.revoked().is_cancelled());
    let pass = world.access.by_cookie(in_as_ana.cookie.reveal(), HERE).unwrap();
    assert!(pass.may_watch("door", None) && !pass.may_watch("hall", None));
    world.access.change(Change::RemoveUser { id }).await.unwrap();
    assert!(pass.revoked().is_cancelled());
    assert!(world.access.by_cookie(in_as_ana.cookie.reveal(), HERE).is_none());
    assert!(matches!(sign_in("correct horse").await, Err(Refused::WrongPassword)));
}

#[tokio::test]
async fn the_last_admin_stays_unless_the_owner_says_so() {
    let (world, first) = World::decided(Mode::Paired).await;
    let Who::Browser { id, .. } = first.pass.who().clone() else { panic!() };
    let revoke = Change::RevokeBrowser { id: id.clone() };
    let refused = |outcome: Result<Applied, Error>| matches!(outcome, Err(Error::LastAdmin));
    assert!(refused(world.access.change(revoke.clone()).await));
    let name = "Desk".to_owned();
    let demote = Change::AlterBrowser { id, name, role: Role::Viewer, scope: Scope::All };
    assert!(refused(world.access.change(demote).await));
    assert!(matches!(world.access.sign_out(&first.pass).await, Err(Error::LastAdmin)));
    assert!(!first.pass.revoked().is_cancelled());
    world.access.apply_as_owner(revoke).await.unwrap();
    assert!(first.pass.revoked().is_cancelled() && world.access.people().browsers.is_empty());
}

#[tokio::test]
async fn what_has_ended_says_so() {
    let (world, _) = World::decided(Mode::Paired).await;
    let added = world.access.change(token("ci", Some(1))).await.unwrap().secret.unwrap();
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
            for (number, (step, fate)) in steps.into_iter().enumerate() {
                world.fate(&[fate]);
                match step {
                    Step::Add => match world.access.change(token(&format!("t-{number}"), None)).await {
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
                        let applied = world.access.change(Change::RevokeToken { id: id.clone() }).await;
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
}
