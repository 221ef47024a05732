//! Mixes of two token stores, compared with a plain model: what every training phase must hold, document by document.

use super::super::cuts::{CUTS, Planned};
use super::super::scatter::{Scatter, Selection};
use super::super::scattering::USES;
use super::super::settings::ShardSettings;
use super::super::sources::{MixPhase, Sources, mix_phases};
use super::super::{json_of, supply};
use super::*;
use crate::order::{shuffle_key, training_key};
use crate::plan::{Available, Mix, Schedule, UNUSED};
use std::collections::{BTreeMap, BTreeSet};

/// The group of a document of a source, if any: the conditions of a mix, said once more.
type Sorter = fn(&str, &Doc) -> Option<String>;

fn web() -> Vec<Doc> {
    let doc = |n: usize| Doc {
        url: format!("https://www.site{}.example/{n}", n % 11),
        lang: ["en", "en", "en", "en", "en", "de", "de", "de", "fr", "sw"][n % 10],
        kind: if n.is_multiple_of(7) { "code" } else { "prose" },
        score: (n % 4 < 3).then_some((n % 10) as f32 / 10.0),
        label: (!n.is_multiple_of(6)).then_some(["health", "games"][n % 2]),
        ..Doc::new(DocId::from_position("web", n as u64), format!("{n:x} ").repeat(5 + n % 60))
    };
    (0..240).map(doc).collect()
}

fn books() -> Vec<Doc> {
    let text = |n: usize| format!("b{n:x} ").repeat(20 + n * 7 % 50);
    (0..40).map(|n| Doc::new(DocId::from_position("books", n as u64), text(n))).collect()
}

/// Books of which some have the id of a page, and two its text as well.
fn twins() -> Vec<Doc> {
    let (pages, mut books) = (web(), books());
    for (n, book) in books.iter_mut().take(12).enumerate() {
        book.id = pages[n * 9].id;
        if n < 2 {
            book.text = pages[n * 9].text.clone();
        }
    }
    books
}

/// The two sources of every mix here.
fn sources() -> [(&'static str, Vec<Doc>); 2] {
    [("web", web()), ("books", books())]
}

fn stores(sources: &[(&str, Vec<Doc>)], n_in_part: usize, table_ids: Option<usize>) -> Vec<TokenStore> {
    let of = |(name, documents): &(&str, Vec<Doc>)| {
        let parts: Vec<Vec<Doc>> = documents.chunks(n_in_part).map(<[Doc]>::to_vec).collect();
        token_store(name, "mine", &parts, table_ids)
    };
    sources.iter().map(of).collect()
}

fn mix(rest: &str) -> Mix {
    let head = "[mix]\nname = \"m\"\nseed = 5\n[[source]]\nname = \"web\"\nrun = \"runs/web\"\n\
        [[source]]\nname = \"books\"\nrun = \"runs/books\"\n";
    Mix::parse(&format!("{head}{rest}"), "MIX.toml").unwrap_or_else(|error| panic!("{error:?}"))
}

/// Everything that the phases of a mix have left.
struct Made {
    store: MemStore,
    manifests: Vec<Manifest>,
    planned: Planned,
    dataset: Dataset,
}

/// Does the next phase of a mix.
fn perform_next((phase, from): &MixPhase, store: &MemStore, manifests: &mut Vec<Manifest>) {
    let read: Vec<(&str, &Manifest)> = from.iter().map(|(name, at)| (name.as_str(), &manifests[*at])).collect();
    let manifest = perform(&**phase, store, &read).unwrap();
    drop(read);
    manifests.push(manifest);
}

/// Does the phases of a mix, with another scatter where one is given.
fn make(mix: &Mix, stores: Vec<TokenStore>, scatter: Option<Scatter>) -> Made {
    let mut phases = mix_phases(mix, stores).unwrap();
    if let Some(scatter) = scatter {
        phases[2].0 = Box::new(scatter);
    }
    let (store, mut manifests) = (MemStore::new().unwrap(), Vec::new());
    phases.iter().for_each(|phase| perform_next(phase, &store, &mut manifests));
    let planned = json_of(&store, &manifests[1].parts[0], CUTS).unwrap();
    let dataset = dataset_in(&store, &manifests[4]);
    Made { store, manifests, planned, dataset }
}

/// A use of a document in a training phase.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Used {
    id: DocId,
    epoch: u32,
    group: String,
    ids: Vec<u32>,
}

