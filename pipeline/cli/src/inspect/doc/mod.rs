//! `tokenmill inspect doc`: a document as it is stored, or the life of its text side by side.

mod columns;
mod sheet;
mod source;
mod story;

use super::mask::Mask;
use super::pager;
use super::run_view::View;
use super::search::{Found, Wanted, find_row, if_there, row_of};
use super::why::{by_document, nothing};
use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::output::plain;
use serde_json::{Map, Value, json};
use sheet::Sheet;
use std::fmt::Write;
use std::process::ExitCode;
use tokenmill_core::DocId;
use tokenmill_engine::rejudge::Finished;
use tokenmill_store::Store;

/// Show a document: its fields and text, or what became of the text of its page, side by side
#[derive(clap::Args)]
#[command(after_help = "\
Side by side stand all that the page shows, what was extracted of it, and what is left in the end. Cuts are struck out in \
colour on a terminal, and marked as `[-…-] {step: reason}` elsewhere. The page is read from the source again. What the \
recipe redacts is masked everywhere, also on the page.

Examples:
  tokenmill inspect doc runs/quickstart http://example.org/page
  tokenmill inspect doc runs/quickstart http://example.org/page --side-by-side")]
pub struct Args {
    /// The run directory
    run: String,
    /// Document id, WARC-Record-ID or URL as captured
    document: String,
    /// Show the page, the text extracted of it, and what is left, with every cut
    #[arg(short, long)]
    side_by_side: bool,
    /// Columns of the screen [default: $COLUMNS, or 120]
    #[arg(long, value_name = "N")]
    width: Option<usize>,
    /// Do not use `$PAGER`
    #[arg(long)]
    no_pager: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// A document as it is stored: the fields that have a value, and the text.
struct Stored {
    table: &'static str,
    fields: Vec<(String, String)>,
    text: String,
}

/// Prints the document.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let view = View::open(&args.run)?;
    let found = Wanted::parse(&args.document).look_up(&*view.store, &view.manifests)?;
    let documents = by_document(&found.rows);
    let mut shown = Vec::new();
    for (id, rows) in &documents {
        let stored = stored(&view, rows)?;
        let sheet = args.side_by_side.then(|| Ok::<_, Failure>(Sheet::of(&story::of(&view, rows)?, &view.mask)));
        shown.push((*id, stored, sheet.transpose()?));
    }
    // Of several captures of a URL, those of which something is stored.
    if shown.iter().any(|(_, stored, _)| stored.is_some()) && !args.side_by_side {
        shown.retain(|(_, stored, _)| stored.is_some());
    }
    let has_something = shown.iter().any(|(_, stored, sheet)| stored.is_some() || sheet.is_some());
    let as_url = found.as_url.as_deref().map(|url| view.mask.mask(url));
    if args.json {
        let documents: Vec<Value> =
            shown.iter().map(|(id, stored, sheet)| as_json(*id, stored.as_ref(), sheet)).collect();
        let asked = view.mask.mask(&args.document);
        let said = json!({"asked": asked, "found_as": as_url, "documents": documents});
        println!("{}", serde_json::to_string_pretty(&said).unwrap_or_default());
    } else if documents.is_empty() {
        println!("{}", nothing(&args.document));
    } else {
        let mut out = String::new();
        if let Some(url) = &as_url {
            // Writing to a String cannot fail, here and below.
            let _ =
                writeln!(out, "`{}` is in no ledger of this run, but this is: {}\n", plain(&args.document), plain(url));
        }
        let all: Vec<String> =
            shown.iter().map(|(id, stored, sheet)| as_text(*id, stored.as_ref(), sheet.as_ref(), args)).collect();
        out.push_str(&all.join("\n"));
        pager::show(&out, args.no_pager);
    }
    Ok(if has_something { ExitCode::SUCCESS } else { ExitCode::from(FOUND_PROBLEMS) })
}

