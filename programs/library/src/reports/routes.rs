//! `GET reports/billing`, `reports/payments`, `reports/transfers`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use tombolo_storage::{Error, Row};
use utoipa_axum::routes;

use super::span::{Format, Span, Wanted};
use super::table::{Cell, Table};
use super::{comma_separated, pdf};
use crate::accounts::Caller;
use crate::http::{Json, Query, Routes};
use crate::ledger::Money;
use crate::limits;
use crate::payments::invoice::currency;
use crate::problem::{Problem, ProblemBody};
use crate::state::Library;
use crate::time::Time;

pub(crate) fn routes() -> Routes {
    Routes::new().routes(routes!(billing)).routes(routes!(payments)).routes(routes!(transfers))
}

/// Of each user and currency: what was owed before, what came to it, and what is owed after. An
/// empty third value is every user.
const BILLING: &str = "SELECT e.owner, coalesce(u.name, ''), coalesce(u.email, ''), e.currency,
        CAST(sum(CASE WHEN e.time < $1 THEN e.amount ELSE 0 END) AS BIGINT),
        CAST(sum(CASE WHEN e.time >= $1 AND e.kind IN ('invoice', 'void') THEN e.amount ELSE 0 END)
            AS BIGINT),
        CAST(sum(CASE WHEN e.time >= $1 AND e.kind = 'credit' THEN e.amount ELSE 0 END) AS BIGINT),
        CAST(sum(CASE WHEN e.time >= $1 AND e.kind = 'capture' THEN e.amount ELSE 0 END) AS BIGINT),
        CAST(sum(CASE WHEN e.time >= $1 AND e.kind = 'refund' THEN e.amount ELSE 0 END) AS BIGINT),
        CAST(sum(CASE WHEN e.time >= $1 AND e.kind IN ('loss', 'recovery') THEN e.amount ELSE 0 END)
            AS BIGINT),
        CAST(sum(e.amount) AS BIGINT)
    FROM library_ledger_entry e LEFT JOIN library_user u ON u.id = e.owner
    WHERE e.account = 'receivable' AND e.time < $2 AND ($3 = '' OR e.owner = $3)
    GROUP BY e.owner, u.name, u.email, e.currency
    HAVING sum(e.amount) <> 0 OR max(e.time) >= $1
    ORDER BY e.owner, e.currency LIMIT $4";

const BILLING_COLUMNS: &[&str] = &[
    "user", "name", "email", "currency", "opening", "invoiced", "credited", "paid", "refunded",
    "lost", "closing",
];

/// Each payment that was asked for, and whether the ledger knows of the same.
const PAYMENTS: &str = "SELECT p.id, p.created, p.user_id, coalesce(u.email, ''), p.provider,
        coalesce(p.intent, p.object, ''), coalesce(i.number, ''), p.state, p.currency, p.amount,
        p.captured, p.refunded,
        CASE WHEN p.state <> 'mismatch' AND p.captured = CAST(coalesce((SELECT sum(e.amount)
            FROM library_ledger_entry e WHERE e.kind = 'capture' AND e.account = 'cash'
                AND e.reference = p.provider || ':' || coalesce(p.intent, '')), 0) AS BIGINT)
            THEN 'yes' ELSE 'no' END
    FROM library_payment p JOIN library_invoice i ON i.id = p.invoice
        LEFT JOIN library_user u ON u.id = p.user_id
    WHERE p.created >= $1 AND p.created < $2 AND ($3 = '' OR p.user_id = $3)
    ORDER BY p.id LIMIT $4";

const PAYMENTS_COLUMNS: &[&str] = &[
    "payment",
    "created",
    "user",
    "email",
    "provider",
    "reference",
    "invoice",
    "state",
    "currency",
    "amount",
    "captured",
    "refunded",
    "reconciled",
];

/// What each user sent and received.
const TRANSFERS: &str = "SELECT t.user_id, coalesce(u.name, ''), coalesce(u.email, ''),
        CAST(sum(t.received) AS BIGINT), CAST(sum(t.sent) AS BIGINT), count(*)
    FROM library_traffic t LEFT JOIN library_user u ON u.id = t.user_id
    WHERE t.day >= $1 AND t.day < $2 AND ($3 = '' OR t.user_id = $3)
    GROUP BY t.user_id, u.name, u.email ORDER BY t.user_id LIMIT $4";

const TRANSFERS_COLUMNS: &[&str] = &["user", "name", "email", "received", "sent", "days"];

