//! Turns a mix and the tokens that there are into intervals of streams, one after the other for every training phase.

use super::amount::{MAX_TOKENS, exact, short};
use super::solve::{ONE, apportion, capacity, fill, fixed, largest, tempered, whole};
use super::spec::{BILLION, Budget, Group, Mix, Phase, Proportions, Shortfall};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use tokenmill_core::BuildError;

/// The name under which [`Supply`] counts documents that are in no group.
pub const UNUSED: &str = "";

/// Streams of a mix, at most: every training phase has an interval of each.
const MAX_STREAMS: usize = 100_000;

/// What there is, by full group name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supply(pub BTreeMap<String, Available>);

/// What there is of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Available {
    /// Documents.
    pub n_documents: u64,
    /// Their tokens, begin and end tokens included.
    pub n_tokens: u64,
}

/// What every training phase takes of every stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The phases, in the order of the training run.
    pub phases: Vec<Training>,
}

/// One phase of the training run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Training {
    /// Its name.
    pub name: String,
    /// Tokens of a training sequence, at most; 0 for no limit.
    pub context: u64,
    /// Its tokens: what is taken sums to this.
    pub budget: u64,
    /// What is taken, in the order of the groups in the mix and of the names of their subgroups.
    pub takes: Vec<Take>,
}

/// An interval of a stream: the documents of a group in their order, repeated for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Take {
    /// Full name of the group.
    pub group: String,
    /// Where it begins, in tokens from the beginning of the first epoch.
    pub start: u64,
    /// Where it ends; the token at this place is not in it.
    pub end: u64,
    /// Tokens that the proportions ask for; what is taken differs if a group has too little and others fill in.
    pub wanted: u64,
    /// Tokens of one epoch.
    pub available: u64,
    /// Where the cap on repetition ends the stream, if it does.
    pub cap: Option<u64>,
}

/// One group, or one subgroup of a group that is split.
struct Stream {
    name: String,
    available: u64,
    /// Where the cap ends it; [`ONE`] if it has none.
    cap: u64,
    /// Its tokens as they count in natural proportions: of one epoch at most, times its factor.
    natural: u64,
    /// How much of it earlier phases have used.
    used: u64,
}

/// Plans a training run.
///
/// # Errors
/// When a group lacks documents or has less than its cap allows, with what would fit; when the supply is of another mix.
pub fn schedule(mix: &Mix, supply: &Supply) -> Result<Schedule, BuildError> {
    let (mut streams, ranges) = streams(mix, supply)?;
    let mut phases = Vec::new();
    let mut total = 0u64;
    for phase in &mix.phases {
        let training = plan(mix, phase, &mut streams, &ranges)?;
        total = total.saturating_add(training.budget);
        if total > MAX_TOKENS {
            let error = BuildError::new(format!("the phases have more than {MAX_TOKENS} tokens together"));
            return Err(error.hint("lower `tokens`"));
        }
        phases.push(training);
    }
    Ok(Schedule { phases })
}

/// All streams with documents, and which of them each group has.
fn streams(mix: &Mix, supply: &Supply) -> Result<(Vec<Stream>, Vec<Range<usize>>), BuildError> {
    let total = supply.0.values().map(|available| u128::from(available.n_tokens)).sum::<u128>();
    if total > u128::from(MAX_TOKENS) {
        return Err(BuildError::new(format!("the sources have {total} tokens, and a mix counts up to {MAX_TOKENS}")));
    }
    let mut by_group: BTreeMap<&str, Vec<(&str, &str, u64)>> = BTreeMap::new();
    for (name, available) in supply.0.iter().filter(|(name, _)| *name != UNUSED) {
        let (group, value) = name.split_once('/').map_or((name.as_str(), None), |(group, value)| (group, Some(value)));
        let fits = |known: &&Group| known.name == group && known.split.is_some() == value.is_some();
        if !mix.groups.iter().any(|known| fits(&known)) {
            let error = BuildError::new(format!("documents were counted for `{name}`, which is no group of this mix"));
            return Err(error.hint("count the documents again with this mix"));
        }
        if available.n_tokens > 0 {
            by_group.entry(group).or_default().push((name.as_str(), value.unwrap_or(""), available.n_tokens));
        }
    }
    let (mut streams, mut ranges) = (Vec::new(), Vec::new());
    for group in &mix.groups {
        let first = streams.len();
        for (name, value, available) in by_group.get(group.name.as_str()).into_iter().flatten() {
            let factor = group.split.as_ref().and_then(|split| split.weights.get(*value)).copied().unwrap_or(1.0);
            let cap = group.max_epochs.of(*available).map_or(ONE, |cap| cap.min(u128::from(ONE)) as u64);
            let billionths = (factor * BILLION).round() as u128;
            let natural = (u128::from(cap.min(*available)) * billionths + 500_000_000) / 1_000_000_000;
            let natural = natural.min(u128::from(ONE)) as u64;
            streams.push(Stream { name: (*name).to_owned(), available: *available, cap, natural, used: 0 });
        }
        if streams.len() > MAX_STREAMS {
            let message = format!("group `{}` falls into more than {MAX_STREAMS} subgroups", group.name);
            return Err(BuildError::new(message).hint("split it by something with fewer values"));
        }
        ranges.push(first..streams.len());
    }
    Ok((streams, ranges))
}

