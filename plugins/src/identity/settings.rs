//! Which roles there are and who holds them. Data only.

use ecoops_core::domain::{Actor, ActorKind, Permission};
use ecoops_core::ports::identity::IdentityError;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The configuration's `[identity]` table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentitySettings {
    /// What each role may do.
    pub roles: BTreeMap<String, BTreeSet<Permission>>,
    /// The roles of a user `alice`, a group `@staff`, or everyone `*`.
    pub members: BTreeMap<String, BTreeSet<String>>,
}

impl Default for IdentitySettings {
    /// On their own machine everyone is a developer: read, write, deploy. Nobody is an admin until
    /// the configuration says who.
    fn default() -> Self {
        use Permission::{Admin, Deploy, Read, Write};
        let roles = [
            ("reader", BTreeSet::from([Read])),
            ("developer", BTreeSet::from([Read, Write, Deploy])),
            ("admin", BTreeSet::from([Read, Write, Deploy, Admin])),
        ];
        Self {
            roles: roles.into_iter().map(|(name, set)| (name.to_owned(), set)).collect(),
            members: BTreeMap::from([("*".to_owned(), BTreeSet::from(["developer".to_owned()]))]),
        }
    }
}

impl IdentitySettings {
    /// The roles that a user holds by name, by group or as anyone.
    ///
    /// # Errors
    /// [`IdentityError::UnknownRole`] when one is given to somebody and defined nowhere.
    pub fn roles_of(&self, user: &str, groups: &BTreeSet<String>) -> Result<BTreeSet<String>, IdentityError> {
        let mut held = BTreeSet::new();
        for (member, roles) in &self.members {
            let applies = match member.strip_prefix('@') {
                Some(group) => groups.contains(group),
                None => member == "*" || member == user,
            };
            if applies {
                held.extend(roles.iter().cloned());
            }
        }
        match held.iter().find(|role| !self.roles.contains_key(*role)) {
            Some(unknown) => Err(IdentityError::UnknownRole(unknown.clone())),
            None => Ok(held),
        }
    }

    /// Adds the roles of an issuer, each as `oidc:<name>`: a role there is none of ours, whatever its name.
    pub fn with_issuer_roles(mut self, roles: &BTreeMap<String, BTreeSet<Permission>>) -> Self {
        self.roles.extend(roles.iter().map(|(name, may)| (issuer_role(name), may.clone())));
        self
    }

    /// The permissions of some roles together; a role that is not defined gives none.
    pub fn permissions_of<'a>(&self, roles: impl IntoIterator<Item = &'a String>) -> BTreeSet<Permission> {
        roles.into_iter().filter_map(|role| self.roles.get(role)).flatten().copied().collect()
    }
}

/// What a role of the issuer is called here.
pub fn issuer_role(name: &str) -> String {
    format!("oidc:{name}")
}

/// Somebody whom an issuer names, with what its roles give here. Only what gives something is worth a place in tokens
/// and records.
pub fn actor<'a>(
    settings: &IdentitySettings,
    id: String,
    kind: ActorKind,
    roles: impl IntoIterator<Item = &'a String>,
) -> Actor {
    let roles: Vec<String> = roles.into_iter().map(|role| issuer_role(role)).collect();
    let permissions = settings.permissions_of(&roles);
    let known = |role: &String| settings.roles.contains_key(role);
    Actor { id, kind, roles: roles.into_iter().filter(known).collect(), permissions }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn roles_come_by_name_by_group_and_to_everyone() {
        let mut settings = IdentitySettings::default();
        settings.members.insert("alice".to_owned(), names(&["admin"]));
        settings.members.insert("@audit".to_owned(), names(&["reader"]));
        for (user, groups, expected) in [
            ("bob", vec![], vec!["developer"]),
            ("alice", vec![], vec!["admin", "developer"]),
            ("bob", vec!["audit"], vec!["developer", "reader"]),
            // A group's name is no user's name, and the other way round.
            ("audit", vec!["alice"], vec!["developer"]),
            ("@audit", vec![], vec!["developer"]),
        ] {
            let held = settings.roles_of(user, &names(&groups)).unwrap();
            assert_eq!(held, names(&expected), "{user} {groups:?}");
        }
    }

    #[test]
    fn a_role_that_is_defined_nowhere_is_an_error() {
        let mut settings = IdentitySettings::default();
        settings.members.insert("*".to_owned(), names(&["wizard"]));
        assert!(matches!(
            settings.roles_of("bob", &BTreeSet::new()),
            Err(IdentityError::UnknownRole(role)) if role == "wizard"
        ));
    }

    #[test]
    fn no_default_role_but_admin_may_override() {
        let settings = IdentitySettings::default();
        for (role, set) in &settings.roles {
            assert_eq!(set.contains(&Permission::Admin), role == "admin", "{role}");
        }
        assert!(!settings.members.values().any(|roles| roles.contains("admin")));
    }
}
