//! Whose a device's id is.

use super::*;

fn redeem(code: &Code, device: (&str, &str), is_anothers: bool) -> Redeem {
    Redeem {
        code: code.secret.clone(),
        claim: claim(9).into(),
        name: "Tablet".to_owned(),
        device: Some((device.0.to_owned(), device.1.to_owned().into())),
        is_anothers,
        from: HERE,
    }
}

const KEY: &str = "a-key-of-the-device";

#[tokio::test]
async fn an_id_that_is_known_with_another_key_is_not_taken_and_costs_no_code() {
    let (world, _) = World::decided(Mode::Paired).await;
    let code = world.code(Role::Camera, 1);
    let refused = world.access.redeem(redeem(&code, ("device-7", KEY), true)).await;
    assert!(matches!(refused, Err(Refused::Error(Error::NotYours))));
    assert!(!world.access.knows_device("device-7"));
    // Who has no code does not learn that.
    let none =
        Redeem { code: "nothing".to_owned().into(), ..redeem(&code, ("device-7", KEY), true) };
    assert!(matches!(world.access.redeem(none).await, Err(Refused::Wrong)));
    let own = world.access.redeem(redeem(&code, ("device-7", KEY), false)).await.unwrap();
    assert_eq!(own.pass.device(), Some("device-7"));
}

#[tokio::test]
async fn an_id_that_was_taken_off_is_still_its_keys() {
    let (world, _) = World::decided(Mode::Paired).await;
    let code = world.code(Role::Camera, 3);
    let own = world.access.redeem(redeem(&code, ("device-7", KEY), false)).await.unwrap();
    let Who::Browser { id, .. } = own.pass.who().clone() else { panic!() };
    world.access.change(Change::RevokeBrowser { id }).await.unwrap();
    let code = world.code(Role::Camera, 1);
    let other = redeem(&code, ("device-7", "another-key-of-it"), false);
    let refused = world.access.redeem(other).await;
    assert!(matches!(refused, Err(Refused::Error(Error::NotYours))));
    world.access.redeem(redeem(&code, ("device-7", KEY), false)).await.unwrap();
}

#[tokio::test]
async fn what_is_no_devices_id_or_key_is_not_kept() {
    let (world, _) = World::decided(Mode::Paired).await;
    let code = world.code(Role::Camera, 1);
    for device in [("", ""), ("device-7", ""), ("device-7", "short"), ("../device", KEY)] {
        let refused = world.access.redeem(redeem(&code, device, false)).await;
        assert!(matches!(refused, Err(Refused::Error(Error::Invalid(_)))), "{device:?}");
    }
    let plain = Redeem { device: None, ..redeem(&code, ("", ""), false) };
    let camera = world.access.redeem(plain).await.unwrap();
    let registered = world.access.register_device(&camera.pass, "device-7", "short").await;
    assert!(matches!(registered, Err(Error::Invalid(_))));
    world.access.register_device(&camera.pass, "device-7", KEY).await.unwrap();
}
