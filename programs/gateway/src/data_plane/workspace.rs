//! The memory of one exchange, borrowed while a connection is busy and handed back when it is
//! idle, so that ten thousand quiet connections need none and a busy thread finds it warm.

use std::cell::RefCell;

use tombolo_daemon::memory;
use tombolo_http1::{RequestHead, ResponseHead};

use super::buffer::Buffer;

/// Workspaces a thread keeps for reuse; more are freed when they come back.
const KEPT: usize = 64;

/// Text capacity a workspace keeps for reuse.
const KEPT_TEXT: usize = 16 * 1024;

/// Buffers and parsed heads of one exchange.
pub(crate) struct Workspace {
    /// From the client: request head, then request body.
    pub(crate) inbound: Buffer,
    /// From the upstream: response head, then response body.
    pub(crate) outbound: Buffer,
    pub(crate) request: RequestHead,
    pub(crate) response: ResponseHead,
    /// The request head as it goes upstream; kept for another attempt.
    pub(crate) onward: Vec<u8>,
    /// The response head as it goes to the client.
    pub(crate) answer: Vec<u8>,
    /// The cache key of the request, and what it says in the fields that its answer varies by.
    pub(crate) key: Vec<u8>,
    pub(crate) variant: Vec<u8>,
    /// The fields by which what is stored differs, if no variant fitted.
    pub(crate) varies_by: Vec<u8>,
    /// Chunk framing of the request body and of the response body.
    pub(crate) framing_up: Vec<u8>,
    pub(crate) framing_down: Vec<u8>,
}

impl Workspace {
    fn new() -> Box<Self> {
        Box::new(Self {
            inbound: Buffer::new(),
            outbound: Buffer::new(),
            request: RequestHead::new(),
            response: ResponseHead::new(),
            onward: Vec::with_capacity(1024),
            answer: Vec::with_capacity(1024),
            key: Vec::with_capacity(256),
            variant: Vec::with_capacity(256),
            varies_by: Vec::new(),
            framing_up: Vec::with_capacity(32),
            framing_down: Vec::with_capacity(32),
        })
    }

    fn clear(&mut self) {
        self.inbound.clear();
        self.outbound.clear();
        self.request.reset();
        self.response.reset();
        for text in [
            &mut self.onward,
            &mut self.answer,
            &mut self.key,
            &mut self.variant,
            &mut self.varies_by,
            &mut self.framing_up,
            &mut self.framing_down,
        ] {
            text.clear();
            text.shrink_to(KEPT_TEXT);
        }
    }
}

/// A thread's spare workspaces, the last used first.
pub(crate) struct Workspaces {
    // Boxed so that lending one moves a pointer, not the whole of it.
    #[allow(clippy::vec_box)]
    spare: RefCell<Vec<Box<Workspace>>>,
}

impl Workspaces {
    pub(crate) fn new() -> Self {
        Self { spare: RefCell::new(Vec::new()) }
    }

    pub(crate) fn take(&self) -> Box<Workspace> {
        self.spare.borrow_mut().pop().unwrap_or_else(Workspace::new)
    }

    /// Frees those that nobody uses.
    pub(super) fn clear(&self) {
        *self.spare.borrow_mut() = Vec::new();
    }

    pub(crate) fn give(&self, mut workspace: Box<Workspace>) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < KEPT && !memory::is_short() {
            workspace.clear();
            spare.push(workspace);
        }
    }
}
