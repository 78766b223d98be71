//! Amounts in the minor unit of their currency: whole numbers, never fractions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A currency by its ISO 4217 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Currency([u8; 3]);

/// It is not three upper-case letters.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a currency of three upper-case letters (ISO 4217), such as EUR")]
pub(crate) struct NotACurrency(String);

impl Currency {
    /// The euro.
    #[cfg(test)]
    pub(crate) const EUR: Self = Self(*b"EUR");

    /// The code.
    pub(crate) fn as_str(&self) -> &str {
        // Letters only.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// How many digits of an amount stand after the point (ISO 4217).
    pub(crate) fn digits(self) -> usize {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = NotACurrency;

    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(NotACurrency(text.chars().take(16).collect())),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = NotACurrency;

    fn try_from(text: String) -> Result<Self, NotACurrency> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount in the minor unit of its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Money {
    /// So many minor units: cents of a euro, yen.
    pub(crate) amount: i64,
    /// The currency's code (ISO 4217).
    #[schema(value_type = String, example = "EUR")]
    pub(crate) currency: Currency,
}

impl Money {
    /// So much of a currency.
    pub(crate) const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// The number as people write it, with a point and no currency: `-12.05`.
    pub(crate) fn decimal(self) -> String {
        let digits = self.currency.digits();
        let sign = if self.amount < 0 { "-" } else { "" };
        let amount = self.amount.unsigned_abs();
        let unit = 10_u64.pow(u32::try_from(digits).unwrap_or_default());
        let (whole, part) = (amount / unit, amount % unit);
        match digits {
            0 => format!("{sign}{whole}"),
            _ => format!("{sign}{whole}.{part:0digits$}"),
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        for (amount, currency, text) in [
            (1205, "EUR", "12.05"),
            (-5, "EUR", "-0.05"),
            (0, "EUR", "0.00"),
            (1205, "JPY", "1205"),
            (-1205, "KWD", "-1.205"),
            (i64::MIN, "EUR", "-92233720368547758.08"),
        ] {
            assert_eq!(Money::new(amount, currency.parse().unwrap()).decimal(), text);
        }
    }

    #[test]
    fn a_currency_is_three_upper_case_letters() {
        for text in ["", "eur", "EURO", "E1R", "€€€", "EÜ"] {
            assert!(text.parse::<Currency>().is_err(), "{text}");
        }
    }
}
