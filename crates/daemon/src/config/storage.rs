//! `[storage]` as meant: where services keep what they must remember.

use tombolo_storage::{DatabaseUrl, ObjectsUrl};

/// Where services keep what they must remember: `[storage]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Storage {
    /// The database. None: [`Storage::DEFAULT_FILE`] in the data folder.
    pub database: Option<DatabaseUrl>,
    /// Where the content of files lies. None: [`Storage::DEFAULT_FOLDER`] in the data folder.
    pub objects: Option<ObjectsUrl>,
}

impl Storage {
    /// The SQLite file in the data folder that is used unless something else is written.
    pub const DEFAULT_FILE: &'static str = "tombolo.db";
    /// The folder in the data folder that is used unless something else is written.
    pub const DEFAULT_FOLDER: &'static str = "objects";
}
