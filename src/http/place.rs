//! Where other devices find the pages: said alike in the terminal, by the commands, on every page
//! and in every link.

use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};

use super::State;
use super::own_computer::is_loopback;
use crate::addresses::Reach;

/// The address to open first, and another one that is told beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) page: String,
    pub(super) beside: Option<String>,
}

impl Place {
    /// For whoever asks: the address that the server prints. Who has come by another one that leads
    /// here, such as a proxy's or that of a second network, is told that.
    pub(super) fn of(state: &State, uri: &Uri, headers: &HeaderMap) -> Self {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()?.parse().ok());
        Self::asked(&state.reach.borrow(), host.or_else(|| uri.authority().cloned()).as_ref())
    }

    fn asked(reach: &Reach, host: Option<&Authority>) -> Self {
        let Reach { page, beside, .. } = reach.clone();
        // Only this computer knows it.
        let elsewhere = host.filter(|host| !is_loopback(host.host()));
        let elsewhere = elsewhere.map(|host| format!("https://{host}").to_ascii_lowercase());
        match elsewhere {
            // Who does not know the name stays without it.
            Some(own) if Some(&own) == beside.as_ref() => Self { page: own, beside: Some(page) },
            Some(own) if own != page => Self { page: own, beside: None },
            _ => Self { page, beside },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_told_the_printed_address_but_who_has_come_by_another_one() {
        let reach = Reach {
            page: "https://bench.local:5001".to_owned(),
            beside: Some("https://192.168.1.3:5001".to_owned()),
            ..Reach::default()
        };
        let asked = |host: &str| Place::asked(&reach, Some(&host.parse().unwrap()));
        let printed = Place { page: reach.page.clone(), beside: reach.beside.clone() };
        for host in ["localhost:5001", "127.0.0.1:5001", "[::1]:5001", "Bench.local:5001"] {
            assert_eq!(asked(host), printed, "{host}");
        }
        assert_eq!(Place::asked(&reach, None), printed);
        let by_number =
            Place { page: reach.beside.clone().unwrap(), beside: Some(reach.page.clone()) };
        assert_eq!(asked("192.168.1.3:5001"), by_number);
        for host in ["10.0.0.2:5001", "cam.example.com", "192.168.1.3:8443"] {
            assert_eq!(asked(host), Place { page: format!("https://{host}"), beside: None });
        }
    }
}