/// The uses of every training phase, sorted. Streams are walked through document by document, from the first token of
/// the first epoch on; documents of one id stand together, where the last of them begins.
fn model(schedule: &Schedule, sources: &[(&str, Vec<Doc>)], group: Sorter) -> Vec<Vec<Used>> {
    let mut streams: BTreeMap<String, Vec<&Doc>> = BTreeMap::new();
    for (source, documents) in sources {
        for doc in documents {
            if let Some(name) = group(source, doc) {
                streams.entry(name).or_default().push(doc);
            }
        }
    }
    for stream in streams.values_mut() {
        stream.sort_by_key(|doc| (shuffle_key(SEED, 0, doc.id), doc.id, doc.text.len()));
    }
    let mut trainings = Vec::new();
    for training in &schedule.phases {
        let mut uses = Vec::new();
        for take in &training.takes {
            let stream = &streams[&take.group];
            assert_eq!(take.available, stream.iter().map(|doc| doc.ids().len() as u64).sum::<u64>());
            let (mut at, mut epoch) = (0, 0);
            while at < take.end {
                for place in stream.chunk_by(|a, b| a.id == b.id) {
                    let mut begin = at;
                    for doc in place {
                        begin = at;
                        at += doc.ids().len() as u64;
                    }
                    if (take.start..take.end).contains(&begin) {
                        let used = |doc: &&Doc| Used { id: doc.id, epoch, group: take.group.clone(), ids: doc.ids() };
                        uses.extend(place.iter().map(used));
                    }
                }
                epoch += 1;
            }
        }
        uses.sort();
        trainings.push(uses);
    }
    trainings
}

/// Compares a mix with the model; gives the uses of all phases.
fn compare(mix: &Mix, made: &Made, sources: &[(&str, Vec<Doc>)], group: Sorter) -> Vec<Vec<Used>> {
    let schedule = &made.planned.schedule;
    let expected = model(schedule, sources, group);
    assert_eq!((made.dataset.phases.len(), expected.len()), (mix.phases.len(), mix.phases.len()));
    for (number, (phase, expected)) in made.dataset.phases.iter().zip(&expected).enumerate() {
        assert_eq!((&phase.name, phase.context), (&mix.phases[number].name, mix.phases[number].context));
        let found = pieces(&made.store, phase, made.dataset.packing);
        if made.dataset.packing != Packing::BestFit {
            let key = |it: &Found| training_key(mix.seed, number as u64, u64::from(it.epoch), it.id);
            assert!(found.is_sorted_by_key(|it| (key(it), it.epoch, it.id)), "phase `{}` is not shuffled", phase.name);
        }
        let used = |it: Found| Used { id: it.id, epoch: it.epoch, group: it.group, ids: it.ids };
        let mut uses: Vec<Used> = joined(found).into_iter().map(used).collect();
        uses.sort();
        let (n_found, n_expected) = (uses.len(), expected.len());
        assert!(uses == *expected, "phase `{}` has {n_found} documents, and should have {n_expected}", phase.name);
        assert!(n_found > 0);

        // A document is in or out as a whole, at both ends of what is taken of a stream.
        let (training, slack) = (&schedule.phases[number], schedule.phases[number].takes.len() as u64 * 600);
        let n_tokens: u64 = uses.iter().map(|it| it.ids.len() as u64).sum();
        assert_eq!((phase.n_documents, phase.n_tokens), (n_found as u64, n_tokens));
        assert!(n_tokens.abs_diff(training.budget) <= slack, "{n_tokens} of {} tokens", training.budget);
        let mut groups: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for it in &uses {
            let sum = groups.entry(&it.group).or_default();
            *sum = (sum.0 + 1, sum.1 + it.ids.len() as u64);
        }
        let stated = phase.groups.iter().map(|group| (group.name.as_str(), (group.n_documents, group.n_tokens)));
        assert_eq!(stated.collect::<Vec<_>>(), groups.into_iter().collect::<Vec<_>>());
    }
    expected
}

/// Whether the cuts have counted what the shards hold.
fn counted(made: &Made) {
    for (phase, training) in made.dataset.phases.iter().zip(&made.planned.cuts.trainings) {
        assert_eq!((phase.n_documents, phase.n_tokens), (training.n_documents, training.n_tokens));
    }
}

