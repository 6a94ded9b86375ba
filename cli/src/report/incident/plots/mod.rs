//! Pictures as SVG that scales with the page: paths stretch, text and strokes keep their size.
//!
//! Shapes carry classes only; colours are the style sheet's. Text that comes in is already HTML.

mod bars;
mod lanes;
mod layout;
mod scale;
mod series;
mod topology;

pub use bars::{confidence, sparkline};
pub use lanes::{Lane, lanes};
pub use series::{Mark, SeriesPlot};
pub use topology::{Node, Topology};

/// A coordinate with as many digits as an eye can tell apart.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "-0" { "0".into() } else { text.into() }
}

/// The anchor that keeps a label at `x` percent within the picture.
fn anchor_at(x: f64) -> &'static str {
    match x {
        x if x < 6.0 => "start",
        x if x > 88.0 => "end",
        _ => "middle",
    }
}
