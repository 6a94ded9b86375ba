//! A model behind the OpenAI protocol: `POST /v1/embeddings`, as OpenAI, vLLM, Ollama and llama.cpp serve it.
//!
//! Never keeps a text. What is sent must have passed the redactor before.

use crate::http::{Answer, Client, HttpError, Server};
use ecoops_core::ports::embedder::{Embedder, EmbedderError, WIDTH};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Texts of one request, and their bytes: far below what any server takes.
const TOGETHER: usize = 32;
const BYTES: usize = 128 << 10;
/// For a request, and for each text of it: a server without a graphics card takes some 100 ms a text.
const PATIENCE: Duration = Duration::from_secs(8);
const PER_TEXT: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub struct OpenAiEmbedder {
    client: Client,
    model: String,
    path: &'static str,
    /// Whether the server is asked for [`WIDTH`] numbers: until it refuses to choose.
    sized: AtomicBool,
}

#[derive(Serialize)]
struct Asked<'a> {
    model: &'a str,
    input: &'a [&'a str],
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

#[derive(Deserialize)]
struct Given {
    data: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    index: usize,
    embedding: Vec<f32>,
}

impl OpenAiEmbedder {
    /// `server` is the address with or without `/v1`; its token is the key.
    ///
    /// # Errors
    /// [`EmbedderError::Unusable`] for what is no address, or a model without a name.
    pub fn new(mut server: Server, model: &str) -> Result<Self, EmbedderError> {
        if model.trim().is_empty() {
            return Err(EmbedderError::Unusable("the embedding model has no name".into()));
        }
        let path =
            if server.url.trim_end_matches('/').ends_with("/v1") { "/embeddings" } else { "/v1/embeddings" };
        let longest = PATIENCE + PER_TEXT * TOGETHER as u32;
        server.limits.request = server.limits.request.max(longest);
        server.limits.whole = server.limits.whole.max(longest);
        let client = Client::new(server).map_err(|e| EmbedderError::Unusable(e.to_string()))?;
        Ok(Self { client, model: model.to_owned(), path, sized: AtomicBool::new(true) })
    }

    fn request(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let sized = self.sized.load(Ordering::Relaxed);
        let mut answer = self.send(texts, sized)?;
        if sized && matches!(answer.status, 400 | 422) && answer.text().contains("dimensions") {
            // a model with one width only; those of llama.cpp and Ollama take no notice instead
            self.sized.store(false, Ordering::Relaxed);
            answer = self.send(texts, false)?;
        }
        if !answer.is_success() {
            let said = format!("{} said {}: {}", self.client.shown(), answer.status, answer.excerpt());
            return Err(match answer.status {
                408 | 425 | 429 | 500..=599 => EmbedderError::Away(said),
                _ => EmbedderError::Unusable(said),
            });
        }
        // What is no such JSON is not the server's answer: a portal's page says 200, too.
        let given: Given = answer.json().map_err(|e| EmbedderError::Away(e.to_string()))?;
        self.sort(given, texts.len())
    }

    fn send(&self, texts: &[&str], sized: bool) -> Result<Answer, EmbedderError> {
        let dimensions = sized.then_some(WIDTH);
        let asked = Asked { model: &self.model, input: texts, encoding_format: "float", dimensions };
        let within = PATIENCE + PER_TEXT * u32::try_from(texts.len()).unwrap_or(u32::MAX);
        self.client.post(self.path).json(&asked).repeatable().within(within).send().map_err(|error| {
            match error {
                HttpError::Invalid(why) => EmbedderError::Unusable(why),
                other => EmbedderError::Away(other.to_string()),
            }
        })
    }

    /// By their places, each of unit length and padded.
    fn sort(&self, given: Given, count: usize) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let bad = |why: String| EmbedderError::Unusable(format!("{}: {why}", self.client.shown()));
        if given.data.len() != count {
            return Err(bad(format!("{} vectors came for {count} texts", given.data.len())));
        }
        let mut vectors = vec![Vec::new(); count];
        for Vector { index, embedding } in given.data {
            let place = vectors.get_mut(index).filter(|place| place.is_empty());
            let place = place.ok_or_else(|| bad(format!("the vectors are not in order: {index}")))?;
            if embedding.is_empty() || embedding.len() > WIDTH {
                let given = embedding.len();
                return Err(bad(format!("{} gives {given} numbers, not 1 to {WIDTH}", self.model)));
            }
            *place = unit(embedding).ok_or_else(|| bad("a vector is not of finite numbers".into()))?;
        }
        Ok(vectors)
    }
}

