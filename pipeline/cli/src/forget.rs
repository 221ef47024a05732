//! `tokenmill forget`: takes documents down, in a run and in the mixes that were made of it.

use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::house::open_run;
use crate::inspect::search::Wanted;
use crate::mix;
use crate::output::{count, plain, table};
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use tokenmill_core::DocId;
use tokenmill_core::hash::hash64;
use tokenmill_core::text::host_of;
use tokenmill_engine::forget::{find, revise};
use tokenmill_engine::plan::RunRecord;
use tokenmill_mix::forget::{Looking, revise_dataset};
use tokenmill_mix::{INDEX_PHASE, TOKENS_PHASE};
use tokenmill_store::takedown::{Forgotten, Takedowns, Trace, hash_of, place_of};
use tokenmill_store::{Commit, Manifest, Store};

/// Take documents down: find every place that has them, and with --yes write those anew without them
#[derive(clap::Args)]
#[command(after_help = "\
WHAT is a URL, a document id (32 hexadecimal digits), a WARC-Record-ID, or a domain such as `example.org`, which stands for all hosts
below it. Without --yes nothing is changed: all places are listed, down to the tokens of shards.

With --yes the run and the mixes get a new version, which every reader sees. The documents' rows stay where rows are counted, without
anything in them; in shards their tokens are overwritten by the end token, so nothing moves. What must not come back is remembered
in the run: the recipe can be run again, also with more inputs. The old objects are deleted by `tokenmill gc`, which completes it.

Examples:
  tokenmill forget runs/cc http://example.org/page --mix runs/final             where it is
  tokenmill forget runs/cc example.org --mix runs/final --note \"ticket 17\" --yes  take it down
  tokenmill forget runs/cc --list                                              what was taken down")]
pub struct Args {
    /// The run directory
    run: String,
    /// URLs, document ids, WARC-Record-IDs or domains
    #[arg(value_name = "WHAT", required_unless_present_any = ["from", "list"])]
    what: Vec<String>,
    /// Also what stands in FILE, one in each line
    #[arg(long, value_name = "FILE")]
    from: Option<String>,
    /// The run directory, or the file, of a mix that was made of the run; may be given several times
    #[arg(long, value_name = "MIX")]
    mix: Vec<String>,
    /// Only list the places; that is also what happens without --yes
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Take them down
    #[arg(long)]
    yes: bool,
    /// A word to remember it by, such as the number of a request; kept in the run
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// Say what was taken down so far
    #[arg(long, conflicts_with_all = ["what", "from", "yes", "dry_run"])]
    list: bool,
}

/// Finds, lists, and takes down.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let store = open_run(&args.run)?;
    if args.list {
        return list(&*store);
    }
    let mut texts = args.what.clone();
    if let Some(file) = &args.from {
        let lines =
            std::fs::read_to_string(file).map_err(|error| Failure::usage(format!("cannot read `{file}`: {error}")))?;
        texts.extend(lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
    }
    let (mut wanted, url_hashes) = wanted(&texts)?;
    let run = Run::open(&args.run, store)?;
    let manifests: Vec<Manifest> = run.phases.iter().map(|(_, manifest)| manifest.clone()).collect();
    let found = find(&*run.store, &manifests, &wanted, &url_hashes)?;
    let n_found = found.len();
    wanted.ids.extend(found);
    let mut runs = Vec::new();
    for target in &args.mix {
        let folder = if target.ends_with(".toml") { mix::folder(&mix::read(target)?) } else { target.clone() };
        let store = open_run(&folder)?;
        runs.push(Run::open(&folder, store)?);
    }
    // The run comes last: as long as it has not changed, the documents are found there by their URLs.
    runs.push(run);
    let mut rows = Vec::new();
    let (mut n_changes, mut n_records) = (0usize, 0usize);
    for run in &runs {
        let (traces, revised) = run.revise(&wanted.ids, args.yes)?;
        let takedowns = Takedowns::read(&*run.store)?;
        let n_revised: usize = revised.values().map(Vec::len).sum();
        let is_new = !takedowns.forgotten().covers(&wanted);
        if args.yes && (n_revised > 0 || is_new) {
            takedowns.add(&*run.store, &args.note, &wanted, &revised)?;
            n_records += 1;
        }
        n_changes += n_revised;
        rows.extend(traces.iter().map(|trace| row(&run.folder, trace)));
    }
    print!("{}", table(&["where", "table", "document", "place", "what becomes of it"], &rows));
    let what = format!(
        "{} documents, {} places in {} tasks",
        count(n_found as u64),
        count(rows.len() as u64),
        count(n_changes as u64)
    );
    if !args.yes {
        println!("{what}; nothing was changed, --yes takes them down");
        return Ok(if n_found == 0 { ExitCode::from(FOUND_PROBLEMS) } else { ExitCode::SUCCESS });
    }
    if n_records == 0 {
        println!("{what}; all of it was taken down before");
    } else {
        println!("{what} were taken down");
    }
    println!("\nthe old objects are still there; delete them, and those of older recipes, to complete it:");
    for run in &runs {
        println!("  tokenmill gc {} --older-than 0s --stale", run.folder);
    }
    println!("shards that were exported or copied elsewhere are not known here: export them again");
    Ok(ExitCode::SUCCESS)
}

