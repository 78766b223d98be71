//! The key of `[storage]`.

use super::{Absent, Form, Key, Table};

pub(super) static STORAGE: Table = Table {
    name: "storage",
    about: "Where the services that `tombolo up` starts keep what they must remember.",
    keys: &[Key {
        name: "database",
        about: "The database: `sqlite:PATH`, a file on a local disk that the replicas of this \
                machine share, or `postgres://USER:PASSWORD@HOST:PORT/NAME`, a server that several \
                machines share. Replicas get an address with a password through their environment, \
                never on their command line, and no log shows the password; `${NAME}` keeps it \
                out of this file too.",
        form: Form::Text { what: "an address of a database" },
        absent: Absent::Means("`tombolo.db` in `data_dir`"),
        example: "\"postgres://tombolo@db.example.org/tombolo\"",
    }],
    later: &["objects"],
};
