//! The languages that ecoops reads: grammars, and what their kinds of nodes mean.
//!
//! Never parses a file; that is `syntax`. What the kinds mean is data, in `table`.

mod detect;
mod kinds;
mod table;

pub use kinds::{KindSet, Kinds};

use std::sync::OnceLock;

/// A language of rules. `Any` is every text file, without a grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Language {
    Python,
    JavaScript,
    TypeScript,
    Tsx,
    Go,
    Rust,
    Java,
    C,
    Cpp,
    CSharp,
    Ruby,
    Php,
    Bash,
    Yaml,
    Dockerfile,
    Hcl,
    Json,
    Toml,
    Any,
}

/// A call: what is called and with what. `callee` may be two fields (receiver and name) where the
/// grammar has no node for the pair.
#[derive(Debug, Clone, Copy)]
pub struct CallShape {
    pub kind: &'static str,
    pub callee: &'static str,
    /// The receiver's field, where the grammar keeps it apart from `callee`; else empty.
    pub receiver: &'static str,
    /// The arguments' field. Empty: the arguments are the node's own further children.
    pub arguments: &'static str,
}

/// A function, method or closure. An empty field name: it has none.
#[derive(Debug, Clone, Copy)]
pub struct FunctionShape {
    pub kind: &'static str,
    pub name: &'static str,
    pub parameters: &'static str,
    pub body: &'static str,
}

/// A node that gives `left` the value of `right`. An empty `right` is the last named child, an empty
/// `left` the first.
#[derive(Debug, Clone, Copy)]
pub struct AssignShape {
    pub kind: &'static str,
    pub left: &'static str,
    pub right: &'static str,
}

/// A part of a value: `object.property` or `object[index]`. An empty field: first or last named child.
#[derive(Debug, Clone, Copy)]
pub struct MemberShape {
    pub kind: &'static str,
    pub object: &'static str,
    pub property: &'static str,
}

/// What the kinds of a grammar's nodes mean. All lists hold names of the grammar.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    pub name: &'static str,
    /// An extension for a file of this language.
    pub extension: &'static str,
    pub identifiers: &'static [&'static str],
    pub strings: &'static [&'static str],
    /// Parts of a string (or word) that are computed.
    pub interpolations: &'static [&'static str],
    /// Numbers, truth values, null and their like.
    pub literals: &'static [&'static str],
    pub comments: &'static [&'static str],
    /// What begins a comment that ends with its line.
    pub line_comment: &'static str,
    pub calls: &'static [CallShape],
    pub functions: &'static [FunctionShape],
    pub assignments: &'static [AssignShape],
    pub members: &'static [MemberShape],
    pub subscripts: &'static [MemberShape],
    /// Sequences of statements.
    pub blocks: &'static [&'static str],
    pub branches: &'static [&'static str],
    pub loops: &'static [&'static str],
    pub tries: &'static [&'static str],
    /// Handlers of exceptions.
    pub catches: &'static [&'static str],
    /// What releases a resource when its block ends: `with`, `using`, `defer`.
    pub scopes: &'static [&'static str],
    pub returns: &'static [&'static str],
    pub yields: &'static [&'static str],
    pub awaits: &'static [&'static str],
    pub throws: &'static [&'static str],
    pub imports: &'static [&'static str],
    pub classes: &'static [&'static str],
    /// Kinds that cannot be without a word in the text: (kind, word). Lets a file be skipped unparsed.
    pub words: &'static [(&'static str, &'static str)],
    /// How a metavariable is spelt while a pattern is parsed, as what stands before and after its
    /// name; tried in this order.
    pub metavariables: &'static [(&'static str, &'static str)],
    /// What a pattern may need around it to parse; `@` is the pattern. Tried in this order.
    pub contexts: &'static [&'static str],
}

const EVERY: [Language; 19] = [
    Language::Python,
    Language::JavaScript,
    Language::TypeScript,
    Language::Tsx,
    Language::Go,
    Language::Rust,
    Language::Java,
    Language::C,
    Language::Cpp,
    Language::CSharp,
    Language::Ruby,
    Language::Php,
    Language::Bash,
    Language::Yaml,
    Language::Dockerfile,
    Language::Hcl,
    Language::Json,
    Language::Toml,
    Language::Any,
];

