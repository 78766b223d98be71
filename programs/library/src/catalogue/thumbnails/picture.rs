//! Makes a small picture out of a large one: turned as its camera was held, and without anything
//! else that the camera wrote into it.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::limits;

/// A small picture of an image, as JPEG, or as PNG if one can see through it. The words of an error
/// are the decoder's, for the log.
pub(super) fn small(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut reader = ImageReader::new(Cursor::new(bytes));
    let mut limits = Limits::default();
    limits.max_image_width = Some(limits::PICTURE_SIDE);
    limits.max_image_height = Some(limits::PICTURE_SIDE);
    limits.max_alloc = Some(limits::PICTURE_BYTES);
    reader.limits(limits);
    let reader = reader.with_guessed_format().map_err(|error| error.to_string())?;
    let mut decoder = reader.into_decoder().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width).saturating_mul(u64::from(height));
    if pixels > limits::PICTURE_PIXELS {
        return Err(format!("{width} x {height} pixels are too many"));
    }
    // Where it cannot be told it is upright.
    let orientation = decoder.orientation();
    let image = DynamicImage::from_decoder(decoder).map_err(|error| error.to_string())?;
    // `thumbnail` would make a small picture larger.
    let side = limits::THUMBNAIL_SIDE;
    let is_large = width > side || height > side;
    let mut image = if is_large { image.thumbnail(side, side) } else { image };
    if let Ok(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    written(&image).map_err(|error| error.to_string())
}

fn written(image: &DynamicImage) -> image::ImageResult<Vec<u8>> {
    let mut out = Cursor::new(Vec::new());
    if image.color().has_alpha() {
        image.to_rgba8().write_to(&mut out, ImageFormat::Png)?;
    } else {
        let encoder = JpegEncoder::new_with_quality(&mut out, limits::THUMBNAIL_QUALITY);
        image.to_rgb8().write_with_encoder(encoder)?;
    }
    Ok(out.into_inner())
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage, Rgba, RgbaImage};
    use proptest::prelude::*;

    use super::*;

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        image.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    /// A JPEG whose camera was turned by a quarter: EXIF orientation 6.
    fn turned(jpeg: &[u8]) -> Vec<u8> {
        let exif = b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        [&jpeg[..2], exif, &jpeg[2..]].concat()
    }

    #[test]
    fn pictures_become_small_and_keep_their_shape() {
        let large = DynamicImage::from(RgbImage::from_pixel(1600, 800, Rgb([200, 10, 10])));
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Bmp, ImageFormat::WebP] {
            let small = small(&encoded(&large, format)).unwrap();
            assert!(small.starts_with(&[0xff, 0xd8]), "{format:?}");
            let read = image::load_from_memory(&small).unwrap();
            let side = limits::THUMBNAIL_SIDE;
            assert_eq!((read.width(), read.height()), (side, side / 2), "{format:?}");
        }
    }

    #[test]
    fn a_small_picture_is_not_made_larger() {
        for (width, height) in [(1, 1), (40, 30), (320, 10)] {
            let picture = DynamicImage::from(RgbImage::from_pixel(width, height, Rgb([9, 9, 9])));
            let small = small(&encoded(&picture, ImageFormat::Png)).unwrap();
            let read = image::load_from_memory(&small).unwrap();
            assert_eq!((read.width(), read.height()), (width, height));
        }
    }

    #[test]
    fn one_can_see_through_what_was_so() {
        let clear = DynamicImage::from(RgbaImage::from_pixel(40, 40, Rgba([0, 0, 255, 10])));
        let small = small(&encoded(&clear, ImageFormat::Png)).unwrap();
        assert!(image::load_from_memory(&small).unwrap().color().has_alpha());
    }

    #[test]
    fn a_picture_is_turned_and_says_nothing_of_its_camera() {
        let wide = DynamicImage::from(RgbImage::from_pixel(400, 100, Rgb([1, 2, 3])));
        let small = small(&turned(&encoded(&wide, ImageFormat::Jpeg))).unwrap();
        let read = image::load_from_memory(&small).unwrap();
        assert!(read.height() > read.width(), "{} x {}", read.width(), read.height());
        assert!(!small.windows(4).any(|four| four == b"Exif"));
    }

    #[test]
    fn a_picture_that_says_to_be_huge_is_refused_before_it_is_decoded() {
        let mut png = encoded(&DynamicImage::from(RgbImage::new(1, 1)), ImageFormat::Png);
        png[16..24].copy_from_slice(&[0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20]);
        let crc = crc32fast::hash(&png[12..29]).to_be_bytes();
        png[29..33].copy_from_slice(&crc);
        let words = small(&png).unwrap_err();
        assert!(words.contains("too many"), "{words}");
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes: Vec<u8>, kind in 0..4_usize) {
            let starts: [&[u8]; 4] = [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a"];
            let _ = small(&[starts[kind], &bytes].concat());
        }
    }
}
