//! Sessions of the command line.

use http::Method;
use serde_json::json;

use super::connection::Asked;
use super::{Client, Failure};

/// Logs in; gives the token.
///
/// # Errors
/// When the library cannot be reached, or refuses the address and the password.
pub async fn log_in(client: &Client, email: &str, password: &str) -> Result<String, Failure> {
    let mut connection = client.connection();
    let fields = [("content-type", "application/json".to_owned())];
    let target = client.server.target("sessions");
    let asked = Asked::new(Method::POST, target, &fields);
    let body = json!({"email": email, "password": password}).to_string();
    let session = connection.json(&asked, body).await?;
    let token = session.get("token").and_then(|token| token.as_str());
    token.map(str::to_owned).ok_or_else(|| Failure::Nonsense("there is no token in it".to_owned()))
}

/// Ends the session of the client's token.
///
/// # Errors
/// When the library cannot be reached. A session that is over already is none.
pub async fn log_out(client: &Client) -> Result<(), Failure> {
    let mut connection = client.connection();
    let asked = Asked::new(Method::DELETE, client.server.target("sessions"), &[]);
    let response = connection.ask(&asked, "").await?;
    match connection.success(response).await {
        Err(Failure::Refused { status: 401, .. }) | Ok(_) => Ok(()),
        Err(failure) => Err(failure),
    }
}
