//! `GET /metrics`: everything that is counted, for Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE, VARY};

use super::{Facts, orchestration};
use crate::metrics::{
    Exemplars, Exposition, Form, write_cache, write_gateway, write_health, write_overload,
    write_process, write_replicas, write_tcp, write_traces,
};

pub(super) async fn scrape(State(facts): State<Arc<Facts>>, headers: HeaderMap) -> Response {
    let form = Form::accepted(headers.get(ACCEPT).map(|value| value.as_bytes()));
    let mut out = Exposition::new(form);
    let exemplars = match form {
        Form::OpenMetrics => Exemplars::of(&facts.memory),
        Form::Text => Exemplars::default(),
    };
    let snapshot = facts.snapshot();
    write_gateway(&mut out, &facts.metrics, &facts.gauges(), &snapshot, &exemplars);
    write_health(&mut out, &snapshot.upstreams);
    write_overload(&mut out, &snapshot.upstreams);
    write_tcp(&mut out, snapshot.tcp.iter().map(AsRef::as_ref));
    if let Some(store) = &snapshot.store {
        write_cache(&mut out, &store.status());
    }
    if let Some(traces) = &facts.traces {
        write_traces(&mut out, traces);
    }
    if let Some(told) = orchestration::counted(&facts).await {
        write_replicas(&mut out, &told);
    }
    write_process(&mut out, facts.started.1);
    ([(CONTENT_TYPE, form.content_type()), (VARY, "Accept")], out.finish()).into_response()
}
