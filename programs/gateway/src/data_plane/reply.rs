//! An answer that is whole in memory: head and body in one write, sent when its turn comes.

use std::io::IoSlice;

use tokio::net::TcpStream;

use super::pace::Wait;
use super::rounds::{TO_UPSTREAM, give_way};
use super::stream::{Stop, write_all};
use super::timers::Timer;
use super::transfer::JOINED;

/// Sends `head` and then `body`. A short body is joined behind the head, which is left longer.
pub(crate) async fn reply(
    sink: &TcpStream,
    head: &mut Vec<u8>,
    body: &[u8],
    timer: &Timer,
    wait: Wait<'_>,
) -> Result<(), Stop> {
    wait.begin(timer);
    // What is still to be read goes first; nothing of this waits for an upstream.
    give_way(TO_UPSTREAM).await;
    if body.len() <= JOINED {
        head.extend_from_slice(body);
        write_all(sink, &mut [IoSlice::new(head)], timer, wait).await
    } else {
        write_all(sink, &mut [IoSlice::new(head), IoSlice::new(body)], timer, wait).await
    }
}