/// What the user has named, as hashes, and the hashes of URLs as ledgers have them.
fn wanted(texts: &[String]) -> Result<(Forgotten, BTreeSet<u64>), Failure> {
    let (mut wanted, mut url_hashes) = (Forgotten::default(), BTreeSet::new());
    for text in texts {
        if text.contains("://") {
            if host_of(text).is_empty() {
                return Err(Failure::usage(format!("`{text}` is a URL without a host")));
            }
            wanted.urls.insert(hash_of(&place_of(text)));
            url_hashes.insert(hash64(0, text.as_bytes()));
        } else if let Wanted::Id(id) = Wanted::parse(text) {
            wanted.ids.insert(id);
        } else if text.contains('.') && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_')) {
            wanted.domains.insert(hash_of(text.trim_matches('.').to_ascii_lowercase().as_str()));
        } else {
            return Err(Failure::usage(format!("`{text}` is no URL, document id, WARC-Record-ID or domain"))
                .hint("URLs have a scheme: `https://example.org/page`"));
        }
    }
    Ok((wanted, url_hashes))
}

/// A run of a recipe or of a mix.
struct Run {
    folder: String,
    store: Box<dyn Store>,
    /// The phases, by name, and what they have committed.
    phases: Vec<(String, Manifest)>,
}

/// What is to stand instead, by phase folder.
type Revised = BTreeMap<String, Vec<Commit>>;

impl Run {
    fn open(folder: &str, store: Box<dyn Store>) -> Result<Run, Failure> {
        let mut phases = Vec::new();
        for phase in RunRecord::read(&*store)?.phases {
            let manifest = phase.read_manifest(&*store)?.ok_or_else(|| {
                Failure::usage(format!("the run `{folder}` has not ended, so it may hold more than is known"))
                    .hint(format!("run it to its end first; `tokenmill status {folder}` shows how far it is"))
            })?;
            phases.push((phase.name, manifest));
        }
        Ok(Run { folder: folder.to_owned(), store, phases })
    }

    /// Everything that the run has of some documents, and the commits without it.
    fn revise(&self, ids: &BTreeSet<DocId>, writes: bool) -> Result<(Vec<Trace>, Revised), Failure> {
        let store = &*self.store;
        let (mut traces, mut revised, mut bytes) = (Vec::new(), Revised::new(), BTreeMap::new());
        let last_map = self.phases.iter().rposition(|(name, _)| name == "map");
        let has_tokens = self.phases.iter().any(|(name, _)| name == TOKENS_PHASE);
        let mut before: Option<Manifest> = None;
        for (at, (name, manifest)) in self.phases.iter().enumerate() {
            let folder = manifest.phase.as_str();
            let mut now = manifest.clone();
            for part in &mut now.parts {
                let is_last = last_map == Some(at);
                let looking = Looking { store, folder, ids, bytes: &bytes, has_tokens, writes };
                let commit = match (name.as_str(), &before) {
                    (INDEX_PHASE, Some(shards)) => revise_dataset(store, folder, part, shards, writes)?,
                    (TOKENS_PHASE | "scatter" | "shards", _) => looking.revise(name, part, &mut traces)?,
                    _ => revise(store, (folder, part), ids, (is_last, writes), &mut traces, &mut bytes)?,
                };
                if let Some(commit) = commit {
                    revised.entry(folder.to_owned()).or_default().push(commit.clone());
                    *part = commit;
                }
            }
            before = Some(now);
        }
        Ok((traces, revised))
    }
}

fn row(run: &str, trace: &Trace) -> Vec<String> {
    let becomes = match (trace.stays, trace.table.as_str()) {
        (true, _) => "stays: hashes only",
        (_, "bin") => "is overwritten",
        (_, "ledger") => "loses its evidence",
        _ => "goes",
    };
    vec![
        format!("{run}/{}", trace.object),
        trace.table.clone(),
        trace.id.to_string(),
        plain(&format!("{}, {}", trace.part, trace.place)),
        becomes.to_owned(),
    ]
}

/// What was taken down so far.
fn list(store: &dyn Store) -> Result<ExitCode, Failure> {
    let takedowns = Takedowns::read(store)?;
    for (number, takedown) in (1..).zip(&takedowns.list) {
        let Forgotten { ids, urls, domains } = &takedown.forgotten;
        let note = if takedown.note.is_empty() { String::new() } else { format!("  {}", plain(&takedown.note)) };
        println!(
            "take-down {number}: {} documents, {} URLs, {} domains, {} phases changed{note}",
            count(ids.len() as u64),
            count(urls.len() as u64),
            count(domains.len() as u64),
            count(takedown.phases.len() as u64)
        );
        ids.iter().for_each(|id| println!("  {id}"));
    }
    if takedowns.list.is_empty() {
        println!("nothing was taken down in this run");
    }
    Ok(ExitCode::SUCCESS)
}
