//! `tokenmill references`: the pages that articles of Wikipedia refer to, as `url.references` and trainings want them.

use crate::failure::Failure;
use crate::house::threads;
use crate::output::count;
use crate::sink::Output;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::collections::BTreeSet;
use std::io::Read;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use tokenmill_stages::references::{Head, LinkFinder, References, is_own, key_of, record};
use tokenmill_stages::url::canonical::Canonicalizer;
use tokenmill_store::StoreError;
use tokenmill_store::sort::{Sorted, Sorter};
use tokenmill_store::source::{Input, expand, read, stream};
use tokenmill_store::wiki::{WikiPage, WikiReader};

/// How a file begins that has been made already.
const TABLE: &[u8] = b"TMREFS";

/// Bytes of keys that are sorted in memory; more are spilled.
const SORT_MEMORY: u64 = 256 << 20;

/// Make a table of the pages that Wikipedia refers to, from its dumps
#[derive(clap::Args)]
#[command(after_help = "\
Give dumps of articles in XML, as https://dumps.wikimedia.org/enwiki/latest/ has them: `….xml.bz2` in one part or in many, of one
language or of several. They are read as streams, each part by a core of its own at the speed of bzip2, some 12 MB of XML a second. A dump
that is cut off or damaged is an error.

Of articles (namespace 0), links in `<ref>` and in templates that cite are taken; with --all-links also those that stand under
\"External links\", in boxes and in the text. Copies in web archives stand for the page they are of; links to Wikimedia's own sites are
none. The table has ten bytes for each page, and is the same for the same dumps in any order.

Examples:
  tokenmill references enwiki-latest-pages-articles*.xml-*.bz2 -o enwiki.refs
  tokenmill references s3://dumps/enwiki-*.xml.bz2 s3://dumps/dewiki-*.xml.bz2 -o s3://lists/wikipedia.refs

In a recipe, before the extraction:
  [[step]]
  use          = \"url.references\"
  file         = \"enwiki.refs\"
  min_articles = 1")]
pub struct Args {
    /// Dumps: XML, plain or compressed by bzip2, gzip or zstd; paths, patterns or addresses
    #[arg(required = true)]
    dumps: Vec<String>,
    /// The table to write, or its `s3://` address
    #[arg(short, long)]
    output: String,
    /// Take every external link, not only references
    #[arg(long)]
    all_links: bool,
    /// Threads, one for each dump at most
    #[arg(long)]
    threads: Option<usize>,
}

/// Makes a table.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    if args.output.ends_with(".gz") || args.output.ends_with(".zst") {
        return Err(Failure::usage(format!("`{}` cannot be a table: stages read plain files", args.output)));
    }
    let start = Instant::now();
    let found = gather(&expand(&args.dumps)?, args.all_links, threads(args.threads))?;
    let tally = found.tally;
    if tally.n_articles + tally.n_others == 0 {
        return Err(Failure::usage("the dumps hold no page").hint("take `…-pages-articles.xml.bz2` of a dump"));
    }
    let mut output = Output::create(&args.output)?;
    let mut n_pages = 0;
    found.write(&mut |bytes| {
        n_pages += 1;
        output.write(bytes)
    })?;
    output.finish()?;
    eprint!("{}", tally.summary());
    let rate = tally.n_bytes as f64 / 1e6 / start.elapsed().as_secs_f64().max(1e-3);
    eprintln!("{} pages that are referred to; {rate:.0} MB of wikitext a second", count(n_pages - 1));
    Ok(ExitCode::SUCCESS)
}

/// The table of dumps, or of one file that is a table already; and what is to be said of the dumps.
pub fn table(by: &[String], all_links: bool) -> Result<(References, String), Failure> {
    let inputs = expand(by)?;
    let (bytes, said) = match &inputs[..] {
        [one] if is_table(one)? && all_links => {
            return Err(Failure::usage(format!("`{}` is a table already: which links it has is settled", one.uri))
                .hint("leave `all_links` out, or make the table with `tokenmill references --all-links`"));
        }
        [one] if is_table(one)? => (read(&one.uri)?, String::new()),
        _ => {
            let found = gather(&inputs, all_links, threads(None))?;
            let (said, mut bytes) = (found.tally.summary(), Vec::new());
            found.write(&mut |record| {
                bytes.extend_from_slice(record);
                Ok(())
            })?;
            (bytes, said)
        }
    };
    Ok((References::from_bytes(bytes.into())?, said))
}