/// What each user owed, was invoiced and paid; your own part if you are no admin
#[utoipa::path(get, path = "/reports/billing", tag = "reports", params(Wanted),
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 200, content((serde_json::Value = "application/json"), (String = "text/csv"),
            (Vec<u8> = "application/pdf"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn billing(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let (span, who) = (wanted.span()?, who(&caller, &wanted)?);
    let rows = read(&library, BILLING, span.millis(), &who).await?;
    let row = |row: &Row| {
        let currency = currency(row, 3)?;
        let mut cells = texts(row, 0..4)?;
        for column in 4..11 {
            cells.push(Cell::Amount(Money::new(row.get(column)?, currency)));
        }
        Ok(cells)
    };
    let rows = rows.iter().map(row).collect::<Result<_, Error>>()?;
    answer(&library, &wanted, span, "Billing", BILLING_COLUMNS, rows)
}

/// Each payment, and whether the books agree; your own if you are no admin
#[utoipa::path(get, path = "/reports/payments", tag = "reports", params(Wanted),
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 200, content((serde_json::Value = "application/json"), (String = "text/csv"),
            (Vec<u8> = "application/pdf"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn payments(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let (span, who) = (wanted.span()?, who(&caller, &wanted)?);
    let rows = read(&library, PAYMENTS, span.millis(), &who).await?;
    let row = |row: &Row| {
        let currency = currency(row, 8)?;
        let mut cells = texts(row, 0..1)?;
        cells.push(Cell::Text(Time::of_row(row, 1)?.to_string()));
        cells.extend(texts(row, 2..9)?);
        for column in 9..12 {
            cells.push(Cell::Amount(Money::new(row.get(column)?, currency)));
        }
        cells.extend(texts(row, 12..13)?);
        Ok(cells)
    };
    let rows = rows.iter().map(row).collect::<Result<_, Error>>()?;
    answer(&library, &wanted, span, "Payments", PAYMENTS_COLUMNS, rows)
}

/// What each user uploaded and downloaded; your own part if you are no admin
#[utoipa::path(get, path = "/reports/transfers", tag = "reports", params(Wanted),
    security(("token" = []), ("cookie" = [])),
    responses(
        (status = 200, content((serde_json::Value = "application/json"), (String = "text/csv"),
            (Vec<u8> = "application/pdf"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn transfers(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let (span, who) = (wanted.span()?, who(&caller, &wanted)?);
    let rows = read(&library, TRANSFERS, (span.from, span.to), &who).await?;
    let row = |row: &Row| {
        let mut cells = texts(row, 0..3)?;
        for column in 3..6 {
            cells.push(Cell::Count(row.get(column)?));
        }
        Ok(cells)
    };
    let rows = rows.iter().map(row).collect::<Result<_, Error>>()?;
    answer(&library, &wanted, span, "Transfers", TRANSFERS_COLUMNS, rows)
}

/// Whose part it is; empty: everybody's.
fn who(caller: &Caller, wanted: &Wanted) -> Result<String, Problem> {
    let user = caller.user()?.id;
    match wanted.user {
        Some(other) if other != user => {
            caller.admin()?;
            Ok(other.to_string())
        }
        None if caller.is_admin() => Ok(String::new()),
        _ => Ok(user.to_string()),
    }
}

async fn read(
    library: &Library,
    text: &'static str,
    (from, to): (i64, i64),
    who: &str,
) -> Result<Vec<Row>, Problem> {
    let query = tombolo_storage::Query::new(text).bind(from).bind(to).bind(who);
    let rows = library.query(query.bind(limits::REPORT_ROWS + 1)).await?;
    let most = usize::try_from(limits::REPORT_ROWS).unwrap_or(usize::MAX);
    if rows.len() > most {
        let detail =
            format!("This report has more than {most} rows; ask for fewer days, or a user.");
        return Err(Problem::field("from", detail));
    }
    Ok(rows)
}

fn texts(row: &Row, columns: std::ops::Range<usize>) -> Result<Vec<Cell>, Error> {
    columns.map(|column| row.get(column).map(Cell::Text)).collect()
}

fn answer(
    library: &Library,
    wanted: &Wanted,
    span: Span,
    title: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<Cell>>,
) -> Result<Response, Problem> {
    let mut about = vec![format!("{span} (UTC)")];
    about.extend(Some(library.payments.seller.clone()).filter(|seller| !seller.is_empty()));
    let table = Table { title, about, columns, rows };
    let broken = |error: &dyn std::error::Error| {
        tracing::error!(%error, title, "a report cannot be written");
        Problem::internal()
    };
    let (kind, ending, bytes) = match wanted.format {
        Format::Json => return Ok(Json(table.json()).into_response()),
        Format::Csv => {
            let bytes = comma_separated::write(&table).map_err(|error| broken(&error))?;
            ("text/csv; charset=utf-8", "csv", bytes)
        }
        Format::Pdf => {
            let bytes = pdf::write(&table).map_err(|error| broken(&error))?;
            ("application/pdf", "pdf", bytes)
        }
    };
    let name = format!("attachment; filename=\"{}.{ending}\"", title.to_ascii_lowercase());
    let fields =
        [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name.as_str()), (CACHE_CONTROL, "no-store")];
    Ok((StatusCode::OK, fields, bytes).into_response())
}
