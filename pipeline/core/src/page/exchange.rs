//! Settles an exchange on all inputs of one config block; documents count from 1 in its messages.

use super::show::{Shown, line, record, write_edited, write_numbers};
use crate::catalog::Entry;
use crate::exchange::{self, Fate, SimilarDoc};
use crate::{Analysis, Doc, DocId, Document, Edits, Exchange, Numbers};

/// What an exchange says of every input.
pub fn show_exchange(entry: &Entry, exchange: &Exchange, inputs: &[(&str, &str)]) -> Vec<Shown> {
    let document = |(at, (info, body)): (usize, &(&str, &str))| {
        let mut document = Document::default();
        document.fill_from(DocId::from_position("page", at as u64), &record(info, body));
        document.text.push_str(body.strip_suffix('\n').unwrap_or(body));
        document
    };
    let documents: Vec<Document> = inputs.iter().enumerate().map(document).collect();
    let each = |use_doc: &mut dyn FnMut(&Document, Doc<'_>)| {
        documents.iter().for_each(|document| use_doc(document, Doc::new(document, &Analysis::default())));
    };
    match exchange {
        Exchange::Equal(stage) => {
            let mut sketched = Vec::new();
            each(&mut |document, doc| sketched.push((document.id, stage.sketch(&doc))));
            let takes_part = sketched.iter().map(|(_, sketch)| sketch.is_some()).collect();
            show_fates(entry, exchange, &documents, takes_part, exchange::settle(&sketched))
        }
        Exchange::Totals(stage) => {
            let mut counted = Vec::new();
            each(&mut |document, doc| counted.push((document.id, stage.count(&doc))));
            let takes_part = counted.iter().map(|(_, counted)| counted.is_some()).collect();
            show_fates(entry, exchange, &documents, takes_part, exchange::settle_totals(stage.limits(), &counted))
        }
        Exchange::Similar(stage) => {
            let mut sketched = Vec::new();
            each(&mut |document, doc| {
                let mut said = SimilarDoc { id: document.id, rank: stage.rank(&doc), ..SimilarDoc::default() };
                stage.keys(&doc, &mut said.keys);
                stage.detail(&doc, &mut said.detail);
                sketched.push(said);
            });
            let takes_part = sketched.iter().map(|said| !said.keys.is_empty()).collect();
            show_fates(entry, exchange, &documents, takes_part, exchange::settle_similar(&**stage, &sketched))
        }
        Exchange::Lines(stage) => {
            let analyses: Vec<Analysis> = documents.iter().map(|_| Analysis::default()).collect();
            let keyed = documents.iter().zip(&analyses).map(|(document, analysis)| {
                let (doc, mut keys) = (Doc::new(document, analysis), Vec::new());
                stage.keys(&doc, &mut keys);
                (document.id, stage.scope(&doc), keys)
            });
            let cut = exchange::settle_lines(stage.limits(), 0, &keyed.collect::<Vec<_>>());
            let show = |(document, lines): (&Document, Vec<u32>)| {
                let (mut text, mut edits) = (String::new(), Edits::default());
                let mut numbers = Numbers::new(entry.metrics.len());
                stage.cut(&Doc::new(document, &Analysis::default()), &lines, &mut edits, &mut numbers);
                let mut edited = String::new();
                edits.apply(&document.text, &mut edited);
                let is_emptied = !edits.is_empty() && edited.trim().is_empty();
                line(&mut text, format_args!("{}", if is_emptied { "removed because emptied" } else { "kept" }));
                write_numbers(&mut text, entry, &numbers);
                write_edited(&mut text, document, &mut edits);
                Shown { text, dropped_by: None, measured: Vec::new() }
            };
            documents.iter().zip(cut).map(show).collect()
        }
    }
}

fn show_fates(
    entry: &Entry,
    exchange: &Exchange,
    documents: &[Document],
    takes_part: Vec<bool>,
    fates: Vec<Option<Fate>>,
) -> Vec<Shown> {
    let place = |twin: DocId| documents.iter().position(|document| document.id == twin).map_or(0, |at| at + 1);
    let show = |((document, takes_part), fate): ((&Document, bool), Option<Fate>)| {
        let mut numbers = Numbers::new(entry.metrics.len());
        let (mut text, mut dropped_by) = (String::new(), None);
        match fate {
            None if !takes_part => line(&mut text, format_args!("kept, takes no part")),
            None => line(&mut text, format_args!("kept")),
            Some(fate) => {
                dropped_by = exchange.tell(document.id, fate, &mut numbers).map(|removal| removal.reason);
                match (fate, dropped_by) {
                    (Fate::Removed { twin, .. }, Some(reason)) => {
                        line(&mut text, format_args!("removed because {reason} (kept: {})", place(twin)));
                    }
                    (Fate::GroupRemoved { .. }, Some(reason)) => {
                        line(&mut text, format_args!("removed because {reason}"))
                    }
                    _ => line(&mut text, format_args!("kept")),
                }
            }
        }
        write_numbers(&mut text, entry, &numbers);
        Shown { text, dropped_by, measured: Vec::new() }
    };
    documents.iter().zip(takes_part).zip(fates).map(show).collect()
}
