//! The first admin, and further ones: made by whoever can reach the database, by no request.

use std::net::Ipv4Addr;

use tombolo_serve::Client;
use tombolo_storage::{Database, DatabaseUrl};

use super::register::{self, Account};
use super::rules::{Email, Mistake, Name, Password};
use super::{HashError, Passwords, Role};
use crate::schema;

/// Why there is no new admin.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Address, name or password cannot be.
    #[error(transparent)]
    Mistake(#[from] Mistake),
    /// Somebody has the address.
    #[error("there is an account for {0}; use another address")]
    Taken(String),
    /// The password could not be hashed.
    #[error(transparent)]
    Password(#[from] HashError),
    /// The database cannot be used.
    #[error("the library's database: {0}")]
    Database(#[from] tombolo_storage::Error),
}

/// Makes an admin; gives the id.
///
/// # Errors
/// When something given cannot be, or the database cannot be used; then there is no new admin.
pub async fn create_admin(
    database: &DatabaseUrl,
    email: &str,
    name: &str,
    password: &str,
) -> Result<String, AdminError> {
    let (email, name) = (Email::new(email)?, Name::new(name)?);
    let password = Password::new(password, &email)?;
    let here = Client::at(Ipv4Addr::LOCALHOST.into());
    let hash = Passwords::new()?.hash(password, here).await?;
    let address = email.as_str().to_owned();
    let database = Database::open(database, &schema::MIGRATIONS).await?;
    let account = Account { email, name, hash, role: Role::Admin };
    let made = register::insert(&database, account).await;
    database.close().await;
    made?.map(|shown| shown.id.to_string()).ok_or(AdminError::Taken(address))
}
