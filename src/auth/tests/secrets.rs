//! What is shown, and what is stored.

use std::os::unix::fs::PermissionsExt;

use super::*;

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
    world.access.change(change).await.unwrap();
    let applied = world.access.change(token("ci", None)).await.unwrap();
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
