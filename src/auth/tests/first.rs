//! The first decision, and a server that needs none.

use super::*;

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
