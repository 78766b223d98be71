//! Registration, and the account it makes.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use tombolo_storage::{Database, Error, Query, Retry};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::Role;
use super::rules::{Email, Name, Password};
use super::throttle::Throttle;
use super::users::Shown;
use crate::http::{ClientAddress, Json, Origin, Routes};
use crate::ids::UserId;
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, writing};
use crate::time::Time;

/// A new user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Registration {
    /// One account for an address, however its case is written.
    #[schema(example = "ana@example.org", max_length = 254)]
    email: String,
    #[schema(example = "Ana", min_length = 1, max_length = 100)]
    name: String,
    #[schema(format = Password, min_length = 8)]
    password: String,
}

const INSERT: &str =
    "INSERT INTO library_user (id, email, email_key, name, password, role, created)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (email_key) DO NOTHING";
const OWNER: &str = "SELECT id FROM library_user WHERE email_key = $1";

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(register_user))
}

/// Register
#[utoipa::path(post, path = "/users", tag = "users", request_body = Registration,
    responses(
        (status = 201, body = Shown, headers(("location" = String))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "There is an account for this address",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    ))]
async fn register_user(
    State(library): State<Arc<Library>>,
    ClientAddress(client): ClientAddress,
    origin: Origin,
    Json(registration): Json<Registration>,
) -> Result<Response, Problem> {
    let email = Email::new(&registration.email)?;
    let name = Name::new(&registration.name)?;
    let password = Password::new(&registration.password, &email)?;
    let throttle = Throttle::of_registration(client);
    throttle.check(&library).await?;
    throttle.count(&library).await?;
    let hash = library.passwords.hash(password, client).await?;
    let account = Account { email, name, hash, role: Role::User };
    let shown = insert(&library.database, account).await?.ok_or_else(taken)?;
    let location = format!("{}/library/api/users/me", origin.as_str());
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(shown)).into_response())
}

fn taken() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "email-taken",
        "There is an account for this address",
        "Log in with this address, or register with another one.",
    )
    .with("field", "email")
}

/// What an account is made of.
pub(super) struct Account {
    pub(super) email: Email,
    pub(super) name: Name,
    pub(super) hash: String,
    pub(super) role: Role,
}

/// Makes an account; None if there is one for this address.
pub(super) async fn insert(database: &Database, account: Account) -> Result<Option<Shown>, Error> {
    let Account { email, name, hash, role } = account;
    let (id, created) = (UserId::new(), Time::now());
    let insert = Query::new(INSERT).bind(id).bind(email.as_str()).bind(email.key());
    let insert = insert.bind(name.as_str()).bind(hash).bind(role).bind(created);
    let owner = Query::new(OWNER).bind(email.key());
    // Whose the address is in the end tells what became of a try without an answer.
    let retry = Retry::of_repeatable(writing());
    let deadline = retry.deadline();
    let found = retry.run(|| {
        let (insert, owner) = (insert.clone(), owner.clone());
        database.write(deadline, |work| {
            Box::pin(async move {
                work.run(insert).await?;
                let row = work.row(owner).await?;
                row.map(|row| UserId::of_row(&row, 0)).transpose()
            })
        })
    });
    let is_ours = found.await? == Some(id);
    let (email, name) = (email.as_str().to_owned(), name.as_str().to_owned());
    Ok(is_ours.then_some(Shown { id, email, name, role, created }))
}
