//! What ranking needs to know of texts: chunks, index terms, term weights, and the fusion of two scores.
//!
//! Pure functions on plain data. Never keeps documents and never embeds.

pub mod bm25;
pub mod chunk;
pub mod hybrid;
pub mod scan;
pub mod terms;
