//! The signature of an event: `Stripe-Signature: t=SECONDS,v1=HEX[,v1=HEX]`, an HMAC-SHA256 over
//! `SECONDS.BODY` with a secret that both know. While a secret is being changed there are two.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::limits;
use crate::payments::provider::Forged;

/// The header field.
pub(crate) const FIELD: &str = "stripe-signature";

/// Whether one of the signatures of a header is that of `body`, and not older than
/// [`limits::WEBHOOK_AGE`]. One of the future is let through, as Stripe's own libraries do: only
/// who has the secret could make it.
pub(super) fn verify(secret: &[u8], header: &str, body: &[u8], now: i64) -> Result<(), Forged> {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',').take(limits::WEBHOOK_SIGNATURES) {
        match part.trim().split_once('=') {
            Some(("t", text)) => time = Some(text),
            Some(("v1", text)) => signatures.extend(bytes(text)),
            _ => {}
        }
    }
    let time = time.ok_or(Forged::Signature)?;
    let mac = mac(secret, time, body).ok_or(Forged::Signature)?;
    // Compared in constant time.
    if !signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok()) {
        return Err(Forged::Signature);
    }
    let time: i64 = time.parse().map_err(|_| Forged::Malformed)?;
    let age = i64::try_from(limits::WEBHOOK_AGE.as_secs()).unwrap_or(i64::MAX);
    if now.saturating_sub(time) > age { Err(Forged::Old) } else { Ok(()) }
}

/// The header for an event, as the sandbox sends it.
pub(crate) fn sign(secret: &[u8], body: &[u8], now: i64) -> String {
    let signature = mac(secret, &now.to_string(), body)
        .map(|mac| hex(&mac.finalize().into_bytes()))
        .unwrap_or_default();
    format!("t={now},v1={signature}")
}

fn mac(secret: &[u8], time: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit =
        |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = hex.as_bytes().chunks(2);
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    pairs.map(pair).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn only_who_has_the_secret_is_believed_and_only_for_300_seconds() {
        let (secret, body) = (b"whsec_a".as_slice(), b"{}".as_slice());
        let header = sign(secret, body, NOW);
        assert_eq!(verify(secret, &header, body, NOW), Ok(()));
        assert_eq!(verify(secret, &header, body, NOW + 300), Ok(()));
        assert_eq!(verify(secret, &header, body, NOW + 301), Err(Forged::Old));
        assert_eq!(verify(secret, &header, b"{ }", NOW), Err(Forged::Signature));
        assert_eq!(verify(b"whsec_b", &header, body, NOW), Err(Forged::Signature));
        // Another time is another text.
        let moved = header.replace("t=18", "t=19");
        assert_eq!(verify(secret, &moved, body, NOW), Err(Forged::Signature));
        // Of two, one is enough.
        let signature = header.split_once(',').unwrap().1;
        let two = format!("t={NOW},v1=00ff,{signature},v0=1");
        assert_eq!(verify(secret, &two, body, NOW), Ok(()));
        for header in ["", "t=1", "v1=00", "t=1,v1=", "t=,v1=", "t=1,v1=zz", "t=1,v1=0"] {
            assert_eq!(verify(secret, header, body, NOW), Err(Forged::Signature), "{header}");
        }
    }

    proptest! {
        #[test]
        fn any_header_gives_an_answer(header in ".{0,80}", body: Vec<u8>) {
            prop_assert!(verify(b"s", &header, &body, NOW).is_err());
        }
    }
}
