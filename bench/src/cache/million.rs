//! A start on a directory full of responses: how soon the first is answered with, and what memory
//! each of them takes. The directory is filled by the store itself, as the gateway fills it.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use bytes::Bytes;
use tombolo_cache::{
    freshness::Arrival,
    key::{Key, Scheme, Target},
    message::{Request, Response},
    policy::Policy,
    storability::{Exchange, Plan, storable},
    store::{Asker, Role, Settings, Start, Store, StoreReceipt},
    time::Timestamp,
};
use tombolo_http1::{HeadLimits, Method, RequestHead, ResponseHead};

use super::cases::path_of;
use crate::{origin, process::Process, servers::Running, verify};

/// Fills that are on their way to their files at a time.
const UNDER_WAY: usize = 1_000;
/// Most bytes of files: room for any number of objects that is permitted.
const MAX_SIZE: u64 = 64 << 30;
/// Memory changes less than this, in bytes, between two looks when the gateway is at rest.
const STEADY_BYTES: u64 = 64 << 10;
/// How long it must be at rest.
const STEADY_FOR: Duration = Duration::from_secs(2);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);
/// Longest time until it is at rest.
const PATIENCE: Duration = Duration::from_secs(120);

/// Stores `objects` responses of 1 KiB below `directory`, under the keys of the case `many`.
///
/// # Errors
/// When a response cannot be stored.
pub(crate) fn fill(directory: &Path, objects: u32) -> Result<()> {
    let plan = plan()?;
    let body = Bytes::from(origin::body(1024));
    let meta = plan.metadata.encode();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let store = Store::open(Settings::new(directory).max_size(MAX_SIZE).memory(4 << 20));
    let mut under_way: VecDeque<StoreReceipt> = VecDeque::new();
    let wait = |receipt: StoreReceipt| -> Result<()> {
        let stored = runtime.block_on(receipt.stored());
        ensure!(stored, "the store did not store: {:?}", store.status());
        Ok(())
    };
    for number in 1..=objects {
        let text = format!("http://{}{}", verify::HOST, path_of(number));
        let key = Key::of_text(text.as_bytes());
        let Role::Fill(mut filling) = store.begin_or_join(key, None, store.ticket(), Asker::Anyone)
        else {
            bail!("{text} is in the directory already");
        };
        let length = Some(body.len() as u64);
        let start = Start { meta: &meta, head: &plan.head, tags: &[], varies_by: None, length };
        filling.start(start).map_err(|error| anyhow!("storing {text}: {error:?}"))?;
        filling.append(body.clone());
        under_way.push_back(filling.commit());
        if under_way.len() > UNDER_WAY
            && let Some(oldest) = under_way.pop_front()
        {
            wait(oldest)?;
        }
    }
    under_way.into_iter().try_for_each(wait)?;
    store.close();
    Ok(())
}

/// What the cache keeps of the origin's answer.
fn plan() -> Result<Plan> {
    let limits = HeadLimits::default();
    let asked = format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", path_of(1), verify::HOST);
    let answers: &'static origin::Answers = Box::leak(Box::new(origin::Answers::new()));
    let answered = answers.to(asked.as_bytes()).context("the origin has no answer")?;
    let (mut asked_head, mut answered_head) = (RequestHead::new(), ResponseHead::new());
    asked_head.parse(asked.as_bytes(), &limits).context("parsing a request")?;
    answered_head.parse(&answered, &limits, Method::Get).context("parsing an answer")?;
    let now = Timestamp::from_secs(std::time::UNIX_EPOCH.elapsed()?.as_secs().try_into()?);
    let request = Request { head: &asked_head, buf: asked.as_bytes() };
    let exchange = Exchange {
        target: Target::of(Scheme::Http, &request),
        request,
        response: Response { head: &answered_head, buf: &answered },
        arrival: Arrival { request_time: now, response_time: now },
    };
    storable(&exchange, &Policy::default()).map_err(|why| anyhow!("not storable: {why:?}"))
}

/// A gateway that was started, with its first answer.
pub(crate) struct Started {
    pub(crate) running: Running,
    /// From the start of the program to the end of its first answer.
    pub(crate) first_answer: Duration,
}

/// Starts the gateway and asks for one response at once. With `hit`, the origin must not be
/// asked.
///
/// # Errors
/// When the answer is not what the directory holds.
pub(crate) fn first_answer(
    start: impl FnOnce() -> Result<Running>,
    origin: SocketAddr,
    number: u32,
    hit: bool,
) -> Result<Started> {
    let before = super::prime::asked_of_origin(origin)?;
    let began = Instant::now();
    let running = start()?;
    let answer = verify::get(running.address, &path_of(number))?;
    let first_answer = began.elapsed();
    ensure!(answer.status == 200, "the gateway answered {}", answer.status);
    ensure!(answer.body == origin::body(1024), "the gateway answered with another body");
    let asked = super::prime::asked_of_origin(origin)? - before;
    let expected = u64::from(!hit);
    ensure!(
        asked == expected,
        "the origin was asked {asked} times instead of {expected}; the gateway answered:\n{}",
        answer.head
    );
    Ok(Started { running, first_answer })
}

/// Resident bytes once they do not change any more: the gateway counts its files after the start.
///
/// # Errors
/// When they go on changing for two minutes.
pub(crate) fn resident_at_rest(process: &Process) -> Result<u64> {
    let deadline = Instant::now() + PATIENCE;
    let (mut last, mut since) = (process.resident_bytes()?, Instant::now());
    while since.elapsed() < STEADY_FOR {
        ensure!(Instant::now() < deadline, "memory still changes after {PATIENCE:?}");
        thread::sleep(LOOK);
        let now = process.resident_bytes()?;
        if now.abs_diff(last) > STEADY_BYTES {
            (last, since) = (now, Instant::now());
        }
    }
    process.resident_bytes()
}
