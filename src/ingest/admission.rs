//! Whether a device may deliver, by the key in its hello or by whose connection it comes over.

use ingest_protocol::{ErrorCode, Hello};

use super::Ingest;
use crate::auth::{Admission, Pass, Who};
use crate::devices::NotAdmitted;

/// What a device that nobody has let in is told.
pub(super) const NOT_PAIRED: &str = "this device is not paired with this server: open the server's page on it and enter \
     six digits that an admin makes under Devices; what it records stays on it until then";

/// The same for one that is not let in any more.
pub(super) const REVOKED: &str = "this device was taken off this server: what it records stays on it until an admin lets \
     it in again";

/// On what the device's session stands, or what it is told.
///
/// The key comes first: it is the same over every address of the server, where no cookie goes with
/// it. Otherwise whoever may publish does, under an id that is nobody else's; a browser that is
/// signed in makes its key known.
pub(super) async fn admit(
    ingest: &Ingest,
    arrived: &Pass,
    hello: &Hello,
) -> Result<Pass, (ErrorCode, String)> {
    let Ingest { access, devices, .. } = ingest;
    let refusal = match access.by_key(&hello.device, hello.key.as_deref()) {
        // What everyone may, pages of foreign sites may not.
        Admission::Admitted(pass) if !matches!(pass.who(), Who::Everyone) => return Ok(pass),
        Admission::Admitted(_) | Admission::NotPaired => (ErrorCode::NotPaired, NOT_PAIRED),
        Admission::Revoked => (ErrorCode::Revoked, REVOKED),
    };
    let refused = (refusal.0, refusal.1.to_owned());
    if !arrived.may_publish() || arrived.revoked().is_cancelled() {
        return Err(refused);
    }
    // Also one that was never let in by itself: it has recorded when everyone might. Where nobody is
    // asked anything, nobody is asked for a key.
    let key = hello.key.as_deref().unwrap_or_default();
    if !matches!(arrived.who(), Who::Open) && devices.is_anothers(&hello.device, key) {
        return Err((refusal.0, NotAdmitted::NotYours.to_string()));
    }
    if let (Who::Browser { .. }, Some(key)) = (arrived.who(), &hello.key) {
        let registered = access.register_device(arrived, &hello.device, key).await;
        return match registered {
            Ok(()) => Ok(arrived.clone()),
            Err(error) => Err((refusal.0, error.to_string())),
        };
    }
    match refusal.0 == ErrorCode::Revoked || access.knows_device(&hello.device) {
        true => Err(refused),
        false => Ok(arrived.clone()),
    }
}
