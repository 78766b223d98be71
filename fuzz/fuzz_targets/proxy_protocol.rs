//! Any bytes before a connection: never a panic, never a verdict that more bytes would change,
//! never more bytes waited for than the limit, and what is found can be written and found again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_proxy_protocol::{HEADER_BYTES_MAX, Header, Parsed, Version, parse, write};

fuzz_target!(|data: &[u8]| {
    let verdict = parse(data);
    for end in [0, 1, 5, 12, 16, 28, data.len() / 2, data.len().saturating_sub(1)] {
        let Some(part) = data.get(..end) else { continue };
        let early = parse(part);
        assert!(early == Ok(Parsed::Partial) || early == verdict);
    }
    match verdict {
        Ok(Parsed::Partial) => assert!(data.len() < HEADER_BYTES_MAX),
        Ok(Parsed::Whole { header, length }) => {
            assert!((1..=data.len().min(HEADER_BYTES_MAX)).contains(&length));
            assert_eq!(parse(&data[..length]), verdict);
            again(header);
        }
        Err(_) => {}
    }
});

fn again(header: Header) {
    let Header::Proxied { source, destination } = header else { return };
    for version in [Version::One, Version::Two] {
        let mut bytes = Vec::new();
        write(version, source, destination, &mut bytes);
        let Ok(Parsed::Whole { header, length }) = parse(&bytes) else { panic!("{bytes:?}") };
        assert_eq!(length, bytes.len());
        let Header::Proxied { source: from, destination: to } = header else { panic!("own") };
        assert_eq!(from.ip().to_canonical(), source.ip().to_canonical());
        assert_eq!(to.ip().to_canonical(), destination.ip().to_canonical());
        assert_eq!((from.port(), to.port()), (source.port(), destination.port()));
    }
}
