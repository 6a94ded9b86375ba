//! Services by number, so that nothing downstream can depend on what they are called.

use crate::domain::incident::IncidentData;
use std::collections::HashMap;

/// Names by number and numbers by name, in the order in which the data mention them.
#[derive(Debug, Default)]
pub(super) struct Services {
    names: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Services {
    /// Every service that any part of the data speaks of.
    pub fn of(data: &IncidentData) -> Self {
        let mut services = Self::default();
        for series in &data.series {
            services.add(&series.key.service);
            series.key.peer.iter().for_each(|peer| services.add(peer));
        }
        data.topology.iter().for_each(|edge| {
            services.add(&edge.caller);
            services.add(&edge.callee);
        });
        data.spans.iter().for_each(|span| services.add(&span.service));
        data.logs.iter().for_each(|cluster| services.add(&cluster.service));
        data.changes.iter().for_each(|change| services.add(&change.service));
        data.events.iter().filter_map(|event| event.service.as_ref()).for_each(|name| services.add(name));
        data.brief.service.iter().for_each(|name| services.add(name));
        services
    }

    fn add(&mut self, name: &str) {
        if !self.numbers.contains_key(name) {
            self.numbers.insert(name.to_owned(), self.names.len());
            self.names.push(name.to_owned());
        }
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn name(&self, number: usize) -> &str {
        self.names.get(number).map_or("", String::as_str)
    }

    pub fn number(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }
}
