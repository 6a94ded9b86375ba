//! What family a document belongs to, by its path and its keys.

use super::node::{Node, Value};

/// As `of` in a rule names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Any,
    Kubernetes,
    Workflow,
    Action,
    Compose,
    GitlabCi,
}

impl Family {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "any" => Self::Any,
            "kubernetes" => Self::Kubernetes,
            "workflow" => Self::Workflow,
            "action" => Self::Action,
            "compose" => Self::Compose,
            "gitlab-ci" => Self::GitlabCi,
            _ => return None,
        })
    }

    /// Keys of which a text must hold one of each group, to be of this family.
    pub(super) fn clauses(self) -> Vec<Vec<String>> {
        let keys: &[&str] = match self {
            Self::Any | Self::GitlabCi => &[],
            Self::Kubernetes => &["apiVersion", "kind"],
            Self::Workflow => &["jobs"],
            Self::Action => &["runs"],
            Self::Compose => &["services"],
        };
        keys.iter().map(|key| vec![(*key).to_owned()]).collect()
    }

    /// False when no document at this path can be of this family.
    pub(super) fn may_be_at(self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        match self {
            Self::Action => is_action(name),
            Self::GitlabCi => is_gitlab_ci(name),
            Self::Any | Self::Kubernetes | Self::Workflow | Self::Compose => true,
        }
    }

    /// The parts of the document that are of this family: itself, none, or (for a Kubernetes `List`) its items.
    pub(super) fn parts<'n>(self, path: &str, root: &'n Node) -> Vec<&'n Node> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let yes = match self {
            Self::Any => true,
            Self::Kubernetes => return kubernetes(root),
            Self::Workflow => {
                let placed =
                    path.split_once(".github/workflows/").is_some_and(|(_, rest)| !rest.contains('/'));
                root.get("jobs").is_some() && (placed || has_trigger(root))
            }
            Self::Action => is_action(name) && root.get("runs").is_some(),
            Self::Compose => is_compose(name, root),
            Self::GitlabCi => is_gitlab_ci(name),
        };
        if yes { vec![root] } else { Vec::new() }
    }
}

fn is_action(name: &str) -> bool {
    matches!(name, "action.yml" | "action.yaml")
}

fn is_gitlab_ci(name: &str) -> bool {
    name.ends_with(".gitlab-ci.yml") || name.ends_with(".gitlab-ci.yaml")
}

/// A job of GitHub's has `runs-on` or `uses`; `on` and `jobs` alone are other systems' too.
fn has_trigger(root: &Node) -> bool {
    let jobs = root.get("jobs");
    (root.get("on").is_some() || root.get("true").is_some())
        && jobs.is_some_and(|jobs| {
            jobs.children().any(|job| job.get("runs-on").is_some() || job.get("uses").is_some())
        })
}

fn is_compose(name: &str, root: &Node) -> bool {
    let Some(services) = root.get("services") else { return false };
    let stem = name.trim_end_matches(".yaml").trim_end_matches(".yml");
    let named = ["compose", "docker-compose", "podman-compose"].iter().any(|base| {
        stem == *base || stem.strip_prefix(base).is_some_and(|rest| rest.starts_with(['.', '-', '_']))
    });
    let is_map = matches!(services.value, Value::Map(_));
    let built = services.children().any(|s| s.get("image").is_some() || s.get("build").is_some());
    is_map && (named || built && root.get("apiVersion").is_none() && root.get("jobs").is_none())
}

fn kubernetes(root: &Node) -> Vec<&Node> {
    let (Some(version), Some(kind)) = (root.get("apiVersion"), root.get("kind")) else { return Vec::new() };
    let (Some(version), Some(kind)) = (version.text(), kind.text()) else { return Vec::new() };
    if version.is_empty() || kind.is_empty() {
        return Vec::new();
    }
    match root.get("items") {
        Some(items) if kind.ends_with("List") => items.children().flat_map(kubernetes_item).collect(),
        _ => vec![root],
    }
}

/// Items of a list are not lists themselves.
fn kubernetes_item(item: &Node) -> Option<&Node> {
    (item.get("apiVersion").is_some() && item.get("kind").is_some()).then_some(item)
}

/// Where the pod spec of a workload of this kind lies.
pub(super) fn pod_spec(kind: &str) -> &'static [&'static str] {
    match kind {
        "Pod" => &["spec"],
        "PodTemplate" => &["template", "spec"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
        "Deployment"
        | "DaemonSet"
        | "StatefulSet"
        | "ReplicaSet"
        | "ReplicationController"
        | "Job"
        | "Rollout" => &["spec", "template", "spec"],
        _ => &[],
    }
}
