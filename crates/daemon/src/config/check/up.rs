//! `[up]`.

use super::super::Up;
use super::super::written::reader::Reader;
use super::gateway::whole;

pub(super) fn up(root: &Reader<'_>) -> Up {
    let default = Up::DEFAULT;
    let Some(reader) = root.table("up") else { return default };
    let deaths = reader.count("give_up_after").and_then(|count| u32::try_from(count.value).ok());
    Up {
        keep: reader.flag("keep").map_or(default.keep, |flag| flag.value),
        give_up_after: deaths.unwrap_or(default.give_up_after),
        hang_after: reader.time("hang_after").map_or(default.hang_after, |time| time.value),
        log_size: reader.size("log_size").map_or(default.log_size, |size| size.value),
        log_files: reader.count("log_files").map_or(default.log_files, whole),
    }
}
