//! Subscriptions and payments over real sockets, against the sandbox, which tells of them twice and
//! in the wrong order.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tombolo_daemon::shutdown::{Shutdown, Trigger};
use tombolo_e2e::eventually;
use tombolo_library::{Manners, PaymentsSettings, SandboxSettings, serve_sandbox};

use crate::accounts::{Person, admin, person};
use crate::client::{Answer, request};
use crate::on_both;
use crate::replicas::{Replica, Store};

on_both!(
    a_plan_is_paid_at_one_replica_and_held_at_another,
    an_event_that_is_not_signed_is_not_believed,
    who_may_ask_for_what,
    reports_are_told_as_json_csv_and_a_document,
);

const SUBSCRIPTIONS: &str = "/library/api/subscriptions";

/// A sandbox with what replicas are told of it.
struct Sandbox {
    trigger: Trigger,
    thread: Option<std::thread::JoinHandle<()>>,
    payments: PaymentsSettings,
}

impl Sandbox {
    /// One whose events go to `webhook`.
    fn start(listener: TcpListener, payments: PaymentsSettings, webhook: String) -> Self {
        let (trigger, shutdown) = Shutdown::by_hand();
        let webhook = Some(webhook);
        let manners = Manners { duplicate: true, disorder: true, ..Manners::default() };
        let settings = SandboxSettings {
            listen: listener.local_addr().unwrap(),
            key: "key".to_owned(),
            webhook_secret: "secret".to_owned(),
            webhook,
            manners,
        };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async move {
                listener.set_nonblocking(true).unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                serve_sandbox(listener, settings, shutdown).await.unwrap();
            });
            runtime.shutdown_background();
        });
        Self { trigger, thread: Some(thread), payments }
    }

    /// A listener for one, and the file that names it.
    fn prepare(store: &Store) -> (TcpListener, PaymentsSettings) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let path = store.folder.path().join("payments.toml");
        let text = format!(
            "seller = \"Łódź Books, 1 Main Street\"\n[[provider]]\nname = \"sandbox\"\n\
             url = \"http://{at}\"\nkey = \"key\"\nwebhook_secret = \"secret\"\n"
        );
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        (listener, PaymentsSettings::read(&path).unwrap())
    }

    /// A replica that uses one, and the sandbox.
    fn with_replica(store: &Store) -> (Replica, Self) {
        let (listener, payments) = Self::prepare(store);
        let told = payments.clone();
        let replica = store.replica_with(move |settings| settings.payments = told);
        let sandbox = Self::start(listener, payments, hook(replica.address));
        (replica, sandbox)
    }
}

