//! The days that a report is about: from the first one up to, and without, the last one. Days are
//! those of UTC.

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::ids::UserId;
use crate::limits;
use crate::plans::traffic::DAY;
use crate::problem::Problem;

/// What a report is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// For programs.
    #[default]
    Json,
    /// For programs that show tables.
    Csv,
    /// For people.
    Pdf,
}

/// What a report is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The first day (UTC), as in 2026-11-01; without it, the first of this month.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<String>,
    /// The day after the last one; without it, a month after `from`.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<String>,
    /// What it is written as: `json`, `csv` or `pdf`.
    #[param(inline)]
    #[serde(default)]
    pub(super) format: Format,
    /// One user's part, for admins. Others get their own.
    pub(super) user: Option<UserId>,
}

/// Days since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Wanted {
    /// The days.
    pub(super) fn span(&self) -> Result<Span, Problem> {
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        let from = read("from", self.from.as_deref())?.unwrap_or(today.first_of_month());
        let later = || from.checked_add(1.month()).unwrap_or(from);
        let to = read("to", self.to.as_deref())?.unwrap_or_else(later);
        let span = Span { from: day(from), to: day(to) };
        let days = span.to.saturating_sub(span.from);
        if (1..=limits::REPORT_DAYS).contains(&days) {
            return Ok(span);
        }
        let most = limits::REPORT_DAYS;
        Err(Problem::field("to", format!("Ask for 1 to {most} days, not {days}.")))
    }
}

fn read(name: &'static str, text: Option<&str>) -> Result<Option<Date>, Problem> {
    let bad = || Problem::field(name, "Write a day as in 2026-11-01.");
    text.map(|text| match text.len() {
        10 => text.parse().map_err(|_| bad()),
        _ => Err(bad()),
    })
    .transpose()
}

fn day(day: Date) -> i64 {
    let since = day.since(date(1970, 1, 1));
    since.map(|span| i64::from(span.get_days())).unwrap_or_default()
}

impl Span {
    /// The first millisecond, and the one after the last.
    pub(super) fn millis(self) -> (i64, i64) {
        (self.from.saturating_mul(DAY), self.to.saturating_mul(DAY))
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let day = |days: i64| {
            let time = Timestamp::from_millisecond(days.saturating_mul(DAY)).unwrap_or_default();
            time.to_zoned(TimeZone::UTC).date()
        };
        write!(out, "{} – {}", day(self.from), day(self.to.saturating_sub(1)))
    }
}
