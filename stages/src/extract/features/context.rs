//! What the first look at all blocks says of each: the second look, as in stacked sequential learning (Cohen and
//! Carvalho, 2005). Blocks of one container, of one role and of one stretch of the page belong together.

use super::super::blocks::Outline;
use super::Features;
use super::block::LEVELS;

/// Blocks on either side of a window.
const WINDOWS: [usize; 3] = [3, 8, 25];

/// The probabilities of the first look, added up in all the ways that are asked for.
#[derive(Debug)]
pub struct Context<'a> {
    features: &'a Features<'a>,
    first: &'a [f32],
    /// Sums over the blocks before each position: weight, and weight times probability.
    before: Vec<(f64, f64)>,
    roles: Vec<f32>,
    /// For each container, the mean of the innermost repeated container around it and of all its siblings alike.
    repeated: Vec<f32>,
    /// Share of what the rules keep that is expected, and share of what is expected that the rules keep.
    rules: [f32; 2],
    /// Highest probability up to each block, and from each block on.
    up_to: Vec<f32>,
    from: Vec<f32>,
}

impl<'a> Context<'a> {
    /// Adds up the probabilities of the first look.
    pub fn new(features: &'a Features<'a>, first: &'a [f32]) -> Self {
        let outline = features.outline;
        let mut before = vec![(0.0, 0.0)];
        let (mut weight, mut sum) = (0.0, 0.0);
        let (mut ruled, mut both) = (0.0, 0.0);
        for ((block, &probability), &is_ruled) in outline.blocks.iter().zip(first).zip(features.ruled.keep) {
            let letters = f64::from(1 + block.letters);
            weight += letters;
            sum += letters * f64::from(probability);
            before.push((weight, sum));
            if is_ruled {
                ruled += letters;
                both += letters * f64::from(probability);
            }
        }
        let running = |highest: &mut f32, &probability: &f32| {
            *highest = highest.max(probability);
            Some(*highest)
        };
        let up_to = first.iter().scan(0.0, running).collect();
        let mut from: Vec<f32> = first.iter().rev().scan(0.0, running).collect();
        from.reverse();
        let mut context = Context {
            roles: features.roles.means(outline, first),
            rules: [(both / f64::max(ruled, 1.0)) as f32, (both / f64::max(sum, 1.0)) as f32],
            repeated: Vec::new(),
            features,
            first,
            before,
            up_to,
            from,
        };
        context.repeated = context.repeated(outline);
        context
    }

    /// Appends the numbers of a block.
    pub fn push_row(&self, index: usize, row: &mut Vec<f32>) {
        let features = self.features;
        let levels = super::block::levels(features, features.outline.blocks[index].container);
        push_context(&At { context: self, index, levels }, row);
    }

    fn mean(&self, first: usize, end: usize) -> f32 {
        let (weight, sum) = (self.before[end].0 - self.before[first].0, self.before[end].1 - self.before[first].1);
        (sum / weight.max(1.0)) as f32
    }

    fn repeated(&self, outline: &Outline) -> Vec<f32> {
        let mut order: Vec<(u32, u32, u32)> = Vec::new();
        for (index, container) in (0..).zip(&outline.containers).skip(1) {
            if self.features.around[index as usize].is_repeated {
                order.push((container.parent, container.signature, index));
            }
        }
        order.sort_unstable();
        let mut own: Vec<Option<f32>> = vec![None; outline.containers.len()];
        for group in order.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (mut weight, mut sum) = (0.0, 0.0);
            for &(.., index) in group {
                let container = &outline.containers[index as usize];
                let (first, end) = (container.first_block as usize, container.end_block as usize);
                weight += self.before[end].0 - self.before[first].0;
                sum += self.before[end].1 - self.before[first].1;
            }
            for &(.., index) in group {
                own[index as usize] = Some((sum / f64::max(weight, 1.0)) as f32);
            }
        }
        let mut means: Vec<f32> = Vec::with_capacity(own.len());
        for (container, own) in outline.containers.iter().zip(own) {
            let around = means.get(container.parent as usize).copied().unwrap_or(-1.0);
            means.push(own.unwrap_or(around));
        }
        means
    }
}

/// A block in its context.
pub struct At<'a> {
    context: &'a Context<'a>,
    index: usize,
    levels: [u32; LEVELS],
}

impl At<'_> {
    fn neighbour(&self, offset: isize) -> f32 {
        let index = self.index.checked_add_signed(offset);
        index.and_then(|index| self.context.first.get(index)).copied().unwrap_or(-1.0)
    }

    fn window(&self, window: usize) -> f32 {
        let end = self.context.first.len().min(self.index + WINDOWS[window] + 1);
        self.context.mean(self.index.saturating_sub(WINDOWS[window]), end)
    }

    fn level(&self, level: usize) -> f32 {
        let container = &self.context.features.outline.containers[self.levels[level] as usize];
        self.context.mean(container.first_block as usize, container.end_block as usize)
    }

    fn container(&self) -> usize {
        self.context.features.outline.blocks[self.index].container as usize
    }

    fn expected(&self) -> f64 {
        self.context.before.last().map_or(0.0, |sums| sums.1)
    }
}

super::row! {
    /// Names of the numbers of the second look.
    CONTEXT_NAMES,
    push_context, at: At<'_> {
        "first": at.context.first[at.index],
        "first.before2": at.neighbour(-2),
        "first.before1": at.neighbour(-1),
        "first.after1": at.neighbour(1),
        "first.after2": at.neighbour(2),
        "first.window3": at.window(0),
        "first.window8": at.window(1),
        "first.window25": at.window(2),
        "first.own": at.level(0),
        "first.around1": at.level(1),
        "first.around2": at.level(2),
        "first.around3": at.level(3),
        "first.role": at.context.roles[at.index],
        "first.repeated": at.context.repeated[at.container()],
        "first.up_to": at.context.up_to[at.index],
        "first.from": at.context.from[at.index],
        "first.position": (at.context.before[at.index].1 / at.expected().max(1.0)) as f32,
        "first.letters": at.expected() as f32,
        "first.share": at.context.mean(0, at.context.first.len()),
        "first.of_rules": at.context.rules[0],
        "first.by_rules": at.context.rules[1],
    }
}
