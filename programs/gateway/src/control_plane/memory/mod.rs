//! What is known of servers outlives the process: over a restart in a file, over a succession in
//! memory that is handed over.
//!
//! For whoever reads it, it is a hint with an age, and untrusted input. Drains are an exception: they
//! are orders, and hold until somebody takes them back.
//!
//! | file | one idea |
//! |---|---|
//! | `record.rs` | the form in which it is written: texts in, checked values out |
//! | `gather.rs` | the record of what is known now |
//! | `recall.rs` | what becomes of a record: as much as is not too old and still configured |
//! | `file.rs` | the file: one gateway's at a time, replaced as a whole |
//! | `keeper.rs` | when it is written, and what is told of trouble |

mod file;
mod gather;
mod keeper;
mod recall;
mod record;

pub(super) use keeper::Keeper;
pub(super) use record::BYTES_MAX;
