//! The controls that an audit log can say something about, as data.
//!
//! SOC 2: Trust Services Criteria 2017 (revised 2022). ISO/IEC 27001:2022, Annex A.

use super::Framework;

/// What is looked for. Each says in one sentence how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    LogIntegrity,
    ActorsKnown,
    Traceable,
    DenialsHeld,
    ChangesAllowed,
    ChangesValidated,
    FailuresAnswered,
    Separated,
}

impl Test {
    pub fn says(self) -> &'static str {
        match self {
            Self::LogIntegrity => "every hash of the log was recomputed and its signature verified",
            Self::ActorsKnown => "every entry names its actor, or was denied",
            Self::Traceable => "every entry has a time and a trace",
            Self::DenialsHeld => "nothing that policy denied succeeded",
            Self::ChangesAllowed => {
                "every run that changed something holds a policy decision that allowed it"
            }
            Self::ChangesValidated => "every run that changed something was validated",
            Self::FailuresAnswered => "no run changed something after a failure that was not made good",
            Self::Separated => "no change was recorded under a key that its actor's own process held",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Control {
    pub framework: Framework,
    pub id: &'static str,
    pub name: &'static str,
    pub test: Test,
}

const fn soc2(id: &'static str, name: &'static str, test: Test) -> Control {
    Control { framework: Framework::Soc2, id, name, test }
}

const fn iso(id: &'static str, name: &'static str, test: Test) -> Control {
    Control { framework: Framework::Iso27001, id, name, test }
}

pub const CONTROLS: &[Control] = &[
    soc2("CC6.1", "Logical access is restricted to known actors", Test::ActorsKnown),
    soc2("CC6.3", "Access is authorised and what is refused stays refused", Test::DenialsHeld),
    soc2("CC7.2", "System activity is monitored", Test::Traceable),
    soc2("CC7.3", "Security events are evaluated and answered", Test::FailuresAnswered),
    soc2("CC8.1", "Changes are authorised", Test::ChangesAllowed),
    soc2("CC8.1-T", "Changes are tested before they are put in place", Test::ChangesValidated),
    soc2("CC4.1", "The record cannot be rewritten by those it is about", Test::LogIntegrity),
    soc2("CC5.2", "Duties are separated between actor and recorder", Test::Separated),
    iso("A.5.3", "Segregation of duties", Test::Separated),
    iso("A.5.15", "Access control", Test::DenialsHeld),
    iso("A.5.16", "Identity management", Test::ActorsKnown),
    iso("A.5.26", "Response to information security incidents", Test::FailuresAnswered),
    iso("A.8.15", "Logging: records are protected", Test::LogIntegrity),
    iso("A.8.16", "Monitoring activities", Test::Traceable),
    iso("A.8.29", "Security testing in development and acceptance", Test::ChangesValidated),
    iso("A.8.32", "Change management", Test::ChangesAllowed),
];
