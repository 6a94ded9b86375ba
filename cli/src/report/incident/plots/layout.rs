//! Places for the nodes of a call graph: callers to the left of what they call, few crossings.
//!
//! Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (IEEE
//! SMC 11, 1981): cycles broken by a depth-first walk, layers by longest path, order by barycentres, heights
//! by isotonic regression. The same graph gives the same picture. Knows nothing of services or pixels.

/// Sweeps over the layers; few graphs get better after the first ones.
const SWEEPS: usize = 10;
/// Passes that pull nodes towards their neighbours.
const PULLS: usize = 12;

/// A node's layer, from 0, and its height within it, in nodes, from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    pub layer: usize,
    pub height: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    pub places: Vec<Place>,
    /// For each edge that was given, the places between its ends, caller first; none for short ones.
    pub bends: Vec<Vec<Place>>,
    pub layers: usize,
    /// The greatest height.
    pub height: f64,
}

/// Vertices beyond `real` are bends of long edges.
struct Layered {
    real: usize,
    layer: Vec<usize>,
    /// Neighbours one layer to the left and one to the right.
    left: Vec<Vec<usize>>,
    right: Vec<Vec<usize>>,
    order: Vec<Vec<usize>>,
}

/// Edges are (caller, callee), each below `count`; others, loops included, have no bends and no influence.
pub fn layout(count: usize, edges: &[(usize, usize)]) -> Layout {
    let valid: Vec<(usize, usize)> =
        edges.iter().copied().filter(|(a, b)| a != b && *a < count && *b < count).collect();
    let forward = without_cycles(count, &valid);
    let layer = layers(count, &forward);
    let (mut graph, chains) = with_bends(count, layer, edges, &forward);
    order(&mut graph);
    let heights = heights(&graph);
    let place = |v: usize| Place { layer: graph.layer[v], height: heights[v] };
    let bends = chains.iter().map(|chain| chain.iter().map(|v| place(*v)).collect()).collect();
    Layout {
        places: (0..count).map(place).collect(),
        bends,
        layers: graph.order.len(),
        height: heights.iter().copied().fold(0.0, f64::max),
    }
}

/// The edges with those turned around that close a cycle, each once.
fn without_cycles(count: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut next = vec![Vec::new(); count];
    let mut called = vec![false; count];
    for (a, b) in edges {
        next[*a].push(*b);
        called[*b] = true;
    }
    // Walks start where requests come in, so that the edge that leads back is the one that is turned.
    let mut roots: Vec<usize> = (0..count).collect();
    roots.sort_by_key(|v| called[*v]);
    let (mut seen, mut open) = (vec![false; count], vec![false; count]);
    let mut forward = Vec::new();
    for root in roots {
        if seen[root] {
            continue;
        }
        seen[root] = true;
        open[root] = true;
        let mut path = vec![(root, 0)];
        while let Some((v, at)) = path.last_mut() {
            let v = *v;
            let Some(&to) = next[v].get(*at) else {
                open[v] = false;
                path.pop();
                continue;
            };
            *at += 1;
            forward.push(if open[to] { (to, v) } else { (v, to) });
            if !seen[to] {
                seen[to] = true;
                open[to] = true;
                path.push((to, 0));
            }
        }
    }
    forward.sort_unstable();
    forward.dedup();
    forward
}

/// Longest path from a source; sources then move next to what they call.
fn layers(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut before = vec![0; count];
    edges.iter().for_each(|(_, b)| before[*b] += 1);
    let sources: Vec<usize> = (0..count).filter(|v| before[*v] == 0).collect();
    let (mut ready, mut layer, mut at) = (sources.clone(), vec![0; count], 0);
    while let Some(&v) = ready.get(at) {
        at += 1;
        for (_, to) in edges.iter().filter(|(a, _)| *a == v) {
            layer[*to] = layer[*to].max(layer[v] + 1);
            before[*to] -= 1;
            if before[*to] == 0 {
                ready.push(*to);
            }
        }
    }
    for v in sources {
        let nearest = edges.iter().filter(|(a, _)| *a == v).map(|(_, b)| layer[*b]).min();
        layer[v] = nearest.map_or(0, |l: usize| l.saturating_sub(1));
    }
    layer
}

