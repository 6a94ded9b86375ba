//! Text to vectors: a small BERT encoder with 8-bit weights, for sentences and short documents.
//!
//! Takes the weights as bytes and never reads a file. The architecture is that of Devlin et al.,
//! "BERT: Pre-training of Deep Bidirectional Transformers" (2018); the pooling that of Reimers and
//! Gurevych, "Sentence-BERT" (2019): the mean of the last layer over all tokens, at unit length.

mod encoder;
mod kernel;
mod weights;
mod wordpiece;

pub use encoder::Encoder;
pub use weights::BadWeights;
pub use wordpiece::Tokenizer;
