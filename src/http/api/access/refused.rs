//! Why somebody is not let in, or a change is not made, as statuses.

use axum::http::StatusCode;

use super::super::super::error::ApiError;
use crate::auth::{Error, Refused};

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        match refused {
            Refused::Wrong => Self::new(StatusCode::FORBIDDEN, "wrong_code", message),
            Refused::WrongPassword => Self::new(StatusCode::FORBIDDEN, "wrong_password", message),
            Refused::Ended => Self::new(StatusCode::GONE, "code_ended", message),
            Refused::TooMany { retry_after_s } | Refused::TooManySignIns { retry_after_s } => {
                Self::too_many(message, retry_after_s)
            }
            Refused::NotNow => Self::new(StatusCode::CONFLICT, "decided", message),
            Refused::BadClaim => Self::bad_request(message),
            Refused::Error(error) => error.into(),
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Unknown { .. } => Self::not_found(message),
            Error::Invalid(_) => Self::bad_request(message),
            Error::Decided => Self::new(StatusCode::CONFLICT, "decided", message),
            Error::LastAdmin => Self::new(StatusCode::CONFLICT, "last_admin", message),
            Error::NameTaken { .. }
            | Error::Full { .. }
            | Error::OfUser
            | Error::NotYours
            | Error::Superseded => Self::conflict(message),
            Error::SentAway => Self::forbidden(message),
            Error::Storage(_) | Error::OnlyTaken(_) => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "storage", message)
            }
        }
    }
}