/// Groups by source and language, and one for each other language.
fn languages(source: &str, doc: &Doc) -> Option<String> {
    Some(match (source, doc.lang) {
        ("books", _) => "books".to_owned(),
        (_, "en") => "english".to_owned(),
        (_, lang) => format!("others/{lang}"),
    })
}

/// Books are read more than three times, over two phases; nothing else is repeated.
const REPEATED: &str = "[[group]]\nname = \"books\"\nwhere = { source = [\"books\"] }\n\
    [[group]]\nname = \"english\"\nwhere = { lang = [\"en\"] }\n\
    [[group]]\nname = \"others\"\nsplit = \"lang\"\ntemperature = 2.0\n\
    [[phase]]\nname = \"main\"\ntokens = 20_000\ncontext = 256\nshares = { books = 0.5, english = 0.3, others = 0.2 }\n\
    [[phase]]\nname = \"end\"\ntokens = 15_000\ncontext = 512\nshares = { books = 0.7, english = 0.2, others = 0.1 }\n\
    [shards]\nshard_tokens = 3_000\n";

#[test]
fn streams_go_on_from_phase_to_phase_and_begin_again() {
    let (mix, sources) = (mix(REPEATED), sources());
    let made = make(&mix, stores(&sources, 50, None), None);
    let uses = compare(&mix, &made, &sources, languages);
    counted(&made);
    assert!(made.dataset.phases.iter().all(|phase| phase.shards.len() > 4));
    let epochs = |phase: usize, group: &str| {
        let of = uses[phase].iter().filter(|it| it.group.starts_with(group)).map(|it| it.epoch);
        of.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!((epochs(0, "books"), epochs(1, "books")), (vec![0, 1], vec![1, 2, 3]));
    assert_eq!((epochs(0, "others"), epochs(1, "others"), epochs(1, "english")), (vec![0], vec![0], vec![0]));
    let mut all: Vec<&Used> = uses.iter().flatten().collect();
    let n = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), n, "a document is used twice in an epoch");
    // German has almost three times the tokens of French, and gets less than twice as many.
    let takes = &made.planned.schedule.phases[0].takes;
    let tokens = |group: &str| takes.iter().find(|take| take.group == group).unwrap().end;
    assert!(tokens("others/de") > tokens("others/fr") && tokens("others/de") < 2 * tokens("others/fr"));
}

#[test]
fn a_group_that_is_used_up_makes_room_for_the_others() {
    let mix = mix("[[group]]\nname = \"german\"\nwhere = { lang = [\"de\"] }\nmax_epochs = 1.0\n\
        [[group]]\nname = \"english\"\nwhere = { source = [\"web\"], lang = [\"en\"] }\nmax_epochs = 1.0\n\
        [[group]]\nname = \"rest\"\nmax_epochs = 2.0\n\
        [[phase]]\nname = \"one\"\ntokens = 9_000\nweights = { english = 2, german = 1 }\ncontext = 300\n\
        [[phase]]\nname = \"two\"\ntokens = 9_000\nweights = { english = 2, german = 1 }\ncontext = 300\n\
        on_shortfall = \"fill\"\n\
        [[phase]]\nname = \"three\"\ntokens = \"all\"\non_shortfall = \"fill\"\ncontext = 300\n\
        [shards]\npacking = \"concat\"\nshard_tokens = 2_500\n");
    let sources = sources();
    let made = make(&mix, stores(&sources, 50, None), None);
    let group: Sorter = |source, doc| {
        let name = match (source, doc.lang) {
            (_, "de") => "german",
            ("web", "en") => "english",
            _ => "rest",
        };
        Some(name.to_owned())
    };
    let uses = compare(&mix, &made, &sources, group);
    counted(&made);
    let ids = |phases: &[Vec<Used>], name: &str| {
        let mut ids: Vec<DocId> = phases.iter().flatten().filter(|it| it.group == name).map(|it| it.id).collect();
        ids.sort();
        ids
    };
    // Every English and German page once, in all phases together; the English ones are gone after the second.
    for (name, lang, phases) in [("english", "en", &uses[..2]), ("german", "de", &uses[..])] {
        let mut expected: Vec<DocId> = web().iter().filter(|doc| doc.lang == lang).map(|doc| doc.id).collect();
        expected.sort();
        assert_eq!(ids(phases, name), expected, "{name}");
    }
    assert!(ids(&uses[2..], "english").is_empty() && !ids(&uses[2..], "german").is_empty());
    let two = &made.planned.schedule.phases[1];
    assert!(two.takes.iter().any(|take| take.group == "german" && take.end - take.start > take.wanted));
}

