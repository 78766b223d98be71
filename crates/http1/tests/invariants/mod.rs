//! What must hold for any bytes, written against the public interface and with code as plain as
//! can be. Called by the property tests here and by the fuzz targets.

pub mod body;
pub mod forwarded;
pub mod head;
pub mod normal;
pub mod request;
pub mod response;
