//! Finds the frame of a site around the content of a page: menus, footers, side columns, forms, notices.

use super::blocks::Outline;
use super::hints::Hints;
use super::landmarks::Landmark;

/// What a name says is believed only for a container that holds at most this share of the letters of the page: site
/// authors also put such words on wrappers of everything (`has-sidebar`, `nav-open`). Shares were chosen by word F1 on
/// the WCXB development pages; between half and double of each the score changes by less than 0.003.
const NAMED: &[(Hints, f32)] = &[
    (Hints::NAVIGATION, 0.2),
    (Hints::FOOTER, 0.4),
    (Hints::HEADER, 0.2),
    (Hints::SIDEBAR, 0.2),
    (Hints::CONSENT, 0.5),
    (Hints::SOCIAL, 0.2),
    (Hints::RELATED, 0.2),
    (Hints::ADVERTISEMENT, 0.15),
    (Hints::POPUP, 0.2),
    (Hints::METADATA, 0.15),
    (Hints::CONTROL, 0.1),
    (Hints::COMMENTS, 0.15),
];
/// As above for `header` outside of articles and for forms; on some sites a form wraps the whole page.
const MAX_HEADER_SHARE: f32 = 0.2;
const MAX_FORM_SHARE: f32 = 0.1;

/// Sums over the blocks before each position, so that any container is weighed at once.
#[derive(Debug, Default)]
pub struct Sums {
    letters: Vec<u32>,
    link_letters: Vec<f32>,
}

impl Sums {
    /// Adds up the blocks for which `counts` holds.
    pub fn fill(&mut self, outline: &Outline, counts: impl Fn(usize) -> bool) {
        self.letters.clear();
        self.link_letters.clear();
        let (mut letters, mut link_letters) = (0u32, 0f32);
        self.letters.push(letters);
        self.link_letters.push(link_letters);
        for (index, block) in outline.blocks.iter().enumerate() {
            if counts(index) {
                letters += block.letters;
                link_letters += block.letters as f32 * block.link_density();
            }
            self.letters.push(letters);
            self.link_letters.push(link_letters);
        }
    }

    /// Letters of the blocks `first..end`.
    pub fn letters(&self, first: u32, end: u32) -> u32 {
        self.letters[end as usize] - self.letters[first as usize]
    }

    /// Letters of all blocks.
    pub fn total(&self) -> u32 {
        self.letters.last().copied().unwrap_or(0)
    }

    /// Share of the letters of the blocks `first..end` that are in links.
    pub fn link_density(&self, first: u32, end: u32) -> f32 {
        let link_letters = self.link_letters[end as usize] - self.link_letters[first as usize];
        link_letters / self.letters(first, end).max(1) as f32
    }
}

/// Marks the containers that are part of the frame, with all that is inside them.
pub fn mark(outline: &Outline, sums: &Sums, in_frame: &mut Vec<bool>) {
    let containers = &outline.containers;
    let holds = holdings(outline);
    in_frame.clear();
    in_frame.resize(containers.len(), false);
    let mut in_content = vec![false; containers.len()];
    for (index, container) in containers.iter().enumerate() {
        let parent = container.parent as usize;
        if in_frame[parent] {
            in_frame[index] = true;
            continue;
        }
        in_content[index] = in_content[parent] || is_content(container.landmark);
        let share = sums.letters(container.first_block, container.end_block) as f32 / sums.total().max(1) as f32;
        in_frame[index] = match container.landmark {
            Landmark::Page | Landmark::Main | Landmark::Article => false,
            _ if holds[index].main => false,
            Landmark::Frame => true,
            Landmark::Header if !in_content[index] && share < MAX_HEADER_SHARE => true,
            Landmark::Form if share < MAX_FORM_SHARE => true,
            _ if holds[index].title => false,
            _ => NAMED.iter().any(|&(hint, limit)| container.hints.any(hint) && share < limit),
        };
    }
}

fn is_content(landmark: Landmark) -> bool {
    matches!(landmark, Landmark::Main | Landmark::Article)
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
