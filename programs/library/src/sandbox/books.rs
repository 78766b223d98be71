//! What the sandbox remembers: pages, tries and refunds, as the objects that its API shows.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::limits;

/// What the sandbox remembers.
#[derive(Debug, Default)]
pub(super) struct Books(Mutex<Inside>);

#[derive(Debug, Default)]
pub(super) struct Inside {
    pub(super) objects: BTreeMap<String, Value>,
    /// Answers by idempotency key, with what was asked for.
    pub(super) answers: HashMap<String, (String, u16, Value)>,
    count: u64,
}

impl Books {
    pub(super) fn open(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// A new name. The oldest things are forgotten when there are too many.
    pub(super) fn name(&mut self, prefix: &str) -> String {
        self.count = self.count.saturating_add(1);
        while self.objects.len() >= limits::SANDBOX_OBJECTS {
            self.objects.pop_first();
        }
        if self.answers.len() >= limits::SANDBOX_OBJECTS {
            self.answers.clear();
        }
        format!("{prefix}_sandbox{:08}", self.count)
    }

    /// A member of an object.
    pub(super) fn text(&self, id: &str, member: &str) -> Option<String> {
        self.objects.get(id)?.get(member)?.as_str().map(str::to_owned)
    }

    /// Changes members of an object.
    pub(super) fn set(&mut self, id: &str, members: Value) -> Option<Value> {
        let object = self.objects.get_mut(id)?;
        if let (Some(object), Value::Object(members)) = (object.as_object_mut(), members) {
            object.extend(members);
        }
        Some(object.clone())
    }

    /// What was given back of a try, the newest first.
    pub(super) fn refunds(&self, intent: &str) -> Vec<Value> {
        let those = self.objects.values().filter(|object| {
            object.get("object") == Some(&json!("refund"))
                && object.get("payment_intent") == Some(&json!(intent))
        });
        those.rev().cloned().collect()
    }

    /// A try that took money at once.
    pub(super) fn capture(&mut self, amount: i64, currency: &str, metadata: Value) -> Value {
        let id = self.name("pi");
        let intent = json!({
            "id": id, "object": "payment_intent", "status": "succeeded", "amount": amount,
            "amount_received": amount, "currency": currency, "customer": self.name("cus"),
            "payment_method": self.name("pm"), "last_payment_error": null, "metadata": metadata,
        });
        self.objects.insert(id, intent.clone());
        intent
    }
}
