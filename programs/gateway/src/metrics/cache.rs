//! The families of the cache's store.

use tombolo_cache::store::Status;

use super::exposition::{Exposition, Kind};

/// Writes the families of the store.
pub(crate) fn write_cache(out: &mut Exposition, status: &Status) {
    for (name, unit, help, value) in [
        ("tombolo_cache_objects", "", "Responses on disk.", status.objects),
        ("tombolo_cache_bytes", "bytes", "Bytes of them.", status.bytes),
        ("tombolo_cache_limit_bytes", "bytes", "Bytes there may be on disk.", status.max_bytes),
        ("tombolo_cache_memory_objects", "", "Responses in memory.", status.hot_objects),
        ("tombolo_cache_memory_bytes", "bytes", "Bytes of them.", status.hot_bytes),
        ("tombolo_cache_index_bytes", "bytes", "Memory of the index.", status.index_memory),
        ("tombolo_cache_fills", "", "Responses being stored.", status.fills),
        ("tombolo_cache_unwritten_bytes", "bytes", "Their bytes not on disk.", status.unwritten),
        ("tombolo_cache_purges_pending", "", "Purges not yet worked off.", status.purges),
        (
            "tombolo_cache_counting",
            "",
            "1 while what was there at the start is being counted.",
            u64::from(status.counting),
        ),
    ] {
        out.family(name, Kind::Gauge, unit, help).sample(&[], value);
    }
    let help = "1 while the disk fails: the alarm. Requests are served without the cache then.";
    out.family("tombolo_cache_trouble", Kind::Gauge, "", help)
        .sample(&[("operation", "reading")], u8::from(status.reading.is_some()))
        .sample(&[("operation", "writing")], u8::from(status.writing.is_some()));
    write_totals(out, status);
}

fn write_totals(out: &mut Exposition, status: &Status) {
    let totals = &status.totals;
    out.family("tombolo_cache_store_lookups", Kind::Counter, "", "Look-ups by where they ended.")
        .sample(&[("source", "memory")], totals.memory_hits)
        .sample(&[("source", "disk")], totals.disk_hits)
        .sample(&[("source", "none")], totals.misses);
    for (name, help, value) in [
        ("tombolo_cache_stores", "Responses stored.", totals.stores),
        ("tombolo_cache_evictions", "Responses removed to make room.", totals.evictions),
        ("tombolo_cache_corrupt", "Files that were not what was written.", totals.corrupt),
        ("tombolo_cache_errors", "Operations on the disk that failed.", totals.errors),
        ("tombolo_cache_overloads", "Look-ups and fills beyond a limit.", totals.overloads),
        ("tombolo_cache_joined", "Requests that joined the fill of another.", totals.joined),
        ("tombolo_cache_purged", "Responses removed by a purge.", totals.purged),
    ] {
        out.family(name, Kind::Counter, "", help).sample(&[], value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Exposition, Form};
    use super::*;
    use tombolo_cache::store::{Settings, Store};

    #[test]
    fn a_store_that_cannot_write_raises_the_alarm() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a file");
        std::fs::write(&file, b"").unwrap();
        let store = Store::open(Settings::new(file.join("no folder")));
        let mut out = Exposition::new(Form::Text);
        write_cache(&mut out, &store.status());
        let text = out.finish();
        assert!(text.contains("\ntombolo_cache_trouble{operation=\"writing\"} 1\n"), "{text}");
        assert!(text.contains("\ntombolo_cache_limit_bytes 1073741824\n"), "{text}");
        store.close();
    }
}
