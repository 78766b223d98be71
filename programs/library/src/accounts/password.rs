//! Passwords at rest: argon2id with the parameters that OWASP recommends (19 MiB, two passes, one
//! lane), a few at a time.
//!
//! A hash costs memory and tens of milliseconds of a core, which is its purpose. So few are computed
//! at once, some more wait, and the rest is told to come back: nobody makes a replica run out of
//! memory by logging in.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::rules::Password;
use crate::limits;
use crate::problem::Problem;

/// Computes and compares hashes of passwords.
#[derive(Debug)]
pub(crate) struct Passwords {
    /// Those that are computed.
    computing: Arc<Semaphore>,
    /// Those and the ones that wait.
    taken: Arc<Semaphore>,
    /// A hash that no password has, for users that do not exist.
    nobody: String,
}

/// Why a password could not be hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many at once.
    #[error("too many passwords are being checked")]
    Busy,
    /// The hash function failed: memory, or random numbers.
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

impl From<HashError> for Problem {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Problem::unavailable(1, "Too many log-ins at once; try again."),
            HashError::Failed(_) => {
                tracing::error!(%error, "a request failed");
                Problem::internal()
            }
        }
    }
}

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

fn hashed(password: &[u8]) -> Result<String, HashError> {
    let hash: Result<PasswordHash, _> = argon2().hash_password(password);
    hash.map(|hash| hash.to_string()).map_err(|error| HashError::Failed(error.to_string()))
}

impl Passwords {
    /// Ready to hash.
    pub(crate) fn new() -> Result<Self, HashError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let computing = cores.min(limits::HASHES);
        let mut unknown = [0; 32];
        getrandom::fill(&mut unknown).map_err(|error| HashError::Failed(error.to_string()))?;
        Ok(Self {
            computing: Arc::new(Semaphore::new(computing)),
            taken: Arc::new(Semaphore::new(computing.saturating_add(limits::HASHES_WAITING))),
            nobody: hashed(&unknown)?,
        })
    }

    /// What to keep of a password.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, HashError> {
        self.compute(move || hashed(password.expose())).await?
    }

    /// Whether the password is the one of this hash. Without a hash it costs the same time.
    pub(crate) async fn is(
        &self,
        password: Password,
        hash: Option<String>,
    ) -> Result<bool, HashError> {
        let (known, hash) = (hash.is_some(), hash.unwrap_or_else(|| self.nobody.clone()));
        let is_same = move || {
            let hash = PasswordHash::new(&hash);
            hash.is_ok_and(|hash| argon2().verify_password(password.expose(), &hash).is_ok())
        };
        Ok(self.compute(is_same).await? && known)
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let _taken = self.taken.try_acquire().map_err(|_| HashError::Busy)?;
        // The work goes on when its client leaves, and keeps its place until then.
        let place = Arc::clone(&self.computing).acquire_owned().await;
        let work = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        work.await.map_err(|error| HashError::Failed(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash(Password::tried("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let is = async |text, hash| passwords.is(Password::tried(text), hash).await.unwrap();
        assert!(is("correct horse", Some(hash.clone())).await);
        assert!(!is("correct house", Some(hash)).await);
        assert!(!is("correct horse", None).await);
        assert!(!is("correct horse", Some("damaged".into())).await);
    }

    #[tokio::test]
    async fn few_are_computed_and_some_wait() {
        let passwords = Arc::new(Passwords::new().unwrap());
        let most = limits::HASHES + limits::HASHES_WAITING;
        let tries = (0..most * 2).map(|_| {
            let passwords = Arc::clone(&passwords);
            tokio::spawn(async move { passwords.hash(Password::tried("x")).await })
        });
        let tries: Vec<_> = tries.collect();
        let (mut done, mut refused) = (0, 0);
        for one in tries {
            match one.await.unwrap() {
                Ok(_) => done += 1,
                Err(HashError::Busy) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(done > limits::HASHES_WAITING && refused >= most, "{done} {refused}");
    }
}
