//! What a file says of its length.

use symphonia::core::formats::FormatOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;
use symphonia::default::get_probe;

/// Seconds, rounded; None if the file does not say.
pub(super) fn measure(source: Box<dyn MediaSource>) -> Option<u64> {
    let stream = MediaSourceStream::new(source, Default::default());
    let (format, meta) = (FormatOptions::default(), MetadataOptions::default());
    let reader = get_probe().probe(&Hint::new(), stream, format, meta).ok()?;
    let media = reader.media_info();
    let tracks = reader.tracks().iter().map(|track| (track.time_base, track.duration));
    // A container that says nothing of the whole may say it of its parts.
    let all = [(media.time_base, media.duration)].into_iter().chain(tracks);
    let lengths = all.filter_map(|(base, duration)| {
        let (base, duration) = (base?, duration?);
        let millis = u128::from(duration.get())
            .saturating_mul(u128::from(base.numer.get()))
            .saturating_mul(1000)
            .checked_div(u128::from(base.denom.get()))?;
        let seconds = millis.saturating_add(500).checked_div(1000)?;
        u64::try_from(seconds).ok()
    });
    lengths.max().filter(|seconds| *seconds > 0 && i64::try_from(*seconds).is_ok())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn length(bytes: Vec<u8>) -> Option<u64> {
        measure(Box::new(Cursor::new(bytes)))
    }

    /// Seconds of silence, 8000 samples each of 8 bits.
    fn wave(seconds: u32) -> Vec<u8> {
        let data = seconds * 8000;
        let mut bytes = b"RIFF".to_vec();
        bytes.extend((36 + data).to_le_bytes());
        bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        bytes.extend(8000_u32.to_le_bytes());
        bytes.extend(8000_u32.to_le_bytes());
        bytes.extend(b"\x01\0\x08\0data");
        bytes.extend(data.to_le_bytes());
        bytes.extend(vec![0x80; data as usize]);
        bytes
    }

    /// Frames of 128 kbit/s at 44,100 Hz, 1152 samples each.
    fn mp3(frames: usize) -> Vec<u8> {
        let mut frame = vec![0xff, 0xfb, 0x90, 0x00];
        frame.resize(417, 0);
        frame.repeat(frames)
    }

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).unwrap();
        [&length.to_be_bytes()[..], kind, content].concat()
    }

    /// A film of one video track without a picture in it.
    fn mp4(seconds: u32) -> Vec<u8> {
        let length = (seconds * 1000).to_be_bytes();
        let words = |all: &[u32]| all.iter().flat_map(|one| one.to_be_bytes()).collect::<Vec<u8>>();
        let matrix = words(&[0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000]);
        let head = [&words(&[0, 0, 0, 1000])[..], &length].concat();
        let movie =
            [&head[..], &words(&[0x10000, 0x0100_0000, 0, 0]), &matrix, &[0; 24], &[0, 0, 0, 2]];
        let track = [&words(&[3, 0, 0, 1, 0])[..], &length, &[0; 16], &matrix, &words(&[0, 0])];
        let tables = [b"stts", b"stsc", b"stco"].map(|kind| boxed(kind, &[0; 8])).concat();
        let entry = [&[0; 6][..], &[0, 1], &[0; 70]].concat();
        let description = [&words(&[0, 1])[..], &boxed(b"avc1", &entry)].concat();
        let table = boxed(
            b"stbl",
            &[boxed(b"stsd", &description), tables, boxed(b"stsz", &[0; 12])].concat(),
        );
        let info = boxed(b"minf", &[boxed(b"vmhd", &[0; 12]), table].concat());
        let handler = boxed(b"hdlr", &[&[0; 8][..], b"vide", &[0; 13]].concat());
        let header = boxed(b"mdhd", &[&head[..], &[0; 4]].concat());
        let media = boxed(b"mdia", &[header, handler, info].concat());
        let track = boxed(b"trak", &[boxed(b"tkhd", &track.concat()), media].concat());
        let movie = boxed(b"moov", &[boxed(b"mvhd", &movie.concat()), track].concat());
        // As cameras write it: what tells the length stands at the end.
        let start = boxed(b"ftyp", b"isom\0\0\0\0isommp42");
        [start, boxed(b"mdat", &[0; 100_000]), movie].concat()
    }

    /// Matroska with a header that tells the length, in milliseconds as a float.
    fn webm(seconds: u32) -> Vec<u8> {
        let element = |id: &[u8], content: &[u8]| {
            let length = 0x0100_0000_0000_0000 | content.len() as u64;
            [id, &length.to_be_bytes(), content].concat()
        };
        let start = element(
            &[0x1a, 0x45, 0xdf, 0xa3],
            &[element(&[0x42, 0x82], b"webm"), element(&[0x42, 0x87], &[4])].concat(),
        );
        let duration = f64::from(seconds * 1000).to_be_bytes();
        let info = [
            element(&[0x2a, 0xd7, 0xb1], &[0x0f, 0x42, 0x40]),
            element(&[0x44, 0x89], &duration),
            element(&[0x4d, 0x80], b"test"),
            element(&[0x57, 0x41], b"test"),
        ];
        let info = element(&[0x15, 0x49, 0xa9, 0x66], &info.concat());
        let track = [
            element(&[0xd7], &[1]),
            element(&[0x73, 0xc5], &[1]),
            element(&[0x83], &[1]),
            element(&[0x86], b"V_VP8"),
            element(&[0xe0], &[element(&[0xb0], &[16]), element(&[0xba], &[16])].concat()),
        ];
        let tracks = element(&[0x16, 0x54, 0xae, 0x6b], &element(&[0xae], &track.concat()));
        let cluster = element(&[0x1f, 0x43, 0xb6, 0x75], &element(&[0xe7], &[0]));
        let segment = element(&[0x18, 0x53, 0x80, 0x67], &[info, tracks, cluster].concat());
        [start, segment].concat()
    }

    #[test]
    fn files_tell_their_length() {
        assert_eq!(length(wave(61)), Some(61));
        assert_eq!(length(mp3(1149)), Some(30));
        assert_eq!(length(mp4(3725)), Some(3725));
        assert_eq!(length(webm(90)), Some(90));
    }

    #[test]
    fn what_is_no_such_file_has_none() {
        for bytes in [Vec::new(), b"%PDF-1.7".to_vec(), vec![0; 100_000], mp4(0), wave(0)] {
            assert_eq!(length(bytes), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(at in 0..400_usize, value: u8, cut in 0..2000_usize) {
            for mut bytes in [wave(1), mp3(5), mp4(9), webm(9)] {
                bytes.truncate(bytes.len().saturating_sub(cut));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
                // One that panics ends a child, and no length is told; it may not go on for ever.
                let _ = std::panic::catch_unwind(|| length(bytes));
            }
        }
    }
}
