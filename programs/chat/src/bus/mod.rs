//! The bus: how replicas wake each other. It may lose anything; nothing but speed depends on it.

mod datagram;
mod notice;
mod postgres;

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tombolo_storage::Database;

pub(crate) use notice::Notice;

use crate::limits;

/// One replica's end of the bus. Dropping it ends its tasks.
#[derive(Debug)]
pub(crate) struct Bus {
    send: mpsc::Sender<Notice>,
    tasks: Vec<JoinHandle<()>>,
}

impl Bus {
    /// Joins the other replicas at this database. Notices from them come out of the receiver;
    /// None is for "something may have been lost".
    pub(crate) fn join(database: &Database) -> (Self, mpsc::Receiver<Option<Notice>>) {
        let (send, outgoing) = mpsc::channel(limits::NOTICES);
        let (incoming, receive) = mpsc::channel(limits::NOTICES);
        let tasks = match database.file() {
            Some(file) => datagram::join(file, outgoing, incoming),
            None => postgres::join(database, outgoing, incoming),
        };
        (Self { send, tasks }, receive)
    }

    /// Tells the others; never waits.
    pub(crate) fn send(&self, notice: Notice) {
        if self.send.try_send(notice).is_err() {
            tracing::debug!("the bus is full; the others will look for themselves");
        }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Takes what waits to be sent, and makes one notice of all that tell of messages.
async fn gather(outgoing: &mut mpsc::Receiver<Notice>) -> Option<Vec<Notice>> {
    let mut notices = Vec::new();
    let mut rooms = BTreeMap::new();
    let mut next = Some(outgoing.recv().await?);
    while let Some(notice) = next {
        match notice {
            Notice::Posted { rooms: more } => rooms.extend(more),
            other => notices.push(other),
        }
        next = outgoing.try_recv().ok();
    }
    // So many rooms stay below the size of a notice.
    let mut rest: Vec<_> = rooms.into_iter().collect();
    while !rest.is_empty() {
        let some = rest.split_off(rest.len().saturating_sub(16));
        notices.push(Notice::Posted { rooms: some.into_iter().collect() });
    }
    Some(notices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn notices_of_messages_are_told_in_one() {
        let (send, mut outgoing) = mpsc::channel(100);
        for seq in 1..=20 {
            let rooms = [("lobby".to_owned(), seq), (format!("room-{seq}"), 1)].into();
            send.try_send(Notice::Posted { rooms }).unwrap();
        }
        send.try_send(Notice::Who { room: "lobby".into() }).unwrap();
        let notices = gather(&mut outgoing).await.unwrap();
        assert_eq!(notices.len(), 3);
        let told = notices.iter().any(
            |notice| matches!(notice, Notice::Posted { rooms } if rooms.get("lobby") == Some(&20)),
        );
        assert!(told, "{notices:?}");
    }
}
