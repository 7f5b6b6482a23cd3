//! What must not be shown: in the file itself, in the environment, or in a file of its own.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

/// A value that no log shows.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// The value, for whoever has to say it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a secret is.
#[derive(Debug)]
pub(in crate::config) enum Source {
    Here(Secret),
    Environment(String),
    File(PathBuf),
}

/// How it is written in the configuration file.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Here(String),
    Environment { env: String },
    File { file: PathBuf },
    // What else it may be is not repeated in a message: it may be the secret.
    Other(serde::de::IgnoredAny),
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Here(text) => Ok(Self::Here(text.into())),
            Written::Environment { env } => Ok(Self::Environment(env)),
            Written::File { file } => Ok(Self::File(file)),
            Written::Other(_) => Err(serde::de::Error::custom(
                "a secret is a text, { env = \"NAME\" } or { file = \"PATH\" }",
            )),
        }
    }
}

impl Source {
    /// Fetches it from where it is.
    pub(in crate::config) fn fetch(self) -> Result<Secret, String> {
        let text = match self {
            Self::Here(secret) => secret.0,
            Self::Environment(name) => std::env::var(&name)
                .map_err(|_| format!("the environment has no variable {name} with a text in it"))?,
            Self::File(path) => {
                let text = std::fs::read_to_string(&path)
                    .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
                text.trim_end_matches(['\r', '\n']).to_owned()
            }
        };
        match text.is_empty() || text.contains(char::is_control) {
            true => Err("it must be one line, and not empty".to_owned()),
            false => Ok(Secret(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct File {
        secret: Source,
    }

    fn fetched(text: &str) -> Result<Secret, String> {
        toml::from_str::<File>(text).unwrap().secret.fetch()
    }

    #[test]
    fn it_stands_here_or_in_a_file_or_in_the_environment() {
        assert_eq!(fetched("secret = \"abc\"").unwrap().reveal(), "abc");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "abc\n").unwrap();
        let text = format!("secret = {{ file = {:?} }}", path.to_str().unwrap());
        assert_eq!(fetched(&text).unwrap().reveal(), "abc");
        assert!(!fetched("secret = { env = \"PATH\" }").unwrap().reveal().is_empty());
        let missing = fetched("secret = { env = \"LOCALCAMERA_NO_SUCH_THING\" }").unwrap_err();
        assert!(missing.contains("LOCALCAMERA_NO_SUCH_THING"), "{missing}");
        assert!(fetched("secret = \"\"").is_err() && fetched("secret = \"a\\nb\"").is_err());
    }

    #[test]
    fn it_is_shown_nowhere() {
        assert!(!format!("{:?}", fetched("secret = \"abc\"").unwrap()).contains("abc"));
        let error = toml::from_str::<File>("secret = 4711").unwrap_err();
        assert!(error.message().contains("a secret is a text"), "{error}");
        assert!(!error.message().contains("4711"), "{error}");
    }
}
