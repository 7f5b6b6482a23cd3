//! Passwords: argon2id, on the blocking pool.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Argon2, PasswordHash as Parsed};
use tokio::sync::Semaphore;

use super::book::PasswordHash;
use super::error::Error;
use super::secret::{Password, random};

/// Each takes 19 MiB and a core for some tens of milliseconds; recording goes on beside it.
const MAX_AT_ONCE: usize = 2;

/// Shorter ones are guessed (NIST SP 800-63B).
const MIN_CHARS: usize = 8;

/// Nobody types more; hashing takes longer the longer it is.
const MAX_BYTES: usize = 1_024;

/// 128 bits, as RFC 9106 recommends.
const SALT_BYTES: usize = 16;

/// Hashes passwords, few at once.
#[derive(Debug, Clone)]
pub(super) struct Passwords {
    room: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(MAX_AT_ONCE)) }
    }
}

impl Passwords {
    /// What is kept of a password.
    ///
    /// # Errors
    /// When it is too short or too long.
    pub(super) async fn hash(&self, password: &Password) -> Result<PasswordHash, Error> {
        let text = password.reveal();
        if text.chars().count() < MIN_CHARS || text.len() > MAX_BYTES {
            let range =
                format!("a password has between {MIN_CHARS} characters and {MAX_BYTES} bytes");
            return Err(Error::Invalid(range));
        }
        let password = password.clone();
        self.run(move || hash(&password)).await?
    }

    /// Whether a password is the one that was hashed. Without one it takes as long, and is not.
    pub(super) async fn is(&self, password: &Password, kept: Option<PasswordHash>) -> bool {
        if password.reveal().len() > MAX_BYTES {
            return false;
        }
        let password = password.clone();
        let verified = self.run(move || match kept {
            Some(kept) => verify(&password, &kept),
            None => {
                let _ = hash(&password);
                false
            }
        });
        verified.await.unwrap_or(false)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let failed = |error| Error::Invalid(format!("the password could not be hashed: {error}"));
        let room =
            Arc::clone(&self.room).acquire_owned().await.map_err(|e| failed(e.to_string()))?;
        let work = move || {
            // Also when nobody waits for it any more.
            let _room = room;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| failed(error.to_string()))
    }
}

/// The crate's defaults are what OWASP's cheat sheet asks for at least: argon2id, 19 MiB, two
/// passes, one lane. More memory would be missing where a Raspberry Pi records.
fn hash(password: &Password) -> Result<PasswordHash, Error> {
    let failed = |error| Error::Invalid(format!("the password could not be hashed: {error}"));
    let salt = SaltString::encode_b64(&random::<SALT_BYTES>()).map_err(failed)?;
    let hashed = Argon2::default().hash_password(password.reveal().as_bytes(), &salt);
    Ok(PasswordHash(hashed.map_err(failed)?.to_string()))
}

fn verify(password: &Password, kept: &PasswordHash) -> bool {
    // With the parameters that stand in it.
    Parsed::new(&kept.0).is_ok_and(|kept| {
        Argon2::default().verify_password(password.reveal().as_bytes(), &kept).is_ok()
    })
}