impl Language {
    /// Every language, `Any` last.
    pub const ALL: [Language; 19] = EVERY;

    /// The name that rules use.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// The language of a rule's `languages` entry.
    pub fn from_name(name: &str) -> Option<Language> {
        Self::ALL.into_iter().find(|l| l.name() == name)
    }

    /// What the kinds of its nodes mean, by name.
    pub fn spec(self) -> &'static Spec {
        table::spec(self)
    }

    /// The same by number, for speed.
    pub fn kinds(self) -> &'static Kinds {
        static KINDS: [OnceLock<Kinds>; 19] = [const { OnceLock::new() }; 19];
        KINDS[self as usize].get_or_init(|| Kinds::of(self))
    }

    /// The grammar; none for `Any`.
    pub fn grammar(self) -> Option<&'static tree_sitter::Language> {
        static GRAMMARS: [OnceLock<tree_sitter::Language>; 19] = [const { OnceLock::new() }; 19];
        let make: fn() -> tree_sitter::Language = match self {
            Self::Python => || tree_sitter_python::LANGUAGE.into(),
            Self::JavaScript => || tree_sitter_javascript::LANGUAGE.into(),
            Self::TypeScript => || tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Self::Tsx => || tree_sitter_typescript::LANGUAGE_TSX.into(),
            Self::Go => || tree_sitter_go::LANGUAGE.into(),
            Self::Rust => || tree_sitter_rust::LANGUAGE.into(),
            Self::Java => || tree_sitter_java::LANGUAGE.into(),
            Self::C => || tree_sitter_c::LANGUAGE.into(),
            Self::Cpp => || tree_sitter_cpp::LANGUAGE.into(),
            Self::CSharp => || tree_sitter_c_sharp::LANGUAGE.into(),
            Self::Ruby => || tree_sitter_ruby::LANGUAGE.into(),
            Self::Php => || tree_sitter_php::LANGUAGE_PHP.into(),
            Self::Bash => || tree_sitter_bash::LANGUAGE.into(),
            Self::Yaml => || tree_sitter_yaml::LANGUAGE.into(),
            Self::Dockerfile => || tree_sitter_containerfile::LANGUAGE.into(),
            Self::Hcl => || tree_sitter_hcl::LANGUAGE.into(),
            Self::Json => || tree_sitter_json::LANGUAGE.into(),
            Self::Toml => || tree_sitter_toml_ng::LANGUAGE.into(),
            Self::Any => return None,
        };
        Some(GRAMMARS[self as usize].get_or_init(make))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_the_table_is_one_of_the_grammar() {
        for language in Language::ALL {
            let Some(grammar) = language.grammar() else { continue };
            let spec = language.spec();
            let kind = |name: &str| {
                assert!(
                    grammar.id_for_node_kind(name, true) != 0,
                    "{}: the grammar has no kind {name}",
                    spec.name
                );
            };
            let field = |name: &str| {
                assert!(
                    name.is_empty() || grammar.field_id_for_name(name).is_some(),
                    "{}: the grammar has no field {name}",
                    spec.name
                );
            };
            for list in [
                spec.identifiers,
                spec.strings,
                spec.interpolations,
                spec.literals,
                spec.comments,
                spec.blocks,
                spec.branches,
                spec.loops,
                spec.tries,
                spec.catches,
                spec.scopes,
                spec.returns,
                spec.yields,
                spec.awaits,
                spec.throws,
                spec.imports,
                spec.classes,
            ] {
                list.iter().copied().for_each(kind);
            }
            spec.words.iter().for_each(|(name, _)| kind(name));
            for c in spec.calls {
                kind(c.kind);
                [c.callee, c.receiver, c.arguments].into_iter().for_each(field);
            }
            for f in spec.functions {
                kind(f.kind);
                [f.name, f.parameters, f.body].into_iter().for_each(field);
            }
            for a in spec.assignments {
                kind(a.kind);
                [a.left, a.right].into_iter().for_each(field);
            }
            for m in spec.members.iter().chain(spec.subscripts) {
                kind(m.kind);
                [m.object, m.property].into_iter().for_each(field);
            }
        }
    }

    #[test]
    fn names_are_found_again() {
        for language in Language::ALL {
            assert_eq!(Language::from_name(language.name()), Some(language));
        }
        assert_eq!(Language::from_name("cobol"), None);
    }
}
