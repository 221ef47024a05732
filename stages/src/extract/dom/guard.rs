//! Stands between tokenizer and tree builder and keeps the builder's stacks short, so that hostile pages cost linear time.
//!
//! The tree builder searches its stack of open elements and its list of active formatting elements for almost every
//! tag. Browsers bound both by capping the depth; html5ever does not, so it is done here.

use std::cell::Cell;

use html5ever::interface::Tracer;
use html5ever::tokenizer::{EndTag, StartTag, Tag, Token, TokenSink, TokenSinkResult};
use html5ever::tree_builder::TreeBuilder;
use html5ever::{LocalName, local_name};

use super::sink::ArenaSink;

/// Deepest nesting that is built; start tags beyond it are dropped and their text stays. The same as Chromium's
/// `kMaximumHTMLParserDOMTreeDepth`.
const MAX_OPEN_ELEMENTS: u32 = 512;
/// Formatting start tags that may be ahead of end tags before their attributes are dropped. Elements without
/// attributes are alike, and of those the standard keeps three at most ("Noah's Ark clause").
const MAX_UNCLOSED_FORMATTING: u32 = 64;

/// The tree builder behind its guard.
pub(super) struct Guard<'a> {
    builder: TreeBuilder<u32, ArenaSink<'a>>,
    /// Upper estimate of the open elements: exact at the last count, plus the start tags since.
    n_open: Cell<u32>,
    /// The stack was counted as full, and nothing that could have closed an element came since.
    is_known_full: Cell<bool>,
    n_unclosed_formatting: Cell<u32>,
    too_deep: Cell<bool>,
}

impl<'a> Guard<'a> {
    pub(super) fn new(builder: TreeBuilder<u32, ArenaSink<'a>>) -> Self {
        Guard {
            builder,
            n_open: Cell::new(0),
            is_known_full: Cell::new(false),
            n_unclosed_formatting: Cell::new(0),
            too_deep: Cell::new(false),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.builder.sink.is_full()
    }

    pub(super) fn too_deep(&self) -> bool {
        self.too_deep.get()
    }

    pub(super) fn into_sink(self) -> ArenaSink<'a> {
        self.builder.sink
    }

    /// Whether one more element may be opened. Counting walks the stack, so it happens once the estimate is full.
    fn may_open(&self) -> bool {
        if self.is_known_full.get() {
            return false;
        }
        if self.n_open.get() >= MAX_OPEN_ELEMENTS {
            let counter = Counter(Cell::new(0));
            self.builder.trace_handles(&counter);
            self.n_open.set(counter.0.get());
            self.is_known_full.set(counter.0.get() >= MAX_OPEN_ELEMENTS);
        }
        self.n_open.set(self.n_open.get() + 1);
        !self.is_known_full.get()
    }

    fn strip_formatting(&self, tag: &mut Tag) {
        let unclosed = self.n_unclosed_formatting.get();
        match tag.kind {
            StartTag => {
                self.n_unclosed_formatting.set(unclosed + 1);
                if unclosed >= MAX_UNCLOSED_FORMATTING {
                    tag.attrs.clear();
                }
            }
            EndTag => self.n_unclosed_formatting.set(unclosed.saturating_sub(1)),
        }
    }
}

struct Counter(Cell<u32>);

impl Tracer for Counter {
    type Handle = u32;

    fn trace_handle(&self, _node: &u32) {
        self.0.set(self.0.get() + 1);
    }
}

impl TokenSink for Guard<'_> {
    type Handle = u32;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<u32> {
        let Token::TagToken(mut tag) = token else {
            return match token {
                Token::CharacterTokens(_) | Token::NullCharacterToken if self.is_full() => TokenSinkResult::Continue,
                _ => self.builder.process_token(token, line),
            };
        };
        if self.is_full() {
            return TokenSinkResult::Continue;
        }
        if is_formatting(&tag.name) {
            self.strip_formatting(&mut tag);
        }
        if tag.kind == EndTag {
            self.is_known_full.set(false);
            return self.builder.process_token(Token::TagToken(tag), line);
        }
        // Elements whose content is raw text must open, or that content would become text of the page.
        if !self.may_open() && !is_raw_text(&tag.name) {
            self.too_deep.set(true);
            return TokenSinkResult::Continue;
        }
        // HTML ignores the slash of an unknown element, but `<mml:mspace/>` comes from XML and means it.
        let closes_itself = (tag.self_closing && tag.name.contains(':')).then(|| Tag {
            kind: EndTag,
            self_closing: false,
            attrs: Vec::new(),
            ..tag.clone()
        });
        let result = self.builder.process_token(Token::TagToken(tag), line);
        match closes_itself {
            Some(end) => self.builder.process_token(Token::TagToken(end), line),
            None => result,
        }
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// The elements that the standard reopens after a misnested end tag.
fn is_formatting(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("a")
            | local_name!("b")
            | local_name!("big")
            | local_name!("code")
            | local_name!("em")
            | local_name!("font")
            | local_name!("i")
            | local_name!("nobr")
            | local_name!("s")
            | local_name!("small")
            | local_name!("strike")
            | local_name!("strong")
            | local_name!("tt")
            | local_name!("u")
    )
}

fn is_raw_text(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("script")
            | local_name!("style")
            | local_name!("textarea")
            | local_name!("title")
            | local_name!("xmp")
            | local_name!("iframe")
            | local_name!("noembed")
            | local_name!("noframes")
            | local_name!("noscript")
            | local_name!("plaintext")
    )
}
