//! The published vocabularies we know by name: what their rank files leave unsaid.
//!
//! A rank file holds byte strings and ranks only. How text is split before merging, and which ids above the ranks
//! are special, is written in companion code: `tiktoken_ext/openai_public.py` of tiktoken 0.14 for the OpenAI
//! vocabularies, `llama_models/llama3/tokenizer.py` of llama-models 0.3 for Llama 3.

/// How a family splits text into pieces before byte pairs are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// The pattern of GPT-2: contractions, letters, digits and the rest, each with at most one space before it.
    Gpt2,
    /// The pattern Llama 3 ships: words with any one character before them, digits by threes, newlines apart.
    Llama3,
    /// As `Llama3`, except that white space at the very end of a text is one piece (`\s++$`).
    Cl100k,
    /// Words split where lower case turns into upper case, with their contraction attached.
    O200k,
}

/// A published vocabulary.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// Name in configurations and manifests.
    pub name: &'static str,
    /// Other names people use for it.
    pub aliases: &'static [&'static str],
    /// How it splits text.
    pub split: Split,
    /// Sha256 of the published rank file, by which it is recognised under any path.
    pub sha256: &'static str,
    /// Id put before a document, where the vocabulary has one.
    pub bos: Option<u32>,
    /// Id put after a document.
    pub eos: u32,
    /// Special tokens with a name of their own. They are never produced by encoding, only decoded.
    pub specials: &'static [(&'static str, u32)],
    /// Reserved special tokens: first id, number of them, and the number of the first in its name.
    pub reserved: Option<(u32, u32, u32)>,
}

/// All families, by name.
pub const FAMILIES: &[Family] = &[
    Family {
        name: "cl100k",
        aliases: &["cl100k_base"],
        split: Split::Cl100k,
        sha256: "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        bos: None,
        eos: 100_257,
        specials: &[
            ("<|endoftext|>", 100_257),
            ("<|fim_prefix|>", 100_258),
            ("<|fim_middle|>", 100_259),
            ("<|fim_suffix|>", 100_260),
            ("<|endofprompt|>", 100_276),
        ],
        reserved: None,
    },
    Family {
        name: "gpt2",
        aliases: &["r50k", "r50k_base"],
        split: Split::Gpt2,
        sha256: "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
        bos: None,
        eos: 50_256,
        specials: &[("<|endoftext|>", 50_256)],
        reserved: None,
    },
    Family {
        name: "llama3",
        aliases: &["llama-3"],
        split: Split::Llama3,
        sha256: "82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55",
        bos: Some(128_000),
        eos: 128_001,
        specials: &[
            ("<|begin_of_text|>", 128_000),
            ("<|end_of_text|>", 128_001),
            ("<|reserved_special_token_0|>", 128_002),
            ("<|reserved_special_token_1|>", 128_003),
            ("<|finetune_right_pad_id|>", 128_004),
            ("<|step_id|>", 128_005),
            ("<|start_header_id|>", 128_006),
            ("<|end_header_id|>", 128_007),
            ("<|eom_id|>", 128_008),
            ("<|eot_id|>", 128_009),
            ("<|python_tag|>", 128_010),
            ("<|image|>", 128_011),
        ],
        reserved: Some((128_012, 244, 2)),
    },
    Family {
        name: "o200k",
        aliases: &["o200k_base"],
        split: Split::O200k,
        sha256: "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        bos: None,
        eos: 199_999,
        specials: &[("<|endoftext|>", 199_999), ("<|endofprompt|>", 200_018)],
        reserved: None,
    },
    Family {
        name: "p50k",
        aliases: &["p50k_base"],
        split: Split::Gpt2,
        sha256: "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
        bos: None,
        eos: 50_256,
        specials: &[("<|endoftext|>", 50_256)],
        reserved: None,
    },
];

impl Family {
    /// The family of that name or alias.
    pub fn named(name: &str) -> Option<&'static Family> {
        FAMILIES.iter().find(|family| family.name == name || family.aliases.contains(&name))
    }

    /// The family whose published rank file has this sha256 (hexadecimal).
    pub fn of_rank_file(sha256: &str) -> Option<&'static Family> {
        FAMILIES.iter().find(|family| family.sha256 == sha256)
    }

    /// Every special token: its text and its id.
    pub fn special_tokens(&self) -> impl Iterator<Item = (String, u32)> + '_ {
        let named = self.specials.iter().map(|(text, id)| ((*text).to_owned(), *id));
        let (first, count, number) = self.reserved.unwrap_or_default();
        named.chain((0..count).map(move |i| (format!("<|reserved_special_token_{}|>", number + i), first + i)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unambiguous() {
        let mut names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
        assert!(names.is_sorted());
        names.extend(FAMILIES.iter().flat_map(|family| family.aliases));
        let n_names = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), n_names);
        assert_eq!(Family::named("r50k").map(|family| family.name), Some("gpt2"));
        assert_eq!(Family::named("GPT"), None);
    }

    #[test]
    fn llama3_has_256_special_tokens() {
        let tokens: Vec<_> = FAMILIES[2].special_tokens().collect();
        assert_eq!(tokens.len(), 256);
        assert_eq!(tokens.last(), Some(&("<|reserved_special_token_245|>".to_owned(), 128_255)));
    }
}
