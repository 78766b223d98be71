//! A new process of the program takes this one's place without a connection refused: SIGUSR2.
//!
//! ```text
//!  old                                          new
//!   │ starts it anew: sockets, what is known      │
//!   │ ───────────────────────────────────────────►│ takes them over, opens files, starts threads
//!   │                                             │ accepts: both do, from the same queues
//!   │◄─────────────────────────────────── "ready" │
//!   │ accepts nothing more, ends what it is at    │
//!   └ ends                                        │
//! ```
//! If the new one ends before it is ready, or takes too long, the old one goes on as if nothing had
//! been. The same hand-over is understood from systemd (`LISTEN_FDS`).
//!
//! | file | one idea |
//! |---|---|
//! | `inherited.rs` | sockets that were given to this process |
//! | `successor.rs` | starting the next one, with ours |
//! | `tell.rs` | what systemd is told |

mod inherited;
mod successor;
pub(super) mod tell;

pub(super) use inherited::Inherited;
pub(super) use successor::Program;
