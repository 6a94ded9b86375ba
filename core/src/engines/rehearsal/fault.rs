//! What a fault does to one instance, as a function of how long it has been running.
//!
//! Knows nothing of services or calls: how it spreads is for the course of events.

use super::script::Fault;

/// What differs from a sound instance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Share of requests that fail by its own doing.
    pub errors: f64,
    /// Factor on its own work.
    pub work: f64,
    /// Seconds added to each request.
    pub delay: f64,
    /// Factor on the processor time of a request.
    pub cpu: f64,
    /// Share of the memory limit in use beyond what it needs; at `OUT_OF_MEMORY` it is killed.
    pub memory: f64,
    /// Share of its pool of connections that is lost.
    pub leaked: f64,
    /// Factor on the calls it makes.
    pub calls: f64,
}

pub const SOUND: Effect =
    Effect { errors: 0.0, work: 1.0, delay: 0.0, cpu: 1.0, memory: 0.0, leaked: 0.0, calls: 1.0 };

/// Share beyond the need at which nothing is left.
pub const OUT_OF_MEMORY: f64 = 0.62;

/// Seconds for a client to get a connection before it gives up.
const ACQUIRE_TIMEOUT: f64 = 1.5;

/// `age` in seconds since the process started, `severity` 0 to 1.
pub fn effect(fault: Fault, severity: f64, age: f64) -> Effect {
    let grown = |seconds: f64| (age / seconds).clamp(0.0, 1.0);
    match fault {
        Fault::ErrorResponses => Effect { errors: 0.15 + 0.35 * severity, work: 0.9, ..SOUND },
        Fault::Slowdown => Effect { work: 5.0 + 9.0 * severity, delay: 0.15 * severity, cpu: 1.25, ..SOUND },
        Fault::MemoryLeak => {
            let memory = OUT_OF_MEMORY * grown(780.0 - 380.0 * severity);
            let pressed = ((memory / OUT_OF_MEMORY - 0.55) / 0.45).max(0.0);
            Effect {
                memory,
                work: 1.0 + 7.0 * pressed * pressed,
                errors: 0.05 * pressed * pressed,
                cpu: 1.0 + 0.9 * pressed,
                ..SOUND
            }
        }
        Fault::ConnectionLeak => {
            let leaked = grown(540.0 - 300.0 * severity);
            let starved = ((leaked - 0.75) / 0.25).max(0.0);
            Effect {
                leaked,
                delay: ACQUIRE_TIMEOUT * starved * 0.6,
                errors: (0.25 + 0.4 * severity) * starved * starved,
                ..SOUND
            }
        }
        Fault::RetryStorm => Effect {
            calls: 3.5 + 3.0 * severity,
            errors: 0.04 + 0.08 * severity,
            work: 1.8,
            delay: 0.05,
            cpu: 1.5,
            ..SOUND
        },
        Fault::BusyLoop => Effect { cpu: 40.0, work: 3.0 + 5.0 * severity, errors: 0.02 * severity, ..SOUND },
    }
}
