//! Lists of the library, page after page.

use std::fmt::Write as _;

use http::Method;
use serde_json::Value;

use super::connection::{Asked, Connection};
use super::put::wait;
use super::{Client, Failure};

/// Pages of a list that are looked through.
const PAGES: usize = 500;

/// A list, page after page.
pub(super) async fn all(connection: &mut Connection, path: &str) -> Result<Vec<Value>, Failure> {
    let (mut all, mut target) = (Vec::new(), connection.server().target(path));
    for _ in 0..PAGES {
        let asked = Asked::new(Method::GET, target, &[]);
        let mut page = connection.json(&asked, "").await?;
        if let Some(Value::Array(items)) = page.get_mut("items").map(Value::take) {
            all.extend(items);
        }
        let Some(next) = page.get("next").and_then(Value::as_str) else { return Ok(all) };
        target = connection.server().target(&format!("{path}&cursor={}", encoded(next)));
    }
    Ok(all)
}

/// The ids of this user's items in a folder and in those below it.
///
/// # Errors
/// When the library cannot be reached, or the session is over.
pub async fn in_folder(client: &Client, folder: &str) -> Result<Vec<String>, Failure> {
    let (mut connection, mut retry) = (client.connection(), client.retry());
    let path = format!("items?owner=me&sort=title&limit=200&folder={}", encoded(folder));
    let items = loop {
        match all(&mut connection, &path).await {
            Ok(items) => break items,
            Err(failure) => wait(client, folder, &mut retry, failure).await?,
        }
    };
    let id = |item: &Value| item.get("id").and_then(Value::as_str).map(str::to_owned);
    Ok(items.iter().filter_map(id).collect())
}

/// Percent-encodes all but unreserved characters (RFC 3986, section 2.3).
fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}
