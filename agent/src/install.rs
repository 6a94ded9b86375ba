//! Files with which the system starts the daemon: a systemd user service that its socket activates, or a
//! launchd agent. Texts only; the caller writes them.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    pub path: PathBuf,
    pub text: String,
}

/// What to put where for systemd, and the commands that make it count. `config_home` is
/// `$XDG_CONFIG_HOME`, `home` a value of `ECOOPS_HOME` to be kept.
pub fn systemd(config_home: &Path, program: &Path, socket: &Path, home: Option<&Path>) -> Vec<Unit> {
    let folder = config_home.join("systemd/user");
    let mut service = format!(
        "[Unit]\nDescription=ecoops agent\nRequires=ecoops-agent.socket\nAfter=ecoops-agent.socket\n\n\
         [Service]\nType=notify\nExecStart={} agent run\n",
        quoted(program)
    );
    if let Some(home) = home {
        let _ = writeln!(service, "Environment={}", quoted_text(&format!("ECOOPS_HOME={}", home.display())));
    }
    service.push_str(
        "Restart=on-failure\nTimeoutStopSec=30\nUMask=0077\nNoNewPrivileges=yes\nLockPersonality=yes\n\
         MemoryMax=1G\n\n[Install]\nWantedBy=default.target\n",
    );
    let listen = format!(
        "[Unit]\nDescription=ecoops agent's socket\n\n[Socket]\nListenStream={}\nSocketMode=0600\n\
         DirectoryMode=0700\nRemoveOnStop=yes\n\n[Install]\nWantedBy=sockets.target\n",
        escaped(&socket.display().to_string())
    );
    vec![
        Unit { path: folder.join("ecoops-agent.service"), text: service },
        Unit { path: folder.join("ecoops-agent.socket"), text: listen },
    ]
}

/// What to put where for launchd.
pub fn launchd(home: &Path, program: &Path, log: &Path, own_home: Option<&Path>) -> Vec<Unit> {
    let mut environment = String::new();
    if let Some(own) = own_home {
        environment = format!(
            "  <key>EnvironmentVariables</key>\n  <dict>\n    <key>ECOOPS_HOME</key>\n    <string>{}</string>\n  </dict>\n",
            xml(&own.display().to_string())
        );
    }
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n  <key>Label</key>\n  \
         <string>local.ecoops.agent</string>\n  <key>ProgramArguments</key>\n  <array>\n    <string>{}</string>\n    \
         <string>agent</string>\n    <string>run</string>\n  </array>\n{environment}  <key>RunAtLoad</key>\n  <true/>\n  \
         <key>KeepAlive</key>\n  <dict>\n    <key>SuccessfulExit</key>\n    <false/>\n  </dict>\n  <key>ProcessType</key>\n  \
         <string>Background</string>\n  <key>Umask</key>\n  <integer>63</integer>\n  <key>StandardErrorPath</key>\n  \
         <string>{}</string>\n</dict>\n</plist>\n",
        xml(&program.display().to_string()),
        xml(&log.display().to_string()),
    );
    vec![Unit { path: home.join("Library/LaunchAgents/local.ecoops.agent.plist"), text }]
}

/// systemd takes `%` for a specifier (systemd.unit(5)).
fn escaped(text: &str) -> String {
    text.replace('%', "%%")
}

/// A word of a command line (systemd.service(5)).
fn quoted(path: &Path) -> String {
    quoted_text(&path.display().to_string()).replace('$', "$$")
}

fn quoted_text(text: &str) -> String {
    format!("\"{}\"", escaped(text).replace('\\', "\\\\").replace('"', "\\\""))
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_paths_stay_one_word() {
        let program = Path::new("/opt/my \"tools\"/100%/$HOME/ecoops");
        let units = systemd(Path::new("/c"), program, Path::new("/run/u 1/%i.sock"), Some(Path::new("/h x")));
        let service = &units[0].text;
        assert!(
            service.contains("ExecStart=\"/opt/my \\\"tools\\\"/100%%/$$HOME/ecoops\" agent run\n"),
            "{service}"
        );
        assert!(service.contains("Environment=\"ECOOPS_HOME=/h x\"\n"), "{service}");
        assert!(units[1].text.contains("ListenStream=/run/u 1/%%i.sock\n"), "{}", units[1].text);
        let plist = &launchd(Path::new("/h"), Path::new("/a<b>&c"), Path::new("/l"), None)[0].text;
        assert!(plist.contains("<string>/a&lt;b&gt;&amp;c</string>"), "{plist}");
    }
}
