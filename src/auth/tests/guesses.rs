//! Attempts, counted.

use proptest::prelude::*;

use super::*;

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
    let wrong = outcomes.iter().filter_map(|o| o.as_ref().err());
    let wrong: Vec<_> = wrong.filter(|e| matches!(e, Refused::WrongPassword)).collect();
    assert_eq!(wrong.len(), 10);
    // Nor to codes.
    let sentence = wrong[0].to_string();
    assert!(sentence.contains("password") && !sentence.contains("code"), "{sentence}");
    // Who has a password only is not sent to what lets in others.
    let waits = outcomes.into_iter().filter_map(Result::err).map(|error| error.to_string());
    assert_eq!(waits.filter(|text| text.contains("s, or ask an admin")).count(), 54);
    world.redeem(code.secret.reveal(), 1, HERE).await.unwrap();
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

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