/// The streams of one group in one phase.
struct Part {
    streams: Range<usize>,
    weights: Vec<u64>,
    rooms: Vec<u64>,
    /// Its tokens in natural proportions.
    natural: u128,
}

fn plan(mix: &Mix, phase: &Phase, streams: &mut [Stream], ranges: &[Range<usize>]) -> Result<Training, BuildError> {
    let parts = parts(mix, phase, streams, ranges);
    let weights = group_weights(mix, phase, &parts)?;
    let most: Vec<u64> = parts.iter().map(|part| largest(&part.weights, &part.rooms)).collect();
    let fits = largest(&weights, &most);
    let once = parts.iter().map(|part| part.natural).sum::<u128>().min(u128::from(ONE)) as u64;
    let budget = match (phase.budget, &phase.proportions, phase.on_shortfall) {
        (Budget::Tokens(tokens), _, _) => tokens,
        (Budget::AtMost(most), Proportions::Natural, Shortfall::Fill) => once.min(most),
        (Budget::AtMost(most), Proportions::Natural, Shortfall::Refuse) => fits.min(once).min(most),
        (Budget::AtMost(most), _, _) => fits.min(most),
        (Budget::All, Proportions::Natural, Shortfall::Fill) => once,
        (Budget::All, Proportions::Natural, Shortfall::Refuse) => fits.min(once),
        (Budget::All, _, _) if fits > MAX_TOKENS => {
            let message = format!(
                "phase `{}` takes \"all\" tokens of groups that may be repeated for ever, or nearly so",
                phase.name
            );
            return Err(BuildError::new(message).hint("name a budget in `tokens`, or set `max_epochs` of the groups"));
        }
        (Budget::All, _, _) => fits,
    };
    if budget == 0 {
        let message =
            format!("phase `{}` gets nothing: of one of its groups, nothing is left under `max_epochs`", phase.name);
        return Err(BuildError::new(message).hint("raise `max_epochs`, or give earlier phases less"));
    }
    let wanted = two_levels(&parts, apportion(&weights, budget), |part, tokens| apportion(&part.weights, tokens));
    let rooms: Vec<u64> = parts.iter().flat_map(|part| part.rooms.iter().copied()).collect();
    let takes = if wanted.iter().zip(&rooms).all(|(wanted, room)| wanted <= room) {
        wanted.clone()
    } else if phase.on_shortfall == Shortfall::Refuse {
        return Err(refusal(phase, streams, &wanted, fits));
    } else {
        let rooms: Vec<u64> = parts.iter().map(|part| capacity(&part.weights, &part.rooms)).collect();
        let shares = fill(&weights, budget, &rooms).ok_or_else(|| {
            let (asked, most) = (exact(budget), exact(capacity(&weights, &rooms)));
            let message =
                format!("phase `{}` asks for {asked} tokens, and its groups have {most} under their caps", phase.name);
            BuildError::new(message).hint("lower `tokens`, or raise `max_epochs` of the groups")
        })?;
        // No group gets more than it has room for, so its streams do not refuse it.
        two_levels(&parts, shares, |part, tokens| fill(&part.weights, tokens, &part.rooms).unwrap_or_default())
    };
    let mut training =
        Training { name: phase.name.clone(), context: phase.context, budget, takes: Vec::with_capacity(takes.len()) };
    for ((stream, taken), wanted) in streams.iter_mut().zip(takes).zip(wanted) {
        let (start, end) = (stream.used, stream.used + taken);
        stream.used = end;
        if taken > 0 || wanted > 0 {
            let cap = (stream.cap < ONE).then_some(stream.cap);
            training.takes.push(Take {
                group: stream.name.clone(),
                start,
                end,
                wanted,
                available: stream.available,
                cap,
            });
        }
    }
    Ok(training)
}

