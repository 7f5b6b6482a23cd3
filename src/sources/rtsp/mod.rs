//! Cameras on the network.

use super::failure::Failure;
use super::intake::Intake;
use super::spec::{Address, Rtsp};

/// Fetches from one of the camera's addresses until that fails, or nothing more is wanted.
/// Dropping the future ends the connection.
pub(super) async fn run(_input: &Rtsp, _address: &Address, _intake: &mut Intake) -> Failure {
    Failure::BadAddress("this is not built in yet".to_owned())
}
