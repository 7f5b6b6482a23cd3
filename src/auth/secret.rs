//! Secrets that are made here, and what is kept of them.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::config::Secret;

/// By which people, and programs that look for leaked secrets, know a token.
pub(crate) const TOKEN_PREFIX: &str = "lct_";
/// The same for a link.
pub(crate) const LINK_PREFIX: &str = "lcl_";

/// Nobody guesses 256 bits.
const SECRET_BYTES: usize = 32;

/// 32 bytes in base64url, without padding.
const SECRET_CHARS: usize = 43;

/// Ids are no secrets; so many bits do not come twice.
const ID_BYTES: usize = 6;

pub(super) const DIGITS: usize = 6;

/// What is kept of a secret: its SHA-256, as hex. Of 256 random bits it tells nothing.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Hash(String);

impl Hash {
    pub(super) fn of(text: &str) -> Self {
        Self(hex::encode(digest(&SHA256, text.as_bytes())))
    }

    /// Of several texts, which cannot be told apart in another way.
    pub(super) fn of_all(texts: &[&str]) -> Self {
        let one = |text: &&str| format!("{}:{text}", text.len());
        Self::of(&texts.iter().map(one).collect::<String>())
    }
}

impl TryFrom<String> for Hash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hash.then(|| Self(text.to_ascii_lowercase())).ok_or("it must be a SHA-256 in hex")
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hash(…)")
    }
}

/// A password as somebody has typed it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Password(String);

impl Password {
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Six digits that a person types.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Digits([u8; DIGITS]);

impl Digits {
    /// Each as likely as the others.
    pub(super) fn random() -> Self {
        loop {
            let drawn = u32::from_le_bytes(random());
            // The last, incomplete million would make some more likely.
            if drawn < 4_294_000_000 {
                let text = format!("{:06}", drawn % 1_000_000);
                if let Some(digits) = Self::read(&text) {
                    return digits;
                }
            }
        }
    }

    /// Digits as people type them, with spaces or dashes between.
    pub(super) fn read(text: &str) -> Option<Self> {
        let plain = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let digits: Vec<u8> = plain
            .map(|c| c.is_ascii_digit().then_some(c as u8))
            .take(DIGITS + 1)
            .collect::<Option<_>>()?;
        digits.try_into().ok().map(Self)
    }

    /// In a time that tells nothing.
    pub(super) fn are(&self, others: &Self) -> bool {
        verify_slices_are_equal(&self.0, &others.0).is_ok()
    }

    pub(super) fn text(&self) -> String {
        self.0.iter().map(|&digit| char::from(digit)).collect()
    }
}

impl std::fmt::Debug for Digits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digits(…)")
    }
}

/// A new secret.
pub(super) fn secret(prefix: &str) -> Secret {
    let bytes: [u8; SECRET_BYTES] = random();
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)).into()
}

/// An id for an entry.
pub(super) fn id() -> String {
    hex::encode(random::<ID_BYTES>())
}

/// Whether a page has made its claim of 256 bits, as it must: what is shorter can be guessed.
pub(super) fn is_claim(text: &str) -> bool {
    text.len() == SECRET_CHARS && URL_SAFE_NO_PAD.decode(text).is_ok()
}

pub(super) fn random<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    #[expect(clippy::expect_used, reason = "a system without random numbers keeps nobody out")]
    rand::fill(&mut bytes).expect("the system gives no random numbers");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_of_256_bits_and_known_by_their_beginning() {
        let token = secret(TOKEN_PREFIX);
        assert_eq!(token.reveal().len(), TOKEN_PREFIX.len() + SECRET_CHARS);
        assert!(token.reveal().starts_with("lct_") && is_claim(&token.reveal()[4..]));
        assert_ne!(secret("").reveal(), secret("").reveal());
        for text in ["", "a", &"a".repeat(42), &"?".repeat(43), &"a".repeat(44)] {
            assert!(!is_claim(text), "{text}");
        }
        assert_ne!(Hash::of_all(&["a", "bc"]), Hash::of_all(&["ab", "c"]));
        assert!(Hash::try_from("AB".repeat(32)).unwrap() == Hash("ab".repeat(32)));
        assert!(Hash::try_from("xy".repeat(32)).is_err() && Hash::try_from(String::new()).is_err());
    }

    #[test]
    fn digits_are_read_as_people_type_them() {
        let digits = Digits::random();
        assert_eq!(digits.text().len(), 6);
        let (one, two) = (&digits.text()[..3], &digits.text()[3..]);
        for text in [format!("{one} {two}"), format!(" {one}-{two}\n"), digits.text()] {
            assert!(Digits::read(&text).unwrap().are(&digits), "{text}");
        }
        for text in ["12345", "1234567", "12345a", "", "１２３４５６"] {
            assert_eq!(Digits::read(text), None, "{text}");
        }
    }
}
