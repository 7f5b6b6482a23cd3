//! Every change, and what it takes.

use super::*;
use crate::auth::role::{Role, Scope};

fn user(id: &str, role: Role, password: Option<&str>) -> User {
    User {
        id: id.to_owned(),
        name: id.to_uppercase(),
        rights: Rights::new(role, Scope::All),
        password: password.map(|hash| PasswordHash(hash.to_owned())),
        created_ms: 0,
        last_seen_ms: None,
    }
}

#[test]
fn what_a_change_leaves_is_in_both_books() {
    let mut before = Book { mode: Mode::Network, ..Book::default() };
    before.apply(&Edit::AddUser(user("ana", Role::Viewer, Some("1"))), 0).unwrap();
    before.apply(&Edit::AddUser(user("bo", Role::Admin, None)), 0).unwrap();
    let after = |edit: Edit| {
        let mut after = before.clone();
        after.apply(&edit, 0).unwrap();
        after
    };
    // Adding takes nothing.
    let added = after(Edit::AddUser(user("cy", Role::Admin, None)));
    assert_eq!(before.meet(&added), before);
    // Removing gives nothing.
    let removed = after(Edit::RemoveUser("ana".to_owned()));
    assert_eq!(before.meet(&removed), removed);
    let stricter = after(Edit::SetMode(Mode::Paired));
    assert_eq!((before.meet(&stricter), stricter.meet(&before)), (stricter.clone(), stricter));
    // Another role takes the one before first, and another password the one before.
    let rights = Rights::new(Role::Camera, Scope::All);
    let id = "ana".to_owned();
    let camera = after(Edit::AlterUser { id: id.clone(), name: "Ana".to_owned(), rights });
    let left = &before.meet(&camera).users["ana"];
    assert_eq!((left.rights.role, &left.rights.scope), (Role::Viewer, &Scope::nothing()));
    let password = Some(PasswordHash("2".to_owned()));
    let changed = after(Edit::SetPassword { id, password });
    assert_eq!(before.meet(&changed).users["ana"].password, None);
}

#[test]
fn two_people_do_not_share_a_name() {
    let mut book = Book::default();
    book.apply(&Edit::AddUser(user("ana", Role::Viewer, None)), 0).unwrap();
    let other = User { name: " aNa ".to_owned(), ..user("b", Role::Viewer, None) };
    let refused = book.apply(&Edit::AddUser(other), 0).unwrap_err();
    assert!(refused.to_string().contains("another name"), "{refused}");
}

fn browser(id: &str, role: Role, device: Option<&str>) -> Browser {
    Browser {
        id: id.to_owned(),
        name: id.to_owned(),
        rights: Rights::new(role, Scope::All),
        user: None,
        device: device.map(|key| DeviceKey::new("tablet-1", key)),
        cookie: Hash::of(id),
        claim: None,
        is_first: false,
        created_ms: FIRST_MS + 1,
        last_seen_ms: None,
        last_from: None,
    }
}

/// Whoever makes a link for a camera can have an admin follow it.
#[test]
fn an_admin_who_follows_a_cameras_link_stays_an_admin() {
    let mut book = Book { mode: Mode::Paired, ..Book::default() };
    book.apply(&Edit::LetIn(browser("admin", Role::Admin, Some("key"))), 0).unwrap();
    book.apply(&Edit::LetIn(browser("camera", Role::Camera, Some("key"))), 0).unwrap();
    assert!(book.has_admin(FIRST_MS + 1));
    assert_eq!(book.browsers["admin"].device, None);
    assert_eq!(book.by_device("tablet-1").map(|browser| &browser.id[..]), Some("camera"));
    // Whoever comes back with as much has one entry.
    book.apply(&Edit::LetIn(browser("again", Role::Viewer, Some("key"))), 0).unwrap();
    assert!(!book.browsers.contains_key("camera") && book.browsers.contains_key("again"));
}

/// A board without a battery begins in 1970 until the network has told it the time.
#[test]
fn a_clock_that_was_wrong_locks_nobody_out() {
    const YEAR_MS: i64 = 365 * DAY_MS;
    let mut book = Book { mode: Mode::Paired, ..Book::default() };
    let now_ms = FIRST_MS + YEAR_MS;
    book.apply(&Edit::LetIn(browser("one", Role::Camera, None)), now_ms).unwrap();
    book.see_browser("one", None, now_ms);
    for wrong_ms in [0, now_ms - 500 * DAY_MS] {
        book.see_browser("one", None, wrong_ms);
        assert!(!book.browsers["one"].has_ended(now_ms), "{wrong_ms}");
    }
    let young = Browser { created_ms: 0, ..browser("young", Role::Camera, None) };
    assert!(!young.has_ended(now_ms));
    assert!(book.browsers["one"].has_ended(now_ms + 401 * DAY_MS));
}

#[test]
fn browsers_that_call_themselves_alike_are_told_apart() {
    let mut book = Book::default();
    let mut let_in = |id: &str, name: &str| {
        let browser = Browser { name: name.to_owned(), ..browser(id, Role::Viewer, None) };
        book.apply(&Edit::LetIn(browser), 0).unwrap();
        book.browsers[id].name.clone()
    };
    assert_eq!(let_in("a", "Firefox on Linux"), "Firefox on Linux");
    assert_eq!(let_in("b", "firefox on linux"), "firefox on linux 2");
    assert_eq!(let_in("c", "Firefox on Linux"), "Firefox on Linux 3");
    assert_eq!(let_in("d", "iPad"), "iPad");
    let long = "x".repeat(100);
    assert_eq!(let_in("e", &long), long);
    assert_eq!(let_in("f", &long), format!("{} 2", "x".repeat(98)));
    // The same one, which comes back, keeps its name.
    let camera =
        Browser { name: "Hall".to_owned(), ..browser("g", Role::Camera, Some("device-g")) };
    book.apply(&Edit::LetIn(camera.clone()), 0).unwrap();
    book.apply(&Edit::LetIn(Browser { id: "h".to_owned(), ..camera }), 0).unwrap();
    assert_eq!(book.browsers["h"].name, "Hall");
}
