//! One request from its head to its response: the outer function turns every refusal into a
//! response, the inner one is the way through.

use std::sync::Arc;
use std::time::SystemTime;

use http::header::{
    ACCEPT_ENCODING, ACCEPT_LANGUAGE, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE,
    HeaderName, HeaderValue, LOCATION, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use tombolo_daemon::shutdown::Shutdown;

use crate::Options;
use crate::body::Body;
use crate::error::Error;
use crate::field;
use crate::folder::{Folder, Located};
use crate::landing::Landing;
use crate::limits;
use crate::refusal::{ALLOWED, Refusal};
use crate::representation::Representation;
use crate::request_path::{PathMistake, RequestPath};
use crate::respond::{respond, set};
use crate::root::Root;
use tombolo_serve::Exchange;

const X_REPLICA: HeaderName = HeaderName::from_static("x-replica");

/// What this replica serves, and as whom.
#[derive(Debug)]
pub(crate) struct Site {
    replica: String,
    replica_field: HeaderValue,
    origin: Origin,
    shutdown: Shutdown,
}

/// Where representations come from.
#[derive(Debug)]
enum Origin {
    Landing(Box<Landing>),
    Folder(Arc<Folder>),
}

impl Site {
    /// Checks the options and opens the origin.
    pub(crate) fn new(options: &Options, shutdown: Shutdown) -> Result<Self, Error> {
        let replica =
            options.replica.clone().unwrap_or_else(|| format!("site-{}", std::process::id()));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let fits = (1..=limits::REPLICA_NAME_BYTES).contains(&replica.len());
        let replica_field = match HeaderValue::from_str(&replica) {
            Ok(field) if fits && replica.bytes().all(plain) => field,
            _ => return Err(Error::Replica(replica)),
        };
        let origin = match &options.root {
            None => Origin::Landing(Box::new(Landing::new(&replica)?)),
            Some(root) => {
                let opened = Root::new(root.clone());
                let opened = opened.map_err(|source| Error::Root { root: root.clone(), source })?;
                Origin::Folder(Arc::new(Folder::new(opened)))
            }
        };
        Ok(Self { replica, replica_field, origin, shutdown })
    }

    /// The replica's name.
    pub(crate) fn replica(&self) -> &str {
        &self.replica
    }

    /// Answers a request. Every answer says which replica gave it.
    pub(crate) async fn answer(&self, request: &Parts, exchange: Exchange) -> Response<Body> {
        let mut response = match self.route(request).await {
            Ok(response) => response,
            Err(refusal) => refusal.into_response(&request.headers),
        };
        let headers = response.headers_mut();
        headers.insert(X_REPLICA, self.replica_field.clone());
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if request.method == Method::HEAD {
            response.body_mut().clear();
        }
        response.body_mut().hold(exchange);
        response
    }

    async fn route(&self, request: &Parts) -> Result<Response<Body>, Refusal> {
        let target = request.uri.path_and_query().map_or(0, |target| target.as_str().len());
        if target > limits::TARGET_BYTES {
            return Err(PathMistake::TooLong.into());
        }
        match request.method {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS => return Ok(options()),
            _ => return Err(Refusal::MethodNotAllowed),
        }
        if request.uri.path() == "/health" {
            return Ok(self.health());
        }
        let path = RequestPath::parse(request.uri.path().as_bytes())?;
        let now = SystemTime::now();
        match self.locate(path, request, now).await? {
            Located::Here(representation) => {
                respond(&request.method, &request.headers, &representation, now)
            }
            Located::AddSlash => Ok(add_slash(request)),
        }
    }

    /// Finds what stands at the path, off this thread if that takes the disk.
    async fn locate(
        &self,
        path: RequestPath,
        request: &Parts,
        now: SystemTime,
    ) -> Result<Located, Refusal> {
        match &self.origin {
            Origin::Landing(landing) => {
                let query = request.uri.query().unwrap_or_default();
                let languages = field::list(&request.headers, &ACCEPT_LANGUAGE);
                let found: Option<Representation> =
                    landing.locate(&path, query, languages.as_deref());
                found.map(|found| Located::Here(Box::new(found))).ok_or(Refusal::NotFound)
            }
            Origin::Folder(folder) => {
                let folder = Arc::clone(folder);
                let codings = field::list(&request.headers, &ACCEPT_ENCODING)
                    .map(std::borrow::Cow::into_owned);
                let look_up = move || folder.locate(&path, codings.as_deref(), now);
                // A look-up that panicked has been reported by the panic hook.
                tokio::task::spawn_blocking(look_up).await.unwrap_or(Err(Refusal::Internal))
            }
        }
    }

    /// Whether this replica should be given requests.
    fn health(&self) -> Response<Body> {
        let (status, word) = if self.shutdown.is_draining() {
            (StatusCode::SERVICE_UNAVAILABLE, "draining")
        } else {
            (StatusCode::OK, "ok")
        };
        // Neither needs escaping: the name was checked.
        let body = format!(r#"{{"status":"{word}","replica":"{}"}}"#, self.replica);
        let mut response = Response::new(Body::of_bytes(body));
        *response.status_mut() = status;
        let length = response.body().length();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// What can be done, here and everywhere (`OPTIONS *`).
fn options() -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(ALLOWED));
    response
}

/// Sends the visitor to the folder's own address, upon which the page's relative links depend.
/// The path has been checked not to begin with `//`, which would lead to another site.
fn add_slash(request: &Parts) -> Response<Body> {
    let query = request.uri.query().map_or(String::new(), |query| format!("?{query}"));
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let headers = response.headers_mut();
    set(headers, LOCATION, &format!("{}/{query}", request.uri.path()));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
    response
}
