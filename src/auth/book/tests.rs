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
