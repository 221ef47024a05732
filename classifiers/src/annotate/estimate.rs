//! How many tokens a text will be, before any model has said so, and what they cost.

use serde::Deserialize;

/// Tokens of a text, by its characters. A guess that is right for large sums: vocabularies of 100,000 tokens and more make
/// about four ASCII characters of English one token, two or three letters of other alphabets, and one of Chinese, Japanese or Korean.
pub fn n_tokens(text: &str) -> f64 {
    let (mut ascii, mut letters, mut others) = (0u64, 0u64, 0u64);
    for c in text.chars() {
        match c {
            '\0'..='\x7f' => ascii += 1,
            // From the radicals on, scripts write words or syllables with one character.
            '\u{80}'..'\u{2e80}' => letters += 1,
            _ => others += 1,
        }
    }
    ascii as f64 / 4.0 + letters as f64 / 2.5 + others as f64
}

/// What a million tokens cost, in whatever currency.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Price {
    /// Of what is sent.
    pub input_per_million: f64,
    /// Of what is answered.
    pub output_per_million: f64,
    /// What all answers of a recipe may cost together.
    pub max_cost: Option<f64>,
}

impl Price {
    /// What so many tokens cost.
    pub fn of(&self, input: f64, output: f64) -> f64 {
        (input * self.input_per_million + output * self.output_per_million) / 1e6
    }

    /// Whether anything costs anything.
    pub fn is_free(&self) -> bool {
        self.input_per_million == 0.0 && self.output_per_million == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_guessed_by_script() {
        assert_eq!(n_tokens(&"word ".repeat(100)), 125.0);
        assert_eq!(n_tokens("文字"), 2.0);
        assert_eq!(n_tokens(&"я".repeat(5)), 2.0);
        assert_eq!(n_tokens(""), 0.0);
    }

    #[test]
    fn prices_are_per_million() {
        let price = Price { input_per_million: 2.0, output_per_million: 8.0, max_cost: None };
        assert_eq!(price.of(500_000.0, 250_000.0), 3.0);
        assert!(!price.is_free() && Price::default().is_free());
    }
}
