//! Codes that let browsers in.

use proptest::prelude::*;

use super::*;

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
    let applied = world.access.change(Change::RevokeBrowser { id }).await.unwrap();
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

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
}
