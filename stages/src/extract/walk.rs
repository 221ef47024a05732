//! The walk over the tree that writes blocks: what is shown, in which block, and what breaks lines.

use super::blocks::{Block, BlockKind, Container, Outline};
use super::code;
use super::display::{Flow, flow, hides};
use super::dom::{Attr, Dom, NodeId, Noscript, ROOT, Tag};
use super::hints::{HintReader, Hints};
use super::landmarks::{Landmark, landmark};
use super::lists::{self, Lists};
use super::math::{self, Formula, ImageText};
use super::subsup;
use super::tables;
use super::text::{Collapser, Join};

/// The block being written.
#[derive(Default)]
struct Open {
    start: usize,
    collapser: Collapser,
    link_bytes: u32,
    n_links: u32,
    n_formulas: u32,
    /// Bytes that are alternative texts of images.
    alternative_bytes: usize,
}

/// Buffers that are reused from page to page.
#[derive(Clone, Debug, Default)]
pub(super) struct WalkerBuffers {
    hints: HintReader,
    lists: Lists,
    inline: String,
}

/// The state of one walk.
pub(super) struct Walker<'a> {
    dom: &'a Dom,
    outline: &'a mut Outline,
    buffers: &'a mut WalkerBuffers,
    open: Open,
    container: u32,
    join: Join,
    /// Number of the list item that begins with the next block.
    number: Option<u32>,
    n_open_links: u32,
    /// Where the current link began in the text.
    link_start: usize,
    n_open_headings: u32,
}

/// What [`Walker::enter`] decided about an element.
#[derive(PartialEq, Eq)]
enum Visit {
    Children,
    Skip,
}

impl<'a> Walker<'a> {
    pub(super) fn new(dom: &'a Dom, outline: &'a mut Outline, buffers: &'a mut WalkerBuffers) -> Self {
        buffers.hints.reset();
        buffers.lists.reset();
        outline.containers.push(Container {
            parent: 0,
            tag: Tag::Document,
            hints: Hints::default(),
            landmark: Landmark::Page,
            first_block: 0,
            end_block: 0,
            node: ROOT,
            hides: false,
            is_hidden: false,
            signature: 0,
        });
        Walker {
            dom,
            outline,
            buffers,
            open: Open::default(),
            container: 0,
            join: Join::Line,
            number: None,
            n_open_links: 0,
            link_start: 0,
            n_open_headings: 0,
        }
    }

    /// Walks the whole tree.
    pub(super) fn walk(mut self) {
        let mut at = self.dom.first_child(ROOT);
        while let Some(id) = at {
            let visit = self.enter(id);
            at = self.dom.first_child(id).filter(|_| visit == Visit::Children);
            if at.is_none() {
                if visit == Visit::Children {
                    self.leave(id);
                }
                at = self.climb(id);
            }
        }
        self.flush();
        self.outline.containers[0].end_block = self.outline.blocks.len() as u32;
    }

    /// The next node after a finished one, leaving the elements that end between.
    fn climb(&mut self, id: NodeId) -> Option<NodeId> {
        let mut at = id;
        loop {
            if let Some(next) = self.dom.next_sibling(at) {
                return Some(next);
            }
            at = self.dom.parent(at).filter(|&parent| parent != ROOT)?;
            self.leave(at);
        }
    }

    fn enter(&mut self, id: NodeId) -> Visit {
        let tag = self.dom.tag(id);
        if tag == Tag::Text {
            self.open.collapser.push(&mut self.outline.text, self.open.start, self.dom.text(id));
            return Visit::Skip;
        }
        let names = self.names(id);
        if (names.may_be_formula || tag.is_math() || tag == Tag::Script) && self.formula(id) {
            return Visit::Skip;
        }
        let flow = flow(tag);
        let is_absent = match tag {
            Tag::Noscript => self.dom.noscript() == Noscript::Hidden,
            Tag::Dialog => self.dom.attr(id, Attr::OpenAttr).is_none(),
            Tag::Button => self.n_open_headings == 0,
            _ => flow == Flow::Absent,
        };
        // Hidden blocks are read and marked, since a script may show them. Inline elements are kept from screen readers
        // because they are icons or repetitions; blocks, because they move.
        let is_inline = flow == Flow::Inline;
        if is_absent || names.is_unseen || is_inline && (names.is_hidden || names.is_silent) {
            return Visit::Skip;
        }
        match tag {
            Tag::Img => self.image(id),
            Tag::Br => self.line_break(),
            Tag::Hr => self.paragraph_break(),
            Tag::Wbr => {}
            Tag::Sub | Tag::Sup => return self.script(id),
            Tag::A => self.open_link(),
            _ if code::is_preformatted(tag) => return self.listing(id),
            Tag::Code if code::is_listing(self.dom, id) => return self.listing(id),
            Tag::Td | Tag::Th if names.hints.any(Hints::GUTTER) && code::is_gutter(self.dom, id) => return Visit::Skip,
            _ => {}
        }
        if let Flow::Block(join) = flow {
            let is_hidden = names.is_hidden && !matches!(tag, Tag::Html | Tag::Body);
            self.open_container(id, tag, &Names { is_hidden, ..names }, join);
        }
        Visit::Children
    }

