//! What a body asks to purge: exactly one of `url`, `prefix`, `tag` and `all`, and perhaps `soft`.

use std::fmt;

use http::StatusCode;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::super::refusal::{Mistake, Refusal};

/// What is to be purged, as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum What {
    Url(String),
    Prefix(String),
    Tag(String),
    All,
}

impl What {
    /// The member that says it.
    pub(super) fn field(&self) -> &'static str {
        match self {
            Self::Url(_) => "url",
            Self::Prefix(_) => "prefix",
            Self::Tag(_) => "tag",
            Self::All => "all",
        }
    }
}

/// A purge as it was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Order {
    pub(super) what: What,
    /// Stale rather than gone.
    pub(super) soft: bool,
}

impl Order {
    /// Reads a body. All mistakes are told at once.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let Members(members) = serde_json::from_slice(body).map_err(|error| {
            let detail = format!("The body is not what is expected: {error}. Example: {{\"url\": \"http://example.org/page\"}}");
            Refusal::new(StatusCode::BAD_REQUEST, detail)
        })?;
        let mut reader = Reader::default();
        members.into_iter().for_each(|(name, value)| reader.member(name, value));
        reader.finish().map_err(Refusal::of_mistakes)
    }
}

/// Collects what the members say.
#[derive(Default)]
struct Reader {
    seen: Vec<String>,
    asked: Vec<What>,
    soft: bool,
    mistakes: Vec<Mistake>,
}

impl Reader {
    fn member(&mut self, name: String, value: Value) {
        if self.seen.contains(&name) {
            return self.mistake(&name, "it is there twice; send one request for each purge");
        }
        match (name.as_str(), value) {
            ("url" | "prefix" | "tag", Value::String(text)) if text.is_empty() => {
                self.mistake(&name, "it is empty");
            }
            ("url", Value::String(text)) => self.asked.push(What::Url(text)),
            ("prefix", Value::String(text)) => self.asked.push(What::Prefix(text)),
            ("tag", Value::String(text)) => self.asked.push(What::Tag(text)),
            ("all", Value::Bool(true)) => self.asked.push(What::All),
            ("soft", Value::Bool(soft)) => self.soft = soft,
            ("url" | "prefix" | "tag", _) => self.mistake(&name, "a string is expected"),
            ("all", _) => self.mistake(&name, "only true is expected; leave it out otherwise"),
            ("soft", _) => self.mistake(&name, "true or false is expected"),
            _ => self.mistake(&name, "unknown; there are url, prefix, tag, all and soft"),
        }
        self.seen.push(name);
    }

    fn mistake(&mut self, field: &str, message: &str) {
        // Shown as it came, but not more than helps.
        let field = field.chars().take(64).collect();
        self.mistakes.push(Mistake { field, message: message.to_owned() });
    }

    fn finish(mut self) -> Result<Order, Vec<Mistake>> {
        let named: Vec<&str> = self.asked.iter().map(What::field).collect();
        let message = match named.len() {
            0 if self.mistakes.is_empty() => {
                Some("one of url, prefix, tag and all is needed".to_owned())
            }
            0 | 1 => None,
            _ => Some(format!("just one is expected; there are {}", named.join(" and "))),
        };
        if let Some(message) = message {
            let field = named.get(1).copied().unwrap_or("url").to_owned();
            self.mistakes.push(Mistake { field, message });
        }
        match self.asked.pop() {
            Some(what) if self.mistakes.is_empty() => Ok(Order { what, soft: self.soft }),
            _ => Err(self.mistakes),
        }
    }
}

/// The members of an object in order, those of one name all of them: `serde_json` by itself would
/// keep the last and lose a purge without a word.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a JSON object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;
    use proptest::prelude::*;

    fn refused(body: &str) -> (u16, String) {
        let refusal = Order::parse(body.as_bytes()).unwrap_err();
        let text = format!("{refusal:?}");
        (refusal.into_response().status().as_u16(), text)
    }

    #[test]
    fn each_kind_is_read() {
        for (body, what, soft) in [
            (r#"{"url":"http://a/b"}"#, What::Url("http://a/b".into()), false),
            (r#"{"prefix":"http://a/","soft":true}"#, What::Prefix("http://a/".into()), true),
            (r#" {"soft":false, "tag":"blog"} "#, What::Tag("blog".into()), false),
            (r#"{"all":true,"soft":true}"#, What::All, true),
        ] {
            assert_eq!(Order::parse(body.as_bytes()).unwrap(), Order { what, soft }, "{body}");
        }
    }

    #[test]
    fn every_mistake_is_named_with_its_field() {
        for (body, status, words) in [
            ("", 400, "EOF"),
            ("[]", 400, "a JSON object"),
            ("{\"url\":", 400, "line 1 column 7"),
            ("{}", 422, "one of url, prefix, tag and all"),
            (r#"{"soft":true}"#, 422, "one of url, prefix, tag and all"),
            (r#"{"url":"http://a/","tag":"b"}"#, 422, "url and tag"),
            (r#"{"url":"http://a/","url":"http://b/"}"#, 422, "twice"),
            (r#"{"url":7}"#, 422, "a string is expected"),
            (r#"{"tag":""}"#, 422, "empty"),
            (r#"{"all":false}"#, 422, "only true"),
            (r#"{"all":true,"soft":"yes"}"#, 422, "true or false"),
            (r#"{"urls":"http://a/"}"#, 422, "unknown"),
        ] {
            let (told, text) = refused(body);
            assert_eq!(told, status, "{body}");
            assert!(text.contains(words), "{body}: {text}");
        }
        let (_, text) = refused(r#"{"urls":1,"tag":2,"soft":3}"#);
        assert_eq!(text.matches("\"field\":").count(), 3, "{text}");
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Order::parse(&body);
        }

        #[test]
        fn any_members_give_an_answer(
            members in proptest::collection::vec(
                ("url|prefix|tag|all|soft|x", "true|false|null|7|\"\"|\"http://a/\"|\\[\\]|\\{\\}"),
                0..5,
            ),
        ) {
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            let _ = Order::parse(format!("{{{}}}", members.join(",")).as_bytes());
        }
    }
}
