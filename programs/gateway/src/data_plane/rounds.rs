//! The order of sends within one round of a thread's event loop.
//!
//! A send wakes whoever sleeps on the other side, and waking is dear: on a virtual machine it costs
//! more than the send. A peer that is sent one message after another stays awake between them. So a
//! short message is not sent as soon as it is ready: first all connections that have something to
//! read are read, then all that goes upstream is sent, then all that goes to clients. Measured with 64
//! connections on one core: a third of the wake-ups, and a tenth more requests per second.
//!
//! A connection that is alone gives way to nobody, which costs it well below a microsecond.

use std::future::poll_fn;
use std::task::Poll;

/// Times a request gives way before it is sent upstream: to what is still to be read.
pub(super) const TO_UPSTREAM: u32 = 1;

/// Times an answer gives way before it is sent to its client: to that, and to all requests.
pub(super) const TO_CLIENT: u32 = 2;

/// Lets every task that is ready now go first, `times` times over.
pub(super) async fn give_way(times: u32) {
    let mut left = times;
    poll_fn(|cx| match left.checked_sub(1) {
        None => Poll::Ready(()),
        Some(rest) => {
            left = rest;
            // Behind all that are in the queue already: the runtime's queue is first in, first out.
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;
    use tokio::runtime::{Builder, LocalOptions};
    use tokio::task::spawn_local;

    #[test]
    fn reads_go_first_then_requests_then_answers() {
        let runtime = Builder::new_current_thread().build_local(LocalOptions::default()).unwrap();
        let order = Rc::new(RefCell::new(Vec::new()));
        let log = Rc::clone(&order);
        runtime.block_on(async move {
            let exchange = |name: &'static str, times: u32| {
                let log = Rc::clone(&log);
                spawn_local(async move {
                    log.borrow_mut().push(format!("{name} read"));
                    give_way(times).await;
                    log.borrow_mut().push(format!("{name} sent"));
                })
            };
            let tasks = [
                exchange("answer 1", TO_CLIENT),
                exchange("request 1", TO_UPSTREAM),
                exchange("answer 2", TO_CLIENT),
                exchange("request 2", TO_UPSTREAM),
            ];
            for task in tasks {
                task.await.unwrap();
            }
        });
        let sent: Vec<_> = order.borrow().iter().skip(4).cloned().collect();
        assert_eq!(sent, ["request 1 sent", "request 2 sent", "answer 1 sent", "answer 2 sent"]);
    }
}
