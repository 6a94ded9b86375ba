//! The file of weights: a header, 8-bit matrices, 32-bit vectors, a vocabulary.
//!
//! Checks everything that the encoder later relies on, so that a damaged file is an error here and
//! never a panic there. The layout is described in `tools/embedder/export.py`, which writes it.

use serde::Deserialize;
use std::collections::BTreeMap;

const MAGIC: &[u8] = b"ECOEMB1\n";
/// Rows of a panel of a layer's matrix.
pub(super) const PANEL: usize = 16;

/// Why a file of weights cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bad file of weights: {0}")]
pub struct BadWeights(pub String);

fn bad(what: impl Into<String>) -> BadWeights {
    BadWeights(what.into())
}

#[derive(Debug, Deserialize)]
struct Header {
    model: String,
    vocab: [usize; 2],
    tensors: BTreeMap<String, Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    shape: Vec<usize>,
    kind: String,
    #[serde(default)]
    group: usize,
    #[serde(default)]
    rows: usize,
    offset: usize,
    length: usize,
}

/// A matrix of 8-bit numbers with one scale per `group` of a row, rows in panels of `height`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quantised<'a> {
    pub rows: usize,
    pub columns: usize,
    pub group: usize,
    height: usize,
    scales: &'a [u8],
    codes: &'a [u8],
}

impl Quantised<'_> {
    /// Writes one row to `out`, for a table with single rows; false when there is no such row.
    pub fn row(&self, row: usize, out: &mut [f32]) -> bool {
        if self.height != 1 || row >= self.rows || out.len() != self.columns {
            return false;
        }
        let groups = self.columns / self.group;
        let scales = &self.scales[row * groups * 4..(row + 1) * groups * 4];
        let codes = &self.codes[row * self.columns..(row + 1) * self.columns];
        for ((out, codes), scale) in
            out.chunks_exact_mut(self.group).zip(codes.chunks_exact(self.group)).zip(scales.chunks_exact(4))
        {
            let scale = f32::from_le_bytes([scale[0], scale[1], scale[2], scale[3]]);
            for (out, &code) in out.iter_mut().zip(codes) {
                *out = f32::from(code.cast_signed()) * scale;
            }
        }
        true
    }

    pub fn panels(&self) -> usize {
        self.rows / PANEL
    }

    /// Writes panel `number` to `out` (columns x [`PANEL`], column by column).
    #[inline(always)]
    pub fn panel(&self, number: usize, out: &mut [f32]) {
        let groups = self.columns / self.group;
        let scales = &self.scales[number * groups * PANEL * 4..(number + 1) * groups * PANEL * 4];
        let codes = &self.codes[number * self.columns * PANEL..(number + 1) * self.columns * PANEL];
        let mut scale = [0f32; PANEL];
        for ((out, codes), bytes) in out
            .chunks_exact_mut(self.group * PANEL)
            .zip(codes.chunks_exact(self.group * PANEL))
            .zip(scales.chunks_exact(PANEL * 4))
        {
            for (scale, b) in scale.iter_mut().zip(bytes.chunks_exact(4)) {
                *scale = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
            }
            for (out, codes) in out.chunks_exact_mut(PANEL).zip(codes.chunks_exact(PANEL)) {
                for lane in 0..PANEL {
                    out[lane] = f32::from(codes[lane].cast_signed()) * scale[lane];
                }
            }
        }
    }
}

/// A file of weights, its parts found and checked.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub model: String,
    pub vocab: &'a str,
    tensors: BTreeMap<String, Entry>,
    data: &'a [u8],
}

impl<'a> File<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BadWeights> {
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| bad("it does not start with ECOEMB1"))?;
        let (length, rest) = rest.split_at_checked(4).ok_or_else(|| bad("it is cut off"))?;
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let (header, data) = rest.split_at_checked(length).ok_or_else(|| bad("it is cut off"))?;
        let header: Header = serde_json::from_slice(header).map_err(|e| bad(format!("its header: {e}")))?;
        let vocab = slice(data, header.vocab[0], header.vocab[1])?;
        let vocab = std::str::from_utf8(vocab).map_err(|_| bad("its vocabulary is not UTF-8"))?;
        Ok(Self { model: header.model, vocab, tensors: header.tensors, data })
    }

    fn entry(&self, name: &str, kind: &str, shape: &[usize]) -> Result<(&Entry, &'a [u8]), BadWeights> {
        let entry = self.tensors.get(name).ok_or_else(|| bad(format!("{name} is missing")))?;
        if entry.kind != kind || entry.shape != shape {
            return Err(bad(format!("{name} is {} {:?}, not {kind} {shape:?}", entry.kind, entry.shape)));
        }
        Ok((entry, slice(self.data, entry.offset, entry.length)?))
    }

    pub fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, BadWeights> {
        let (_, bytes) = self.entry(name, "f32", shape)?;
        if bytes.len() != shape.iter().product::<usize>() * 4 {
            return Err(bad(format!("{name} has the wrong length")));
        }
        Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }

    /// A matrix in panels of [`PANEL`] rows, or with single rows when `height` is 1.
    pub fn quantised(
        &self,
        name: &str,
        rows: usize,
        columns: usize,
        height: usize,
    ) -> Result<Quantised<'a>, BadWeights> {
        let (entry, bytes) = self.entry(name, "q8", &[rows, columns])?;
        let group = entry.group;
        let fits =
            group > 0 && columns.is_multiple_of(group) && rows.is_multiple_of(height) && entry.rows == height;
        let scales = rows * columns / group.max(1) * 4;
        if !fits || bytes.len() != scales + rows * columns {
            return Err(bad(format!("{name} has the wrong layout")));
        }
        let (scales, codes) = bytes.split_at(scales);
        Ok(Quantised { rows, columns, group, height, scales, codes })
    }

    /// The number of rows that `name` says it has.
    pub fn rows(&self, name: &str) -> Result<usize, BadWeights> {
        let entry = self.tensors.get(name).ok_or_else(|| bad(format!("{name} is missing")))?;
        entry.shape.first().copied().ok_or_else(|| bad(format!("{name} has no shape")))
    }
}

fn slice(data: &[u8], offset: usize, length: usize) -> Result<&[u8], BadWeights> {
    offset.checked_add(length).and_then(|end| data.get(offset..end)).ok_or_else(|| bad("it is cut off"))
}