/// The document as it left the last phase that kept it, or the sample that was kept of a removed one; masked.
fn stored(view: &View, rows: &[&Found<'_>]) -> Result<Option<Stored>, Failure> {
    for found in rows.iter().rev() {
        for table in ["docs", "removed"] {
            let Some(row) = if_there(find_row(&*view.store, found.part, table, found.id))? else { continue };
            let cells = row_of(&*view.store, &found.part.objects[table].key, row)?;
            let lang = cells.iter().find(|(name, _)| name == "lang").map(|(_, lang)| lang.clone()).unwrap_or_default();
            let is_redacted = table == "docs" && is_redacted(view, &found.manifest.phase);
            let mut stored = Stored { table, fields: Vec::new(), text: String::new() };
            for (name, value) in cells.into_iter().filter(|(_, value)| !value.is_empty()) {
                match name.as_str() {
                    "text" if is_redacted => stored.text = value,
                    "text" => stored.text = view.mask.mask_as(&value, &lang),
                    _ => {
                        let value = view.mask.mask_cell(&name, &value, &lang);
                        stored.fields.push((name, value));
                    }
                }
            }
            return Ok(Some(stored));
        }
    }
    Ok(None)
}

/// Whether all that the recipe redacts has been redacted when a phase ends: then its documents are shown as they are.
fn is_redacted(view: &View, phase: &str) -> bool {
    let Some(block) = view.block(phase) else { return false };
    let later = view.spec.blocks.get(block + 1..).unwrap_or_default();
    later.iter().flat_map(|block| &block.steps).all(|step| !view.mask.is_step(&step.name))
}

fn as_text(id: DocId, stored: Option<&Stored>, sheet: Option<&Sheet>, args: &Args) -> String {
    let mut out = String::new();
    match (stored, sheet) {
        (Some(stored), _) => {
            for (name, value) in &stored.fields {
                let _ = writeln!(out, "{name}: {}", plain(value));
            }
        }
        (None, Some(_)) => out.push_str(&format!("id: {id}\n")),
        (None, None) => {
            let _ = writeln!(out, "`{id}` was removed and its text was not sampled");
            let _ = writeln!(
                out,
                "hint: `run.removed = 1.0` keeps the text of every removed document; `inspect why` tells the reason, and \
                 `--side-by-side` reads the page again"
            );
        }
    }
    match (stored, sheet) {
        (_, Some(sheet)) => {
            let width = args.width.unwrap_or_else(pager::width);
            let _ = write!(out, "\n{}", columns::text(sheet, width, pager::has_colours()));
        }
        (Some(stored), None) => {
            let _ = writeln!(out, "\n{}", tame(&stored.text));
        }
        (None, None) => {}
    }
    out
}

/// A text in which nothing commands a terminal; tables keep their tabs.
fn tame(text: &str) -> String {
    text.split('\t').map(plain).collect::<Vec<_>>().join("\t")
}

fn as_json(id: DocId, stored: Option<&Stored>, sheet: &Option<Sheet>) -> Value {
    let fields = stored.map(|stored| {
        let fields = stored.fields.iter().map(|(name, value)| (name.clone(), json!(value)));
        json!({"table": stored.table, "fields": fields.collect::<Map<_, _>>(), "text": stored.text})
    });
    json!({"id": id, "stored": fields, "side_by_side": sheet})
}

/// URL and text of a document in a part of a finished run, as far as they are stored and as they may be shown: of a kept one as
/// it left the last phase, of one that a phase has removed from the sample of that phase, or as the phase before has left it.
pub fn text_of(
    store: &dyn Store,
    run: &Finished,
    mask: &Mask,
    id: DocId,
    part: usize,
    removed_in: Option<usize>,
) -> Result<(String, Option<String>), Failure> {
    let part = |phase: usize| &run.phases[phase].parts[part];
    let tables = match removed_in {
        None => vec![(part(run.phases.len() - 1), "docs")],
        Some(phase) => {
            let before = phase.checked_sub(1).map(|before| (part(before), "docs"));
            std::iter::once((part(phase), "removed")).chain(before).collect()
        }
    };
    for (part, table) in tables {
        let Some(row) = find_row(store, part, table, id)? else { continue };
        let cells = row_of(store, &part.objects[table].key, row)?;
        let cell = |wanted: &str| cells.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value.as_str());
        let text = Some(cell("text")).filter(|text| !text.is_empty());
        return Ok((mask.mask(cell("url")), text.map(|text| mask.mask_as(text, cell("lang")))));
    }
    Ok((String::new(), None))
}