/// Where a replica takes events.
fn hook(replica: SocketAddr) -> String {
    format!("http://{replica}/library/api/payments/webhooks/sandbox")
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.trigger.now();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn subscribe(replica: &Replica, token: &str, key: Option<&str>, plan: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    let mut fields = vec![("Content-Type", "application/json"), ("Authorization", &*bearer)];
    fields.extend(key.map(|key| ("Idempotency-Key", key)));
    replica.ask("POST", SUBSCRIPTIONS, &fields, json!({"plan": plan}).to_string().as_bytes())
}

/// Presses a button of the page at which one pays.
fn press(page: &str, button: &str) -> Answer {
    let rest = page.strip_prefix("http://").unwrap();
    let (at, path) = rest.split_once('/').unwrap();
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let body = format!("act={button}");
    request(at.parse().unwrap(), "POST", &format!("/{path}"), &form, body.as_bytes())
}

fn read(replica: &Replica, token: &str, target: &str) -> Value {
    let answer = replica.send("GET", target, Some(token), &Value::Null);
    assert_eq!(answer.status, 200, "{target}: {answer:?}");
    answer.json()
}

/// Asks for a plan, pays it, and waits until it is held.
fn pay(replica: &Replica, person: &Person, plan: &str) {
    let asked = subscribe(replica, &person.token, Some("first"), plan).json();
    let page = asked["payment"]["checkout"].as_str().unwrap().to_owned();
    assert_eq!(press(&page, "pay").status, 303);
    eventually("the plan", || {
        let usage = read(replica, &person.token, "/library/api/usage");
        (usage["plan"]["id"] == plan).then_some(())
    });
}

fn a_plan_is_paid_at_one_replica_and_held_at_another(store: Store) {
    let (one, sandbox) = Sandbox::with_replica(&store);
    let payments = sandbox.payments.clone();
    let other = store.replica_with(move |settings| settings.payments = payments);
    let ana = person(&one, "ana");
    assert_eq!(subscribe(&one, &ana.token, None, "plus").status, 400);
    assert_eq!(subscribe(&one, &ana.token, Some("a"), "free").status, 400);
    assert_eq!(subscribe(&one, &ana.token, Some("a"), "none").status, 400);
    let first = subscribe(&one, &ana.token, Some("b"), "plus");
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(first.json()["state"], "pending");
    // The same key: the same answer, from any replica; for something else it is refused.
    let again = subscribe(&other, &ana.token, Some("b"), "plus");
    assert_eq!((again.status, again.json()), (201, first.json()));
    assert_eq!(subscribe(&other, &ana.token, Some("b"), "pro").status, 422);
    let page = first.json()["payment"]["checkout"].as_str().unwrap().to_owned();
    assert_eq!(press(&page, "decline").status, 303);
    assert_eq!(read(&one, &ana.token, "/library/api/usage")["plan"]["id"], "free");
    let paid = press(&page, "pay");
    assert!(paid.field("Location").unwrap().starts_with("http://test/library/?payment="));
    eventually("the plan at the other replica", || {
        let usage = read(&other, &ana.token, "/library/api/usage");
        (usage["plan"]["id"] == "plus").then_some(())
    });
    let invoices = read(&other, &ana.token, "/library/api/invoices");
    assert_eq!(invoices["items"].as_array().unwrap().len(), 1, "{invoices}");
    assert_eq!(invoices["items"][0]["number"], "INV-000001");
    assert_eq!(invoices["items"][0]["state"], "paid");
    let buyer = invoices["items"][0]["buyer"].as_str().unwrap();
    assert!(buyer.contains(&ana.email), "{buyer}");
    let cancelled = one.send("DELETE", SUBSCRIPTIONS, Some(&ana.token), &Value::Null).json();
    assert_eq!(
        (&cancelled["state"], &cancelled["cancel_at_end"]),
        (&json!("active"), &json!(true))
    );
}

fn an_event_that_is_not_signed_is_not_believed(store: Store) {
    let (replica, _sandbox) = Sandbox::with_replica(&store);
    let hook = "/library/api/payments/webhooks/sandbox";
    let event = br#"{"id": "evt_1", "type": "payment_intent.succeeded"}"#;
    for fields in [vec![], vec![("Stripe-Signature", "t=1,v1=00")], vec![("Stripe-Signature", "")]]
    {
        assert_eq!(replica.ask("POST", hook, &fields, event).status, 400);
    }
    let nobody = "/library/api/payments/webhooks/nobody";
    assert_eq!(replica.ask("POST", nobody, &[], event).status, 404);
    let large = vec![b' '; 300 * 1024];
    assert_eq!(replica.ask("POST", hook, &[], &large).status, 413);
}

fn who_may_ask_for_what(store: Store) {
    let (replica, _sandbox) = Sandbox::with_replica(&store);
    let (ana, other) = (person(&replica, "ana"), person(&replica, "other"));
    let root = admin(&store, &replica, "root");
    pay(&replica, &ana, "plus");
    let invoices = read(&replica, &ana.token, "/library/api/invoices");
    let invoice = format!("/library/api/invoices/{}", invoices["items"][0]["id"].as_str().unwrap());
    let report = read(&replica, &ana.token, "/library/api/reports/payments");
    let payment = report["items"][0]["payment"].as_str().unwrap().to_owned();
    let refunds = format!("/library/api/payments/{payment}/refunds");
    let of_ana = format!("/library/api/reports/billing?user={}", ana.id);
    let refund = json!({"amount": 100, "reason": "half a day"});
    let nothing = Value::Null;
    let unknown = format!("tml_{}", "a".repeat(43));
    // Nobody, an unknown token, the owner, another user, an admin.
    let callers =
        [None, Some(&*unknown), Some(&*ana.token), Some(&*other.token), Some(&*root.token)];
    for (method, target, body, expected) in [
        ("GET", "/library/api/plans", &nothing, [200, 200, 200, 200, 200]),
        ("GET", "/library/api/usage", &nothing, [401, 401, 200, 200, 200]),
        ("GET", SUBSCRIPTIONS, &nothing, [401, 401, 200, 200, 200]),
        ("GET", "/library/api/invoices", &nothing, [401, 401, 200, 200, 200]),
        ("GET", &invoice, &nothing, [401, 401, 200, 404, 200]),
        ("GET", "/library/api/reports/billing", &nothing, [401, 401, 200, 200, 200]),
        ("GET", "/library/api/reports/payments", &nothing, [401, 401, 200, 200, 200]),
        ("GET", "/library/api/reports/transfers", &nothing, [401, 401, 200, 200, 200]),
        ("GET", &of_ana, &nothing, [401, 401, 200, 403, 200]),
        ("POST", &refunds, &refund, [401, 401, 403, 403, 201]),
        ("DELETE", SUBSCRIPTIONS, &nothing, [401, 401, 200, 404, 404]),
    ] {
        for (turn, (caller, expected)) in callers.iter().zip(expected).enumerate() {
            let bearer = caller.map(|token| format!("Bearer {token}"));
            let mut fields = vec![("Idempotency-Key", "k")];
            fields.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
            let text = if body.is_null() { String::new() } else { body.to_string() };
            if !body.is_null() {
                fields.push(("Content-Type", "application/json"));
            }
            let answer = replica.ask(method, target, &fields, text.as_bytes());
            assert_eq!(answer.status, expected, "{method} {target} {turn}: {answer:?}");
        }
    }
    // What another user sees of it is nothing.
    for target in ["/library/api/invoices", "/library/api/reports/billing", SUBSCRIPTIONS] {
        assert_eq!(read(&replica, &other.token, target)["items"], json!([]), "{target}");
    }
    // More than is left is not given back; what was is credited.
    let bearer = format!("Bearer {}", root.token);
    let fields = [
        ("Content-Type", "application/json"),
        ("Authorization", &*bearer),
        ("Idempotency-Key", "more"),
    ];
    let more = replica.ask("POST", &refunds, &fields, br#"{"amount": 401, "reason": ""}"#);
    assert_eq!((more.status, &more.json()["left"]), (409, &json!(400)));
    eventually("a credit note", || {
        let invoices = read(&replica, &ana.token, "/library/api/invoices");
        let note = |one: &Value| one["kind"] == "credit-note" && one["total"]["amount"] == 100;
        invoices["items"].as_array().unwrap().iter().any(note).then_some(())
    });
    let billing = read(&replica, &root.token, &of_ana);
    let row = &billing["items"][0];
    let amounts = ["opening", "invoiced", "credited", "paid", "refunded", "lost", "closing"];
    let amounts = amounts.map(|name| row[name]["amount"].as_i64().unwrap());
    assert_eq!(amounts, [0, 500, -100, -500, 100, 0, 0]);
}

fn reports_are_told_as_json_csv_and_a_document(store: Store) {
    let (replica, _sandbox) = Sandbox::with_replica(&store);
    let ana = person(&replica, "ana");
    pay(&replica, &ana, "plus");
    for report in ["billing", "payments", "transfers"] {
        let target = |rest: &str| format!("/library/api/reports/{report}{rest}");
        let csv = replica.send("GET", &target("?format=csv"), Some(&ana.token), &Value::Null);
        assert_eq!((csv.status, csv.field("Content-Type")), (200, Some("text/csv; charset=utf-8")));
        let pdf = replica.send("GET", &target("?format=pdf"), Some(&ana.token), &Value::Null);
        assert_eq!((pdf.status, pdf.field("Content-Type")), (200, Some("application/pdf")));
        assert!(pdf.body.starts_with(b"%PDF-"));
        for wrong in ["?from=x", "?from=2026-01-02&to=2026-01-01", "?format=xls", "?more=1"] {
            let answer = replica.send("GET", &target(wrong), Some(&ana.token), &Value::Null);
            assert_eq!(answer.status, 400, "{wrong}");
        }
    }
    let payments = read(&replica, &ana.token, "/library/api/reports/payments");
    assert_eq!(payments["items"][0]["reconciled"], "yes", "{payments}");
    let before =
        read(&replica, &ana.token, "/library/api/reports/billing?from=2020-01-01&to=2020-02-01");
    assert_eq!(before["items"], json!([]));
}

/// Where `cargo xtask test` keeps packages for tests.
fn kept() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().find(|folder| folder.join("deps").is_dir()).unwrap();
    profile.parent().unwrap().join("e2e")
}

/// Stripe's own library is the judge of signatures, and a client of the sandbox.
#[test]
fn stripes_own_library_agrees() {
    let folder = kept();
    if !folder.join("node_modules/stripe").is_dir() {
        eprintln!("\n!!! NOT TESTED with Stripe's library: `cargo xtask test` installs it\n");
        return;
    }
    let store = Store::sqlite();
    let (listener, payments) = Sandbox::prepare(&store);
    let told = payments.clone();
    let replica = store.replica_with(move |settings| settings.payments = told);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract/stripe.mjs");
    let mut judge = Command::new("node")
        .arg(script)
        .arg(&folder)
        .arg(format!("http://{}", listener.local_addr().unwrap()))
        .arg(hook(replica.address))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(judge.stdout.take().unwrap()).lines();
    let port = lines.next().unwrap().unwrap();
    let _sandbox = Sandbox::start(listener, payments, format!("http://127.0.0.1:{port}/"));
    let ana = person(&replica, "ana");
    let asked = subscribe(&replica, &ana.token, Some("a"), "plus").json();
    press(asked["payment"]["checkout"].as_str().unwrap(), "pay");
    let found: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    judge.kill().unwrap();
    judge.wait().unwrap();
    let statuses = ["forged", "old", "signed", "again", "unknown"].map(|name| found[name].as_u64());
    assert_eq!(statuses, [400, 400, 200, 200, 200].map(Some), "{found}");
    assert_eq!(found["page"], json!(["open", 500]));
    eventually("the plan", || {
        let usage = read(&replica, &ana.token, "/library/api/usage");
        (usage["plan"]["id"] == "plus").then_some(())
    });
}
