//! The forward pass: tokens in, one unit-length vector out.
//!
//! Never fails once the weights are parsed: every text has a vector, the empty one too.

use super::kernel::{add_and_normalise, attention, gelu, linear, normalise, to_unit_length};
use super::weights::{BadWeights, File, PANEL, Quantised};
use super::wordpiece::Tokenizer;
use fearless_simd::Level;

const WIDTH: usize = 384;
const INNER: usize = 1536;
const HEADS: usize = 12;
const LAYERS: usize = 6;

/// MiniLM-L6 (Wang et al., 2020): six layers of width 384.
#[derive(Debug)]
pub struct Encoder<'a> {
    model: String,
    level: Level,
    tokenizer: Tokenizer,
    words: Quantised<'a>,
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer<'a>>,
}

#[derive(Debug)]
struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

#[derive(Debug)]
struct Linear<'a> {
    weight: Quantised<'a>,
    bias: Vec<f32>,
}

#[derive(Debug)]
struct Layer<'a> {
    qkv: Linear<'a>,
    attention: Linear<'a>,
    norm1: Norm,
    up: Linear<'a>,
    down: Linear<'a>,
    norm2: Norm,
}

impl<'a> Encoder<'a> {
    /// The numbers of a vector.
    pub const WIDTH: usize = WIDTH;

    /// Reads the weights in place; only vectors and the vocabulary are copied.
    ///
    /// # Errors
    /// [`BadWeights`] when the bytes are not a complete file of weights of this architecture.
    pub fn new(bytes: &'a [u8]) -> Result<Self, BadWeights> {
        let file = File::parse(bytes)?;
        let tokenizer =
            Tokenizer::new(file.vocab).ok_or_else(|| BadWeights("no [UNK], [CLS], [SEP]".into()))?;
        let words = file.quantised("words", tokenizer.len(), WIDTH, 1)?;
        let positions = file.floats("positions", &[file.rows("positions")?, WIDTH])?;
        let layers = (0..LAYERS).map(|i| Layer::read(&file, i)).collect::<Result<_, _>>()?;
        let norm = Norm::read(&file, "norm")?;
        Ok(Self { model: file.model, level: Level::new(), tokenizer, words, positions, norm, layers })
    }

    pub fn model(&self) -> &str {
        &self.model
    }

    /// The tokens of a text that are looked at; what follows them does not count.
    pub fn longest(&self) -> usize {
        self.positions.len() / WIDTH
    }

    /// The unit-length vector of a text.
    pub fn embed(&self, text: &str) -> Vec<f32> {
        let tokens = self.tokenizer.encode(text, self.longest());
        let mut x = vec![0f32; tokens.len() * WIDTH];
        for ((x, token), place) in
            x.chunks_exact_mut(WIDTH).zip(&tokens).zip(self.positions.chunks_exact(WIDTH))
        {
            self.words.row(*token as usize, x);
            for (x, place) in x.iter_mut().zip(place) {
                *x += place;
            }
        }
        normalise(self.level, &mut x, &self.norm.weight, &self.norm.bias);
        for layer in &self.layers {
            layer.forward(self.level, &mut x, tokens.len());
        }
        let mut mean = vec![0f32; WIDTH];
        for row in x.chunks_exact(WIDTH) {
            for (mean, value) in mean.iter_mut().zip(row) {
                *mean += value;
            }
        }
        to_unit_length(&mut mean);
        mean
    }
}

impl Norm {
    fn read(file: &File, name: &str) -> Result<Self, BadWeights> {
        Ok(Self {
            weight: file.floats(&format!("{name}.weight"), &[WIDTH])?,
            bias: file.floats(&format!("{name}.bias"), &[WIDTH])?,
        })
    }
}

impl<'a> Linear<'a> {
    fn read(file: &File<'a>, name: &str, rows: usize, columns: usize) -> Result<Self, BadWeights> {
        Ok(Self {
            weight: file.quantised(&format!("{name}.weight"), rows, columns, PANEL)?,
            bias: file.floats(&format!("{name}.bias"), &[rows])?,
        })
    }

    fn forward(&self, level: Level, x: &[f32], m: usize) -> Vec<f32> {
        linear(level, x, m, &self.weight, &self.bias)
    }
}

impl<'a> Layer<'a> {
    fn read(file: &File<'a>, number: usize) -> Result<Self, BadWeights> {
        let name = |part: &str| format!("layer{number}.{part}");
        Ok(Self {
            qkv: Linear::read(file, &name("qkv"), 3 * WIDTH, WIDTH)?,
            attention: Linear::read(file, &name("attention"), WIDTH, WIDTH)?,
            norm1: Norm::read(file, &name("norm1"))?,
            up: Linear::read(file, &name("up"), INNER, WIDTH)?,
            down: Linear::read(file, &name("down"), WIDTH, INNER)?,
            norm2: Norm::read(file, &name("norm2"))?,
        })
    }

    fn forward(&self, level: Level, x: &mut [f32], m: usize) {
        let qkv = self.qkv.forward(level, x, m);
        let seen = self.attention.forward(level, &attention(level, &qkv, m, WIDTH, HEADS), m);
        add_and_normalise(level, x, &seen, &self.norm1.weight, &self.norm1.bias);
        let mut inner = self.up.forward(level, x, m);
        gelu(level, &mut inner);
        let outer = self.down.forward(level, &inner, m);
        add_and_normalise(level, x, &outer, &self.norm2.weight, &self.norm2.bias);
    }
}