    fn leave(&mut self, id: NodeId) {
        let tag = self.dom.tag(id);
        if let Flow::Block(join) = flow(tag) {
            self.close_container(tag, join);
        } else if tag == Tag::A {
            self.close_link();
        }
    }

    fn open_container(&mut self, id: NodeId, tag: Tag, names: &Names, join: Join) {
        let landmark = landmark(tag, self.dom.attr(id, Attr::Role));
        self.flush();
        self.join = self.join.max(self.break_around(tag, join));
        let index = self.outline.containers.len() as u32;
        let first_block = self.outline.blocks.len() as u32;
        self.outline.containers.push(Container {
            parent: self.container,
            tag,
            hints: names.hints,
            landmark,
            first_block,
            end_block: first_block,
            node: id,
            hides: names.is_hidden,
            is_hidden: false,
            signature: names.class ^ tag as u32,
        });
        self.container = index;
        match tag {
            Tag::Li => self.number = self.buffers.lists.number(self.dom, id),
            _ if lists::is_list(tag) => self.buffers.lists.open(self.dom, id),
            _ if tag.heading().is_some() => self.n_open_headings += 1,
            _ => {}
        }
    }

    fn close_container(&mut self, tag: Tag, join: Join) {
        self.flush();
        match tag {
            Tag::Li => self.number = None,
            Tag::Tr => {
                let first = self.outline.containers[self.container as usize].first_block as usize;
                tables::join_row(&mut self.outline.blocks[first..]);
            }
            _ if lists::is_list(tag) => self.buffers.lists.close(),
            _ if tag.heading().is_some() => self.n_open_headings -= 1,
            _ => {}
        }
        self.join = self.join.max(self.break_around(tag, join));
        let container = &mut self.outline.containers[self.container as usize];
        container.end_block = self.outline.blocks.len() as u32;
        self.container = container.parent;
    }

    /// Inside a list, paragraphs and further lists begin a line and no more.
    fn break_around(&self, tag: Tag, join: Join) -> Join {
        if self.buffers.lists.is_open() && (tag == Tag::P || lists::is_list(tag)) { Join::Line } else { join }
    }

    fn open_link(&mut self) {
        self.n_open_links += 1;
        self.open.n_links += 1;
        if self.n_open_links == 1 {
            self.link_start = self.outline.text.len();
        }
    }

    fn close_link(&mut self) {
        self.n_open_links -= 1;
        if self.n_open_links == 0 {
            self.open.link_bytes += (self.outline.text.len() - self.link_start) as u32;
        }
    }

    fn image(&mut self, id: NodeId) {
        let inline = &mut self.buffers.inline;
        inline.clear();
        let kind = math::read_image(self.dom, id, inline);
        let is_kept = match kind {
            ImageText::None => false,
            ImageText::Formula => true,
            ImageText::Alternative => self.n_open_links == 0 && !is_file_name(inline),
        };
        if !is_kept {
            return;
        }
        let before = self.outline.text.len();
        self.open.collapser.owe_space();
        self.open.collapser.push(&mut self.outline.text, self.open.start, &self.buffers.inline);
        self.open.collapser.owe_space();
        if kind == ImageText::Formula {
            self.open.n_formulas += 1;
        }
        if kind == ImageText::Alternative {
            self.open.alternative_bytes += self.outline.text.len() - before;
        }
    }

