//! The rules that ecoops brings along: the files of `plugins/packs/`, compiled in.
//!
//! Never reads a file at run time.

/// Every pack's file: its path below `plugins/`, and its YAML text.
pub const PACKS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/packs.rs"));

#[cfg(test)]
mod tests {
    use super::PACKS;
    use ecoops_core::engines::code::ruleset::RuleSet;
    use ecoops_core::engines::code::testing::run_examples;

    #[test]
    fn every_rule_holds_its_examples() {
        let rules = RuleSet::load(PACKS).unwrap();
        assert!(!rules.rules().is_empty());
        let failed: Vec<String> = run_examples(&rules)
            .into_iter()
            .filter_map(|r| r.failure.map(|why| format!("{} example {}: {why}", r.rule, r.number)))
            .collect();
        assert!(failed.is_empty(), "{}", failed.join("\n"));
    }
}
