//! Users, sessions, roles: what any replica says of them.

use serde_json::{Value, json};
use tombolo_library::create_admin;

use crate::client::Answer;
use crate::on_both;
use crate::replicas::{Replica, Store};

on_both!(
    a_session_made_at_one_replica_holds_at_another_until_it_is_ended,
    an_address_has_one_account,
    what_cannot_be_is_refused_in_words,
    guessing_is_counted_over_replicas,
    a_deleted_user_is_forgotten_and_their_sessions_are_over,
    the_last_admin_stays,
    a_list_of_users_loses_and_repeats_none,
    who_may_do_what,
    all_sessions_of_a_user_end_at_once,
    a_password_is_changed_by_who_knows_it,
);

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A user as tests know one.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) token: String,
}

/// Registers and logs in.
pub(crate) fn person(replica: &Replica, name: &str) -> Person {
    let email = format!("{name}@example.org");
    let body = json!({"email": email, "name": name, "password": PASSWORD});
    let made = replica.send("POST", "/library/api/users", None, &body);
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    Person { id, token: log_in(replica, &email), email }
}

/// Makes an admin as the command does, and logs in.
pub(crate) fn admin(store: &Store, replica: &Replica, name: &str) -> Person {
    let email = format!("{name}@example.org");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let made = runtime.block_on(create_admin(&store.url(), &email, name, PASSWORD));
    Person { id: made.unwrap(), token: log_in(replica, &email), email }
}

fn log_in(replica: &Replica, email: &str) -> String {
    let body = json!({"email": email, "password": PASSWORD});
    let session = replica.send("POST", "/library/api/sessions", None, &body);
    assert_eq!(session.status, 201, "{session:?}");
    session.json()["token"].as_str().unwrap().to_owned()
}

fn me(replica: &Replica, token: &str) -> Answer {
    replica.send("GET", "/library/api/users/me", Some(token), &Value::Null)
}

fn a_session_made_at_one_replica_holds_at_another_until_it_is_ended(store: Store) {
    let (one, other) = (store.replica(), store.replica());
    let ana = person(&one, "ana");
    let seen = me(&other, &ana.token).json();
    assert_eq!((&seen["id"], &seen["email"]), (&json!(ana.id), &json!(ana.email)));
    assert_eq!((&seen["name"], &seen["role"]), (&json!("ana"), &json!("user")));
    // The replica that made it is gone in the middle of whatever it did.
    one.trigger.now();
    one.ended().unwrap();
    assert_eq!(me(&other, &ana.token).status, 200);
    let third = store.replica();
    let end = other.send("DELETE", "/library/api/sessions", Some(&ana.token), &Value::Null);
    assert_eq!(end.status, 204);
    for replica in [&other, &third] {
        let refused = me(replica, &ana.token);
        assert_eq!((refused.status, refused.field("WWW-Authenticate").is_some()), (401, true));
    }
}

fn all_sessions_of_a_user_end_at_once(store: Store) {
    let replica = store.replica();
    let ana = person(&replica, "ana");
    let eva = person(&replica, "eva");
    let second = log_in(&replica, &ana.email);
    let end = replica.send("DELETE", "/library/api/sessions?all=true", Some(&second), &Value::Null);
    assert_eq!(end.status, 204);
    assert_eq!(me(&replica, &ana.token).status, 401);
    assert_eq!(me(&replica, &second).status, 401);
    assert_eq!(me(&replica, &eva.token).status, 200);
}

fn a_password_is_changed_by_who_knows_it(store: Store) {
    let (one, other) = (store.replica(), store.replica());
    let (ana, eva) = (person(&one, "ana"), person(&one, "eva"));
    let second = log_in(&one, &ana.email);
    let change = |old: &str, new: &str| {
        let body = json!({"old_password": old, "password": new});
        other.send("PATCH", "/library/api/users/me", Some(&ana.token), &body)
    };
    let refused = change("wrong horse", "another horse");
    assert_eq!((refused.status, &refused.json()["field"]), (403, &json!("old_password")));
    assert_eq!(change(PASSWORD, "short").json()["field"], "password");
    assert_eq!(me(&one, &second).status, 200);
    let changed = change(PASSWORD, "another horse");
    assert_eq!(changed.status, 204, "{changed:?}");
    // Every other session is over, at every replica; nobody else's.
    assert_eq!(me(&one, &second).status, 401);
    assert_eq!(me(&one, &ana.token).status, 200);
    assert_eq!(me(&one, &eva.token).status, 200);
    let log_in = |password: &str| {
        let body = json!({"email": ana.email, "password": password});
        one.send("POST", "/library/api/sessions", None, &body).status
    };
    assert_eq!((log_in(PASSWORD), log_in("another horse")), (401, 201));
    // Whoever has a session and guesses is stopped like at a log-in.
    let statuses: Vec<u16> = (0..12).map(|_| change("wrong horse", "third horse").status).collect();
    assert_eq!((statuses[0], statuses[11]), (403, 429), "{statuses:?}");
}

