//! What tests of this crate begin with: heads from text.

use tombolo_http1::{HeadLimits, Method, RequestHead, ResponseHead};

use crate::message::{Request, Response};

/// A request and its bytes.
pub(crate) struct OwnedRequest {
    head: RequestHead,
    buf: Vec<u8>,
}

/// A response and its bytes.
pub(crate) struct OwnedResponse {
    head: ResponseHead,
    buf: Vec<u8>,
}

impl OwnedRequest {
    pub(crate) fn as_request(&self) -> Request<'_> {
        Request { head: &self.head, buf: &self.buf }
    }
}

impl OwnedResponse {
    pub(crate) fn as_response(&self) -> Response<'_> {
        Response { head: &self.head, buf: &self.buf }
    }
}

/// A GET with `fields`: lines with their ends.
pub(crate) fn request(fields: &str) -> OwnedRequest {
    request_to("GET /", fields)
}

/// `line` is method and target.
pub(crate) fn request_to(line: &str, fields: &str) -> OwnedRequest {
    let buf = format!("{line} HTTP/1.1\r\nHost: example.org\r\n{fields}\r\n").into_bytes();
    let mut head = RequestHead::new();
    head.parse(&buf, &HeadLimits::default()).unwrap().unwrap();
    OwnedRequest { head, buf }
}

/// A 200 with `fields`: lines with their ends.
pub(crate) fn response(fields: &str) -> OwnedResponse {
    answer("200 OK", fields)
}

/// `status` is code and reason.
pub(crate) fn answer(status: &str, fields: &str) -> OwnedResponse {
    let buf = format!("HTTP/1.1 {status}\r\n{fields}\r\n").into_bytes();
    let mut head = ResponseHead::new();
    head.parse(&buf, &HeadLimits::default(), Method::Get).unwrap().unwrap();
    OwnedResponse { head, buf }
}