/// The graph with a vertex on each layer that a long edge passes, and each given edge's chain of them.
fn with_bends(
    count: usize,
    layer: Vec<usize>,
    given: &[(usize, usize)],
    forward: &[(usize, usize)],
) -> (Layered, Vec<Vec<usize>>) {
    let depth = layer.iter().copied().max().map_or(0, |l| l + 1);
    let mut graph = Layered {
        real: count,
        layer,
        left: vec![Vec::new(); count],
        right: vec![Vec::new(); count],
        order: vec![Vec::new(); depth],
    };
    for v in 0..count {
        graph.order[graph.layer[v]].push(v);
    }
    let mut chains = std::collections::BTreeMap::new();
    for (from, to) in forward {
        let (mut last, mut chain) = (*from, Vec::new());
        for layer in graph.layer[*from] + 1..graph.layer[*to] {
            let bend = graph.layer.len();
            graph.layer.push(layer);
            graph.left.push(Vec::new());
            graph.right.push(Vec::new());
            graph.order[layer].push(bend);
            graph.join(last, bend);
            chain.push(bend);
            last = bend;
        }
        graph.join(last, *to);
        chains.insert((*from, *to), chain);
    }
    let chain_of = |(a, b): &(usize, usize)| match (chains.get(&(*a, *b)), chains.get(&(*b, *a))) {
        (Some(chain), _) => chain.clone(),
        (None, Some(turned)) => turned.iter().rev().copied().collect(),
        (None, None) => Vec::new(),
    };
    let chains = given.iter().map(chain_of).collect();
    (graph, chains)
}

impl Layered {
    fn join(&mut self, a: usize, b: usize) {
        self.right[a].push(b);
        self.left[b].push(a);
    }

    fn positions(&self) -> Vec<usize> {
        let mut at = vec![0; self.layer.len()];
        for layer in &self.order {
            layer.iter().enumerate().for_each(|(n, v)| at[*v] = n);
        }
        at
    }

    fn crossings(&self) -> usize {
        let at = self.positions();
        let between = |layer: &Vec<usize>| {
            let ends = layer.iter().flat_map(|v| self.right[*v].iter().map(|w| (at[*v], at[*w])));
            let ends: Vec<(usize, usize)> = ends.collect();
            let crossing = |n: usize| {
                let (a, b) = ends[n];
                ends[n + 1..].iter().filter(|(c, d)| (a < *c && b > *d) || (a > *c && b < *d)).count()
            };
            (0..ends.len()).map(crossing).sum::<usize>()
        };
        self.order.iter().map(between).sum()
    }
}

