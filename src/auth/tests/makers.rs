//! Codes, and whoever made them.

use super::*;

/// An admin who was sent away could come back by a code of a thousand uses.
#[tokio::test]
async fn a_code_ends_when_its_maker_is_no_admin_any_more() {
    let (world, first) = World::decided(Mode::Paired).await;
    let link = world.code(Role::Admin, 2);
    let made_by = |pass: &Pass| {
        let new =
            NewCode { role: Role::Admin, scope: Scope::All, user: None, uses: 9, minutes: 10 };
        world.access.new_code(new, Some(pass)).unwrap()
    };
    for number in [1, 2] {
        let other = world.redeem(link.secret.reveal(), number, HERE).await.unwrap();
        let Who::Browser { id, .. } = other.pass.who().clone() else { panic!() };
        let (kept, lost) = (made_by(&first.pass), made_by(&other.pass));
        let name = "Tablet".to_owned();
        let change = match number {
            1 => Change::RevokeBrowser { id },
            _ => Change::AlterBrowser { id, name, role: Role::Viewer, scope: Scope::All },
        };
        world.access.change(change).await.unwrap();
        let late = world.redeem(lost.secret.reveal(), number + 2, HERE).await;
        assert!(matches!(late, Err(Refused::Ended)), "{number}");
        world.redeem(kept.secret.reveal(), number + 4, HERE).await.unwrap();
        let listed = world.access.people().codes;
        assert!(listed.iter().all(|code| code.id != lost.id));
    }
}

#[tokio::test]
async fn a_code_of_a_program_ends_with_its_token() {
    let (world, _) = World::decided(Mode::Paired).await;
    let token = Change::AddToken {
        name: "ci".to_owned(),
        role: Role::Admin,
        scope: Scope::All,
        days: Some(1),
    };
    let token = world.access.change(token).await.unwrap().secret.unwrap();
    let pass = world.access.by_token(token.reveal()).unwrap();
    let new = NewCode { role: Role::Camera, scope: Scope::All, user: None, uses: 9, minutes: 10 };
    let code = world.access.new_code(new, Some(&pass)).unwrap();
    world.access.end_what_is_over();
    world.redeem(code.secret.reveal(), 1, HERE).await.unwrap();
    clock::simulate(Some(clock::now_us() + 25 * 3600 * 1_000_000));
    world.access.end_what_is_over();
    clock::simulate(None);
    assert!(matches!(world.redeem(code.secret.reveal(), 2, HERE).await, Err(Refused::Ended)));
}