#[test]
fn groups_go_by_scores_labels_domains_kinds_and_sources() {
    let mix = mix("[[group]]\nname = \"good\"\nmax_epochs = 0.3\nnot = { kind = [\"code\"] }\n\
        where = { score = { \"quality.score\" = { min = 0.7 } } }\n\
        [[group]]\nname = \"health\"\nsplit = \"domain\"\ntemperature = 3.0\n\
        where = { label = { \"topics.top_label\" = [\"health\"] } }\n\
        [[group]]\nname = \"graded\"\nsplit = \"score.quality.score\"\nedges = [0.2, 0.5]\n\
        where = { source = [\"web\"] }\n\
        [[phase]]\nname = \"main\"\ntokens = \"all\"\nweights = { good = 1, health = 1, graded = 2 }\ncontext = 0\n\
        [shards]\npacking = \"none\"\nshard_tokens = 2_000\n");
    let group: Sorter = |source, doc| {
        let score = doc.score.map(|score| (score * 10.0).round() as u32);
        match (score, doc.label, source) {
            (Some(7..), ..) if doc.kind != "code" => Some("good".to_owned()),
            (_, Some("health"), _) => {
                Some(format!("health/{}", doc.url.split(['/', '.']).skip(3).take(2).collect::<Vec<_>>().join(".")))
            }
            (score, _, "web") => Some(match score {
                None => "graded/none".to_owned(),
                Some(..2) => "graded/..0.2".to_owned(),
                Some(2..5) => "graded/0.2..0.5".to_owned(),
                Some(_) => "graded/0.5..".to_owned(),
            }),
            _ => None,
        }
    };
    let sources = sources();
    let made = make(&mix, stores(&sources, 50, None), None);

    let mut there: BTreeMap<String, Available> = BTreeMap::new();
    for (source, documents) in &sources {
        for doc in documents {
            let available = there.entry(group(source, doc).unwrap_or_else(|| UNUSED.to_owned())).or_default();
            available.n_documents += 1;
            available.n_tokens += doc.ids().len() as u64;
        }
    }
    assert_eq!(there[UNUSED].n_documents, 40);
    assert!(there.len() > 14, "{there:?}");
    assert_eq!(supply(&made.store, &made.manifests[0]).unwrap().0, there);

    let uses = compare(&mix, &made, &sources, group);
    counted(&made);
    // Of the good ones, less than a third is ever used.
    let n_good = uses[0].iter().filter(|it| it.group == "good").count() as u64;
    assert!(n_good > 0 && n_good < there["good"].n_documents / 2, "{n_good} of {}", there["good"].n_documents);
}

/// Two sources may have a page each; both are used, in one group or in two.
#[test]
fn documents_of_one_id_are_both_used() {
    let sources = [("web", web()), ("books", twins())];
    let phases = "[[phase]]\nname = \"one\"\ntokens = 12_000\ncontext = 256\n\
        [[phase]]\nname = \"two\"\ntokens = 25_000\ncontext = 256\n\
        [shards]\npacking = \"concat\"\nshard_tokens = 3_000\n";
    let one = mix(&format!("[[group]]\nname = \"all\"\n{phases}"));
    let made = make(&one, stores(&sources, 50, None), None);
    let uses = compare(&one, &made, &sources, |_, _| Some("all".to_owned()));
    let first: BTreeSet<DocId> = web().iter().map(|doc| doc.id).collect();
    let both = twins().iter().filter(|doc| first.contains(&doc.id)).count();
    let n_epoch = uses.iter().flatten().filter(|it| it.epoch == 0).count();
    assert_eq!((both, n_epoch), (12, 280), "the first epoch has every document once");

    let two = mix(&format!("[[group]]\nname = \"all\"\nsplit = \"source\"\n{phases}"));
    let made = make(&two, stores(&sources, 50, None), None);
    compare(&two, &made, &sources, |source, _| Some(format!("all/{source}")));
    counted(&made);
}

