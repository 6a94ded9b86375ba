//! Small bars: how sure a hypothesis is, how often a line was written.

use super::short;
use std::fmt::Write;

/// A bar filled to `share`, 0 to 1; the number stands beside it in words.
pub fn confidence(share: f64) -> String {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    format!(
        r#"<svg class="meter" aria-hidden="true" height="8"><rect class="rail" width="100%" height="8" rx="4"/><rect class="fill" width="{}%" height="8" rx="4"/></svg>"#,
        short(share * 100.0)
    )
}

/// Counts as bars over the window; `detected` is where in it, 0 to 1, somebody noticed.
pub fn sparkline(counts: &[u64], detected: Option<f64>, title: &str) -> String {
    const HEIGHT: f64 = 36.0;
    let most = counts.iter().copied().max().unwrap_or(0);
    let mut out = format!(
        r#"<svg class="spark" role="img" height="{HEIGHT}"><title>{title}</title><line class="base" x1="0" x2="100%" y1="35.5" y2="35.5"/>"#
    );
    if let Some(x) = detected {
        let x = short(x.clamp(0.0, 1.0) * 100.0);
        let _ = write!(out, r#"<line class="detected" x1="{x}%" x2="{x}%" y1="0" y2="{HEIGHT}"/>"#);
    }
    let width = 100.0 / counts.len().max(1) as f64;
    for (n, count) in counts.iter().enumerate().filter(|(_, c)| **c > 0) {
        let height = (*count as f64 / most as f64 * (HEIGHT - 4.0)).max(1.5);
        let _ = write!(
            out,
            r#"<rect class="bar" x="{}%" y="{}" width="{}%" height="{}"/>"#,
            short(n as f64 * width + width * 0.1),
            short(HEIGHT - 1.0 - height),
            short(width * 0.8),
            short(height)
        );
    }
    out.push_str("</svg>");
    out
}
