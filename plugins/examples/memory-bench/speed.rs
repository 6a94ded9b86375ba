//! Time and memory that something took. Time on the processor is what counts on a busy machine.

use ecoops_core::ports::embedder::Embedder;
use std::time::Instant;

pub fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// Seconds that this process has spent on processors, in steps of a hundredth; 0 where Linux does not tell.
pub fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// The most memory that this process had at once, in MiB.
pub fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or_default() >> 10
}

pub fn percentiles(times: &mut [f64]) -> String {
    times.sort_by(f64::total_cmp);
    let at = |p: usize| times[(times.len() * p / 100).min(times.len() - 1)];
    format!("median {:.2} ms, 95th percentile {:.2} ms, best {:.2} ms", at(50), at(95), at(0))
}

/// Texts of a title's length, each alone, as a search embeds them.
pub fn short_texts(embedder: &impl Embedder) {
    let start = Instant::now();
    embedder.embed(&["warm"]).unwrap();
    println!("model {}: load and first text {:.1} ms", embedder.model(), ms(start));
    let before = cpu_seconds();
    let mut times: Vec<f64> = (0..100)
        .map(|i| {
            let text = format!("memory leak in connection pool {i}");
            let start = Instant::now();
            embedder.embed(&[&text]).unwrap();
            ms(start)
        })
        .collect();
    let cpu = (cpu_seconds() - before) * 1e3 / times.len() as f64;
    println!("a short text: {}; {cpu:.1} ms of processor time", percentiles(&mut times));
    let text = "fn take(pool: &Pool) -> Connection { pool.take().unwrap_or_else(|| connect()) }\n".repeat(40);
    let texts = vec![text.as_str(); 8];
    let (before, start) = (cpu_seconds(), Instant::now());
    embedder.embed(&texts).unwrap();
    let cpu = (cpu_seconds() - before) * 1e3 / 8.0;
    println!("a text of 256 tokens: {:.1} ms among 8; {cpu:.1} ms of processor time", ms(start) / 8.0);
}
