//! Trace context (W3C) of a request: taken over or begun, and sent on.
//!
//! Without `[traces]` the two fields are like any others and pass as they came. With it they are the
//! gateway's: a valid `traceparent` goes on with this gateway as the parent, an invalid one is
//! dropped with its `tracestate`, and a request without one begins a trace.
//!
//! Whose trace is recorded: of a trusted hop, as it says; of anyone else the configured share, so
//! that a stranger cannot make the gateway record.

use tombolo_http1::{RequestHead, write};
use tombolo_trace_context::{Parent, SpanId, TraceId, is_state};

use crate::recent::Traced;

/// A million: the unit of the share that is recorded.
const ALL: u32 = 1_000_000;

const TRACEPARENT: &[u8] = b"traceparent";
const TRACESTATE: &[u8] = b"tracestate";

/// The trace that a request belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trace {
    /// What the next hop is told: this gateway's span.
    context: Parent,
    /// The span that the request is a child of.
    parent: Option<SpanId>,
}

impl Trace {
    /// Goes on with the request's trace or begins one, of which `per_million` are recorded.
    pub(super) fn begin(
        request: &RequestHead,
        head: &[u8],
        trusted: bool,
        per_million: u32,
        random: &mut fastrand::Rng,
    ) -> Self {
        let parent = parent(request, head);
        let sampled = match parent {
            Some(parent) if trusted => parent.sampled,
            _ => random.u32(..ALL) < per_million,
        };
        let span = SpanId::new(random.u64(1..)).unwrap_or(SpanId::MIN);
        let trace = match parent {
            Some(parent) => parent.trace,
            None => TraceId::new(random.u128(1..)).unwrap_or(TraceId::MIN),
        };
        Self { context: Parent { trace, span, sampled }, parent: parent.map(|parent| parent.span) }
    }

    /// What is remembered of it; none: it is not recorded.
    pub(super) fn recorded(&self) -> Option<Traced> {
        self.context.sampled.then(|| Traced {
            trace: self.context.trace.get(),
            span: self.context.span.get(),
            parent: self.parent.map_or(0, SpanId::get),
        })
    }

    /// Writes the fields for the next hop.
    pub(super) fn write(&self, request: &RequestHead, head: &[u8], out: &mut Vec<u8>) {
        write::field(out, TRACEPARENT, &self.context.text());
        // A state belongs to the parent it came with (section 3.3).
        if self.parent.is_some() {
            let state = state(request, head);
            if !state.is_empty() && is_state(&state) {
                write::field(out, TRACESTATE, &state);
            }
        }
    }
}

/// Whether a field is one of the two.
pub(super) fn is_field(name: &[u8]) -> bool {
    // Both have eleven or ten letters and begin alike: nearly every other name is told by that.
    matches!(name.len(), 10 | 11)
        && (name.eq_ignore_ascii_case(TRACEPARENT) || name.eq_ignore_ascii_case(TRACESTATE))
}

/// The request's `traceparent`, if it has one that is valid; of several none is (section 3.2.1).
fn parent(request: &RequestHead, head: &[u8]) -> Option<Parent> {
    let mut values = named(request, head, TRACEPARENT);
    let value = values.next()?;
    if values.next().is_some() { None } else { Parent::parse(value) }
}

/// All `tracestate` fields as one (section 3.3.1).
fn state(request: &RequestHead, head: &[u8]) -> Vec<u8> {
    named(request, head, TRACESTATE).collect::<Vec<_>>().join(&b","[..])
}

fn named<'h>(
    request: &'h RequestHead,
    head: &'h [u8],
    name: &'static [u8],
) -> impl Iterator<Item = &'h [u8]> {
    let fields = request.fields().iter();
    let fields = fields.filter(move |field| field.name.of(head).eq_ignore_ascii_case(name));
    fields.map(|field| field.value.of(head))
}
