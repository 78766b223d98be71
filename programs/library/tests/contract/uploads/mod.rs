//! Uploads: what both protocols promise, whichever replica is asked and wherever a request is cut.

mod client;
mod cuts;
mod draft;
mod joining;
mod many;
mod tus;