    /// Writes a formula in place of its element; `false` if it is none.
    fn formula(&mut self, id: NodeId) -> bool {
        self.buffers.inline.clear();
        let formula = math::read(self.dom, id, &mut self.buffers.inline);
        match formula {
            Formula::None => return false,
            Formula::Rendering => {}
            Formula::Inline => {
                self.open.n_formulas += 1;
                self.open.collapser.push(&mut self.outline.text, self.open.start, &self.buffers.inline);
            }
            Formula::Display => {
                self.flush();
                self.open.n_formulas += 1;
                self.outline.text.push_str(&self.buffers.inline);
                self.finish(BlockKind::Formula);
            }
        }
        true
    }

    fn script(&mut self, id: NodeId) -> Visit {
        match subsup::script(self.dom, id, &self.outline.text[self.open.start..]) {
            Some(text) => {
                self.outline.text.push_str(&text);
                Visit::Skip
            }
            None => Visit::Children,
        }
    }

    fn listing(&mut self, id: NodeId) -> Visit {
        self.flush();
        self.join = self.join.max(Join::Paragraph);
        code::push_listing(self.dom, id, &mut self.buffers.hints, &mut self.outline.text);
        self.finish(BlockKind::Code);
        self.join = Join::Paragraph;
        Visit::Skip
    }

    fn line_break(&mut self) {
        if self.outline.text.len() == self.open.start {
            return;
        }
        if self.outline.text.ends_with('\n') {
            self.paragraph_break();
        } else {
            self.open.collapser.line_break(&mut self.outline.text);
        }
    }

    fn paragraph_break(&mut self) {
        self.flush();
        self.join = Join::Paragraph;
    }

    /// Ends the block being written.
    fn flush(&mut self) {
        let text = &self.outline.text[self.open.start..];
        let kept = text.trim_end().len();
        // A picture alone says nothing about the text around it.
        if kept <= self.open.alternative_bytes {
            self.outline.text.truncate(self.open.start);
        } else {
            self.outline.text.truncate(self.open.start + kept);
        }
        self.finish(self.kind());
    }

    /// Records the text from the start of the open block as a block, if there is any.
    fn finish(&mut self, kind: BlockKind) {
        let end = self.outline.text.len();
        if end > self.open.start {
            if let Some(number) = self.number.take() {
                self.outline.text.insert_str(self.open.start, &format!("{number}. "));
            }
            if self.n_open_links > 0 {
                self.open.link_bytes += end.saturating_sub(self.link_start) as u32;
            }
            let text = &self.outline.text[self.open.start..];
            let measured = Block::measured(self.open.start, text, self.container, kind);
            let block = Block {
                n_formulas: self.open.n_formulas.max(measured.n_formulas),
                join: std::mem::take(&mut self.join),
                link_bytes: self.open.link_bytes,
                n_links: self.open.n_links,
                ..measured
            };
            self.outline.blocks.push(block);
        }
        self.open = Open { start: self.outline.text.len(), n_links: self.n_open_links.min(1), ..Open::default() };
        self.link_start = self.open.start;
    }

    fn kind(&self) -> BlockKind {
        if self.n_open_headings > 0 {
            return BlockKind::Heading;
        }
        match self.outline.containers[self.container as usize].tag {
            Tag::P => BlockKind::Paragraph,
            Tag::Li | Tag::Dt | Tag::Dd => BlockKind::Item,
            Tag::Td | Tag::Th => BlockKind::Cell,
            Tag::Figcaption | Tag::Caption => BlockKind::Caption,
            _ => BlockKind::Plain,
        }
    }

    fn names(&mut self, id: NodeId) -> Names {
        let mut names = Names::default();
        for (attr, value) in self.dom.attrs(id) {
            match attr {
                Attr::Class => {
                    let (hash, hints) = self.buffers.hints.read(value);
                    names.hints = names.hints.with(hints);
                    names.class = hash as u32;
                }
                Attr::Id => names.hints = names.hints.with(self.buffers.hints.read(value).1),
                Attr::Hidden => names.is_hidden |= !value.eq_ignore_ascii_case("until-found"),
                Attr::AriaHidden => names.is_silent |= value.eq_ignore_ascii_case("true"),
                Attr::Style => names.is_hidden |= hides(value),
                Attr::DataTex | Attr::DataExpr | Attr::DataLatex | Attr::DataEquation | Attr::DataFormula => {
                    names.may_be_formula = true;
                }
                _ => {}
            }
        }
        names.may_be_formula |= names.hints.any(Hints::MATH);
        names.is_unseen = names.hints.any(Hints::HIDDEN);
        names
    }
}

