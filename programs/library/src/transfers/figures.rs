//! `GET /statistics`: the library in numbers, for the console of the gateway. Numbers alone: no
//! names, nothing of any one user. A gateway asks for it itself; what comes through one is answered as
//! if there were nothing.

use std::sync::Arc;

use axum::extract::State as Shared;
use http::HeaderMap;
use http::header::{FORWARDED, VIA};
use serde_json::{Value, json};
use tombolo_storage::Query;

use super::stats::stats;
use crate::http::Json;
use crate::limits;
use crate::problem::Problem;
use crate::state::{Library, reading};
use crate::time::Time;

/// Tells the numbers of all replicas together.
pub(crate) async fn get(
    Shared(library): Shared<Arc<Library>>,
    fields: HeaderMap,
) -> Result<Json<Value>, Problem> {
    // What a gateway passes on comes from anybody.
    if fields.contains_key(VIA) || fields.contains_key(FORWARDED) {
        return Err(Problem::not_found());
    }
    let (told, waiting) = library
        .database
        .read(reading(), move |work| {
            Box::pin(async move {
                let told = stats(work, "").await?;
                let waiting = "SELECT count(*) FROM library_transfer_part
                    WHERE position > 0 AND seen > $1";
                let fresh = Time::now().minus(limits::TRANSFER_FRESH).millis();
                let row = work.row(Query::new(waiting).bind(fresh)).await?;
                let waiting: i64 = row.map(|row| row.get(0)).transpose()?.unwrap_or_default();
                Ok((told, waiting))
            })
        })
        .await?;
    let figure =
        |name: &str, value: Value, unit: &str| json!({"name": name, "value": value, "unit": unit});
    let users = told.users.unwrap_or_default();
    Ok(Json(json!({"figures": [
        figure("transfers_under_way", json!(told.transfers.transferring), "count"),
        figure("transfers_waiting", json!(waiting), "count"),
        figure("transfers_disconnected", json!(told.transfers.disconnected), "count"),
        figure("transfers_complete", json!(told.transfers.complete), "count"),
        figure("transfers_failed", json!(told.transfers.failed), "count"),
        figure("uploaded_30_days", json!(told.traffic.uploaded), "bytes"),
        figure("downloaded_30_days", json!(told.traffic.downloaded), "bytes"),
        figure("items", json!(told.items.count), "count"),
        figure("stored", json!(told.items.bytes), "bytes"),
        figure("damaged", json!(told.items.damaged), "count"),
        figure("users", json!(users.count), "count"),
        figure("users_online", json!(users.online), "count"),
    ]})))
}