fn an_address_has_one_account(store: Store) {
    let (one, other) = (store.replica(), store.replica());
    person(&one, "ana");
    let body = json!({"email": "ANA@Example.org", "name": "Other", "password": PASSWORD});
    let again = other.send("POST", "/library/api/users", None, &body);
    assert_eq!((again.status, &again.json()["field"]), (409, &json!("email")));
    // However many ask at once, one gets it.
    let body = json!({"email": "eva@example.org", "name": "Eva", "password": PASSWORD});
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let ask = |replica| {
            let body = &body;
            scope.spawn(move || {
                Replica::send(replica, "POST", "/library/api/users", None, body).status
            })
        };
        let asked: Vec<_> = [&one, &other, &one, &other].map(ask).into();
        asked.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 3, "{statuses:?}");
}

fn what_cannot_be_is_refused_in_words(store: Store) {
    let replica = store.replica();
    let good = json!({"email": "ana@example.org", "name": "Ana", "password": PASSWORD});
    for (field, value, about) in [
        ("email", json!("ana"), "email"),
        ("name", json!("\u{202e}"), "name"),
        ("password", json!("short"), "password"),
        ("role", json!("admin"), "body"),
        ("name", json!(7), "body"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let refused = replica.send("POST", "/library/api/users", None, &body);
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!(about)), "{field}");
        assert!(!String::from_utf8_lossy(&refused.body).contains(PASSWORD));
    }
    let body = good.to_string();
    let wrong_type = [("Content-Type", "text/plain")];
    let refused = replica.ask("POST", "/library/api/users", &wrong_type, body.as_bytes());
    assert_eq!(refused.status, 415);
    let large = json!({"email": "a".repeat(70_000), "password": "x"});
    assert_eq!(replica.send("POST", "/library/api/sessions", None, &large).status, 413);
    assert_eq!(replica.send("PATCH", "/library/api/sessions", None, &good).status, 405);
}

fn guessing_is_counted_over_replicas(store: Store) {
    let (one, other) = (store.replica(), store.replica());
    let ana = person(&one, "ana");
    let guess = |replica: &Replica, email: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        // As the gateway of this machine says.
        let fields = [("Content-Type", "application/json"), ("X-Forwarded-For", "192.0.2.7")];
        replica.ask("POST", "/library/api/sessions", &fields, body.to_string().as_bytes())
    };
    for email in [ana.email.as_str(), "nobody@example.org"] {
        let statuses: Vec<u16> = (0..12)
            .map(|index| guess([&one, &other][index % 2], email, "wrong password").status)
            .collect();
        // Who does not exist is refused alike.
        assert_eq!(statuses[..9], [401; 9], "{email}");
        assert_eq!(statuses[10..], [429; 2], "{email}");
        let refused = guess(&one, email, PASSWORD);
        let seconds: u64 = refused.field("Retry-After").unwrap().parse().unwrap();
        assert!(refused.status == 429 && (1..=60).contains(&seconds), "{refused:?}");
    }
    // From elsewhere the same account can be used.
    assert_eq!(me(&one, &log_in(&other, &ana.email)).status, 200);
}

fn a_deleted_user_is_forgotten_and_their_sessions_are_over(store: Store) {
    let (one, other) = (store.replica(), store.replica());
    let ana = person(&one, "ana");
    let root = admin(&store, &one, "root");
    let gone = one.send("DELETE", "/library/api/users/me", Some(&ana.token), &Value::Null);
    assert_eq!(gone.status, 204);
    assert_eq!(me(&other, &ana.token).status, 401);
    let target = format!("/library/api/users/{}", ana.id);
    assert_eq!(other.send("GET", &target, Some(&root.token), &Value::Null).status, 404);
    let body = json!({"email": ana.email, "password": PASSWORD});
    assert_eq!(other.send("POST", "/library/api/sessions", None, &body).status, 401);
    let list = other.send("GET", "/library/api/users", Some(&root.token), &Value::Null);
    assert!(!String::from_utf8_lossy(&list.body).contains("ana"));
    // The address is free again, and whoever has it now is somebody else.
    assert_ne!(person(&other, "ana").id, ana.id);
}

fn the_last_admin_stays(store: Store) {
    let replica = store.replica();
    let (root, second) = (admin(&store, &replica, "root"), admin(&store, &replica, "second"));
    let delete = |who: &Person, whom: &str| {
        let target = format!("/library/api/users/{whom}");
        replica.send("DELETE", &target, Some(&who.token), &Value::Null).status
    };
    assert_eq!(delete(&root, &second.id), 204);
    assert_eq!(delete(&root, &root.id), 409);
    assert_eq!(delete(&root, "me"), 409);
    assert_eq!(me(&replica, &root.token).status, 200);
    let url = store.url();
    let again = create_admin(&url, &root.email, "root", PASSWORD);
    let refused = tokio::runtime::Runtime::new().unwrap().block_on(again).unwrap_err();
    assert!(refused.to_string().contains("there is an account"), "{refused}");
}

