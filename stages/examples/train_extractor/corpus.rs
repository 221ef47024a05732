//! Pages with known main content, measured and labelled.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde_json::Value;
use tokenmill_stages::extract::blocks::Outline;
use tokenmill_stages::extract::decide::Decision;
use tokenmill_stages::extract::features::Features;
use tokenmill_stages::extract::rules::Ruled;
use tokenmill_stages::extract::{Mode, Scratch, charset, extract};

use super::labels;
use super::words::Words;

/// The source that is trained on; the others stay for testing.
const SOURCE: &str = "wcxb-dev";

/// A page.
pub struct Page {
    /// Its name in the archive.
    pub id: String,
    /// Its kind, as the benchmark has it.
    pub page_type: String,
    /// Registrable domain.
    pub domain: String,
    /// Its blocks.
    pub outline: Outline,
    /// What the rules say of blocks and containers.
    pub keep: Vec<bool>,
    pub in_frame: Vec<bool>,
    /// Words of each block, and of the truth.
    pub words: Vec<Vec<u32>>,
    pub truth: Vec<u32>,
    /// For each block, whether people kept it.
    pub labels: Vec<bool>,
    /// Rows of the first look, one after the other.
    pub rows: Vec<f32>,
}

impl Page {
    /// What the rules say.
    pub fn ruled(&self) -> Ruled<'_> {
        Ruled { keep: &self.keep, in_frame: &self.in_frame }
    }

    /// The measures.
    pub fn features(&self) -> Features<'_> {
        Features::new(&self.outline, self.ruled())
    }

    /// What a block counts in training. Every page counts about the same, however long it is; within a page, long blocks
    /// count more, but not as much more as they are longer, for they are also easier to tell.
    pub fn weight(&self, block: usize) -> f32 {
        (self.words[block].len() as f32 / self.truth.len().max(50) as f32).sqrt()
    }
}

/// Reads the archive.
pub fn read(folder: &Path) -> Vec<Page> {
    let file = std::fs::File::open(folder.join("ground_truth.jsonl.gz")).expect("the archive `extraction` is unpacked");
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).expect("the truth is gzip");
    let mut words = Words::new();
    let mut scratch = Scratch::default();
    let mut pages = BTreeMap::new();
    for line in text.lines() {
        let truth: Value = serde_json::from_str(line).expect("a line of JSON");
        if truth["source"] == SOURCE {
            let page = page(folder, &truth, &mut words, &mut scratch);
            pages.insert(page.id.clone(), page);
        }
    }
    pages.into_values().collect()
}

fn page(folder: &Path, truth: &Value, words: &mut Words, scratch: &mut Scratch) -> Page {
    let text = |key: &str| truth[key].as_str().unwrap_or_default().to_owned();
    let id = text("id");
    let bytes = std::fs::read(folder.join("html").join(format!("{id}.html"))).expect("the page is there");
    let html = charset::decode(&bytes, "", None).map(|decoded| decoded.text.into_owned()).unwrap_or_default();
    extract(&html, Mode::MainText(Decision::Rules), scratch);
    let outline = scratch.outline().clone();
    let ruled = scratch.ruled();
    let features = Features::new(&outline, ruled);
    let mut rows = Vec::new();
    (0..outline.blocks.len()).for_each(|block| features.push_row(block, &mut rows));
    let block_words: Vec<Vec<u32>> = outline.blocks.iter().map(|block| words.read(outline.text_of(block))).collect();
    let wanted = words.read(&text("text"));
    let labels = labels::align(&block_words, &wanted).into_iter().map(|share| share >= 0.5).collect();
    let (keep, in_frame) = (ruled.keep.to_vec(), ruled.in_frame.to_vec());
    let domain = domain(&text("url")).unwrap_or_else(|| id.clone());
    Page {
        id,
        page_type: text("page_type"),
        domain,
        keep,
        in_frame,
        words: block_words,
        truth: wanted,
        labels,
        rows,
        outline,
    }
}

/// The registrable domain of an address, by the public suffix list.
fn domain(url: &str) -> Option<String> {
    let host = url.split("://").nth(1)?.split(['/', ':', '?', '#']).next()?;
    psl::domain_str(host).map(str::to_owned)
}
