//! Sessions: from a log-in to a log-out, on every replica.
//!
//! The page's cookie is `Path=/library`, so that browsers send it to nothing else on the same host:
//! neither the chat nor any upstream of the gateway gets to see it. (`__Host-` would demand
//! `Path=/`, and with it just that; over TLS it is `__Secure-`.) A client that sends it elsewhere all
//! the same is none the worse: the gateway passes it to the library alone, by its name in
//! `tombolo_services`.

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE as COOKIE_FIELD};
use tombolo_storage::{Error, Query};

use super::token::{Token, TokenHash};
use super::{COOKIE, Role, User};
use crate::http::Origin;
use crate::ids::UserId;
use crate::state::Library;
use crate::time::Time;

/// What the names of cookies begin with that browsers take over TLS only.
const SECURE: &str = "__Secure-";

const FIND: &str = "SELECT library_user.id, library_user.role FROM library_session
    JOIN library_user ON library_user.id = library_session.user_id
    WHERE library_session.token = $1 AND library_session.expires > $2
        AND library_user.deleted IS NULL";

/// Where a client says which session it has.
#[derive(Debug)]
pub(super) enum Sent {
    /// It says nothing.
    Nothing,
    /// As a bearer token; None: one that cannot be.
    Bearer(Option<Token>),
    /// In the page's cookie.
    Cookie(Token),
}

/// What the fields of a request say.
pub(super) fn sent(headers: &HeaderMap) -> Sent {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let words = value.to_str().unwrap_or_default();
        let token = words.split_once(' ').and_then(|(scheme, rest)| {
            scheme.eq_ignore_ascii_case("bearer").then(|| Token::sent(rest.trim())).flatten()
        });
        return Sent::Bearer(token);
    }
    let lines = headers.get_all(COOKIE_FIELD).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let is_ours = |name: &str| name.strip_prefix(SECURE).unwrap_or(name) == COOKIE;
    let token = pairs.find_map(|(name, value)| match is_ours(name.trim()) {
        true => Token::sent(value.trim()),
        false => None,
    });
    token.map_or(Sent::Nothing, Sent::Cookie)
}

/// The cookie that holds a token for so many seconds; 0 takes it away.
pub(super) fn cookie(token: &str, seconds: u64, origin: &Origin) -> String {
    let (name, secure) = if origin.is_https() { (SECURE, "; Secure") } else { ("", "") };
    format!(
        "{name}{COOKIE}={token}; Path=/library; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    )
}

/// Whose session a token is; None if it is nobody's, or over.
pub(super) async fn find(library: &Library, token: TokenHash) -> Result<Option<User>, Error> {
    let rows = library.query(Query::new(FIND).bind(token).bind(Time::now())).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(User { id: UserId::of_row(row, 0)?, role: Role::of_row(row, 1)?, token }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with(name: http::HeaderName, value: &str) -> Sent {
        sent(&HeaderMap::from_iter([(name, value.parse().unwrap())]))
    }

    #[test]
    fn a_token_comes_in_either_field() {
        let token = Token::new().unwrap();
        let text = token.expose();
        let is = |sent: Sent| matches!(sent, Sent::Bearer(Some(found)) | Sent::Cookie(found) if found == token);
        assert!(is(with(AUTHORIZATION, &format!("Bearer {text}"))));
        assert!(is(with(AUTHORIZATION, &format!("bearer  {text}"))));
        assert!(is(with(COOKIE_FIELD, &format!("a=b; library_session={text}; c=d"))));
        assert!(is(with(COOKIE_FIELD, &format!("__Secure-library_session={text}"))));
        assert!(matches!(with(AUTHORIZATION, &format!("Basic {text}")), Sent::Bearer(None)));
        assert!(matches!(with(COOKIE_FIELD, &format!("other={text}")), Sent::Nothing));
        assert!(matches!(sent(&HeaderMap::new()), Sent::Nothing));
    }

    #[test]
    fn the_cookie_is_for_the_library_alone() {
        // As the gateway knows it, which keeps it from other upstreams.
        let names = [COOKIE.to_owned(), format!("{SECURE}{COOKIE}")];
        assert_eq!(tombolo_services::LIBRARY.cookies, names);
        let over_tls = cookie("t", 60, &Origin::for_tests("https://a.example"));
        assert_eq!(
            over_tls,
            "__Secure-library_session=t; Path=/library; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        let plain = cookie("", 0, &Origin::for_tests("http://a.example"));
        assert_eq!(plain, "library_session=; Path=/library; Max-Age=0; HttpOnly; SameSite=Lax");
    }

    proptest! {
        #[test]
        fn any_fields_give_an_answer(text in "[ -~]{0,80}") {
            let _ = with(AUTHORIZATION, &text);
            let _ = with(COOKIE_FIELD, &text);
        }
    }
}