/// A server refuses a blank text: the shortest that says nothing stands for it.
fn sent(text: &str) -> &str {
    if text.trim().is_empty() { "." } else { text }
}

/// Of unit length and [`WIDTH`] numbers; one of zeros stays so.
fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
    if !length.is_finite() {
        return None;
    }
    if length > 0.0 {
        vector.iter_mut().for_each(|v| *v = (f64::from(*v) / length) as f32);
    }
    vector.resize(WIDTH, 0.0);
    Some(vector)
}

impl Embedder for OpenAiEmbedder {
    fn model(&self) -> &str {
        &self.model
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let mut vectors = vec![Vec::new(); texts.len()];
        let mut waiting: Vec<usize> = Vec::new();
        let mut bytes = 0;
        let flush = |waiting: &mut Vec<usize>, vectors: &mut Vec<Vec<f32>>| {
            let batch: Vec<&str> = waiting.iter().map(|place| sent(texts[*place])).collect();
            if !batch.is_empty() {
                for (place, vector) in waiting.drain(..).zip(self.request(&batch)?) {
                    vectors[place] = vector;
                }
            }
            Ok::<_, EmbedderError>(())
        };
        for (place, text) in texts.iter().enumerate() {
            if waiting.len() == TOGETHER || bytes + text.len() > BYTES {
                flush(&mut waiting, &mut vectors)?;
                bytes = 0;
            }
            waiting.push(place);
            bytes += text.len();
        }
        flush(&mut waiting, &mut vectors)?;
        Ok(vectors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embedder(url: &str) -> OpenAiEmbedder {
        OpenAiEmbedder::new(Server { url: url.into(), ..Server::default() }, "m").expect("an address")
    }

    #[test]
    fn shorter_vectors_are_padded_and_of_unit_length() {
        let wide = unit(vec![3.0, 4.0]).expect("finite");
        assert_eq!((wide.len(), wide[0], wide[1], wide[2]), (WIDTH, 0.6, 0.8, 0.0));
        assert_eq!(unit(vec![0.0]), Some(vec![0.0; WIDTH]));
        assert_eq!(unit(vec![f32::NAN]), None);
        assert_eq!(unit(vec![f32::INFINITY, 1.0]), None);
    }

    #[test]
    fn vectors_are_put_in_order_or_refused() {
        let one = embedder("http://127.0.0.1:1");
        let given = |list: Vec<(usize, Vec<f32>)>| Given {
            data: list.into_iter().map(|(index, embedding)| Vector { index, embedding }).collect(),
        };
        let sorted = one.sort(given(vec![(1, vec![0.0, 1.0]), (0, vec![1.0])]), 2).expect("two");
        assert_eq!((sorted[0][0], sorted[1][1]), (1.0, 1.0));
        for places in [vec![0], vec![0, 0], vec![0, 2]] {
            let bad = given(places.into_iter().map(|place| (place, vec![1.0])).collect());
            assert!(matches!(one.sort(bad, 2), Err(EmbedderError::Unusable(_))));
        }
        for bad in [vec![], vec![1.0; WIDTH + 1], vec![f32::NAN]] {
            assert!(matches!(one.sort(given(vec![(0, bad)]), 1), Err(EmbedderError::Unusable(_))));
        }
    }

    #[test]
    fn a_server_that_is_not_there_is_away() {
        assert!(matches!(embedder("http://127.0.0.1:1").embed(&["x"]), Err(EmbedderError::Away(_))));
        assert!(embedder("http://127.0.0.1:1").embed(&[]).expect("nothing asked").is_empty());
        assert_eq!(embedder("http://127.0.0.1:1/v1/").path, "/embeddings");
    }
}