/// Neither how token stores are parted nor how much fits into memory reaches a shard.
#[test]
fn shards_of_a_mix_depend_on_its_documents_alone() {
    let mix = mix(REPEATED);
    let sources = [("web", web()), ("books", twins())];
    let all = |made: &Made| made.dataset.phases.iter().map(digests).collect::<Vec<_>>();
    let n_objects = |made: &Made| {
        let uses = |part: &Commit| part.objects.keys().filter(|name| name.starts_with(USES)).count();
        made.manifests[2].parts.iter().map(uses).sum::<usize>()
    };
    let whole = make(&mix, stores(&sources, 1_000, None), None);
    let parted = make(&mix, stores(&sources, 13, Some(300)), None);
    assert_eq!(all(&parted), all(&whole));
    assert_eq!((n_objects(&whole), n_objects(&parted)), (2, 19 + 4));

    let small = || stores(&sources, 1_000, Some(300));
    let settings = ShardSettings {
        bos: mix.shards.bos,
        eos: mix.shards.eos,
        packing: mix.shards.packing,
        long: mix.shards.long,
        shard_tokens: mix.shards.shard_tokens,
        seed: mix.seed,
    };
    let selection = Selection::Mix { sources: Arc::new(Sources::new(&mix, small()).unwrap()) };
    let chunked = make(&mix, small(), Some(Scatter { settings, selection, chunk_bytes: Some(1) }));
    assert_eq!(all(&chunked), all(&whole));
    assert!(n_objects(&chunked) > 20, "{}", n_objects(&chunked));
}

#[test]
fn a_damaged_object_of_uses_is_found() {
    let mix = mix(REPEATED);
    let phases = mix_phases(&mix, stores(&sources(), 50, None)).unwrap();
    let (store, mut manifests) = (MemStore::new().unwrap(), Vec::new());
    phases[..3].iter().for_each(|phase| perform_next(phase, &store, &mut manifests));
    let shards = || perform(&*phases[3].0, &store, &[(DOCS, &manifests[2])]);
    shards().unwrap();
    let key = &manifests[2].parts[0].objects["uses-00000"].key;
    let sound = store.read(key).unwrap();
    let mut damaged = sound.clone();
    damaged[20] ^= 1;
    store.put(key, &damaged).unwrap();
    let error = shards().unwrap_err().to_string();
    assert!(error.contains("other content than was written"), "{error}");
    store.put(key, &sound[..sound.len() - 1]).unwrap();
    assert!(shards().is_err());
    store.put(key, &sound).unwrap();
    shards().unwrap();
}

#[test]
fn token_stores_of_different_vocabularies_do_not_mix() {
    let mix = mix(REPEATED);
    let others = vec![token_store("web", "mine", &[web()], None), token_store("books", "other", &[books()], None)];
    let error = mix_phases(&mix, others).err().unwrap().to_string();
    assert!(error.contains("different vocabularies") && error.contains("\nhint: "), "{error}");
    let empty = vec![token_store("web", "mine", &[], None), token_store("books", "mine", &[books()], None)];
    let error = mix_phases(&mix, empty).err().unwrap().to_string();
    assert!(error.contains("has no parts"), "{error}");
}

#[test]
fn an_impossible_mix_is_refused_when_it_is_planned() {
    let mix = mix(&REPEATED.replace("tokens = 15_000", "tokens = 150_000"));
    let phases = mix_phases(&mix, stores(&sources(), 50, None)).unwrap();
    let store = MemStore::new().unwrap();
    let weighed = perform(&*phases[0].0, &store, &[]).unwrap();
    let error = perform(&*phases[1].0, &store, &[(DOCS, &weighed)]).unwrap_err().to_string();
    assert!(error.contains("`books`") && error.contains("epochs") && error.contains("\nhint: "), "{error}");
}

/// What is counted does not depend on budgets; a mix with other budgets counts nothing anew.
#[test]
fn another_budget_leaves_the_sums_as_they_are() {
    let specs = |rest: &str| {
        let phases = mix_phases(&mix(rest), stores(&sources(), 50, None)).unwrap();
        phases.iter().map(|(phase, _)| phase.spec()).collect::<Vec<_>>()
    };
    let (plain, other) = (specs(REPEATED), specs(&REPEATED.replace("20_000", "21_000")));
    assert_eq!((&plain[0], &plain[2..]), (&other[0], &other[2..]));
    assert_ne!(plain[1], other[1]);
    assert_ne!(plain[0], specs(&REPEATED.replace("[\"en\"]", "[\"de\"]"))[0]);
}
