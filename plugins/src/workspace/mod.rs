//! Adapters of the workspace port: the repository on disk.

mod about;
pub mod author;
mod beneath;
mod changed;
mod commit;
mod copy;
pub mod git;
mod isolate;
mod list;
mod lock;
mod objects;
mod own_ignore;
mod prepare;
mod read;
mod refs;
mod replace;
mod settle;
mod walk;
