//! Rollouts as a cluster shows them: the ReplicaSets, Deployments, StatefulSets and pods of
//! `kubectl get … -o json`, told as changes.

use super::events::{service_of, workload};
use super::head::time_of;
use super::json::Json;
use super::notes::Notes;
use crate::domain::incident::{ChangeKind, ChangeRecord};
use std::collections::BTreeMap;

/// The revision that the deployment controller writes on each ReplicaSet.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// One ReplicaSet of a workload.
#[derive(Debug)]
struct Revision {
    number: u64,
    created: f64,
    name: String,
    image: Option<String>,
    author: Option<String>,
}

/// The changes that the objects of one or several lists tell of: each ReplicaSet but the first of its workload is
/// a rollout, from the image of the one before. Pods in the same lists name the instances replaced so far.
pub fn rollouts(documents: &[Json<'_>], notes: &mut Notes) -> Vec<ChangeRecord> {
    let mut workloads: BTreeMap<String, Vec<Revision>> = BTreeMap::new();
    let mut pods: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for object in documents.iter().flat_map(objects) {
        let name = object.text_at(&["metadata", "name"]).unwrap_or("");
        match object.text_at(&["kind"]).unwrap_or("") {
            "ReplicaSet" => match revision(object, name) {
                Some((owner, revision)) => workloads.entry(owner).or_default().push(revision),
                None => notes.add("a ReplicaSet without owner or time is ignored", || name.to_owned()),
            },
            "Pod" => {
                if let Some(owner) = owner(object, "ReplicaSet") {
                    pods.entry(owner.to_owned()).or_default().push(name.to_owned());
                }
            }
            "Deployment" | "StatefulSet" | "DaemonSet" | "Event" => {}
            other => notes.add("an object that tells of no rollout is ignored", || other.to_owned()),
        }
    }
    let mut changes: Vec<ChangeRecord> = workloads
        .into_iter()
        .flat_map(|(service, revisions)| of_workload(&service, revisions, &pods))
        .collect();
    changes.sort_by(|a, b| a.time.total_cmp(&b.time).then_with(|| a.id.cmp(&b.id)));
    changes
}

fn objects<'a, 'j>(document: &'a Json<'j>) -> Vec<&'a Json<'j>> {
    match document.get("items") {
        Some(items) => items.list().iter().collect(),
        None => vec![document],
    }
}

fn owner<'a>(object: &'a Json<'_>, kind: &str) -> Option<&'a str> {
    let owners = object.at(&["metadata", "ownerReferences"])?.list();
    owners.iter().find(|o| o.text_at(&["kind"]) == Some(kind))?.text_at(&["name"])
}

fn revision(object: &Json<'_>, name: &str) -> Option<(String, Revision)> {
    let service = owner(object, "Deployment")
        .or_else(|| object.at(&["metadata", "labels"]).and_then(service_of))
        .unwrap_or_else(|| workload(name));
    let annotations = object.at(&["metadata", "annotations"]);
    let note = |key: &str| annotations.and_then(|a| a.text_at(&[key])).map(str::to_owned);
    let containers =
        object.at(&["spec", "template", "spec", "containers"]).map(Json::list).unwrap_or_default();
    let revision = Revision {
        number: note(REVISION).and_then(|r| r.parse().ok()).unwrap_or(0),
        created: time_of(object.at(&["metadata", "creationTimestamp"])?)?,
        name: name.to_owned(),
        image: containers.first().and_then(|c| c.text_at(&["image"])).map(tag),
        author: note("kubernetes.io/change-cause"),
    };
    Some((service.to_owned(), revision))
}

/// The tag or digest of an image, else all of it.
fn tag(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split_once('@').or_else(|| last.split_once(':')).map_or(image, |(_, tag)| tag).to_owned()
}

fn of_workload(
    service: &str,
    mut revisions: Vec<Revision>,
    pods: &BTreeMap<String, Vec<String>>,
) -> Vec<ChangeRecord> {
    revisions.sort_by(|a, b| {
        (a.number, a.created).partial_cmp(&(b.number, b.created)).unwrap_or(std::cmp::Ordering::Equal)
    });
    let record = |pair: &[Revision]| {
        let [before, after] = pair else { return None };
        Some(ChangeRecord {
            id: after.name.clone(),
            // A rollback takes an old ReplicaSet up again; its revision is new, its creation is not.
            time: after.created.max(before.created),
            kind: if before.image == after.image { ChangeKind::Config } else { ChangeKind::Deploy },
            service: service.to_owned(),
            from: before.image.clone(),
            to: after.image.clone(),
            instances: pods.get(&after.name).cloned().unwrap_or_default(),
            author: None,
            reference: after.author.clone(),
        })
    };
    revisions.windows(2).filter_map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_panics(text in "(\\{|\\}|\\[|\\]|\"items\":|\"kind\":\"(ReplicaSet|Pod)\"|\"metadata\":|\"name\":|\"a\"|,|1){0,40}") {
            if let Ok(json) = Json::read(&text) {
                let _ = rollouts(&[json], &mut Notes::default());
            }
        }
    }

    #[test]
    fn replica_sets_are_rollouts() {
        let set = |name: &str, revision: u32, created: &str, image: &str| {
            format!(
                r#"{{"kind":"ReplicaSet","metadata":{{"name":"{name}","creationTimestamp":"{created}","annotations":{{"deployment.kubernetes.io/revision":"{revision}"}},"ownerReferences":[{{"kind":"Deployment","name":"cart"}}]}},"spec":{{"template":{{"spec":{{"containers":[{{"image":"{image}"}}]}}}}}}}}"#
            )
        };
        let list = format!(
            r#"{{"kind":"List","items":[{},{},{},{{"kind":"Secret","metadata":{{"name":"s"}}}},{{"kind":"ReplicaSet"}}]}}"#,
            set("cart-b", 2, "2023-01-29T08:42:09Z", "r.io:5000/shop/cart:v2"),
            set("cart-a", 1, "2023-01-01T00:00:00Z", "r.io:5000/shop/cart:v1"),
            set("cart-c", 3, "2023-01-29T09:00:00Z", "r.io:5000/shop/cart:v2"),
        );
        let pod = r#"{"kind":"Pod","metadata":{"name":"cart-b-xyz","ownerReferences":[{"kind":"ReplicaSet","name":"cart-b"}]}}"#;
        let documents = [Json::read(&list).unwrap(), Json::read(pod).unwrap()];
        let mut notes = Notes::default();
        let changes = rollouts(&documents, &mut notes);
        assert_eq!(
            changes.iter().map(|c| (c.id.as_str(), c.kind)).collect::<Vec<_>>(),
            [("cart-b", ChangeKind::Deploy), ("cart-c", ChangeKind::Config)]
        );
        assert_eq!((changes[0].from.as_deref(), changes[0].to.as_deref()), (Some("v1"), Some("v2")));
        assert_eq!(
            (changes[0].instances.as_slice(), changes[0].time),
            (&["cart-b-xyz".to_owned()][..], 1_674_981_729.0)
        );
        assert_eq!(notes.sentences("").len(), 2);
    }
}