/// What the attributes of an element say.
#[derive(Default)]
struct Names {
    hints: Hints,
    /// Hash of the `class`.
    class: u32,
    /// `hidden`, or a style to that effect.
    is_hidden: bool,
    /// For screen readers only.
    is_unseen: bool,
    /// `aria-hidden`.
    is_silent: bool,
    may_be_formula: bool,
}

/// Whether an alternative text is only the name of the file.
fn is_file_name(alternative: &str) -> bool {
    const ENDINGS: [&str; 6] = [".jpg", ".jpeg", ".png", ".gif", ".webp", ".svg"];
    let lower = alternative.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::super::{Mode, Scratch, extract};

    /// The text of a page as it is written, all of it.
    fn all_text(html: &str) -> String {
        extract(html, Mode::AllText, &mut Scratch::default()).text
    }

    #[test]
    fn blocks_stand_on_lines_and_inline_elements_do_not() {
        assert_eq!(all_text("<h1>Title</h1><p>a <b>b</b>c</p><div>d</div><div>e</div>"), "Title\n\na bc\n\nd\ne");
        assert_eq!(all_text("a<br>b<br><br>c<hr>d"), "a\nb\n\nc\n\nd");
    }

    #[test]
    fn items_and_nested_lists() {
        assert_eq!(all_text("x<ul><li>a<ul><li>b</ul><li><p>c</p></ul>y"), "x\n\na\nb\nc\n\ny");
        assert_eq!(all_text("<ol start=3><li>a<li><b>b</b></ol>"), "3. a\n4. b");
        assert_eq!(all_text("<dl><dt>t<dd>d</dl>"), "t\nd");
    }

    #[test]
    fn rows_of_short_cells_are_lines() {
        let html = "<table><tr><th>k<th>v<tr><td>a<td>b<tr><td><p>long</p><p>cell</p><td>c</table>";
        assert_eq!(all_text(html), "k\tv\na\tb\n\nlong\n\ncell\n\nc");
    }

    #[test]
    fn what_is_not_shown_is_dropped() {
        assert_eq!(all_text("a<div style='color:red; Display : NONE !important'>x</div><p hidden>y</p>b"), "a\n\nb");
        assert_eq!(all_text("a <b hidden>x</b>b"), "a b");
        assert_eq!(
            all_text("<script>x</script><style>y</style><template>z</template><select><option>o</select>a"),
            "a"
        );
        assert_eq!(all_text("<h2><button>Question</button></h2><button>Buy</button>"), "Question");
        assert_eq!(all_text("<span class=sr-only>x</span>a<noscript><p>b</noscript>"), "a");
        assert_eq!(
            all_text("<div aria-hidden=true>a <i aria-hidden=true>x</i><i class=material-icons>y</i></div>"),
            "a"
        );
        assert_eq!(all_text("<dialog>x</dialog><dialog open>a</dialog>"), "a");
    }

    #[test]
    fn pictures_speak_inside_text_only() {
        assert_eq!(all_text("<p>See <img alt='the plan'> here.</p>"), "See the plan here.");
        assert_eq!(all_text("<p><img alt='A long description'></p><p>b <img alt=photo.JPG></p>"), "b");
        assert_eq!(all_text("<p>b <a href=x><img alt=icon></a></p>"), "b");
    }

    #[test]
    fn formulas_and_scripts_stay_in_their_line() {
        assert_eq!(all_text("<p>If <script type='math/tex'>x</script>, 10<sup>6</sup> m</p>"), "If $x$, 10^6 m");
        assert_eq!(all_text("<p>a<script type='math/tex; mode=display'>x</script>b</p>"), "a\n$$x$$\nb");
    }

    #[test]
    fn listings_are_paragraphs_of_their_own() {
        assert_eq!(all_text("<p>a <code>b</code> c<pre> x\n  y</pre>d"), "a b c\n\n x\n  y\n\nd");
        let html = "<table><tr><td class=linenos><pre>1\n2</pre><td><pre>x\ny</pre></table>";
        assert_eq!(all_text(html), "x\ny");
    }
}
