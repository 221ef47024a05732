//! Finds the frame of a site around the content of a page: menus, footers, side columns, forms, notices.

use super::super::blocks::{Block, Outline};
use super::super::hints::Hints;
use super::super::landmarks::Landmark;
use super::sums::Sums;

/// What names say is believed if all containers that say it together hold at most this share of the letters outside of
/// declared frames. Site authors put such words on wrappers of everything as well (`has-sidebar`, `nav-open`), and what
/// a site is about may be called so: the comments of a forum, the tags of a glossary. Word F1 on the WCXB development
/// pages is flat between 0.3 and 0.5.
const MAX_NAMED_SHARE: f32 = 0.4;
/// Letters of prose outside of comments that make a page an article with comments, however many there are.
const MIN_COMMENTED_LETTERS: u32 = 1_500;
/// Most of the letters of the page that a `header` outside of articles may hold; some wrap the whole page.
const MAX_HEADER_SHARE: f32 = 0.2;
/// The same for a form.
const MAX_FORM_SHARE: f32 = 0.1;

/// Marks the containers that are part of the frame, with all that is inside them.
pub fn mark(outline: &Outline, sums: &Sums, in_frame: &mut Vec<bool>) {
    let containers = &outline.containers;
    let holds = holdings(outline);
    let believed = believed_names(outline, sums, &holds);
    in_frame.clear();
    in_frame.resize(containers.len(), false);
    let mut in_content = vec![false; containers.len()];
    for (index, container) in containers.iter().enumerate() {
        let parent = container.parent as usize;
        if in_frame[parent] || container.is_hidden {
            in_frame[index] = true;
            continue;
        }
        in_content[index] = in_content[parent] || matches!(container.landmark, Landmark::Main | Landmark::Article);
        let share = sums.of(container).letters as f32 / sums.all().letters.max(1) as f32;
        in_frame[index] = match container.landmark {
            Landmark::Page | Landmark::Main => false,
            _ if holds[index].main => false,
            Landmark::Frame => true,
            Landmark::Article => believed.and(Hints::COMMENTS).any(container.hints) && !holds[index].title,
            Landmark::Header if !in_content[index] && share < MAX_HEADER_SHARE => true,
            Landmark::Form if share < MAX_FORM_SHARE => true,
            _ => believed.any(container.hints) && !holds[index].title,
        };
    }
}

/// The hints to go by on this page.
fn believed_names(outline: &Outline, sums: &Sums, holds: &[Holdings]) -> Hints {
    let containers = &outline.containers;
    // What a container is inside of: declared frames, and names that count.
    let mut is_declared = vec![false; containers.len()];
    let mut around = vec![Hints::default(); containers.len()];
    let mut named_letters = [0u32; u32::BITS as usize];
    let mut declared_letters = 0;
    for (index, container) in containers.iter().enumerate() {
        let parent = container.parent as usize;
        let letters = sums.of(container).letters;
        is_declared[index] = is_declared[parent];
        around[index] = around[parent];
        if is_declared[parent] || container.is_hidden {
            is_declared[index] = true;
            continue;
        }
        if container.landmark == Landmark::Frame && !holds[index].main {
            is_declared[index] = true;
            declared_letters += letters;
        } else if !holds[index].main && !holds[index].title {
            let names = container.hints.and(Hints::FRAME).without(around[parent]);
            for hint in names.iter() {
                named_letters[hint.bit()] += letters;
            }
            around[index] = around[parent].with(names);
        }
    }
    let open_letters = sums.all().letters - declared_letters;
    let limit = MAX_NAMED_SHARE * open_letters as f32;
    let few = Hints::FRAME.iter().filter(|hint| named_letters[hint.bit()] as f32 <= limit);
    let believed = few.fold(Hints::default(), Hints::with);
    let is_prose = |block: &&Block| {
        let container = block.container as usize;
        !is_declared[container] && !around[container].any(Hints::COMMENTS) && block.is_prose()
    };
    let prose: u32 = outline.blocks.iter().filter(is_prose).map(|block| block.letters).sum();
    if prose >= MIN_COMMENTED_LETTERS { believed.with(Hints::COMMENTS) } else { believed }
}

/// Landmarks at or below a container.
#[derive(Clone, Copy, Default)]
struct Holdings {
    main: bool,
    title: bool,
}

fn holdings(outline: &Outline) -> Vec<Holdings> {
    let mut holds = vec![Holdings::default(); outline.containers.len()];
    for (index, container) in outline.containers.iter().enumerate().rev() {
        holds[index].main |= container.landmark == Landmark::Main;
        holds[index].title |= container.landmark == Landmark::Title;
        let below = holds[index];
        let parent = &mut holds[container.parent as usize];
        parent.main |= below.main;
        parent.title |= below.title;
    }
    holds
}

#[cfg(test)]
mod tests {
    use super::super::super::dom::Dom;
    use super::*;

    /// The blocks outside the frame.
    fn content(html: &str) -> Vec<String> {
        let mut dom = Dom::default();
        dom.parse(html);
        let mut outline = Outline::default();
        outline.read(&dom);
        let mut sums = Sums::default();
        sums.fill(&outline, |_| true);
        let mut in_frame = Vec::new();
        mark(&outline, &sums, &mut in_frame);
        let blocks = outline.blocks.iter().filter(|block| !in_frame[block.container as usize]);
        blocks.map(|block| outline.text_of(block).to_owned()).collect()
    }

    #[test]
    fn declared_frames_go_whatever_their_size() {
        let html = "<p>a</p><nav><p>a long menu of many words</p></nav><div role=search>b</div><footer>c</footer>";
        assert_eq!(content(html), ["a"]);
        assert_eq!(content("<footer><main>all of it</main></footer>"), ["all of it"]);
    }

    #[test]
    fn names_go_while_they_are_few() {
        let text = "The text of the page. ".repeat(10);
        let text = text.trim();
        assert_eq!(content(&format!("<p>{text}</p><div class=sidebar>side</div>")), [text]);
        assert_eq!(content(&format!("<div class=has-sidebar><p>{text}</p></div>x")), [text, "x"]);
        assert_eq!(content(&format!("<div class=nav><h1>t</h1></div><p>{text}</p>")), ["t", text]);
        let many = format!("<p>{text}</p>") + &format!("<div class=comment>{text}</div>").repeat(3);
        assert_eq!(content(&many).len(), 4);
    }

    #[test]
    fn comments_go_from_below_an_article() {
        let prose = "A sentence of an article that has something to say. ".repeat(60);
        let comment = "A comment which goes on about it. ".repeat(40);
        let html = format!("<p>{prose}</p>") + &format!("<article class=comment>{comment}</article>").repeat(10);
        assert_eq!(content(&html), [prose.trim()]);
    }

    #[test]
    fn headers_and_forms_go_if_small() {
        let text = "text ".repeat(100);
        let text = text.trim();
        let small = format!("<header>h</header><p>{text}</p><form>f</form>");
        assert_eq!(content(&small), [text]);
        assert_eq!(content(&format!("<article><header>h</header><p>{text}</p></article>")), ["h", text]);
        assert_eq!(content(&format!("<form><p>{text}</p></form>")), [text]);
    }
}
