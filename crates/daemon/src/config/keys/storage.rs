//! The keys of `[storage]`.

use super::{Absent, Form, Key, Table};

pub(super) static STORAGE: Table = Table {
    name: "storage",
    about: "Where the services that `tombolo up` starts keep what they must remember.",
    keys: &[DATABASE, OBJECTS],
    later: &[],
};

const DATABASE: Key = Key {
    name: "database",
    about: "The database: `sqlite:PATH`, a file on a local disk that the replicas of this \
                machine share, or `postgres://USER:PASSWORD@HOST:PORT/NAME`, a server that several \
                machines share. Replicas get an address with a password through their environment, \
                never on their command line, and no log shows the password; `${NAME}` keeps it \
                out of this file too.",
    form: Form::Text { what: "an address of a database" },
    absent: Absent::Means("`tombolo.db` in `data_dir`"),
    example: "\"postgres://tombolo@db.example.org/tombolo\"",
};

const OBJECTS: Key = Key {
    name: "objects",
    about: "Where the content of the library's files lies: `file:PATH`, a folder of this machine or \
            of a file system that the machines share, or \
            `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`, an object store that speaks S3. Its keys \
            are `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` of the environment.",
    form: Form::Text { what: "an address of a place for objects" },
    absent: Absent::Means("`objects` in `data_dir`"),
    example: "\"s3://library?endpoint=http://127.0.0.1:3900\"",
};
