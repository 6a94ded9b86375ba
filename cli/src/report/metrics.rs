//! Measurements of a command, as Prometheus reads them from a file (the text exposition format, version 0.0.4).

use std::fmt::Write;

/// Collects measurements, in order.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
}

impl Exposition {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    pub fn counter(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, "counter", help);
        let _ = writeln!(self.text, "{name} {value}");
    }

    pub fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, "gauge", help);
        let _ = writeln!(self.text, "{name} {value}");
    }

    /// One value for each value of `label`.
    pub fn labelled(&mut self, name: &str, kind: &str, help: &str, label: &str, values: &[(String, f64)]) {
        self.head(name, kind, help);
        for (of, value) in values {
            let of = of.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = writeln!(self.text, "{name}{{{label}=\"{of}\"}} {value}");
        }
    }

    pub fn summary(&mut self, name: &str, help: &str, sum: f64, count: u64) {
        self.head(name, "summary", help);
        let _ = write!(self.text, "{name}_sum {sum}\n{name}_count {count}\n");
    }

    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_prometheus_reads() {
        let mut out = Exposition::default();
        out.counter("a_total", "All a.", 3.0);
        out.labelled("b", "gauge", "Some b.", "kind", &[("x\"y\\".into(), 0.5)]);
        out.summary("c_seconds", "Time.", 1.5, 2);
        assert_eq!(
            out.text(),
            "# HELP a_total All a.\n# TYPE a_total counter\na_total 3\n\
             # HELP b Some b.\n# TYPE b gauge\nb{kind=\"x\\\"y\\\\\"} 0.5\n\
             # HELP c_seconds Time.\n# TYPE c_seconds summary\nc_seconds_sum 1.5\nc_seconds_count 2\n"
        );
    }
}
