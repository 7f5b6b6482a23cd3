//! Why somebody is not let in, and why a change is not made.

use std::io;
use std::sync::Arc;

/// Why a change was not made.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no {what} {id} (any more); look at the list again")]
    Unknown { what: &'static str, id: String },
    #[error(
        "there is a {what} named {name} already; choose another name, or remove that one first"
    )]
    NameTaken { what: &'static str, name: String },
    /// With the sentence.
    #[error("{0}")]
    Invalid(String),
    #[error("there is room for {max} {what}, and all of it is taken; remove some first")]
    Full { what: &'static str, max: usize },
    #[error(
        "this would leave nobody who can let others in; make another admin first, or, on the \
         server's own computer: localcamera user link"
    )]
    LastAdmin,
    #[error("it has been decided already who may come in; an admin can change it")]
    Decided,
    #[error("this browser has signed in as a user: its rights are the user's, change those")]
    OfUser,
    #[error(
        "this device's id is known with another key, so it is another device's; clear this page's data in the browser, and it makes itself a new id"
    )]
    NotYours,
    #[error(
        "it could not be written to the state folder, and has not been given: {0}; make room there, or make it writable, and try again"
    )]
    Storage(Arc<io::Error>),
    #[error(
        "something else was decided about it while this waited for the disk, and holds; look at the list again"
    )]
    Superseded,
    #[error("whoever asked for this is no admin any more, and it has not been given")]
    SentAway,
    #[error(
        "it could not be written to the state folder: {0}; what this takes has been taken, and a restart of the server would bring it back; what it gives has not been given. Make room there, or make it writable, and try again"
    )]
    OnlyTaken(Arc<io::Error>),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Storage(Arc::new(error))
    }
}

/// Why somebody who wants to come in is not let in.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Refused {
    #[error("that is not right; look at it again, or ask for a new code")]
    Wrong,
    #[error("name and password do not belong together; look at both again")]
    WrongPassword,
    #[error("that code has ended or was used already; ask for a new one")]
    Ended,
    #[error("too many attempts; try again in {retry_after_s} s, or use the QR code or the link")]
    TooMany { retry_after_s: u64 },
    #[error(
        "too many attempts to sign in from here; try again in {retry_after_s} s, or ask an admin for a code"
    )]
    TooManySignIns { retry_after_s: u64 },
    #[error("it has been decided already who may come in; ask an admin for a code")]
    NotNow,
    #[error("the claim must be 32 random bytes in base64url")]
    BadClaim,
    /// What is wrong with the request or the server.
    #[error(transparent)]
    Error(#[from] Error),
}

/// Why a token or a link opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenRefused {
    #[error("this token or link is unknown, or was revoked; an admin makes another")]
    Unknown,
    #[error("this token or link has ended; an admin makes another")]
    Ended,
}
