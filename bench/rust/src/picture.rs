//! JPEG to the tensor that mobilenet_v2 wants: shorter side to 256, centre crop 224, ImageNet's mean and deviation.
//! Resize and crop are one step: only the pixels of the crop are computed.

use fast_image_resize::{images::Image, FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use std::sync::OnceLock;
use zune_jpeg::{
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
    JpegDecoder,
};

const SIDE: usize = 224;
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const STD: [f32; 3] = [0.229, 0.224, 0.225];

/// What each byte of each channel becomes.
fn table() -> &'static [[f32; 256]; 3] {
    static TABLE: OnceLock<[[f32; 256]; 3]> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = [[0.0; 256]; 3];
        for (channel, row) in table.iter_mut().enumerate() {
            for (byte, value) in row.iter_mut().enumerate() {
                *value = (byte as f32 / 255.0 - MEAN[channel]) / STD[channel];
            }
        }
        table
    })
}

pub fn to_tensor(jpeg: &[u8]) -> Result<Vec<f32>, String> {
    let options = DecoderOptions::new_fast().jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    let pixels = decoder.decode().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions().ok_or("no size")?;
    let source =
        Image::from_vec_u8(width as u32, height as u32, pixels, PixelType::U8x3).map_err(|error| error.to_string())?;
    let scale = width.min(height) as f64 / 256.0;
    let crop = SIDE as f64 * scale;
    let options = ResizeOptions::new()
        .crop((width as f64 - crop) / 2.0, (height as f64 - crop) / 2.0, crop, crop)
        .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    let mut small = Image::new(SIDE as u32, SIDE as u32, PixelType::U8x3);
    Resizer::new().resize(&source, &mut small, &options).map_err(|error| error.to_string())?;
    let (table, plane) = (table(), SIDE * SIDE);
    let mut tensor = vec![0.0; 3 * plane];
    let (red, rest) = tensor.split_at_mut(plane);
    let (green, blue) = rest.split_at_mut(plane);
    for (i, pixel) in small.buffer().chunks_exact(3).enumerate() {
        red[i] = table[0][pixel[0] as usize];
        green[i] = table[1][pixel[1] as usize];
        blue[i] = table[2][pixel[2] as usize];
    }
    Ok(tensor)
}
