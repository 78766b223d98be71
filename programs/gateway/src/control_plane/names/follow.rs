//! When each name is looked up: first before anything is made of it, then whenever its last answer
//! has run out.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tombolo_daemon::config::Config;

use super::answers::{Answer, Answers, Question, questions};
use super::look_up::look_up;
use crate::control_plane::{Publication, Wish, Wishes};

/// Between two look-ups of what has no answer.
const SOON: Duration = Duration::from_secs(1);

/// Looks up everything that this configuration names and `known` has no answer for. All answers.
pub(in crate::control_plane) async fn first(config: &Config, known: &Answers) -> Answers {
    let mut answers = known.of(config);
    let missing = questions(config).into_iter().filter(|one| answers.get(one).is_none());
    for (question, outcome) in look_up_all(missing.collect(), &config.gateway.dns).await {
        match outcome {
            Ok(answer) => answers.insert(question, answer),
            Err(error) => tracing::warn!(
                name = %told(&question),
                %error,
                "the name does not resolve yet; its requests go to other servers or get a 502, and it is looked up again every second: check the spelling, or the DNS of this machine"
            ),
        }
    }
    answers
}

/// Follows all names of the configuration in force, for as long as it is awaited: wishes for other
/// servers whenever an answer is another one than before.
pub(in crate::control_plane) async fn follow(publication: Arc<Publication>, wishes: Wishes) {
    let mut due: HashMap<Question, Instant> = HashMap::new();
    loop {
        let snapshot = publication.current();
        let asked = questions(&snapshot.config);
        due.retain(|question, _| asked.contains(question));
        for question in asked {
            let lasts = snapshot.answers.get(&question).map_or(SOON, |answer| answer.lasts);
            due.entry(question).or_insert_with(|| Instant::now() + lasts);
        }
        // A reload may bring others at any time.
        let latest = Instant::now() + SOON;
        sleep_until(due.values().copied().min().unwrap_or(latest).min(latest)).await;
        let now = Instant::now();
        let ready: Vec<Question> = due
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(question, _)| question.clone())
            .collect();
        if ready.is_empty() {
            continue;
        }
        let mut newer = Answers::default();
        for (question, outcome) in look_up_all(ready, &snapshot.config.gateway.dns).await {
            let again = take_up(&snapshot.answers, &mut newer, &question, outcome);
            due.insert(question, Instant::now() + again);
        }
        if !newer.is_empty() && wishes.send(Wish::Readdress(newer)).await.is_err() {
            return;
        }
    }
}

/// Notes an answer that is another than before, and tells of it. When to look again.
fn take_up(
    before: &Answers,
    newer: &mut Answers,
    question: &Question,
    outcome: Result<Answer, String>,
) -> Duration {
    let (name, known) = (told(question), before.get(question));
    match (outcome, known) {
        (Ok(answer), known) => {
            let lasts = answer.lasts;
            if known.is_none_or(|known| known.found != answer.found) {
                let addresses: Vec<&SocketAddr> =
                    answer.found.iter().flat_map(|found| &found.addresses).collect();
                tracing::info!(%name, ?addresses, "resolved");
                newer.insert(question.clone(), answer);
            }
            lasts
        }
        (Err(error), Some(_)) => {
            tracing::warn!(%name, %error, "the name no longer resolves; its last addresses stay in use");
            SOON * 5
        }
        (Err(error), None) => {
            tracing::debug!(%name, %error, "the name still does not resolve");
            SOON
        }
    }
}

async fn look_up_all(
    all: Vec<Question>,
    servers: &[SocketAddr],
) -> Vec<(Question, Result<Answer, String>)> {
    let mut looking = JoinSet::new();
    for question in all {
        let servers = servers.to_vec();
        looking.spawn(async move {
            let outcome = look_up(&question, &servers).await;
            (question, outcome)
        });
    }
    looking.join_all().await
}

fn told(question: &Question) -> String {
    match question {
        Question::Host(host) => host.to_string(),
        Question::Service(service) => service.clone(),
    }
}
