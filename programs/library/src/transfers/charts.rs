//! `GET /library/api/stats/charts/{chart}`: the statistics as pictures, drawn here so that every page
//! and report shows the same one. Of one's own things, for admins of all.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use serde::Deserialize;
use tombolo_daemon::problem::Language;
use tombolo_storage::{Error, Query as Statement, Work};
use utoipa::IntoParams;

use super::drawing::{Columns, Rows, Scale};
use super::words::Words;
use crate::accounts::Caller;
use crate::http::Query;
use crate::limits;
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, reading};
use crate::time::Time;

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// What is drawn.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Chart {
    /// Bytes that came in and went out, by day.
    Traffic,
    /// Transfers that were completed and that failed, by day.
    Transfers,
    /// Items of each kind, and their bytes.
    Kinds,
}

/// How it is drawn.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Days up to today (UTC), 7 to 90; 30 if absent.
    #[param(minimum = 7, maximum = 90)]
    days: Option<u16>,
    /// The language of its words, `en` or `es`; English if absent.
    lang: Option<String>,
}

/// Draws one of the statistics as SVG: `traffic`, `transfers` or `kinds`. It follows the reader's light or dark scheme.
#[utoipa::path(
    get, path = "/stats/charts/{chart}", tag = "transfers",
    params(("chart" = String, Path), Asked),
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The picture.", content_type = "image/svg+xml"),
        (status = 400, description = "Something in the query is wrong.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Nobody is logged in.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such chart.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database cannot be reached now.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    Shared(library): Shared<Arc<Library>>,
    caller: Caller,
    chart: Result<Path<Chart>, axum::extract::rejection::PathRejection>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let user = caller.user()?.id;
    let Ok(Path(chart)) = chart else { return Err(Problem::not_found()) };
    let days = i64::from(asked.days.unwrap_or(30));
    if !(limits::CHART_DAYS.contains(&days)) {
        return Err(Problem::field("days", format!("Ask for 7 to 90 days, not {days}.")));
    }
    let language = asked.lang.as_deref().map_or(Some(Language::English), |tag| {
        Language::ALL.into_iter().find(|language| language.tag() == tag)
    });
    let language =
        language.ok_or_else(|| Problem::field("lang", "\"lang\" is \"en\" or \"es\"."))?;
    let words = Words::of(language);
    library.book.saw(user);
    let whose = if caller.is_admin() { String::new() } else { user.to_string() };
    let drawn = library.database.read(reading(), move |work| {
        Box::pin(async move {
            match chart {
                Chart::Traffic => traffic(work, &whose, days, words).await,
                Chart::Transfers => transfers(work, &whose, days, words).await,
                Chart::Kinds => kinds(work, &whose, words).await,
            }
        })
    });
    let fields = [
        (CONTENT_TYPE, "image/svg+xml"),
        (CACHE_CONTROL, "private, no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Its own style, and nothing else.
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ];
    Ok((fields, drawn.await?).into_response())
}

fn number(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// Columns for the days up to today, without a value yet.
fn empty(days: i64, title: &str, names: [&str; 2], scale: Scale) -> (i64, Columns) {
    let today = Time::now().millis().div_euclid(DAY);
    let first = today.saturating_sub(days.saturating_sub(1));
    let label = |day: i64| {
        let at = jiff::Timestamp::from_millisecond(day.saturating_mul(DAY)).unwrap_or_default();
        at.strftime("%m-%d").to_string()
    };
    let columns = (first..=today).map(|day| (label(day), [0, 0])).collect();
    (first, Columns { title: title.to_owned(), names: names.map(str::to_owned), columns, scale })
}

async fn traffic(
    work: &mut Work<'_>,
    whose: &str,
    days: i64,
    words: Words,
) -> Result<String, Error> {
    let names = [words.say("chart_uploaded"), words.say("chart_downloaded")];
    let (first, mut drawn) = empty(days, words.say("chart_traffic"), names, Scale::Bytes);
    let find = "SELECT day, CAST(sum(received) AS BIGINT), CAST(sum(sent) AS BIGINT)
        FROM library_traffic WHERE ($1 = '' OR user_id = $1) AND day >= $2 GROUP BY day";
    for row in work.rows(Statement::new(find).bind(whose).bind(first)).await? {
        let place = usize::try_from(row.get::<i64>(0)?.saturating_sub(first)).ok();
        if let Some((_, values)) = place.and_then(|place| drawn.columns.get_mut(place)) {
            *values = [number(row.get(1)?), number(row.get(2)?)];
        }
    }
    Ok(drawn.draw(words))
}

async fn transfers(
    work: &mut Work<'_>,
    whose: &str,
    days: i64,
    words: Words,
) -> Result<String, Error> {
    let names = [words.say("transfer_complete"), words.say("transfer_failed")];
    let (first, mut drawn) = empty(days, words.say("chart_transfers"), names, Scale::Count);
    let find = "SELECT updated / 86400000, state, count(*) FROM library_transfer
        WHERE ($1 = '' OR user_id = $1) AND updated >= $2 AND state <> 'open' GROUP BY 1, 2";
    let from = first.saturating_mul(DAY);
    for row in work.rows(Statement::new(find).bind(whose).bind(from)).await? {
        let place = usize::try_from(row.get::<i64>(0)?.saturating_sub(first)).ok();
        let Some((_, [complete, failed])) = place.and_then(|at| drawn.columns.get_mut(at)) else {
            continue;
        };
        let of = if row.get::<String>(1)? == "failed" { failed } else { complete };
        *of = number(row.get(2)?);
    }
    Ok(drawn.draw(words))
}

async fn kinds(work: &mut Work<'_>, whose: &str, words: Words) -> Result<String, Error> {
    let find = "SELECT kind, count(*), CAST(coalesce(sum(size), 0) AS BIGINT)
        FROM library_item WHERE $1 = '' OR owner = $1 GROUP BY kind ORDER BY 3 DESC, kind";
    let mut rows = Vec::new();
    for row in work.rows(Statement::new(find).bind(whose)).await? {
        let kind: String = row.get(0)?;
        let (count, bytes) = (number(row.get(1)?), number(row.get(2)?));
        let value = format!("{} · {}", words.bytes(bytes), words.items(count));
        rows.push((words.say(&format!("kind_{kind}")).to_owned(), bytes, value));
    }
    Ok(Rows { title: words.say("chart_kinds").to_owned(), rows }.draw(words))
}
