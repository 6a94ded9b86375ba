//! Data flow within one function: tainted values that reach a sink, and values that are acquired and
//! never released, checked or awaited.
//!
//! Knows languages only by the tables of `language`. Would rather miss than accuse: what it cannot
//! follow (other functions, aliases through fields, conditions it does not understand) is clean.

mod carriers;
mod resource;
mod shape;
mod state;
mod taint;
mod uses;
mod value;

pub use resource::ResourceRule;
pub use taint::TaintRule;

use super::language::Language;
use super::matcher::{Clause, CompiledMatcher};
use super::rule;

/// The shortest clause that says: one of the parts' words must stand in the file. `None`: no such is known.
fn either(parts: &[CompiledMatcher]) -> Option<Clause> {
    let mut words = Clause::new();
    for part in parts {
        words.extend(part.clauses().iter().min_by_key(|clause| clause.len())?.iter().cloned());
    }
    words.sort();
    words.dedup();
    Some(words)
}

fn compile_all(matchers: &[rule::Matcher], language: Language) -> Result<Vec<CompiledMatcher>, String> {
    matchers.iter().map(|matcher| CompiledMatcher::compile(matcher, language)).collect()
}

#[cfg(test)]
mod tests;