/// Sorts each layer by the mean place of its neighbours, to and fro, and keeps the best order.
fn order(graph: &mut Layered) {
    let (mut best, mut fewest) = (graph.order.clone(), graph.crossings());
    for sweep in 0..SWEEPS {
        let to_the_right = sweep % 2 == 0;
        let layers: Vec<usize> = match to_the_right {
            true => (1..graph.order.len()).collect(),
            false => (0..graph.order.len().saturating_sub(1)).rev().collect(),
        };
        for layer in layers {
            let at = graph.positions();
            let neighbours = if to_the_right { &graph.left } else { &graph.right };
            let mean = |v: usize| match neighbours[v].len() {
                0 => at[v] as f64,
                n => neighbours[v].iter().map(|w| at[*w] as f64).sum::<f64>() / n as f64,
            };
            let mut keyed: Vec<(f64, usize, usize)> =
                graph.order[layer].iter().map(|v| (mean(*v), at[*v], *v)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            graph.order[layer] = keyed.into_iter().map(|k| k.2).collect();
        }
        let crossings = graph.crossings();
        if crossings < fewest {
            (best, fewest) = (graph.order.clone(), crossings);
        }
    }
    graph.order = best;
}

/// Heights that keep the order and the gaps and pull nodes level with their neighbours.
fn heights(graph: &Layered) -> Vec<f64> {
    // Two bends may pass closer to each other than two nodes stand.
    let gap = |a: usize, b: usize| match (a < graph.real, b < graph.real) {
        (true, true) => 1.0,
        (false, false) => 0.2,
        _ => 0.62,
    };
    let tallest = graph.order.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let mut heights = vec![0.0; graph.layer.len()];
    for layer in &graph.order {
        let offset = (tallest - layer.len() as f64) / 2.0;
        layer.iter().enumerate().for_each(|(n, v)| heights[*v] = offset + n as f64);
    }
    for pull in 0..PULLS {
        let layers: Vec<usize> = if pull % 2 == 0 {
            (0..graph.order.len()).collect()
        } else {
            (0..graph.order.len()).rev().collect()
        };
        for layer in layers {
            let order = &graph.order[layer];
            let wanted = order.iter().map(|v| {
                let near = graph.left[*v].iter().chain(&graph.right[*v]);
                let (sum, n) = near.fold((0.0, 0), |(s, n), w| (s + heights[*w], n + 1));
                if n == 0 { heights[*v] } else { sum / f64::from(n) }
            });
            let gaps: Vec<f64> = order.windows(2).map(|w| gap(w[0], w[1])).collect();
            let new = apart(&wanted.collect::<Vec<_>>(), &gaps);
            order.iter().zip(new).for_each(|(v, h)| heights[*v] = h);
        }
    }
    let lowest = heights.iter().copied().fold(f64::INFINITY, f64::min);
    heights.iter_mut().for_each(|h| *h -= lowest);
    heights
}

/// The places nearest to the wanted ones, in least squares, that keep the order and at least the gaps:
/// pool adjacent violators (Ayer et al., 1955).
fn apart(wanted: &[f64], gaps: &[f64]) -> Vec<f64> {
    let mut offsets = vec![0.0];
    gaps.iter().for_each(|g| offsets.push(offsets.last().copied().unwrap_or(0.0) + g));
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (want, offset) in wanted.iter().zip(&offsets) {
        blocks.push((want - offset, 1));
        while let [.., (a, n), (b, m)] = blocks[..] {
            if a <= b {
                break;
            }
            blocks.truncate(blocks.len() - 2);
            blocks.push(((a * n as f64 + b * m as f64) / (n + m) as f64, n + m));
        }
    }
    let level = blocks.into_iter().flat_map(|(value, n)| std::iter::repeat_n(value, n));
    level.zip(&offsets).map(|(value, offset)| value + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers_of(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
        layout(count, edges).places.iter().map(|p| p.layer).collect()
    }

    #[test]
    fn callers_stand_to_the_left() {
        for (count, edges, expected) in [
            (3, &[(0, 1), (1, 2)][..], vec![0, 1, 2]),
            (3, &[(0, 1), (1, 2), (0, 2)], vec![0, 1, 2]),
            // A source stands next to what it calls.
            (4, &[(0, 1), (1, 2), (3, 2)], vec![0, 1, 2, 1]),
            (3, &[(0, 1), (1, 2), (2, 0)], vec![0, 1, 2]),
            (2, &[(0, 0), (1, 7)], vec![0, 0]),
            (0, &[], vec![]),
        ] {
            assert_eq!(layers_of(count, edges), expected, "{edges:?}");
        }
    }

    #[test]
    fn nodes_of_a_layer_do_not_touch() {
        // A dense graph with cycles, made by a fixed rule.
        for count in [2, 5, 20, 60] {
            let edges: Vec<(usize, usize)> =
                (0..count * 3).map(|n| ((n * 7) % count, (n * 13 + n / count) % count)).collect();
            let layout = layout(count, &edges);
            assert_eq!(layout.bends.len(), edges.len());
            for (a, one) in layout.places.iter().enumerate() {
                assert!(one.height >= 0.0 && one.height <= layout.height && one.layer < layout.layers);
                for other in &layout.places[a + 1..] {
                    let apart = (one.height - other.height).abs();
                    assert!(one.layer != other.layer || apart > 0.999, "{count}: {one:?} {other:?}");
                }
            }
            assert_eq!(layout, super::layout(count, &edges));
        }
    }

    #[test]
    fn two_crossing_calls_are_uncrossed() {
        let layout = layout(4, &[(0, 3), (1, 2)]);
        let above = |a: usize, b: usize| layout.places[a].height < layout.places[b].height;
        assert_eq!(above(0, 1), above(3, 2));
    }

    #[test]
    fn a_call_back_keeps_its_direction() {
        let layout = layout(4, &[(0, 1), (1, 2), (2, 3), (3, 0)]);
        let back: Vec<usize> = layout.bends[3].iter().map(|p| p.layer).collect();
        assert_eq!(back, [2, 1]);
    }

    #[test]
    fn wanted_places_give_way_to_order_and_gaps() {
        for (wanted, gaps, expected) in [
            (vec![0.0, 5.0], vec![1.0], vec![0.0, 5.0]),
            (vec![2.0, 2.0], vec![1.0], vec![1.5, 2.5]),
            (vec![3.0, 0.0, 9.0], vec![1.0, 1.0], vec![1.0, 2.0, 9.0]),
            (vec![], vec![], vec![]),
        ] {
            assert_eq!(apart(&wanted, &gaps), expected);
        }
    }
}
