//! What a signed link is known by: its id, when it ends, and a signature that only the library can
//! make. A forged one costs no look into the database.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::OnceCell;
use tombolo_storage::Query;

use crate::ids::LinkId;
use crate::problem::Problem;
use crate::state::Library;
use crate::time::Time;

/// The secret that links are signed with, the same at all replicas.
#[derive(Default)]
pub(crate) struct Signer {
    key: OnceCell<[u8; 64]>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Signer(***)")
    }
}

impl Signer {
    /// The secret. The first replica that needs it makes it.
    pub(super) async fn key(&self, library: &Library) -> Result<&[u8; 64], Problem> {
        self.key.get_or_try_init(async || made(library).await).await
    }
}

async fn made(library: &Library) -> Result<[u8; 64], Problem> {
    let mut new = [0; 64];
    getrandom::fill(&mut new).map_err(|_| Problem::internal())?;
    let make = "INSERT INTO library_secret (name, value) VALUES ('links', $1)
        ON CONFLICT (name) DO NOTHING";
    library.call(Query::new(make).bind(new.to_vec())).await?;
    let rows = library.query(Query::new("SELECT value FROM library_secret WHERE name = 'links'"));
    let rows = rows.await?;
    let value: Vec<u8> = rows.first().ok_or_else(Problem::internal)?.get(0)?;
    value.try_into().map_err(|_| Problem::internal())
}

/// The text that stands in a link.
pub(super) fn write(key: &[u8; 64], link: LinkId, expires: Time) -> String {
    let mut text = format!("{link}.{}", expires.millis());
    let signature = URL_SAFE_NO_PAD.encode(signed(key, &text).finalize().into_bytes());
    let _ = write!(text, ".{signature}");
    text
}

/// The link of a text, if we signed it and it has not ended.
pub(super) fn read(key: &[u8; 64], text: &str, now: Time) -> Option<LinkId> {
    let (claim, signature) = text.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    signed(key, claim).verify_slice(&signature).ok()?;
    let (link, expires) = claim.split_once('.')?;
    let expires = Time::of_millis(expires.parse().ok()?);
    if expires <= now { None } else { link.parse().ok() }
}

fn signed(key: &[u8; 64], text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new(key.into());
    mac.update(b"tombolo library link\0");
    mac.update(text.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_our_own_links_count_until_they_end() {
        let (key, link) = ([7; 64], LinkId::new());
        let text = write(&key, link, Time::of_millis(1000));
        assert_eq!(read(&key, &text, Time::of_millis(999)), Some(link));
        assert_eq!(read(&key, &text, Time::of_millis(1000)), None);
        assert_eq!(read(&[8; 64], &text, Time::of_millis(0)), None);
        let longer = text.replace(".1000.", ".9000.");
        assert_eq!(read(&key, &longer, Time::of_millis(0)), None);
    }

    proptest! {
        #[test]
        fn no_other_text_is_a_link(text: String, flipped in 0..600_usize) {
            let key = [7; 64];
            prop_assert_eq!(read(&key, &text, Time::of_millis(0)), None);
            let mut own = write(&key, LinkId::new(), Time::of_millis(1000)).into_bytes();
            let place = flipped % own.len();
            own[place] ^= 1;
            if let Ok(own) = String::from_utf8(own) {
                prop_assert_eq!(read(&key, &own, Time::of_millis(0)), None);
            }
        }
    }
}