fn parts(mix: &Mix, phase: &Phase, streams: &[Stream], ranges: &[Range<usize>]) -> Vec<Part> {
    let is_open = matches!(phase.budget, Budget::All | Budget::AtMost(_));
    let what_is_left = is_open && phase.proportions == Proportions::Natural;
    let part = |(group, range): (&Group, &Range<usize>)| {
        let own = &streams[range.clone()];
        let rooms: Vec<u64> = own.iter().map(|stream| stream.cap.saturating_sub(stream.used)).collect();
        let natural = |(stream, room): (&Stream, &u64)| {
            if what_is_left { stream.natural.min(*room) } else { stream.natural }
        };
        let natural: Vec<u64> = own.iter().zip(&rooms).map(natural).collect();
        let weights = tempered(&natural, group.split.as_ref().map_or(1.0, |split| split.temperature));
        Part { streams: range.clone(), weights, rooms, natural: natural.iter().map(|tokens| u128::from(*tokens)).sum() }
    };
    mix.groups.iter().zip(ranges).map(part).collect()
}

/// The weights of the groups in a phase; who has one has documents.
fn group_weights(mix: &Mix, phase: &Phase, parts: &[Part]) -> Result<Vec<u64>, BuildError> {
    let named = |values: &BTreeMap<String, f64>| {
        fixed(&mix.groups.iter().map(|group| values.get(&group.name).copied().unwrap_or(0.0)).collect::<Vec<_>>())
    };
    let weights = match &phase.proportions {
        Proportions::Natural => whole(&parts.iter().map(|part| part.natural).collect::<Vec<_>>()),
        Proportions::Shares(values) | Proportions::Weights(values) => named(values),
        Proportions::Tokens(values) => {
            mix.groups.iter().map(|group| values.get(&group.name).copied().unwrap_or(0)).collect()
        }
    };
    for ((group, part), weight) in mix.groups.iter().zip(parts).zip(&weights) {
        if *weight > 0 && part.weights.iter().all(|weight| *weight == 0) {
            let (name, what) =
                (&group.name, if part.streams.is_empty() { "has no documents" } else { "has no weight left" });
            let error = BuildError::new(format!("phase `{}` asks for group `{name}`, which {what}", phase.name));
            return Err(
                error.hint("compare its conditions with the columns of the token stores, or leave it out of the phase")
            );
        }
    }
    if weights.iter().all(|weight| *weight == 0) {
        let error = BuildError::new(format!("phase `{}` gets nothing: all groups are empty or used up", phase.name));
        return Err(error.hint("compare the conditions of the groups with the columns of the token stores"));
    }
    Ok(weights)
}

/// Shares the tokens of each group among its streams.
fn two_levels(parts: &[Part], shares: Vec<u64>, share: impl Fn(&Part, u64) -> Vec<u64>) -> Vec<u64> {
    parts.iter().zip(shares).flat_map(|(part, tokens)| share(part, tokens)).collect()
}

/// Why a phase cannot be had as it is asked for: the group that lacks most.
fn refusal(phase: &Phase, streams: &[Stream], wanted: &[u64], fits: u64) -> BuildError {
    let lacks = |stream: &Stream, wanted: u64| stream.used + wanted > stream.cap;
    let epochs = |tokens: u64, stream: &Stream| tokens as f64 / stream.available.max(1) as f64;
    let over: Vec<(&Stream, u64)> =
        streams.iter().zip(wanted.iter().copied()).filter(|(stream, wanted)| lacks(stream, *wanted)).collect();
    let worst = over.iter().max_by(|a, b| {
        let excess =
            |(stream, wanted): &(&Stream, u64)| epochs(stream.used + wanted, stream) - epochs(stream.cap, stream);
        excess(a).total_cmp(&excess(b))
    });
    let Some((stream, tokens)) = worst else {
        return BuildError::new(format!("phase `{}` asks for more than there is", phase.name));
    };
    let more = match over.len() - 1 {
        0 => String::new(),
        1 => "; one more group has too little".to_owned(),
        n => format!("; {n} more groups have too little"),
    };
    let (needed, cap) = (epochs(stream.used + tokens, stream), epochs(stream.cap, stream));
    let earlier = if stream.used == 0 { "" } else { ", counted from the first phase," };
    let message = format!(
        "phase `{}` asks for {} tokens of `{}`, which has {}: that is {needed:.2} epochs{earlier} and the cap is {cap:.2}{more}",
        phase.name,
        short(*tokens),
        stream.name,
        short(stream.available),
    );
    let fits = match &phase.proportions {
        _ if fits == 0 => "nothing fits in these proportions".to_owned(),
        Proportions::Tokens(_) => format!("in these proportions, {} tokens in all would fit", exact(fits)),
        _ => format!("the largest budget in these proportions is `tokens = {}`", exact(fits)),
    };
    BuildError::new(message)
        .hint(format!("{fits}; or raise `max_epochs`, ask for less of it, or set `on_shortfall = \"fill\"`"))
}
