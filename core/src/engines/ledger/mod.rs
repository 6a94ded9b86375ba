//! The append-only log as plain data: RFC 6962 Merkle trees, the C2SP tile layout, signed notes and
//! checkpoints, and proofs that anyone can check with the public key alone.
//!
//! Never reads or writes a file and never makes a key: bytes come in, bytes and verdicts go out.

pub mod checkpoint;
pub mod edge;
pub mod entry;
pub mod merkle;
pub mod note;
pub mod proof;
pub mod tiles;
pub mod verify;

pub use checkpoint::Checkpoint;
pub use edge::Edge;
pub use merkle::Hash;
pub use note::{SignerKey, VerifierKey};
pub use proof::LogProof;
pub use tiles::Resource;
