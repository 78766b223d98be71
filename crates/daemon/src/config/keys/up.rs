//! The keys of `[up]`.

use std::time::Duration;

use super::super::Up;
use super::{Absent, Default, Form, Key, Table};

pub(super) static UP: Table = Table {
    name: "up",
    about: "How `tombolo up` keeps its processes. A gateway alone does without.",
    keys: &[
        Key {
            name: "keep",
            about: "Whether the processes go on when `tombolo up` itself is killed; the next one \
                    in the same data folder takes them over. Otherwise they end with it, however \
                    it goes.",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(Up::DEFAULT.keep)),
            example: "true",
        },
        Key {
            name: "give_up_after",
            about: "Deaths in a row, with less than 10 seconds of service between them, after \
                    which a replica is left alone until `tombolo restart` starts it again. 0 \
                    means never. The gateway is never given up.",
            form: Form::Count { min: 0, max: Up::GIVE_UP_AFTER_MAX as u64 },
            absent: Absent::Is(Default::Count(Up::DEFAULT.give_up_after as u64)),
            example: "20",
        },
        Key {
            name: "hang_after",
            about: "How long a replica that served may answer nothing, not even an error, when it \
                    is asked for its health; then it is killed, and started again like one that \
                    died. 0 means never.",
            form: Form::Time { min: Duration::ZERO, max: Up::HANG_AFTER_MAX },
            absent: Absent::Is(Default::Time(Up::DEFAULT.hang_after)),
            example: "\"2m\"",
        },
        Key {
            name: "log_size",
            about: "Bytes of `logs/NAME.log` in `data_dir`, which has what a process says on \
                    standard error, before it becomes `NAME.log.1` and the next is begun.",
            form: Form::Size { min: 4 << 10, max: 1 << 40 },
            absent: Absent::Is(Default::Size(Up::DEFAULT.log_size)),
            example: "\"100MiB\"",
        },
        Key {
            name: "log_files",
            about: "Such files of each process, the present one among them; older ones are \
                    removed.",
            form: Form::Count { min: 1, max: Up::LOG_FILES_MAX as u64 },
            absent: Absent::Is(Default::Count(Up::DEFAULT.log_files as u64)),
            example: "10",
        },
    ],
    later: &[],
};
