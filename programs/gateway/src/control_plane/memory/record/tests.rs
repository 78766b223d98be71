//! What is written is read, and nothing else is.

use std::time::UNIX_EPOCH;

use proptest::prelude::*;

use super::*;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

fn record() -> Record {
    let ejection = |stage| Some(PastEjection { length: Duration::from_secs(5), stage });
    let over = EjectionStage::Over { ago: Duration::from_secs(3) };
    let mut servers = vec![ServerMemory::default(); 4];
    servers[0].condition = Remembered { draining: true, down: true, ..Remembered::default() };
    servers[0].whys.draining = Some("an operator".to_owned());
    servers[0].whys.down = Some("no answer".to_owned());
    (servers[0].since, servers[0].as_of, servers[0].drain_lasts) =
        (Some(at(90)), Some(at(95)), true);
    servers[1].condition.ejection =
        ejection(EjectionStage::Out { left: Duration::from_millis(2500) });
    servers[1].whys.ejected = Some("5 in a row".to_owned());
    servers[2].condition.ejection = ejection(EjectionStage::Probing);
    servers[3].condition.ejection = ejection(over);
    servers[3].condition.returned = Some(Duration::from_secs(3));
    let servers = servers.into_iter().enumerate();
    let servers = servers.map(|(place, memory)| (format!("127.0.0.1:{place}"), memory));
    let app = UpstreamRecord { name: "app".into(), drained: false, servers: servers.collect() };
    let api = UpstreamRecord { name: "api".into(), drained: true, servers: Vec::new() };
    Record { written: at(100), leaving: true, upstreams: vec![app, api] }
}

#[test]
fn what_is_written_is_read() {
    let record = record();
    let text = record.to_text().unwrap();
    assert!(text.starts_with(BEGINNING), "{text}");
    assert_eq!(Record::parse(text.as_bytes()).unwrap(), record);
}

#[test]
fn each_kind_of_nonsense_is_told_apart() {
    let told = |text: &str| Record::parse(text.as_bytes()).unwrap_err().to_string();
    let whole = record().to_text().unwrap();
    for torn in ["", "{", &whole[..whole.len() / 2], &whole[..whole.len() - 2]] {
        assert!(told(torn).contains("EOF"), "{torn}: {}", told(torn));
    }
    for (written, instead, words) in [
        ("tombolo-gateway-state", "other", "is \"other\" and not"),
        ("\"version\":1", "\"version\":2", "of version 2"),
        ("\"version\":1", "\"version\":-1", "invalid value"),
        ("\"upstreams\":[", "\"upstreams\":7,\"x\":[", "invalid type"),
        ("T08:01:40", "T99:01:40", "failed to parse"),
        ("\"stage\":\"probing\"", "\"stage\":\"odd\"", "unknown variant"),
        ("\"length_ms\":5000", "\"length_ms\":-5", "invalid value"),
    ] {
        assert!(whole.contains(written), "{written} in {whole}");
        let text = whole.replace(written, instead);
        assert!(told(&text).contains(words), "{instead}: {}", told(&text));
    }
    let huge = format!("{whole}{}", " ".repeat(BYTES_MAX));
    assert!(matches!(Record::parse(huge.as_bytes()), Err(Broken::Huge)));
    let deep = "[".repeat(100_000);
    assert!(told(&deep).contains("not what a gateway writes"));
}

#[test]
fn what_the_future_adds_is_passed_over() {
    let text = record().to_text().unwrap().replace("\"address\"", "\"new\":{},\"address\"");
    assert_eq!(Record::parse(text.as_bytes()).unwrap(), record());
}

#[test]
fn reasons_are_made_harmless() {
    let mut record = record();
    let long = format!("\u{1b}[31m{}", "x".repeat(10_000));
    record.upstreams[0].servers[0].1.whys.down = Some(long);
    let read = Record::parse(record.to_text().unwrap().as_bytes()).unwrap();
    let why = read.upstreams[0].servers[0].1.whys.down.clone().unwrap();
    assert!(why.starts_with(" [31mx") && why.len() == WHY_MAX, "{why}");
}

#[test]
fn more_than_anybody_reads_is_not_written() {
    let mut record = record();
    let server = record.upstreams[0].servers[0].clone();
    record.upstreams[0].servers = vec![server; 40_000];
    assert!(matches!(record.to_text(), Err(Broken::Huge)));
}

#[test]
fn times_that_cannot_be_are_bounded() {
    let whole = record().to_text().unwrap();
    let year = "2027-01-15T08:01:";
    assert!(whole.contains(year), "{whole}");
    for year in ["9999-01-15T08:01:", "-009999-01-15T08:01:", "1969-01-15T08:01:"] {
        // Only the servers' times: the first is that of the record.
        let (first, rest) = whole.split_at(whole.find("upstreams").unwrap());
        let text = format!("{first}{}", rest.replace("2027-01-15T08:01:", year));
        let record = Record::parse(text.as_bytes()).unwrap();
        let server = &record.upstreams[0].servers[0].1;
        assert!(server.since.unwrap() <= record.written, "{year}");
        assert!(server.as_of.unwrap() <= record.written, "{year}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Record::parse(&text);
    }

    /// A record in which anything was changed is read, or not; what is read can be written.
    #[test]
    fn a_damaged_record_is_read_without_a_panic(
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6),
    ) {
        let mut text = record().to_text().unwrap().into_bytes();
        for (place, byte) in changes {
            let place = place % text.len();
            text[place] = byte;
        }
        if let Ok(read) = Record::parse(&text) {
            prop_assert!(read.to_text().is_ok());
        }
    }
}
