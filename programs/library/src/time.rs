//! Moments: milliseconds since 1970 in the database, RFC 3339 in UTC in the API.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tombolo_storage::{Error, Row, Value};

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, utoipa::ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub(crate) struct Time(i64);

#[allow(dead_code, reason = "what every part of the library needs of moments")]
impl Time {
    /// Now.
    pub(crate) fn now() -> Self {
        Self(Timestamp::now().as_millisecond())
    }

    /// So many milliseconds after the beginning of 1970.
    pub(crate) const fn of_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the beginning of 1970.
    pub(crate) const fn millis(self) -> i64 {
        self.0
    }

    /// So much later.
    pub(crate) fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(millis(time)))
    }

    /// So much earlier.
    pub(crate) fn minus(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(millis(time)))
    }

    /// How long it was from `earlier` to this; nothing if it was not earlier.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }

    /// The moment in a column of a row.
    pub(crate) fn of_row(row: &Row, column: usize) -> Result<Self, Error> {
        row.get(column).map(Self)
    }

    /// The moment in a column that may be empty.
    pub(crate) fn of_row_if_any(row: &Row, column: usize) -> Result<Option<Self>, Error> {
        row.get::<Option<i64>>(column).map(|millis| millis.map(Self))
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

impl std::fmt::Display for Time {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let time = Timestamp::from_millisecond(self.0).unwrap_or_default();
        write!(out, "{time:.3}")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let time = text.parse::<Timestamp>().map_err(serde::de::Error::custom)?;
        Ok(Self(time.as_millisecond()))
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Value {
        Value::from(time.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_rfc_3339_in_utc() {
        let time = Time::of_millis(1_795_273_445_678);
        let text = serde_json::to_string(&time).unwrap();
        assert_eq!(text, r#""2026-11-21T15:04:05.678Z""#);
        assert_eq!(serde_json::from_str::<Time>(&text).unwrap(), time);
        assert_eq!(time.plus(Duration::from_secs(1)).since(time), Duration::from_secs(1));
        assert_eq!(time.since(time.plus(Duration::from_secs(1))), Duration::ZERO);
    }

    #[test]
    fn far_moments_do_not_overflow() {
        let far = Time::of_millis(i64::MAX).plus(Duration::MAX);
        assert_eq!(far.millis(), i64::MAX);
        assert!(!far.to_string().is_empty());
    }
}