fn is_table(input: &Input) -> Result<bool, Failure> {
    let mut start = Vec::new();
    let taken = stream(input)?.take(TABLE.len() as u64).read_to_end(&mut start);
    taken.map_err(|error| Failure::usage(format!("cannot read `{}`: {error}", input.uri)))?;
    Ok(start == TABLE)
}

/// What has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    n_articles: u64,
    n_others: u64,
    n_too_long: u64,
    n_links: u64,
    n_taken: u64,
    n_bytes: u64,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.n_articles += other.n_articles;
        self.n_others += other.n_others;
        self.n_too_long += other.n_too_long;
        self.n_links += other.n_links;
        self.n_taken += other.n_taken;
        self.n_bytes += other.n_bytes;
    }

    /// For people.
    fn summary(&self) -> String {
        let head = format!(
            "{} articles with {} external links, of which {} count; {} pages are redirects or no articles\n",
            count(self.n_articles),
            count(self.n_links),
            count(self.n_taken),
            count(self.n_others)
        );
        if self.n_too_long == 0 {
            return head;
        }
        format!("{head}{} articles are too long to be read\n", count(self.n_too_long))
    }
}

/// The keys of all pages that are referred to, in order; one for every article that does.
struct Found {
    keys: Sorted<8>,
    tally: Tally,
}

impl Found {
    /// Gives the table out: its head, then its records.
    fn write(self, write: &mut dyn FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
        write(&Head { n_articles: self.tally.n_articles }.to_bytes())?;
        let mut last: Option<([u8; 8], u64)> = None;
        for key in self.keys {
            let key = key?;
            last = Some(match last {
                Some((known, n)) if known == key => (known, n + 1),
                Some((known, n)) => {
                    write(&record(u64::from_be_bytes(known), n))?;
                    (key, 1)
                }
                None => (key, 1),
            });
        }
        last.map_or(Ok(()), |(known, n)| write(&record(u64::from_be_bytes(known), n)))
    }
}

/// Reads all dumps, each by one thread.
fn gather(dumps: &[Input], all_links: bool, threads: usize) -> Result<Found, Failure> {
    let folder = tempfile::tempdir().map_err(|error| Failure::usage(format!("no temporary folder: {error}")))?;
    let all = Mutex::new((Sorter::<8>::new(folder.path(), SORT_MEMORY), Tally::default()));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.min(dumps.len()).max(1)).build();
    let pool = pool.map_err(|error| Failure::usage(format!("no threads: {error}")))?;
    pool.install(|| dumps.par_iter().try_for_each(|dump| read_dump(dump, all_links, &all)))?;
    let (sorter, tally) = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Found { keys: sorter.finish()?, tally })
}

/// Reads one dump. Keys are handed over article by article; their order does not matter.
fn read_dump(dump: &Input, all_links: bool, all: &Mutex<(Sorter<8>, Tally)>) -> Result<(), Failure> {
    let finder = LinkFinder::new().map_err(|error| Failure::usage(error.to_string()))?;
    let canonicalizer = Canonicalizer::default();
    let (mut reader, mut page, mut keys) = (WikiReader::open(dump)?, WikiPage::default(), BTreeSet::new());
    while reader.next(&mut page).map_err(damaged)? {
        let mut tally = Tally::default();
        if page.is_too_long {
            tally.n_too_long += 1;
        } else if page.namespace != 0 || page.is_redirect {
            tally.n_others += 1;
        } else {
            tally.n_articles += 1;
            tally.n_bytes += page.text.len() as u64;
            finder.each(&page.text, &mut |url, is_reference| {
                tally.n_links += 1;
                if (is_reference || all_links)
                    && !is_own(url)
                    && let Some(key) = key_of(url, &canonicalizer)
                {
                    tally.n_taken += 1;
                    keys.insert(key.to_be_bytes());
                }
            });
        }
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(key) = keys.pop_first() {
            all.0.push(key)?;
        }
        all.1.add(&tally);
    }
    Ok(())
}

/// Says what to do about a dump that is not whole.
fn damaged(error: StoreError) -> Failure {
    let is_damage = matches!(error, StoreError::Corrupt { .. });
    let failure = Failure::from(error);
    if is_damage { failure.hint("fetch it again; `…-sha1sums.txt` beside the dumps has its digest") } else { failure }
}
