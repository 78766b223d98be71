//! Passwords at rest: argon2id with the parameters that OWASP recommends (19 MiB, two passes, one
//! lane), a few at a time.
//!
//! A hash costs memory and tens of milliseconds of a core, which is its purpose. So few are computed
//! at once, some more wait ([`turns`](super::turns): networks in turn), and the rest is told to come
//! back: nobody makes a replica run out of memory by logging in, or keeps others from it.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tombolo_serve::Client;

use super::rules::Password;
use super::turns::{Refused, Turns, lane};
use crate::limits;
use crate::problem::Problem;

/// Computes and compares hashes of passwords.
#[derive(Debug)]
pub(crate) struct Passwords {
    turns: Turns,
    /// A hash that no password has, for users that do not exist.
    nobody: String,
}

/// Why a password could not be hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many at once.
    #[error("too many passwords are being checked")]
    Busy,
    /// Too many at once of one network.
    #[error("too many passwords of one network are being checked")]
    TooMany,
    /// The hash function failed: memory, or random numbers.
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

impl From<HashError> for Problem {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Problem::unavailable(1, "Too many log-ins at once; try again."),
            HashError::TooMany => {
                Problem::too_many(1, "Too many log-ins from your network at once; try again.")
            }
            HashError::Failed(_) => {
                tracing::error!(%error, "a request failed");
                Problem::internal()
            }
        }
    }
}

impl From<Refused> for HashError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Own => Self::TooMany,
            Refused::All => Self::Busy,
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
        let places = cores.min(limits::HASHES);
        let turns = Turns::new(places, limits::HASHES_WAITING, limits::HASHES_WAITING_EACH);
        let mut unknown = [0; 32];
        getrandom::fill(&mut unknown).map_err(|error| HashError::Failed(error.to_string()))?;
        Ok(Self { turns, nobody: hashed(&unknown)? })
    }

    /// What to keep of a password that a client has chosen.
    pub(crate) async fn hash(
        &self,
        password: Password,
        client: Client,
    ) -> Result<String, HashError> {
        self.compute(client, move || hashed(password.expose())).await?
    }

    /// Whether the password is the one of this hash. Without a hash it costs the same time.
    pub(crate) async fn is(
        &self,
        password: Password,
        hash: Option<String>,
        client: Client,
    ) -> Result<bool, HashError> {
        let (known, hash) = (hash.is_some(), hash.unwrap_or_else(|| self.nobody.clone()));
        let is_same = move || {
            let hash = PasswordHash::new(&hash);
            hash.is_ok_and(|hash| argon2().verify_password(password.expose(), &hash).is_ok())
        };
        Ok(self.compute(client, is_same).await? && known)
    }

    async fn compute<T: Send + 'static>(
        &self,
        client: Client,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        // The work goes on when its client leaves, and keeps its place until then.
        let place = self.turns.enter(lane(client)).await?;
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn at(third: u8) -> Client {
        Client::at([192, 0, third, 7].into())
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash(Password::tried("correct horse"), at(2)).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let is = async |text, hash| passwords.is(Password::tried(text), hash, at(2)).await.unwrap();
        assert!(is("correct horse", Some(hash.clone())).await);
        assert!(!is("correct house", Some(hash)).await);
        assert!(!is("correct horse", None).await);
        assert!(!is("correct horse", Some("damaged".into())).await);
    }

    /// What 90 log-ins at once from one network did to everybody else.
    #[tokio::test]
    async fn many_of_one_network_wait_for_themselves() {
        let passwords = Arc::new(Passwords::new().unwrap());
        let done = Arc::new(AtomicUsize::new(0));
        let tries = (0..90).map(|_| {
            let (passwords, done) = (Arc::clone(&passwords), Arc::clone(&done));
            tokio::spawn(async move {
                let tried = passwords.hash(Password::tried("x"), at(2)).await;
                done.fetch_add(usize::from(tried.is_ok()), Ordering::Relaxed);
                tried
            })
        });
        let tries: Vec<_> = tries.collect();
        while !tries.iter().any(tokio::task::JoinHandle::is_finished) {
            tokio::task::yield_now().await;
        }
        // Another one comes last and waits for at most what is being computed and one more turn.
        let before = done.load(Ordering::Relaxed);
        assert!(!passwords.is(Password::tried("y"), None, at(3)).await.unwrap());
        let meanwhile = done.load(Ordering::Relaxed) - before;
        assert!(meanwhile <= 3 * limits::HASHES, "{meanwhile} went first");
        let (mut hashed, mut refused) = (0, 0);
        for one in tries {
            match one.await.unwrap() {
                Ok(_) => hashed += 1,
                Err(HashError::TooMany) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(hashed > limits::HASHES_WAITING_EACH && refused > 0, "{hashed} {refused}");
    }
}