fn a_list_of_users_loses_and_repeats_none(store: Store) {
    let replica = store.replica();
    let root = admin(&store, &replica, "root");
    let mut ids = vec![root.id.clone()];
    ids.extend((0..4).map(|index| person(&replica, &format!("user-{index}")).id));
    let page = |query: &str| {
        let target = format!("/library/api/users{query}");
        replica.send("GET", &target, Some(&root.token), &Value::Null)
    };
    let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = page(&query).json();
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("?limit=2&cursor={next}");
        if seen.len() == 2 {
            ids.push(person(&replica, "late").id);
        }
    }
    assert_eq!(seen, ids);
    for query in ["?limit=0", "?limit=201", "?limit=x", "?cursor=x", "?other=1", "?limit=1&limit=2"]
    {
        assert_eq!(page(query).status, 400, "{query}");
    }
}

/// User × verb × object, for everything that accounts answer.
fn who_may_do_what(store: Store) {
    let replica = store.replica();
    let root = admin(&store, &replica, "root");
    let eva = person(&replica, "eva");
    let missing = "0198c0de-0000-7000-8000-000000000000";
    // Each row is asked by a user of its own, whose account and session may be gone after it.
    let mut turn = 0;
    let mut check = |verb: &str, object: &str, expected: [u16; 4]| {
        let callers = ["nobody", "unknown token", "user", "admin"];
        for (caller, expected) in callers.into_iter().zip(expected) {
            turn += 1;
            let own = match caller {
                "admin" => admin(&store, &replica, &format!("a{turn}")),
                _ => person(&replica, &format!("u{turn}")),
            };
            let unknown = format!("tml_{}", "a".repeat(43));
            let token = match caller {
                "nobody" => None,
                "unknown token" => Some(unknown.as_str()),
                _ => Some(own.token.as_str()),
            };
            let victim = person(&replica, &format!("v{turn}"));
            let object = object.replace("{other}", &victim.id).replace("{missing}", missing);
            let target = format!("/library/api/{object}");
            let answer = replica.send(verb, &target, token, &Value::Null);
            assert_eq!(answer.status, expected, "{verb} {object} by {caller}: {answer:?}");
        }
    };
    check("GET", "users/me", [401, 401, 200, 200]);
    check("GET", "users", [401, 401, 403, 200]);
    check("GET", "users/{other}", [401, 401, 403, 200]);
    check("GET", "users/{missing}", [401, 401, 403, 404]);
    check("GET", "users/nonsense", [404, 401, 404, 404]);
    check("DELETE", "users/me", [401, 401, 204, 204]);
    check("DELETE", "users/{other}", [401, 401, 403, 204]);
    check("DELETE", "users/{missing}", [401, 401, 403, 404]);
    check("DELETE", "sessions", [401, 401, 204, 204]);
    check("GET", "sessions", [405, 405, 405, 405]);
    check("PATCH", "users/{other}", [405, 405, 405, 405]);
    // Nobody was hit who was not meant.
    assert_eq!(me(&replica, &eva.token).status, 200);
    assert_eq!(me(&replica, &root.token).status, 200);
}

#[test]
fn the_pages_cookie_works_for_our_own_page_only() {
    let store = Store::sqlite();
    let replica = store.replica();
    let ana = person(&replica, "ana");
    let body = json!({"email": ana.email, "password": PASSWORD, "cookie": true}).to_string();
    let fields = [("Content-Type", "application/json"), ("Host", "files.example.org")];
    let session = replica.ask("POST", "/library/api/sessions", &fields, body.as_bytes());
    assert_eq!((session.status, session.json().get("token")), (201, None));
    let cookie = session.field("Set-Cookie").unwrap().to_owned();
    assert!(cookie.contains("; Path=/library; ") && cookie.contains("; HttpOnly"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let ask = |verb: &str, more: &[(&str, &str)]| {
        let fields = [&[("Cookie", cookie), ("Host", "files.example.org")], more].concat();
        replica.ask(verb, "/library/api/users/me", &fields, b"")
    };
    assert_eq!(ask("GET", &[]).status, 200);
    for foreign in [("Sec-Fetch-Site", "cross-site"), ("Origin", "http://evil.example.org")] {
        assert_eq!(ask("DELETE", &[foreign]).status, 403, "{foreign:?}");
    }
    assert_eq!(ask("DELETE", &[]).status, 403);
    let gone = ask("DELETE", &[("Origin", "http://files.example.org")]);
    assert_eq!(gone.status, 204);
    assert!(gone.field("Set-Cookie").unwrap().contains("Max-Age=0"), "{gone:?}");
    // A cookie that is left over is nobody's.
    assert_eq!(ask("GET", &[]).status, 401);
}

#[test]
fn over_tls_the_cookie_is_secure() {
    let store = Store::sqlite();
    let replica = store.replica();
    let ana = person(&replica, "ana");
    let body = json!({"email": ana.email, "password": PASSWORD, "cookie": true}).to_string();
    let fields = [("Content-Type", "application/json"), ("X-Forwarded-Proto", "https")];
    let session = replica.ask("POST", "/library/api/sessions", &fields, body.as_bytes());
    let cookie = session.field("Set-Cookie").unwrap();
    assert!(cookie.starts_with("__Secure-library_session=tml_"), "{cookie}");
    assert!(cookie.ends_with("; Secure"), "{cookie}");
}
