//! What a body asks of the orchestrator, with every mistake in it named.

use http::StatusCode;
use serde_json::{Map, Value};
use tombolo_daemon::orchestration::Request;

use super::super::refusal::{Mistake, Refusal};

/// `{"service": NAME, "replicas": N}`.
pub(super) fn scale(body: &[u8]) -> Result<Request, Refusal> {
    let mut members = members(body, r#"{"service": "site", "replicas": 5}"#)?;
    let mut mistakes = Vec::new();
    let service = name(&mut members, "service", &mut mistakes);
    let replicas = match members.remove("replicas") {
        Some(value) => value.as_u64().and_then(|count| usize::try_from(count).ok()),
        None => None,
    };
    if replicas.is_none() {
        mistakes.push(mistake("replicas", "a whole number from 1 on is expected"));
    }
    unknown(&members, "service and replicas", &mut mistakes);
    match (service, replicas) {
        (Some(service), Some(replicas)) if mistakes.is_empty() => {
            Ok(Request::Scale { service, replicas })
        }
        _ => Err(Refusal::of_mistakes(mistakes)),
    }
}

/// `{"service": NAME}` or `{"replica": NAME}`: exactly one of them.
pub(super) fn restart(body: &[u8]) -> Result<Request, Refusal> {
    let mut members = members(body, r#"{"service": "site"} or {"replica": "site-2"}"#)?;
    let mut mistakes = Vec::new();
    let which = match (members.contains_key("service"), members.contains_key("replica")) {
        (true, true) => {
            mistakes.push(mistake("replica", "just one of service and replica is expected"));
            members.remove("replica");
            "service"
        }
        (false, true) => "replica",
        _ => "service",
    };
    let name = name(&mut members, which, &mut mistakes);
    let now = match members.remove("now") {
        None => false,
        Some(value) => value.as_bool().unwrap_or_else(|| {
            mistakes.push(mistake("now", "true or false is expected"));
            false
        }),
    };
    unknown(&members, "service, replica and now", &mut mistakes);
    match name {
        Some(name) if mistakes.is_empty() => Ok(Request::Restart { name, now }),
        _ => Err(Refusal::of_mistakes(mistakes)),
    }
}

fn members(body: &[u8], example: &str) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        let detail = format!("The body is not what is expected: {error}. Example: {example}");
        Refusal::new(StatusCode::BAD_REQUEST, detail)
    })
}

fn name(
    members: &mut Map<String, Value>,
    field: &str,
    mistakes: &mut Vec<Mistake>,
) -> Option<String> {
    match members.remove(field) {
        Some(Value::String(name)) if !name.is_empty() && name.len() <= 64 => Some(name),
        _ => {
            mistakes.push(mistake(field, "a name is expected, as `tombolo status` shows them"));
            None
        }
    }
}

fn unknown(members: &Map<String, Value>, known: &str, mistakes: &mut Vec<Mistake>) {
    for name in members.keys() {
        // Shown as it came, but not more than helps.
        let field: String = name.chars().take(64).collect();
        mistakes.push(mistake(&field, &format!("unknown; there are {known}")));
    }
}

fn mistake(field: &str, message: &str) -> Mistake {
    Mistake { field: field.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn orders_are_read() {
        let five = scale(br#"{"service":"site","replicas":5}"#).unwrap();
        assert_eq!(five, Request::Scale { service: "site".into(), replicas: 5 });
        for body in [r#"{"service":"site-2"}"#, r#"{"replica":"site-2"}"#] {
            let read = restart(body.as_bytes()).unwrap();
            assert_eq!(read, Request::Restart { name: "site-2".into(), now: false });
        }
    }

    #[test]
    fn every_mistake_is_named() {
        for (body, status, words) in [
            ("", 400, "EOF"),
            ("[]", 400, "a map"),
            ("{}", 422, "service: a name"),
            (r#"{"service":"a","replicas":-1}"#, 422, "from 1 on"),
            (r#"{"service":"a","replicas":1.5}"#, 422, "from 1 on"),
            (r#"{"service":7,"replica":1,"x":2}"#, 422, "x: unknown"),
        ] {
            let refusal = scale(body.as_bytes()).unwrap_err();
            assert!(format!("{refusal:?}").contains(words), "{body}: {refusal:?}");
            assert_eq!(refusal.into_response().status().as_u16(), status, "{body}");
        }
        let now = restart(br#"{"replica":"site-2","now":true}"#).unwrap();
        assert_eq!(now, Request::Restart { name: "site-2".into(), now: true });
        assert!(restart(br#"{"replica":"site-2","now":1}"#).is_err());
        let both = restart(br#"{"service":"a","replica":"b"}"#).unwrap_err();
        assert!(format!("{both:?}").contains("just one"), "{both:?}");
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (scale(&body), restart(&body));
        }
    }
}
