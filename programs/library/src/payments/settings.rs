//! Which payment providers there are, and how they know us: a file of this user's alone, since it
//! holds secrets.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::stripe::{Stripe, Transport};
use crate::limits;

/// What a library is told of payments.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentsSettings {
    /// Who issues the invoices: name, address and, where there is one, VAT number.
    #[serde(default)]
    pub(crate) seller: String,
    /// The providers; the first takes new payments, the others finish theirs.
    #[serde(default, rename = "provider")]
    pub(crate) providers: Vec<ProviderSettings>,
}

/// A provider that speaks Stripe's API.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderSettings {
    pub(crate) name: String,
    /// Where its API is: `https://api.stripe.com`, or a sandbox on this machine.
    pub(crate) url: String,
    pub(crate) key: String,
    pub(crate) webhook_secret: String,
}

/// What is wrong with a file about payments.
#[derive(Debug, thiserror::Error)]
#[error("{}: {words}", path.display())]
pub struct PaymentsError {
    path: PathBuf,
    words: String,
}

// Secrets are never shown.
impl std::fmt::Debug for PaymentsSettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.providers.iter().map(|one| one.name.as_str());
        let names: Vec<_> = names.collect();
        out.debug_struct("PaymentsSettings").field("providers", &names).finish_non_exhaustive()
    }
}

impl PaymentsSettings {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, others can read it too, or something in it is wrong.
    pub fn read(path: &Path) -> Result<Self, PaymentsError> {
        let wrong = |words: String| PaymentsError { path: path.to_owned(), words };
        let failed = |error: std::io::Error| wrong(error.to_string());
        let mut file = tombolo_files::open_readable(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?;
        let mut text = String::new();
        std::io::Read::read_to_string(&mut file, &mut text).map_err(failed)?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&mode.permissions());
        if mode & 0o077 != 0 {
            let words = "others can read it, and it holds secrets; run chmod 600 on it";
            return Err(wrong(words.to_owned()));
        }
        let read: Self =
            toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
        read.check().map_err(wrong)?;
        Ok(read)
    }

    /// The key and the webhook secret of a provider, for its sandbox.
    #[must_use]
    pub fn secrets(&self, name: &str) -> Option<(String, String)> {
        let one = self.providers.iter().find(|one| one.name == name)?;
        Some((one.key.clone(), one.webhook_secret.clone()))
    }

    fn check(&self) -> Result<(), String> {
        for (index, one) in self.providers.iter().enumerate() {
            let ProviderSettings { name, url, key, webhook_secret } = one;
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            if !(1..=limits::PROVIDER_NAME_BYTES).contains(&name.len()) || !name.bytes().all(plain)
            {
                return Err(format!("provider name {name:?}: use lower-case letters and digits"));
            }
            if self.providers.iter().take(index).any(|other| other.name == *name) {
                return Err(format!("provider {name:?} is there twice"));
            }
            let url = url::Url::parse(url).map_err(|error| format!("url of {name}: {error}"))?;
            let is_here = match url.host() {
                Some(url::Host::Ipv4(address)) => address.is_loopback(),
                Some(url::Host::Ipv6(address)) => address.is_loopback(),
                Some(url::Host::Domain(domain)) => domain == "localhost",
                None => false,
            };
            if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
                return Err(format!(
                    "url of {name}: use https, or http to this machine; a key would be readable on \
                     its way"
                ));
            }
            if key.is_empty() || webhook_secret.is_empty() {
                return Err(format!("provider {name}: key and webhook_secret must not be empty"));
            }
        }
        Ok(())
    }
}

impl ProviderSettings {
    pub(crate) fn open(&self) -> Result<Stripe, super::stripe::TransportError> {
        let transport = Transport::new(&self.url, &self.key)?;
        Ok(Stripe::new(self.name.clone(), transport, self.webhook_secret.clone().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn read(text: &str, mode: u32) -> Result<PaymentsSettings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("payments.toml");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        PaymentsSettings::read(&path).map_err(|error| error.to_string())
    }

    const ONE: &str = "[[provider]]\nname = \"stripe\"\nurl = \"https://api.stripe.com\"\n\
        key = \"sk_secret\"\nwebhook_secret = \"whsec_secret\"\n";

    #[test]
    fn secrets_are_read_by_their_owner_alone_and_never_shown() {
        let read_ones = read(ONE, 0o600).unwrap();
        assert!(!format!("{read_ones:?}").contains("secret"));
        assert!(read(ONE, 0o644).unwrap_err().contains("chmod 600"));
    }

    #[test]
    fn mistakes_are_told() {
        for (from, to, words) in [
            ("https://api.stripe.com", "http://api.stripe.com", "use https"),
            ("https://api.stripe.com", "nowhere", "url of stripe"),
            ("sk_secret", "", "must not be empty"),
            ("\"stripe\"", "\"Stripe/..\"", "lower-case"),
            ("key =", "keys =", "unknown field"),
        ] {
            let error = read(&ONE.replace(from, to), 0o600).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        assert!(
            read(&ONE.replace("https://api.stripe.com", "http://127.0.0.1:9500"), 0o600).is_ok()
        );
        assert!(read(&ONE.repeat(2), 0o600).unwrap_err().contains("twice"));
    }
}
