//! Learns that a process which served answers nothing any more: it hangs, and nobody else tells.

use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::Probe;
use super::readiness::answers;

/// Looks within the patience that there is.
const LOOKS: u32 = 4;

/// Returns when nothing has been answered for `patience`; never if that is none, or nothing can be
/// asked. Not even an error: who answers that is alive.
pub(super) async fn stopped(probe: &Probe, patience: Duration) {
    if patience.is_zero() || matches!(probe, Probe::Listens(_)) {
        return pending().await;
    }
    let pause = patience / LOOKS;
    let mut answered = Instant::now();
    loop {
        sleep(pause).await;
        match timeout(pause, answers(probe)).await {
            Ok(true) => answered = Instant::now(),
            _ if answered.elapsed() >= patience => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn any_answer_shows_life_and_silence_does_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let probe = Probe::Healthy(listener.local_addr().unwrap());
        let watch = stopped(&probe, PATIENCE);
        tokio::pin!(watch);
        // It is draining, say: for much longer than there is patience.
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE * 4 {
            tokio::select! {
                accepted = listener.accept() => {
                    let unwell = b"HTTP/1.1 503 Service Unavailable\r\n\r\n";
                    accepted.unwrap().0.write_all(unwell).await.unwrap();
                }
                () = &mut watch => panic!("it answered"),
            }
        }
        // From now on the system takes connections, and nobody answers.
        timeout(Duration::from_secs(30), watch).await.unwrap();
        assert!(begun.elapsed() >= PATIENCE * 4);
    }

    #[tokio::test]
    async fn nobody_is_given_up_where_nothing_is_asked() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (silent, unasked) = (Probe::Healthy(address), Probe::Listens(vec![address]));
        let either = async {
            tokio::select! {
                () = stopped(&silent, Duration::ZERO) => {}
                () = stopped(&unasked, Duration::from_millis(1)) => {}
            }
        };
        assert!(timeout(PATIENCE, either).await.is_err());
    }
}
