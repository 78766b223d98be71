//! What a service keeps among the objects, asked of its own tables.

use crate::connection::Connection;
use crate::error::Error;
use crate::query::Query;
use crate::row::Row;

/// Rows of one page of the list.
const PAGE: i64 = 1000;

/// How a service's tables name the files that it keeps among the objects.
#[derive(Clone, Copy, Debug)]
pub struct Inventory {
    /// A table that is there once the service has used the database.
    pub table: &'static str,
    /// Each finds files, in the order of a text in its first column: those after `$1`, `$2` at most.
    pub statements: &'static [&'static str],
    /// The file of such a row.
    pub file: fn(&Row) -> Result<Stored, Error>,
}

/// A file among the objects. Its first `bytes` bytes do not change any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Where it lies in the folder of the objects.
    pub path: String,
    /// Where it may have been moved to meanwhile.
    pub moved_to: Option<String>,
    /// How many of its bytes count.
    pub bytes: u64,
    /// Their SHA-256, if that is known.
    pub sha256: Option<[u8; 32]>,
}

impl Inventory {
    /// Every file that the database on this connection names; None if the service never used it.
    pub(super) async fn list(
        &self,
        connection: &mut Connection,
    ) -> Result<Option<Vec<Stored>>, Error> {
        let known = Query::of_each(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1",
            "SELECT 1 WHERE to_regclass($1) IS NOT NULL",
        );
        if connection.rows(known.bind(self.table)).await?.is_empty() {
            return Ok(None);
        }
        let mut all = Vec::new();
        for statement in self.statements {
            let mut after = String::new();
            loop {
                let page = Query::new(statement).bind(after.as_str()).bind(PAGE);
                let rows = connection.rows(page).await?;
                let Some(last) = rows.last() else { break };
                after = last.get(0)?;
                for row in &rows {
                    all.push((self.file)(row)?);
                }
            }
        }
        Ok(Some(all))
    }
}
